/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The daemons' log: one plain sentence per event, with fields for the journal. Goes to the journal
 * natively when stderr is connected to it ($JOURNAL_STREAM), else to stderr as
 * "2026-11-21 10:00:00.123 INFO message". Library code below daemons/ does not log, with the
 * exception of lib/rpc and lib/http for a peer's misbehaviour (rate-limited).
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <syslog.h>

#include "base/macro.h"

/* Levels are syslog's LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG. */

/* Fields that go with an entry; NULL or empty ones are left out. */
typedef struct LogFields {
        const char *app_id;
        const char *executor_id;
        const char *worker_id;
        const char *driver_id;
        const char *message_id; /* 32 hex digits of a catalogued event */
} LogFields;

/* Lowest level that is written; LOG_INFO until set. */
void log_set_level(int level);
int log_level(void);

/* "debug", "info", "notice", "warning", "error"; -EINVAL for others. */
int log_level_from_name(const char *name);
/* Is it one of them? As a check of a setting. */
bool log_level_is_name(const char *name);

void log_with_fields(int level, const LogFields *fields, const char *format, ...) PRINTF_LIKE(3, 4);

#define log_full(level, ...) log_with_fields((level), NULL, __VA_ARGS__)
#define log_error(...)       log_full(LOG_ERR, __VA_ARGS__)
#define log_warning(...)     log_full(LOG_WARNING, __VA_ARGS__)
#define log_notice(...)      log_full(LOG_NOTICE, __VA_ARGS__)
#define log_info(...)        log_full(LOG_INFO, __VA_ARGS__)
#define log_debug(...)       log_full(LOG_DEBUG, __VA_ARGS__)

/* Where entries go instead, for tests; NULL restores the default. */
typedef void (*LogSink)(void *user, int level, const LogFields *fields, const char *text);
void log_set_sink(LogSink sink, void *user);

/* True at most `burst` times per 10 s for one static LogRate: guards a warning a peer can cause. */
typedef struct LogRate {
        uint64_t window_usec;
        unsigned count;
        unsigned suppressed;
} LogRate;
bool log_rate_ok(LogRate *rate, unsigned burst);
