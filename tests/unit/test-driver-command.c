/* SPDX-License-Identifier: Apache-2.0 */
/* The command line and environment of a cluster-mode driver. */
#include "daemons/worker/driver-command.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

static bool is_directory(const char *path)
{
        return strcmp(path, "/opt/spark/conf") == 0;
}

static const char *arguments[] = { "{{WORKER_URL}}", "{{USER_JAR}}", "org.x.Main",
                                   "x{{USER_JAR}}",  "{{APP_ID}}",   "last one" };
static const char *options[] = { "-Dspark.app.name={{APP_ID}}", "-Dspark.authenticate.secret=s" };
static StringPair variables[] = { { "SPARKD_LINES", "3.5" },
                                  { "SPARK_USER", "ann" },
                                  { "SPARK_DRIVER_LOG_URL_STDERR", "elsewhere" } };

static void build(const char *resources, JavaCommand *ret)
{
        CLEANUP_STRV Strv own = { 0 };
        const DriverDescription desc = {
                .jar_url = "file:/x.jar",
                .mem = 640,
                .command = { .main_class = "org.apache.spark.deploy.worker.DriverWrapper",
                             .arguments = { arguments, ARRAY_SIZE(arguments) },
                             .environment = { variables, ARRAY_SIZE(variables) },
                             .java_opts = { options, ARRAY_SIZE(options) } },
        };
        const DriverInput in = { .site = { .environment = &own,
                                           .spark_home = "/opt/spark",
                                           .scala = "2.12",
                                           .java_home = "/jvm",
                                           .is_directory = is_directory },
                                 .desc = &desc,
                                 .worker_url = "spark://Worker@h:1",
                                 .user_jar = "/w/driver-1/x.jar",
                                 .log_url = "http://h:8081/logPage/?driverId=d&logType=",
                                 .resources_file = resources };

        ck_assert_int_eq(strv_add(&own, "SPARK_USER=worker"), 0);
        ck_assert_int_eq(strv_add(&own, "PATH=/bin"), 0);
        ck_assert_int_eq(driver_command_build(&in, ret), 0);
}

static void expect_line(const char *resources, const char *expected)
{
        CLEANUP_FREE char *line = NULL;
        JavaCommand c;

        build(resources, &c);
        line = strv_join(&c.argv, "|");
        ck_assert_str_eq(line, expected);
        java_command_done(&c);
}

START_TEST(test_command_line)
{
        /* The words of executors are not replaced, nor is a part of an argument; no secret. */
        expect_line(NULL, "/jvm/bin/java|-cp|/opt/spark/conf/:/opt/spark/jars/*|-Xmx640M|"
                          "-Dspark.app.name={{APP_ID}}|"
                          "org.apache.spark.deploy.worker.DriverWrapper|spark://Worker@h:1|"
                          "/w/driver-1/x.jar|org.x.Main|x{{USER_JAR}}|{{APP_ID}}|last one");
}
END_TEST

START_TEST(test_resources)
{
        expect_line("/w/r.json",
                    "/jvm/bin/java|-cp|/opt/spark/conf/:/opt/spark/jars/*|-Xmx640M|"
                    "-Dspark.app.name={{APP_ID}}|-Dspark.driver.resourcesFile=/w/r.json|"
                    "org.apache.spark.deploy.worker.DriverWrapper|spark://Worker@h:1|"
                    "/w/driver-1/x.jar|org.x.Main|x{{USER_JAR}}|{{APP_ID}}|last one");
}
END_TEST

START_TEST(test_environment)
{
        static const char *const expected[][2] = {
                { "PATH", "/bin" },
                { "SPARK_USER", "ann" },
                { "SPARK_HOME", "/opt/spark" },
                { "SPARK_DRIVER_LOG_URL_STDERR",
                  "http://h:8081/logPage/?driverId=d&logType=stderr" },
                { "SPARK_DRIVER_LOG_URL_STDOUT",
                  "http://h:8081/logPage/?driverId=d&logType=stdout" },
                { "SPARKD_LINES", NULL },
                { "SPARK_EXECUTOR_DIRS", NULL },
                { "SPARK_LAUNCH_WITH_SCALA", NULL },
        };
        JavaCommand c;

        build(NULL, &c);
        for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
                ck_assert_pstr_eq(strv_env_get(&c.environment, expected[i][0]), expected[i][1]);
        java_command_done(&c);
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("driver-command");
        TCase *tc = tcase_create("driver-command");

        tcase_add_test(tc, test_command_line);
        tcase_add_test(tc, test_resources);
        tcase_add_test(tc, test_environment);
        suite_add_tcase(suite, tc);
        return unit_run(suite);
}
