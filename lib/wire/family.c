/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines and families over the generated class tables.
 */
#include "wire/family.h"

#include <stdio.h>
#include <string.h>

typedef struct KnownClass {
        LineSet lines; /* that have the class in this shape */
        size_t length; /* of the name */
        ClassInfo info;
} KnownClass;

/* Sorted by the name's length, then by name; a class that has several shapes has several entries in
 * a row. */
#include "wire/family-tables.inc"

static const struct {
        const char *name, *version, *scala;
        Family family;
} lines[LINE_MAX] = {
        [LINE_3_4] = { "3.4", "3.4", "2.12", FAMILY_A },
        [LINE_3_5] = { "3.5", "3.5", "2.12", FAMILY_A },
        [LINE_3_5_SCALA_2_13] = { "3.5 (Scala 2.13)", "3.5", "2.13", FAMILY_B0 },
        [LINE_4_0] = { "4.0", "4.0", "2.13", FAMILY_B1 },
        [LINE_4_1] = { "4.1", "4.1", "2.13", FAMILY_B2 },
        [LINE_4_2] = { "4.2", "4.2", "2.13", FAMILY_B2 },
        [LINE_4_3] = { "4.3", "4.3", "2.13", FAMILY_B3 },
};

static const char *const family_names[FAMILY_MAX] = { "A", "B0", "B1", "B2", "B3" };

static bool line_valid(Line line)
{
        return (int)line >= 0 && line < LINE_MAX;
}

/* The first entry of a class, or NULL. */
static const KnownClass *find_class(const char *name)
{
        size_t low = 0, high = ARRAY_SIZE(known_classes), length = strlen(name);
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                const KnownClass *c = &known_classes[middle];
                if (c->length < length ||
                    (c->length == length && memcmp(c->info.name, name, length) < 0))
                        low = middle + 1;
                else
                        high = middle;
        }
        if (low == ARRAY_SIZE(known_classes) || strcmp(known_classes[low].info.name, name) != 0)
                return NULL;
        return &known_classes[low];
}

static const KnownClass *next_shape(const KnownClass *c)
{
        const KnownClass *next = c + 1;
        if (next == known_classes + ARRAY_SIZE(known_classes) ||
            strcmp(next->info.name, c->info.name) != 0)
                return NULL;
        return next;
}

/* The class as all the given lines have it, or NULL. */
static const ClassInfo *class_of_lines(LineSet set, const char *name)
{
        for (const KnownClass *c = find_class(name); c; c = next_shape(c))
                if ((set & ~c->lines) == 0)
                        return &c->info;
        return NULL;
}

const ClassInfo *family_class(Family family, const char *name)
{
        LineSet set = family_lines(family);
        return set ? class_of_lines(set, name) : NULL;
}

const ClassInfo *line_class(Line line, const char *name)
{
        return line_valid(line) ? class_of_lines(LINE_BIT(line), name) : NULL;
}

LineSet lines_with_suid(const char *name, int64_t suid)
{
        LineSet set = 0;
        for (const KnownClass *c = find_class(name); c; c = next_shape(c))
                if (c->info.suid == suid)
                        set |= c->lines;
        return set;
}

/* SparkException is no part of any message: it only tells lines of a family apart. A patch release
 * may change it without a reason to refuse that release. */
static bool is_hint_only(const char *name)
{
        return strcmp(name, "org.apache.spark.SparkException") == 0;
}

LineSet lines_of_class(const char *name, int64_t suid)
{
        LineSet set = lines_with_suid(name, suid);
        return set || (find_class(name) && !is_hint_only(name)) ? set : LINES_ALL;
}

const char *known_class_name(const char *name)
{
        const KnownClass *c = find_class(name);
        return c ? c->info.name : NULL;
}

Family line_family(Line line)
{
        return line_valid(line) ? lines[line].family : FAMILY_MAX;
}

bool line_is_scala_2_12(Line line)
{
        return line_valid(line) && lines[line].family == FAMILY_A;
}

const char *line_name(Line line)
{
        return line_valid(line) ? lines[line].name : "unknown";
}

LineSet family_lines(Family family)
{
        LineSet set = 0;
        for (int line = 0; line < LINE_MAX; line++)
                if (lines[line].family == family)
                        set |= LINE_BIT(line);
        return set;
}

const char *family_name(Family family)
{
        return (int)family >= 0 && family < FAMILY_MAX ? family_names[family] : "unknown";
}

Line lines_newest(LineSet set)
{
        for (int line = LINE_MAX - 1; line >= 0; line--)
                if (set & LINE_BIT(line))
                        return line;
        return LINE_INVALID;
}

bool lines_one_family(LineSet set, Family *ret_family)
{
        set &= LINES_ALL;
        if (!set)
                return false;
        Family family = line_family(lines_newest(set));
        if (set & ~family_lines(family))
                return false;
        *ret_family = family;
        return true;
}

/* "3.5" is the minor release of "3.5", "3.5.9" and "3.5-SNAPSHOT", not of "3.50". */
static bool version_is_of(const char *version, const char *minor)
{
        size_t n = strlen(minor);
        return strncmp(version, minor, n) == 0 && !(version[n] >= '0' && version[n] <= '9');
}

Line line_from_version(const char *version, const char *scala)
{
        for (int line = 0; line < LINE_MAX; line++)
                if (version_is_of(version, lines[line].version) &&
                    (!scala || version_is_of(scala, lines[line].scala)))
                        return line;
        return LINE_INVALID;
}

const char *lines_text(LineSet set, char buffer[static LINES_TEXT_MAX])
{
        size_t used = 0;
        buffer[0] = '\0';
        for (int line = 0; line < LINE_MAX; line++)
                if (set & LINE_BIT(line))
                        used += (size_t)snprintf(buffer + used, LINES_TEXT_MAX - used, "%s%s",
                                                 used ? ", " : "", lines[line].name);
        return buffer;
}
