/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>

#include "base/file.h"
#include "netsetup/desired.h"
#include "netsetup/measure.h"
#include "netsetup/verbs.h"

#define LOCK_PAUSE_MSEC 100u

void session_init(Session *s)
{
        *s = (Session){ 0 };
        conf_init(&s->conf);
        state_init(&s->desired);
        state_init(&s->actual);
        plan_init(&s->plan);
}

void session_done(Session *s)
{
        plan_done(&s->plan);
        state_done(&s->actual);
        state_done(&s->desired);
        conf_done(&s->conf);
        host_done(&s->host);
}

void session_print_problems(const Session *s, FILE *to)
{
        for (size_t i = 0; i < s->conf.problems.length; i++)
                fprintf(to, "%s\n", s->conf.problems.items[i]);
        if (s->conf.more_problems > 0)
                fprintf(to, "and %zu more\n", s->conf.more_problems);
        for (size_t i = 0; i < s->plan.problems.length; i++)
                fprintf(to, "%s\n", s->plan.problems.items[i]);
}

int session_check(Session *s, const SessionOptions *options)
{
        const char *config = options->config ? options->config : NETSETUP_CONFIG;
        int r = conf_read(&s->conf, config, true);

        /* then the wish is rather `down`, or the file was lost */
        if (r >= 0 && !options->only_route && conf_is_empty(&s->conf) && access(config, F_OK) < 0) {
                (void)strv_addf(&s->conf.problems, "there is neither %s nor a drop-in", config);
                r = -ENOENT;
        }
        return r;
}

static int read_desired(Session *s, const SessionOptions *options)
{
        int r;

        if (options->empty)
                return 0;
        r = session_check(s, options);
        if (r >= 0)
                r = desired_make(&s->conf, &s->desired);
        return r < 0 ? r
                     : desired_resolve(&s->conf, &s->desired, &s->plan.notes, !options->offline);
}

/* `s` gets what the host of `first` has now. */
static int read_actual(Session *s, Session *first, const SessionOptions *options)
{
        int r = s == first ? host_open(&s->host, options->dir) : 0;

        if (r >= 0)
                r = host_read(&first->host, &first->desired, &s->actual);
        if (r < 0)
                (void)strv_addf(&s->conf.problems, "the kernel's state cannot be read: %s",
                                strerror(-r));
        return r;
}

/* What is measured is kept by whoever may change things. */
static uint32_t measure(Session *s, const SessionOptions *options, const char *name)
{
        const char *dir = options->state_dir ? options->state_dir : MEASURE_STATE_DIR;
        uint32_t mtu = 0;

        if (options->offline || measure_device(state_device(&s->desired, name), &mtu) < 0 ||
            mtu == 0)
                return measure_recall(dir, name);
        if (options->keep_measured)
                (void)measure_keep(dir, name, mtu);
        return mtu;
}

static int set_auto_mtus(Session *s, const SessionOptions *options)
{
        int r = 0;

        CONF_FOREACH(ConfDevice, device, &s->conf, CONF_WIREGUARD)
        {
                if (device->mtu_auto && r >= 0)
                        r = desired_set_auto_mtu(&s->desired, &s->actual, device,
                                                 measure(s, options, device->item.name));
        }
        return r;
}

static void keep_route_only(Plan *plan, const NetPrefix *to)
{
        size_t n = 0;

        for (size_t i = 0; i < plan->n_steps; i++) {
                const Step *step = &plan->steps[i];
                const NetRoute *route = step->after ? step->after : step->before;

                if (step->kind == STEP_ROUTE && prefix_equal(&route->to, to))
                        plan->steps[n++] = *step;
        }
        plan->n_steps = n;
}

static int make_plan(Session *s, const NetState *desired, const SessionOptions *options)
{
        int r = plan_make(desired, &s->actual, &s->plan);

        if (r >= 0 && options->only_route)
                keep_route_only(&s->plan, options->only_route);
        return r == -EINVAL ? -ENETUNREACH : r;
}

int session_plan(Session *s, const SessionOptions *options)
{
        int r = read_desired(s, options);

        if (r >= 0)
                r = read_actual(s, s, options);
        if (r >= 0)
                r = set_auto_mtus(s, options);
        if (r >= 0)
                r = desired_keep_router_advertisements(&s->desired, &s->actual);
        return r < 0 ? r : make_plan(s, &s->desired, options);
}

/* Compares what `first` desires with what there is after it was carried out. */
static int plan_again(Session *s, Session *first, const SessionOptions *options)
{
        int r = read_actual(s, first, options);

        return r < 0 ? r : make_plan(s, &first->desired, options);
}

/* ---- apply ---- */

void applied_init(Applied *a)
{
        *a = (Applied){ .lock_fd = -1 };
        for (size_t i = 0; i < SESSION_ROUNDS; i++)
                session_init(&a->rounds[i]);
}

void applied_done(Applied *a)
{
        for (size_t i = 0; i < SESSION_ROUNDS; i++) {
                apply_done_free(&a->done[i]);
                session_done(&a->rounds[i]);
        }
        close_fd(&a->lock_fd);
}

static int lock_file(int fd, unsigned wait_msec)
{
        while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                if (errno != EWOULDBLOCK)
                        return -errno;
                if (wait_msec == 0)
                        return -EBUSY;
                (void)poll(NULL, 0, (int)MIN_OF(wait_msec, LOCK_PAUSE_MSEC));
                wait_msec -= MIN_OF(wait_msec, LOCK_PAUSE_MSEC);
        }
        return 0;
}

static int take_lock(const SessionOptions *options, FILE *err, int *ret)
{
        const char *dir = options->dir ? options->dir : HOST_RUNTIME_DIR;
        CLEANUP_FREE char *path = path_join(dir, "lock");
        CLEANUP_CLOSE int fd = -1;
        int r = path ? dir_make(dir, 0700) : -ENOMEM;

        if (r < 0) {
                fprintf(err, "spark-netsetup: %s: %s\n", dir, strerror(-r));
                return r;
        }
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        r = fd < 0 ? -errno : lock_file(fd, options->wait_msec);
        if (r < 0) {
                fprintf(err, "spark-netsetup: %s: %s\n", path,
                        r == -EBUSY
                                ? "another one is at work, or waits for `spark-netsetup confirm`"
                                : strerror(-r));
                return r;
        }
        *ret = TAKE_FD(fd);
        return 0;
}

size_t session_undo(Applied *a, const SessionOptions *options)
{
        size_t failures = 0;

        for (size_t i = a->n_rounds; i-- > 0;) {
                Apply apply = { .host = &a->rounds[0].host,
                                .hook = options->hook,
                                .hook_user = options->hook_user };

                failures += apply_undo(&apply, &a->rounds[i].plan, &a->done[i]);
        }
        return failures;
}

static void tell_failure(FILE *err, const Apply *apply, int r)
{
        fprintf(err, "spark-netsetup: %s: %s%s%s\n",
                apply->failed ? apply->failed->what : "out of memory", strerror(-r),
                *apply->said ? ": " : "", apply->said);
        if (r == -EOPNOTSUPP && apply->failed && apply->failed->kind == STEP_LINK)
                fputs("spark-netsetup: this kernel has no WireGuard (modprobe wireguard)\n", err);
}

/* One round. 1 when there was something to do. */
static int apply_once(const SessionOptions *options, FILE *out, FILE *err, Applied *a)
{
        Session *first = a->rounds, *s = &a->rounds[a->n_rounds];
        Apply apply = { .host = &first->host,
                        .hook = options->hook,
                        .hook_user = options->hook_user };
        int r = s == first ? session_plan(s, options) : plan_again(s, first, options);

        if (r < 0) {
                session_print_problems(s, err);
                return r;
        }
        for (size_t i = 0; i < s->plan.notes.length && a->n_rounds == 0; i++)
                fprintf(err, "note: %s\n", s->plan.notes.items[i]);
        if (s->plan.n_steps == 0)
                return 0;
        r = apply_plan(&apply, &s->plan, &a->done[a->n_rounds++]);
        if (r < 0) {
                tell_failure(err, &apply, r);
                return r == -EINVAL ? -EIO : r; /* the kernel's word, not conf_check()'s */
        }
        for (size_t i = 0; i < s->plan.n_steps; i++)
                fprintf(out, "%s  (%s)\n", s->plan.steps[i].what, s->plan.steps[i].why);
        a->n_steps += s->plan.n_steps;
        return 1;
}

int session_apply(const SessionOptions *options, FILE *out, FILE *err, Applied *ret)
{
        int r = take_lock(options, err, &ret->lock_fd);

        if (r < 0)
                return r;
        /* What a step did may have taken something else away (the last address of a subnet its
         * routes): so look again until there is nothing to do. */
        for (r = 1; r == 1 && ret->n_rounds < SESSION_ROUNDS;)
                r = apply_once(options, out, err, ret);
        if (r == 1) {
                fputs("spark-netsetup: something else changes the network at the same time: it is "
                      "not what it should be\n",
                      err);
                return -EAGAIN;
        }
        if (r < 0 && ret->n_rounds > 0) {
                size_t failures = session_undo(ret, options);

                fprintf(err,
                        failures == 0 ? "spark-netsetup: what had been done is undone\n"
                                      : "spark-netsetup: %zu steps could not be undone\n",
                        failures);
        }
        return r;
}

int session_apply_now(const SessionOptions *options, FILE *out, FILE *err)
{
        CLEANUP_APPLIED Applied applied;

        applied_init(&applied);
        return session_apply(options, out, err, &applied);
}
