/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every source only collects: texts and where they stood, the strongest per setting in a Slot, per
 * property in the map. Only when all are read does apply_all() turn the winners into values, so
 * that what another source overrules is not judged. options-help.c writes the texts of --help.
 */
#include "daemons/common/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/ini.h"
#include "base/limits.h"
#include "base/parse.h"
#include "base/problem.h"
#include "base/properties.h"
#include "daemons/common/options-help.h"

/* How strong a source is. */
typedef enum Source {
        SOURCE_NONE,
        SOURCE_PROPERTIES_FILE,
        SOURCE_INI_SPARK, /* the section [spark] */
        SOURCE_INI,       /* the daemon's own section */
        SOURCE_DAEMON_JAVA_OPTS,
        SOURCE_OPTS,
        SOURCE_OLD_ENV,
        SOURCE_ENV,
        SOURCE_COMMAND_LINE,
} Source;

/* The strongest text so far and where it stood ("FILE:LINE: KEY", "--port"); both owned. */
typedef struct Slot {
        Source source;
        char *value;
        char *where;
} Slot;

struct Property {
        Slot slot;
        UT_hash_handle hh;
        char key[];
};

typedef struct Loader {
        Options *options;
        const OptionsSpec *spec;
        Slot *slots; /* one per setting */
        char *config_file, *properties_file;
        bool check_only;
} Loader;

/* getopt's values: OPTION_SETTING + 2 * index, one more for the deprecated spelling. */
enum {
        OPTION_HELP = 256,
        OPTION_VERSION,
        OPTION_CHECK_CONFIG,
        OPTION_CONFIG,
        OPTION_PROPERTIES_FILE,
        OPTION_SETTING,
};

static void slot_done(Slot *slot)
{
        free(slot->value);
        free(slot->where);
        *slot = (Slot){ 0 };
}

/* At equal strength the later one wins, as in a shell or with drop-ins. */
static int slot_set(Slot *slot, Source source, const char *value, const char *where)
{
        if (source < slot->source)
                return 0;
        Slot new = { .source = source, .value = strdup(value), .where = strdup(where) };
        if (!new.value || !new.where) {
                slot_done(&new);
                return -ENOMEM;
        }
        slot_done(slot);
        *slot = new;
        return 0;
}

/* Sets the sentence and returns `result`. */
static int PRINTF_LIKE(3, 4) problem(Options *o, int result, const char *format, ...)
{
        va_list args;
        free(TAKE_PTR(o->text));
        va_start(args, format);
        int r = problem_vset(&o->text, result, format, args);
        va_end(args);
        return r;
}

static int property_set(Options *o, Source source, const char *key, const char *value,
                        const char *where)
{
        Property *p;
        size_t size = strlen(key);
        HASH_FIND(hh, o->properties, key, size, p);
        if (!p) {
                p = calloc(1, sizeof(*p) + size + 1);
                if (!p)
                        return -ENOMEM;
                memcpy(p->key, key, size);
                HASH_ADD_KEYPTR(hh, o->properties, p->key, size, p);
                if (!hash_added(p)) {
                        free(p);
                        return -ENOMEM;
                }
        }
        return slot_set(&p->slot, source, value, where);
}

void options_done(Options *o)
{
        Property *p, *next;
        HASH_ITER (hh, o->properties, p, next) {
                HASH_DEL(o->properties, p);
                slot_done(&p->slot);
                free(p);
        }
        strv_done(&o->arguments);
        strv_done(&o->warnings);
        free(o->text);
        *o = (Options){ 0 };
}

const char *options_property(const Options *o, const char *key)
{
        Property *p;
        HASH_FIND_STR(o->properties, key, p);
        return p ? p->slot.value : NULL;
}

int options_each(const Options *o, const char *prefix, OptionsHandler handler, void *user)
{
        size_t size = strlen(prefix);
        for (Property *p = o->properties; p; p = p->hh.next) {
                int r = strncmp(p->key, prefix, size) == 0 ? handler(user, p->key, p->slot.value)
                                                           : 0;
                if (r != 0)
                        return r;
        }
        return 0;
}

/* ---- the command line ---- */

typedef struct Getopt {
        char *letters; /* owned */
        struct option *longs;
        size_t n_longs;
} Getopt;

static void getopt_done(Getopt *g)
{
        free(g->letters);
        free(g->longs);
}

static void add_spelling(Getopt *g, char **letter, const char *option, char c, int has_arg,
                         int value)
{
        if (option)
                g->longs[g->n_longs++] = (struct option){ option, has_arg, NULL, value };
        if (c) {
                *(*letter)++ = c;
                for (int i = 0; i < has_arg; i++) /* getopt(3): ":" or "::" */
                        *(*letter)++ = ':';
        }
}

static int getopt_init(Getopt *g, const OptionsSpec *spec)
{
        g->longs = calloc(2 * spec->n_settings + 6, sizeof(*g->longs));
        g->letters = calloc(6 * spec->n_settings + 2, 1);
        if (!g->longs || !g->letters)
                return -ENOMEM;
        char *letter = g->letters;
        *letter++ = ':'; /* a missing value is told apart */
        add_spelling(g, &letter, "help", 0, no_argument, OPTION_HELP);
        add_spelling(g, &letter, "version", 0, no_argument, OPTION_VERSION);
        add_spelling(g, &letter, "check-config", 0, no_argument, OPTION_CHECK_CONFIG);
        add_spelling(g, &letter, "config", 0, required_argument, OPTION_CONFIG);
        add_spelling(g, &letter, "properties-file", 0, required_argument, OPTION_PROPERTIES_FILE);
        for (size_t i = 0; i < spec->n_settings; i++) {
                const Setting *s = &spec->settings[i];
                int has_arg = s->type == SETTING_BOOL ? optional_argument : required_argument;
                int value = OPTION_SETTING + 2 * (int)i;
                add_spelling(g, &letter, s->option, s->letter, has_arg, value);
                add_spelling(g, &letter, s->old_option, s->old_letter, has_arg, value + 1);
        }
        return 0;
}

/* Which of getopt's values a letter stands for. */
static int value_of_letter(const OptionsSpec *spec, int letter)
{
        for (size_t i = 0; i < spec->n_settings && letter < OPTION_HELP; i++) {
                if (letter == spec->settings[i].letter)
                        return OPTION_SETTING + 2 * (int)i;
                if (letter == spec->settings[i].old_letter)
                        return OPTION_SETTING + 2 * (int)i + 1;
        }
        return letter;
}

static int take_option(Loader *l, int value, const char *text)
{
        Options *o = l->options;
        const Setting *s = &l->spec->settings[(value - OPTION_SETTING) / 2];
        char where[128];
        if ((value - OPTION_SETTING) % 2 == 1) {
                const char *option = s->old_option;
                int r = strv_addf(&o->warnings, "--%s is deprecated, use --%s.", option, s->option);
                if (r < 0)
                        return r;
                (void)snprintf(where, sizeof(where), "--%s", option);
        } else {
                (void)snprintf(where, sizeof(where), "--%s", s->option);
        }
        return slot_set(&l->slots[s - l->spec->settings], SOURCE_COMMAND_LINE, text ? text : "true",
                        where);
}

static int copy_name(char **name, const char *text)
{
        free(*name);
        *name = strdup(text);
        return *name ? 0 : -ENOMEM;
}

/* What getopt refused; `word` is the one it was at, unless a letter was wrong. */
static int refuse_option(Options *o, int c, const char *word)
{
        char letter[] = { '-', (char)optopt, '\0' };
        bool is_letter = optopt > 0 && optopt < OPTION_HELP;
        int size = is_letter ? 2 : (int)strcspn(word, "=");
        const char *what = c == ':'                    ? "needs a value"
                           : !is_letter && optopt != 0 ? "takes no value"
                                                       : "unknown option, see --help";
        return problem(o, OPTIONS_E_USAGE, "%.*s: %s", size, is_letter ? letter : word, what);
}

static int read_command_line(Loader *l, int argc, char *argv[])
{
        CLEANUP(getopt_done) Getopt g = { 0 };
        Options *o = l->options;
        int r = getopt_init(&g, l->spec), c;
        optind = 0; /* glibc: start over */
        while (r == 0 && (c = getopt_long(argc, argv, g.letters, g.longs, NULL)) != -1) {
                int value = value_of_letter(l->spec, c);
                if (c == ':' || c == '?')
                        return refuse_option(o, c, argv[optind - 1]);
                if (value == OPTION_HELP || value == OPTION_VERSION) {
                        free(o->text);
                        o->text = value == OPTION_HELP ? options_help_text(l->spec)
                                                       : options_version_text(l->spec);
                        return o->text ? OPTIONS_E_OUTPUT : -ENOMEM;
                }
                if (value == OPTION_CHECK_CONFIG)
                        l->check_only = true;
                else if (value == OPTION_CONFIG)
                        r = copy_name(&l->config_file, optarg);
                else if (value == OPTION_PROPERTIES_FILE)
                        r = copy_name(&l->properties_file, optarg);
                else
                        r = take_option(l, value, optarg);
        }
        for (int i = optind; i < argc && r == 0; i++) {
                if (o->arguments.length == l->spec->max_arguments)
                        return problem(o, OPTIONS_E_USAGE, "%s: unexpected argument, see --help",
                                       argv[i]);
                r = strv_add(&o->arguments, argv[i]);
        }
        return r;
}

/* ---- the environment ---- */

static const char *env_get(const char *name)
{
        const char *value = name ? getenv(name) : NULL;
        return value && *value ? value : NULL;
}

static int read_variables(Loader *l)
{
        for (size_t i = 0; i < l->spec->n_settings; i++) {
                const Setting *s = &l->spec->settings[i];
                const char *value = env_get(s->env), *old = env_get(s->old_env);
                int r = value ? slot_set(&l->slots[i], SOURCE_ENV, value, s->env) : 0;
                if (r == 0 && old)
                        r = slot_set(&l->slots[i], SOURCE_OLD_ENV, old, s->old_env);
                if (r == 0 && old)
                        r = strv_addf(&l->options->warnings, "%s is deprecated, use %s.",
                                      s->old_env, s->env);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Cuts a word of a shell's command line out of *text into `word` (of at least strlen(*text) + 1
 * bytes): blanks separate, quotes join, a backslash takes the next character as it is. 1, 0 at the
 * end, -EINVAL for a quote that is not closed. */
static int next_word(const char **text, char *word)
{
        const char *s = *text + strspn(*text, " \t\r\n");
        char quote = 0;
        if (!*s)
                return 0;
        for (; *s && (quote || !strchr(" \t\r\n", *s)); s++) {
                if (*s == quote)
                        quote = 0;
                else if (!quote && (*s == '"' || *s == '\''))
                        quote = *s;
                else if (*s == '\\' && s[1] && (!quote || (quote == '"' && strchr("\"\\$`", s[1]))))
                        *word++ = *++s;
                else
                        *word++ = *s;
        }
        *word = '\0';
        *text = s;
        return quote ? -EINVAL : 1;
}

/* -Dspark.* words of what would be a JVM's options; the others are the JVM's own affair. */
static int read_java_options(Loader *l, const char *variable, Source source)
{
        const char *text = env_get(variable);
        CLEANUP_FREE char *word = text ? malloc(strlen(text) + 1) : NULL;
        if (!text)
                return 0;
        if (!word)
                return -ENOMEM;
        int r;
        while ((r = next_word(&text, word)) > 0) {
                if (strncmp(word, "-Dspark.", 8) != 0)
                        continue;
                char *key = word + 2, *value = strchr(key, '=');
                CLEANUP_FREE char *where = NULL;
                if (value)
                        *value++ = '\0';
                if (asprintf(&where, "%s: %s", variable, key) < 0) {
                        where = NULL;
                        return -ENOMEM;
                }
                r = property_set(l->options, source, key, value ? value : "", where);
                if (r < 0)
                        return r;
        }
        if (r == -EINVAL)
                return problem(l->options, OPTIONS_E_CONFIG, "%s: a quote is not closed", variable);
        return r;
}

/* ---- files ---- */

/* The result for the parser, which passes on what is negative: a problem goes by o->text. */
static int stop(int result)
{
        return result == OPTIONS_E_CONFIG ? -ECANCELED : result;
}

static int take_ini_entry(void *user, const char *file, unsigned line, const char *section,
                          const char *key, const char *value)
{
        Loader *l = user;
        const OptionsSpec *spec = l->spec;
        CLEANUP_FREE char *where = NULL;
        if (asprintf(&where, "%s:%u: %s", file, line, key) < 0) {
                where = NULL;
                return -ENOMEM;
        }
        if (strcmp(section, "spark") == 0) {
                if (strncmp(key, "spark.", 6) == 0)
                        return property_set(l->options, SOURCE_INI_SPARK, key, value, where);
                return stop(problem(l->options, OPTIONS_E_CONFIG,
                                    "%s: keys in [spark] start with \"spark.\"", where));
        }
        if (strcmp(section, spec->section) != 0)
                return stop(problem(l->options, OPTIONS_E_CONFIG,
                                    "%s: stands %s%s%s, but only [%s] and [spark] have a meaning",
                                    where, *section ? "in [" : "before any section", section,
                                    *section ? "]" : "", spec->section));
        for (size_t i = 0; i < spec->n_settings; i++)
                if (spec->settings[i].key && strcmp(spec->settings[i].key, key) == 0)
                        return slot_set(&l->slots[i], SOURCE_INI, value, where);
        return stop(problem(l->options, OPTIONS_E_CONFIG, "%s: unknown key in [%s]", where,
                            spec->section));
}

static int read_ini_file(Loader *l)
{
        bool optional = !l->config_file;
        CLEANUP_FREE char *sentence = NULL;
        if (optional && asprintf(&l->config_file, "%s/%s.conf", options_config_dir(l->spec),
                                 l->spec->program) < 0) {
                l->config_file = NULL;
                return -ENOMEM;
        }
        int r = ini_read_file(l->config_file, optional, take_ini_entry, l, &sentence);
        if (r >= 0 || r == -ENOMEM)
                return r;
        if (l->options->text) /* from take_ini_entry() */
                return OPTIONS_E_CONFIG;
        return problem(l->options, OPTIONS_E_CONFIG, "%s", sentence ? sentence : strerror(-r));
}

typedef struct PropertiesUser {
        Loader *loader;
        const char *file;
} PropertiesUser;

static int take_property(void *user, const char *key, const char *value, unsigned line)
{
        const PropertiesUser *u = user;
        if (strncmp(key, "spark.", 6) != 0)
                return 0;
        CLEANUP_FREE char *where = NULL, *trimmed = strdup(value);
        if (asprintf(&where, "%s:%u: %s", u->file, line, key) < 0)
                where = NULL;
        if (!where || !trimmed)
                return -ENOMEM;
        /* Utils.getPropertiesFromFile trims, which Properties itself does not do at the end */
        size_t size = strlen(trimmed);
        while (size > 0 && isspace((unsigned char)trimmed[size - 1]))
                trimmed[--size] = '\0';
        return property_set(u->loader->options, SOURCE_PROPERTIES_FILE, key, trimmed, where);
}

/* Where Spark's scripts look ($SPARK_CONF_DIR, else $SPARK_HOME/conf), and where Debian would. */
static char *default_properties_file(const Loader *l)
{
        const char *dir = env_get("SPARK_CONF_DIR"), *home = env_get("SPARK_HOME");
        if (!dir && home) {
                char *file = path_join(home, "conf/spark-defaults.conf");
                if (!file || access(file, F_OK) == 0)
                        return file;
                free(file);
        }
        return path_join(dir ? dir : options_config_dir(l->spec), "spark-defaults.conf");
}

static int read_properties_file(Loader *l)
{
        bool optional = !l->properties_file;
        CLEANUP_FREE char *text = NULL;
        size_t size;
        unsigned line = 0;
        if (optional) {
                l->properties_file = default_properties_file(l);
                if (!l->properties_file)
                        return -ENOMEM;
        }
        const char *file = l->properties_file;
        int r = file_read(file, LIMIT_CONFIG_FILE_BYTES, &text, &size);
        if (optional && (r == -ENOENT || r == -ENOTDIR))
                return 0;
        PropertiesUser user = { .loader = l, .file = file };
        if (r >= 0)
                r = properties_parse(text, size, take_property, &user, &line);
        if (r >= 0 || r == -ENOMEM)
                return r;
        if (line == 0)
                return problem(l->options, OPTIONS_E_CONFIG, "%s: %s", file, strerror(-r));
        return problem(l->options, OPTIONS_E_CONFIG, "%s:%u: %s", file, line,
                       r == -E2BIG ? "the line is too long"
                                   : "a malformed \\u escape or a NUL byte");
}

/* ---- values ---- */

static int bad_number(Options *o, const Slot *slot, const Setting *s)
{
        if (s->max == 0)
                return problem(o, OPTIONS_E_CONFIG, "%s: \"%s\" is not a whole number from %lld up",
                               slot->where, slot->value, (long long)s->min);
        return problem(o, OPTIONS_E_CONFIG, "%s: \"%s\" is not a whole number (%lld..%lld)",
                       slot->where, slot->value, (long long)s->min, (long long)s->max);
}

static int apply_int(Options *o, const Setting *s, const Slot *slot, int *ret)
{
        int max = s->max == 0 ? INT_MAX : (int)s->max;
        if (parse_int(slot->value, (int)s->min, max, ret) < 0)
                return bad_number(o, slot, s);
        return 0;
}

/* Memory and times: a quantity with a unit, and bounds written in the unit `suffix`. */
static int apply_quantity(Options *o, const Setting *s, const Slot *slot, uint64_t *ret)
{
        bool memory = s->type == SETTING_MEMORY;
        uint64_t unit = s->unit ? s->unit : memory ? 1 : UINT64_C(1000000), v;
        int r = memory ? parse_memory(slot->value, unit, &v) : parse_time(slot->value, unit, &v);
        if (r == -EINVAL)
                return problem(o, OPTIONS_E_CONFIG, "%s: \"%s\" is not %s", slot->where,
                               slot->value,
                               memory ? "an amount of memory (such as 512m or 4g)"
                                      : "a time (such as 30s or 5min)");
        uint64_t max = s->max == 0 ? INT64_MAX : (uint64_t)s->max;
        if (r == 0 && v >= (uint64_t)s->min && v <= max) {
                *ret = v;
                return 0;
        }
        char bound[OPTIONS_QUANTITY_MAX];
        bool small = r == 0 && v <= max;
        (void)options_quantity_text(s->type, small ? (uint64_t)s->min : max, bound);
        return problem(o, OPTIONS_E_CONFIG, "%s: \"%s\" is too %s (%s %s)", slot->where,
                       slot->value, small ? "small" : "large", small ? "at least" : "at most",
                       bound);
}

static int apply_string(Options *o, const Setting *s, const Slot *slot, char **ret)
{
        if (strlen(slot->value) < (size_t)s->min)
                return problem(o, OPTIONS_E_CONFIG, "%s: must not be empty", slot->where);
        if (s->accepts && !s->accepts(slot->value))
                return problem(o, OPTIONS_E_CONFIG, "%s: \"%s\" is not %s", slot->where,
                               slot->value, s->wanted);
        char *copy = strdup(slot->value);
        if (!copy)
                return -ENOMEM;
        free(*ret);
        *ret = copy;
        return 0;
}

static int apply_list(const Slot *slot, Strv *ret)
{
        strv_done(ret);
        return strv_split(ret, slot->value, ", \t");
}

static int apply(Options *o, const Setting *s, const Slot *slot, void *config)
{
        void *field = (char *)config + s->offset;
        switch (s->type) {
        case SETTING_STRING:
                return apply_string(o, s, slot, field);
        case SETTING_PORT:
                if (parse_port(slot->value, field) < 0)
                        return problem(o, OPTIONS_E_CONFIG, "%s: \"%s\" is not a port (0..65535)",
                                       slot->where, slot->value);
                return 0;
        case SETTING_INT:
                return apply_int(o, s, slot, field);
        case SETTING_BOOL:
                if (parse_bool(slot->value, field) < 0)
                        return problem(o, OPTIONS_E_CONFIG, "%s: \"%s\" is neither true nor false",
                                       slot->where, slot->value);
                return 0;
        case SETTING_MEMORY:
        case SETTING_TIME:
                return apply_quantity(o, s, slot, field);
        case SETTING_LIST:
                return apply_list(slot, field);
        }
        return 0;
}

/* The strongest of the setting's own slot and its properties; an older name only counts where the
 * newer one does not stand. NULL when only the default is left. */
static const Slot *strongest(const Loader *l, size_t index)
{
        const Setting *s = &l->spec->settings[index];
        const Slot *best = &l->slots[index];
        for (size_t i = 0; i < ARRAY_SIZE(s->properties) && s->properties[i]; i++) {
                Property *p;
                HASH_FIND_STR(l->options->properties, s->properties[i], p);
                if (p && p->slot.source > best->source)
                        best = &p->slot;
        }
        return best->source == SOURCE_NONE ? NULL : best;
}

static int apply_all(Loader *l, void *config)
{
        for (size_t i = 0; i < l->spec->n_settings; i++) {
                const Setting *s = &l->spec->settings[i];
                const Slot *slot = strongest(l, i);
                Slot fallback = { .value = (char *)s->fallback, .where = (char *)"default" };
                if (!slot && !s->fallback)
                        continue;
                int r = apply(l->options, s, slot ? slot : &fallback, config);
                if (r == OPTIONS_E_CONFIG && slot && slot->source == SOURCE_COMMAND_LINE)
                        return OPTIONS_E_USAGE;
                if (r != 0)
                        return r;
        }
        return 0;
}

static void loader_done(Loader *l)
{
        for (size_t i = 0; l->slots && i < l->spec->n_settings; i++)
                slot_done(&l->slots[i]);
        free(l->slots);
        free(l->config_file);
        free(l->properties_file);
}

int options_load(Options *o, const OptionsSpec *spec, int argc, char *argv[], void *config)
{
        CLEANUP(loader_done) Loader l = { .options = o, .spec = spec };
        o->spec = spec;
        o->argc = argc;
        o->argv = argv;
        l.slots = calloc(spec->n_settings + 1, sizeof(*l.slots));
        if (!l.slots)
                return -ENOMEM;
        int r = read_command_line(&l, argc, argv);
        if (r == 0)
                r = read_variables(&l);
        if (r == 0)
                r = read_java_options(&l, "SPARK_DAEMON_JAVA_OPTS", SOURCE_DAEMON_JAVA_OPTS);
        if (r == 0)
                r = read_java_options(&l, spec->opts_env, SOURCE_OPTS);
        if (r == 0)
                r = read_ini_file(&l);
        if (r == 0)
                r = read_properties_file(&l);
        if (r == 0)
                r = apply_all(&l, config);
        if (r == 0 && l.check_only)
                r = problem(o, OPTIONS_E_OUTPUT, "%s: the settings are right\n", spec->program);
        return r;
}

void options_config_done(const OptionsSpec *spec, void *config)
{
        for (size_t i = 0; i < spec->n_settings; i++) {
                void *field = (char *)config + spec->settings[i].offset;
                if (spec->settings[i].type == SETTING_STRING)
                        free(TAKE_PTR(*(char **)field));
                else if (spec->settings[i].type == SETTING_LIST)
                        strv_done(field);
        }
}

int options_report(const Options *o, const OptionsSpec *spec, int result)
{
        switch (result) {
        case 0:
                return EX_OK;
        case OPTIONS_E_OUTPUT:
                return fputs(o->text, stdout) < 0 || fflush(stdout) < 0 ? EX_IOERR : EX_OK;
        case OPTIONS_E_USAGE:
        case OPTIONS_E_CONFIG:
                (void)fprintf(stderr, "%s: %s\n", spec->program, o->text);
                return result == OPTIONS_E_USAGE ? EX_USAGE : EX_CONFIG;
        default:
                (void)fprintf(stderr, "%s: %s\n", spec->program, strerror(-result));
                return EX_OSERR;
        }
}
