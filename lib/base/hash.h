/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * uthash and utlist with a choice of ours: running out of memory is not an exit(). After a
 * HASH_ADD test that the element's hh.tbl is not NULL (hash_added()).
 */

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

#define hash_added(element) ((element)->hh.tbl != NULL)
