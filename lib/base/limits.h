/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Every bound that a peer, a file or a user can run into, in one place, with the reason for its
 * size. A bound that is hit costs the offender its own request or connection, nothing else.
 */

#include <stdint.h>

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)

/* ---- transport ---- */

/* One frame, length prefix included. Real deploy messages are under 100 KiB; the largest seen are
 * RegisterApplication with long class paths. Spark's own bound is 2 GiB - 1. */
#define LIMIT_FRAME_BYTES MIB(16)
/* Bytes queued towards one peer that does not read. */
#define LIMIT_OUTGOING_BYTES MIB(64)
/* Half-read frames and queued bytes of all peers together. */
#define LIMIT_BUFFERED_BYTES MIB(512)
/* Connections a daemon accepts: 10,000 workers, their executors' watchers, drivers, slack. */
#define LIMIT_CONNECTIONS 65536
/* Asks of ours that one peer may leave unanswered. */
#define LIMIT_PENDING_ASKS 4096
/* How long an ask of ours waits, as spark.rpc.askTimeout (microseconds). */
#define LIMIT_ASK_USEC (UINT64_C(120) * 1000000)
/* A peer that connected but never completed a frame is closed after this (microseconds). */
#define LIMIT_FIRST_FRAME_USEC (UINT64_C(120) * 1000000)
/* How long a connection that we close may take to read what is queued for it (microseconds). */
#define LIMIT_CLOSE_USEC (UINT64_C(10) * 1000000)
/* What one process of a daemon leaves to the next. */
#define LIMIT_HANDOVER_BYTES MIB(1024)

/* ---- Java object streams ---- */

#define LIMIT_JAVA_DEPTH        200     /* nesting of objects; a 2.12 enumeration needs about 25 */
#define LIMIT_JAVA_HANDLES      200000  /* objects, strings, class descriptors in one stream */
#define LIMIT_JAVA_STRING_BYTES MIB(4)  /* one string, encoded */
#define LIMIT_JAVA_ARRAY_LENGTH 1000000 /* elements of one array */
#define LIMIT_JAVA_FIELDS       512     /* fields of one class descriptor */
#define LIMIT_JAVA_CLASS_CHAIN  32      /* superclasses of one class */
#define LIMIT_JAVA_ANNOTATIONS  400000  /* contents in one writeObject annotation */
/* Memory one decoded message may take; a tree node costs about 64 bytes. */
#define LIMIT_MESSAGE_ARENA_BYTES MIB(128)

/* ---- deploy messages ---- */

#define LIMIT_SEQ_ITEMS           100000 /* strings or structs in one Seq or Map */
#define LIMIT_ID_BYTES            256    /* application, worker, driver, executor ids */
#define LIMIT_HOST_BYTES          255
#define LIMIT_ENDPOINT_NAME_BYTES 255
#define LIMIT_APPS                100000 /* applications the master keeps alive at once */
#define LIMIT_WORKERS             100000
#define LIMIT_URL_BYTES           4096 /* web UI addresses that are kept */
#define LIMIT_RESOURCES           256  /* custom resources of one worker, profile or driver */
#define LIMIT_ENGINES             64   /* Spark versions that one worker declares */
#define LIMIT_PER_CONNECTION      64   /* workers, applications that one connection registers */
/* What the master keeps of one application before it refuses further resource profiles. */
#define LIMIT_APP_BYTES        MIB(32)
#define LIMIT_PROFILES_PER_APP 1000    /* resource profiles of one application */
#define LIMIT_CORES            1000000 /* cores of one worker, cores.max of an application */

/* ---- configuration and command line ---- */

#define LIMIT_CONFIG_FILE_BYTES MIB(1)
#define LIMIT_CONFIG_LINE_BYTES KIB(64)
#define LIMIT_MASTERS           64 /* addresses in one spark:// URL */

/* ---- files ---- */

#define LIMIT_DIR_DEPTH 256 /* levels of a tree we remove; each holds an fd */

/* ---- HTTP ---- */

#define LIMIT_HTTP_CONNECTIONS  256
#define LIMIT_HTTP_BODY_BYTES   MIB(1)
#define LIMIT_HTTP_PARAMS       1000 /* of one request's query, of its form */
#define LIMIT_HTTP_IDLE_SECONDS 30
#define LIMIT_LOG_PAGE_BYTES    MIB(1)
/* The master's /json/ as spark-cluster reads it: about 1 KiB for a worker or an application. */
#define LIMIT_STATUS_BYTES MIB(256)

/* ---- worker ---- */

#define LIMIT_EXECUTORS       10000     /* running at once on one worker */
#define LIMIT_DRIVERS         1000      /* cluster-mode drivers at once on one worker */
#define LIMIT_JAR_BYTES       MIB(4096) /* a driver's jar that is fetched */
#define LIMIT_CLEANUP_ENTRIES 1000000   /* files looked at in one clean-up of old work */

/* ---- launcher ---- */

/* One request to spark-launcher, which is one datagram: below the kernel's default send buffer. */
#define LIMIT_LAUNCH_BYTES       KIB(128)
#define LIMIT_LAUNCH_ARGUMENTS   4096
#define LIMIT_LAUNCH_CONNECTIONS 64
#define LIMIT_LAUNCH_WAIT_USEC   (UINT64_C(10) * 1000000) /* for the request of a connection */
#define LIMIT_LAUNCH_ENV_BYTES   MIB(2)                   /* what execve() takes, about */

/* ---- mesh (netsetup) ---- */

/* Every host has a tunnel to every other, and the list of all of them travels at every change. */
#define LIMIT_MESH_MEMBERS 500
/* One request or list: a member takes 300 bytes of it, twice that with the longest names. */
#define LIMIT_MESH_BODY_BYTES     KIB(512)
#define LIMIT_MESH_NAME_BYTES     63  /* one label of the DNS */
#define LIMIT_MESH_ENDPOINT_BYTES 263 /* "[HOST]:PORT" with the longest name */
#define LIMIT_MESH_MASTER_BYTES   1024
#define LIMIT_MESH_ENDPOINTS      4   /* addresses of the join service in a token */
#define LIMIT_MESH_TOKENS         256 /* that were made and have not expired */
#define LIMIT_MESH_TOKEN_BYTES    KIB(2)
/* How long a token may be valid (seconds). */
#define LIMIT_MESH_TOKEN_SECONDS (UINT64_C(366) * 86400)
#define LIMIT_MESH_STATE_BYTES   MIB(1) /* one file of state */
/* Connecting to another host, and all of one exchange with it (milliseconds). */
#define LIMIT_MESH_CONNECT_MSEC  3000
#define LIMIT_MESH_EXCHANGE_MSEC 10000
