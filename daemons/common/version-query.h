/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Asking a driver which Spark it is. Deploy messages tell the family of a driver's version, not the
 * version; its own web UI does: GET APP_UI/api/v1/version gives {"spark":"3.5.9"}.
 *
 * The question is put by a child that is a copy of this process (helper.h). It may block, and it
 * alone loads libcurl, which with its relatives takes more memory than a daemon of ours does.
 */

#include <stddef.h>

#define VERSION_MAX 64

/* The version in a response's body. 0, or -EBADMSG when there is none in it. */
int version_from_body(const char *body, size_t size, char ret[static VERSION_MAX]);

/* Work for a helper: `arg` is the application's UI address; writes the bare version. Asks again
 * until the helper's deadline while the UI listens but does not serve yet. */
int version_query(void *arg, int fd);
