/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the verbs of spark-cluster share. They say on stderr what is wrong, and return exit codes.
 */

#include "base/buffer.h"

int verb_out_of_memory(void);

/* The URL of the master's web UI, as webui_url_from_environment(). 0 or an exit code. */
int verb_master_url(const char *master, char **ret);

/* Fetches URL/json/ of a master. 0; -EIO with *ret_problem (a sentence, owned by the caller); or
 * -ENOMEM. */
int verb_fetch_master(const char *url, Buffer *body, char **ret_problem);

int verb_top(int argc, char **argv);
