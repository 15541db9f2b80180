/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/java-command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"

#define SSL_PREFIX     "-Dspark.ssl."
#define SSL_NODE_LOCAL "-Dspark.ssl.useNodeLocalConf="
#define LIBRARY_PATH   "LD_LIBRARY_PATH"

/* Java options that would show secrets in the process list (CommandUtils, newest form). */
static const char *const secret_prefixes[] = {
        "-Dspark.authenticate.secret",        "-Dspark.ssl.rpc.keyPassword",
        "-Dspark.ssl.rpc.privateKeyPassword", "-Dspark.ssl.rpc.keyStorePassword",
        "-Dspark.ssl.rpc.trustStorePassword",
};

static bool starts_with(const char *s, const char *prefix)
{
        return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* The last one wins, as in a map that was filled in order. */
static const char *map_get(const StringMap *map, const char *key)
{
        for (size_t i = map->length; i > 0; i--)
                if (map->items[i - 1].key && strcmp(map->items[i - 1].key, key) == 0)
                        return map->items[i - 1].value;
        return NULL;
}

const char *command_getenv(const Command *command, const Strv *environment, const char *name)
{
        const char *value = map_get(&command->environment, name);

        if (!value || !*value)
                value = strv_env_get(environment, name);
        return value && *value ? value : NULL;
}

char *command_conf_dir(const Command *command, const Strv *environment, const char *spark_home)
{
        const char *dir = command_getenv(command, environment, "SPARK_CONF_DIR");
        char *path = NULL;

        if (dir)
                return strdup(dir);
        return asprintf(&path, "%s/conf", spark_home) < 0 ? NULL : path;
}

void java_command_done(JavaCommand *c)
{
        strv_done(&c->argv);
        strv_done(&c->environment);
}

/* ---- options in a text (CommandBuilderUtils.parseOptionString) ---- */

int command_split_options(const char *text, Strv *ret)
{
        CLEANUP_BUFFER Buffer word = BUFFER_INIT(0);
        bool in_word = false, escaped = false;
        char quote = 0;
        int r;

        for (const char *p = text; *p; p++) {
                if (escaped) {
                        buffer_put_u8(&word, (uint8_t)*p);
                        escaped = false;
                } else if (*p == '\\' && quote != '\'') {
                        escaped = in_word = true;
                } else if (quote && *p == quote) {
                        quote = 0;
                } else if (!quote && (*p == '"' || *p == '\'')) {
                        quote = *p;
                        in_word = true;
                } else if (quote || !strchr(" \t\r\n", *p)) {
                        buffer_put_u8(&word, (uint8_t)*p);
                        in_word = true;
                } else if (in_word) {
                        r = strv_add_n(ret, word.size ? (char *)word.data : "", word.size);
                        if (r < 0)
                                return r;
                        buffer_clear(&word);
                        in_word = false;
                }
        }
        if (quote || escaped)
                return -EINVAL;
        if (buffer_result(&word) < 0)
                return -ENOMEM;
        return in_word ? strv_add_n(ret, word.size ? (char *)word.data : "", word.size) : 0;
}

/* ---- class path ---- */

/* Adds the parts of `entries` that are not there yet; directories get a trailing slash. */
static int class_path_add(const JavaRequest *in, Strv *cp, const char *entries)
{
        CLEANUP_STRV Strv parts = { 0 };
        int r = entries ? strv_split(&parts, entries, ":") : 0;

        for (size_t i = 0; r == 0 && i < parts.length; i++) {
                const char *entry = parts.items[i];
                CLEANUP_FREE char *directory = NULL;

                if (entry[strlen(entry) - 1] != '/' && in->site->is_directory(entry)) {
                        if (asprintf(&directory, "%s/", entry) < 0)
                                return -ENOMEM;
                        entry = directory;
                }
                if (!strv_contains(cp, entry))
                        r = strv_add(cp, entry);
        }
        return r;
}

static int class_path(const JavaRequest *in, char **ret)
{
        static const char *const from_environment[] = { "HADOOP_CONF_DIR", "YARN_CONF_DIR",
                                                        "SPARK_DIST_CLASSPATH" };
        const Command *c = in->command;
        CLEANUP_STRV Strv cp = { 0 };
        CLEANUP_FREE char *conf = NULL, *jars = NULL;
        int r = 0;

        for (size_t i = 0; r == 0 && i < c->class_path_entries.length; i++)
                r = class_path_add(in, &cp, c->class_path_entries.items[i]);
        if (r < 0)
                return r;
        conf = command_conf_dir(c, in->site->environment, in->site->spark_home);
        if (!conf || asprintf(&jars, "%s/jars/*", in->site->spark_home) < 0)
                return -ENOMEM;
        r = class_path_add(in, &cp, conf);
        if (r == 0)
                r = class_path_add(in, &cp, in->site->slf4j_jar);
        if (r == 0)
                r = class_path_add(in, &cp, jars);
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(from_environment); i++)
                r = class_path_add(in, &cp,
                                   command_getenv(c, in->site->environment, from_environment[i]));
        if (r < 0)
                return r;
        *ret = strv_join(&cp, ":");
        return *ret ? 0 : -ENOMEM;
}

/* ---- java options ---- */

/* Appends `s` with every word that is in in_options replaced. */
static int add_substituted(const JavaRequest *in, Strv *argv, const char *s)
{
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);
        CLEANUP_FREE char *text = NULL;

        while (*s) {
                const StringPair *word = NULL;

                for (size_t i = 0; !word && i < in->in_options.length; i++)
                        if (starts_with(s, in->in_options.items[i].key))
                                word = &in->in_options.items[i];
                if (word) {
                        buffer_put_text(&out, word->value);
                        s += strlen(word->key);
                } else {
                        buffer_put_u8(&out, (uint8_t)*s++);
                }
        }
        text = buffer_take_text(&out);
        return text ? strv_add(argv, text) : -ENOMEM;
}

static bool is_secret(const char *option)
{
        for (size_t i = 0; i < ARRAY_SIZE(secret_prefixes); i++)
                if (starts_with(option, secret_prefixes[i]))
                        return true;
        return false;
}

/* Does the driver want each node's own TLS settings in place of its own? The first word counts. */
static bool uses_local_ssl(const StringSeq *options)
{
        for (size_t i = 0; i < options->length; i++)
                if (starts_with(options->items[i], SSL_NODE_LOCAL) &&
                    options->items[i][strlen(SSL_NODE_LOCAL)])
                        return strcasecmp(options->items[i] + strlen(SSL_NODE_LOCAL), "true") == 0;
        return false;
}

static int add_java_options(const JavaRequest *in, Strv *argv)
{
        const StringSeq *options = &in->command->java_opts;
        bool local_ssl = uses_local_ssl(options);
        int r = 0;

        for (size_t i = 0; r == 0 && i < options->length; i++) {
                const char *option = options->items[i];

                if (is_secret(option) || (local_ssl && starts_with(option, SSL_PREFIX)))
                        continue;
                r = add_substituted(in, argv, option);
        }
        for (size_t i = 0; r == 0 && i < in->add_options.length; i++)
                r = strv_add(argv, in->add_options.items[i]);
        if (!local_ssl)
                return r;
        for (size_t i = 0; r == 0 && i < in->site->ssl_settings->length; i++) {
                const StringPair *pair = &in->site->ssl_settings->items[i];
                CLEANUP_FREE char *option = NULL;

                if (asprintf(&option, "-D%s=%s", pair->key, pair->value) < 0)
                        return -ENOMEM;
                if (!is_secret(option))
                        r = strv_add(argv, option);
        }
        return r == 0 ? strv_add(argv, SSL_NODE_LOCAL "true") : r;
}

/* ---- arguments ---- */

/* Only a whole argument is a word to be replaced. */
static int add_argument(const JavaRequest *in, Strv *argv, const char *argument)
{
        const char *value = map_get(&in->arguments, argument);

        return strv_add(argv, value ? value : argument);
}

static int add_arguments(const JavaRequest *in, Strv *argv)
{
        const Command *c = in->command;
        int r = strv_add(argv, c->main_class);

        for (size_t i = 0; r == 0 && i < c->arguments.length; i++)
                r = add_argument(in, argv, c->arguments.items[i]);
        for (size_t i = 0; r == 0 && i < in->add_arguments.length; i++)
                r = strv_add(argv, in->add_arguments.items[i]);
        return r;
}

static int build_argv(const JavaRequest *in, Strv *argv)
{
        const char *java_home = command_getenv(in->command, in->site->environment, "JAVA_HOME");
        CLEANUP_FREE char *cp = NULL;
        int r = class_path(in, &cp);

        if (r == 0)
                r = strv_addf(argv, "%s/bin/java", java_home ? java_home : in->site->java_home);
        if (r == 0 && in->site->java_opts)
                r = command_split_options(in->site->java_opts, argv);
        if (r == 0)
                r = strv_add(argv, "-cp");
        if (r == 0)
                r = strv_add(argv, cp);
        if (r == 0)
                r = strv_addf(argv, "-Xmx%dM", in->memory_mb);
        if (r == 0)
                r = add_java_options(in, argv);
        return r == 0 ? add_arguments(in, argv) : r;
}

/* ---- environment ---- */

/* What a JVM must not see of ours: the service manager's private words to this process. */
static bool is_private(const char *entry)
{
        static const char *const names[] = { "NOTIFY_SOCKET=",
                                             "LISTEN_PID=",
                                             "LISTEN_FDS=",
                                             "LISTEN_FDNAMES=",
                                             "WATCHDOG_PID=",
                                             "WATCHDOG_USEC=",
                                             "JOURNAL_STREAM=",
                                             "INVOCATION_ID=",
                                             "FDSTORE=",
                                             "STATE_DIRECTORY=",
                                             "RUNTIME_DIRECTORY=",
                                             "LOGS_DIRECTORY=",
                                             "CONFIGURATION_DIRECTORY=",
                                             "CREDENTIALS_DIRECTORY=",
                                             "SYSTEMD_EXEC_PID=",
                                             ENV_ENGINE "=",
                                             ENV_LINES "=" };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (starts_with(entry, names[i]))
                        return true;
        return false;
}

/* libraryPathEntries, then the command's own, then the worker's. */
static int set_library_path(const JavaRequest *in, Strv *env)
{
        const Command *c = in->command;
        const char *of_command = map_get(&c->environment, LIBRARY_PATH);
        const char *of_worker = strv_env_get(in->site->environment, LIBRARY_PATH);
        CLEANUP_STRV Strv parts = { 0 };
        CLEANUP_FREE char *joined = NULL;
        int r = 0;

        if (c->library_path_entries.length == 0)
                return 0;
        for (size_t i = 0; r == 0 && i < c->library_path_entries.length; i++)
                r = strv_add(&parts, c->library_path_entries.items[i]);
        if (r == 0 && of_command)
                r = strv_add(&parts, of_command);
        if (r == 0 && of_worker)
                r = strv_add(&parts, of_worker);
        if (r < 0)
                return r;
        joined = strv_join(&parts, ":");
        return joined ? strv_env_set(env, LIBRARY_PATH, joined) : -ENOMEM;
}

static int build_environment(const JavaRequest *in, Strv *env)
{
        const StringMap *overlay = &in->command->environment;
        int r = 0;

        for (size_t i = 0; r == 0 && i < in->site->environment->length; i++)
                if (!is_private(in->site->environment->items[i]))
                        r = strv_add(env, in->site->environment->items[i]);
        /* With several engines the worker's own SPARK_HOME says nothing. */
        if (r == 0)
                r = strv_env_set(env, "SPARK_HOME", in->site->spark_home);
        if (r == 0 && in->site->scala)
                r = strv_env_set(env, "SPARK_SCALA_VERSION", in->site->scala);
        for (size_t i = 0; r == 0 && i < overlay->length; i++) {
                const StringPair *pair = &overlay->items[i];

                if (!pair->key || !pair->value || !*pair->key || strchr(pair->key, '=') ||
                    strcmp(pair->key, ENV_ENGINE) == 0 || strcmp(pair->key, ENV_LINES) == 0)
                        continue;
                r = strv_env_set(env, pair->key, pair->value);
        }
        if (r == 0)
                r = set_library_path(in, env);
        for (size_t i = 0; r == 0 && i < in->variables.length; i++)
                r = strv_env_set(env, in->variables.items[i].key, in->variables.items[i].value);
        return r;
}

static bool has_null(const StringSeq *seq)
{
        for (size_t i = 0; i < seq->length; i++)
                if (!seq->items[i])
                        return true;
        return false;
}

int java_command_build(const JavaRequest *in, JavaCommand *ret)
{
        const Command *command = in->command;
        JavaCommand c = { 0 };
        int r;

        if (!command->main_class || has_null(&command->arguments) ||
            has_null(&command->class_path_entries) || has_null(&command->library_path_entries) ||
            has_null(&command->java_opts))
                return -EINVAL;
        r = build_argv(in, &c.argv);
        if (r == 0)
                r = build_environment(in, &c.environment);
        if (r < 0) {
                java_command_done(&c);
                return r;
        }
        *ret = c;
        return 0;
}
