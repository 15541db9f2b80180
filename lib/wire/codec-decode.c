/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Object streams to deploy messages, driven by message-tables.h. Only names decide: the UIDs of the
 * classes seen say which lines the sender can be of, and are never a reason to refuse.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/macro.h"
#include "wire/codec.h"
#include "wire/jread.h"
#include "wire/message-tables.h"
#include "wire/scala.h"

typedef struct Decoder {
        Arena *arena;   /* for the result */
        Arena *scratch; /* holds the tree */
        DecodeInfo *info;
        const StructInfo *owner; /* what is being decoded, for messages */
        const FieldInfo *field;
} Decoder;

static int decode_value(Decoder *d, const FieldInfo *f, char type, const JSlot *slot, void *ret);

/* ---- failures ---- */

static int wrong_field(Decoder *d, const char *what, const JValue *v)
{
        const char *class_name = v ? scala_class_name(v) : "";
        snprintf(d->info->problem, sizeof(d->info->problem), "field %s of %s %s%s%s",
                 d->field ? d->field->java_name : "?", d->owner ? d->owner->java_class : "?", what,
                 *class_name ? ": " : "", class_name);
        return DECODE_E_FIELD;
}

/* What a failed allocation of about `size` bytes in an arena means: the peer's message is too much,
 * or memory ran out. */
static int no_room(Decoder *d, const Arena *a, size_t size)
{
        if (size < a->limit - a->used)
                return -ENOMEM;
        return wrong_field(d, "makes the message too large", NULL);
}

static int scala_problem(Decoder *d, int r, const JValue *v)
{
        if (r == SCALA_E_SHAPE)
                return wrong_field(d, "has an unknown form", v);
        if (r == SCALA_E_LIMIT)
                return wrong_field(d, "has too many elements", NULL);
        return r;
}

/* ---- single values ---- */

static int decode_text(Decoder *d, const JValue *v, size_t max, const char **ret)
{
        if (jvalue_is_null(v)) {
                *ret = NULL;
                return 0;
        }
        if (v->kind != J_STRING)
                return wrong_field(d, "is no string", v);
        if (max > 0 && v->string.size > max)
                return wrong_field(d, "is too long", NULL);
        const char *text = jvalue_text(d->arena, v);
        if (!text)
                return no_room(d, d->arena, v->string.size * 2 + 32);
        *ret = text;
        return 0;
}

/* A primitive in its slot, or boxed where the class has a reference (None of an Option is not for
 * here). Absent: zero. */
static int primitive_bits(Decoder *d, char wanted, char type, const JSlot *slot, int64_t *ret)
{
        *ret = 0;
        if (!slot)
                return 0;
        if (type == wanted) {
                *ret = slot->bits;
                return 0;
        }
        if (type != 'L' || java_boxed(slot->ref, wanted, ret) != 0)
                return wrong_field(d, "is of another type", type == 'L' ? slot->ref : NULL);
        return 0;
}

static int decode_enum(Decoder *d, const FieldInfo *f, const JValue *v, int *ret)
{
        int32_t ordinal;
        if (scala_enum(v, f->sub->java_class, &ordinal) != 0)
                return wrong_field(d, "is no value of its enumeration", v);
        if (ordinal < 0 || (size_t)ordinal >= f->max)
                return wrong_field(d, "is beyond its enumeration", NULL);
        *ret = ordinal;
        return 0;
}

static int decode_uri(Decoder *d, const JValue *v, const char **ret)
{
        if (!jvalue_is_null(v) && strcmp(jvalue_class_name(v), "java.net.URI") != 0)
                return wrong_field(d, "is no URI", v);
        return decode_text(d, jvalue_ref(v, "string"), 0, ret);
}

static int decode_address(Decoder *d, const JValue *v, RpcAddress *ret)
{
        *ret = (RpcAddress){};
        if (jvalue_is_null(v))
                return 0;
        if (strcmp(jvalue_class_name(v), "org.apache.spark.rpc.RpcAddress") != 0)
                return wrong_field(d, "is no address", v);
        char type;
        const JSlot *port = jvalue_field(v, "port", &type);
        int64_t bits;
        int r = primitive_bits(d, 'I', port ? type : 'I', port, &bits);
        if (r != 0)
                return r;
        ret->port = (int32_t)bits;
        return decode_text(d, jvalue_ref(v, "host"), LIMIT_HOST_BYTES, &ret->host);
}

static int decode_endpoint_ref(Decoder *d, const JValue *v, EndpointRef *ret)
{
        *ret = (EndpointRef){};
        if (jvalue_is_null(v))
                return 0;
        const JValue *address = jvalue_ref(v, "endpointAddress");
        if (strcmp(jvalue_class_name(v), "org.apache.spark.rpc.netty.NettyRpcEndpointRef") != 0 ||
            strcmp(jvalue_class_name(address), "org.apache.spark.rpc.RpcEndpointAddress") != 0)
                return wrong_field(d, "is no endpoint reference", v);
        int r = decode_text(d, jvalue_ref(address, "name"), LIMIT_ENDPOINT_NAME_BYTES, &ret->name);
        if (r != 0)
                return r;
        return decode_address(d, jvalue_ref(address, "rpcAddress"), &ret->address);
}

/* A throwable's class and message; either of `ret_class` and `ret_message` may be what is shown
 * alone, so a throwable without message shows its class. */
static int decode_throwable(Decoder *d, const JValue *v, const char **ret_class,
                            const char **ret_message)
{
        *ret_class = *ret_message = NULL;
        if (jvalue_is_null(v))
                return 0;
        if (!jvalue_data(v, "java.lang.Throwable"))
                return wrong_field(d, "is no throwable", v);
        const char *class_name = jvalue_class_name(v);
        *ret_class = arena_strdup(d->arena, class_name);
        if (!*ret_class)
                return no_room(d, d->arena, strlen(class_name) + 32);
        return decode_text(d, jvalue_ref(v, "detailMessage"), 0, ret_message);
}

static int decode_exception(Decoder *d, const JValue *v, const char **ret)
{
        const char *class_name, *message;
        int r = decode_throwable(d, v, &class_name, &message);
        if (r == 0)
                *ret = message ? message : class_name;
        return r;
}

/* ---- structs and collections ---- */

static int decode_fields(Decoder *d, const StructInfo *info, const JValue *v, void *ret)
{
        const StructInfo *outer = d->owner;
        const FieldInfo *outer_field = d->field;
        for (size_t i = 0; i < info->n_fields; i++) {
                const FieldInfo *f = &info->fields[i];
                void *value = (char *)ret + f->offset;
                char type = 'L';
                d->owner = info;
                d->field = f;
                if (f->kind == KIND_SUBCLASS) {
                        *(bool *)value = strcmp(jvalue_class_name(v), f->java_name) == 0;
                        continue;
                }
                const JSlot *slot = jvalue_field(v, f->java_name, &type);
                int r = decode_value(d, f, type, slot, value);
                if (r != 0)
                        return r;
        }
        d->owner = outer;
        d->field = outer_field;
        return 0;
}

static bool struct_has_class(const StructInfo *info, const char *class_name)
{
        if (strcmp(info->java_class, class_name) == 0)
                return true;
        for (size_t i = 0; i < info->n_fields; i++)
                if (info->fields[i].kind == KIND_SUBCLASS &&
                    strcmp(info->fields[i].java_name, class_name) == 0)
                        return true;
        return false;
}

static int decode_struct(Decoder *d, const StructInfo *info, const JValue *v, void *ret)
{
        if (!struct_has_class(info, jvalue_class_name(v)))
                return wrong_field(d, jvalue_is_null(v) ? "is null" : "is of another class", v);
        return decode_fields(d, info, v, ret);
}

/* Elements of a sequence (n_parts 1) or entries of a map (2). */
static int decode_elements(Decoder *d, const StructInfo *element, const ScalaItems *items,
                           size_t n_parts, Container *ret)
{
        char *array = arena_alloc_array(d->arena, items->length, element->size);
        if (!array)
                return no_room(d, d->arena, items->length * element->size + 32);
        for (size_t i = 0; i < items->length; i++) {
                for (size_t part = 0; part < n_parts; part++) {
                        const FieldInfo *f = &element->fields[part];
                        JSlot slot = { .ref = (JValue *)items->items[i * n_parts + part] };
                        int r = decode_value(d, f, 'L', &slot,
                                             array + i * element->size + f->offset);
                        if (r != 0)
                                return r;
                }
        }
        *ret = (Container){ .items = array, .length = items->length };
        return 0;
}

static int decode_container(Decoder *d, const FieldInfo *f, const JValue *v, void *ret)
{
        ScalaItems items;
        Container container = {};
        int r = 0;
        if (!jvalue_is_null(v)) {
                r = f->kind == KIND_SEQ ? scala_items(d->scratch, v, &items)
                                        : scala_pairs(d->scratch, v, &items);
                r = r != 0 ? scala_problem(d, r, v)
                           : decode_elements(d, f->sub, &items, f->kind == KIND_SEQ ? 1 : 2,
                                             &container);
        }
        if (r == 0)
                memcpy(ret, &container, sizeof(container));
        return r;
}

/* ---- one field ---- */

static int decode_reference(Decoder *d, const FieldInfo *f, const JValue *v, void *ret)
{
        switch (f->kind) {
        case KIND_STRING:
                return decode_text(d, v, f->max, ret);
        case KIND_URI:
                return decode_uri(d, v, ret);
        case KIND_ENUM:
                return decode_enum(d, f, v, ret);
        case KIND_STRUCT:
                return decode_struct(d, f->sub, v, ret);
        case KIND_REF:
                return decode_endpoint_ref(d, v, ret);
        case KIND_ADDRESS:
                return decode_address(d, v, ret);
        case KIND_SEQ:
        case KIND_MAP:
                return decode_container(d, f, v, ret);
        case KIND_EXCEPTION:
                return decode_exception(d, v, ret);
        case KIND_THROWABLE:
                return decode_throwable(d, v, (const char **)ret, (const char **)ret + 1);
        default:
                return wrong_field(d, "is of another type", v);
        }
}

static int decode_primitive(Decoder *d, const FieldInfo *f, char type, const JSlot *slot, void *ret)
{
        static const char letters[] = {
                [KIND_INT] = 'I', [KIND_LONG] = 'J', [KIND_DOUBLE] = 'D', [KIND_BOOL] = 'Z'
        };
        int64_t bits;
        int r = primitive_bits(d, letters[f->kind], type, slot, &bits);
        if (r != 0)
                return r;
        switch (f->kind) {
        case KIND_INT:
                *(int32_t *)ret = (int32_t)bits;
                break;
        case KIND_BOOL:
                *(bool *)ret = bits != 0;
                break;
        default: /* a long, or the bits of a double */
                memcpy(ret, &bits, sizeof(bits));
        }
        return 0;
}

/* Option[Int], Option[Map] and Option of what has a "none" of its own. */
static int decode_option(Decoder *d, const FieldInfo *f, const JValue *v, void *ret)
{
        const JValue *value;
        if (scala_option(v, &value) != 0)
                return wrong_field(d, "is no Option", v);
        JSlot slot = { .ref = (JValue *)value };
        switch (f->kind) {
        case KIND_INT: {
                OptInt *o = ret;
                o->set = value != NULL;
                return value ? decode_primitive(d, f, 'L', &slot, &o->value) : 0;
        }
        case KIND_MAP: {
                bool *set = ret;
                *set = value != NULL;
                return value ? decode_container(d, f, value, (char *)ret + offsetof(OptMap, map))
                             : 0;
        }
        case KIND_ENUM:
                *(int *)ret = -1;
                return value ? decode_enum(d, f, value, ret) : 0;
        default:
                return decode_reference(d, f, value, ret);
        }
}

static int decode_value(Decoder *d, const FieldInfo *f, char type, const JSlot *slot, void *ret)
{
        if (!f->option && f->kind <= KIND_BOOL)
                return decode_primitive(d, f, type, slot, ret);
        if (type != 'L' && type != '[')
                return wrong_field(d, "is of a primitive type", NULL);
        const JValue *v = slot ? slot->ref : NULL;
        return f->option ? decode_option(d, f, v, ret) : decode_reference(d, f, v, ret);
}

/* ---- messages ---- */

/* What a class descriptor says about the sender. */
static void class_seen(void *user, const JClass *class)
{
        DecodeInfo *info = user;
        if (class->proxy || (class->flags & J_SC_ENUM))
                return; /* their UIDs are not compared */
        LineSet lines = lines_of_class(class->name, class->suid);
        info->lines &= lines;
        if (lines == 0 && !info->foreign_class) {
                info->foreign_class = known_class_name(class->name);
                info->foreign_suid = class->suid;
        }
}

static int decode_root(Decoder *d, const JValue *root, Message *ret)
{
        const char *class_name = scala_class_name(root);
        bool stand_in = class_name != jvalue_class_name(root);
        snprintf(d->info->class_name, sizeof(d->info->class_name), "%s", class_name);
        MessageType type = message_type_of_class(class_name);
        if (type == MSG_NONE || (stand_in && !message_info(type)->object)) {
                snprintf(d->info->problem, sizeof(d->info->problem),
                         "an object of class %s is no message", d->info->class_name);
                return DECODE_E_UNKNOWN_CLASS;
        }
        ret->type = type;
        return decode_fields(d, message_info(type), root, ret);
}

int message_decode(Arena *arena, const void *data, size_t size, Message *ret, DecodeInfo *info)
{
        CLEANUP_ARENA Arena scratch;
        arena_init(&scratch, LIMIT_MESSAGE_ARENA_BYTES);
        Decoder d = { .arena = arena, .scratch = &scratch, .info = info };
        JValue *root;
        *info = (DecodeInfo){ .lines = LINES_ALL };
        *ret = (Message){};
        int r = jread(&scratch, data, size, class_seen, info, &root);
        if (r > 0) {
                snprintf(info->problem, sizeof(info->problem), "%s", jread_result_text(r));
                return DECODE_E_STREAM;
        }
        if (r == 0)
                r = decode_root(&d, root, ret);
        if (r != 0)
                *ret = (Message){};
        return r;
}
