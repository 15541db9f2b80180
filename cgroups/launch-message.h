/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the worker and spark-launcher say to each other. Pure: bytes to values and back.
 *
 * One connection to a SOCK_SEQPACKET socket carries one request and one reply, each one message of
 * "key=value" entries with a NUL byte after each. The order is free, but "sparkd-launch=1" is the
 * first. Every key of a verb's row must be there once and no other may be, but for those marked
 * '?', which may be left out, and '+', which may be repeated (its order counts).
 *
 *   verb=start   role id slice? user directory memory-max memory-high swap-max cpu-weight cpu-quota
 *                pids-max arg+        with three fds: the environment, stdout, stderr
 *   verb=stop    role id signal
 *   verb=forget  role id
 *   verb=slice   slice? memory-max cpu-quota
 *   verb=remove  user directory
 *
 * The environment comes as a sealed memfd of "name=value" entries with a NUL byte after each, and
 * not as keys, because a unit's properties can be read by every user of the host, and executors'
 * environments hold secrets (_SPARK_AUTH_SECRET).
 *
 * The reply is "result=ok" with "pid" after a start, or "result=refused" (the request is not one
 * that is carried out) or "result=failed" (it could not be), each with "text".
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/strv.h"
#include "cgroups/limits.h"

#define LAUNCH_SOCKET "/run/spark/launcher"
#define LAUNCH_FDS    3 /* of a start: the environment, stdout, stderr */

/* Names of units: UNIT_PREFIX ROLE "-" ID ".service" in "spark-executors.slice", or in
 * "spark-executors_NAME.slice" beside it (a dash would put that below it, under its ceiling). */
#define LAUNCH_UNIT_PREFIX "spark-"
#define LAUNCH_SLICE_NAME  "spark-executors"

#define LAUNCH_ID_MAX    200 /* a unit's name has at most 255 bytes */
#define LAUNCH_SLICE_MAX 32

typedef enum LaunchVerb {
        LAUNCH_START,
        LAUNCH_STOP,   /* send a signal: to the main process, SIGKILL to all */
        LAUNCH_FORGET, /* end what is left of it, and let its unit go */
        LAUNCH_SLICE,  /* set the ceiling of all executors of a worker */
        LAUNCH_REMOVE, /* empty a directory of what its user's executors left there */
} LaunchVerb;

/* Strings are owned by the message; NULL where the verb has no such key. */
typedef struct LaunchMessage {
        LaunchVerb verb;
        char *role; /* "executor" or "driver" */
        char *id;
        char *slice; /* NULL: "spark-executors.slice" itself */
        char *user;
        char *directory;
        Strv argv;
        int signal;
        Limits limits; /* START: all but the parts of the sum. SLICE: memory_max, cpu_quota_usec */
} LaunchMessage;

#define CLEANUP_LAUNCH_MESSAGE CLEANUP(launch_message_done)
void launch_message_done(LaunchMessage *m);

enum {
        LAUNCH_E_REFUSED = 1,
};

/* Makes the sentence part that goes with LAUNCH_E_REFUSED, and returns that. Owned by the caller;
 * NULL when out of memory. */
int launch_refuse(char **ret_problem, const char *format, ...) PRINTF_LIKE(2, 3);

/* Takes a request apart, to the letter. 0; LAUNCH_E_REFUSED with a sentence part (owned by the
 * caller, NULL when out of memory); or -ENOMEM. On 0 ids, roles, slices, signals and numbers are of
 * their patterns and within bounds, argv has an absolute argv[0], directory is absolute; whether
 * user, program and directory may be used is for the launcher to say. */
int launch_message_parse(const void *data, size_t size, LaunchMessage *ret, char **ret_problem);

/* The bytes of a request. 0, or -ENOMEM / -EMSGSIZE. Checks nothing: that is the other side's. */
int launch_message_write(const LaunchMessage *m, Buffer *out);

/* The unit's name, "spark-executor-ID.service"; "spark-executors_NAME.slice". Owned by the caller;
 * NULL when out of memory. */
char *launch_unit_name(const char *role, const char *id);
char *launch_slice_name(const char *slice);

/* ---- replies ---- */

typedef enum LaunchResult {
        LAUNCH_OK,
        LAUNCH_REFUSED,
        LAUNCH_FAILED,
} LaunchResult;

typedef struct LaunchReply {
        LaunchResult result;
        pid_t pid;  /* OK after a start, else 0 */
        char *text; /* REFUSED, FAILED; owned */
} LaunchReply;

void launch_reply_done(LaunchReply *r);
int launch_reply_write(LaunchResult result, pid_t pid, const char *text, Buffer *out);
/* 0, -EBADMSG or -ENOMEM. */
int launch_reply_parse(const void *data, size_t size, LaunchReply *ret);
