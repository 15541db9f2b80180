/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/status.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <string.h>

#include "base/buffer.h"
#include "netsetup/verbs.h"

#define ALIVE_SEC 180 /* REJECT_AFTER_TIME of WireGuard: then a session is at its end */

void status_done(Status *status)
{
        free(status->probes);
        *status = (Status){ 0 };
}

/* ---- one peer on both sides ---- */

static const WgPeer *actual_peer(const Status *st, const WgDevice *device, const WgPeer *wanted)
{
        const WgDevice *actual = state_device(&st->session->actual, device->name);

        for (const WgPeer *p = actual ? actual->peers : NULL; p; p = p->next)
                if (key_equal(&p->public_key, &wanted->public_key))
                        return p;
        return NULL;
}

static const StatusProbe *probe_of(const Status *st, const WgPeer *wanted)
{
        for (size_t i = 0; i < st->n_probes; i++)
                if (st->probes[i].peer == wanted)
                        return &st->probes[i];
        return NULL;
}

/* In one word. */
static const char *peer_state(const Status *st, const WgDevice *device, const WgPeer *wanted,
                              const WgPeer *is)
{
        const WgDevice *actual = state_device(&st->session->actual, device->name);
        const StatusProbe *probe = probe_of(st, wanted);
        uint64_t now = st->session->actual.now_sec;

        if (!is)
                return actual && actual->unreadable ? "unknown" : "absent";
        if (probe && probe->inside.mtu > 0)
                return "reachable";
        if (is->handshake_sec == 0)
                return "never met";
        return now < is->handshake_sec + ALIVE_SEC ? "up" : "silent";
}

static uint64_t handshake_age(const Status *st, const WgPeer *is)
{
        uint64_t now = st->session->actual.now_sec;

        return now > is->handshake_sec ? now - is->handshake_sec : 0;
}

/* ---- probing ---- */

static size_t count_probes(const NetState *desired)
{
        size_t n = 0;

        for (const WgDevice *d = desired->devices; d; d = d->next)
                n += MIN_OF(d->n_peers, PMTU_MAX_PROBES / 2);
        return n;
}

/* The address of the host behind a peer: its first allowed IP that is one. */
static NetAddress inside_address(const WgPeer *peer)
{
        for (size_t i = 0; i < peer->n_allowed; i++)
                if (peer->allowed[i].length == address_bits(&peer->allowed[i].address))
                        return peer->allowed[i].address;
        return (NetAddress){ 0 };
}

static int probe_device(const WgDevice *device, StatusProbe *probes, size_t count)
{
        CLEANUP_FREE PmtuProbe *all = calloc(PMTU_MAX_PROBES, sizeof *all);
        PmtuProbe *to[PMTU_MAX_PROBES];
        size_t n = 0, i = 0;

        if (!all)
                return -ENOMEM;
        for (const WgPeer *p = device->peers; p && i < count; p = p->next, i++) {
                probes[i].peer = p;
                probes[i].outside.to = p->endpoint.address;
                probes[i].inside.to = inside_address(p);
                if (probes[i].outside.to.family != 0)
                        to[n++] = &probes[i].outside;
                if (probes[i].inside.to.family != 0)
                        to[n++] = &probes[i].inside;
        }
        for (size_t k = 0; k < n; k++)
                all[k] = *to[k];
        int r = n > 0 ? pmtu_probe(all, n) : 0;

        for (size_t k = 0; k < n; k++)
                *to[k] = all[k];
        return r;
}

int status_probe(Status *st)
{
        const NetState *desired = &st->session->desired;
        size_t n = 0;
        int r = 0;

        st->n_probes = count_probes(desired);
        st->probes = calloc(st->n_probes + 1, sizeof *st->probes);
        if (!st->probes)
                return -ENOMEM;
        for (const WgDevice *d = desired->devices; d && r >= 0; d = d->next) {
                size_t count = MIN_OF(d->n_peers, PMTU_MAX_PROBES / 2);

                r = probe_device(d, st->probes + n, count);
                n += count;
        }
        return r;
}

/* ---- text ---- */

static void put_bytes(Buffer *b, uint64_t bytes)
{
        if (bytes < 10 * 1024)
                buffer_printf(b, "%llu B", (unsigned long long)bytes);
        else if (bytes < 10 * 1024 * 1024)
                buffer_printf(b, "%llu KiB", (unsigned long long)bytes >> 10);
        else
                buffer_printf(b, "%llu MiB", (unsigned long long)bytes >> 20);
}

static void put_probe(Buffer *b, const char *what, const PmtuProbe *probe)
{
        if (probe->to.family == 0)
                return;
        if (probe->mtu > 0)
                buffer_printf(b, ", %s MTU %u in %u.%u ms", what, probe->mtu,
                              probe->rtt_usec / 1000, probe->rtt_usec / 100 % 10);
        else
                buffer_printf(b, ", %s no answer", what);
}

static void put_peer(Buffer *b, const Status *st, const WgDevice *device, const WgPeer *wanted)
{
        const WgPeer *is = actual_peer(st, device, wanted);
        const StatusProbe *probe = probe_of(st, wanted);
        char endpoint[ENDPOINT_TEXT_SIZE], allowed[PREFIX_TEXT_SIZE];

        buffer_printf(b, "  %-16s %-10s", wanted->name, peer_state(st, device, wanted, is));
        if (wanted->n_allowed > 0)
                buffer_printf(b, "  %s%s", prefix_format(&wanted->allowed[0], allowed),
                              wanted->n_allowed > 1 ? " ..." : "");
        if (is && is->endpoint.address.family != 0)
                buffer_printf(b, "  at %s", endpoint_format(&is->endpoint, endpoint));
        if (is && is->handshake_sec > 0) {
                buffer_printf(b, ", handshake %llu s ago, received ",
                              (unsigned long long)handshake_age(st, is));
                put_bytes(b, is->rx_bytes);
                buffer_put_text(b, ", sent ");
                put_bytes(b, is->tx_bytes);
        }
        if (probe) {
                put_probe(b, "path", &probe->outside);
                put_probe(b, "tunnel", &probe->inside);
        }
        buffer_put_text(b, "\n");
}

static void put_device(Buffer *b, const Status *st, const WgDevice *device)
{
        const NetLink *link = state_link(&st->session->actual, device->name);
        const WgDevice *is = state_device(&st->session->actual, device->name);
        char key[KEY_TEXT_SIZE];

        if (!link || !is) {
                buffer_printf(b, "%s: absent\n", device->name);
                return;
        }
        buffer_printf(b, "%s: %s, MTU %u", device->name, link->up ? "up" : "down", link->mtu);
        if (is->unreadable) {
                buffer_put_text(b, "; only root sees its peers\n");
                return;
        }
        key_format(&is->public_key, key);
        buffer_printf(b, ", port %u, public key %s, %zu peers\n", is->port, key, is->n_peers);
        for (const WgPeer *p = device->peers; p; p = p->next)
                put_peer(b, st, device, p);
}

/* How many of a list of things are there already: those that no step makes or changes. */
static size_t count_pending(const Plan *plan, StepKind kind)
{
        size_t n = 0;

        for (size_t i = 0; i < plan->n_steps; i++)
                n += plan->steps[i].kind == kind && plan->steps[i].after;
        return n;
}

static void put_count(Buffer *b, const Status *st, const char *what, StepKind kind, size_t wanted)
{
        if (wanted > 0)
                buffer_printf(b, "%s: %zu of %zu as they should be\n", what,
                              wanted - count_pending(&st->session->plan, kind), wanted);
}

#define COUNT(list, n)                                                                             \
        do {                                                                                       \
                (n) = 0;                                                                           \
                for (__typeof__(*(list)) *item_ = (list); item_; item_ = item_->next)              \
                        (n)++;                                                                     \
        } while (0)

char *status_text(const Status *st)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        const NetState *desired = &st->session->desired;
        const Plan *plan = &st->session->plan;
        size_t n;

        for (const WgDevice *d = desired->devices; d; d = d->next)
                put_device(&b, st, d);
        COUNT(desired->addresses, n);
        put_count(&b, st, "addresses", STEP_ADDRESS, n);
        COUNT(desired->routes, n);
        put_count(&b, st, "routes", STEP_ROUTE, n);
        COUNT(desired->rules, n);
        put_count(&b, st, "rules", STEP_RULE, n);
        COUNT(desired->settings, n);
        put_count(&b, st, "settings", STEP_SETTING, n);
        CLEANUP_FREE char *pending = plan_text(plan);

        if (!pending)
                return NULL;
        if (plan->problems.length > 0 || plan->notes.length > 0 || plan->n_steps > 0)
                buffer_printf(&b, "%s%s", plan->n_steps > 0 ? "apply would:\n" : "", pending);
        return buffer_take_text(&b);
}

/* ---- JSON ---- */

static json_t *allowed_json(const WgPeer *peer)
{
        json_t *list = json_array();
        char text[PREFIX_TEXT_SIZE];

        for (size_t i = 0; i < peer->n_allowed; i++)
                (void)json_array_append_new(list,
                                            json_string(prefix_format(&peer->allowed[i], text)));
        return list;
}

static json_t *endpoint_json(const NetEndpoint *e)
{
        char text[ENDPOINT_TEXT_SIZE];

        return e->address.family == 0 ? json_null() : json_string(endpoint_format(e, text));
}

static void add_probe_json(json_t *to, const char *mtu, const char *rtt, const PmtuProbe *probe)
{
        if (probe->to.family == 0)
                return;
        (void)json_object_set_new(to, mtu, probe->mtu ? json_integer(probe->mtu) : json_null());
        if (probe->mtu > 0)
                (void)json_object_set_new(to, rtt, json_integer(probe->rtt_usec));
}

static json_t *peer_json(const Status *st, const WgDevice *device, const WgPeer *wanted)
{
        const WgPeer *is = actual_peer(st, device, wanted);
        const StatusProbe *probe = probe_of(st, wanted);
        char key[KEY_TEXT_SIZE];

        key_format(&wanted->public_key, key);
        json_t *o =
                json_pack("{s:s, s:s, s:s, s:o, s:o}", "name", wanted->name, "public_key", key,
                          "state", peer_state(st, device, wanted, is), "allowed_ips",
                          allowed_json(wanted), "wanted_endpoint",
                          wanted->endpoint_name ? json_string(wanted->endpoint_name) : json_null());

        if (o && is) {
                (void)json_object_set_new(o, "endpoint", endpoint_json(&is->endpoint));
                (void)json_object_set_new(o, "rx_bytes", json_integer((json_int_t)is->rx_bytes));
                (void)json_object_set_new(o, "tx_bytes", json_integer((json_int_t)is->tx_bytes));
                (void)json_object_set_new(o, "handshake_age_seconds",
                                          is->handshake_sec
                                                  ? json_integer((json_int_t)handshake_age(st, is))
                                                  : json_null());
        }
        if (o && probe) {
                add_probe_json(o, "path_mtu", "path_rtt_usec", &probe->outside);
                add_probe_json(o, "tunnel_mtu", "tunnel_rtt_usec", &probe->inside);
        }
        return o;
}

static json_t *device_json(const Status *st, const WgDevice *device)
{
        const NetLink *link = state_link(&st->session->actual, device->name);
        const WgDevice *is = state_device(&st->session->actual, device->name);
        json_t *o = json_pack("{s:s, s:b}", "name", device->name, "present", link != NULL);
        json_t *peers = json_array();
        char key[KEY_TEXT_SIZE];

        if (link) {
                (void)json_object_set_new(o, "up", json_boolean(link->up));
                (void)json_object_set_new(o, "mtu", json_integer(link->mtu));
        }
        if (is && !is->unreadable) {
                key_format(&is->public_key, key);
                (void)json_object_set_new(o, "port", json_integer(is->port));
                (void)json_object_set_new(o, "public_key", json_string(key));
        }
        for (const WgPeer *p = device->peers; p; p = p->next)
                (void)json_array_append_new(peers, peer_json(st, device, p));
        (void)json_object_set_new(o, "peers", peers);
        return o;
}

/* Is the thing as it should be: does no step make or change it? */
static json_t *thing_json(const Plan *plan, const void *wanted, const char *text)
{
        const char *state = "ok";

        for (size_t i = 0; i < plan->n_steps; i++)
                if (plan->steps[i].after == wanted)
                        state = plan->steps[i].before ? "differs" : "missing";
        return json_pack("{s:s, s:s}", "what", text, "state", state);
}

static json_t *addresses_json(const Status *st)
{
        json_t *list = json_array();

        for (const NetAddr *a = st->session->desired.addresses; a; a = a->next) {
                char prefix[PREFIX_TEXT_SIZE], text[PREFIX_TEXT_SIZE + IFNAMSIZ + 8];

                snprintf(text, sizeof text, "%s dev %s", prefix_format(&a->prefix, prefix), a->dev);
                (void)json_array_append_new(list, thing_json(&st->session->plan, a, text));
        }
        return list;
}

static json_t *routes_json(const Status *st)
{
        json_t *list = json_array();

        for (const NetRoute *r = st->session->desired.routes; r; r = r->next) {
                char to[PREFIX_TEXT_SIZE], via[ADDRESS_TEXT_SIZE], text[160];

                snprintf(text, sizeof text, "%s%s%s%s%s", prefix_format(&r->to, to),
                         r->via.family ? " via " : "",
                         r->via.family ? address_format(&r->via, via) : "", *r->dev ? " dev " : "",
                         r->dev);
                (void)json_array_append_new(list, thing_json(&st->session->plan, r, text));
        }
        return list;
}

char *status_json(const Status *st)
{
        CLEANUP_FREE char *plan = plan_json(&st->session->plan);
        json_t *devices = json_array(), *root;

        for (const WgDevice *d = st->session->desired.devices; d; d = d->next)
                (void)json_array_append_new(devices, device_json(st, d));
        root = json_pack("{s:o, s:o, s:o, s:o}", "devices", devices, "addresses",
                         addresses_json(st), "routes", routes_json(st), "pending",
                         plan ? json_loads(plan, 0, NULL) : NULL);
        char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;

        json_decref(root);
        return text;
}

/* ---- the verb ---- */

int verb_status(const VerbContext *context, int argc, char **argv)
{
        static const struct option options[] = { { "json", no_argument, NULL, 'j' },
                                                 { "probe", no_argument, NULL, 'p' },
                                                 { 0 } };
        SessionOptions session = { .config = context->config, .offline = true };
        CLEANUP_SESSION Session s;
        CLEANUP_STATUS Status status = { .session = &s };
        bool json = false, probe = false;
        int c, r;

        session_init(&s);
        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                json = json || c == 'j';
                probe = probe || c == 'p';
                if (c == '?')
                        return VERB_USAGE;
        }
        session.offline = !probe;
        session.keep_measured = probe;
        r = session_plan(&s, &session);
        if (r < 0 && s.plan.problems.length == 0) {
                session_print_problems(&s, stderr);
                return r == -EINVAL ? VERB_CONFIG : VERB_FAILED;
        }
        r = probe ? status_probe(&status) : 0;
        if (r < 0)
                fprintf(stderr, "spark-netsetup: the peers cannot be probed: %s\n",
                        r == -EPERM ? "that needs root" : strerror(-r));
        CLEANUP_FREE char *text = json ? status_json(&status) : status_text(&status);

        if (!text)
                return VERB_FAILED;
        printf("%s%s", text, json ? "\n" : "");
        return r < 0 ? VERB_FAILED : s.plan.n_steps > 0 ? VERB_PENDING : VERB_OK;
}
