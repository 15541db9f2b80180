/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A Java object stream as a passive tree. jread.h makes one from bytes, jwrite.h bytes from one;
 * shared and cyclic references are shared and cyclic pointers, so a tree that was read is written
 * back byte for byte. Nothing here knows what any class means: see codec.h.
 *
 * (Java Object Serialization Specification, chapter 6: the grammar.)
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

typedef struct JValue JValue;
typedef struct JClass JClass;

typedef enum JKind {
        J_NULL,
        J_STRING,
        J_OBJECT,
        J_ARRAY,
        J_ENUM,
        J_CLASS,     /* a java.lang.Class instance */
        J_CLASSDESC, /* a class descriptor standing as a value */
        J_BLOCK,     /* raw bytes in a writeObject annotation */
        J_KIND_MAX,
} JKind;

/* Flag bits of a class descriptor (java.io.ObjectStreamConstants). */
enum {
        J_SC_WRITE_METHOD = 0x01,
        J_SC_SERIALIZABLE = 0x02,
        J_SC_EXTERNALIZABLE = 0x04,
        J_SC_BLOCK_DATA = 0x08,
        J_SC_ENUM = 0x10,
};

typedef struct JField {
        char type;         /* B C D F I J S Z, or L or [ for a reference */
        const char *name;  /* NUL-terminated modified UTF-8 */
        JValue *signature; /* J_STRING such as "Ljava/lang/String;" for L and [, else NULL */
} JField;

struct JClass {
        const char *name; /* as in the stream: "java.lang.String", "[I"; for a proxy "" */
        int64_t suid;
        uint8_t flags;
        bool proxy;
        uint16_t n_fields;
        JField *fields;          /* in stream order */
        const char **interfaces; /* of a proxy */
        uint32_t n_interfaces;
        JValue **annotation; /* what the class descriptor carries before its 0x78; nearly always
                                none */
        size_t n_annotation;
        JClass *super;   /* or NULL */
        uint32_t handle; /* scratch of reader and writer */
};

/* A field's value: `bits` for primitives (sign-extended; C, Z and the IEEE bits of F are not), else
 * `ref`: never NULL in a tree that was read, and NULL means null to the writer. */
typedef union JSlot {
        int64_t bits;
        JValue *ref;
} JSlot;

/* What one class of the chain contributed to an object. */
typedef struct JData {
        JClass *class;
        JSlot *slots;        /* class->n_fields of them */
        JValue **annotation; /* contents before 0x78, only when the flags say there is one */
        size_t n_annotation;
} JData;

struct JValue {
        JKind kind;
        bool long_form;  /* J_STRING, J_BLOCK: written with the long tag although it may be short */
        uint32_t handle; /* scratch of reader and writer */
        union {
                struct {
                        const char *bytes; /* modified UTF-8 as in the stream, NUL-terminated */
                        size_t size;
                } string;
                struct {
                        JClass *class;
                        JData *data; /* topmost serializable class first */
                        size_t n_data;
                } object;
                struct {
                        JClass *class;
                        JSlot *items; /* element type is class->name[1] */
                        size_t length;
                } array;
                struct {
                        JClass *class;
                        JValue *constant; /* J_STRING */
                } enumeration;
                JClass *class; /* J_CLASS, J_CLASSDESC; may be NULL for J_CLASS */
                struct {
                        const uint8_t *bytes;
                        size_t size;
                } block;
        };
};

/* The slot of the named field in an object, looked for in the whole chain from the class itself
 * upwards, and its type letter; NULL if the object has none (or v is no object). */
const JSlot *jvalue_field(const JValue *v, const char *name, char *ret_type);

/* The object's contribution of one class by name, or NULL. */
const JData *jvalue_data(const JValue *v, const char *class_name);

/* The class name of an object, array or enum constant, else "". */
const char *jvalue_class_name(const JValue *v);

/* A string as UTF-8 (modified UTF-8's NUL and surrogate pairs undone; a NUL or a lone surrogate
 * becomes U+FFFD), in the arena. NULL when out of memory or v is no string. */
const char *jvalue_text(Arena *a, const JValue *v);

/* UTF-8 to a string node. NULL when out of memory or s is not valid UTF-8 (checked). */
JValue *jvalue_from_text(Arena *a, const char *s);

/* True for modified UTF-8 as a JVM writes it: no zero byte, nothing longer than needed but the two
 * bytes of a NUL, no four-byte form. Surrogates need not be paired. */
bool jvalue_text_valid(const void *bytes, size_t size);

/* UTF-8 to modified UTF-8, without a terminator: its size, SIZE_MAX if s is not valid UTF-8. `ret`
 * has the room, or is NULL only to measure. */
size_t jvalue_text_encode(const char *s, char *ret);
