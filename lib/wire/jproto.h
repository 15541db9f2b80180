/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Constants of the Java Object Serialization Stream Protocol, version 2, for its reader and its
 * writer (java.io.ObjectStreamConstants).
 */

#include <stdint.h>

#define JSTREAM_MAGIC       UINT16_C(0xaced)
#define JSTREAM_VERSION     UINT16_C(5)
#define JSTREAM_BASE_HANDLE UINT32_C(0x7e0000)

enum {
        TC_NULL = 0x70,
        TC_REFERENCE,
        TC_CLASSDESC,
        TC_OBJECT,
        TC_STRING,
        TC_ARRAY,
        TC_CLASS,
        TC_BLOCKDATA,
        TC_ENDBLOCKDATA,
        TC_RESET,
        TC_BLOCKDATALONG,
        TC_EXCEPTION,
        TC_LONGSTRING,
        TC_PROXYCLASSDESC,
        TC_ENUM,
};
