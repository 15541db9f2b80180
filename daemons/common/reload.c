/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/common/reload.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <systemd/sd-daemon.h>

#include "base/buffer.h"
#include "base/log.h"

static size_t value_size(SettingType type)
{
        switch (type) {
        case SETTING_STRING:
                return sizeof(char *);
        case SETTING_PORT:
                return sizeof(uint16_t);
        case SETTING_INT:
                return sizeof(int);
        case SETTING_BOOL:
                return sizeof(bool);
        case SETTING_MEMORY:
        case SETTING_TIME:
                return sizeof(uint64_t);
        case SETTING_LIST:
                return sizeof(Strv);
        }
        return 0;
}

static bool texts_equal(const char *a, const char *b)
{
        return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool lists_equal(const Strv *a, const Strv *b)
{
        if (a->length != b->length)
                return false;
        for (size_t i = 0; i < a->length; i++)
                if (strcmp(a->items[i], b->items[i]) != 0)
                        return false;
        return true;
}

static bool values_equal(SettingType type, const void *a, const void *b)
{
        if (type == SETTING_STRING)
                return texts_equal(*(char *const *)a, *(char *const *)b);
        if (type == SETTING_LIST)
                return lists_equal(a, b);
        return memcmp(a, b, value_size(type)) == 0;
}

/* So that what is no longer used is freed with the rest of what was read. */
static void swap_values(SettingType type, void *a, void *b)
{
        char other[sizeof(Strv)];

        memcpy(other, a, value_size(type));
        memcpy(a, b, value_size(type));
        memcpy(b, other, value_size(type));
}

static void put_name(Buffer *list, const Setting *s)
{
        buffer_printf(list, "%s%s", list->size > 0 ? ", " : "", s->key ? s->key : s->option);
}

/* Takes the live ones over. True when there are any. */
static bool take(const OptionsSpec *spec, void *settings, void *fresh)
{
        CLEANUP_BUFFER Buffer live = BUFFER_INIT(0), others = BUFFER_INIT(0);
        bool any = false;

        for (size_t i = 0; i < spec->n_settings; i++) {
                const Setting *s = &spec->settings[i];
                void *now = (char *)settings + s->offset, *then = (char *)fresh + s->offset;

                if (values_equal(s->type, now, then))
                        continue;
                put_name(s->live ? &live : &others, s);
                if (s->live) {
                        swap_values(s->type, now, then);
                        any = true;
                }
        }
        if (live.size > 0)
                log_info("Settings read again: %.*s changed.", (int)live.size,
                         (const char *)live.data);
        if (others.size > 0)
                log_warning("Settings that changed and wait for a restart: %.*s.", (int)others.size,
                            (const char *)others.data);
        if (live.size == 0 && others.size == 0)
                log_info("Settings read again: nothing changed.");
        return any;
}

static bool read_and_take(const Options *o, void *settings, void *fresh)
{
        CLEANUP_OPTIONS Options again = { 0 };
        int r = options_load(&again, o->spec, o->argc, o->argv, fresh);

        if (r != 0) {
                log_error("Settings stay as they are: %s",
                          again.text ? again.text : strerror(r < 0 ? -r : EINVAL));
                return false;
        }
        for (size_t i = 0; i < again.warnings.length; i++)
                log_warning("%s", again.warnings.items[i]);
        return take(o->spec, settings, fresh);
}

bool reload_settings(const Options *o, void *settings, size_t size)
{
        void *fresh = calloc(1, size);
        struct timespec now = { 0 };
        bool changed = false;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        (void)sd_notifyf(false, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
                         (uint64_t)now.tv_sec * UINT64_C(1000000) + (uint64_t)now.tv_nsec / 1000);
        if (fresh) {
                changed = read_and_take(o, settings, fresh);
                options_config_done(o->spec, fresh);
                free(fresh);
        } else {
                log_error("Settings stay as they are: out of memory");
        }
        (void)sd_notify(false, "READY=1");
        return changed;
}
