/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/common/reload.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "tests/unit/unit.h"

typedef struct Config {
        char *level;
        int retained;
        uint64_t age;
        bool clean;
        Strv dirs;
        uint16_t port;
        char *host;
} Config;

#define AT(field) .offset = offsetof(Config, field)

static const Setting settings[] = {
        { .key = "level", .type = SETTING_STRING, .live = true, AT(level), .fallback = "info" },
        { .key = "retained", .type = SETTING_INT, .live = true, AT(retained), .fallback = "10" },
        { .key = "age", .type = SETTING_TIME, .live = true, AT(age), .fallback = "60s" },
        { .key = "clean", .type = SETTING_BOOL, .live = true, AT(clean), .fallback = "true" },
        { .key = "dirs", .type = SETTING_LIST, .live = true, AT(dirs) },
        { .option = "port", .type = SETTING_PORT, .key = "port", AT(port), .fallback = "7077" },
        { .option = "host", .type = SETTING_STRING, .key = "host", AT(host) },
};

static OptionsSpec spec = {
        .program = "spark-test",
        .summary = "Tests.",
        .section = "test",
        .opts_env = "SPARK_TEST_OPTS",
        .settings = settings,
        .n_settings = ARRAY_SIZE(settings),
};

typedef struct Fixture {
        UnitDir dir;
        char *argv[2];
        Options options;
        Config config;
        Buffer log;
} Fixture;

static void write_line(void *user, int level, const LogFields *fields, const char *text)
{
        buffer_printf(user, "%d %s\n", level, text);
}

static void fixture_done(Fixture *f)
{
        log_set_sink(NULL, NULL);
        options_done(&f->options);
        options_config_done(&spec, &f->config);
        buffer_done(&f->log);
        unit_dir_done(&f->dir);
}

#define FIXTURE                                                                                    \
        CLEANUP(fixture_done)                                                                      \
        Fixture f = { .dir = unit_dir(), .argv = { (char *)"spark-test" } }

static void write_config(const Fixture *f, const char *text)
{
        unit_put(&f->dir, "spark-test.conf", text);
}

static void load(Fixture *f, const char *text)
{
        write_config(f, text);
        spec.config_dir = f->dir.path;
        log_set_sink(write_line, &f->log);
        ck_assert_int_eq(options_load(&f->options, &spec, 1, f->argv, &f->config), 0);
}

static bool reload(Fixture *f, const char *text)
{
        write_config(f, text);
        buffer_clear(&f->log);
        return reload_settings(&f->options, &f->config, sizeof(f->config));
}

static void assert_logged(Fixture *f, const char *expected)
{
        CLEANUP_FREE char *text = strndup((const char *)f->log.data, f->log.size);

        ck_assert_str_eq(text, expected);
}

START_TEST(live_settings_change_in_place)
{
        FIXTURE;
        load(&f, "[test]\nlevel = debug\n");
        ck_assert(reload(&f, "[test]\nlevel = error\nretained = 3\nage = 5s\nclean = no\n"
                             "dirs = a,b\n"));
        ck_assert_str_eq(f.config.level, "error");
        ck_assert_int_eq(f.config.retained, 3);
        ck_assert_uint_eq(f.config.age, 5000000);
        ck_assert(!f.config.clean);
        ck_assert_uint_eq(f.config.dirs.length, 2);
        assert_logged(&f, "6 Settings read again: level, retained, age, clean, dirs changed.\n");

        /* what is no longer set goes back to its default */
        ck_assert(reload(&f, "[test]\ndirs = a,b\nretained = 3\nage = 5s\nclean = no\n"));
        ck_assert_str_eq(f.config.level, "info");
        assert_logged(&f, "6 Settings read again: level changed.\n");
}
END_TEST

START_TEST(nothing_changed)
{
        FIXTURE;
        load(&f, "[test]\nlevel = debug\nhost = a\ndirs = a\n");
        ck_assert(!reload(&f, "[test]\nhost = a\ndirs = a\nlevel = debug\n"));
        assert_logged(&f, "6 Settings read again: nothing changed.\n");
}
END_TEST

START_TEST(others_wait_for_a_restart)
{
        FIXTURE;
        load(&f, "[test]\nhost = a\n");
        ck_assert(!reload(&f, "[test]\nhost = b\nport = 1\n"));
        ck_assert_str_eq(f.config.host, "a");
        ck_assert_uint_eq(f.config.port, 7077);
        assert_logged(&f, "4 Settings that changed and wait for a restart: port, host.\n");
}
END_TEST

START_TEST(a_bad_file_changes_nothing)
{
        FIXTURE;
        CLEANUP_FREE char *expected = NULL;
        static const struct {
                const char *text, *problem;
        } files[] = {
                { "[test]\nlevel = error\nretained = many\n",
                  "3: retained: \"many\" is not a whole number from 0 up" },
                { "[test]\nlevel = error\nno-such = 1\n", "3: no-such: unknown key in [test]" },
        };

        load(&f, "[test]\nlevel = debug\n");
        for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
                ck_assert(!reload(&f, files[i].text));
                free(TAKE_PTR(expected));
                ck_assert_int_ge(asprintf(&expected,
                                          "3 Settings stay as they are: %s/spark-test.conf:%s\n",
                                          f.dir.path, files[i].problem),
                                 0);
                assert_logged(&f, expected);
                ck_assert_str_eq(f.config.level, "debug");
                ck_assert_int_eq(f.config.retained, 10);
        }
        ck_assert(reload(&f, "[test]\nlevel = error\n"));
}
END_TEST

START_TEST(systemd_is_told)
{
        FIXTURE;
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        CLEANUP_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        char text[128];
        ssize_t n;

        load(&f, "");
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", f.dir.path);
        ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        ck_assert_int_eq(setenv("NOTIFY_SOCKET", address.sun_path, 1), 0);
        (void)reload(&f, "[test]\nbad\n");
        (void)unsetenv("NOTIFY_SOCKET");
        n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
        ck_assert_int_gt(n, 0);
        text[n] = '\0';
        ck_assert_int_eq(strncmp(text, "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
        n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
        ck_assert_int_gt(n, 0);
        text[n] = '\0';
        ck_assert_str_eq(text, "READY=1");
}
END_TEST

UNIT_MAIN("reload", live_settings_change_in_place, nothing_changed, others_wait_for_a_restart,
          a_bad_file_changes_nothing, systemd_is_told)
