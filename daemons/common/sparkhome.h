/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Engines: the Spark distributions on this host that executors can be started from. What a
 * distribution is, is read off the name of its jars/spark-core_SCALA-VERSION.jar.
 */

#include <stddef.h>

#include "base/macro.h"
#include "wire/family.h"

typedef struct Engine {
        char *home;    /* absolute when the given directory was; owned, as are the others */
        char *version; /* "3.5.9" */
        char *scala;   /* "2.12" */
        Line line;     /* LINE_INVALID for a release that is not served */
} Engine;

typedef struct Engines {
        Engine *items; /* owned; newest first */
        size_t length;
} Engines;

#define CLEANUP_ENGINES CLEANUP(engines_done)
void engines_done(Engines *e);

enum {
        ENGINE_E_NONE = 1, /* the directory is no Spark home: it has no jars/spark-core_*.jar */
        ENGINE_E_MANY,     /* it has more than one of them */
};

/* Adds the distribution in `home`. 0, ENGINE_E_*, or -errno. */
int engines_add_home(Engines *e, const char *home);

/* Adds every Spark home directly below `dir`, whatever its name; what is none, or is a link to one
 * of the others, is passed over. 0 or -errno (for instance -ENOENT when there is no `dir`). */
int engines_scan(Engines *e, const char *dir);

/* The lines for which there is an engine. */
LineSet engines_lines(const Engines *e);

/* The engine for an application of one of `lines`: the release `version` itself when it is there
 * (NULL: not known), else the newest release of the newest of these lines, else NULL. Borrowed. */
const Engine *engine_choose(const Engines *e, LineSet lines, const char *version);

/* Below, equal to or above 0 as `a` is older than, the same as or newer than `b`: "3.5.9" is older
 * than "3.5.10", and "4.0.0-preview2" than "4.0.0". */
int version_compare(const char *a, const char *b);
