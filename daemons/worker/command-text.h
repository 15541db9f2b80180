/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Commands as texts that people may see: the first line of an executor's stderr and the worker's
 * pages, with what looks like a secret blotted out (org.apache.spark.util.Utils.redact).
 */

#include <regex.h>
#include <stdbool.h>

#include "base/strv.h"
#include "wire/deploy.h"

/* Spark's newest default of spark.redaction.regex. */
#define REDACTION_DEFAULT "(?i)secret|password|token|access[.]?key|credential"

typedef struct Redaction {
        regex_t regex;
        bool ready;
} Redaction;

/* Java's patterns are taken as far as POSIX extended ones go, with (?i) in front. 0, -EINVAL for
 * one that does not compile, or -ENOMEM. */
int redaction_init(Redaction *r, const char *pattern);
void redaction_done(Redaction *r);

/* Must the value be hidden? Either name or value may give it away. */
bool redaction_hides(const Redaction *r, const char *key, const char *value);

/* "arg" "arg" ..., owned by the caller; NULL when out of memory. */
char *command_line_text(const Redaction *r, const Strv *argv);

/* As Scala prints a Command; owned by the caller; NULL when out of memory. */
char *command_text(const Redaction *r, const Command *command);
