/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A daemon's settings: one table says what there is, and from it come the command line's parser,
 * --help, and the reading of all other sources. Strongest first:
 *
 *   1. the command line
 *   2. environment variables (an empty one counts as unset)
 *   3. -Dspark.* words in the daemon's SPARK_*_OPTS, then in SPARK_DAEMON_JAVA_OPTS
 *   4. the INI file: --config F, or CONFIG_DIR/PROGRAM.conf if there is one, and its drop-ins; keys
 *      of the daemon's own section, then spark.* keys of the section [spark]
 *   5. the properties file: --properties-file F, or $SPARK_CONF_DIR/spark-defaults.conf, or
 *      without that variable $SPARK_HOME/conf/spark-defaults.conf, or
 *      CONFIG_DIR/spark-defaults.conf, if there is one; its spark.* keys
 *   6. the default in the table
 *
 * Unlike Spark, where spark.master.ui.port beats --webui-port, there is no exception to this order.
 * spark.* properties that the table does not name are kept, and are no errors: Spark's files are
 * full of keys for others. An unknown key in a section of our own is an error.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "base/macro.h"
#include "base/strv.h"

typedef enum SettingType {
        SETTING_STRING, /* char *, owned by the config; NULL when nothing sets it */
        SETTING_PORT,   /* uint16_t */
        SETTING_INT,    /* int */
        SETTING_BOOL,   /* bool */
        SETTING_MEMORY, /* uint64_t, bytes */
        SETTING_TIME,   /* uint64_t, microseconds */
        SETTING_LIST,   /* Strv, owned by the config; pieces between commas */
} SettingType;

/* One setting. Names that are NULL (or 0) do not exist. */
typedef struct Setting {
        const char *option;        /* "port": --port */
        char letter;               /* 'p': -p; only with a long one */
        const char *old_option;    /* a deprecated spelling, taken with a warning ... */
        char old_letter;           /* ... and its letter */
        const char *key;           /* in the daemon's section of the INI file */
        const char *env;           /* environment variable ... */
        const char *old_env;       /* ... and a deprecated one, weaker than it */
        const char *properties[3]; /* spark.* property, older names after it, weaker */
        SettingType type;
        bool live;            /* a running daemon takes a new value (reload.h) */
        size_t offset;        /* in the config struct */
        const char *fallback; /* the default, as a user would write it; NULL: config keeps zero */
        uint64_t unit;    /* what a plain number counts: bytes (0: 1) or microseconds (0: 1 s) */
        int64_t min, max; /* of INT (the number), MEMORY (bytes), TIME (usec), STRING (only min:
                           * the length); max 0: no bound */
        bool (*accepts)(const char *value); /* of STRING: NULL where any text will do ... */
        const char *wanted;                 /* ... else what will, for the error: "a level" */
        const char *value;                  /* what --help calls the value: "PORT" */
        const char *help;                   /* what it is, without a full stop */
} Setting;

/* Rows of a table. What else a row has follows as .member = value, .help at least. The table's file
 * says where `field` is: #define AT(field) .offset = offsetof(ITS_CONFIG, field) */
#define TEXT_SETTING(name, field, ...)                                                             \
        {                                                                                          \
                .key = name, .type = SETTING_STRING, AT(field), __VA_ARGS__                        \
        }
#define LIST_SETTING(name, field, ...)                                                             \
        {                                                                                          \
                .key = name, .type = SETTING_LIST, AT(field), __VA_ARGS__                          \
        }
#define BOOL_SETTING(name, field, by_default, ...)                                                 \
        {                                                                                          \
                .key = name, .type = SETTING_BOOL, AT(field), .fallback = by_default, __VA_ARGS__  \
        }
#define PORT_SETTING(name, field, by_default, ...)                                                 \
        {                                                                                          \
                .key = name, .option = name, .type = SETTING_PORT, AT(field),                      \
                .fallback = by_default, .value = "PORT", __VA_ARGS__                               \
        }
#define NUMBER_SETTING_(kind, name, field, by_default, lowest, highest, ...)                       \
        {                                                                                          \
                .key = name, .type = kind, AT(field), .fallback = by_default, .min = lowest,       \
                .max = highest, __VA_ARGS__                                                        \
        }
#define INT_SETTING(...)    NUMBER_SETTING_(SETTING_INT, __VA_ARGS__)
#define TIME_SETTING(...)   NUMBER_SETTING_(SETTING_TIME, __VA_ARGS__)
#define MEMORY_SETTING(...) NUMBER_SETTING_(SETTING_MEMORY, __VA_ARGS__)
#define LOG_LEVEL_SETTING(field)                                                                   \
        TEXT_SETTING("log-level", field, .option = "log-level", .fallback = "info",                \
                     .accepts = log_level_is_name, .wanted = LOG_LEVELS, .live = true,             \
                     .value = "LEVEL", .help = LOG_LEVELS)
#define LOG_LEVELS "debug, info, notice, warning or error"

typedef struct OptionsSpec {
        const char *program;    /* "spark-master" */
        const char *arguments;  /* what --help shows of the words that are no options, or NULL */
        size_t max_arguments;   /* how many of them there may be */
        const char *summary;    /* what the program is, a sentence */
        const char *section;    /* "master" */
        const char *opts_env;   /* "SPARK_MASTER_OPTS" */
        const char *config_dir; /* NULL: SYSCONFDIR/spark */
        const Setting *settings;
        size_t n_settings;
} OptionsSpec;

typedef struct Property Property;

typedef struct Options {
        Strv arguments;          /* words of the command line that are no options, in order */
        Strv warnings;           /* sentences for the log */
        char *text;              /* what went wrong, or what --help / --version print */
        Property *properties;    /* every spark.* property of any source */
        const OptionsSpec *spec; /* what it was loaded by ... */
        int argc;
        char **argv; /* ... borrowed, for another time (reload.h) */
} Options;

enum {
        OPTIONS_E_OUTPUT = 1, /* --help, --version, or --check-config and all is right: print
                               * .text, exit with success */
        OPTIONS_E_USAGE,      /* the command line is wrong: .text says where and why */
        OPTIONS_E_CONFIG,     /* the environment or a file is */
};

#define CLEANUP_OPTIONS CLEANUP(options_done)
void options_done(Options *o);

/* Reads all sources into *config, which is all zero before. 0, OPTIONS_E_*, or -ENOMEM. *o must be
 * zero too; whatever the result, options_done() and options_config_done() free what was made. May
 * reorder argv. */
int options_load(Options *o, const OptionsSpec *spec, int argc, char *argv[], void *config);

/* Frees the strings and lists of a config and zeroes them. */
void options_config_done(const OptionsSpec *spec, void *config);

/* Prints what a result other than 0 has to say (output to stdout, a problem to stderr) and returns
 * the exit status for it, of sysexits.h. */
int options_report(const Options *o, const OptionsSpec *spec, int result);

/* A spark.* property as the strongest source has it, borrowed; or NULL. */
const char *options_property(const Options *o, const char *key);

/* Calls `handler` for each property whose key starts with `prefix` until one result is not 0, and
 * returns that. */
typedef int (*OptionsHandler)(void *user, const char *key, const char *value);
int options_each(const Options *o, const char *prefix, OptionsHandler handler, void *user);
