/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/master/internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

void master_effects_init(MasterEffects *out)
{
        *out = (MasterEffects){ 0 };
        /* What a turn says is bounded by what the machine holds and the event carries. */
        arena_init(&out->arena, SIZE_MAX);
}

void master_effects_clear(MasterEffects *out)
{
        arena_done(&out->arena);
        out->first = out->last = NULL;
}

static MasterEffect *effect_add(Turn *t, MasterEffectType type)
{
        MasterEffect *e = arena_new(&t->out->arena, MasterEffect);
        if (!e) {
                t->error = -ENOMEM;
                return NULL;
        }
        e->type = type;
        if (t->out->last)
                t->out->last->next = e;
        else
                t->out->first = e;
        t->out->last = e;
        return e;
}

/* Gives the effect (NULL: there was no memory) a message to fill in. */
static Message *effect_message(Turn *t, MasterEffect *e, MessageType type)
{
        Message *m = e ? arena_new(&t->out->arena, Message) : NULL;
        if (!m) {
                t->error = -ENOMEM;
                m = &t->scratch;
                *m = (Message){ 0 };
        }
        if (e)
                e->message = m;
        m->type = type;
        return m;
}

static Message *send_to(Turn *t, ConnId conn, LineSet lines, const char *endpoint, MessageType type)
{
        MasterEffect *e = effect_add(t, EFFECT_SEND);
        if (e) {
                e->conn = conn;
                e->lines = lines;
                e->endpoint = endpoint;
        }
        return effect_message(t, e, type);
}

/* To nobody when there is no peer: who is away hears of what matters when it is back. */
Message *turn_send(Turn *t, const Peer *peer, const char *endpoint, MessageType type)
{
        if (peer)
                return send_to(t, peer->conn, peer->lines, endpoint, type);
        t->scratch = (Message){ .type = type };
        return &t->scratch;
}

Message *turn_answer(Turn *t, const char *endpoint, MessageType type)
{
        return send_to(t, t->event->conn, t->event->lines, endpoint, type);
}

Message *turn_reply(Turn *t, MessageType type)
{
        MasterEffect *e = effect_add(t, EFFECT_REPLY);
        if (e) {
                e->conn = t->event->conn;
                e->lines = t->event->lines;
                e->request_id = t->event->request_id;
        }
        return effect_message(t, e, type);
}

void turn_reply_boolean(Turn *t, bool value)
{
        turn_reply(t, MSG_BOOLEAN)->boolean.value = value;
}

void turn_unsupported(Turn *t)
{
        const char *name = message_type_name(t->event->message->type);
        const RpcAddress *sender = &t->event->sender;
        MasterEffect *e = effect_add(t, EFFECT_FAIL);
        if (!e)
                return;
        e->conn = t->event->conn;
        e->lines = t->event->lines;
        e->request_id = t->event->request_id;
        if (sender->host)
                e->text = turn_printf(t,
                                      "org.apache.spark.SparkException: Unsupported message %s "
                                      "from %s:%d",
                                      name, sender->host, sender->port);
        else
                e->text = turn_printf(t, "org.apache.spark.SparkException: Unsupported message %s",
                                      name);
}

void turn_identify(Turn *t, ConnId conn, LineSet candidates)
{
        MasterEffect *e = effect_add(t, EFFECT_IDENTIFY);
        if (!e)
                return;
        e->conn = conn;
        e->lines = candidates;
}

void turn_ask_version(Turn *t, const char *app_id, const char *ui_url)
{
        MasterEffect *e = effect_add(t, EFFECT_ASK_VERSION);
        if (!e)
                return;
        e->key = app_id;
        e->text = ui_url;
}

void turn_record(Turn *t, MasterEffectType type, RecordKind kind, const char *key)
{
        MasterEffect *e = effect_add(t, type);
        if (!e)
                return;
        e->kind = kind;
        e->key = key;
        t->m->record_batch = t->m->batch;
}

void turn_close(Turn *t, ConnId conn, const char *why)
{
        MasterEffect *e = effect_add(t, EFFECT_CLOSE);
        if (!e)
                return;
        e->conn = conn;
        e->text = why;
}

void turn_dial(Turn *t, RecordKind kind, const char *key, RpcAddress address)
{
        MasterEffect *e = effect_add(t, EFFECT_DIAL);
        if (!e)
                return;
        e->kind = kind;
        e->key = key;
        e->address = address;
}

void turn_promise(Turn *t, const void *of)
{
        MasterEffect *e = t->out->last;
        if (!e)
                return;
        e->promise = true;
        e->of = of;
}

void turn_log_with(Turn *t, int level, LogFields fields, const char *format, ...)
{
        char text[1024];
        va_list ap;
        va_start(ap, format);
        (void)vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);

        MasterEffect *e = effect_add(t, EFFECT_LOG);
        if (!e)
                return;
        e->level = level;
        e->fields = fields;
        e->text = turn_strdup(t, text);
}

const char *turn_strdup(Turn *t, const char *s)
{
        if (!s)
                return NULL;
        const char *copy = arena_strdup(&t->out->arena, s);
        if (copy)
                return copy;
        t->error = -ENOMEM;
        return "";
}

const char *turn_printf(Turn *t, const char *format, ...)
{
        va_list ap;
        va_start(ap, format);
        int n = vsnprintf(NULL, 0, format, ap);
        va_end(ap);
        char *text = n < 0 ? NULL : arena_alloc(&t->out->arena, (size_t)n + 1);
        if (!text) {
                t->error = -ENOMEM;
                return "";
        }
        va_start(ap, format);
        (void)vsnprintf(text, (size_t)n + 1, format, ap);
        va_end(ap);
        return text;
}

void master_bury(Master *m, Grave *grave, void (*destroy)(Grave *grave))
{
        *grave = (Grave){ .next = m->graves, .destroy = destroy };
        m->graves = grave;
}
