/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deploy messages to object streams, driven by message-tables.h and the class table of the line
 * that is to read them.
 */
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "base/macro.h"
#include "wire/codec.h"
#include "wire/jwrite.h"
#include "wire/message-tables.h"
#include "wire/scala.h"

static JValue *encode_struct(TreeBuilder *b, const StructInfo *info, const void *src);
static JValue *encode_value(TreeBuilder *b, const FieldInfo *f, char type, const void *src);

/* ---- single values ---- */

static JValue *encode_address(TreeBuilder *b, const RpcAddress *src)
{
        if (!src->host)
                return tree_null(b);
        JValue *v = tree_object(b, "org.apache.spark.rpc.RpcAddress");
        tree_set_ref(b, v, "host", tree_text(b, src->host));
        tree_set_bits(b, v, "port", src->port);
        return v;
}

/* The timeout of asks that the receiver makes through a reference: Spark's default. A null one
 * makes such an ask fail in the receiver. */
static JValue *encode_ask_timeout(TreeBuilder *b)
{
        JValue *duration = tree_object(b, "scala.concurrent.duration.FiniteDuration");
        tree_set_bits(b, duration, "length", LIMIT_ASK_USEC / 1000000);
        tree_set_ref(b, duration, "unit",
                     tree_java_enum(b, "java.util.concurrent.TimeUnit", "SECONDS"));
        JValue *timeout = tree_object(b, "org.apache.spark.rpc.RpcTimeout");
        tree_set_ref(b, timeout, "duration", duration);
        tree_set_ref(b, timeout, "timeoutProp", tree_text(b, "spark.rpc.askTimeout"));
        return timeout;
}

static JValue *encode_endpoint_ref(TreeBuilder *b, const EndpointRef *src)
{
        if (!src->name)
                return tree_null(b);
        const char *text = src->address.host
                                   ? arena_printf(b->arena, "spark://%s@%s:%d", src->name,
                                                  src->address.host, src->address.port)
                                   : arena_printf(b->arena, "spark-client://%s", src->name);
        if (!text) {
                b->error = b->error ? b->error : -ENOMEM;
                return NULL;
        }
        JValue *address = tree_object(b, "org.apache.spark.rpc.RpcEndpointAddress");
        tree_set_ref(b, address, "name", tree_text(b, src->name));
        tree_set_ref(b, address, "rpcAddress", encode_address(b, &src->address));
        tree_set_ref(b, address, "toString", tree_text(b, text));
        JValue *v = tree_object(b, "org.apache.spark.rpc.netty.NettyRpcEndpointRef");
        tree_set_ref(b, v, "endpointAddress", address);
        tree_set_ref(b, v, "defaultAskTimeout", encode_ask_timeout(b));
        return v;
}

static JValue *encode_uri(TreeBuilder *b, const char *text)
{
        JValue *v = tree_object(b, "java.net.URI");
        tree_set_ref(b, v, "string", tree_text(b, text));
        return v;
}

static JValue *encode_exception(TreeBuilder *b, const char *class_name, const char *message)
{
        JValue *v = tree_object(b, class_name);
        tree_set_ref(b, v, "detailMessage", tree_text(b, message));
        return v;
}

/* A failure's cause. Only throwables that every JVM has are written; another class goes into the
 * message. */
static JValue *encode_throwable(TreeBuilder *b, const char *const src[static 2])
{
        static const char *const written[] = { "org.apache.spark.SparkException",
                                               "java.lang.RuntimeException",
                                               "java.lang.Exception" };
        const char *class_name = src[0], *message = src[1];
        for (size_t i = 0; i < ARRAY_SIZE(written); i++)
                if (!class_name || strcmp(class_name, written[i]) == 0)
                        return encode_exception(b, written[i], message);
        const char *text = arena_printf(b->arena, "%s%s%s", class_name, message ? ": " : "",
                                        message ? message : "");
        if (!text)
                b->error = b->error ? b->error : -ENOMEM;
        return encode_exception(b, written[0], text);
}

/* ---- collections ---- */

/* The values of a container's elements, n_parts for each; NULL after a failure. */
static JValue **encode_elements(TreeBuilder *b, const StructInfo *element, const Container *c,
                                size_t n_parts)
{
        JValue **values = tree_alloc(b, c->length * n_parts, sizeof(*values));
        for (size_t i = 0; values && i < c->length && !b->error; i++) {
                for (size_t part = 0; part < n_parts; part++) {
                        const FieldInfo *f = &element->fields[part];
                        const char *item = (const char *)c->items + i * element->size;
                        values[i * n_parts + part] = encode_value(b, f, 'L', item + f->offset);
                }
        }
        return values;
}

static JValue *encode_container(TreeBuilder *b, const FieldInfo *f, char type, const void *src)
{
        Container c;
        memcpy(&c, src, sizeof(c));
        JValue **values = encode_elements(b, f->sub, &c, f->kind == KIND_SEQ ? 1 : 2);
        if (b->error)
                return NULL;
        if (f->kind == KIND_MAP)
                return scala_make_map(b, values, c.length);
        if (type == '[')
                return tree_array(b, "[Ljava.lang.String;", values, c.length);
        return scala_make_list(b, values, c.length);
}

/* ---- fields ---- */

static int64_t primitive_bits(FieldKind kind, const void *src)
{
        int64_t bits;
        switch (kind) {
        case KIND_INT:
                return *(const int32_t *)src;
        case KIND_BOOL:
                return *(const bool *)src;
        default: /* a long, or the bits of a double */
                memcpy(&bits, src, sizeof(bits));
                return bits;
        }
}

static JValue *encode_option(TreeBuilder *b, FieldInfo f, const void *src)
{
        const char *text;
        bool set;
        f.option = false;
        switch (f.kind) {
        case KIND_INT:
                set = ((const OptInt *)src)->set;
                src = &((const OptInt *)src)->value;
                break;
        case KIND_MAP:
                set = *(const bool *)src;
                src = (const char *)src + offsetof(OptMap, map);
                break;
        case KIND_ENUM:
                set = *(const int *)src >= 0;
                break;
        default:
                memcpy(&text, src, sizeof(text));
                set = text != NULL;
        }
        return scala_make_option(b, set ? encode_value(b, &f, 'L', src) : NULL);
}

static JValue *encode_value(TreeBuilder *b, const FieldInfo *f, char type, const void *src)
{
        static const char boxes[] = {
                [KIND_INT] = 'I', [KIND_LONG] = 'J', [KIND_DOUBLE] = 'D', [KIND_BOOL] = 'Z'
        };
        if (f->option)
                return encode_option(b, *f, src);
        switch (f->kind) {
        case KIND_INT:
        case KIND_LONG:
        case KIND_DOUBLE:
        case KIND_BOOL:
                return tree_boxed(b, boxes[f->kind], primitive_bits(f->kind, src));
        case KIND_STRING:
                return tree_text(b, *(const char *const *)src);
        case KIND_URI:
                return encode_uri(b, *(const char *const *)src);
        case KIND_ENUM:
                return scala_make_enum(b, f->sub->java_class, *(const int *)src);
        case KIND_STRUCT:
                return encode_struct(b, f->sub, src);
        case KIND_REF:
                return encode_endpoint_ref(b, src);
        case KIND_ADDRESS:
                return encode_address(b, src);
        case KIND_SEQ:
        case KIND_MAP:
                return encode_container(b, f, type, src);
        case KIND_EXCEPTION:
                return encode_exception(b, "java.lang.RuntimeException", *(const char *const *)src);
        case KIND_THROWABLE:
                return encode_throwable(b, src);
        case KIND_SUBCLASS:
                break; /* no field */
        }
        return NULL;
}

static const char *class_to_write(const StructInfo *info, const void *src)
{
        for (size_t i = 0; i < info->n_fields; i++)
                if (info->fields[i].kind == KIND_SUBCLASS &&
                    *(const bool *)((const char *)src + info->fields[i].offset))
                        return info->fields[i].java_name;
        return info->java_class;
}

static JValue *encode_struct(TreeBuilder *b, const StructInfo *info, const void *src)
{
        JValue *v = tree_object(b, class_to_write(info, src));
        for (size_t i = 0; i < info->n_fields && !b->error; i++) {
                const FieldInfo *f = &info->fields[i];
                const void *value = (const char *)src + f->offset;
                char type;
                if (f->kind == KIND_SUBCLASS)
                        continue;
                JSlot *slot = tree_slot(b, v, f->java_name, &type);
                if (!slot)
                        return NULL;
                if (type == 'L' || type == '[')
                        slot->ref = encode_value(b, f, type, value);
                else
                        slot->bits = primitive_bits(f->kind, value);
        }
        return b->error ? NULL : v;
}

int message_encode(const Message *m, Line line, Buffer *out)
{
        CLEANUP_ARENA Arena arena;
        arena_init(&arena, LIMIT_MESSAGE_ARENA_BYTES);
        TreeBuilder b = { .arena = &arena, .line = line };
        const StructInfo *info = message_info(m->type);
        if (!info)
                return -EOPNOTSUPP;
        JValue *root =
                info->object ? scala_make_object(&b, info->java_class) : encode_struct(&b, info, m);
        return b.error ? b.error : jwrite(root, out);
}
