/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Which web port is asked: what users write for a master, as the URL of its web UI.
 */

#define MASTER_WEBUI_PORT "8080"

/* "http://host:port/..." as it stands; "host", "host:port" (the web UI's port) and
 * "spark://host:port" (the RPC port, which says nothing of the web UI's: `webui_port` is taken).
 * The result has no slash at its end and is owned by the caller. 0, -EINVAL or -ENOMEM. */
int webui_url(const char *master, const char *webui_port, char **ret);

/* The URL by the environment: SPARK_MASTER_WEBUI, else SPARK_MASTER_HOST and
 * SPARK_MASTER_WEBUI_PORT, else localhost and 8080. `master` from the command line wins over the
 * first two when not NULL. Results as webui_url(). */
int webui_url_from_environment(const char *master, char **ret);
