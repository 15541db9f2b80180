/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/jwrite.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "wire/jproto.h"

/*
 * Handles are given in stream order, as java.io.ObjectOutputStream does. The number goes into the
 * node's `handle`, the node into nodes[number]; a number that was left there by an earlier write or
 * by the reader proves itself wrong, because nodes[number] is then another node. So no pass is
 * needed to clear them. `handle` is scratch of reader and writer and no part of the value: that is
 * why a writer of const trees may set it (trees are never in read-only memory).
 */

typedef struct Writer {
        Buffer *out;
        const void **nodes; /* handle number -> JValue or JClass; owned */
        size_t n_nodes, room;
        unsigned depth;
        int error;
} Writer;

static void write_value(Writer *w, const JValue *v);

static void fail(Writer *w, int error)
{
        if (w->error == 0)
                w->error = error;
}

static void add_handle(Writer *w, const void *node, const uint32_t *handle)
{
        if (w->n_nodes >= LIMIT_JAVA_HANDLES) {
                fail(w, -EMSGSIZE);
                return;
        }
        if (w->n_nodes == w->room) {
                size_t room = MAX_OF(w->room * 2, (size_t)64);
                const void **nodes = reallocarray(w->nodes, room, sizeof(*nodes));
                if (!nodes) {
                        fail(w, -ENOMEM);
                        return;
                }
                w->nodes = nodes;
                w->room = room;
        }
        *(uint32_t *)handle = (uint32_t)w->n_nodes;
        w->nodes[w->n_nodes++] = node;
}

/* Writes a back reference if the node was written before. */
static bool write_reference(Writer *w, const void *node, uint32_t handle)
{
        if (handle >= w->n_nodes || w->nodes[handle] != node)
                return false;
        buffer_put_u8(w->out, TC_REFERENCE);
        buffer_put_u32(w->out, JSTREAM_BASE_HANDLE + handle);
        return true;
}

static void write_utf(Writer *w, const char *s)
{
        size_t size = strlen(s);
        if (size > UINT16_MAX) {
                fail(w, -EMSGSIZE);
                return;
        }
        buffer_put_u16(w->out, (uint16_t)size);
        buffer_put(w->out, s, size);
}

static void write_string(Writer *w, const JValue *v)
{
        add_handle(w, v, &v->handle);
        if (v->long_form || v->string.size > UINT16_MAX) {
                buffer_put_u8(w->out, TC_LONGSTRING);
                buffer_put_u64(w->out, v->string.size);
        } else {
                buffer_put_u8(w->out, TC_STRING);
                buffer_put_u16(w->out, (uint16_t)v->string.size);
        }
        buffer_put(w->out, v->string.bytes, v->string.size);
}

static void write_block(Writer *w, const JValue *v)
{
        if (v->block.size > INT32_MAX) {
                fail(w, -EMSGSIZE);
                return;
        }
        if (v->long_form || v->block.size > UINT8_MAX) {
                buffer_put_u8(w->out, TC_BLOCKDATALONG);
                buffer_put_u32(w->out, (uint32_t)v->block.size);
        } else {
                buffer_put_u8(w->out, TC_BLOCKDATA);
                buffer_put_u8(w->out, (uint8_t)v->block.size);
        }
        buffer_put(w->out, v->block.bytes, v->block.size);
}

static void write_annotation(Writer *w, JValue *const *items, size_t n)
{
        for (size_t i = 0; i < n && !w->error; i++) {
                if (items[i] && items[i]->kind == J_BLOCK)
                        write_block(w, items[i]);
                else
                        write_value(w, items[i]);
        }
        buffer_put_u8(w->out, TC_ENDBLOCKDATA);
}

static void write_plain_class(Writer *w, const JClass *c)
{
        buffer_put_u8(w->out, TC_CLASSDESC);
        write_utf(w, c->name);
        buffer_put_u64(w->out, (uint64_t)c->suid);
        buffer_put_u8(w->out, c->flags);
        buffer_put_u16(w->out, c->n_fields);
        for (size_t i = 0; i < c->n_fields; i++) {
                const JField *f = &c->fields[i];
                buffer_put_u8(w->out, (uint8_t)f->type);
                write_utf(w, f->name);
                if (f->signature)
                        write_value(w, f->signature);
        }
}

static void write_proxy_class(Writer *w, const JClass *c)
{
        buffer_put_u8(w->out, TC_PROXYCLASSDESC);
        buffer_put_u32(w->out, c->n_interfaces);
        for (size_t i = 0; i < c->n_interfaces; i++)
                write_utf(w, c->interfaces[i]);
}

/* A descriptor ends with that of its superclass, and so on: a loop, as in the reader. */
static void write_class(Writer *w, const JClass *c)
{
        for (; c && !w->error; c = c->super) {
                if (write_reference(w, c, c->handle))
                        return;
                add_handle(w, c, &c->handle);
                if (c->proxy)
                        write_proxy_class(w, c);
                else
                        write_plain_class(w, c);
                write_annotation(w, c->annotation, c->n_annotation);
        }
        buffer_put_u8(w->out, TC_NULL);
}

static void write_slot(Writer *w, char type, const JSlot *s)
{
        switch (type) {
        case 'B':
        case 'Z':
                buffer_put_u8(w->out, (uint8_t)s->bits);
                return;
        case 'C':
        case 'S':
                buffer_put_u16(w->out, (uint16_t)s->bits);
                return;
        case 'F':
        case 'I':
                buffer_put_u32(w->out, (uint32_t)s->bits);
                return;
        case 'D':
        case 'J':
                buffer_put_u64(w->out, (uint64_t)s->bits);
                return;
        default:
                write_value(w, s->ref);
        }
}

static void write_object(Writer *w, const JValue *v)
{
        buffer_put_u8(w->out, TC_OBJECT);
        write_class(w, v->object.class);
        add_handle(w, v, &v->handle);
        for (size_t i = 0; i < v->object.n_data && !w->error; i++) {
                const JData *d = &v->object.data[i];
                for (size_t f = 0; f < d->class->n_fields && !w->error; f++)
                        write_slot(w, d->class->fields[f].type, &d->slots[f]);
                if (d->class->flags & (J_SC_WRITE_METHOD | J_SC_EXTERNALIZABLE))
                        write_annotation(w, d->annotation, d->n_annotation);
        }
}

static void write_array(Writer *w, const JValue *v)
{
        buffer_put_u8(w->out, TC_ARRAY);
        write_class(w, v->array.class);
        add_handle(w, v, &v->handle);
        if (v->array.length > INT32_MAX) {
                fail(w, -EMSGSIZE);
                return;
        }
        buffer_put_u32(w->out, (uint32_t)v->array.length);
        for (size_t i = 0; i < v->array.length && !w->error; i++)
                write_slot(w, v->array.class->name[1], &v->array.items[i]);
}

static void write_by_kind(Writer *w, const JValue *v)
{
        switch (v->kind) {
        case J_STRING:
                write_string(w, v);
                break;
        case J_OBJECT:
                write_object(w, v);
                break;
        case J_ARRAY:
                write_array(w, v);
                break;
        case J_ENUM:
                buffer_put_u8(w->out, TC_ENUM);
                write_class(w, v->enumeration.class);
                add_handle(w, v, &v->handle);
                /* never a reference: a JVM writes and expects the string itself here */
                write_string(w, v->enumeration.constant);
                break;
        case J_CLASS:
                buffer_put_u8(w->out, TC_CLASS);
                write_class(w, v->class);
                add_handle(w, v, &v->handle);
                break;
        default:
                fail(w, -EINVAL);
        }
}

static void write_value(Writer *w, const JValue *v)
{
        if (w->error || w->out->failed)
                return;
        if (w->depth >= LIMIT_JAVA_DEPTH) {
                fail(w, -ELOOP);
                return;
        }
        w->depth++;
        if (!v || v->kind == J_NULL)
                buffer_put_u8(w->out, TC_NULL);
        else if (v->kind == J_CLASSDESC)
                write_class(w, v->class);
        else if (!write_reference(w, v, v->handle))
                write_by_kind(w, v);
        w->depth--;
}

int jwrite(const JValue *root, Buffer *out)
{
        Writer w = { .out = out };
        size_t start = out->size;
        buffer_put_u16(out, JSTREAM_MAGIC);
        buffer_put_u16(out, JSTREAM_VERSION);
        write_value(&w, root);
        free(w.nodes);
        int r = w.error ? w.error : buffer_result(out);
        if (r < 0)
                out->size = start;
        return r;
}
