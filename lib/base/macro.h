/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Small things every file uses: ownership at the declaration, array sizes, unaligned-safe helpers.
 */

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_SIZE(a)              (sizeof(a) / sizeof((a)[0]))
#define MIN_OF(a, b)               ((a) < (b) ? (a) : (b))
#define MAX_OF(a, b)               ((a) > (b) ? (a) : (b))
#define CONTAINER_OF(p, t, member) ((t *)((char *)(p)-offsetof(t, member)))

#define WARN_UNUSED       __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/* Runs fn(&variable) when the variable goes out of scope. */
#define CLEANUP(fn)   __attribute__((cleanup(fn)))
#define CLEANUP_FREE  CLEANUP(free_pointer)
#define CLEANUP_CLOSE CLEANUP(close_fd)

/* Hands ownership on: yields the value and leaves the variable empty. */
#define TAKE_PTR(p)                                                                                \
        ({                                                                                         \
                __typeof__(p) take_ptr_ = (p);                                                     \
                (p) = NULL;                                                                        \
                take_ptr_;                                                                         \
        })
#define TAKE_FD(fd)                                                                                \
        ({                                                                                         \
                int take_fd_ = (fd);                                                               \
                (fd) = -1;                                                                         \
                take_fd_;                                                                          \
        })

static inline void free_pointer(void *p)
{
        free(*(void **)p);
}

static inline void close_fd(int *fd)
{
        if (*fd >= 0)
                (void)close(*fd);
        *fd = -1;
}
