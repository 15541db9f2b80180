/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

/* The place in our source says nothing to the reader of the journal. */
#define SD_JOURNAL_SUPPRESS_LOCATION 1
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include <systemd/sd-journal.h>

#define TEXT_MAX         4096 /* a longer sentence is cut */
#define FIELD_MAX        320  /* name and value of one field */
#define RATE_WINDOW_USEC (UINT64_C(10) * 1000000)

static int max_level = LOG_INFO;
static LogSink test_sink;
static void *test_sink_user;

void log_set_level(int level)
{
        max_level = level;
}

int log_level(void)
{
        return max_level;
}

int log_level_from_name(const char *name)
{
        static const struct {
                const char *name;
                int level;
        } names[] = {
                { "debug", LOG_DEBUG },     { "info", LOG_INFO }, { "notice", LOG_NOTICE },
                { "warning", LOG_WARNING }, { "error", LOG_ERR },
        };
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (strcmp(names[i].name, name) == 0)
                        return names[i].level;
        return -EINVAL;
}

bool log_level_is_name(const char *name)
{
        return log_level_from_name(name) >= 0;
}

void log_set_sink(LogSink sink, void *user)
{
        test_sink = sink;
        test_sink_user = user;
}

/* systemd.exec(5): $JOURNAL_STREAM is "device:inode" of the socket to the journal. It is inherited
 * by children whose stderr may have gone elsewhere, hence the comparison. */
static bool stderr_is_journal(void)
{
        const char *stream = getenv("JOURNAL_STREAM");
        struct stat st;
        char ours[64];
        if (!stream || fstat(STDERR_FILENO, &st) < 0)
                return false;
        (void)snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
        return strcmp(stream, ours) == 0;
}

static int log_to_journal(int level, const LogFields *fields, const char *text)
{
        const struct {
                const char *name, *value;
        } extra[] = {
                { "SPARK_APP_ID", fields->app_id },
                { "SPARK_EXECUTOR_ID", fields->executor_id },
                { "SPARK_WORKER_ID", fields->worker_id },
                { "SPARK_DRIVER_ID", fields->driver_id },
                { "MESSAGE_ID", fields->message_id },
        };
        char message[TEXT_MAX + sizeof("MESSAGE=")], priority[sizeof("PRIORITY=0")];
        char values[ARRAY_SIZE(extra)][FIELD_MAX];
        struct iovec iov[2 + ARRAY_SIZE(extra)];
        int n = 0;

        (void)snprintf(message, sizeof(message), "MESSAGE=%s", text);
        (void)snprintf(priority, sizeof(priority), "PRIORITY=%d", level & 7);
        iov[n++] = (struct iovec){ message, strlen(message) };
        iov[n++] = (struct iovec){ priority, strlen(priority) };
        for (size_t i = 0; i < ARRAY_SIZE(extra); i++) {
                if (!extra[i].value || !*extra[i].value)
                        continue;
                (void)snprintf(values[i], FIELD_MAX, "%s=%s", extra[i].name, extra[i].value);
                iov[n++] = (struct iovec){ values[i], strlen(values[i]) };
        }
        return sd_journal_sendv(iov, n);
}

static void log_to_stderr(int level, const char *text)
{
        static const char *const names[] = {
                [LOG_EMERG] = "ERROR", [LOG_ALERT] = "ERROR",     [LOG_CRIT] = "ERROR",
                [LOG_ERR] = "ERROR",   [LOG_WARNING] = "WARNING", [LOG_NOTICE] = "NOTICE",
                [LOG_INFO] = "INFO",   [LOG_DEBUG] = "DEBUG",
        };
        struct timespec now;
        struct tm tm;
        char stamp[32];
        (void)clock_gettime(CLOCK_REALTIME, &now);
        if (!localtime_r(&now.tv_sec, &tm) || strftime(stamp, sizeof(stamp), "%F %T", &tm) == 0)
                stamp[0] = '\0';
        /* one write(2), so that lines of several processes do not mix */
        (void)dprintf(STDERR_FILENO, "%s.%03ld %s %s\n", stamp, now.tv_nsec / 1000000,
                      names[level & 7], text);
}

void log_with_fields(int level, const LogFields *fields, const char *format, ...)
{
        static const LogFields none;
        if (level > max_level)
                return;
        int saved_errno = errno; /* a log line between a failure and its use must not disturb */
        char text[TEXT_MAX];
        va_list args;
        va_start(args, format);
        (void)vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        /* a name that a peer chose must not forge a line of its own */
        for (char *p = text; *p; p++)
                if ((unsigned char)*p < ' ' || *p == 0x7f)
                        *p = ' ';
        if (!fields)
                fields = &none;
        if (test_sink)
                test_sink(test_sink_user, level, fields, text);
        else if (!stderr_is_journal() || log_to_journal(level, fields, text) < 0)
                log_to_stderr(level, text);
        errno = saved_errno;
}

bool log_rate_ok(LogRate *rate, unsigned burst)
{
        struct timespec now;
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        uint64_t usec = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
        if (rate->window_usec == 0 || usec - rate->window_usec >= RATE_WINDOW_USEC) {
                unsigned suppressed = rate->suppressed;
                *rate = (LogRate){ .window_usec = usec };
                if (suppressed > 0)
                        log_warning("%u more messages like the following one were left out.",
                                    suppressed);
        }
        if (rate->count >= burst) {
                rate->suppressed++;
                return false;
        }
        rate->count++;
        return true;
}
