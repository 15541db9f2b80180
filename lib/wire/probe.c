/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/probe.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/macro.h"
#include "base/parse.h"
#include "wire/jwrite.h"
#include "wire/scala.h"

#define CHECK_EXISTENCE "org.apache.spark.rpc.netty.RpcEndpointVerifier$CheckExistence"

/* The classes that the question names, in the order in which a JVM comes to them. Their UIDs (with
 * that of the question's own class before) differ between any two lines that can be told apart. */
static const char *const named_classes[] = {
        "org.apache.spark.SparkException",
        "org.apache.spark.rpc.RpcEndpointRef",
        "org.apache.spark.resource.ResourceProfile",
};
static const char *const field_names[] = { "sparkd1", "sparkd2", "sparkd3" };

static_assert(ARRAY_SIZE(named_classes) == ARRAY_SIZE(field_names), "a field for each class");

/* CheckExistence with a field more for each named class. JVMs skip fields that their class does not
 * have, after reading the value. */
static JValue *make_question(TreeBuilder *b, const char *name)
{
        enum { N_FIELDS = 1 + ARRAY_SIZE(named_classes) };
        JValue *v = tree_object(b, CHECK_EXISTENCE);
        JField *fields = tree_alloc(b, N_FIELDS, sizeof(*fields));
        JSlot *slots = tree_alloc(b, N_FIELDS, sizeof(*slots));
        JValue *object_type = tree_text(b, "Ljava/lang/Object;");
        tree_set_ref(b, v, "name", tree_text(b, name));
        if (b->error)
                return NULL;

        JClass *class = v->object.class;
        fields[0] = class->fields[0];
        slots[0] = v->object.data[0].slots[0];
        for (size_t i = 0; i < ARRAY_SIZE(named_classes); i++) {
                JValue *value = tree_alloc(b, 1, sizeof(*value));
                if (!value)
                        return NULL;
                value->kind = J_CLASS;
                value->class = (JClass *)tree_class(b, named_classes[i]);
                fields[1 + i] = (JField){ 'L', field_names[i], object_type };
                slots[1 + i].ref = value;
        }
        class->fields = fields;
        class->n_fields = N_FIELDS;
        v->object.data[0].slots = slots;
        return v;
}

int probe_encode(Line guess, const char *name, Buffer *out)
{
        CLEANUP_ARENA Arena arena;
        arena_init(&arena, LIMIT_MESSAGE_ARENA_BYTES);
        TreeBuilder b = { .arena = &arena, .line = guess };
        JValue *question = make_question(&b, name);
        return b.error ? b.error : jwrite(question, out);
}

static const char *find(const char *text, size_t size, const char *what)
{
        return memmem(text, size, what, strlen(what));
}

/* The UID in "CLASS; local class incompatible: ... local class serialVersionUID = UID", which is
 * what java.io.ObjectStreamClass says. False when the text has no such part. */
static bool find_local_uid(const char *text, size_t size, char class_name[static 256],
                           int64_t *ret_suid)
{
        static const char mark[] = "; local class incompatible: ";
        static const char local[] = ", local class serialVersionUID = ";
        const char *end = text + size, *name_end = find(text, size, mark), *name = name_end;
        const char *number = name ? find(name, (size_t)(end - name), local) : NULL;
        if (!number)
                return false;
        while (name > text && name[-1] != '\0' && !strchr(" \t\n:", name[-1]))
                name--;
        number += strlen(local);
        size_t n = 0;
        while (number + n < end && number[n] != '\0' && strchr("-0123456789", number[n]))
                n++;
        char digits[24] = "";
        if ((size_t)(name_end - name) >= 256 || n >= sizeof(digits))
                return false;
        memcpy(class_name, name, (size_t)(name_end - name));
        class_name[name_end - name] = '\0';
        memcpy(digits, number, n);
        return parse_int64(digits, INT64_MIN, INT64_MAX, ret_suid) == 0;
}

LineSet probe_narrow(const char *failure, size_t size, LineSet candidates)
{
        char class_name[256];
        int64_t suid;
        if (!find_local_uid(failure, size, class_name, &suid) || !known_class_name(class_name))
                return candidates;
        return candidates & lines_of_class(class_name, suid);
}

LineSet probe_confirmed(Line guess, LineSet candidates)
{
        const ClassInfo *c = line_class(guess, CHECK_EXISTENCE);
        if (!c)
                return 0;
        candidates &= lines_with_suid(CHECK_EXISTENCE, c->suid);
        for (size_t i = 0; i < ARRAY_SIZE(named_classes); i++) {
                c = line_class(guess, named_classes[i]);
                candidates &= lines_with_suid(named_classes[i], c->suid);
        }
        return candidates;
}
