/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WireGuard devices and peers. Allowed IPs that move from one peer to another are taken by the one
 * that gets them, in one step of the kernel; those that nobody gets are released.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "netsetup/plan-private.h"

/* A peer answers within this time when its tunnel is alive (REJECT_AFTER_TIME of the protocol). */
#define ALIVE_SEC 180

typedef struct Claim {
        NetPrefix prefix;
        const WgPeer *peer;
        UT_hash_handle hh;
} Claim;

typedef struct KeyEntry {
        const WgPeer *peer;
        UT_hash_handle hh;
} KeyEntry;

/* One device on both sides, with its claims and peers by key. */
typedef struct Sides {
        const WgDevice *desired, *actual; /* NULL: new, or not readable */
        Claim *wanted, *held;
        KeyEntry *peers_wanted, *peers_held;
} Sides;

static int index_peers(Planner *p, const WgDevice *device, Claim **claims, KeyEntry **keys)
{
        for (const WgPeer *peer = device ? device->peers : NULL; peer; peer = peer->next) {
                KeyEntry *entry = arena_new(&p->plan->arena, KeyEntry);

                if (!entry)
                        return -ENOMEM;
                entry->peer = peer;
                HASH_ADD_KEYPTR(hh, *keys, peer->public_key.bytes, KEY_SIZE, entry);
                if (!hash_added(entry))
                        return -ENOMEM;
                for (size_t i = 0; i < peer->n_allowed; i++) {
                        Claim *claim = arena_new(&p->plan->arena, Claim);

                        if (!claim)
                                return -ENOMEM;
                        claim->prefix = peer->allowed[i];
                        claim->peer = peer;
                        HASH_ADD(hh, *claims, prefix, sizeof claim->prefix, claim);
                        if (!hash_added(claim))
                                return -ENOMEM;
                }
        }
        return 0;
}

static const WgPeer *claimer(Claim *claims, const NetPrefix *prefix)
{
        Claim *claim;

        HASH_FIND(hh, claims, prefix, sizeof *prefix, claim);
        return claim ? claim->peer : NULL;
}

static const WgPeer *peer_of(KeyEntry *keys, const NetKey *key)
{
        KeyEntry *entry;

        HASH_FIND(hh, keys, key->bytes, KEY_SIZE, entry);
        return entry ? entry->peer : NULL;
}

static void sides_done(Sides *s)
{
        HASH_CLEAR(hh, s->wanted);
        HASH_CLEAR(hh, s->held);
        HASH_CLEAR(hh, s->peers_wanted);
        HASH_CLEAR(hh, s->peers_held);
}

static int sides_make(Planner *p, const WgDevice *desired, Sides *ret)
{
        *ret = (Sides){ .desired = desired, .actual = state_device(p->actual, desired->name) };
        if (ret->actual && ret->actual->unreadable)
                ret->actual = NULL;
        int r = index_peers(p, ret->desired, &ret->wanted, &ret->peers_wanted);
        return r < 0 ? r : index_peers(p, ret->actual, &ret->held, &ret->peers_held);
}

/* Only root sees what a WireGuard device has. */
static bool is_hidden(const Planner *p, const WgDevice *desired)
{
        const WgDevice *actual = state_device(p->actual, desired->name);

        return actual && actual->unreadable;
}

/* ---- devices ---- */

static int set_device(Planner *p, const WgDevice *desired)
{
        const WgDevice *actual = state_device(p->actual, desired->name);
        unsigned set = 0;
        char what[128] = "";
        int n = 0;

        if (!desired->unreadable &&
            (!actual || !key_equal(&desired->public_key, &actual->public_key)))
                set |= STEP_SET_KEY;
        if (desired->port != 0 && (!actual || desired->port != actual->port))
                set |= STEP_SET_PORT;
        if (desired->fwmark != (actual ? actual->fwmark : 0))
                set |= STEP_SET_MARK;
        if (set == 0)
                return 0;
        if (set & STEP_SET_KEY)
                n += snprintf(what + n, sizeof what - (size_t)n, " private key");
        if (set & STEP_SET_PORT)
                n += snprintf(what + n, sizeof what - (size_t)n, " port %u", desired->port);
        if (set & STEP_SET_MARK)
                n += snprintf(what + n, sizeof what - (size_t)n, " fwmark 0x%x", desired->fwmark);
        Step *step = plan_add(p, STEP_DEVICE, actual, desired);

        if (!step)
                return -ENOMEM;
        step->link = desired->name;
        step->set = set;
        return plan_say(step, PLAN_TEXT(p, "set%s of %s", what, desired->name),
                        actual ? PLAN_TEXT(p, "differs; %s", desired->from)
                               : PLAN_TEXT(p, "the device is new; %s", desired->from));
}

int plan_set_devices(Planner *p)
{
        int r = 0;

        for (const WgDevice *d = p->desired->devices; d && r >= 0; d = d->next)
                r = is_hidden(p, d) ? strv_addf(&p->plan->notes,
                                                "%s: only root can see its keys, port and peers: "
                                                "not compared",
                                                d->name)
                                    : set_device(p, d);
        return r;
}

static int remove_peer(Planner *p, const char *device, const WgPeer *actual, const char *why)
{
        Step *step = plan_add(p, STEP_PEER, actual, NULL);
        char key[KEY_TEXT_SIZE];

        if (!step)
                return -ENOMEM;
        key_format(&actual->public_key, key);
        step->link = device;
        step->set = UINT32_MAX;
        return plan_say(step, PLAN_TEXT(p, "remove peer %s from %s", key, device), why);
}

int plan_forget_device(Planner *p, const char *name)
{
        const WgDevice *actual = state_device(p->actual, name);
        int r = 0;

        if (!actual || actual->unreadable)
                return 0;
        for (const WgPeer *peer = actual->peers; peer && r >= 0; peer = peer->next)
                r = remove_peer(p, actual->name, peer, "goes with its device");
        Step *step = r < 0 ? NULL : plan_add(p, STEP_DEVICE, actual, NULL);

        if (!step)
                return -ENOMEM;
        step->link = actual->name;
        step->set = STEP_SET_KEY | STEP_SET_PORT | STEP_SET_MARK;
        return plan_say(step, PLAN_TEXT(p, "forget key and port of %s", actual->name),
                        "goes with its device");
}

/* ---- peers ---- */

static bool is_alive(const Planner *p, const WgPeer *actual)
{
        return actual->handshake_sec != 0 && p->actual->now_sec < actual->handshake_sec + ALIVE_SEC;
}

/* A tunnel that works may have moved to where its peer is now; it is not torn from there. */
static bool endpoint_differs(Planner *p, const WgPeer *desired, const WgPeer *actual,
                             int *ret_error)
{
        char want[ENDPOINT_TEXT_SIZE], is[ENDPOINT_TEXT_SIZE];

        if (desired->endpoint.address.family == 0 ||
            (actual && endpoint_equal(&desired->endpoint, &actual->endpoint)))
                return false;
        if (!actual || !is_alive(p, actual))
                return true;
        *ret_error = strv_addf(&p->plan->notes,
                               "peer %s is reached at %s and not at %s: left, because the tunnel "
                               "works",
                               desired->name, endpoint_format(&actual->endpoint, is),
                               endpoint_format(&desired->endpoint, want));
        return false;
}

/* What `peer` has and does not have on the other side, and nobody else has there. */
static int find_released(Planner *p, const WgPeer *peer, Claim *other_side, const NetPrefix **ret,
                         size_t *ret_n)
{
        NetPrefix *list = arena_new_array(&p->plan->arena, peer->n_allowed, NetPrefix);
        size_t n = 0;

        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < peer->n_allowed; i++)
                if (!claimer(other_side, &peer->allowed[i]))
                        list[n++] = peer->allowed[i];
        *ret = list;
        *ret_n = n;
        return 0;
}

/* Does `peer` have what the peer of the same key does not have on the other side? */
static bool has_more(const WgPeer *peer, const WgPeer *other, Claim *other_side)
{
        for (size_t i = 0; i < peer->n_allowed; i++)
                if (!other || claimer(other_side, &peer->allowed[i]) != other)
                        return true;
        return false;
}

static unsigned peer_differs(Planner *p, Sides *s, const WgPeer *desired, const WgPeer *actual,
                             int *ret_error)
{
        static const NetKey none = { 0 };
        unsigned set = 0;

        if (!desired->psk_unknown && !key_equal(&desired->psk, actual ? &actual->psk : &none))
                set |= STEP_SET_KEY;
        if (endpoint_differs(p, desired, actual, ret_error))
                set |= STEP_SET_ENDPOINT;
        if (desired->keepalive != (actual ? actual->keepalive : 0))
                set |= STEP_SET_KEEPALIVE;
        if (has_more(desired, actual, s->held) || (actual && has_more(actual, desired, s->wanted)))
                set |= STEP_SET_ALLOWED;
        return set;
}

static const char *peer_text(Planner *p, const WgPeer *peer, unsigned set, const char *verb,
                             const char *device)
{
        char endpoint[ENDPOINT_TEXT_SIZE + 16] = "", at[ENDPOINT_TEXT_SIZE], keepalive[32] = "";

        if (set & STEP_SET_ENDPOINT)
                snprintf(endpoint, sizeof endpoint, " endpoint %s",
                         endpoint_format(&peer->endpoint, at));
        if (set & STEP_SET_KEEPALIVE)
                snprintf(keepalive, sizeof keepalive, " keepalive %us", peer->keepalive);
        return PLAN_TEXT(p, "%s peer %s of %s:%s%s%s%s", verb, peer->name, device, endpoint,
                         set & STEP_SET_KEY ? " preshared key" : "",
                         set & STEP_SET_ALLOWED ? " allowed IPs" : "", keepalive);
}

static int set_peer(Planner *p, Sides *s, const WgPeer *desired)
{
        const WgPeer *actual = peer_of(s->peers_held, &desired->public_key);
        int r = 0;
        unsigned set = peer_differs(p, s, desired, actual, &r);

        if (r < 0 || (actual && set == 0))
                return r;
        Step *step = plan_add(p, STEP_PEER, actual, desired);

        if (!step)
                return -ENOMEM;
        step->link = s->desired->name;
        step->set = set;
        if (set & STEP_SET_ALLOWED) {
                r = find_released(p, desired, s->held, &step->undo_release, &step->n_undo_release);
                if (r >= 0 && actual)
                        r = find_released(p, actual, s->wanted, &step->release, &step->n_release);
        }
        if (r < 0)
                return r;
        return plan_say(step, peer_text(p, desired, set, actual ? "set" : "add", s->desired->name),
                        actual ? PLAN_TEXT(p, "differs; %s", desired->from)
                               : PLAN_TEXT(p, "absent; %s", desired->from));
}

static int set_peers(Planner *p, Sides *s)
{
        int r = 0;

        for (const WgPeer *peer = s->desired->peers; peer && r >= 0; peer = peer->next)
                r = set_peer(p, s, peer);
        return r;
}

static int remove_peers(Planner *p, Sides *s)
{
        int r = 0;

        for (const WgPeer *peer = s->actual ? s->actual->peers : NULL; peer && r >= 0;
             peer = peer->next)
                if (!peer_of(s->peers_wanted, &peer->public_key))
                        r = remove_peer(p, s->desired->name, peer, "not in the configuration");
        return r;
}

static int plan_peers(Planner *p, int (*each)(Planner *, Sides *))
{
        int r = 0;

        for (const WgDevice *d = p->desired->devices; d && r >= 0; d = d->next) {
                CLEANUP(sides_done) Sides sides = { 0 };

                if (is_hidden(p, d))
                        continue;
                r = sides_make(p, d, &sides);
                if (r >= 0)
                        r = each(p, &sides);
        }
        return r;
}

int plan_set_peers(Planner *p)
{
        return plan_peers(p, set_peers);
}

int plan_remove_peers(Planner *p)
{
        return plan_peers(p, remove_peers);
}
