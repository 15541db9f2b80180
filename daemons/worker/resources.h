/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * This worker's custom resources (GPUs and the like), found once at the start: from
 * spark.worker.resourcesFile, and for each spark.worker.resource.NAME.amount that is not in it by
 * running spark.worker.resource.NAME.discoveryScript.
 */

#include "daemons/common/options.h"
#include "wire/deploy.h"

/* Parses what a discovery script prints, {"name":"gpu","addresses":["0"]}. 0, -EBADMSG or
 * -ENOMEM. */
int resource_parse(Arena *arena, const char *text, size_t size, ResourceInformation *ret);

/* Parses a resources file. Only entries of the component spark.worker are taken. As above. */
int resources_parse_file(Arena *arena, const char *text, size_t size, ResourceMap *ret);

/* 0 with everything in `arena`, or -errno with a sentence in *ret_problem, owned by the caller (or
 * NULL). Blocks while the scripts run: for start-up only. */
int resources_load(Arena *arena, const Options *options, const char *resources_file,
                   ResourceMap *ret, char **ret_problem);
