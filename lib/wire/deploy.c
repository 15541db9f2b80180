/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and deep copies of the deploy messages. Copying follows the same tables as the codec.
 */
#include "wire/deploy.h"

#include <errno.h>
#include <string.h>

#include "base/macro.h"
#include "wire/message-tables.h"

static const char *const executor_state_names[EXECUTOR_STATE_MAX] = {
        [EXECUTOR_LAUNCHING] = "LAUNCHING",
        [EXECUTOR_RUNNING] = "RUNNING",
        [EXECUTOR_KILLED] = "KILLED",
        [EXECUTOR_FAILED] = "FAILED",
        [EXECUTOR_LOST] = "LOST",
        [EXECUTOR_EXITED] = "EXITED",
        [EXECUTOR_DECOMMISSIONED] = "DECOMMISSIONED",
};

static const char *const driver_state_names[DRIVER_STATE_MAX] = {
        [DRIVER_SUBMITTED] = "SUBMITTED", [DRIVER_RUNNING] = "RUNNING",
        [DRIVER_FINISHED] = "FINISHED",   [DRIVER_RELAUNCHING] = "RELAUNCHING",
        [DRIVER_UNKNOWN] = "UNKNOWN",     [DRIVER_KILLED] = "KILLED",
        [DRIVER_FAILED] = "FAILED",       [DRIVER_ERROR] = "ERROR",
};

const char *executor_state_name(ExecutorState s)
{
        return (int)s >= 0 && s < EXECUTOR_STATE_MAX ? executor_state_names[s] : "UNKNOWN";
}

const char *driver_state_name(DriverState s)
{
        return (int)s >= 0 && s < DRIVER_STATE_MAX ? driver_state_names[s] : "UNKNOWN";
}

bool executor_state_finished(ExecutorState s)
{
        return s == EXECUTOR_KILLED || s == EXECUTOR_FAILED || s == EXECUTOR_LOST ||
               s == EXECUTOR_EXITED;
}

const char *message_type_name(MessageType type)
{
        const StructInfo *info = message_info(type);
        return info ? info->name : "none";
}

/* ---- copies ---- */

/* Each works in place on a shallow copy, whose pointers still lead to the source. On failure the
 * copy is of no use. */
static int own_struct(Arena *arena, const StructInfo *info, void *copy);
static int own_field(Arena *arena, const FieldInfo *f, void *value);

static int own_text(Arena *arena, void *value)
{
        const char *text;
        memcpy(&text, value, sizeof(text));
        if (!text)
                return 0;
        text = arena_strdup(arena, text);
        if (!text)
                return -ENOMEM;
        memcpy(value, &text, sizeof(text));
        return 0;
}

static int own_container(Arena *arena, const StructInfo *element, void *value)
{
        Container c;
        memcpy(&c, value, sizeof(c));
        if (c.length == 0)
                c.items = NULL;
        else {
                char *items = arena_alloc_array(arena, c.length, element->size);
                if (!items)
                        return -ENOMEM;
                memcpy(items, c.items, c.length * element->size);
                for (size_t i = 0; i < c.length; i++) {
                        int r = own_struct(arena, element, items + i * element->size);
                        if (r < 0)
                                return r;
                }
                c.items = items;
        }
        memcpy(value, &c, sizeof(c));
        return 0;
}

static int own_field(Arena *arena, const FieldInfo *f, void *value)
{
        int r;
        switch (f->kind) {
        case KIND_STRING:
        case KIND_URI:
        case KIND_EXCEPTION:
                return own_text(arena, value);
        case KIND_THROWABLE:
                r = own_text(arena, value);
                return r < 0 ? r : own_text(arena, (const char **)value + 1);
        case KIND_REF:
                r = own_text(arena, &((EndpointRef *)value)->name);
                return r < 0 ? r : own_text(arena, &((EndpointRef *)value)->address.host);
        case KIND_ADDRESS:
                return own_text(arena, &((RpcAddress *)value)->host);
        case KIND_STRUCT:
                return own_struct(arena, f->sub, value);
        case KIND_SEQ:
        case KIND_MAP:
                return own_container(arena, f->sub,
                                     (char *)value + (f->option ? offsetof(OptMap, map) : 0));
        default:
                return 0; /* no pointer in it */
        }
}

static int own_struct(Arena *arena, const StructInfo *info, void *copy)
{
        for (size_t i = 0; i < info->n_fields; i++) {
                int r = own_field(arena, &info->fields[i], (char *)copy + info->fields[i].offset);
                if (r < 0)
                        return r;
        }
        return 0;
}

int application_description_copy(Arena *arena, const ApplicationDescription *src,
                                 ApplicationDescription *ret)
{
        ApplicationDescription copy = *src;
        int r = own_struct(arena, &application_description_info, &copy);
        if (r == 0)
                *ret = copy;
        return r;
}

int driver_description_copy(Arena *arena, const DriverDescription *src, DriverDescription *ret)
{
        DriverDescription copy = *src;
        int r = own_struct(arena, &driver_description_info, &copy);
        if (r == 0)
                *ret = copy;
        return r;
}

int resource_profile_copy(Arena *arena, const ResourceProfile *src, ResourceProfile *ret)
{
        ResourceProfile copy = *src;
        int r = own_struct(arena, &resource_profile_info, &copy);
        if (r == 0)
                *ret = copy;
        return r;
}

int resource_map_copy(Arena *arena, const ResourceMap *src, ResourceMap *ret)
{
        ResourceMap copy = *src;
        int r = own_struct(arena, &resource_map_info, &copy);
        if (r == 0)
                *ret = copy;
        return r;
}

int message_copy(Arena *arena, const Message *src, Message *ret)
{
        Message copy = *src;
        const StructInfo *info = message_info(src->type);
        int r = info ? own_struct(arena, info, &copy) : 0;
        if (r == 0)
                *ret = copy;
        return r;
}
