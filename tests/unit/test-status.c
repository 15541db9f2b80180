/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/status.h"

#include <jansson.h>

#include "netsetup/desired.h"
#include "tests/unit/unit.h"

#define KEY_A "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="

static const char wanted[] = "[wireguard wg0]\nprivate-key-file = /k\naddress = 10.64.0.1/16\n"
                             "[peer bob]\npublic-key = " KEY_A "\nendpoint = 192.0.2.1:51820\n"
                             "allowed-ips = 10.70.0.0/16, 10.64.0.2\n";

static void fill(NetState *state, Conf *conf, const char *text)
{
        ck_assert_int_eq(conf_read_text(conf, "n", text, strlen(text)), 0);
        ck_assert_int_eq(conf_check(conf), 0);
        ck_assert_int_eq(desired_make(conf, state), 0);
}

/* A session as it is after planning, with what there is made of a text as well. */
static void make(Session *s, Conf *is, const char *actual)
{
        session_init(s);
        conf_init(is);
        fill(&s->desired, &s->conf, wanted);
        fill(&s->actual, is, actual);
        s->actual.now_sec = 10000;
        for (NetLink *l = s->actual.links; l; l = l->next) {
                l->up = true;
                l->mtu = 1420;
        }
        ck_assert_int_eq(plan_make(&s->desired, &s->actual, &s->plan), 0);
}

static json_t *peer_of(const Status *status)
{
        CLEANUP_FREE char *text = status_json(status);
        json_t *root = json_loads(text, 0, NULL);
        json_t *devices = json_object_get(root, "devices");
        json_t *peer = json_array_get(json_object_get(json_array_get(devices, 0), "peers"), 0);

        ck_assert_ptr_nonnull(peer);
        json_incref(peer);
        json_decref(root);
        return peer;
}

static void expect_state(const Status *status, const char *state)
{
        json_t *peer = peer_of(status);

        ck_assert_str_eq(json_string_value(json_object_get(peer, "state")), state);
        json_decref(peer);
}

START_TEST(a_peer_is_in_one_of_five_states)
{
        CLEANUP_SESSION Session s;
        CLEANUP_CONF Conf is;

        make(&s, &is, wanted);
        WgPeer *peer = s.actual.devices->peers;
        StatusProbe *probe = calloc(1, sizeof *probe);
        CLEANUP_STATUS Status status = { .session = &s };

        expect_state(&status, "never met");
        peer->handshake_sec = 9990;
        expect_state(&status, "up");
        peer->handshake_sec = 9000;
        expect_state(&status, "silent");
        *probe = (StatusProbe){ .peer = s.desired.devices->peers, .inside.mtu = 1420 };
        status.probes = probe;
        status.n_probes = 1;
        expect_state(&status, "reachable");
        s.actual.devices->peers = NULL;
        expect_state(&status, "absent");
}
END_TEST

START_TEST(text_has_what_is_and_what_is_to_be_done)
{
        CLEANUP_SESSION Session s;
        CLEANUP_CONF Conf is;

        make(&s, &is, wanted);
        s.actual.devices->peers->handshake_sec = 9990;
        s.actual.devices->peers->rx_bytes = 20480;
        Status status = { .session = &s };
        CLEANUP_FREE char *text = status_text(&status);

        ck_assert_ptr_nonnull(strstr(text, "wg0: up, MTU 1420"));
        ck_assert_ptr_nonnull(strstr(text, "bob              up "));
        ck_assert_ptr_nonnull(strstr(text, "handshake 10 s ago, received 20 KiB, sent 0 B"));
        ck_assert_ptr_nonnull(strstr(text, "routes: 1 of 1 as they should be"));
        ck_assert_ptr_null(strstr(text, "apply would"));
}
END_TEST

START_TEST(what_is_missing_is_said)
{
        CLEANUP_SESSION Session s;
        CLEANUP_CONF Conf is;

        make(&s, &is, "");
        Status status = { .session = &s };
        CLEANUP_FREE char *text = status_text(&status);
        CLEANUP_FREE char *json = status_json(&status);
        json_t *root = json_loads(json, 0, NULL);
        json_t *route = json_array_get(json_object_get(root, "routes"), 0);

        ck_assert_ptr_nonnull(strstr(text, "wg0: absent\n"));
        ck_assert_ptr_nonnull(strstr(text, "routes: 0 of 1"));
        ck_assert_ptr_nonnull(strstr(text, "apply would:\nadd WireGuard device wg0"));
        ck_assert_str_eq(json_string_value(json_object_get(route, "state")), "missing");
        json_decref(root);
}
END_TEST

START_TEST(only_root_sees_peers)
{
        CLEANUP_SESSION Session s;
        CLEANUP_CONF Conf is;

        make(&s, &is, wanted);
        s.actual.devices->unreadable = true;
        Status status = { .session = &s };
        CLEANUP_FREE char *text = status_text(&status);

        ck_assert_ptr_nonnull(strstr(text, "only root sees its peers"));
        s.actual.devices->peers = NULL;
        expect_state(&status, "unknown");
}
END_TEST

UNIT_MAIN("status", a_peer_is_in_one_of_five_states, text_has_what_is_and_what_is_to_be_done,
          what_is_missing_is_said, only_root_sees_peers)
