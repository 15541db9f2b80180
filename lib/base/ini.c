/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inih takes lines from a reader of ours, which knows the line number, judges each line before
 * inih sees it, and takes leading blanks away (inih would read an indented line as a further value
 * of the key before, whatever "=" it has).
 */
#include "base/ini.h"

#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/problem.h"
#include "base/strv.h"

#define SECTION_MAX 49 /* inih's MAX_SECTION without the NUL */

typedef struct Reader {
        const char *file;
        const char *text;
        size_t size, position;
        unsigned line; /* the one handed out last */
        IniHandler handler;
        void *user;
        int result; /* the first failure ends everything */
} Reader;

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* What inih would pass over in silence. The line has no leading blanks. */
static int check_line(const char *s, size_t size)
{
        if (memchr(s, 0, size))
                return -EINVAL;
        if (size == 0 || *s == ';' || *s == '#')
                return 0;
        if (*s == '=' || *s == ':')
                return -EINVAL;
        if (*s != '[')
                return 0;
        const char *end = memchr(s, ']', size);
        if (!end || end - s - 1 > SECTION_MAX)
                return -EINVAL;
        const char *rest = end + 1;
        while (rest < s + size && is_blank(*rest))
                rest++;
        return rest == s + size || *rest == ';' || *rest == '#' ? 0 : -EINVAL;
}

/* An ini_reader: one line into `to`, NULL at the end or on failure. */
static char *next_line(char *to, int room, void *user)
{
        Reader *r = user;
        if (r->result < 0 || r->position >= r->size)
                return NULL;
        const char *s = r->text + r->position;
        const char *end = memchr(s, '\n', r->size - r->position);
        size_t size = end ? (size_t)(end - s) : r->size - r->position;
        r->position += size + (end ? 1 : 0);
        r->line++;
        if (r->line == 1 && size >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0)
                s += 3, size -= 3;
        while (size > 0 && is_blank(*s))
                s++, size--;
        if (size > LIMIT_CONFIG_LINE_BYTES || room < 0 || size + 2 > (size_t)room)
                r->result = -E2BIG;
        else
                r->result = check_line(s, size);
        if (r->result < 0)
                return NULL;
        char *p = mempcpy(to, s, size);
        memcpy(p, "\n", 2);
        return to;
}

/* An ini_handler: nonzero is success. */
static int take_entry(void *user, const char *section, const char *key, const char *value)
{
        Reader *r = user;
        r->result = *key ? r->handler(r->user, r->file, r->line, section, key, value) : -EINVAL;
        return r->result >= 0;
}

int ini_read_text(const char *file, const char *text, size_t size, IniHandler handler, void *user,
                  unsigned *ret_line)
{
        Reader reader = {
                .file = file, .text = text, .size = size, .handler = handler, .user = user
        };
        /* Debian's inih can be told at run time not to keep lines in 200 bytes of stack. */
        ini_use_stack = false;
        ini_allow_bom = false; /* next_line() has seen to it, and blanks before one are no key */
        ini_initial_alloc = ini_max_line = (int)LIMIT_CONFIG_LINE_BYTES + 2;
        int bad_line = ini_parse_stream(next_line, &reader, take_entry, &reader);
        if (bad_line == -2)
                return -ENOMEM;
        /* of a line without "=" only inih tells us, and it goes on to the lines after it */
        bool ours = reader.result < 0 && (bad_line == 0 || (unsigned)bad_line >= reader.line);
        int r = ours ? reader.result : bad_line != 0 ? -EINVAL : 0;
        if (r < 0 && ret_line)
                *ret_line = ours ? reader.line : (unsigned)bad_line;
        return r;
}

static int read_one(const char *file, IniHandler handler, void *user, char **ret_problem)
{
        CLEANUP_FREE char *text = NULL;
        size_t size;
        unsigned line = 0;
        int r = file_read(file, LIMIT_CONFIG_FILE_BYTES, &text, &size);
        if (r >= 0)
                r = ini_read_text(file, text, size, handler, user, &line);
        if (r >= 0)
                return r;
        const char *what = r == -EINVAL && line > 0 ? "neither [section] nor key = value"
                           : r == -E2BIG            ? "the line is too long"
                                                    : strerror(-r);
        char *problem = NULL;
        int n = line > 0 ? asprintf(&problem, "%s:%u: %s", file, line, what)
                         : asprintf(&problem, "%s: %s", file, what);
        *ret_problem = n < 0 ? NULL : problem;
        return r;
}

static int is_drop_in(const struct dirent *entry)
{
        size_t size = strlen(entry->d_name);
        return entry->d_name[0] != '.' && size > 5 &&
               strcmp(entry->d_name + size - 5, ".conf") == 0;
}

/* Not alphasort(): the order must not follow the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
        return strcmp((*a)->d_name, (*b)->d_name);
}

/* The paths of FILE.d/ *.conf in order; none when there is no such directory. */
static int list_drop_ins(const char *file, Strv *paths)
{
        CLEANUP_FREE char *dir = NULL;
        struct dirent **entries;
        if (asprintf(&dir, "%s.d", file) < 0) {
                dir = NULL;
                return -ENOMEM;
        }
        int n = scandir(dir, &entries, is_drop_in, by_name), r = 0;
        if (n < 0)
                return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
        for (int i = 0; i < n; i++) {
                if (r >= 0)
                        r = strv_addf(paths, "%s/%s", dir, entries[i]->d_name);
                free(entries[i]);
        }
        free(entries);
        return r;
}

int ini_read_file(const char *file, bool optional, IniHandler handler, void *user,
                  char **ret_problem)
{
        CLEANUP_STRV Strv drop_ins = { 0 };
        *ret_problem = NULL;
        int r = optional && access(file, F_OK) < 0 && errno == ENOENT
                        ? 0
                        : read_one(file, handler, user, ret_problem);
        if (r < 0)
                return r;
        r = list_drop_ins(file, &drop_ins);
        if (r < 0)
                return problem_set(ret_problem, r, "%s.d: %s", file, strerror(-r));
        for (size_t i = 0; i < drop_ins.length && r >= 0; i++)
                r = read_one(drop_ins.items[i], handler, user, ret_problem);
        return r;
}
