/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/resources.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/parse.h"
#include "base/problem.h"
#include "cgroups/spawn.h"

#define PREFIX         "spark.worker.resource."
#define SCRIPT_SECONDS 60

/* ---- formats ---- */

static int addresses_of(Arena *arena, const json_t *list, StringSeq *ret)
{
        size_t n = json_array_size(list);
        const char **items;

        if (!json_is_array(list) || n > LIMIT_SEQ_ITEMS)
                return -EBADMSG;
        items = arena_new_array(arena, n, const char *);
        if (!items)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                const char *text = json_string_value(json_array_get(list, i));

                if (!text)
                        return -EBADMSG;
                items[i] = arena_strdup(arena, text);
                if (!items[i])
                        return -ENOMEM;
        }
        *ret = (StringSeq){ .items = items, .length = n };
        return 0;
}

static int information(Arena *arena, const char *name, const json_t *addresses,
                       ResourceInformation *ret)
{
        ResourceInformation info = { 0 };
        int r;

        if (!name || !*name)
                return -EBADMSG;
        info.name = arena_strdup(arena, name);
        if (!info.name)
                return -ENOMEM;
        r = addresses_of(arena, addresses, &info.addresses);
        if (r == 0)
                *ret = info;
        return r;
}

int resource_parse(Arena *arena, const char *text, size_t size, ResourceInformation *ret)
{
        json_t *value = json_loadb(text, size, 0, NULL);
        int r = information(arena, json_string_value(json_object_get(value, "name")),
                            json_object_get(value, "addresses"), ret);

        json_decref(value);
        return r;
}

static int add(Arena *arena, ResourceMap *map, const ResourceInformation *info)
{
        struct ResourceEntry *items = arena_new_array(arena, map->length + 1, struct ResourceEntry);

        if (!items)
                return -ENOMEM;
        if (map->length)
                memcpy(items, map->items, map->length * sizeof(*items));
        items[map->length] = (struct ResourceEntry){ .key = info->name, .value = *info };
        map->items = items;
        map->length++;
        return 0;
}

int resources_parse_file(Arena *arena, const char *text, size_t size, ResourceMap *ret)
{
        json_t *all = json_loadb(text, size, 0, NULL), *entry;
        ResourceMap map = { 0 };
        int r = json_is_array(all) ? 0 : -EBADMSG;
        size_t i;

        json_array_foreach(all, i, entry)
        {
                const json_t *id = json_object_get(entry, "id");
                const char *component = json_string_value(json_object_get(id, "componentName"));
                ResourceInformation info;

                if (r < 0)
                        break;
                if (!component || strcmp(component, "spark.worker") != 0)
                        continue;
                r = information(arena, json_string_value(json_object_get(id, "resourceName")),
                                json_object_get(entry, "addresses"), &info);
                if (r == 0)
                        r = add(arena, &map, &info);
        }
        json_decref(all);
        if (r == 0)
                *ret = map;
        return r;
}

/* ---- finding ---- */

/* In a child: becomes the script, with its output to us. The alarm stays over exec. */
static int run_script(void *arg, int fd)
{
        if (dup2(fd, STDOUT_FILENO) >= 0)
                (void)execl(arg, (const char *)arg, (char *)NULL);
        return 127;
}

/* Everything a script prints. 0, -EPROTO when it fails, or -errno. */
static int script_output(const char *script, Buffer *out)
{
        CLEANUP_CLOSE int fd = -1;
        siginfo_t info = { 0 };
        pid_t pid;
        int r = spawn_function(run_script, (void *)script, SCRIPT_SECONDS, &pid, &fd);

        if (r < 0)
                return r;
        (void)fcntl(fd, F_SETFL, 0);
        for (;;) {
                uint8_t *room = buffer_reserve(out, 4096);
                ssize_t n = room ? read(fd, room, 4096) : -1;

                if (n > 0) {
                        buffer_added(out, (size_t)n);
                        continue;
                }
                if (n == 0 || !room || errno != EINTR)
                        break;
        }
        close_fd(&fd); /* one that prints without end dies of it */
        if (waitid(P_PID, (id_t)pid, &info, WEXITED) < 0)
                return -errno;
        return spawn_exit_code(&info) == 0 ? 0 : -EPROTO;
}

static int discover(Arena *arena, const char *name, const char *script, ResourceMap *ret,
                    char **ret_problem)
{
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(LIMIT_CONFIG_FILE_BYTES);
        ResourceInformation info;
        int r;

        if (!script || access(script, X_OK) < 0)
                return problem_set(ret_problem, -ENOENT, "resource %s: %s %s", name,
                                   script ? script : PREFIX "NAME.discoveryScript",
                                   script ? "cannot be run" : "is not set");
        r = script_output(script, &out);
        if (r == 0)
                r = resource_parse(arena, (const char *)out.data, out.size, &info);
        if (r == 0 && strcmp(info.name, name) != 0)
                r = -EBADMSG;
        if (r < 0) {
                return problem_set(ret_problem, r, "resource %s: %s %s", name, script,
                                   r == -EPROTO ? "failed"
                                                : "did not print {\"name\":..,"
                                                  "\"addresses\":[..]} for it");
        }
        return add(arena, ret, &info);
}

typedef struct Find {
        Arena *arena;
        const Options *options;
        ResourceMap *map;
        char **problem;
} Find;

static const ResourceInformation *find_resource(const ResourceMap *map, const char *name)
{
        for (size_t i = 0; i < map->length; i++)
                if (strcmp(map->items[i].key, name) == 0)
                        return &map->items[i].value;
        return NULL;
}

/* spark.worker.resource.NAME.amount: there must be as many. */
static int want(void *user, const char *key, const char *value)
{
        Find *find = user;
        const char *rest = key + strlen(PREFIX), *dot = strrchr(rest, '.');
        CLEANUP_FREE char *name = NULL, *script_key = NULL;
        const ResourceInformation *info;
        int amount, r;

        if (!dot || dot == rest || strcmp(dot, ".amount") != 0)
                return 0;
        name = strndup(rest, (size_t)(dot - rest));
        if (!name || asprintf(&script_key, PREFIX "%s.discoveryScript", name) < 0)
                return -ENOMEM;
        if (parse_int(value, 0, INT32_MAX, &amount) < 0) {
                if (asprintf(find->problem, "%s is not a number: %s", key, value) < 0)
                        *find->problem = NULL;
                return -EINVAL;
        }
        if (amount == 0)
                return 0;
        if (!find_resource(find->map, name)) {
                r = discover(find->arena, name, options_property(find->options, script_key),
                             find->map, find->problem);
                if (r < 0)
                        return r;
        }
        info = find_resource(find->map, name);
        if (info && info->addresses.length >= (size_t)amount)
                return 0;
        if (asprintf(find->problem, "resource %s: %s asks for %d, there are %zu", name, key, amount,
                     info ? info->addresses.length : 0) < 0)
                *find->problem = NULL;
        return -EINVAL;
}

int resources_load(Arena *arena, const Options *options, const char *resources_file,
                   ResourceMap *ret, char **ret_problem)
{
        ResourceMap map = { 0 };
        Find find = { .arena = arena, .options = options, .map = &map, .problem = ret_problem };
        int r = 0;

        if (resources_file) {
                CLEANUP_FREE char *text = NULL;
                size_t size;

                r = file_read(resources_file, LIMIT_CONFIG_FILE_BYTES, &text, &size);
                if (r == 0)
                        r = resources_parse_file(arena, text, size, &map);
                if (r < 0)
                        (void)problem_set(ret_problem, r, "%s: %s", resources_file,
                                          r == -EBADMSG ? "is no list of resources" : strerror(-r));
        }
        if (r == 0)
                r = options_each(options, PREFIX, want, &find);
        if (r == 0)
                *ret = map;
        return r;
}
