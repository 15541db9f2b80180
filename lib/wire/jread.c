/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/jread.h"

#include <errno.h>
#include <stdalign.h>
#include <string.h>

#include "base/cursor.h"
#include "base/limits.h"
#include "wire/jproto.h"

/*
 * A recursive descent over the grammar (Java Object Serialization Specification, 6.4.2). Where the
 * grammar allows more than java.io.ObjectInputStream takes, the JVM is followed: no reset inside an
 * object, an enum constant's name is never a back reference, primitive fields come first.
 *
 * Functions return NULL or false on failure and leave the reason in the reader. The cursor's error
 * is sticky and yields zeros, so lengths and tags may be used unchecked as long as a failure that
 * they lead to goes through fail(), which knows that truncation was the cause.
 */

typedef struct Handle {
        JValue *value; /* or, when NULL: */
        JClass *class;
        bool complete; /* of a class: its superclass is known, so it can be used */
} Handle;

typedef struct Reader {
        Arena *arena;
        Cursor in;
        Handle *handles; /* in the arena, as everything else */
        size_t n_handles, handles_room;
        unsigned depth;
        JClassSeen seen;
        void *user;
        JValue *null; /* the one node for null references */
        int error;
} Reader;

static JValue *read_tagged(Reader *r, uint8_t tag);
static bool read_annotation(Reader *r, JValue ***ret, size_t *ret_n);

static void *fail(Reader *r, int error)
{
        if (r->error == 0)
                r->error = r->in.failed ? JREAD_E_TRUNCATED : error;
        return NULL;
}

/* Zeroed memory for n items. Callers bound n, so that n * size cannot overflow. */
static void *take(Reader *r, size_t n, size_t size)
{
        void *p = arena_alloc_array(r->arena, n, size);
        if (p)
                return p;
        bool over = n * size + alignof(max_align_t) > r->arena->limit - r->arena->used;
        return fail(r, over ? JREAD_E_LIMIT : -ENOMEM);
}

/* An array with room for one more than n; what it grew from stays behind in the arena. */
static void *grow(Reader *r, void *items, size_t n, size_t *room, size_t size)
{
        if (n < *room)
                return items;
        size_t new_room = MAX_OF(*room * 2, (size_t)16);
        void *p = take(r, new_room, size);
        if (!p)
                return NULL;
        if (n > 0)
                memcpy(p, items, n * size);
        *room = new_room;
        return p;
}

static bool add_handle(Reader *r, Handle h, uint32_t *ret)
{
        if (r->n_handles >= LIMIT_JAVA_HANDLES)
                return fail(r, JREAD_E_LIMIT);
        Handle *all = grow(r, r->handles, r->n_handles, &r->handles_room, sizeof(Handle));
        if (!all)
                return false;
        r->handles = all;
        *ret = (uint32_t)r->n_handles;
        all[r->n_handles++] = h;
        return true;
}

static const Handle *read_handle(Reader *r)
{
        uint32_t number = cursor_u32(&r->in) - JSTREAM_BASE_HANDLE;
        return number < r->n_handles ? &r->handles[number] : fail(r, JREAD_E_MALFORMED);
}

static JValue *new_value(Reader *r, JKind kind)
{
        JValue *v = take(r, 1, sizeof(JValue));
        if (v)
                v->kind = kind;
        return v;
}

/* A node that later references can mean: it gets the next handle before its contents are read. */
static JValue *new_referable(Reader *r, JKind kind)
{
        JValue *v = new_value(r, kind);
        return v && add_handle(r, (Handle){ .value = v }, &v->handle) ? v : NULL;
}

static char *copy_bytes(Reader *r, size_t size)
{
        const uint8_t *bytes = cursor_bytes(&r->in, size);
        if (!bytes)
                return fail(r, JREAD_E_TRUNCATED);
        char *copy = take(r, size + 1, 1);
        return copy ? memcpy(copy, bytes, size) : NULL;
}

static char *read_text(Reader *r, size_t size)
{
        char *text = copy_bytes(r, size);
        return text && !jvalue_text_valid(text, size) ? fail(r, JREAD_E_MALFORMED) : text;
}

static JValue *read_string(Reader *r, uint8_t tag)
{
        bool long_form = tag == TC_LONGSTRING;
        uint64_t size = long_form ? cursor_u64(&r->in) : cursor_u16(&r->in);
        if (r->in.failed || size > LIMIT_JAVA_STRING_BYTES)
                return fail(r, JREAD_E_LIMIT);
        JValue *v = new_referable(r, J_STRING);
        if (!v)
                return NULL;
        v->long_form = long_form;
        v->string.size = size;
        v->string.bytes = read_text(r, size);
        return v->string.bytes ? v : NULL;
}

static JValue *read_block(Reader *r, uint8_t tag)
{
        bool long_form = tag == TC_BLOCKDATALONG;
        size_t size = long_form ? cursor_u32(&r->in) : cursor_u8(&r->in);
        if (size > INT32_MAX)
                return fail(r, JREAD_E_MALFORMED);
        JValue *v = new_value(r, J_BLOCK);
        if (!v)
                return NULL;
        v->long_form = long_form;
        v->block.size = size;
        v->block.bytes = (const uint8_t *)copy_bytes(r, size);
        return v->block.bytes && !r->in.failed ? v : NULL;
}

/* ---- class descriptors ---- */

/* True for a type as in a field's signature or an array class's name: "I", "[[J", "La/B;". */
static bool type_valid(const char *s)
{
        size_t dimensions = strspn(s, "[");
        s += dimensions;
        if (dimensions > UINT8_MAX || !*s)
                return false;
        if (*s == 'L')
                return s[1] != ';' && s[1 + strcspn(s + 1, ";")] == ';' &&
                       s[2 + strcspn(s + 1, ";")] == 0;
        return strchr("BCDFIJSZ", *s) && !s[1];
}

static bool is_reference_type(char type)
{
        return type == 'L' || type == '[';
}

static bool read_field(Reader *r, JField *f)
{
        f->type = (char)cursor_u8(&r->in);
        if (!f->type || !strchr("BCDFIJSZL[", f->type))
                return fail(r, JREAD_E_MALFORMED);
        f->name = read_text(r, cursor_u16(&r->in));
        if (!f->name)
                return false;
        if (!is_reference_type(f->type))
                return true;
        uint8_t tag = cursor_u8(&r->in);
        if (tag != TC_STRING && tag != TC_LONGSTRING && tag != TC_REFERENCE)
                return fail(r, JREAD_E_MALFORMED);
        f->signature = read_tagged(r, tag);
        if (!f->signature)
                return false;
        if (f->signature->kind != J_STRING || f->signature->string.bytes[0] != f->type ||
            !type_valid(f->signature->string.bytes))
                return fail(r, JREAD_E_MALFORMED);
        return true;
}

/* What java.io.ObjectStreamClass demands of a descriptor, and that an externalizable class has no
 * fields of its own, as every writer has it. */
static bool class_head_valid(const JClass *c)
{
        if (!c->name[0] || (c->name[0] == '[' && !type_valid(c->name)))
                return false;
        if (c->flags & J_SC_EXTERNALIZABLE && (c->flags & J_SC_SERIALIZABLE || c->n_fields > 0))
                return false;
        return !(c->flags & J_SC_ENUM) || (c->suid == 0 && c->n_fields == 0);
}

static bool read_plain_class(Reader *r, JClass *c)
{
        c->name = read_text(r, cursor_u16(&r->in));
        if (!c->name)
                return false;
        c->suid = (int64_t)cursor_u64(&r->in);
        c->flags = cursor_u8(&r->in);
        c->n_fields = cursor_u16(&r->in);
        if (r->in.failed || !class_head_valid(c))
                return fail(r, JREAD_E_MALFORMED);
        if (c->n_fields > LIMIT_JAVA_FIELDS)
                return fail(r, JREAD_E_LIMIT);
        if (c->n_fields == 0)
                return true;
        c->fields = take(r, c->n_fields, sizeof(JField));
        for (size_t i = 0; c->fields && i < c->n_fields; i++) {
                if (!read_field(r, &c->fields[i]))
                        return false;
                if (i > 0 && is_reference_type(c->fields[i - 1].type) &&
                    !is_reference_type(c->fields[i].type))
                        return fail(r, JREAD_E_MALFORMED);
        }
        return c->fields;
}

static bool read_proxy_class(Reader *r, JClass *c)
{
        c->name = "";
        c->proxy = true;
        c->flags = J_SC_SERIALIZABLE;
        c->n_interfaces = cursor_u32(&r->in);
        if (r->in.failed || c->n_interfaces > UINT16_MAX) /* the class file format's bound */
                return fail(r, JREAD_E_MALFORMED);
        if (c->n_interfaces > cursor_left(&r->in) / 2)
                return fail(r, JREAD_E_TRUNCATED);
        c->interfaces = take(r, c->n_interfaces, sizeof(char *));
        for (size_t i = 0; c->interfaces && i < c->n_interfaces; i++)
                if (!(c->interfaces[i] = read_text(r, cursor_u16(&r->in))))
                        return false;
        return c->interfaces;
}

/* A new descriptor up to, not including, its superclass. */
static JClass *read_new_class(Reader *r, uint8_t tag)
{
        JClass *c = take(r, 1, sizeof(JClass));
        if (!c || !add_handle(r, (Handle){ .class = c }, &c->handle))
                return NULL;
        bool done = tag == TC_PROXYCLASSDESC ? read_proxy_class(r, c) : read_plain_class(r, c);
        return done && read_annotation(r, &c->annotation, &c->n_annotation) ? c : NULL;
}

static size_t count_classes(const JClass *c)
{
        size_t n = 0;
        for (; c; c = c->super)
                n++;
        return n;
}

/* Where the grammar says classDesc: *ret is NULL for a null reference. Superclasses stand inside
 * each other in the stream; a loop reads them, and the topmost is complete first. Only a complete
 * descriptor can be referred to, which makes cycles impossible. */
static bool read_class_tagged(Reader *r, uint8_t tag, JClass **ret)
{
        JClass *chain[LIMIT_JAVA_CLASS_CHAIN + 1], *super = NULL;
        size_t n = 0;
        for (; tag == TC_CLASSDESC || tag == TC_PROXYCLASSDESC; tag = cursor_u8(&r->in)) {
                if (n == ARRAY_SIZE(chain))
                        return fail(r, JREAD_E_LIMIT);
                if (!(chain[n++] = read_new_class(r, tag)))
                        return false;
        }
        if (tag == TC_REFERENCE) {
                const Handle *h = read_handle(r);
                if (!h || !h->class || !h->complete)
                        return fail(r, JREAD_E_MALFORMED);
                super = h->class;
        } else if (tag != TC_NULL) {
                return fail(r, tag == TC_EXCEPTION ? JREAD_E_ABORTED : JREAD_E_MALFORMED);
        }
        if (n + count_classes(super) > ARRAY_SIZE(chain))
                return fail(r, JREAD_E_LIMIT);
        for (; n > 0; super = chain[n]) {
                chain[--n]->super = super;
                r->handles[chain[n]->handle].complete = true;
                if (r->seen)
                        r->seen(r->user, chain[n]);
        }
        *ret = super;
        return true;
}

static bool read_class(Reader *r, JClass **ret)
{
        return read_class_tagged(r, cursor_u8(&r->in), ret);
}

/* ---- values ---- */

/* A field's value or an array's element. A truncated primitive is for the caller to notice. */
static bool read_slot(Reader *r, char type, JSlot *ret)
{
        switch (type) {
        case 'B':
                ret->bits = (int8_t)cursor_u8(&r->in);
                return true;
        case 'Z':
                ret->bits = cursor_u8(&r->in);
                return true;
        case 'C':
                ret->bits = cursor_u16(&r->in);
                return true;
        case 'S':
                ret->bits = (int16_t)cursor_u16(&r->in);
                return true;
        case 'F':
                ret->bits = cursor_u32(&r->in);
                return true;
        case 'I':
                ret->bits = (int32_t)cursor_u32(&r->in);
                return true;
        case 'D':
        case 'J':
                ret->bits = (int64_t)cursor_u64(&r->in);
                return true;
        default:
                return (ret->ref = read_tagged(r, cursor_u8(&r->in)));
        }
}

static size_t slot_bytes(char type)
{
        switch (type) {
        case 'C':
        case 'S':
                return 2;
        case 'F':
        case 'I':
                return 4;
        case 'D':
        case 'J':
                return 8;
        default:
                return 1; /* exact for B and Z, the least for a reference */
        }
}

static bool read_annotation(Reader *r, JValue ***ret, size_t *ret_n)
{
        JValue **items = NULL;
        size_t n = 0, room = 0;
        for (uint8_t tag; (tag = cursor_u8(&r->in)) != TC_ENDBLOCKDATA; n++) {
                if (n >= LIMIT_JAVA_ANNOTATIONS)
                        return fail(r, JREAD_E_LIMIT);
                bool block = tag == TC_BLOCKDATA || tag == TC_BLOCKDATALONG;
                JValue *v = block ? read_block(r, tag) : read_tagged(r, tag);
                items = v ? grow(r, items, n, &room, sizeof(JValue *)) : NULL;
                if (!items)
                        return false;
                items[n] = v;
        }
        *ret = items;
        *ret_n = n;
        return true;
}

/* What one class of the chain adds to an object. */
static bool read_data(Reader *r, JData *d)
{
        const JClass *c = d->class;
        if (c->flags & J_SC_EXTERNALIZABLE)
                return read_annotation(r, &d->annotation, &d->n_annotation);
        if (c->n_fields > 0 && !(d->slots = take(r, c->n_fields, sizeof(JSlot))))
                return false;
        for (size_t i = 0; i < c->n_fields; i++)
                if (!read_slot(r, c->fields[i].type, &d->slots[i]))
                        return false;
        if (r->in.failed)
                return fail(r, JREAD_E_TRUNCATED);
        return !(c->flags & J_SC_WRITE_METHOD) ||
               read_annotation(r, &d->annotation, &d->n_annotation);
}

/* How many classes of the chain add data to an object of class c; 0 if there can be no such object
 * or its length is not known. An externalizable class writes for all of its superclasses. */
static size_t count_data(const JClass *c)
{
        if (!c || c->name[0] == '[' || c->flags & J_SC_ENUM)
                return 0;
        if (c->flags & J_SC_EXTERNALIZABLE)
                return c->flags & J_SC_BLOCK_DATA ? 1 : 0;
        size_t n = count_classes(c);
        for (; c; c = c->super)
                if (!(c->flags & J_SC_SERIALIZABLE))
                        return 0;
        return n;
}

static JValue *read_object(Reader *r)
{
        JClass *c;
        if (!read_class(r, &c))
                return NULL;
        size_t n = count_data(c);
        if (n == 0)
                return fail(r, JREAD_E_MALFORMED);
        JValue *v = new_referable(r, J_OBJECT);
        JData *data = v ? take(r, n, sizeof(JData)) : NULL;
        if (!data)
                return NULL;
        v->object.class = c;
        v->object.data = data;
        v->object.n_data = n;
        for (size_t i = n; i > 0; c = c->super)
                data[--i].class = c;
        for (size_t i = 0; i < n; i++)
                if (!read_data(r, &data[i]))
                        return NULL;
        return v;
}

static JValue *read_array(Reader *r)
{
        JClass *c;
        if (!read_class(r, &c))
                return NULL;
        if (!c || c->name[0] != '[')
                return fail(r, JREAD_E_MALFORMED);
        JValue *v = new_referable(r, J_ARRAY);
        if (!v)
                return NULL;
        char type = c->name[1];
        size_t n = cursor_u32(&r->in);
        if (r->in.failed || n > INT32_MAX)
                return fail(r, JREAD_E_MALFORMED);
        if (n > LIMIT_JAVA_ARRAY_LENGTH)
                return fail(r, JREAD_E_LIMIT);
        if (n * slot_bytes(type) > cursor_left(&r->in))
                return fail(r, JREAD_E_TRUNCATED);
        v->array.class = c;
        v->array.length = n;
        v->array.items = take(r, n, sizeof(JSlot));
        for (size_t i = 0; v->array.items && i < n; i++)
                if (!read_slot(r, type, &v->array.items[i]))
                        return NULL;
        return v->array.items && !r->in.failed ? v : NULL;
}

static JValue *read_enum(Reader *r)
{
        JClass *c;
        if (!read_class(r, &c))
                return NULL;
        if (!c || !(c->flags & J_SC_ENUM))
                return fail(r, JREAD_E_MALFORMED);
        JValue *v = new_referable(r, J_ENUM);
        if (!v)
                return NULL;
        uint8_t tag = cursor_u8(&r->in);
        if (tag != TC_STRING && tag != TC_LONGSTRING)
                return fail(r, JREAD_E_MALFORMED);
        v->enumeration.class = c;
        v->enumeration.constant = read_string(r, tag);
        return v->enumeration.constant ? v : NULL;
}

static JValue *read_class_object(Reader *r)
{
        JClass *c;
        if (!read_class(r, &c))
                return NULL;
        JValue *v = new_referable(r, J_CLASS);
        if (v)
                v->class = c;
        return v;
}

static JValue *new_classdesc(Reader *r, JClass *c)
{
        JValue *v = new_value(r, J_CLASSDESC);
        if (v)
                v->class = c;
        return v;
}

static JValue *read_reference(Reader *r)
{
        const Handle *h = read_handle(r);
        if (!h)
                return NULL;
        if (h->value)
                return h->value;
        return h->complete ? new_classdesc(r, h->class) : fail(r, JREAD_E_MALFORMED);
}

static JValue *read_by_tag(Reader *r, uint8_t tag)
{
        JClass *c;
        switch (tag) {
        case TC_NULL:
                return r->null;
        case TC_REFERENCE:
                return read_reference(r);
        case TC_CLASSDESC:
        case TC_PROXYCLASSDESC:
                return read_class_tagged(r, tag, &c) ? new_classdesc(r, c) : NULL;
        case TC_OBJECT:
                return read_object(r);
        case TC_STRING:
        case TC_LONGSTRING:
                return read_string(r, tag);
        case TC_ARRAY:
                return read_array(r);
        case TC_CLASS:
                return read_class_object(r);
        case TC_ENUM:
                return read_enum(r);
        case TC_EXCEPTION:
                return fail(r, JREAD_E_ABORTED);
        default:
                return fail(r, JREAD_E_MALFORMED);
        }
}

/* Where the grammar says object. */
static JValue *read_tagged(Reader *r, uint8_t tag)
{
        if (r->depth >= LIMIT_JAVA_DEPTH)
                return fail(r, JREAD_E_LIMIT);
        r->depth++;
        JValue *v = read_by_tag(r, tag);
        r->depth--;
        return v;
}

int jread(Arena *arena, const void *data, size_t size, JClassSeen seen, void *user, JValue **ret)
{
        Reader r = {
                .arena = arena,
                .in = cursor_over(data, size),
                .seen = seen,
                .user = user,
        };
        if (cursor_u16(&r.in) != JSTREAM_MAGIC || cursor_u16(&r.in) != JSTREAM_VERSION)
                return r.in.failed ? JREAD_E_TRUNCATED : JREAD_E_MALFORMED;
        r.null = new_value(&r, J_NULL);
        if (!r.null)
                return r.error;
        uint8_t tag;
        do /* a reset is legal between top-level objects; there is no handle yet to forget */
                tag = cursor_u8(&r.in);
        while (tag == TC_RESET);
        JValue *v = read_tagged(&r, tag);
        if (!v)
                return r.error;
        if (cursor_left(&r.in) > 0)
                return JREAD_E_TRAILING;
        *ret = v;
        return 0;
}

const char *jread_result_text(int result)
{
        switch (result) {
        case JREAD_OK:
                return "it is well-formed";
        case JREAD_E_TRUNCATED:
                return "the stream ends inside an object";
        case JREAD_E_MALFORMED:
                return "the stream is not a Java object stream";
        case JREAD_E_LIMIT:
                return "the object is too large or too deep";
        case JREAD_E_TRAILING:
                return "there are bytes after the object";
        case JREAD_E_ABORTED:
                return "the sender failed while it wrote the object";
        default:
                return result < 0 ? "out of memory" : "unknown result";
        }
}
