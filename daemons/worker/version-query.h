/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Asking a driver which Spark it is. Deploy messages tell the family of a driver's version, not the
 * version; its own web UI does: GET APP_UI/api/v1/version gives {"spark":"3.5.9"}.
 *
 * The question is put by a child that is a copy of this process (helper.h): a name must be resolved
 * and an answer awaited, and plain blocking calls in a child with a deadline do that without a
 * thread, without a client library in memory, and in fewer lines than either would take. An https
 * address is not asked; the newest engine that fits serves there.
 */

#include <stdbool.h>
#include <stddef.h>

#define VERSION_MAX 64

/* The version in a whole HTTP response. 0, or -EBADMSG when there is none in it. */
int version_from_response(const char *response, size_t size, char ret[static VERSION_MAX]);

/* Is the response a refusal that will not change (a redirect to a login or to TLS, 401, 403)? */
bool version_is_refused(const char *response, size_t size);

/* Work for a helper: `arg` is the application's UI address; writes the bare version. */
int version_query(void *arg, int fd);
