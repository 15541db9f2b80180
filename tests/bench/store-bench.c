/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What durable state costs on this disk: usage: store-bench DIRECTORY. Writes the state of 1,000
 * workers and of 1,000 applications with 4,000 executors, loads it, and commits entries of one and
 * of a hundred records. What the master makes of the records is not in it: tests/bench/run has the
 * whole.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/store.h"

#define APPS       1000
#define APP_BYTES  2000 /* an application's description with its Java options */
#define ROUND_USEC UINT64_C(1000000)

/* About what the master keeps. */
static const struct {
        int kind;
        unsigned count;
        size_t size;
} records[] = {
        { 0, 1000, 400 }, /* workers */
        { 1, APPS, APP_BYTES },
        { 2, APPS, 100 }, /* how far they are */
        { 3, 4000, 120 }, /* executors */
};

static uint64_t now_usec(void)
{
        struct timespec t;
        (void)clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static Store *open_or_die(const char *directory)
{
        char message[STORE_MESSAGE_MAX] = "";
        Store *s = NULL;
        if (store_open(directory, &s, message) != 0) {
                fprintf(stderr, "store-bench: %s\n", message);
                exit(EXIT_FAILURE);
        }
        return s;
}

static void put_or_die(Store *s, int kind, unsigned number, size_t size)
{
        char key[32], data[APP_BYTES];
        (void)snprintf(key, sizeof(key), "%d-%u", kind, number);
        memset(data, (int)('a' + number % 26), sizeof(data));
        if (store_put(s, kind, key, data, size) != 0) {
                fprintf(stderr, "store-bench: out of memory\n");
                exit(EXIT_FAILURE);
        }
}

static void commit_or_die(Store *s)
{
        if (store_commit(s) != 0) {
                fprintf(stderr, "store-bench: %s\n", store_message(s));
                exit(EXIT_FAILURE);
        }
}

static int count(void *userdata, int kind, const char *key, const void *data, size_t size)
{
        ++*(unsigned *)userdata;
        return 0;
}

static void load(const char *directory)
{
        unsigned n = 0;
        uint64_t start = now_usec();
        CLEANUP_STORE Store *s = open_or_die(directory);
        uint64_t opened = now_usec();
        if (store_load(s, count, &n) != 0) {
                fprintf(stderr, "store-bench: %s\n", store_message(s));
                exit(EXIT_FAILURE);
        }
        printf("open %.1f ms, load %u records %.1f ms\n", (double)(opened - start) / 1000, n,
               (double)(now_usec() - opened) / 1000);
}

static void commits(Store *s, unsigned size)
{
        unsigned n = 0;
        uint64_t start = now_usec(), took;
        for (; (took = now_usec() - start) < ROUND_USEC; n++) {
                for (unsigned i = 0; i < size; i++)
                        put_or_die(s, 1, (n * size + i) % APPS, APP_BYTES);
                commit_or_die(s);
        }
        printf("entries of %3u records: %" PRIu64 " entries/s, %" PRIu64 " records/s\n", size,
               n * UINT64_C(1000000) / took, (uint64_t)n * size * 1000000 / took);
}

int main(int argc, char **argv)
{
        if (argc != 2) {
                fprintf(stderr, "usage: store-bench DIRECTORY\n");
                return 2;
        }
        Store *s = open_or_die(argv[1]);
        uint64_t start = now_usec();
        for (size_t k = 0; k < ARRAY_SIZE(records); k++)
                for (unsigned i = 0; i < records[k].count; i++)
                        put_or_die(s, records[k].kind, i, records[k].size);
        commit_or_die(s);
        printf("commit all at once: %.1f ms\n", (double)(now_usec() - start) / 1000);
        s = store_close(s);
        load(argv[1]);
        s = open_or_die(argv[1]);
        commits(s, 1);
        commits(s, 100);
        s = store_close(s);
        load(argv[1]);
        return 0;
}
