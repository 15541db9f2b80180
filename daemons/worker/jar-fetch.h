/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A driver's jar: where its URL says that it is, and how it comes into the driver's directory.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

typedef enum JarKind {
        JAR_LOCAL, /* local:/path is on every host: nothing to fetch */
        JAR_FILE,  /* file:/path, or a mere path: copied */
        JAR_WEB,   /* http, https, ftp */
} JarKind;

typedef struct JarSource {
        JarKind kind;
        char *from; /* a path, or the URL */
        char *path; /* where the driver finds it */
} JarSource;

#define CLEANUP_JAR_SOURCE CLEANUP(jar_source_done)
void jar_source_done(JarSource *s);

/* Pure. 0, or -EINVAL with a sentence in *ret_problem (owned by the caller) for a URL that cannot
 * be served, or -ENOMEM. `dir` is the driver's directory. */
int jar_source_parse(const char *url, const char *dir, JarSource *ret, char **ret_problem);

/* Brings it to where the driver finds it, unless it is there; never leaves a part there. A server
 * may be silent for `timeout_usec`. Blocks, and loads libcurl: for a helper child
 * (daemons/common/helper.h). 0, or -errno with a sentence in *ret_problem (owned by the caller, may
 * be NULL). */
int jar_fetch(const JarSource *source, uint64_t timeout_usec, char **ret_problem);
