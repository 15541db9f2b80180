/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/limits.h"

/* The file's text, "" when there is none; owned by the caller. */
static int read_text(const char *dir, char **ret)
{
        CLEANUP_FREE char *path = path_join(dir, RECORD_NAME);
        size_t size;
        int r = path ? file_read(path, LIMIT_CONFIG_FILE_BYTES, ret, &size) : -ENOMEM;

        if (r == -ENOENT) {
                *ret = strdup("");
                r = *ret ? 0 : -ENOMEM;
        }
        return r;
}

/* The next line, taken apart in place; false at the end. What is no "NAME VALUE" is passed over. */
static bool next_line(char **rest, char **ret_name, char **ret_value)
{
        char *line;

        while ((line = strsep(rest, "\n"))) {
                char *blank = strchr(line, ' ');

                if (!blank)
                        continue;
                *blank = '\0';
                *ret_name = line;
                *ret_value = blank + 1;
                return true;
        }
        return false;
}

int record_read(const char *dir, NetState *state)
{
        CLEANUP_FREE char *text = NULL;
        char *rest, *name, *value;
        int r = read_text(dir, &text);

        for (rest = text; r >= 0 && next_line(&rest, &name, &value);) {
                NetSetting *setting = state_setting(state, name);

                if (!setting)
                        setting = state_add_setting(state, name);
                if (!setting)
                        return -ENOMEM;
                setting->original = arena_strdup(&state->arena, value);
                if (!setting->original)
                        return -ENOMEM;
        }
        return r;
}

/* The record without `name`, and with "name value" when there is a value. */
static int write_changed(const char *dir, char *text, const char *name, const char *value)
{
        CLEANUP_FREE char *path = path_join(dir, RECORD_NAME);
        CLEANUP_FREE char *next = path_join(dir, RECORD_NAME ".new");
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(LIMIT_CONFIG_FILE_BYTES);
        char *rest = text, *other, *its;

        if (!path || !next)
                return -ENOMEM;
        while (next_line(&rest, &other, &its))
                if (strcmp(other, name) != 0)
                        buffer_printf(&b, "%s %s\n", other, its);
        if (value)
                buffer_printf(&b, "%s %s\n", name, value);
        int r = buffer_result(&b);

        if (r < 0)
                return r;
        CLEANUP_CLOSE int fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        ssize_t n = fd < 0 ? -1 : b.size > 0 ? write(fd, b.data, b.size) : 0;

        if (n < 0 || (size_t)n < b.size)
                return n < 0 ? -errno : -ENOSPC;
        return rename(next, path) < 0 ? -errno : 0;
}

/* 1 when the record has the name, with its value in `ret`, which is part of `text`'s copy. */
static int find(const char *text, const char *name, char **ret)
{
        CLEANUP_FREE char *copy = strdup(text);
        char *rest = copy, *other, *value;

        if (!copy)
                return -ENOMEM;
        while (next_line(&rest, &other, &value))
                if (strcmp(other, name) == 0) {
                        *ret = strdup(value);
                        return *ret ? 1 : -ENOMEM;
                }
        return 0;
}

int record_keep(const char *dir, const char *name, const char *value)
{
        CLEANUP_FREE char *text = NULL;
        CLEANUP_FREE char *old = NULL;
        int r = read_text(dir, &text);

        if (r >= 0)
                r = find(text, name, &old);
        return r < 0 ? r : r == 1 ? 0 : write_changed(dir, text, name, value);
}

int record_forget(const char *dir, const char *name, const char *value)
{
        CLEANUP_FREE char *text = NULL;
        CLEANUP_FREE char *old = NULL;
        int r = read_text(dir, &text);

        if (r >= 0)
                r = find(text, name, &old);
        if (r <= 0 || (value && strcmp(value, old) != 0))
                return r < 0 ? r : 0;
        return write_changed(dir, text, name, NULL);
}
