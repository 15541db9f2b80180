/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * GETs by libcurl, in the foreground: one, or many at a time.
 */

#include <stddef.h>

#include "base/buffer.h"

/* Appends the body, as much as `body` may hold. 0; -EIO with *ret_problem (a sentence part owned by
 * the caller) when there was no answer or not a 200; -ENOMEM. */
int fetch(const char *url, Buffer *body, char **ret_problem);

/* Told once for each URL, in the order in which they end: `body` or, when there is none, `problem`
 * is not NULL; both are borrowed. What is not 0 stops it all. */
typedef int (*FetchHandler)(void *user, size_t i, const Buffer *body, const char *problem);

/* Fetches `n` URLs, none of which may take longer than `seconds` or have more than `limit` bytes.
 * 0; -EINTR when something can be read from `wake_fd` (-1: none); -ENOMEM; or what the handler
 * returned. */
int fetch_all(const char *const *urls, size_t n, unsigned seconds, size_t limit, int wake_fd,
              FetchHandler handler, void *user);
