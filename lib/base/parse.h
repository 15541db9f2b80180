/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Text to values, strictly: the whole string must be the value. All return 0 or -EINVAL / -ERANGE
 * and leave *ret untouched on failure.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

int parse_int64(const char *s, int64_t min, int64_t max, int64_t *ret);
int parse_int(const char *s, int min, int max, int *ret);
int parse_port(const char *s, uint16_t *ret); /* 0..65535; 0 asks for any free port */
int parse_bool(const char *s, bool *ret);     /* true/false, yes/no, on/off, 1/0 */

/* Spark memory strings: "512m", "1g", "1024" (plain = default_unit bytes each); suffixes b k m g t
 * p, also kb mb ..., any case, 1024-based (Spark's JavaUtils.byteStringAs). Result in bytes. */
int parse_memory(const char *s, uint64_t default_unit, uint64_t *ret);

/* Spark times: "10s", "100ms", "5min", "2m", "1h", "1d", "us", plain number = default_unit_usec
 * (Spark's JavaUtils.timeStringAs). Result in microseconds. */
int parse_time(const char *s, uint64_t default_unit_usec, uint64_t *ret);

/* A number with a fraction, "2.5", in thousandths, of which further digits are dropped; no sign and
 * no exponent. -ERANGE above `max` thousandths. */
int parse_thousandths(const char *s, uint64_t max, uint64_t *ret);
