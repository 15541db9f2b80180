/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Deploy messages between bytes (a Java object stream) and structs. One table describes each
 * struct: Java class, fields, kinds. Decoding goes by class and field name and takes every form a
 * JVM of any served version writes; encoding writes the least form that the JVMs of one line
 * accept.
 */

#include "base/buffer.h"
#include "wire/deploy.h"
#include "wire/family.h"

typedef enum DecodeResult {
        DECODE_OK = 0,
        DECODE_E_STREAM = 1,    /* not a well-formed object stream, or over a bound */
        DECODE_E_UNKNOWN_CLASS, /* well-formed, but no message of ours */
        DECODE_E_FIELD,         /* a known message with a field of the wrong shape */
} DecodeResult;

typedef struct DecodeInfo {
        LineSet lines;             /* the lines that agree with every class UID in the stream */
        char problem[256];         /* a sentence part when the result is not 0 */
        char class_name[128];      /* of the top-level object, "" if none was read */
        const char *foreign_class; /* a known class with a UID of no served line, or NULL */
        int64_t foreign_suid;
} DecodeInfo;

/* Decodes one stream. 0, a positive DecodeResult, or -ENOMEM. *ret and *info are always set (ret
 * to MSG_NONE on failure); everything in *ret lives in `arena`. `foreign_class` is static or in
 * `arena`. */
int message_decode(Arena *arena, const void *data, size_t size, Message *ret, DecodeInfo *info);

/* Appends the stream for `m` as a JVM of `line` reads it. 0, -ENOMEM, -EMSGSIZE, -EINVAL for a
 * string that is not UTF-8, -EOPNOTSUPP for a message that line does not have. */
int message_encode(const Message *m, Line line, Buffer *out);
