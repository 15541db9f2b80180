/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/keep.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/problem.h"
#include "store/store.h"
#include "wire/codec.h"

#define WORKER_KEY "id"

/* A record: this, a RecordMark, and then the message, if there is one, as a JVM of the newest line
 * would get it. */
#define RECORD_VERSION 1

struct Keep {
        Store *store;
        Buffer scratch;
        char *worker_id; /* "HOST:PORT ID", while it is looked for */
};

int keep_open(const char *directory, Keep **ret, char **ret_problem)
{
        char message[STORE_MESSAGE_MAX] = "";
        Keep *k = calloc(1, sizeof(*k));
        int r = k ? dir_make(directory, 0700) : -ENOMEM;

        if (r == 0 && chmod(directory, 0700) < 0)
                r = -errno;
        if (r < 0) {
                free(k);
                return problem_set(ret_problem, r, "state directory %s: %s", directory,
                                   strerror(-r));
        }
        r = store_open(directory, &k->store, message);
        if (r != 0) {
                *ret_problem = strdup(message);
                free(k);
                return r;
        }
        k->scratch = BUFFER_INIT(LIMIT_FRAME_BYTES);
        *ret = k;
        return 0;
}

Keep *keep_close(Keep *k)
{
        if (!k)
                return NULL;
        (void)store_close(k->store);
        buffer_done(&k->scratch);
        free(k->worker_id);
        free(k);
        return NULL;
}

static int commit(Keep *k)
{
        int r = store_commit(k->store);

        if (r == 0)
                return 0;
        log_error("Cannot keep what happens for the next start of this worker: %s",
                  store_message(k->store));
        return r == STORE_E_FULL ? -ENOSPC : MIN_OF(r, -EIO);
}

/* ---- the worker's id ---- */

static int find_worker_id(void *user, int kind, const char *key, const void *data, size_t size)
{
        Keep *k = user;

        if (kind != RECORD_WORKER || strcmp(key, WORKER_KEY) != 0)
                return 0;
        free(k->worker_id);
        k->worker_id = strndup(data, size);
        return k->worker_id ? 0 : -ENOMEM;
}

char *keep_worker_id(Keep *k, const char *host, uint16_t port)
{
        CLEANUP_FREE char *prefix = NULL, *found = NULL;

        if (!k || store_load(k->store, find_worker_id, k) != 0)
                return NULL;
        found = TAKE_PTR(k->worker_id);
        if (asprintf(&prefix, "%s:%u ", host, port) < 0)
                prefix = NULL;
        if (!found || !prefix || strncmp(found, prefix, strlen(prefix)) != 0)
                return NULL;
        return strdup(found + strlen(prefix));
}

int keep_set_worker_id(Keep *k, const char *host, uint16_t port, const char *id)
{
        CLEANUP_FREE char *text = NULL;

        if (!k)
                return 0;
        if (!id) {
                (void)store_delete(k->store, RECORD_WORKER, WORKER_KEY);
                return commit(k);
        }
        if (asprintf(&text, "%s:%u %s", host, port, id) < 0) {
                text = NULL;
                return -ENOMEM;
        }
        (void)store_put(k->store, RECORD_WORKER, WORKER_KEY, text, strlen(text));
        return commit(k);
}

/* ---- saving ---- */

static int put_effect(Keep *k, const WorkerEffect *e)
{
        Buffer *b = &k->scratch;
        int r;

        buffer_clear(b);
        buffer_put_u8(b, RECORD_VERSION);
        buffer_put_u8(b, (uint8_t)e->mark);
        r = e->message ? message_encode(e->message, LINE_MAX - 1, b) : 0;
        if (r == 0)
                r = buffer_result(b);
        return r < 0 ? r : store_put(k->store, (int)e->record, e->child, b->data, b->size);
}

int keep_effects(Keep *k, const WorkerEffects *fx)
{
        bool any = false;

        for (const WorkerEffect *e = k ? fx->first : NULL; e; e = e->next) {
                int r = 0;

                if (e->type == DO_KEEP)
                        r = put_effect(k, e);
                else if (e->type == DO_DROP)
                        r = store_delete(k->store, (int)e->record, e->child);
                else
                        continue;
                if (r < 0)
                        log_error("Cannot keep %s for the next start of this worker: %s", e->child,
                                  strerror(-r));
                any = true;
        }
        return any ? commit(k) : 0;
}

int keep_local_dirs(Keep *k, const char *app_id, const Strv *dirs)
{
        Buffer text CLEANUP_BUFFER = BUFFER_INIT(LIMIT_CONFIG_LINE_BYTES);
        int r;

        if (!k)
                return 0;
        for (size_t i = 0; dirs && i < dirs->length; i++)
                buffer_put(&text, dirs->items[i], strlen(dirs->items[i]) + 1);
        r = buffer_result(&text);
        if (r < 0)
                return r;
        if (dirs)
                (void)store_put(k->store, RECORD_LOCAL_DIRS, app_id, text.data, text.size);
        else
                (void)store_delete(k->store, RECORD_LOCAL_DIRS, app_id);
        return commit(k);
}

/* ---- loading ---- */

typedef struct Loading {
        Worker *worker;
        KeepLocalDirs local_dirs;
        void *user;
} Loading;

static int load_dirs(const Loading *l, const char *app_id, const char *data, size_t size)
{
        CLEANUP_STRV Strv dirs = { 0 };
        int r = 0;

        for (size_t at = 0; r == 0 && at < size; at += strlen(data + at) + 1) {
                if (data[at] != '/' || !memchr(data + at, '\0', size - at))
                        return -EBADMSG;
                r = strv_add(&dirs, data + at);
        }
        return r < 0 ? r : l->local_dirs(l->user, app_id, &dirs);
}

static int load_message(const Loading *l, int kind, const char *key, const uint8_t *data,
                        size_t size)
{
        Arena arena CLEANUP_ARENA;
        DecodeInfo info;
        Message message;
        int r = 0;

        arena_init(&arena, LIMIT_MESSAGE_ARENA_BYTES);
        if (size < 2 || data[0] != RECORD_VERSION)
                return -EBADMSG;
        if (size > 2)
                r = message_decode(&arena, data + 2, size - 2, &message, &info);
        if (r > 0)
                return -EBADMSG;
        return r < 0 ? r
                     : worker_restore(l->worker, (WorkerRecord)kind, key,
                                      size > 2 ? &message : NULL, (RecordMark)data[1]);
}

static int load_record(void *user, int kind, const char *key, const void *data, size_t size)
{
        const Loading *l = user;
        int r;

        if (kind == RECORD_WORKER)
                return 0;
        r = kind == RECORD_LOCAL_DIRS ? load_dirs(l, key, data, size)
                                      : load_message(l, kind, key, data, size);
        if (r != -EBADMSG)
                return r;
        log_warning("Record %d of %s in the worker's state cannot be used.", kind, key);
        return 0;
}

int keep_load(Keep *k, Worker *worker, KeepLocalDirs local_dirs, void *user)
{
        Loading l = { .worker = worker, .local_dirs = local_dirs, .user = user };
        int r = k ? store_load(k->store, load_record, &l) : 0;

        if (r > 0)
                log_error("%s", store_message(k->store));
        return r > 0 ? -EBADMSG : r;
}
