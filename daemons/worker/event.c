/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/event.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"

void worker_effects_init(WorkerEffects *fx)
{
        *fx = (WorkerEffects){ 0 };
        arena_init(&fx->arena, LIMIT_MESSAGE_ARENA_BYTES);
}

void worker_effects_done(WorkerEffects *fx)
{
        arena_done(&fx->arena);
        fx->first = fx->last = NULL;
        fx->failed = false;
}

WorkerEffect *effect_add(WorkerEffects *fx, WorkerEffectType type)
{
        WorkerEffect *e = arena_new(&fx->arena, WorkerEffect);

        if (!e) {
                fx->failed = true;
                fx->scratch_effect = (WorkerEffect){ .type = type };
                return &fx->scratch_effect;
        }
        e->type = type;
        if (fx->last)
                fx->last->next = e;
        else
                fx->first = e;
        fx->last = e;
        return e;
}

Message *effect_message(WorkerEffects *fx, WorkerEffectType type, uint64_t conn,
                        MessageType message)
{
        WorkerEffect *e = effect_add(fx, type);
        Message *m = arena_new(&fx->arena, Message);

        if (!m) {
                fx->failed = true;
                m = &fx->scratch_message;
        }
        *m = (Message){ .type = message };
        e->conn = conn;
        e->message = m;
        return m;
}

const char *effect_strdup(WorkerEffects *fx, const char *s)
{
        const char *copy;

        if (!s)
                return NULL;
        copy = arena_strdup(&fx->arena, s);
        if (!copy)
                fx->failed = true;
        return copy ? copy : "";
}

static PRINTF_LIKE(2, 0) const char *text_v(WorkerEffects *fx, const char *format, va_list ap)
{
        char *text;
        va_list again;
        int n;

        va_copy(again, ap);
        n = vsnprintf(NULL, 0, format, again);
        va_end(again);
        text = n < 0 ? NULL : arena_alloc(&fx->arena, (size_t)n + 1);
        if (!text) {
                fx->failed = true;
                return "";
        }
        (void)vsnprintf(text, (size_t)n + 1, format, ap);
        return text;
}

const char *effect_text(WorkerEffects *fx, const char *format, ...)
{
        const char *text;
        va_list ap;

        va_start(ap, format);
        text = text_v(fx, format, ap);
        va_end(ap);
        return text;
}

void effect_log(WorkerEffects *fx, int level, const LogFields *fields, const char *format, ...)
{
        WorkerEffect *e = effect_add(fx, DO_LOG);
        va_list ap;

        e->level = level;
        if (fields)
                e->fields = *fields;
        va_start(ap, format);
        e->text = text_v(fx, format, ap);
        va_end(ap);
}

void effect_exit(WorkerEffects *fx, int status)
{
        effect_add(fx, DO_EXIT)->status = status;
}

void effect_keep(WorkerEffects *fx, WorkerRecord record, const char *key, const Message *message,
                 RecordMark mark)
{
        WorkerEffect *e = effect_add(fx, DO_KEEP);

        e->record = record;
        e->child = effect_strdup(fx, key);
        e->message = message;
        e->mark = mark;
}

void effect_drop(WorkerEffects *fx, WorkerRecord record, const char *key)
{
        WorkerEffect *e = effect_add(fx, DO_DROP);

        e->record = record;
        e->child = effect_strdup(fx, key);
}
