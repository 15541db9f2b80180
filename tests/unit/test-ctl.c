/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "daemons/common/display.h"
#include "daemons/ctl/address.h"
#include "daemons/ctl/status.h"
#include "daemons/ctl/table.h"
#include "tests/unit/unit.h"

/* As our master answers; the JVM's has no "waitingreason". */
static const char busy[] =
        "{\"url\":\"spark://m:7077\",\"workers\":["
        "{\"id\":\"worker-1\",\"host\":\"10.0.0.1\",\"port\":35001,\"cores\":4,\"coresused\":2,"
        "\"memory\":2048,\"memoryused\":512,\"state\":\"ALIVE\"},"
        "{\"id\":\"worker-2\",\"host\":\"10.0.0.12\",\"port\":9,\"cores\":16,\"coresused\":0,"
        "\"memory\":512,\"memoryused\":0,\"state\":\"DEAD\"}],"
        "\"aliveworkers\":1,\"cores\":4,\"coresused\":2,\"memory\":2048,\"memoryused\":512,"
        "\"activeapps\":["
        "{\"id\":\"app-1\",\"name\":\"Pi\",\"cores\":2,\"user\":\"ann\",\"memoryperexecutor\":512,"
        "\"state\":\"RUNNING\",\"duration\":61000},"
        "{\"id\":\"app-2\",\"name\":\"evil\\u001b[2J\\u009b1m\\n\",\"cores\":0,\"user\":\"bob\","
        "\"memoryperexecutor\":1024,\"state\":\"WAITING\",\"duration\":2000,"
        "\"waitingreason\":\"app-2 waits: no worker has 1024 MiB free\"}],"
        "\"completedapps\":[],"
        "\"activedrivers\":[{\"id\":\"driver-1\",\"state\":\"RUNNING\",\"cores\":1,"
        "\"memory\":1024,\"worker\":\"worker-1\",\"mainclass\":\"org.example.Main\"}],"
        "\"completeddrivers\":[],\"status\":\"ALIVE\"}";

static const char busy_text[] =
        "spark://m:7077  ALIVE\n"
        "1 of 2 workers alive, 2 of 4 cores used, 512 MiB of 2.0 GiB used\n"
        "\n"
        "Workers (2)\n"
        "STATE  CORES   MEMORY     USED  ADDRESS         ID\n"
        "ALIVE    2/4  2.0 GiB  512 MiB  10.0.0.1:35001  worker-1\n"
        "DEAD    0/16  512 MiB    0 MiB  10.0.0.12:9     worker-2\n"
        "\n"
        "Applications (2)\n"
        "STATE    CORES  MEMORY/EXECUTOR   DURATION  USER  ID     NAME\n"
        "RUNNING      2          512 MiB  1 min 1 s  ann   app-1  Pi\n"
        "WAITING      0          1.0 GiB        2 s  bob   app-2  evil?[2J?1m?\n"
        "app-2 waits: no worker has 1024 MiB free\n"
        "\n"
        "Drivers (1)\n"
        "STATE    CORES   MEMORY  WORKER    ID        CLASS\n"
        "RUNNING      1  1.0 GiB  worker-1  driver-1  org.example.Main\n";

static char *status_text(const char *json)
{
        char problem[STATUS_PROBLEM_MAX] = "";
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);

        ck_assert_int_eq(status_put(&out, json, strlen(json), problem), 0);
        return buffer_take_text(&out);
}

START_TEST(shows_a_busy_cluster)
{
        CLEANUP_FREE char *text = status_text(busy);

        ck_assert_str_eq(text, busy_text);
}
END_TEST

START_TEST(shows_an_empty_cluster)
{
        CLEANUP_FREE char *text =
                status_text("{\"url\":\"spark://m:7077\",\"workers\":[],\"aliveworkers\":0,"
                            "\"cores\":0,\"coresused\":0,\"memory\":0,\"memoryused\":0,"
                            "\"activeapps\":[],\"activedrivers\":[],\"status\":\"STANDBY\"}");

        ck_assert_str_eq(text, "spark://m:7077  STANDBY\n"
                               "0 of 0 workers alive, 0 of 0 cores used, 0 MiB of 0 MiB used\n"
                               "\nWorkers (0)\n\nApplications (0)\n");
}
END_TEST

START_TEST(refuses_what_is_no_status)
{
        static const char *const bad[] = { "",
                                           "<html>",
                                           "[]",
                                           "{}",
                                           "{\"url\":1,\"workers\":[]}",
                                           "{\"url\":\"u\",\"workers\":{}}",
                                           "{\"url\":\"u\"" };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                char problem[STATUS_PROBLEM_MAX] = "";
                CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);

                ck_assert_int_eq(status_put(&out, bad[i], strlen(bad[i]), problem), -EINVAL);
                ck_assert_str_ne(problem, "");
                ck_assert_uint_eq(out.size, 0);
        }
}
END_TEST

START_TEST(takes_fields_of_the_wrong_type_as_absent)
{
        CLEANUP_FREE char *text =
                status_text("{\"url\":\"u\",\"workers\":[7,{\"id\":[],\"cores\":\"x\"}],"
                            "\"activeapps\":[null],\"activedrivers\":3,\"status\":{}}");

        ck_assert_ptr_nonnull(strstr(text, "Workers (2)"));
        ck_assert_ptr_nonnull(strstr(text, "Applications (1)"));
        ck_assert_ptr_null(strstr(text, "Drivers"));
}
END_TEST

START_TEST(counts_characters_not_bytes)
{
        CLEANUP_TABLE Table t = TABLE_INIT(2, 1u << 0);
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);
        CLEANUP_FREE char *text = NULL;

        table_add(&t, "äöü");
        table_add(&t, "a");
        table_add(&t, "xxxx");
        table_addf(&t, "%d", 7);
        ck_assert_int_eq(table_put(&t, &out), 0);
        text = buffer_take_text(&out);
        ck_assert_str_eq(text, " äöü  a\nxxxx  7\n");
}
END_TEST

START_TEST(remembers_a_failure)
{
        CLEANUP_TABLE Table t = TABLE_INIT(1, 0);
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);

        table_add(&t, NULL);
        table_add(&t, "later");
        ck_assert_int_eq(table_put(&t, &out), -ENOMEM);
        ck_assert_uint_eq(out.size, 0);
}
END_TEST

START_TEST(finds_the_web_port)
{
        static const struct {
                const char *master, *url;
        } cases[] = {
                { "m", "http://m:8080" },
                { "m:18080", "http://m:18080" },
                { "spark://m:7077", "http://m:8080" },
                { "[::1]", "http://[::1]:8080" },
                { "[::1]:81", "http://[::1]:81" },
                { "http://m:1/", "http://m:1" },
                { "https://m/spark//", "https://m/spark" },
                { "", NULL },
                { ":80", NULL },
                { "m:", NULL },
                { "m:http", NULL },
                { "m:0", NULL },
                { "m:70000", NULL },
                { "m/x", NULL },
                { "a b", NULL },
                { "ftp://m", NULL },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                CLEANUP_FREE char *url = NULL;
                const int r = webui_url(cases[i].master, "8080", &url);

                ck_assert_msg(r == (cases[i].url ? 0 : -EINVAL), "%s gave %d", cases[i].master, r);
                if (cases[i].url)
                        ck_assert_str_eq(url, cases[i].url);
        }
}
END_TEST

static void check_from_environment(const char *master, const char *expected)
{
        CLEANUP_FREE char *url = NULL;

        ck_assert_int_eq(webui_url_from_environment(master, &url), 0);
        ck_assert_str_eq(url, expected);
}

START_TEST(looks_into_the_environment)
{
        ck_assert_int_eq(unsetenv("SPARK_MASTER_WEBUI"), 0);
        ck_assert_int_eq(unsetenv("SPARK_MASTER_HOST"), 0);
        ck_assert_int_eq(unsetenv("SPARK_MASTER_WEBUI_PORT"), 0);
        check_from_environment(NULL, "http://localhost:8080");

        ck_assert_int_eq(setenv("SPARK_MASTER_WEBUI_PORT", "81", 1), 0);
        check_from_environment(NULL, "http://localhost:81");
        ck_assert_int_eq(setenv("SPARK_MASTER_HOST", "m", 1), 0);
        check_from_environment(NULL, "http://m:81");
        ck_assert_int_eq(setenv("SPARK_MASTER_WEBUI", "http://w:82/", 1), 0);
        check_from_environment(NULL, "http://w:82");
        check_from_environment("n", "http://n:81");
}
END_TEST

static void check_display(void (*display)(Buffer *out, int64_t value), int64_t value,
                          const char *expected)
{
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);
        CLEANUP_FREE char *text = NULL;

        display(&out, value);
        text = buffer_take_text(&out);
        ck_assert_str_eq(text, expected);
}

START_TEST(displays_quantities)
{
        check_display(display_memory, -5, "0 MiB");
        check_display(display_memory, 1023, "1023 MiB");
        check_display(display_memory, 1536, "1.5 GiB");
        check_display(display_memory, INT64_C(3) << 20, "3.0 TiB");
        check_display(display_duration, -1, "0 s");
        check_display(display_duration, 59999, "59 s");
        check_display(display_duration, 200000, "3 min 20 s");
        check_display(display_duration, 7500000, "2 h 5 min");
        check_display(display_duration, INT64_C(86400000) * 8 + 10800000, "8 d 3 h");
}
END_TEST

UNIT_MAIN("ctl", shows_a_busy_cluster, shows_an_empty_cluster, refuses_what_is_no_status,
          takes_fields_of_the_wrong_type_as_absent, counts_characters_not_bytes,
          remembers_a_failure, finds_the_web_port, looks_into_the_environment, displays_quantities)
