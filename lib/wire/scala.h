/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Scala and Java library values in object trees: options, sequences, maps, enumerations, objects.
 * Reading (scala-read.c) takes the many forms in which JVMs write them; building (scala-build.c)
 * makes the one form per Scala version that every JVM of it reads. codec.c stands above this.
 */

#include "wire/family.h"
#include "wire/jvalue.h"

/* ---- reading ---- */

typedef enum ScalaResult {
        SCALA_OK = 0,
        SCALA_E_SHAPE = 1, /* not a form of such a value that is known */
        SCALA_E_LIMIT,     /* more than LIMIT_SEQ_ITEMS */
} ScalaResult;

typedef struct ScalaItems {
        const JValue **items; /* of a map: key, value, key, value ... */
        size_t length;        /* of a map: pairs */
} ScalaItems;

bool jvalue_is_null(const JValue *v);

/* The reference in the named field, NULL when it is null, absent or no reference. */
const JValue *jvalue_ref(const JValue *v, const char *name);

/* The class of an object; for the stand-in that Scala 2.13 writes for its objects, the class of
 * the object that it stands for. "" for anything else. */
const char *scala_class_name(const JValue *v);

/* All return 0, a ScalaResult or -ENOMEM. */
int scala_option(const JValue *v, const JValue **ret); /* *ret NULL: None, or a null reference */
int scala_items(Arena *scratch, const JValue *v, ScalaItems *ret);
int scala_pairs(Arena *scratch, const JValue *v, ScalaItems *ret);

/* The ordinal of a value of the named Enumeration object. */
int scala_enum(const JValue *v, const char *enumeration, int32_t *ret);

/* The bits of a boxed primitive, such as java.lang.Integer for type 'I'. */
int java_boxed(const JValue *v, char type, int64_t *ret);

/* ---- building ---- */

typedef struct TreeClass TreeClass;
typedef struct TreeText TreeText;

/* Builds one tree for one line. The first failure is kept in `error` (-ENOMEM, -EMSGSIZE when the
 * arena is full, -EINVAL for text that is not UTF-8 or a field that the class lacks, -EOPNOTSUPP
 * for a class that the line lacks); after it functions may return NULL, and take NULL. */
typedef struct TreeBuilder {
        Arena *arena;
        Line line;
        int error;
        TreeClass *classes;   /* each class descriptor is made once and shared */
        TreeText *signatures; /* and so are the strings in them */
        JValue *null;
} TreeBuilder;

/* n times `size` bytes, zeroed, in the builder's arena. */
void *tree_alloc(TreeBuilder *b, size_t n, size_t size);

/* An object whose fields are all zero or null. */
JValue *tree_object(TreeBuilder *b, const char *class_name);
const JClass *tree_class(TreeBuilder *b, const char *class_name);

/* The slot of a field of an object that tree_object() made, and its type; NULL after a failure. */
JSlot *tree_slot(TreeBuilder *b, JValue *object, const char *field, char *ret_type);
void tree_set_ref(TreeBuilder *b, JValue *object, const char *field, JValue *value);
void tree_set_bits(TreeBuilder *b, JValue *object, const char *field, int64_t bits);

JValue *tree_null(TreeBuilder *b);
JValue *tree_text(TreeBuilder *b, const char *text); /* NULL text: null */
JValue *tree_array(TreeBuilder *b, const char *class_name, JValue *const *items, size_t n);
JValue *tree_boxed(TreeBuilder *b, char type, int64_t bits);
JValue *tree_java_enum(TreeBuilder *b, const char *class_name, const char *constant);

JValue *scala_make_object(TreeBuilder *b, const char *class_name);
JValue *scala_make_option(TreeBuilder *b, JValue *value); /* None for NULL without an error */
JValue *scala_make_list(TreeBuilder *b, JValue *const *items, size_t n);
JValue *scala_make_map(TreeBuilder *b, JValue *const *pairs, size_t n); /* 2 * n values */
JValue *scala_make_enum(TreeBuilder *b, const char *enumeration, int32_t ordinal);
