/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line and environment of an executor. tests/data/executor/VERSION holds what a JVM
 * worker of that version was given (`command`, as its own page printed it) and what it made of it
 * (`header`, the first line of the executor's stderr; `environ`, the variables that tell).
 */
#include "daemons/worker/executor-command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "daemons/worker/command-text.h"
#include "tests/unit/unit.h"

#define HIDDEN "*********(redacted)"

static bool is_directory(const char *path)
{
        static const char *const directories[] = { "/srv/spark/conf", "/srv/spark/local",
                                                   "/srv/spark/hconf", "/opt/spark/conf" };

        for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
                if (strcmp(directories[i], path) == 0)
                        return true;
        return false;
}

/* ---- against the JVM worker ---- */

static char *data(const char *version, const char *name)
{
        CLEANUP_FREE char *path = NULL;
        char *text = NULL;
        size_t size;

        ck_assert_int_gt(
                asprintf(&path, "%s/tests/data/executor/%s/%s", getenv("srcdir"), version, name),
                0);
        ck_assert_msg(file_read(path, 65536, &text, &size) == 0, "%s", path);
        if (size && text[size - 1] == '\n')
                text[size - 1] = '\0';
        return text;
}

/* "Type(a, b)" at *p, cut in place; *p moves behind it. */
static StringSeq parse_seq(Arena *a, char **p)
{
        char *open = strchr(*p, '('), *close, *item, *save = NULL;
        StringSeq seq = { .items = arena_new_array(a, 100, const char *) };

        ck_assert_ptr_nonnull(open);
        close = strchr(open, ')');
        /* The hidden value has parentheses of its own. */
        while (close && close - strlen(HIDDEN) + 1 > open &&
               strncmp(close - strlen(HIDDEN) + 1, HIDDEN, strlen(HIDDEN)) == 0)
                close = strchr(close + 1, ')');
        ck_assert_ptr_nonnull(close);
        *close = '\0';
        *p = close + 1;
        for (item = strtok_r(open + 1, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
                char *hidden = strstr(item, HIDDEN);

                if (hidden)
                        memcpy(hidden, "hush", 5);
                ck_assert_uint_lt(seq.length, 100);
                seq.items[seq.length++] = item + (*item == ' ');
        }
        return seq;
}

static void parse_command(Arena *a, char *text, Command *ret)
{
        char *p = strchr(text, ',');
        StringSeq environment;

        ck_assert_int_eq(strncmp(text, "Command(", 8), 0);
        *p++ = '\0';
        ret->main_class = text + 8;
        ret->arguments = parse_seq(a, &p);
        environment = parse_seq(a, &p);
        ret->environment.items = arena_new_array(a, environment.length, StringPair);
        for (size_t i = 0; i < environment.length; i++) {
                char *arrow = strstr(environment.items[i], " -> ");

                *arrow = '\0';
                ret->environment.items[ret->environment.length++] =
                        (StringPair){ .key = environment.items[i], .value = arrow + 4 };
        }
        ret->class_path_entries = parse_seq(a, &p);
        ret->library_path_entries = parse_seq(a, &p);
        ret->java_opts = parse_seq(a, &p);
}

static const struct Recorded {
        const char *version, *scala, *slf4j, *app_id;
        int port;
} recorded[] = {
        { "3.5.9", "2.12", NULL, "app-20261121023340-0000", 17102 },
        { "4.3.0", "2.13", "/opt/spark-4.3.0/jars/slf4j-api-2.0.17.jar", "app-20261121023359-0000",
          17202 },
};

static int by_text(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

START_TEST(test_as_the_jvm_worker)
{
        const struct Recorded *rec = &recorded[_i];
        static const char *const dirs[] = { "/srv/spark/local/spark-x/executor-y", NULL };
        CLEANUP_ARENA Arena a;
        CLEANUP_STRV Strv own = { 0 };
        CLEANUP_FREE char *command = data(rec->version, "command");
        CLEANUP_FREE char *header = data(rec->version, "header");
        CLEANUP_FREE char *environ_text = data(rec->version, "environ");
        CLEANUP_FREE char *home = NULL, *worker_url = NULL, *log_url = NULL, *line = NULL;
        CLEANUP_FREE char *sorted = NULL;
        ApplicationDescription app = { 0 };
        JavaCommand built;
        Redaction redaction;

        arena_init(&a, 1 << 20);
        parse_command(&a, command, &app.command);
        ck_assert_int_gt(asprintf(&home, "/opt/spark-%s", rec->version), 0);
        ck_assert_int_gt(asprintf(&worker_url, "spark://Worker@127.0.0.1:%d", rec->port), 0);
        ck_assert_int_gt(asprintf(&log_url,
                                  "http://127.0.0.1:%d/logPage/?appId=%s&executorId=0&logType=",
                                  rec->port + 1, rec->app_id),
                         0);
        ck_assert_int_eq(strv_split(&own,
                                    "FOO_WORKER=1\nHADOOP_CONF_DIR=/srv/spark/hconf\n"
                                    "LD_LIBRARY_PATH=/opt/w/lib\nSPARK_CONF_DIR=/srv/spark/conf\n"
                                    "SPARK_HOME=/opt/other\nSPARK_LOCAL_DIRS=/srv/spark/local\n"
                                    "SPARK_LOCAL_IP=127.0.0.1\n",
                                    "\n"),
                         0);
        const CommandInput in = {
                .app = &app,
                .app_id = rec->app_id,
                .cores = 2,
                .memory_mb = 700,
                .site.environment = &own,
                .site.spark_home = home,
                .site.scala = rec->scala,
                .site.slf4j_jar = rec->slf4j,
                .site.java_home = "/usr/lib/jvm/java-17-openjdk-amd64",
                .site.java_opts = "-XX:+UseSerialGC  -Dfrom.opts=\"a b\"\n",
                .site.is_directory = is_directory,
                .worker_url = worker_url,
                .worker_host = "127.0.0.1",
                .log_url = log_url,
                .local_dirs = dirs,
        };
        ck_assert_int_eq(executor_command_build(&in, &built), 0);

        ck_assert_int_eq(redaction_init(&redaction, REDACTION_DEFAULT), 0);
        line = command_line_text(&redaction, &built.argv);
        ck_assert_str_eq(line, header + strlen("Spark Executor Command: "));
        redaction_done(&redaction);

        qsort(built.environment.items, built.environment.length, sizeof(char *), by_text);
        sorted = strv_join(&built.environment, "\n");
        ck_assert_str_eq(sorted, environ_text);
        java_command_done(&built);
}
END_TEST

/* ---- by hand ---- */

static const char *const no_dirs[] = { "/l/executor-1", "/m/executor-2", NULL };

typedef struct Case {
        ApplicationDescription app;
        Strv own;
        CommandInput in;
        JavaCommand out;
} Case;

static Case *c;

static void set_up(void)
{
        c = calloc(1, sizeof(*c));
        c->app.command.main_class = "Main";
        c->in = (CommandInput){
                .app = &c->app,
                .app_id = "app-1",
                .exec_id = 7,
                .rp_id = 3,
                .cores = 4,
                .memory_mb = 512,
                .site.environment = &c->own,
                .site.spark_home = "/opt/spark",
                .site.java_home = "/jvm",
                .site.is_directory = is_directory,
                .worker_url = "spark://Worker@h:1",
                .worker_host = "h",
                .log_url = "http://h:8081/logPage/?logType=",
                .local_dirs = no_dirs,
        };
}

static void tear_down(void)
{
        java_command_done(&c->out);
        strv_done(&c->own);
        free(c);
}

static void build(void)
{
        java_command_done(&c->out);
        ck_assert_int_eq(executor_command_build(&c->in, &c->out), 0);
}

static const char *env(const char *name)
{
        return strv_env_get(&c->out.environment, name);
}

static void expect_line(const char *expected)
{
        CLEANUP_FREE char *line = NULL;

        build();
        line = strv_join(&c->out.argv, " ");
        ck_assert_str_eq(line, expected);
}

#define SEQ(...)                                                                                   \
        ((StringSeq){ .items = (const char *[]){ __VA_ARGS__ },                                    \
                      .length = ARRAY_SIZE(((const char *[]){ __VA_ARGS__ })) })
#define MAP(...)                                                                                   \
        ((StringMap){ .items = (StringPair[]){ __VA_ARGS__ },                                      \
                      .length = ARRAY_SIZE(((StringPair[]){ __VA_ARGS__ })) })

START_TEST(test_least)
{
        expect_line("/jvm/bin/java -cp /opt/spark/conf/:/opt/spark/jars/* -Xmx512M Main");
        ck_assert_str_eq(env("SPARK_HOME"), "/opt/spark");
        ck_assert_str_eq(env("SPARK_EXECUTOR_DIRS"), "/l/executor-1:/m/executor-2");
        ck_assert_str_eq(env("SPARK_LAUNCH_WITH_SCALA"), "0");
        ck_assert_str_eq(env("SPARK_LOG_URL_STDERR"), "http://h:8081/logPage/?logType=stderr");
        ck_assert_str_eq(env("SPARK_LOG_URL_STDOUT"), "http://h:8081/logPage/?logType=stdout");
        ck_assert_ptr_null(env("SPARK_SCALA_VERSION"));
        ck_assert_ptr_null(env("LD_LIBRARY_PATH"));
}
END_TEST

START_TEST(test_which_java)
{
        ck_assert_int_eq(strv_env_set(&c->own, "JAVA_HOME", "/worker/java"), 0);
        build();
        ck_assert_str_eq(c->out.argv.items[0], "/worker/java/bin/java");
        c->app.command.environment = MAP({ "JAVA_HOME", "/app/java" });
        build();
        ck_assert_str_eq(c->out.argv.items[0], "/app/java/bin/java");
        ck_assert_str_eq(env("JAVA_HOME"), "/app/java");
        c->app.command.environment = MAP({ "JAVA_HOME", "" });
        build();
        ck_assert_str_eq(c->out.argv.items[0], "/worker/java/bin/java");
}
END_TEST

START_TEST(test_class_path)
{
        c->app.command.class_path_entries =
                SEQ("/a.jar:/srv/spark/conf:", "/a.jar", "/srv/spark/conf/", "/b.jar");
        c->in.site.slf4j_jar = "/opt/spark/jars/slf4j-api-2.jar";
        ck_assert_int_eq(strv_env_set(&c->own, "SPARK_CONF_DIR", "/srv/spark/conf"), 0);
        ck_assert_int_eq(strv_env_set(&c->own, "YARN_CONF_DIR", "/worker/yarn"), 0);
        ck_assert_int_eq(strv_env_set(&c->own, "SPARK_DIST_CLASSPATH", "/x/*:/b.jar:/y"), 0);
        c->app.command.environment =
                MAP({ "YARN_CONF_DIR", "/app/yarn" }, { "HADOOP_CONF_DIR", "/srv/spark/hconf" });
        expect_line("/jvm/bin/java -cp /a.jar:/srv/spark/conf/:/b.jar:"
                    "/opt/spark/jars/slf4j-api-2.jar:/opt/spark/jars/*:/srv/spark/hconf/:"
                    "/app/yarn:/x/*:/y -Xmx512M Main");
}
END_TEST

START_TEST(test_java_options)
{
        c->in.site.java_opts = "-a\n  -b \"x y\" -c'z \"w'\\ v\n\n";
        c->app.command.java_opts =
                SEQ("-Da={{APP_ID}}/{{EXECUTOR_ID}}/{{APP_ID}}", "-Dspark.authenticate.secret=x",
                    "-Dspark.authenticate.secretFile=y", "-Dspark.ssl.rpc.keyPassword=p",
                    "-Db={{CORES}}", "-Dspark.ssl.rpc.enabled=true",
                    "-Dspark.ssl.rpc.trustStorePassword=q");
        build();
        ck_assert_uint_eq(c->out.argv.length, 12);
        ck_assert_str_eq(c->out.argv.items[1], "-a");
        ck_assert_str_eq(c->out.argv.items[2], "-b");
        ck_assert_str_eq(c->out.argv.items[3], "x y");
        ck_assert_str_eq(c->out.argv.items[4], "-cz \"w v");
        ck_assert_str_eq(c->out.argv.items[5], "-cp");
        ck_assert_str_eq(c->out.argv.items[7], "-Xmx512M");
        ck_assert_str_eq(c->out.argv.items[8], "-Da=app-1/7/app-1");
        ck_assert_str_eq(c->out.argv.items[9], "-Db={{CORES}}");
        ck_assert_str_eq(c->out.argv.items[10], "-Dspark.ssl.rpc.enabled=true");
        ck_assert_str_eq(c->out.argv.items[11], "Main");
}
END_TEST

START_TEST(test_node_local_tls)
{
        const StringMap settings =
                MAP({ "spark.ssl.ui.port", "1" }, { "spark.ssl.rpc.keyPassword", "hush" });

        c->in.site.ssl_settings = &settings;
        c->app.command.java_opts =
                SEQ("-Dspark.ssl.ui.enabled=true", "-Dx=1", "-Dspark.ssl.useNodeLocalConf=TRUE");
        expect_line("/jvm/bin/java -cp /opt/spark/conf/:/opt/spark/jars/* -Xmx512M -Dx=1 "
                    "-Dspark.ssl.ui.port=1 -Dspark.ssl.useNodeLocalConf=true Main");
        c->app.command.java_opts =
                SEQ("-Dspark.ssl.ui.enabled=true", "-Dspark.ssl.useNodeLocalConf=false");
        expect_line("/jvm/bin/java -cp /opt/spark/conf/:/opt/spark/jars/* -Xmx512M "
                    "-Dspark.ssl.ui.enabled=true -Dspark.ssl.useNodeLocalConf=false Main");
}
END_TEST

START_TEST(test_arguments)
{
        c->app.command.arguments =
                SEQ("{{WORKER_URL}}", "{{EXECUTOR_ID}}", "{{HOSTNAME}}", "{{CORES}}", "{{APP_ID}}",
                    "{{RESOURCE_PROFILE_ID}}", "x{{CORES}}", "{{OTHER}}", "");
        c->in.resources_file = "/w/resource.json";
        expect_line("/jvm/bin/java -cp /opt/spark/conf/:/opt/spark/jars/* -Xmx512M Main "
                    "spark://Worker@h:1 7 h 4 app-1 3 x{{CORES}} {{OTHER}}  "
                    "--resourcesFile /w/resource.json");
}
END_TEST

START_TEST(test_library_path)
{
        ck_assert_int_eq(strv_env_set(&c->own, "LD_LIBRARY_PATH", "/w"), 0);
        build();
        ck_assert_str_eq(env("LD_LIBRARY_PATH"), "/w");
        c->app.command.environment = MAP({ "LD_LIBRARY_PATH", "/c" });
        build();
        ck_assert_str_eq(env("LD_LIBRARY_PATH"), "/c");
        c->app.command.library_path_entries = SEQ("/a", "/b");
        build();
        ck_assert_str_eq(env("LD_LIBRARY_PATH"), "/a:/b:/c:/w");
}
END_TEST

START_TEST(test_environment)
{
        ck_assert_int_eq(strv_env_set(&c->own, "NOTIFY_SOCKET", "/run/n"), 0);
        ck_assert_int_eq(strv_env_set(&c->own, "LISTEN_FDS", "2"), 0);
        ck_assert_int_eq(strv_env_set(&c->own, "SPARK_HOME", "/opt/elsewhere"), 0);
        ck_assert_int_eq(strv_env_set(&c->own, "A", "worker"), 0);
        c->in.site.scala = "2.13";
        c->app.command.environment =
                MAP({ "A", "app" }, { "SPARK_EXECUTOR_DIRS", "/evil" },
                    { "SPARKD_ENGINE", "3.5.9" }, { "SPARKD_LINES", "3.5" }, { NULL, "x" },
                    { "B", NULL }, { "C=D", "x" }, { "", "x" }, { "A", "twice" });
        build();
        ck_assert_str_eq(env("A"), "twice");
        ck_assert_str_eq(env("SPARK_HOME"), "/opt/spark");
        ck_assert_str_eq(env("SPARK_SCALA_VERSION"), "2.13");
        ck_assert_str_eq(env("SPARK_EXECUTOR_DIRS"), "/l/executor-1:/m/executor-2");
        ck_assert_ptr_null(env("NOTIFY_SOCKET"));
        ck_assert_ptr_null(env("LISTEN_FDS"));
        ck_assert_ptr_null(env("SPARKD_ENGINE"));
        ck_assert_ptr_null(env("SPARKD_LINES"));
        ck_assert_ptr_null(env("B"));
        ck_assert_ptr_null(env("C"));
        /* A, SPARK_HOME, SPARK_SCALA_VERSION, and the four of the worker. */
        ck_assert_uint_eq(c->out.environment.length, 7);
}
END_TEST

START_TEST(test_refused)
{
        JavaCommand none;

        c->in.site.java_opts = "-a \"open";
        ck_assert_int_eq(executor_command_build(&c->in, &none), -EINVAL);
        c->in.site.java_opts = NULL;
        c->app.command.arguments = SEQ("a", NULL);
        ck_assert_int_eq(executor_command_build(&c->in, &none), -EINVAL);
        c->app.command.arguments = (StringSeq){ 0 };
        c->app.command.main_class = NULL;
        ck_assert_int_eq(executor_command_build(&c->in, &none), -EINVAL);
}
END_TEST

START_TEST(test_texts)
{
        Command command = { .main_class = "Main",
                            .arguments = SEQ("a", "-Dthe.password=x", "-Dempty.password="),
                            .environment =
                                    MAP({ "SPARKD_LINES", "4.3" }, { "PLAIN", "1" },
                                        { "MY_TOKEN", "x" }, { "HINT", "the secret is out" }),
                            .java_opts = SEQ("-Dkey=a-Credential", "-Xfoo=password") };
        CLEANUP_FREE char *text = NULL;
        Redaction redaction = { 0 };

        ck_assert_int_eq(redaction_init(&redaction, "("), -EINVAL);
        ck_assert_int_eq(redaction_init(&redaction, REDACTION_DEFAULT), 0);
        text = command_text(&redaction, &command);
        ck_assert_str_eq(text, "Command(Main,List(a, -Dthe.password=" HIDDEN
                               ", -Dempty.password=),Map(PLAIN -> 1, MY_TOKEN -> " HIDDEN
                               ", HINT -> " HIDDEN "),ArraySeq(),ArraySeq(),ArraySeq(-Dkey=" HIDDEN
                               ", -Xfoo=password))");
        ck_assert(redaction_hides(&redaction, "Access.Key", ""));
        ck_assert(!redaction_hides(&redaction, "spark.app.name", "x"));
        redaction_done(&redaction);
        redaction_done(&redaction);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("executor-command");
        TCase *jvm = tcase_create("jvm"), *tc = tcase_create("by-hand");

        tcase_add_loop_test(jvm, test_as_the_jvm_worker, 0, ARRAY_SIZE(recorded));
        tcase_add_checked_fixture(tc, set_up, tear_down);
        tcase_add_test(tc, test_least);
        tcase_add_test(tc, test_which_java);
        tcase_add_test(tc, test_class_path);
        tcase_add_test(tc, test_java_options);
        tcase_add_test(tc, test_node_local_tls);
        tcase_add_test(tc, test_arguments);
        tcase_add_test(tc, test_library_path);
        tcase_add_test(tc, test_environment);
        tcase_add_test(tc, test_refused);
        tcase_add_test(tc, test_texts);
        suite_add_tcase(suite, jvm);
        suite_add_tcase(suite, tc);
        return unit_run(suite);
}
