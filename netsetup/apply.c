/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/apply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <netlink/msg.h>

#include "netsetup/nl-route.h"
#include "netsetup/nl-wireguard.h"
#include "netsetup/record.h"
#include "netsetup/sysctl.h"

void apply_done_free(ApplyDone *done)
{
        free(done->steps);
        done->steps = NULL;
}

/* What is to go may have gone already, with its device or its address. */
static int removed(int r)
{
        return r == -ESRCH || r == -ENOENT || r == -ENODEV || r == -EADDRNOTAVAIL ? 0 : r;
}

static void keep_words(Apply *apply, const Netlink *n)
{
        snprintf(apply->said, sizeof apply->said, "%s", n ? netlink_said(n) : "");
}

/* ---- one step ---- */

static int run_link(Apply *apply, const Step *step)
{
        Netlink *n = apply->host->route;
        const NetLink *link = step->after ? step->after : step->before;
        int r = step->after ? nl_link_add_wireguard(n, link->name)
                            : removed(nl_link_remove(n, link->name));

        keep_words(apply, n);
        return r;
}

static int run_device(Apply *apply, const Step *step)
{
        Host *host = apply->host;
        int family, r;

        if (!step->after) /* it goes with its link */
                return 0;
        r = host_wireguard(host, &family);
        if (r < 0)
                return r;
        r = wg_set_device(host->generic, family, step->after, step->set);
        keep_words(apply, host->generic);
        return r;
}

static int run_address(Apply *apply, const Step *step)
{
        Netlink *n = apply->host->route;
        int r = step->after ? nl_address_add(n, step->after)
                            : removed(nl_address_remove(n, step->before));

        keep_words(apply, n);
        return r;
}

/* First the record, so that the change cannot be without it. */
static int run_setting(Apply *apply, const Step *step)
{
        const NetSetting *before = step->before, *after = step->after;
        Host *host = apply->host;
        int r = 0;

        if (!after || !after->value)
                return 0;
        if (step->record && before && before->value)
                r = record_keep(host->dir, after->name, before->value);
        if (r < 0)
                return r;
        if (strncmp(after->name, "net.", 4) == 0) {
                r = sysctl_write(after->name, after->value);
        } else {
                r = nl_link_set(host->route, after->name, after->value);
                keep_words(apply, host->route);
        }
        if (r == -ENODEV && step->record) /* an interface that was taken away */
                return record_forget(host->dir, after->name, NULL);
        return r < 0 || !step->record ? r : record_forget(host->dir, after->name, after->value);
}

/* ---- steps that go together ---- */

static int make_message(Netlink *n, const Step *step, struct nl_msg **ret)
{
        if (step->kind == STEP_ROUTE)
                return step->after ? nl_route_add_message(n, step->after, step->before, ret)
                                   : nl_route_remove_message(n, step->before, ret);
        return step->after ? nl_rule_add_message(step->after, ret)
                           : nl_rule_remove_message(step->before, ret);
}

/* Routes or rules. The kernel goes on after one that it refuses, so that some after the one which
 * failed may be done. */
static int run_messages(Apply *apply, const Step *steps, size_t count, bool *done,
                        size_t *ret_failed)
{
        struct nl_msg *messages[NETLINK_BATCH_MAX];
        size_t of[NETLINK_BATCH_MAX], n = 0;
        int results[NETLINK_BATCH_MAX], r = 0;

        for (size_t i = 0; i < count && r >= 0; i++) {
                messages[n] = NULL;
                r = make_message(apply->host->route, &steps[i], &messages[n]);
                *ret_failed = i;
                if (r >= 0)
                        of[n++] = i;
                else if (!steps[i].after && removed(r) == 0) { /* the interface is gone */
                        done[i] = true;
                        r = 0;
                }
        }
        if (r >= 0 && n > 0) {
                r = netlink_request_many(apply->host->route, messages, n, results);
                keep_words(apply, apply->host->route);
                for (size_t i = n; i-- > 0;) { /* after a failed talk all may be done */
                        int result = steps[of[i]].after ? results[i] : removed(results[i]);

                        done[of[i]] = result >= 0;
                        if (result < 0) {
                                r = result;
                                *ret_failed = of[i];
                        }
                }
        }
        for (size_t i = 0; i < n; i++)
                nlmsg_free(messages[i]);
        return r;
}

static WgPeerChange change_of(const Step *step)
{
        return (WgPeerChange){ .peer = step->after ? step->after : step->before,
                               .remove = !step->after,
                               .set = step->before ? step->set : step->set | STEP_SET_ALLOWED,
                               .release = step->release,
                               .n_release = step->n_release };
}

/* Peers of one device. A refused message does not tell whose it was, and what it says can be said
 * again: so then one after the other. */
static int run_peers(Apply *apply, const Step *steps, size_t count, bool *done, size_t *ret_failed)
{
        WgPeerChange changes[NETLINK_BATCH_MAX];
        Host *host = apply->host;
        int family, r = host_wireguard(host, &family);

        *ret_failed = 0;
        if (r < 0)
                return r;
        for (size_t i = 0; i < count; i++)
                changes[i] = change_of(&steps[i]);
        r = wg_set_peers(host->generic, family, steps->link, changes, count);
        for (size_t i = 0; i < count && r >= 0; i++)
                done[i] = true;
        if (r >= 0)
                return 0;
        for (size_t i = 0; i < count; i++) {
                *ret_failed = i;
                r = wg_set_peers(host->generic, family, steps->link, &changes[i], 1);
                keep_words(apply, host->generic);
                if (r < 0)
                        return r;
                done[i] = true;
        }
        return 0;
}

/* How many steps from the first on go together. */
static size_t group_of(const Apply *apply, const Step *steps, size_t count)
{
        size_t n = 1;

        if (apply->hook ||
            (steps->kind != STEP_ROUTE && steps->kind != STEP_RULE && steps->kind != STEP_PEER))
                return 1;
        while (n < count && n < NETLINK_BATCH_MAX && steps[n].kind == steps->kind &&
               (steps->kind != STEP_PEER || strcmp(steps[n].link, steps->link) == 0))
                n++;
        return n;
}

static int run_group(Apply *apply, const Step *steps, size_t count, bool *done, size_t *ret_failed)
{
        int r;

        *apply->said = '\0';
        *ret_failed = 0;
        switch (steps->kind) {
        case STEP_ROUTE:
        case STEP_RULE:
                return run_messages(apply, steps, count, done, ret_failed);
        case STEP_PEER:
                return run_peers(apply, steps, count, done, ret_failed);
        case STEP_LINK:
                r = run_link(apply, steps);
                break;
        case STEP_DEVICE:
                r = run_device(apply, steps);
                break;
        case STEP_ADDRESS:
                r = run_address(apply, steps);
                break;
        case STEP_SETTING:
                r = run_setting(apply, steps);
                break;
        default:
                r = -EINVAL;
        }
        *done = r >= 0;
        return r;
}

/* ---- all of them ---- */

int apply_plan(Apply *apply, const Plan *plan, ApplyDone *ret_done)
{
        bool *done = calloc(plan->n_steps + 1, sizeof *done);
        int r = 0;

        apply->failed = NULL;
        ret_done->steps = done;
        if (!done)
                return -ENOMEM;
        for (size_t i = 0; i < plan->n_steps && r >= 0;) {
                size_t n = group_of(apply, &plan->steps[i], plan->n_steps - i), failed;

                if (apply->hook)
                        apply->hook(apply->hook_user, &plan->steps[i]);
                r = run_group(apply, &plan->steps[i], n, &done[i], &failed);
                if (r < 0)
                        apply->failed = &plan->steps[i + failed];
                i += n;
        }
        return r;
}

/* Allowed IPs that moved to a peer which goes again have to be given back to one whose own step may
 * not have come: it is set to what it had all the same. */
static bool must_undo(const Plan *plan, const bool *done, size_t i)
{
        const Step *step = &plan->steps[i];

        if (done[i] || step->kind != STEP_PEER || !step->before || !step->after)
                return done[i];
        for (size_t k = 0; k < plan->n_steps; k++)
                if (done[k] && plan->steps[k].kind == STEP_PEER &&
                    strcmp(plan->steps[k].link, step->link) == 0)
                        return true;
        return false;
}

size_t apply_undo(Apply *apply, const Plan *plan, const ApplyDone *done)
{
        size_t failures = 0;

        for (size_t i = done->steps ? plan->n_steps : 0; i-- > 0;) {
                Step undo = step_undo(&plan->steps[i]);
                bool undone = false;
                size_t failed;

                if (!must_undo(plan, done->steps, i))
                        continue;
                if (apply->hook)
                        apply->hook(apply->hook_user, &undo);
                if (run_group(apply, &undo, 1, &undone, &failed) < 0)
                        failures++;
        }
        return failures;
}
