/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Which engine runs an application's executors, or a driver. Pure: executors must be of their
 * driver's release line, and its exact version is best.
 */

#include <stdbool.h>

#include "base/strv.h"
#include "daemons/common/sparkhome.h"
#include "wire/deploy.h"

/* What is known of an application before its driver was asked. */
typedef struct EngineWish {
        const char *exact; /* SPARKD_ENGINE: this version and no other; or NULL */
        LineSet lines;     /* that fit the driver; 0: none that is served */
} EngineWish;

/* From the command's environment (SPARKD_ENGINE, SPARKD_LINES) and what the master is: a JVM master
 * (sparkd false) has only applications of its own lines. */
EngineWish engine_wish(const Command *command, bool sparkd, LineSet master_lines);

/* Would the driver's exact version make a difference: could more than one engine serve? */
bool engine_wish_is_open(const EngineWish *wish, const Engines *engines);

/* The engine, or NULL when none fits. `version` is what the driver has said; NULL or "" if it has
 * not. Borrowed from `engines`. */
const Engine *engine_for(const EngineWish *wish, const char *version, const Engines *engines);

/* Why there is none: "no engine for Spark 3.5 here (there are 4.3.0, 4.0.2)". Owned by the caller;
 * NULL when out of memory. */
char *engine_missing_text(const EngineWish *wish, const char *version, const Engines *engines);

/* The names by which our own master is told of the engines: "3.5.9", "3.5.9/2.13" where the Scala
 * is not that release's usual one. Appends to `ret`. 0 or -ENOMEM. */
int engine_names(const Engines *engines, Strv *ret);
