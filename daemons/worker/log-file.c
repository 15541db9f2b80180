/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/log-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "daemons/worker/workdir.h"

void log_piece_done(LogPiece *piece)
{
        buffer_done(&piece->text);
}

/* Opens a directory below another without following a link, closing that. */
static int descend(int *at, const char *name)
{
        int fd = openat(*at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int r = fd < 0 ? -errno : 0;

        close_fd(at);
        *at = fd;
        return r;
}

/* 0 with *ret_fd, or -errno. */
static int open_log(const char *work_dir, const char *dir, const char *sub, const char *type,
                    int *ret_fd, int64_t *ret_size)
{
        CLEANUP_CLOSE int at = open(work_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
        struct stat st;
        int r = at < 0 ? -errno : descend(&at, dir);

        if (r == 0 && sub)
                r = descend(&at, sub);
        if (r < 0)
                return r;
        /* Not to wait for anyone, should it be a pipe. */
        fd = openat(at, type, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        *ret_size = st.st_size;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int64_t clamp(int64_t v, int64_t min, int64_t max)
{
        return MIN_OF(MAX_OF(v, min), max);
}

static int read_piece(int fd, LogPiece *piece)
{
        int64_t at = piece->start;

        while (at < piece->end) {
                size_t want = (size_t)(piece->end - at);
                uint8_t *room = buffer_reserve(&piece->text, want);
                ssize_t n = room ? pread(fd, room, want, at) : 0;

                if (!room)
                        return -ENOMEM;
                if (n < 0)
                        return -errno;
                if (n == 0) /* it was cut meanwhile */
                        break;
                buffer_added(&piece->text, (size_t)n);
                at += n;
        }
        piece->end = at;
        return 0;
}

int log_file_read(const char *work_dir, const char *dir, const char *sub, const char *type,
                  int64_t offset, int64_t length, LogPiece *ret)
{
        CLEANUP_CLOSE int fd = -1;
        LogPiece piece = { .text = BUFFER_INIT(LIMIT_LOG_PAGE_BYTES) };
        int r;

        if (strcmp(type, "stdout") != 0 && strcmp(type, "stderr") != 0)
                return LOG_FILE_E_TYPE;
        if (!workdir_id_valid(dir) || (sub && !workdir_id_valid(sub)))
                return LOG_FILE_E_NAME;
        r = open_log(work_dir, dir, sub, type, &fd, &piece.total);
        if (r == 0) {
                length = clamp(length, 0, (int64_t)LIMIT_LOG_PAGE_BYTES);
                if (offset == LOG_FILE_END)
                        offset = piece.total - length;
                piece.start = clamp(offset, 0, piece.total);
                piece.end = MIN_OF(piece.start + length, piece.total);
                r = read_piece(fd, &piece);
        } else if (r == -ENOENT) {
                r = 0;
        }
        if (r < 0) {
                log_piece_done(&piece);
                return r;
        }
        *ret = piece;
        return 0;
}
