/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Spark version families. Java serialization checks serialVersionUIDs, and Spark's deploy messages
 * do not declare theirs, so they follow the compiled classes: a *family* is a set of releases whose
 * message classes are equal. Its table (class -> UID, flags, superclass, fields in stream order) is
 * generated from the real jars by build-aux/family-tables and checked in.
 *
 * A *line* is a minor release of one Scala build: what an executor must share with its driver.
 * Several lines may share a family. What a peer has shown so far is a set of lines.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

typedef enum Family {
        FAMILY_A,  /* 3.4, 3.5 (Scala 2.12) */
        FAMILY_B0, /* 3.5 built for Scala 2.13 */
        FAMILY_B1, /* 4.0 */
        FAMILY_B2, /* 4.1, 4.2 */
        FAMILY_B3, /* 4.3 */
        FAMILY_MAX,
} Family;

typedef enum Line {
        LINE_3_4,
        LINE_3_5,
        LINE_3_5_SCALA_2_13,
        LINE_4_0,
        LINE_4_1,
        LINE_4_2,
        LINE_4_3,
        LINE_MAX,
        LINE_INVALID = -1,
} Line;

typedef uint32_t LineSet; /* bit 1 << Line */

#define LINE_BIT(line) ((LineSet)1 << (line))
#define LINES_ALL      (LINE_BIT(LINE_MAX) - 1)

typedef struct ClassField {
        char type; /* as JField.type */
        const char *name;
        const char *signature; /* "Ljava/lang/String;" for L and [, else NULL */
} ClassField;

typedef struct ClassInfo {
        const char *name;
        int64_t suid;
        uint8_t flags;
        uint8_t n_fields;
        const ClassField *fields;
        const char *super; /* nearest serializable superclass, or NULL */
} ClassInfo;

/* The class in a family's table, or NULL: no other class is ever written or acted on. */
const ClassInfo *family_class(Family family, const char *name);

/* The same for one line: has also the classes that differ within a family. */
const ClassInfo *line_class(Line line, const char *name);

/* A static copy of a class name that is in any table, or NULL. */
const char *known_class_name(const char *name);

/* The lines in whose table this class has this UID; LINES_ALL for a class in no table (it says
 * nothing); 0 for a known class with a UID of no served line. Uses also a class that only serves to
 * tell lines apart, org.apache.spark.SparkException, whose unknown UIDs say nothing. */
LineSet lines_of_class(const char *name, int64_t suid);

/* The lines whose class `name` has this UID, looking only at that class; 0 when none (used on what
 * a JVM says of its own classes, see probe.h). */
LineSet lines_with_suid(const char *name, int64_t suid);

Family line_family(Line line);
bool line_is_scala_2_12(Line line);
const char *line_name(Line line); /* "3.5", "3.5 (Scala 2.13)" */
LineSet family_lines(Family family);
const char *family_name(Family family); /* "A", "B0" ... */

/* The newest line of a set: the one to write in. LINE_INVALID for an empty set. */
Line lines_newest(LineSet lines);
/* True when all lines of the set share a family, which *ret_family gets. */
bool lines_one_family(LineSet lines, Family *ret_family);

/* The line of a release: version "3.5.9" and Scala binary version "2.12" / "2.13" (NULL: the
 * default build of that release). LINE_INVALID when not served. */
Line line_from_version(const char *version, const char *scala);

/* "3.4, 3.5, 4.0" for messages to users; buffer of LINES_TEXT_MAX; returns it. */
#define LINES_TEXT_MAX 128
const char *lines_text(LineSet lines, char buffer[static LINES_TEXT_MAX]);
