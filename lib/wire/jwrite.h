/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Writes a tree as a Java object stream: magic, version, the object. A node met again is written
 * as a back reference. The inverse of jread().
 */

#include "base/buffer.h"
#include "wire/jvalue.h"

/* Appends to `out`, nothing on failure. 0, -ENOMEM, -EMSGSIZE, -ELOOP when deeper than
 * LIMIT_JAVA_DEPTH, or -EINVAL for a block that is no part of an annotation. */
int jwrite(const JValue *root, Buffer *out);
