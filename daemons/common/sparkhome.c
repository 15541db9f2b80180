/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/common/sparkhome.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define JAR_PREFIX "spark-core_"
#define JAR_SUFFIX ".jar"

static void engine_done(Engine *e)
{
        free(e->home);
        free(e->version);
        free(e->scala);
        *e = (Engine){ 0 };
}

void engines_done(Engines *e)
{
        for (size_t i = 0; i < e->length; i++)
                engine_done(&e->items[i]);
        free(e->items);
        *e = (Engines){ 0 };
}

static void close_dir(DIR **dir)
{
        if (*dir)
                (void)closedir(*dir);
}

/* The digits at *s as their first significant one and their number; *s moves on to the rest. */
static size_t take_number(const char **s, const char **ret_digits)
{
        while (**s == '0')
                (*s)++;
        *ret_digits = *s;
        while (isdigit((unsigned char)**s))
                (*s)++;
        return (size_t)(*s - *ret_digits);
}

int version_compare(const char *a, const char *b)
{
        while (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
                const char *x, *y;
                size_t x_size = take_number(&a, &x), y_size = take_number(&b, &y);
                if (x_size != y_size)
                        return x_size < y_size ? -1 : 1;
                int r = strncmp(x, y, x_size);
                if (r != 0)
                        return r;
                if (*a != '.' || *b != '.')
                        break;
                a++, b++;
        }
        if (strcmp(a, b) == 0)
                return 0;
        /* "4.0.0" and "3.5.1.2" are newer than "4.0.0-preview2" and "3.5.1" */
        if (*a == '-' || *b == '-')
                return *a == '-' && *b == '-' ? strcmp(a, b) : *a == '-' ? -1 : 1;
        return strcmp(a, b);
}

/* "spark-core_2.12-3.5.9.jar" to version and Scala version. 1, 0 for another file, -ENOMEM. */
static int read_jar_name(const char *name, Engine *e)
{
        size_t size = strlen(name), prefix = strlen(JAR_PREFIX), suffix = strlen(JAR_SUFFIX);
        if (size <= prefix + suffix || strncmp(name, JAR_PREFIX, prefix) != 0 ||
            strcmp(name + size - suffix, JAR_SUFFIX) != 0)
                return 0;
        const char *scala = name + prefix, *dash = strchr(scala, '-');
        if (!dash || dash == scala || !isdigit((unsigned char)dash[1]))
                return 0;
        /* beside it in a build tree: -tests.jar, -sources.jar, -javadoc.jar */
        const char *end = name + size - suffix;
        CLEANUP_FREE char *version = strndup(dash + 1, (size_t)(end - dash - 1));
        if (!version)
                return -ENOMEM;
        const char *classifier = strrchr(version, '-');
        if (classifier &&
            (strcmp(classifier, "-tests") == 0 || strcmp(classifier, "-sources") == 0 ||
             strcmp(classifier, "-javadoc") == 0))
                return 0;
        e->scala = strndup(scala, (size_t)(dash - scala));
        if (!e->scala)
                return -ENOMEM;
        e->version = TAKE_PTR(version);
        return 1;
}

/* What the jars directory holds. 0, ENGINE_E_*, or -errno. */
static int read_jars(const char *jars, Engine *e)
{
        CLEANUP(close_dir) DIR *dir = opendir(jars);
        if (!dir)
                return errno == ENOENT || errno == ENOTDIR ? ENGINE_E_NONE : -errno;
        struct dirent *entry;
        while ((errno = 0, entry = readdir(dir))) {
                CLEANUP(engine_done) Engine found = { 0 };
                int r = read_jar_name(entry->d_name, &found);
                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                if (e->version)
                        return ENGINE_E_MANY;
                e->version = TAKE_PTR(found.version);
                e->scala = TAKE_PTR(found.scala);
        }
        if (errno != 0)
                return -errno;
        return e->version ? 0 : ENGINE_E_NONE;
}

/* Newest first; of two of one version the one that came first stays first. */
static int insert(Engines *e, Engine *new)
{
        Engine *items = reallocarray(e->items, e->length + 1, sizeof(*items));
        if (!items)
                return -ENOMEM;
        e->items = items;
        size_t i = e->length++;
        for (; i > 0 && version_compare(items[i - 1].version, new->version) < 0; i--)
                items[i] = items[i - 1];
        items[i] = *new;
        *new = (Engine){ 0 };
        return 0;
}

int engines_add_home(Engines *e, const char *home)
{
        CLEANUP(engine_done) Engine new = { .home = strdup(home) };
        CLEANUP_FREE char *jars = path_join(home, "jars");
        if (!new.home || !jars)
                return -ENOMEM;
        int r = read_jars(jars, &new);
        if (r != 0)
                return r;
        new.line = line_from_version(new.version, new.scala);
        return insert(e, &new);
}

/* Is this entry another name for one beside it, like spark-engine's `default`? An executor must not
 * be started by way of it: it can be changed while the executor runs. */
static bool names_sibling(DIR *d, const char *name)
{
        char target[PATH_MAX];
        const ssize_t n = readlinkat(dirfd(d), name, target, sizeof(target));
        return n > 0 && !memchr(target, '/', (size_t)n);
}

int engines_scan(Engines *e, const char *dir)
{
        CLEANUP(close_dir) DIR *d = opendir(dir);
        if (!d)
                return -errno;
        struct dirent *entry;
        while ((errno = 0, entry = readdir(d))) {
                if (entry->d_name[0] == '.' || names_sibling(d, entry->d_name))
                        continue;
                CLEANUP_FREE char *home = path_join(dir, entry->d_name);
                int r = home ? engines_add_home(e, home) : -ENOMEM;
                if (r < 0 && r != -EACCES)
                        return r;
        }
        return errno != 0 ? -errno : 0;
}

LineSet engines_lines(const Engines *e)
{
        LineSet lines = 0;
        for (size_t i = 0; i < e->length; i++)
                if (e->items[i].line != LINE_INVALID)
                        lines |= LINE_BIT(e->items[i].line);
        return lines;
}

const Engine *engine_choose(const Engines *e, LineSet lines, const char *version)
{
        const Engine *best = NULL;
        for (size_t i = 0; i < e->length; i++) {
                const Engine *engine = &e->items[i];
                if (engine->line == LINE_INVALID || !(lines & LINE_BIT(engine->line)))
                        continue;
                if (version && strcmp(engine->version, version) == 0)
                        return engine;
                /* they stand newest first, but two builds of 3.5 differ in line */
                if (!best || engine->line > best->line)
                        best = engine;
        }
        return best;
}
