/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A piece of an executor's stdout or stderr, for the pages. Names come from the network: each is
 * one path component that is checked, and no link is followed.
 */

#include <stdint.h>

#include "base/buffer.h"

typedef struct LogPiece {
        int64_t start, end, total; /* bytes */
        Buffer text;
} LogPiece;

void log_piece_done(LogPiece *piece);

typedef enum LogFileResult {
        LOG_FILE_OK = 0,
        LOG_FILE_E_NAME = 1, /* a name that is none of an executor's directory */
        LOG_FILE_E_TYPE,     /* neither stdout nor stderr */
} LogFileResult;

/* Reads WORK/dir/sub/type (sub may be NULL) from `offset` for `length` bytes, or the last `length`
 * with an offset of LOG_FILE_END; both are clamped to what there is and to LIMIT_LOG_PAGE_BYTES. A
 * file that does not exist is empty. 0, LOG_FILE_E_*, or -errno. */
#define LOG_FILE_END INT64_MIN
int log_file_read(const char *work_dir, const char *dir, const char *sub, const char *type,
                  int64_t offset, int64_t length, LogPiece *ret);
