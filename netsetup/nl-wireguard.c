/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/nl-wireguard.h"

#include <errno.h>
#include <linux/wireguard.h>
#include <string.h>
#include <sys/random.h>

#include <netlink/attr.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "netsetup/plan.h"

/* Nested attributes have 16 bits for their length; the half of it leaves room for all heads. */
#define MESSAGE_BYTES 32768
/* A peer without its allowed IPs, and one allowed IP, each with room to spare. */
#define PEER_BYTES    256
#define ALLOWED_BYTES 64

int wg_family(Netlink *n, int *ret_family)
{
        int r = genl_ctrl_resolve(netlink_sock(n), WG_GENL_NAME);

        if (r < 0)
                return netlink_errno(r);
        *ret_family = r;
        return 0;
}

/* ---- reading ---- */

typedef struct Reader {
        NetState *state;
        WgDevice *device;
        WgPeer *last; /* a peer goes on in the next message when it does not fit */
} Reader;

static void take_key(const struct nlattr *a, NetKey *ret)
{
        if (a && nla_len(a) == KEY_SIZE)
                memcpy(ret->bytes, nla_data(a), KEY_SIZE);
}

static int take_allowed(Reader *r, WgPeer *peer, struct nlattr *list)
{
        struct nlattr *item, *a[WGALLOWEDIP_A_MAX + 1];
        int left;

        nla_for_each_nested(item, list, left)
        {
                NetPrefix p;

                if (nla_parse_nested(a, WGALLOWEDIP_A_MAX, item, NULL) < 0 ||
                    !a[WGALLOWEDIP_A_IPADDR] || !a[WGALLOWEDIP_A_CIDR_MASK])
                        return -EBADMSG;
                p.address = address_from_bytes(nla_data(a[WGALLOWEDIP_A_IPADDR]),
                                               (size_t)nla_len(a[WGALLOWEDIP_A_IPADDR]));
                p.length = nla_get_u8(a[WGALLOWEDIP_A_CIDR_MASK]);
                if (state_add_allowed(r->state, peer, &p) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* struct __kernel_timespec, which may be unaligned here */
static uint64_t seconds_of(const struct nlattr *a)
{
        int64_t sec = 0;

        if (nla_len(a) >= (int)sizeof sec)
                memcpy(&sec, nla_data(a), sizeof sec);
        return sec > 0 ? (uint64_t)sec : 0;
}

static void take_endpoint(const struct nlattr *a, NetEndpoint *ret)
{
        struct sockaddr_storage at = { 0 };
        size_t size = (size_t)nla_len(a);

        if (size > sizeof at)
                return;
        memcpy(&at, nla_data(a), size);
        if (at.ss_family == (size >= sizeof(struct sockaddr_in6) ? AF_INET6 : AF_INET))
                (void)endpoint_from_sockaddr((struct sockaddr *)&at, ret);
}

static int take_peer(Reader *r, struct nlattr *item)
{
        struct nlattr *a[WGPEER_A_MAX + 1];
        NetKey key = { 0 };
        WgPeer *peer = r->last;

        if (nla_parse_nested(a, WGPEER_A_MAX, item, NULL) < 0 || !a[WGPEER_A_PUBLIC_KEY])
                return -EBADMSG;
        take_key(a[WGPEER_A_PUBLIC_KEY], &key);
        if (!peer || !key_equal(&peer->public_key, &key)) {
                peer = r->last = state_add_peer(r->state, r->device);
                if (!peer)
                        return -ENOMEM;
                peer->public_key = key;
        }
        take_key(a[WGPEER_A_PRESHARED_KEY], &peer->psk);
        if (a[WGPEER_A_ENDPOINT])
                take_endpoint(a[WGPEER_A_ENDPOINT], &peer->endpoint);
        if (a[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL])
                peer->keepalive = nla_get_u16(a[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL]);
        if (a[WGPEER_A_LAST_HANDSHAKE_TIME])
                peer->handshake_sec = seconds_of(a[WGPEER_A_LAST_HANDSHAKE_TIME]);
        if (a[WGPEER_A_RX_BYTES])
                peer->rx_bytes = nla_get_u64(a[WGPEER_A_RX_BYTES]);
        if (a[WGPEER_A_TX_BYTES])
                peer->tx_bytes = nla_get_u64(a[WGPEER_A_TX_BYTES]);
        return a[WGPEER_A_ALLOWEDIPS] ? take_allowed(r, peer, a[WGPEER_A_ALLOWEDIPS]) : 0;
}

static int take_device(void *user, struct nlmsghdr *h)
{
        Reader *r = user;
        struct nlattr *a[WGDEVICE_A_MAX + 1], *item;
        int left, result = 0;

        if (genlmsg_parse(h, 0, a, WGDEVICE_A_MAX, NULL) < 0)
                return -EBADMSG;
        take_key(a[WGDEVICE_A_PRIVATE_KEY], &r->device->private_key);
        take_key(a[WGDEVICE_A_PUBLIC_KEY], &r->device->public_key);
        if (a[WGDEVICE_A_LISTEN_PORT])
                r->device->port = nla_get_u16(a[WGDEVICE_A_LISTEN_PORT]);
        if (a[WGDEVICE_A_FWMARK])
                r->device->fwmark = nla_get_u32(a[WGDEVICE_A_FWMARK]);
        if (!a[WGDEVICE_A_PEERS])
                return 0;
        nla_for_each_nested(item, a[WGDEVICE_A_PEERS], left)
        {
                result = take_peer(r, item);
                if (result < 0)
                        break;
        }
        return result;
}

int wg_read(Netlink *n, int family, NetState *state, const char *name)
{
        Reader reader = { .state = state, .device = state_add_device(state, name) };
        int r = -EAGAIN;

        for (int i = 0; i < 5 && r == -EAGAIN && reader.device; i++) {
                CLEANUP_MSG struct nl_msg *msg = nlmsg_alloc();

                reader.device->peers = reader.last = NULL;
                reader.device->n_peers = 0;
                if (!msg ||
                    !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, 0, WG_CMD_GET_DEVICE,
                                 WG_GENL_VERSION) ||
                    nla_put_string(msg, WGDEVICE_A_IFNAME, name) < 0)
                        return -ENOMEM;
                r = netlink_dump(n, msg, take_device, &reader);
        }
        if (!reader.device)
                return -ENOMEM;
        reader.device->unreadable = r == -EPERM;
        return r == -EPERM ? 0 : r;
}

/* ---- writing ---- */

typedef struct Writer {
        Netlink *n;
        int family;
        const char *device;
        struct nl_msg *msg; /* being written; NULL: none */
        struct nlattr *peers;
        int failure; /* of a message that was sent because it was full */
} Writer;

static int begin(Writer *w)
{
        if (w->msg)
                return 0;
        w->msg = nlmsg_alloc_size(MESSAGE_BYTES);
        w->peers = NULL;
        if (!w->msg ||
            !genlmsg_put(w->msg, NL_AUTO_PORT, NL_AUTO_SEQ, w->family, 0, NLM_F_REQUEST,
                         WG_CMD_SET_DEVICE, WG_GENL_VERSION) ||
            nla_put_string(w->msg, WGDEVICE_A_IFNAME, w->device) < 0)
                return -ENOMEM;
        return 0;
}

static int begin_peers(Writer *w)
{
        int r = begin(w);

        if (r >= 0 && !w->peers) {
                w->peers = nla_nest_start(w->msg, WGDEVICE_A_PEERS | NLA_F_NESTED);
                r = w->peers ? 0 : -ENOMEM;
        }
        return r;
}

static int flush(Writer *w)
{
        int r = 0;

        if (!w->msg)
                return 0;
        if (w->peers)
                nla_nest_end(w->msg, w->peers);
        r = netlink_request(w->n, w->msg);
        nlmsg_free(w->msg);
        w->msg = NULL;
        w->failure = r;
        return r;
}

/* After a function has not made what it should. */
static int why(const Writer *w)
{
        return w->failure < 0 ? w->failure : -ENOMEM;
}

/* What was not sent must not stay in memory. */
static void writer_done(Writer *w)
{
        if (!w->msg)
                return;
        explicit_bzero(nlmsg_data(nlmsg_hdr(w->msg)), (size_t)nlmsg_datalen(nlmsg_hdr(w->msg)));
        nlmsg_free(w->msg);
        w->msg = NULL;
}

static bool has_room(const Writer *w, size_t bytes)
{
        return nlmsg_hdr(w->msg)->nlmsg_len + bytes <= MESSAGE_BYTES;
}

/* Opens the nest of a peer, in a new message if need be. */
static struct nlattr *open_peer(Writer *w, const NetKey *key, uint32_t flags)
{
        struct nlattr *nest;

        if (w->msg && !has_room(w, PEER_BYTES) && flush(w) < 0)
                return NULL;
        if (begin_peers(w) < 0)
                return NULL;
        nest = nla_nest_start(w->msg, 0 | NLA_F_NESTED);
        if (!nest || nla_put(w->msg, WGPEER_A_PUBLIC_KEY, KEY_SIZE, key->bytes) < 0 ||
            (flags != 0 && nla_put_u32(w->msg, WGPEER_A_FLAGS, flags) < 0))
                return NULL;
        return nest;
}

static int put_one_allowed(struct nl_msg *msg, const NetPrefix *p)
{
        struct nlattr *nest = nla_nest_start(msg, 0 | NLA_F_NESTED);

        if (!nest || nla_put_u16(msg, WGALLOWEDIP_A_FAMILY, p->address.family) < 0 ||
            nla_put(msg, WGALLOWEDIP_A_IPADDR, (int)address_size(&p->address), p->address.bytes) <
                    0 ||
            nla_put_u8(msg, WGALLOWEDIP_A_CIDR_MASK, p->length) < 0)
                return -ENOMEM;
        nla_nest_end(msg, nest);
        return 0;
}

/* Writes as many as fit and goes on with the same peer in further messages. Closes the peer. */
static int put_allowed(Writer *w, struct nlattr *peer, const NetKey *key, const NetPrefix *list,
                       size_t count)
{
        struct nlattr *nest = NULL;
        int r = 0;

        for (size_t i = 0; i < count && r >= 0; i++) {
                if (!has_room(w, ALLOWED_BYTES)) {
                        if (nest)
                                nla_nest_end(w->msg, nest);
                        nla_nest_end(w->msg, peer);
                        nest = NULL;
                        r = flush(w);
                        peer = r < 0 ? NULL : open_peer(w, key, WGPEER_F_UPDATE_ONLY);
                        if (!peer)
                                return why(w);
                }
                if (!nest)
                        nest = nla_nest_start(w->msg, WGPEER_A_ALLOWEDIPS | NLA_F_NESTED);
                r = nest ? put_one_allowed(w->msg, &list[i]) : -ENOMEM;
        }
        if (r < 0)
                return r;
        if (nest)
                nla_nest_end(w->msg, nest);
        nla_nest_end(w->msg, peer);
        return 0;
}

static int remove_peer(Writer *w, const NetKey *key)
{
        struct nlattr *nest = open_peer(w, key, WGPEER_F_REMOVE_ME);

        if (!nest)
                return why(w);
        nla_nest_end(w->msg, nest);
        return 0;
}

/* The kernel cannot take one allowed IP from a peer, only all of them, and between that and giving
 * back the others packets would be lost. But an IP that another peer claims moves to that one: so
 * a peer that nobody has claims them, and goes. */
static int release(Writer *w, const NetPrefix *list, size_t count)
{
        NetKey nobody;
        struct nlattr *nest;

        if (getrandom(nobody.bytes, sizeof nobody.bytes, 0) != (ssize_t)sizeof nobody.bytes)
                return -EIO;
        nest = open_peer(w, &nobody, 0);
        if (!nest)
                return why(w);
        int r = put_allowed(w, nest, &nobody, list, count);
        return r < 0 ? r : remove_peer(w, &nobody);
}

static int set_peer(Writer *w, const WgPeerChange *c)
{
        const WgPeer *peer = c->peer;
        struct nlattr *nest = open_peer(w, &peer->public_key, 0);

        if (!nest)
                return why(w);
        if ((c->set & STEP_SET_KEY) &&
            nla_put(w->msg, WGPEER_A_PRESHARED_KEY, KEY_SIZE, peer->psk.bytes) < 0)
                return -ENOMEM;
        if ((c->set & STEP_SET_ENDPOINT) && peer->endpoint.address.family != 0) {
                struct sockaddr_storage at;
                int size = (int)endpoint_to_sockaddr(&peer->endpoint, &at);

                if (nla_put(w->msg, WGPEER_A_ENDPOINT, size, &at) < 0)
                        return -ENOMEM;
        }
        if ((c->set & STEP_SET_KEEPALIVE) &&
            nla_put_u16(w->msg, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, peer->keepalive) < 0)
                return -ENOMEM;
        return put_allowed(w, nest, &peer->public_key, peer->allowed,
                           c->set & STEP_SET_ALLOWED ? peer->n_allowed : 0);
}

int wg_set_peers(Netlink *n, int family, const char *device, const WgPeerChange *changes,
                 size_t count)
{
        CLEANUP(writer_done) Writer w = { .n = n, .family = family, .device = device };
        int r = 0;

        for (size_t i = 0; i < count && r >= 0; i++) {
                const WgPeerChange *c = &changes[i];

                if (c->remove)
                        r = remove_peer(&w, &c->peer->public_key);
                else
                        r = set_peer(&w, c);
                if (r >= 0 && !c->remove && c->n_release > 0)
                        r = release(&w, c->release, c->n_release);
        }
        return r < 0 ? r : flush(&w);
}

int wg_set_device(Netlink *n, int family, const WgDevice *device, unsigned set)
{
        CLEANUP(writer_done) Writer w = { .n = n, .family = family, .device = device->name };
        int r = begin(&w);

        if (r >= 0 && (set & STEP_SET_KEY))
                r = nla_put(w.msg, WGDEVICE_A_PRIVATE_KEY, KEY_SIZE, device->private_key.bytes);
        if (r >= 0 && (set & STEP_SET_PORT))
                r = nla_put_u16(w.msg, WGDEVICE_A_LISTEN_PORT, device->port);
        if (r >= 0 && (set & STEP_SET_MARK))
                r = nla_put_u32(w.msg, WGDEVICE_A_FWMARK, device->fwmark);
        return r < 0 ? -ENOMEM : flush(&w);
}
