/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/remover.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "daemons/common/helper.h"
#include "daemons/worker/share.h"

#define REMOVE_SECONDS 600

typedef struct Removal Removal;
struct Removal {
        Remover *remover;
        Strv dirs;
        Strv shared;    /* those that the backend is to empty ... */
        size_t emptied; /* ... and how many it has had */
        bool again;     /* all that can be done has been */
        Helper *helper;
        Removal *prev, *next;
};

struct Remover {
        sd_event *event;
        Backend *backend;
        Removal *removals;
};

static void removal_free(Removal *r)
{
        DL_DELETE(r->remover->removals, r);
        helper_free(r->helper);
        strv_done(&r->dirs);
        strv_done(&r->shared);
        free(r);
}

/* In the child: says which shared directories are in the way, a line each, or else which directory
 * is. */
static int remove_all(void *arg, int fd)
{
        const Removal *r = arg;
        int status = EXIT_SUCCESS;

        for (size_t i = 0; i < r->dirs.length; i++) {
                CLEANUP_STRV Strv shared = { 0 };
                int result = dir_remove(r->dirs.items[i]);

                if (result == 0)
                        continue;
                status = EXIT_FAILURE;
                if (!r->again)
                        (void)share_find(r->dirs.items[i], &shared);
                for (size_t j = 0; j < shared.length; j++)
                        (void)dprintf(fd, "%s\n", shared.items[j]);
                if (r->again)
                        (void)dprintf(fd, "%s: %s\n", r->dirs.items[i], strerror(-result));
        }
        return status;
}

static void empty_next(Removal *r);

/* Whole lines only: the last may be cut. */
static int take_lines(const char *output, Strv *ret)
{
        const char *end;
        int r = 0;

        for (; r == 0 && (end = strchr(output, '\n')); output = end + 1)
                r = strv_add_n(ret, output, (size_t)(end - output));
        return r;
}

static void on_removed(void *user, const char *output)
{
        Removal *r = user;
        CLEANUP_STRV Strv lines = { 0 };

        r->helper = NULL; /* it ends by itself */
        if (take_lines(output, &lines) < 0 || lines.length == 0) {
                removal_free(r);
                return;
        }
        if (r->again) {
                for (size_t i = 0; i < lines.length; i++)
                        log_warning("Could not remove %s", lines.items[i]);
                removal_free(r);
                return;
        }
        r->again = true;
        r->shared = lines;
        lines = (Strv){ 0 };
        empty_next(r);
}

static int run(Removal *r)
{
        return helper_run(r->remover->event, remove_all, r, REMOVE_SECONDS, on_removed, r,
                          &r->helper);
}

static void on_emptied(void *user)
{
        empty_next(user);
}

/* One after the other: each is a unit of its own. */
static void empty_next(Removal *r)
{
        while (r->emptied < r->shared.length) {
                const char *dir = r->shared.items[r->emptied++];

                if (backend_remove(r->remover->backend, dir, on_emptied, r) == 0)
                        return;
        }
        if (run(r) < 0)
                removal_free(r);
}

int remover_remove(Remover *remover, const Strv *dirs)
{
        Removal *removal = calloc(1, sizeof(*removal));
        int r = 0;

        if (!removal)
                return -ENOMEM;
        removal->remover = remover;
        DL_APPEND(remover->removals, removal);
        for (size_t i = 0; r == 0 && i < dirs->length; i++)
                r = strv_add(&removal->dirs, dirs->items[i]);
        if (r == 0)
                r = run(removal);
        if (r < 0)
                removal_free(removal);
        return r;
}

Remover *remover_new(sd_event *event, Backend *backend)
{
        Remover *remover = calloc(1, sizeof(*remover));

        if (!remover)
                return NULL;
        remover->event = sd_event_ref(event);
        remover->backend = backend;
        return remover;
}

void remover_free(Remover *remover)
{
        Removal *removal, *next;

        if (!remover)
                return;
        DL_FOREACH_SAFE (remover->removals, removal, next)
                removal_free(removal);
        (void)sd_event_unref(remover->event);
        free(remover);
}
