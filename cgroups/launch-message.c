/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/launch-message.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/parse.h"
#include "base/problem.h"

#define FIRST_ENTRY "sparkd-launch=1"

typedef enum Key {
        KEY_VERB,
        KEY_ROLE,
        KEY_ID,
        KEY_SLICE,
        KEY_USER,
        KEY_DIRECTORY,
        KEY_SIGNAL,
        KEY_MEMORY_MAX,
        KEY_MEMORY_HIGH,
        KEY_SWAP_MAX,
        KEY_CPU_WEIGHT,
        KEY_CPU_QUOTA,
        KEY_PIDS_MAX,
        KEY_ARG,
        N_KEYS,
} Key;

static const char *const key_names[N_KEYS] = {
        [KEY_VERB] = "verb",
        [KEY_ROLE] = "role",
        [KEY_ID] = "id",
        [KEY_SLICE] = "slice",
        [KEY_USER] = "user",
        [KEY_DIRECTORY] = "directory",
        [KEY_SIGNAL] = "signal",
        [KEY_MEMORY_MAX] = "memory-max",
        [KEY_MEMORY_HIGH] = "memory-high",
        [KEY_SWAP_MAX] = "swap-max",
        [KEY_CPU_WEIGHT] = "cpu-weight",
        [KEY_CPU_QUOTA] = "cpu-quota",
        [KEY_PIDS_MAX] = "pids-max",
        [KEY_ARG] = "arg",
};

#define BIT(key)       (1U << (key))
#define UNIT_KEYS      (BIT(KEY_VERB) | BIT(KEY_ROLE) | BIT(KEY_ID))
#define DIRECTORY_KEYS (BIT(KEY_USER) | BIT(KEY_DIRECTORY))
#define LIMIT_KEYS                                                                                 \
        (BIT(KEY_MEMORY_MAX) | BIT(KEY_MEMORY_HIGH) | BIT(KEY_SWAP_MAX) | BIT(KEY_CPU_WEIGHT) |    \
         BIT(KEY_CPU_QUOTA) | BIT(KEY_PIDS_MAX))

static const struct {
        const char *name;
        unsigned required, optional;
} verbs[] = {
        [LAUNCH_START] = { "start", UNIT_KEYS | DIRECTORY_KEYS | LIMIT_KEYS | BIT(KEY_ARG),
                           BIT(KEY_SLICE) },
        [LAUNCH_STOP] = { "stop", UNIT_KEYS | BIT(KEY_SIGNAL), 0 },
        [LAUNCH_FORGET] = { "forget", UNIT_KEYS, 0 },
        [LAUNCH_SLICE] = { "slice", BIT(KEY_VERB) | BIT(KEY_MEMORY_MAX) | BIT(KEY_CPU_QUOTA),
                           BIT(KEY_SLICE) },
        [LAUNCH_REMOVE] = { "remove", BIT(KEY_VERB) | DIRECTORY_KEYS, 0 },
};

/* Numbers, and what they may be. */
static const struct {
        Key key;
        size_t offset; /* in Limits */
        uint64_t min, max;
        bool unlimited; /* "max" is one of them */
} numbers[] = {
        { KEY_MEMORY_MAX, offsetof(Limits, memory_max), MIB(8), UINT64_C(1) << 50, false },
        { KEY_MEMORY_HIGH, offsetof(Limits, memory_high), MIB(1), UINT64_C(1) << 50, true },
        { KEY_SWAP_MAX, offsetof(Limits, swap_max), 0, UINT64_C(1) << 50, false },
        { KEY_CPU_WEIGHT, offsetof(Limits, cpu_weight), 1, 10000, false },
        /* a hundredth of a CPU to a million of them */
        { KEY_CPU_QUOTA, offsetof(Limits, cpu_quota_usec), 10000, UINT64_C(1000000000000), true },
        { KEY_PIDS_MAX, offsetof(Limits, pids_max), 8, UINT64_C(1) << 22, false },
};

static const struct {
        int number;
        const char *name;
} signals[] = {
        { SIGTERM, "TERM" }, { SIGKILL, "KILL" }, { SIGINT, "INT" },
        { SIGHUP, "HUP" },   { SIGQUIT, "QUIT" }, /* a JVM's thread dump */
};

void launch_message_done(LaunchMessage *m)
{
        free(m->role);
        free(m->id);
        free(m->slice);
        free(m->user);
        free(m->directory);
        strv_done(&m->argv);
        *m = (LaunchMessage){ 0 };
}

int launch_refuse(char **ret_problem, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        (void)problem_vset(ret_problem, LAUNCH_E_REFUSED, format, args);
        va_end(args);
        return LAUNCH_E_REFUSED;
}

/* ---- patterns ---- */

static bool is_alnum(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* One or more of letters, digits and `others`, a letter or digit first. */
static bool is_word(const char *s, const char *others, size_t max)
{
        size_t n = strlen(s);

        if (n == 0 || n > max || !is_alnum(*s))
                return false;
        for (size_t i = 1; i < n; i++)
                if (!is_alnum(s[i]) && !strchr(others, s[i]))
                        return false;
        return true;
}

/* How many bytes the UTF-8 sequence that begins with `c` has; 0 when none begins so. */
static unsigned utf8_length(unsigned char c)
{
        return c < 0x80                ? 1
               : c >= 0xc2 && c < 0xe0 ? 2
               : c >= 0xe0 && c < 0xf0 ? 3
               : c >= 0xf0 && c < 0xf5 ? 4
                                       : 0;
}

/* D-Bus carries nothing else. Over-long forms, surrogates and what is beyond Unicode are refused.
 */
static bool is_utf8(const char *text)
{
        const unsigned char *s = (const unsigned char *)text;

        while (*s) {
                unsigned n = utf8_length(*s);

                if (n == 0)
                        return false;
                if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) ||
                    (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))
                        return false;
                for (unsigned i = 1; i < n; i++)
                        if ((s[i] & 0xc0) != 0x80)
                                return false;
                s += n;
        }
        return true;
}

/* Absolute, no empty component, none that is "." or "..", no control character. */
static bool is_clean_path(const char *path)
{
        const char *s = path;

        if (*s != '/' || strlen(path) >= 4096 || !is_utf8(path))
                return false;
        for (const char *c = path; *c; c++)
                if ((unsigned char)*c < 0x20 || *c == 0x7f)
                        return false;
        while (*s == '/') {
                size_t n = strcspn(++s, "/");

                if (n == 0 || (n == 1 && *s == '.') || (n == 2 && s[0] == '.' && s[1] == '.'))
                        return false;
                s += n;
        }
        return true;
}

/* ---- a request ---- */

static int take_verb(LaunchMessage *m, const char *value, char **ret_problem)
{
        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
                if (strcmp(value, verbs[i].name) == 0) {
                        m->verb = (LaunchVerb)i;
                        return 0;
                }
        return launch_refuse(ret_problem, "there is no such verb");
}

static int take_signal(LaunchMessage *m, const char *value, char **ret_problem)
{
        for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
                if (strcmp(value, signals[i].name) == 0) {
                        m->signal = signals[i].number;
                        return 0;
                }
        return launch_refuse(ret_problem, "this signal is not sent to executors");
}

/* Digits only, and no zero before others: one way to write each number. */
static int take_number(LaunchMessage *m, Key key, const char *value, char **ret_problem)
{
        size_t i = 0, n = strlen(value);
        int64_t number;
        uint64_t *field;

        while (numbers[i].key != key)
                i++;
        field = (uint64_t *)((char *)&m->limits + numbers[i].offset);
        if (numbers[i].unlimited && strcmp(value, "max") == 0) {
                *field = LIMITS_UNLIMITED;
                return 0;
        }
        if (n == 0 || strspn(value, "0123456789") != n || (*value == '0' && n > 1) ||
            parse_int64(value, 0, INT64_MAX, &number) < 0)
                return launch_refuse(ret_problem, "%s is not a number", key_names[key]);
        if ((uint64_t)number < numbers[i].min || (uint64_t)number > numbers[i].max)
                return launch_refuse(ret_problem, "%s is out of bounds", key_names[key]);
        *field = (uint64_t)number;
        return 0;
}

static int take_text(char **field, const char *value)
{
        *field = strdup(value);
        return *field ? 0 : -ENOMEM;
}

static int take_argument(LaunchMessage *m, const char *value, char **ret_problem)
{
        if (m->argv.length >= LIMIT_LAUNCH_ARGUMENTS)
                return launch_refuse(ret_problem, "there are too many arguments");
        if (!is_utf8(value))
                return launch_refuse(ret_problem, "an argument is not UTF-8");
        if (m->argv.length == 0 && !is_clean_path(value))
                return launch_refuse(ret_problem, "the program is not an absolute, plain path");
        return strv_add(&m->argv, value);
}

static int take(LaunchMessage *m, Key key, const char *value, char **ret_problem)
{
        switch (key) {
        case KEY_VERB:
                return take_verb(m, value, ret_problem);
        case KEY_ROLE:
                if (strcmp(value, "executor") != 0 && strcmp(value, "driver") != 0)
                        return launch_refuse(ret_problem, "there is no such role");
                return take_text(&m->role, value);
        case KEY_ID:
                if (!is_word(value, "_.:-", LAUNCH_ID_MAX))
                        return launch_refuse(ret_problem, "the id is not of the pattern");
                return take_text(&m->id, value);
        case KEY_SLICE: /* a dash would make it a slice below another */
                if (!is_word(value, "_", LAUNCH_SLICE_MAX))
                        return launch_refuse(ret_problem, "the slice is not of the pattern");
                return take_text(&m->slice, value);
        case KEY_USER:
                if (!is_word(value, "_-", 32))
                        return launch_refuse(ret_problem, "the user's name is not of the pattern");
                return take_text(&m->user, value);
        case KEY_DIRECTORY:
                if (!is_clean_path(value))
                        return launch_refuse(ret_problem,
                                             "the directory is not an absolute, plain path");
                return take_text(&m->directory, value);
        case KEY_SIGNAL:
                return take_signal(m, value, ret_problem);
        case KEY_ARG:
                return take_argument(m, value, ret_problem);
        default:
                return take_number(m, key, value, ret_problem);
        }
}

static Key key_of(const char *name, size_t size)
{
        Key key = 0;

        while (key < N_KEYS &&
               (strlen(key_names[key]) != size || memcmp(key_names[key], name, size) != 0))
                key++;
        return key;
}

/* All entries after the first one. */
static int take_entries(LaunchMessage *m, const char *data, size_t size, unsigned *ret_seen,
                        char **ret_problem)
{
        unsigned seen = 0;

        for (size_t at = 0; at < size; at += strlen(data + at) + 1) {
                const char *entry = data + at, *equals = strchr(entry, '=');
                Key key = equals ? key_of(entry, (size_t)(equals - entry)) : N_KEYS;
                int r;

                if (key == N_KEYS)
                        return launch_refuse(ret_problem, "it has an unknown key");
                if ((seen & BIT(key)) && key != KEY_ARG)
                        return launch_refuse(ret_problem, "it has %s twice", key_names[key]);
                seen |= BIT(key);
                r = take(m, key, equals + 1, ret_problem);
                if (r != 0)
                        return r;
        }
        *ret_seen = seen;
        return 0;
}

static int check_whole(const LaunchMessage *m, unsigned seen, char **ret_problem)
{
        unsigned required, optional;

        if (!(seen & BIT(KEY_VERB)))
                return launch_refuse(ret_problem, "it has no verb");
        required = verbs[m->verb].required;
        optional = verbs[m->verb].optional;
        for (Key key = 0; key < N_KEYS; key++) {
                if ((required & BIT(key)) && !(seen & BIT(key)))
                        return launch_refuse(ret_problem, "%s without %s", verbs[m->verb].name,
                                             key_names[key]);
                if ((seen & BIT(key)) && !((required | optional) & BIT(key)))
                        return launch_refuse(ret_problem, "%s takes no %s", verbs[m->verb].name,
                                             key_names[key]);
        }
        if (m->verb == LAUNCH_START && m->limits.memory_high != LIMITS_UNLIMITED &&
            m->limits.memory_high > m->limits.memory_max)
                return launch_refuse(ret_problem, "memory-high is above memory-max");
        return 0;
}

int launch_message_parse(const void *data, size_t size, LaunchMessage *ret, char **ret_problem)
{
        CLEANUP_LAUNCH_MESSAGE LaunchMessage m = { 0 };
        const size_t first = sizeof(FIRST_ENTRY);
        unsigned seen = 0;
        int r;

        if (size > LIMIT_LAUNCH_BYTES)
                return launch_refuse(ret_problem, "it is too long");
        if (size < first || memcmp(data, FIRST_ENTRY, first) != 0)
                return launch_refuse(ret_problem, "it does not begin with " FIRST_ENTRY);
        if (((const char *)data)[size - 1] != '\0')
                return launch_refuse(ret_problem, "its last entry is not complete");
        r = take_entries(&m, (const char *)data + first, size - first, &seen, ret_problem);
        if (r == 0)
                r = check_whole(&m, seen, ret_problem);
        if (r != 0)
                return r;
        *ret = m;
        m = (LaunchMessage){ 0 };
        return 0;
}

/* ---- writing ---- */

static void put(Buffer *out, const char *key, const char *value)
{
        buffer_printf(out, "%s=", key);
        buffer_put(out, value, strlen(value) + 1);
}

static void put_text(Buffer *out, Key key, const char *value)
{
        if (value)
                put(out, key_names[key], value);
}

static void put_number(Buffer *out, Key key, uint64_t value)
{
        char text[32] = "max";

        if (value != LIMITS_UNLIMITED)
                (void)snprintf(text, sizeof(text), "%" PRIu64, value);
        put(out, key_names[key], text);
}

int launch_message_write(const LaunchMessage *m, Buffer *out)
{
        const unsigned keys = verbs[m->verb].required;

        buffer_put(out, FIRST_ENTRY, sizeof(FIRST_ENTRY));
        put(out, "verb", verbs[m->verb].name);
        put_text(out, KEY_ROLE, m->role);
        put_text(out, KEY_ID, m->id);
        put_text(out, KEY_SLICE, m->slice);
        put_text(out, KEY_USER, m->user);
        put_text(out, KEY_DIRECTORY, m->directory);
        if (m->verb == LAUNCH_STOP)
                for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
                        if (signals[i].number == m->signal)
                                put(out, key_names[KEY_SIGNAL], signals[i].name);
        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
                if (keys & BIT(numbers[i].key))
                        put_number(
                                out, numbers[i].key,
                                *(const uint64_t *)((const char *)&m->limits + numbers[i].offset));
        for (size_t i = 0; i < m->argv.length; i++)
                put(out, key_names[KEY_ARG], m->argv.items[i]);
        return buffer_result(out);
}

char *launch_unit_name(const char *role, const char *id)
{
        char *name;

        return asprintf(&name, LAUNCH_UNIT_PREFIX "%s-%s.service", role, id) < 0 ? NULL : name;
}

char *launch_slice_name(const char *slice)
{
        char *name;

        return asprintf(&name, LAUNCH_SLICE_NAME "%s%s.slice", slice ? "_" : "",
                        slice ? slice : "") < 0
                       ? NULL
                       : name;
}

/* ---- replies ---- */

static const char *const results[] = {
        [LAUNCH_OK] = "ok",
        [LAUNCH_REFUSED] = "refused",
        [LAUNCH_FAILED] = "failed",
};

void launch_reply_done(LaunchReply *r)
{
        free(r->text);
        *r = (LaunchReply){ 0 };
}

int launch_reply_write(LaunchResult result, pid_t pid, const char *text, Buffer *out)
{
        char number[32];

        put(out, "result", results[result]);
        if (pid > 0) {
                (void)snprintf(number, sizeof(number), "%d", (int)pid);
                put(out, "pid", number);
        }
        if (text)
                put(out, "text", text);
        return buffer_result(out);
}

static int take_reply(LaunchReply *reply, const char *entry)
{
        const char *value = strchr(entry, '=');
        const size_t n = value ? (size_t)(value - entry) : 0;
        int pid = 0;

        if (!value)
                return -EBADMSG;
        value++;
        if (n == strlen("result") && memcmp(entry, "result", n) == 0) {
                for (size_t i = 0; i < ARRAY_SIZE(results); i++)
                        if (strcmp(value, results[i]) == 0) {
                                reply->result = (LaunchResult)i;
                                return 0;
                        }
        } else if (n == strlen("pid") && memcmp(entry, "pid", n) == 0) {
                if (parse_int(value, 1, INT32_MAX, &pid) == 0) {
                        reply->pid = pid;
                        return 0;
                }
        } else if (n == strlen("text") && memcmp(entry, "text", n) == 0 && !reply->text) {
                reply->text = strdup(value);
                return reply->text ? 0 : -ENOMEM;
        }
        return -EBADMSG;
}

int launch_reply_parse(const void *data, size_t size, LaunchReply *ret)
{
        CLEANUP(launch_reply_done) LaunchReply reply = { 0 };
        const char *text = data;
        int r = 0;

        if (size == 0 || text[size - 1] != '\0' || strncmp(text, "result=", strlen("result=")) != 0)
                return -EBADMSG;
        for (size_t at = 0; r == 0 && at < size; at += strlen(text + at) + 1)
                r = take_reply(&reply, text + at);
        if (r < 0)
                return r;
        *ret = reply;
        reply = (LaunchReply){ 0 };
        return 0;
}
