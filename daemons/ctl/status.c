/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/ctl/status.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "daemons/common/display.h"
#include "daemons/ctl/table.h"

#define CLEANUP_JSON CLEANUP(json_pointer_done)

static void json_pointer_done(json_t **json)
{
        json_decref(*json);
}

/* A field's text, or "" when it is absent or of another type. */
static const char *text_of(const json_t *object, const char *key)
{
        const char *text = json_string_value(json_object_get(object, key));

        return text ? text : "";
}

static int64_t number_of(const json_t *object, const char *key)
{
        return json_integer_value(json_object_get(object, key));
}

static void add_quantity(Table *t, void (*display)(Buffer *out, int64_t value), int64_t value)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        CLEANUP_FREE char *text = NULL;

        display(&b, value);
        text = buffer_take_text(&b);
        table_add(t, text);
}

static void add_headings(Table *t, const char *const *headings)
{
        for (unsigned i = 0; i < t->columns; i++)
                table_add(t, headings[i]);
}

static void put_heading(Buffer *out, const char *what, const json_t *list)
{
        buffer_printf(out, "\n%s (%zu)\n", what, json_array_size(list));
}

static void put_summary(Buffer *out, const json_t *root)
{
        plain_put(out, text_of(root, "url"));
        buffer_put_text(out, "  ");
        plain_put(out, text_of(root, "status"));
        buffer_printf(
                out, "\n%" PRId64 " of %zu workers alive, %" PRId64 " of %" PRId64 " cores used, ",
                number_of(root, "aliveworkers"), json_array_size(json_object_get(root, "workers")),
                number_of(root, "coresused"), number_of(root, "cores"));
        display_memory(out, number_of(root, "memoryused"));
        buffer_put_text(out, " of ");
        display_memory(out, number_of(root, "memory"));
        buffer_put_text(out, " used\n");
}

static int put_workers(Buffer *out, const json_t *list)
{
        static const char *const headings[] = {
                "STATE", "CORES", "MEMORY", "USED", "ADDRESS", "ID"
        };
        CLEANUP_TABLE Table t = TABLE_INIT(ARRAY_SIZE(headings), 1u << 1 | 1u << 2 | 1u << 3);
        size_t i;
        json_t *w;

        put_heading(out, "Workers", list);
        if (json_array_size(list) == 0)
                return 0;
        add_headings(&t, headings);
        json_array_foreach(list, i, w)
        {
                table_add(&t, text_of(w, "state"));
                table_addf(&t, "%" PRId64 "/%" PRId64, number_of(w, "coresused"),
                           number_of(w, "cores"));
                add_quantity(&t, display_memory, number_of(w, "memory"));
                add_quantity(&t, display_memory, number_of(w, "memoryused"));
                table_addf(&t, "%s:%" PRId64, text_of(w, "host"), number_of(w, "port"));
                table_add(&t, text_of(w, "id"));
        }
        return table_put(&t, out);
}

static int put_applications(Buffer *out, const json_t *list)
{
        static const char *const headings[] = { "STATE",    "CORES", "MEMORY/EXECUTOR",
                                                "DURATION", "USER",  "ID",
                                                "NAME" };
        CLEANUP_TABLE Table t = TABLE_INIT(ARRAY_SIZE(headings), 1u << 1 | 1u << 2 | 1u << 3);
        size_t i;
        json_t *a;

        put_heading(out, "Applications", list);
        if (json_array_size(list) == 0)
                return 0;
        add_headings(&t, headings);
        json_array_foreach(list, i, a)
        {
                table_add(&t, text_of(a, "state"));
                table_addf(&t, "%" PRId64, number_of(a, "cores"));
                add_quantity(&t, display_memory, number_of(a, "memoryperexecutor"));
                add_quantity(&t, display_duration, number_of(a, "duration"));
                table_add(&t, text_of(a, "user"));
                table_add(&t, text_of(a, "id"));
                table_add(&t, text_of(a, "name"));
        }
        return table_put(&t, out);
}

/* Our master says in words why an application has not all it asked for. */
static void put_waiting_reasons(Buffer *out, const json_t *list)
{
        size_t i;
        json_t *a;

        json_array_foreach(list, i, a)
        {
                if (*text_of(a, "waitingreason") == '\0')
                        continue;
                plain_put(out, text_of(a, "waitingreason"));
                buffer_put_text(out, "\n");
        }
}

static int put_drivers(Buffer *out, const json_t *list)
{
        static const char *const headings[] = {
                "STATE", "CORES", "MEMORY", "WORKER", "ID", "CLASS"
        };
        CLEANUP_TABLE Table t = TABLE_INIT(ARRAY_SIZE(headings), 1u << 1 | 1u << 2);
        size_t i;
        json_t *d;

        if (json_array_size(list) == 0)
                return 0; /* cluster-mode drivers are rare: no heading without one */
        put_heading(out, "Drivers", list);
        add_headings(&t, headings);
        json_array_foreach(list, i, d)
        {
                table_add(&t, text_of(d, "state"));
                table_addf(&t, "%" PRId64, number_of(d, "cores"));
                add_quantity(&t, display_memory, number_of(d, "memory"));
                table_add(&t, text_of(d, "worker"));
                table_add(&t, text_of(d, "id"));
                table_add(&t, text_of(d, "mainclass"));
        }
        return table_put(&t, out);
}

int status_put(Buffer *out, const char *json, size_t size, char problem[static STATUS_PROBLEM_MAX])
{
        CLEANUP_JSON json_t *root = NULL;
        json_error_t error;
        const json_t *apps;
        int r;

        root = json_loadb(json, size, JSON_REJECT_DUPLICATES, &error);
        if (!root) {
                (void)snprintf(problem, STATUS_PROBLEM_MAX, "line %d: %s", error.line, error.text);
                return -EINVAL;
        }
        if (!json_is_string(json_object_get(root, "url")) ||
            !json_is_array(json_object_get(root, "workers"))) {
                (void)snprintf(problem, STATUS_PROBLEM_MAX, "no url and workers in it");
                return -EINVAL;
        }
        apps = json_object_get(root, "activeapps");
        put_summary(out, root);
        r = put_workers(out, json_object_get(root, "workers"));
        if (r == 0)
                r = put_applications(out, apps);
        if (r == 0)
                put_waiting_reasons(out, apps);
        if (r == 0)
                r = put_drivers(out, json_object_get(root, "activedrivers"));
        return r == 0 ? buffer_result(out) : r;
}
