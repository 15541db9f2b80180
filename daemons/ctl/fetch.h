/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One GET by libcurl, in the foreground.
 */

#include "base/buffer.h"

/* Appends the body, as much as `body` may hold. 0; -EIO with *ret_problem (a sentence part owned by
 * the caller) when there was no answer or not a 200; -ENOMEM. */
int fetch(const char *url, Buffer *body, char **ret_problem);
