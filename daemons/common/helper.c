/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/common/helper.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "cgroups/spawn.h"

#define OUTPUT_MAX 4096

struct Helper {
        sd_event_source *source;
        int fd;
        HelperDone done;
        void *user;
        size_t size;
        char output[OUTPUT_MAX + 1];
};

void helper_free(Helper *helper)
{
        if (!helper)
                return;
        if (helper->source && sd_event_source_get_floating(helper->source) > 0) {
                (void)sd_event_source_set_destroy_callback(helper->source, NULL);
                (void)sd_event_source_ref(helper->source); /* ours again */
                (void)sd_event_source_set_floating(helper->source, false);
        }
        (void)sd_event_source_disable_unref(helper->source);
        close_fd(&helper->fd);
        free(helper);
}

/* The loop is gone before the answer came. */
static void on_source_gone(void *user)
{
        Helper *helper = user;

        close_fd(&helper->fd);
        free(helper);
}

static int on_output(sd_event_source *source, int fd, uint32_t revents, void *user)
{
        Helper *helper = user;
        ssize_t n = read(fd, helper->output + helper->size, OUTPUT_MAX - helper->size);
        HelperDone done = helper->done;
        void *done_user = helper->user;

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n > 0) {
                helper->size += (size_t)n;
                if (helper->size < OUTPUT_MAX)
                        return 0;
        }
        helper->output[helper->size] = '\0';
        done(done_user, helper->output);
        helper_free(helper);
        return 0;
}

int helper_run(sd_event *event, int (*work)(void *arg, int fd), void *arg, unsigned seconds,
               HelperDone done, void *user, Helper **ret)
{
        Helper *helper = calloc(1, sizeof(*helper));
        pid_t pid;
        int r;

        if (!helper)
                return -ENOMEM;
        helper->fd = -1;
        helper->done = done;
        helper->user = user;
        r = spawn_function(work, arg, seconds, &pid, &helper->fd);
        if (r == 0)
                r = sd_event_add_io(event, &helper->source, helper->fd, EPOLLIN, on_output, helper);
        if (r >= 0 && !ret)
                r = sd_event_source_set_floating(helper->source, true);
        if (r >= 0 && !ret)
                r = sd_event_source_set_destroy_callback(helper->source, on_source_gone);
        if (r < 0) {
                helper_free(helper);
                return r;
        }
        if (ret)
                *ret = helper;
        else
                (void)sd_event_source_unref(helper->source); /* the loop has its own reference */
        return 0;
}
