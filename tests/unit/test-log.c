/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define SD_JOURNAL_SUPPRESS_LOCATION 1
#include <systemd/sd-journal.h>

#include "base/buffer.h"
#include "tests/unit/unit.h"

static void write_line(void *user, int level, const LogFields *fields, const char *text)
{
        buffer_printf(user, "%d %s %s|", level, fields->app_id ? fields->app_id : "-", text);
}

START_TEST(the_level_decides)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        log_set_sink(write_line, &b);
        ck_assert_int_eq(log_level(), LOG_INFO);
        log_debug("no");
        log_info("worker %d", 1);
        log_set_level(LOG_WARNING);
        log_notice("no");
        log_warning("w");
        log_with_fields(LOG_ERR, &(LogFields){ .app_id = "app-1" }, "e");
        log_set_level(LOG_DEBUG);
        log_debug("d");
        log_set_level(LOG_INFO);
        log_set_sink(NULL, NULL);
        CLEANUP_FREE char *got = buffer_take_text(&b);
        ck_assert_str_eq(got, "6 - worker 1|4 - w|3 app-1 e|7 - d|");
}
END_TEST

START_TEST(levels_have_names)
{
        ck_assert_int_eq(log_level_from_name("debug"), LOG_DEBUG);
        ck_assert_int_eq(log_level_from_name("info"), LOG_INFO);
        ck_assert_int_eq(log_level_from_name("notice"), LOG_NOTICE);
        ck_assert_int_eq(log_level_from_name("warning"), LOG_WARNING);
        ck_assert_int_eq(log_level_from_name("error"), LOG_ERR);
        ck_assert_int_eq(log_level_from_name("INFO"), -EINVAL);
        ck_assert_int_eq(log_level_from_name(""), -EINVAL);
}
END_TEST

START_TEST(a_line_is_one_line_and_errno_stays)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        log_set_sink(write_line, &b);
        errno = EXDEV;
        log_info("app \"%s\"", "a\nERROR\x1b[2J\tb\x7f");
        ck_assert_int_eq(errno, EXDEV);
        CLEANUP_FREE char *long_text = calloc(1, 10000);
        memset(long_text, 'x', 9999);
        log_info("%s", long_text);
        log_set_sink(NULL, NULL);
        ck_assert_uint_lt(b.size, 5000);
        ck_assert_mem_eq(b.data, "6 - app \"a ERROR [2J b \"|6 - xxx", 31);
}
END_TEST

/* What log calls write to stderr while it is a file. */
static char *stderr_of(void (*call)(void))
{
        CLEANUP_UNIT_DIR UnitDir d = unit_dir();
        CLEANUP_FREE char *path = path_join(d.path, "stderr");
        CLEANUP_CLOSE int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
        CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        ck_assert_int_ge(saved, 0);
        ck_assert_int_ge(dup2(fd, STDERR_FILENO), 0);
        call();
        ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
        char *text;
        ck_assert_int_eq(file_read(path, 10000, &text, NULL), 0);
        return text;
}

static void log_two(void)
{
        log_warning("first");
        log_with_fields(LOG_ERR, &(LogFields){ .worker_id = "w" }, "second");
}

/* "2026-11-21 10:00:00.123 " */
static bool is_stamp(const char *s)
{
        static const char shape[] = "dddd-dd-dd dd:dd:dd.ddd ";
        for (size_t i = 0; shape[i]; i++)
                if (shape[i] == 'd' ? s[i] < '0' || s[i] > '9' : s[i] != shape[i])
                        return false;
        return true;
}

START_TEST(stderr_gets_time_and_level)
{
        (void)unsetenv("JOURNAL_STREAM");
        CLEANUP_FREE char *text = stderr_of(log_two);
        ck_assert(is_stamp(text));
        const char *second = strchr(text, '\n') + 1;
        ck_assert_int_eq(strncmp(text + 24, "WARNING first\n", 14), 0);
        ck_assert(is_stamp(second));
        ck_assert_str_eq(second + 24, "ERROR second\n");
}
END_TEST

/* Stands in for libsystemd's: what the journal would have got. */
static Buffer journal;

int sd_journal_sendv(const struct iovec *iov, int n)
{
        for (int i = 0; i < n; i++) {
                buffer_put(&journal, iov[i].iov_base, iov[i].iov_len);
                buffer_put_text(&journal, "|");
        }
        return 0;
}

static void log_to_our_journal(void)
{
        struct stat st;
        char stream[64];
        ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
        (void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
                       (uintmax_t)st.st_ino);
        (void)setenv("JOURNAL_STREAM", stream, 1);
        log_notice("plain");
        log_with_fields(LOG_ERR,
                        &(LogFields){ .app_id = "app-1",
                                      .executor_id = "3",
                                      .worker_id = "w",
                                      .driver_id = "",
                                      .message_id = "0123456789abcdef0123456789abcdef" },
                        "with %s", "fields");
        (void)unsetenv("JOURNAL_STREAM");
}

START_TEST(the_journal_gets_fields)
{
        CLEANUP_FREE char *text = stderr_of(log_to_our_journal);
        ck_assert_str_eq(text, "");
        CLEANUP_FREE char *got = buffer_take_text(&journal);
        ck_assert_str_eq(got, "MESSAGE=plain|PRIORITY=5|"
                              "MESSAGE=with fields|PRIORITY=3|SPARK_APP_ID=app-1|"
                              "SPARK_EXECUTOR_ID=3|SPARK_WORKER_ID=w|"
                              "MESSAGE_ID=0123456789abcdef0123456789abcdef|");
}
END_TEST

START_TEST(a_stale_journal_stream_means_stderr)
{
        (void)setenv("JOURNAL_STREAM", "1:1", 1);
        CLEANUP_FREE char *text = stderr_of(log_two);
        (void)unsetenv("JOURNAL_STREAM");
        ck_assert_ptr_nonnull(strstr(text, "WARNING first\n"));
}
END_TEST

START_TEST(a_flood_is_cut)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        LogRate rate = { 0 };
        unsigned written = 0;
        for (int i = 0; i < 100; i++)
                written += log_rate_ok(&rate, 5);
        ck_assert_uint_eq(written, 5);
        ck_assert_uint_eq(rate.suppressed, 95);
        /* as if ten seconds had gone by */
        rate.window_usec -= UINT64_C(10000000);
        log_set_sink(write_line, &b);
        ck_assert(log_rate_ok(&rate, 5));
        log_set_sink(NULL, NULL);
        ck_assert_uint_eq(rate.suppressed, 0);
        CLEANUP_FREE char *got = buffer_take_text(&b);
        ck_assert_str_eq(got, "4 - 95 more messages like the following one were left out.|");
}
END_TEST

UNIT_MAIN("log", the_level_decides, levels_have_names, a_line_is_one_line_and_errno_stays,
          stderr_gets_time_and_level, the_journal_gets_fields, a_stale_journal_stream_means_stderr,
          a_flood_is_cut)
