/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What each struct of deploy.h is in Java: the one description that decoding, encoding and copying
 * share. A new field is one row in message-tables.c.
 */

#include <stdbool.h>
#include <stddef.h>

#include "wire/deploy.h"

typedef enum FieldKind {
        KIND_INT,       /* int32_t; a java.lang.Integer where a reference stands */
        KIND_LONG,      /* int64_t */
        KIND_DOUBLE,    /* double */
        KIND_BOOL,      /* bool */
        KIND_STRING,    /* const char * */
        KIND_URI,       /* const char *; java.net.URI */
        KIND_ENUM,      /* int; Scala Enumeration value, of the object `sub` names */
        KIND_STRUCT,    /* in place, described by `sub` */
        KIND_REF,       /* EndpointRef */
        KIND_ADDRESS,   /* RpcAddress */
        KIND_SEQ,       /* { T *items; size_t length; }: `sub` describes T with one field */
        KIND_MAP,       /* the same with two fields in T, key and value */
        KIND_EXCEPTION, /* const char *: a throwable as its message */
        KIND_THROWABLE, /* { const char *class_name, *message; } */
        KIND_SUBCLASS,  /* bool: the object is of the subclass `java_name`, which adds no field */
} FieldKind;

typedef struct StructInfo StructInfo;

typedef struct FieldInfo {
        const char *java_name;
        FieldKind kind;
        bool option; /* scala.Option of it: NULL, not `set` or -1 is None */
        size_t offset;
        size_t size; /* in the C struct */
        size_t max;  /* bytes of a string, number of an enumeration's values; 0: no bound */
        const StructInfo *sub;
} FieldInfo;

struct StructInfo {
        const char *java_class; /* NULL for the element of a sequence or map */
        const char *name;       /* of a message, for people */
        bool object;            /* a Scala object, the only instance of its class */
        size_t size;
        const FieldInfo *fields;
        size_t n_fields;
};

/* The layout that every sequence and map struct shares. */
typedef struct Container {
        void *items;
        size_t length;
} Container;

/* How a kind with `option` says "none", when not by a null pointer or -1. */
typedef struct OptMap {
        bool set;
        Container map;
} OptMap;

/* The description of a message; its offsets count from the start of Message. NULL for MSG_NONE and
 * out of range. */
const StructInfo *message_info(MessageType type);

/* The message of a Java class, MSG_NONE for another class. */
MessageType message_type_of_class(const char *java_class);

extern const StructInfo application_description_info;
extern const StructInfo driver_description_info;
extern const StructInfo resource_profile_info;

/* A ResourceMap, as the one field of a struct. */
extern const StructInfo resource_map_info;
