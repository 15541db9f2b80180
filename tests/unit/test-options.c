/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/common/options.h"

#include <errno.h>
#include <sysexits.h>

#include "base/buffer.h"
#include "tests/unit/unit.h"

typedef struct Config {
        char *host;
        uint16_t port;
        int retries;
        bool spread;
        uint64_t memory, timeout;
        Strv dirs;
        char *title;
} Config;

#define AT(field) .offset = offsetof(Config, field)

static const Setting settings[] = {
        TEXT_SETTING("host", host, .option = "host", .letter = 'h', .old_option = "ip",
                     .old_letter = 'i', .env = "SPARK_TEST_HOST", .old_env = "SPARK_TEST_IP",
                     .min = 1, .value = "HOST", .help = "host name to listen on"),
        PORT_SETTING("port", port, "7077", .letter = 'p', .env = "SPARK_TEST_PORT",
                     .help = "port for workers and drivers, which they find in spark:// URLs"),
        BOOL_SETTING("spread", spread, "true", .option = "spread",
                     .properties = { "spark.spread", "spark.spreadOld" }, .value = "BOOL",
                     .help = "spread out"),
        MEMORY_SETTING("memory", memory, NULL, 1 << 20, INT64_C(1) << 40, .option = "memory",
                       .letter = 'm', .env = "SPARK_TEST_MEMORY", .value = "SIZE",
                       .help = "memory"),
        INT_SETTING("retries", retries, "10", -1, 100, .properties = { "spark.retries" },
                    .help = "retries"),
        TIME_SETTING("timeout", timeout, "60", 1000, 0, .properties = { "spark.timeout" },
                     .help = "time-out"),
        LIST_SETTING(NULL, dirs, .option = "work-dirs", .env = "SPARK_LOCAL_DIRS", .value = "DIRS",
                     .help = "directories"),
        TEXT_SETTING("title", title, .help = "title"),
};

static OptionsSpec spec = {
        .program = "spark-test",
        .arguments = "URL",
        .max_arguments = 1,
        .summary = "Tests.",
        .section = "test",
        .opts_env = "SPARK_TEST_OPTS",
        .settings = settings,
        .n_settings = ARRAY_SIZE(settings),
};

/* One load, in a directory of configuration of its own. */
typedef struct Fixture {
        UnitDir dir;
        Options options;
        Config config;
        int result;
} Fixture;

static void fixture_done(Fixture *f)
{
        static const char *const variables[] = {
                "SPARK_TEST_HOST",        "SPARK_TEST_IP",     "SPARK_TEST_PORT",
                "SPARK_LOCAL_DIRS",       "SPARK_TEST_MEMORY", "SPARK_TEST_OPTS",
                "SPARK_DAEMON_JAVA_OPTS", "SPARK_CONF_DIR",    "SPARK_HOME",
        };
        for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
                (void)unsetenv(variables[i]);
        options_done(&f->options);
        options_config_done(&spec, &f->config);
        unit_dir_done(&f->dir);
}

#define FIXTURE CLEANUP(fixture_done) Fixture f = { .dir = unit_dir() }

/* Loads with the words of `line`; "@" at the start of a word's value stands for the directory. */
static void load(Fixture *f, const char *line)
{
        CLEANUP_STRV Strv argv = { 0 };
        options_done(&f->options);
        options_config_done(&spec, &f->config);
        f->config = (Config){ 0 };
        ck_assert_int_eq(strv_add(&argv, "spark-test"), 0);
        ck_assert_int_eq(strv_split(&argv, line, " "), 0);
        for (size_t i = 0; i < argv.length; i++) {
                char *at = strchr(argv.items[i], '@'), *word;
                if (!at)
                        continue;
                ck_assert_int_ge(asprintf(&word, "%.*s%s%s", (int)(at - argv.items[i]),
                                          argv.items[i], f->dir.path, at + 1),
                                 0);
                free(argv.items[i]);
                argv.items[i] = word;
        }
        spec.config_dir = f->dir.path;
        f->result = options_load(&f->options, &spec, (int)argv.length, argv.items, &f->config);
}

static void write_file(Fixture *f, const char *name, const char *text)
{
        unit_put(&f->dir, name, text);
}

/* The problem, with the directory's name written as "@". */
static void assert_problem(Fixture *f, int result, const char *expected)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        size_t size = strlen(f->dir.path);
        ck_assert_int_eq(f->result, result);
        for (const char *p = f->options.text; *p;) {
                bool dir = strncmp(p, f->dir.path, size) == 0;
                buffer_put(&b, dir ? "@" : p, 1);
                p += dir ? size : 1;
        }
        CLEANUP_FREE char *got = buffer_take_text(&b);
        ck_assert_str_eq(got, expected);
}

static void assert_usage(const char *line, const char *expected)
{
        FIXTURE;
        load(&f, line);
        assert_problem(&f, OPTIONS_E_USAGE, expected);
}

static void assert_ini_problem(const char *text, const char *expected)
{
        FIXTURE;
        write_file(&f, "a.conf", text);
        load(&f, "--config=@/a.conf");
        assert_problem(&f, OPTIONS_E_CONFIG, expected);
}

START_TEST(defaults)
{
        FIXTURE;
        load(&f, "");
        ck_assert_int_eq(f.result, 0);
        ck_assert_ptr_null(f.config.host);
        ck_assert_uint_eq(f.config.port, 7077);
        ck_assert(f.config.spread);
        ck_assert_int_eq(f.config.retries, 10);
        ck_assert_uint_eq(f.config.memory, 0);
        ck_assert_uint_eq(f.config.timeout, 60000000);
        ck_assert_uint_eq(f.config.dirs.length, 0);
        ck_assert_uint_eq(f.options.arguments.length, 0);
        ck_assert_uint_eq(f.options.warnings.length, 0);
}
END_TEST

START_TEST(spellings_of_the_command_line)
{
        FIXTURE;
        load(&f, "-h h1 -p1 --memory=512m spark://a:1 --work-dirs /a,/b --spread=no");
        ck_assert_int_eq(f.result, 0);
        ck_assert_str_eq(f.config.host, "h1");
        ck_assert_uint_eq(f.config.port, 1);
        ck_assert_uint_eq(f.config.memory, UINT64_C(512) << 20);
        ck_assert(!f.config.spread);
        ck_assert_uint_eq(f.config.dirs.length, 2);
        ck_assert_str_eq(f.config.dirs.items[1], "/b");
        ck_assert_uint_eq(f.options.arguments.length, 1);
        ck_assert_str_eq(f.options.arguments.items[0], "spark://a:1");
        load(&f, "--host h2 --port 2 --port=3 --spread -m 1g");
        ck_assert_int_eq(f.result, 0);
        ck_assert_str_eq(f.config.host, "h2");
        ck_assert_uint_eq(f.config.port, 3);
        ck_assert(f.config.spread);
        load(&f, "-- -x");
        ck_assert_int_eq(f.result, 0);
        ck_assert_str_eq(f.options.arguments.items[0], "-x");
}
END_TEST

START_TEST(deprecated_spellings_warn)
{
        FIXTURE;
        (void)setenv("SPARK_TEST_IP", "1.1.1.1", 1);
        load(&f, "");
        ck_assert_int_eq(f.result, 0);
        ck_assert_str_eq(f.config.host, "1.1.1.1");
        ck_assert_uint_eq(f.options.warnings.length, 1);
        ck_assert_str_eq(f.options.warnings.items[0],
                         "SPARK_TEST_IP is deprecated, use SPARK_TEST_HOST.");
        (void)unsetenv("SPARK_TEST_IP");
        load(&f, "-i 10.0.0.1");
        ck_assert_str_eq(f.config.host, "10.0.0.1");
        ck_assert_str_eq(f.options.warnings.items[0], "--ip is deprecated, use --host.");
        load(&f, "--ip 10.0.0.2");
        ck_assert_str_eq(f.config.host, "10.0.0.2");
        ck_assert_uint_eq(f.options.warnings.length, 1);
}
END_TEST

/* Takes the sources away one by one, strongest first. */
START_TEST(the_order_of_strength)
{
        FIXTURE;
        write_file(&f, "spark-test.conf",
                   "[spark]\nspark.retries = 4\n[test]\nretries=5\nport=5\n");
        write_file(&f, "spark-defaults.conf", "spark.retries 3\nspark.spread false\n");
        (void)setenv("SPARK_DAEMON_JAVA_OPTS", "-Dspark.retries=6", 1);
        (void)setenv("SPARK_TEST_OPTS", "-Dspark.retries=7", 1);
        (void)setenv("SPARK_TEST_PORT", "8", 1);
        load(&f, "--port 9");
        ck_assert_int_eq(f.result, 0);
        ck_assert_uint_eq(f.config.port, 9);
        ck_assert_int_eq(f.config.retries, 7);
        ck_assert(!f.config.spread);
        (void)unsetenv("SPARK_TEST_OPTS");
        load(&f, "");
        ck_assert_uint_eq(f.config.port, 8);
        ck_assert_int_eq(f.config.retries, 6);
        (void)setenv("SPARK_TEST_PORT", "", 1); /* as if unset */
        (void)unsetenv("SPARK_DAEMON_JAVA_OPTS");
        load(&f, "");
        ck_assert_uint_eq(f.config.port, 5);
        ck_assert_int_eq(f.config.retries, 5);
        write_file(&f, "spark-test.conf", "[spark]\nspark.retries = 4\n");
        load(&f, "");
        ck_assert_uint_eq(f.config.port, 7077);
        ck_assert_int_eq(f.config.retries, 4);
        write_file(&f, "spark-test.conf", "");
        load(&f, "");
        ck_assert_int_eq(f.config.retries, 3);
}
END_TEST

START_TEST(drop_ins_overrule_their_file)
{
        FIXTURE;
        write_file(&f, "own.conf", "[test]\nport = 1\ntitle = A title\n");
        write_file(&f, "own.conf.d/50-port.conf", "[test]\nport = 2\n");
        load(&f, "--config @/own.conf");
        ck_assert_int_eq(f.result, 0);
        ck_assert_uint_eq(f.config.port, 2);
        ck_assert_str_eq(f.config.title, "A title");
}
END_TEST

START_TEST(old_names_of_properties_count_less)
{
        FIXTURE;
        write_file(&f, "a", "spark.spreadOld false\n");
        load(&f, "--properties-file @/a");
        ck_assert(!f.config.spread);
        write_file(&f, "a", "spark.spread true\nspark.spreadOld false\n");
        load(&f, "--properties-file @/a");
        ck_assert(f.config.spread);
}
END_TEST

static int join(void *user, const char *key, const char *value)
{
        buffer_printf(user, "%s=%s|", key, value);
        return 0;
}

START_TEST(all_properties_are_kept)
{
        FIXTURE;
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        (void)setenv("SPARK_TEST_OPTS",
                     "-Xmx1g -Dspark.a=\"x y\" '-Dspark.b=$HOME' -Dspark.c=1\\ 2 -Dspark.flag "
                     "-Djava.x=1 \"-Dspark.q=a\\\"b\\c\"",
                     1);
        write_file(&f, "conf/spark-defaults.conf",
                   "spark.ui.reverseProxy  true  \nother.key=1\nspark.a=weaker\n");
        CLEANUP_FREE char *dir = path_join(f.dir.path, "conf");
        (void)setenv("SPARK_CONF_DIR", dir, 1);
        load(&f, "");
        ck_assert_int_eq(f.result, 0);
        ck_assert_str_eq(options_property(&f.options, "spark.ui.reverseProxy"), "true");
        ck_assert_str_eq(options_property(&f.options, "spark.a"), "x y");
        ck_assert_str_eq(options_property(&f.options, "spark.b"), "$HOME");
        ck_assert_str_eq(options_property(&f.options, "spark.c"), "1 2");
        ck_assert_str_eq(options_property(&f.options, "spark.flag"), "");
        ck_assert_str_eq(options_property(&f.options, "spark.q"), "a\"b\\c");
        ck_assert_ptr_null(options_property(&f.options, "other.key"));
        ck_assert_ptr_null(options_property(&f.options, "java.x"));
        ck_assert_int_eq(options_each(&f.options, "spark.ui.", join, &b), 0);
        CLEANUP_FREE char *got = buffer_take_text(&b);
        ck_assert_str_eq(got, "spark.ui.reverseProxy=true|");
}
END_TEST

START_TEST(spark_home_has_a_conf_directory)
{
        FIXTURE;
        (void)setenv("SPARK_HOME", f.dir.path, 1);
        load(&f, "");
        ck_assert_int_eq(f.result, 0);
        ck_assert_ptr_null(options_property(&f.options, "spark.a"));
        write_file(&f, "conf/spark-defaults.conf", "spark.a home\n");
        load(&f, "");
        ck_assert_str_eq(options_property(&f.options, "spark.a"), "home");
        write_file(&f, "else/spark-defaults.conf", "spark.a else\n");
        CLEANUP_FREE char *dir = path_join(f.dir.path, "else");
        (void)setenv("SPARK_CONF_DIR", dir, 1);
        load(&f, "");
        ck_assert_str_eq(options_property(&f.options, "spark.a"), "else");
}
END_TEST

START_TEST(what_is_wrong_on_the_command_line)
{
        assert_usage("--nope", "--nope: unknown option, see --help");
        assert_usage("--nope=3", "--nope: unknown option, see --help");
        assert_usage("-x", "-x: unknown option, see --help");
        assert_usage("--port=1 -xp", "-x: unknown option, see --help");
        assert_usage("--port", "--port: needs a value");
        assert_usage("-p", "-p: needs a value");
        assert_usage("--version=3", "--version: takes no value");
        assert_usage("url another", "another: unexpected argument, see --help");
        assert_usage("--port x", "--port: \"x\" is not a port (0..65535)");
        assert_usage("-p 70000", "--port: \"70000\" is not a port (0..65535)");
        assert_usage("--host=", "--host: must not be empty");
        assert_usage("--ip=", "--ip: must not be empty");
        assert_usage("--spread=maybe", "--spread: \"maybe\" is neither true nor false");
        assert_usage("-m lots", "--memory: \"lots\" is not an amount of memory "
                                "(such as 512m or 4g)");
        assert_usage("-m 1024", "--memory: \"1024\" is too small (at least 1m)");
        assert_usage("-m 2p", "--memory: \"2p\" is too large (at most 1024g)");
        assert_usage("-m 99999p", "--memory: \"99999p\" is too large (at most 1024g)");
}
END_TEST

START_TEST(what_is_wrong_in_the_environment)
{
        FIXTURE;
        (void)setenv("SPARK_TEST_PORT", "x", 1);
        load(&f, "");
        assert_problem(&f, OPTIONS_E_CONFIG, "SPARK_TEST_PORT: \"x\" is not a port (0..65535)");
        load(&f, "--port 1"); /* overruled, so it does not matter */
        ck_assert_int_eq(f.result, 0);
        (void)unsetenv("SPARK_TEST_PORT");
        (void)setenv("SPARK_TEST_OPTS", "-Dspark.retries=x", 1);
        load(&f, "");
        assert_problem(&f, OPTIONS_E_CONFIG,
                       "SPARK_TEST_OPTS: spark.retries: \"x\" is not a whole number (-1..100)");
        (void)setenv("SPARK_TEST_OPTS", "-Dspark.x='a", 1);
        load(&f, "");
        assert_problem(&f, OPTIONS_E_CONFIG, "SPARK_TEST_OPTS: a quote is not closed");
}
END_TEST

START_TEST(what_is_wrong_in_the_ini_file)
{
        assert_ini_problem("[test]\n\nprot = 1\n", "@/a.conf:3: prot: unknown key in [test]");
        assert_ini_problem("[other]\nport = 1\n", "@/a.conf:2: port: stands in [other], but only "
                                                  "[test] and [spark] have a meaning");
        assert_ini_problem("port = 1\n", "@/a.conf:1: port: stands before any section, but only "
                                         "[test] and [spark] have a meaning");
        assert_ini_problem("[spark]\nport = 1\n",
                           "@/a.conf:2: port: keys in [spark] start with \"spark.\"");
        assert_ini_problem("[test]\nport 1\n", "@/a.conf:2: neither [section] nor key = value");
        assert_ini_problem("[test]\nport = 1x\n",
                           "@/a.conf:2: port: \"1x\" is not a port (0..65535)");
        assert_ini_problem("[test]\ntimeout = soon\n",
                           "@/a.conf:2: timeout: \"soon\" is not a time "
                           "(such as 30s or 5min)");
        assert_ini_problem("[test]\ntimeout = 0\n",
                           "@/a.conf:2: timeout: \"0\" is too small (at least 1ms)");
        assert_ini_problem("[test]\nretries = 101\n",
                           "@/a.conf:2: retries: \"101\" is not a whole number (-1..100)");
        FIXTURE;
        load(&f, "--config @/none.conf");
        assert_problem(&f, OPTIONS_E_CONFIG, "@/none.conf: No such file or directory");
}
END_TEST

START_TEST(what_is_wrong_in_the_properties_file)
{
        FIXTURE;
        write_file(&f, "a", "\nspark.timeout  1w\n");
        load(&f, "--properties-file @/a");
        assert_problem(&f, OPTIONS_E_CONFIG,
                       "@/a:2: spark.timeout: \"1w\" is not a time (such as 30s or 5min)");
        write_file(&f, "a", "\nspark.x=\\u12\n");
        load(&f, "--properties-file @/a");
        assert_problem(&f, OPTIONS_E_CONFIG, "@/a:2: a malformed \\u escape or a NUL byte");
        CLEANUP_FREE char *line = calloc(1, 70001);
        memset(line, 'x', 70000);
        write_file(&f, "a", line);
        load(&f, "--properties-file @/a");
        assert_problem(&f, OPTIONS_E_CONFIG, "@/a:1: the line is too long");
        load(&f, "--properties-file @/none");
        assert_problem(&f, OPTIONS_E_CONFIG, "@/none: No such file or directory");
}
END_TEST

START_TEST(settings_can_be_checked)
{
        FIXTURE;
        load(&f, "--check-config --port 80");
        ck_assert_int_eq(f.result, OPTIONS_E_OUTPUT);
        ck_assert_str_eq(f.options.text, "spark-test: the settings are right\n");
        load(&f, "--check-config --port x");
        ck_assert_int_eq(f.result, OPTIONS_E_USAGE);
        unit_put(&f.dir, "spark-test.conf", "[test]\nretries = many\n");
        load(&f, "--check-config");
        ck_assert_int_eq(f.result, OPTIONS_E_CONFIG);
}
END_TEST

START_TEST(help_and_version)
{
        FIXTURE;
        char *argv[] = { (char *)"spark-test", (char *)"--port=x", (char *)"--help" };
        spec.config_dir = "/etc/spark";
        f.result = options_load(&f.options, &spec, 3, argv, &f.config); /* values do not matter */
        ck_assert_int_eq(f.result, OPTIONS_E_OUTPUT);
        ck_assert_str_eq(
                f.options.text,
                "Usage: spark-test [OPTION]... URL\n"
                "\n"
                "Tests.\n"
                "\n"
                "  -h, --host=HOST             host name to listen on [SPARK_TEST_HOST]\n"
                "  -p, --port=PORT             port for workers and drivers, which they find in\n"
                "                              spark:// URLs [SPARK_TEST_PORT; default 7077]\n"
                "      --spread[=BOOL]         spread out [spark.spread; default true]\n"
                "  -m, --memory=SIZE           memory [SPARK_TEST_MEMORY]\n"
                "      --work-dirs=DIRS        directories [SPARK_LOCAL_DIRS]\n"
                "      --properties-file=FILE  Spark properties [default spark-defaults.conf in\n"
                "                              $SPARK_CONF_DIR, $SPARK_HOME/conf or /etc/spark]\n"
                "      --config=FILE           configuration; FILE.d/*.conf are read after it\n"
                "                              [default /etc/spark/spark-test.conf]\n"
                "      --check-config          only read all settings, and say whether they are\n"
                "                              right\n"
                "      --help                  show this text\n"
                "      --version               show the version\n"
                "\n"
                "Further settings, for the section [test] of the configuration file:\n"
                "  retries                     retries [spark.retries; default 10]\n"
                "  timeout                     time-out [spark.timeout; default 60]\n"
                "  title                       title\n");
        load(&f, "--version");
        ck_assert_int_eq(f.result, OPTIONS_E_OUTPUT);
        ck_assert_str_eq(f.options.text, "spark-test (sparkd) " PACKAGE_VERSION "\n");
}
END_TEST

START_TEST(exit_statuses)
{
        FIXTURE;
        load(&f, "--version");
        ck_assert_int_eq(options_report(&f.options, &spec, f.result), EX_OK);
        load(&f, "--nope");
        ck_assert_int_eq(options_report(&f.options, &spec, f.result), EX_USAGE);
        load(&f, "--config @/none");
        ck_assert_int_eq(options_report(&f.options, &spec, f.result), EX_CONFIG);
        ck_assert_int_eq(options_report(&f.options, &spec, -ENOMEM), EX_OSERR);
        ck_assert_int_eq(options_report(&f.options, &spec, 0), EX_OK);
}
END_TEST

UNIT_MAIN("options", defaults, spellings_of_the_command_line, deprecated_spellings_warn,
          the_order_of_strength, drop_ins_overrule_their_file, old_names_of_properties_count_less,
          all_properties_are_kept, spark_home_has_a_conf_directory,
          what_is_wrong_on_the_command_line, what_is_wrong_in_the_environment,
          what_is_wrong_in_the_ini_file, what_is_wrong_in_the_properties_file,
          settings_can_be_checked, help_and_version, exit_statuses)
