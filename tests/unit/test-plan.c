/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/plan.h"

#include <errno.h>
#include <linux/rtnetlink.h>

#include <jansson.h>

#include "base/buffer.h"
#include "netsetup/conf.h"
#include "netsetup/desired.h"
#include "tests/unit/unit.h"

#define KEY_A "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
#define KEY_B "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="
#define KEY_C "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM="

#define WG0   "[wireguard wg0]\nprivate-key-file = /k\nlisten-port = 51820\naddress = 10.64.0.1/16\n"
#define BOB   "[peer bob]\npublic-key = " KEY_A "\n"
#define ALICE "[peer alice]\npublic-key = " KEY_B "\n"
#define ETH0  "[interface eth0]\naddress = 10.1.0.1/24\n"

/* A state as a configuration describes it. What is so described can also be what is: then its links
 * are up and have numbers. */
typedef struct Side {
        Conf conf;
        NetState state;
} Side;

static void side_done(Side *side)
{
        state_done(&side->state);
        conf_done(&side->conf);
}

static Side side(const char *text)
{
        Side s;

        conf_init(&s.conf);
        state_init(&s.state);
        int r = conf_read_text(&s.conf, "n", text, strlen(text));

        ck_assert_msg(r == 0 && conf_check(&s.conf) == 0, "%s: %s", text,
                      s.conf.problems.length > 0 ? s.conf.problems.items[0] : "?");
        ck_assert_int_eq(desired_make(&s.conf, &s.state), 0);
        for (WgDevice *d = s.state.devices; d; d = d->next)
                for (WgPeer *peer = d->peers; peer; peer = peer->next) {
                        CLEANUP_FREE char *host = NULL;

                        if (peer->endpoint_name &&
                            endpoint_split(peer->endpoint_name, &host, &peer->endpoint.port) == 0)
                                (void)address_parse(host, &peer->endpoint.address);
                }
        return s;
}

#define CLEANUP_SIDE CLEANUP(side_done)

/* The steps, a line each. */
static char *steps_of(const Plan *plan)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);

        for (size_t i = 0; i < plan->n_steps; i++)
                buffer_printf(&b, "%s\n", plan->steps[i].what);
        return buffer_take_text(&b);
}

static const struct {
        const char *is, *wanted, *steps;
} cases[] = {
        { "", "", "" },
        /* a host without anything */
        { "[interface eth0]\nmtu = 1500\n",
          "[interface eth0]\naddress = 10.1.0.1/24\nmtu = 1400\n"
          "[route 10.8.0.0/16]\nvia = 10.1.0.2\n[route 10.9.0.0/16]\ndev = eth0\n",
          "add address 10.1.0.1/24 to eth0\nset MTU of eth0 to 1400\n"
          "add route 10.9.0.0/16 dev eth0\nadd route 10.8.0.0/16 via 10.1.0.2\n" },
        { ETH0, ETH0 "[route 10.8.0.0/16]\nvia = 10.1.0.2\n",
          "add route 10.8.0.0/16 via 10.1.0.2\n" },
        /* the gateway's own route first, whatever the order in the file */
        { ETH0, ETH0 "[route 10.8.0.0/16]\nvia = 10.7.0.2\n[route 10.7.0.0/24]\ndev = eth0\n",
          "add route 10.7.0.0/24 dev eth0\nadd route 10.8.0.0/16 via 10.7.0.2\n" },
        /* a route that leads elsewhere is replaced, one with another metric is another one */
        { ETH0 "[route 10.8.0.0/16]\nvia = 10.1.0.2\n",
          ETH0 "[route 10.8.0.0/16]\nvia = 10.1.0.3\n",
          "replace route 10.8.0.0/16 via 10.1.0.3\n" },
        { ETH0 "[route 10.8.0.0/16]\nvia = 10.1.0.2\n",
          ETH0 "[route 10.8.0.0/16]\nvia = 10.1.0.2\nmtu = 1380\n",
          "replace route 10.8.0.0/16 via 10.1.0.2 mtu 1380\n" },
        { ETH0 "[route 10.8.0.0/16]\nvia = 10.1.0.2\n",
          ETH0 "[route 10.8.0.0/16]\nvia = 10.1.0.2\nmetric = 7\n",
          "add route 10.8.0.0/16 via 10.1.0.2 metric 7\nremove route 10.8.0.0/16 via 10.1.0.2\n" },
        { ETH0 "[route 10.8.0.0/16]\nvia = 10.1.0.2\n", ETH0,
          "remove route 10.8.0.0/16 via 10.1.0.2\n" },
        /* new addresses before old ones go */
        { ETH0, "[interface eth0]\naddress = 10.1.0.9/24\n",
          "add address 10.1.0.9/24 to eth0\nremove address 10.1.0.1/24 from eth0\n" },
        /* but one IPv6 address has one length only */
        { "[interface eth0]\naddress = fd00::1/64\n", "[interface eth0]\naddress = fd00::1/48\n",
          "remove address fd00::1/64 from eth0\nadd address fd00::1/48 to eth0\n" },
        /* rules of both families, unless something tells which */
        { "", "[rule r]\npriority = 5\ntable = 7\nfwmark = 0x10\n",
          "add rule 5: from all fwmark 0x10/0xffffffff table 7 (IPv4)\n"
          "add rule 5: from all fwmark 0x10/0xffffffff table 7 (IPv6)\n" },
        { "[rule r]\npriority = 5\ntable = 7\nfrom = 10.0.0.0/8\n",
          "[rule r]\npriority = 5\ntable = 8\nfrom = 10.0.0.0/8\n",
          "add rule 5: from 10.0.0.0/8 table 8 (IPv4)\n"
          "remove rule 5: from 10.0.0.0/8 table 7 (IPv4)\n" },
        /* a tunnel from nothing, in the order in which it works */
        { "", WG0 BOB "endpoint = 192.0.2.1:1\nallowed-ips = 10.64.0.2, 10.70.0.0/16\n",
          "add WireGuard device wg0\n"
          "set private key port 51820 of wg0\n"
          "add peer bob of wg0: endpoint 192.0.2.1:1 allowed IPs\n"
          "add address 10.64.0.1/16 to wg0\n"
          "set wg0 up\n"
          "add route 10.70.0.0/16 dev wg0\n" },
        /* and back */
        { WG0 BOB "allowed-ips = 10.70.0.0/16\n", "",
          "remove route 10.70.0.0/16 dev wg0\n"
          "remove address 10.64.0.1/16 from wg0\n"
          "remove peer " KEY_A " from wg0\n"
          "forget key and port of wg0\n"
          "remove WireGuard device wg0\n" },
        { WG0,
          "[wireguard wg0]\nprivate-key-file = /k\nlisten-port = 7\naddress = 10.64.0.1/16\n"
          "fwmark = 9\n",
          "set port 7 fwmark 0x9 of wg0\n" },
        /* a device that has the port which another one wants goes first */
        { WG0,
          "[wireguard wg1]\nprivate-key-file = /k\nlisten-port = 51820\naddress = 10.65.0.1/16\n",
          "remove address 10.64.0.1/16 from wg0\n"
          "forget key and port of wg0\n"
          "remove WireGuard device wg0\n"
          "add WireGuard device wg1\n"
          "set private key port 51820 of wg1\n"
          "add address 10.65.0.1/16 to wg1\n"
          "set wg1 up\n" },
        /* what of a peer differs, and nothing else */
        { WG0 BOB "persistent-keepalive = 5\nallowed-ips = 10.64.0.2\n",
          WG0 BOB "persistent-keepalive = 6\nallowed-ips = 10.64.0.2\n",
          "set peer bob of wg0: keepalive 6s\n" },
        { WG0 BOB "endpoint = 192.0.2.1:1\n", WG0 BOB "endpoint = 192.0.2.1:2\n",
          "set peer bob of wg0: endpoint 192.0.2.1:2\n" },
        { WG0 BOB "endpoint = 192.0.2.1:1\n", WG0 BOB, "" },
        { WG0 BOB "endpoint = 192.0.2.1:1\n", WG0 BOB "endpoint = no-address-now.example:2\n", "" },
        { WG0 BOB "allowed-ips = 10.64.0.2\n", WG0 BOB "allowed-ips = 10.64.0.2, 10.64.0.3\n",
          "set peer bob of wg0: allowed IPs\n" },
        { WG0 BOB "allowed-ips = 10.64.0.2, 10.64.0.3\n", WG0 BOB "allowed-ips = 10.64.0.3\n",
          "set peer bob of wg0: allowed IPs\n" },
        { WG0 BOB ALICE, WG0 ALICE, "remove peer " KEY_A " from wg0\n" },
        /* only the name of a peer changes: nothing to do */
        { WG0 BOB "allowed-ips = 10.64.0.2\n",
          WG0 "[peer robert]\npublic-key = " KEY_A "\nallowed-ips = 10.64.0.2\n", "" },
        /* its key does: the new one takes its place before the old one goes */
        { WG0 BOB "allowed-ips = 10.64.0.2\n",
          WG0 "[peer bob]\npublic-key = " KEY_C "\nallowed-ips = 10.64.0.2\n",
          "add peer bob of wg0: allowed IPs\nremove peer " KEY_A " from wg0\n" },
        /* settings */
        { "[sysctl]\nnet.ipv4.ip_forward = 0\n", "[network]\nforwarding = ipv4\n",
          "problem" /* this host has no IPv6 */ },
        { "[sysctl]\nnet.ipv4.ip_forward = 0\nnet.ipv6.conf.all.forwarding = 0\n",
          "[network]\nforwarding = ipv4\n", "set net.ipv4.ip_forward to 1\n" },
};

START_TEST(a_plan_is_the_difference)
{
        CLEANUP_SIDE Side is = side(cases[_i].is), wanted = side(cases[_i].wanted);
        CLEANUP_PLAN Plan plan;

        plan_init(&plan);
        int r = plan_make(&wanted.state, &is.state, &plan);

        if (strcmp(cases[_i].steps, "problem") == 0) {
                ck_assert_int_eq(r, -EINVAL);
                ck_assert_uint_eq(plan.problems.length, 1);
                return;
        }
        CLEANUP_FREE char *steps = steps_of(&plan);

        ck_assert_msg(r == 0, "%s", plan.problems.length > 0 ? plan.problems.items[0] : "?");
        ck_assert_str_eq(steps, cases[_i].steps);
}
END_TEST

START_TEST(what_is_as_it_should_be_stays)
{
        CLEANUP_SIDE Side wanted = side(cases[_i].wanted), is = side(cases[_i].wanted);
        CLEANUP_PLAN Plan plan;

        plan_init(&plan);
        ck_assert_int_eq(plan_make(&wanted.state, &is.state, &plan), 0);
        ck_assert_uint_eq(plan.n_steps, 0);
}
END_TEST

/* ---- what is not ours ---- */

static void expect_problem(Side *wanted, Side *is, const char *text)
{
        CLEANUP_PLAN Plan plan;

        plan_init(&plan);
        ck_assert_int_eq(plan_make(&wanted->state, &is->state, &plan), -EINVAL);
        ck_assert_uint_eq(plan.n_steps, 0);
        ck_assert_msg(strstr(plan.problems.items[0], text) != NULL, "%s", plan.problems.items[0]);
}

static void expect_nothing(Side *wanted, Side *is)
{
        CLEANUP_PLAN Plan plan;

        plan_init(&plan);
        ck_assert_int_eq(plan_make(&wanted->state, &is->state, &plan), 0);
        CLEANUP_FREE char *steps = steps_of(&plan);

        ck_assert_str_eq(steps, "");
}

static Side foreign(const char *text)
{
        Side s = side(text);

        for (NetLink *l = s.state.links; l; l = l->next)
                l->ours = false;
        for (NetAddr *a = s.state.addresses; a; a = a->next)
                a->ours = false;
        for (NetRoute *r = s.state.routes; r; r = r->next) {
                r->ours = false;
                r->protocol = RTPROT_DHCP;
        }
        for (NetRule *r = s.state.rules; r; r = r->next)
                r->ours = false;
        return s;
}

START_TEST(what_others_made_is_left_alone)
{
        CLEANUP_SIDE Side nothing = side("");
        CLEANUP_SIDE Side is = foreign(ETH0 WG0 "[route 10.8.0.0/16]\nvia = 10.1.0.2\n"
                                                "[rule r]\npriority = 5\ntable = 7\n");

        expect_nothing(&nothing, &is);
}
END_TEST

START_TEST(what_others_made_may_serve)
{
        CLEANUP_SIDE Side wanted = side(ETH0 "[route 10.8.0.0/16]\nvia = 10.1.0.2\n"
                                             "[rule r]\npriority = 5\ntable = 7\n");
        CLEANUP_SIDE Side is = foreign(ETH0 "[route 10.8.0.0/16]\nvia = 10.1.0.2\ndev = eth0\n"
                                            "[rule r]\npriority = 5\ntable = 7\n");

        expect_nothing(&wanted, &is);
}
END_TEST

START_TEST(what_others_made_may_be_in_the_way)
{
        CLEANUP_SIDE Side route = side(ETH0 "[route 10.8.0.0/16]\nvia = 10.1.0.2\n");
        CLEANUP_SIDE Side other = foreign(ETH0 "[route 10.8.0.0/16]\nvia = 10.1.0.3\n");
        CLEANUP_SIDE Side tunnel = side(WG0);
        CLEANUP_SIDE Side same = foreign(WG0);
        CLEANUP_SIDE Side card = side("[interface wg0]\nmtu = 1400\n");
        CLEANUP_SIDE Side overlap = foreign("[interface eth0]\naddress = 10.64.9.9/24\n");

        expect_problem(&route, &other, "another program's route is in the way");
        other.state.routes->connected = true;
        expect_problem(&route, &other, "the host itself is in that subnet");
        expect_problem(&tunnel, &same, "spark-netsetup did not make it");
        expect_problem(&tunnel, &card, "no WireGuard device");
        expect_problem(&tunnel, &overlap, "overlaps with that of 10.64.9.9/24 on eth0");
        expect_problem(&card, &overlap, "there is no interface wg0");
}
END_TEST

START_TEST(a_gateway_has_to_be_near)
{
        CLEANUP_SIDE Side far = side("[route 10.8.0.0/16]\nvia = 192.0.2.1\n");
        CLEANUP_SIDE Side self = side("[route 10.0.0.0/8]\nvia = 10.0.0.1\n");
        CLEANUP_SIDE Side host = foreign("[interface eth0]\naddress = 10.0.0.7/24\n");
        CLEANUP_SIDE Side alone = foreign("[interface eth0]\naddress = 10.1.0.7/32\n");
        CLEANUP_PLAN Plan plan;

        expect_problem(&far, &host, "is in no subnet of this host");
        expect_problem(&self, &alone, "leads through itself");
        CLEANUP_SIDE Side own = side("[route 10.8.0.0/16]\nvia = 10.0.0.7\n");

        expect_problem(&own, &host, "via: 10.0.0.7 is an address of this host");
        CLEANUP_SIDE Side nowhere = side("[route 10.8.0.0/16]\ndev = eth7\n");

        expect_problem(&nowhere, &host, "dev: there is no interface eth7");
        /* a larger subnet by way of a gateway in it is usual when that one is nearer */
        plan_init(&plan);
        ck_assert_int_eq(plan_make(&self.state, &host.state, &plan), 0);
        ck_assert_uint_eq(plan.n_steps, 1);
}
END_TEST

/* ---- tunnels ---- */

START_TEST(a_tunnel_that_works_is_not_torn_from_where_it_is)
{
        CLEANUP_SIDE Side wanted = side(WG0 BOB "endpoint = 192.0.2.1:1\n");
        CLEANUP_SIDE Side is = side(WG0 BOB "endpoint = 198.51.100.9:4711\n");
        CLEANUP_PLAN Plan plan;

        is.state.now_sec = 1000;
        is.state.devices->peers->handshake_sec = 900;
        plan_init(&plan);
        ck_assert_int_eq(plan_make(&wanted.state, &is.state, &plan), 0);
        ck_assert_uint_eq(plan.n_steps, 0);
        ck_assert_uint_eq(plan.notes.length, 1);
        plan_done(&plan);
        is.state.devices->peers->handshake_sec = 800; /* no answer for more than three minutes */
        ck_assert_int_eq(plan_make(&wanted.state, &is.state, &plan), 0);
        ck_assert_uint_eq(plan.n_steps, 1);
        ck_assert_uint_eq(plan.steps[0].set, STEP_SET_ENDPOINT);
}
END_TEST

START_TEST(what_only_root_sees_is_said)
{
        CLEANUP_SIDE Side wanted = side(WG0 BOB), is = side(WG0);
        CLEANUP_PLAN Plan plan;

        is.state.devices->unreadable = true;
        plan_init(&plan);
        ck_assert_int_eq(plan_make(&wanted.state, &is.state, &plan), 0);
        ck_assert_uint_eq(plan.n_steps, 0);
        ck_assert_ptr_nonnull(strstr(plan.notes.items[0], "only root can see"));
}
END_TEST

START_TEST(allowed_ips_that_move_are_not_released)
{
        CLEANUP_SIDE Side is = side(WG0 BOB "allowed-ips = 10.70.0.0/16, 10.71.0.0/16\n" ALICE);
        CLEANUP_SIDE Side wanted = side(WG0 BOB ALICE "allowed-ips = 10.70.0.0/16\n");
        CLEANUP_PLAN Plan plan;

        plan_init(&plan);
        ck_assert_int_eq(plan_make(&wanted.state, &is.state, &plan), 0);
        const Step *bob = &plan.steps[0], *alice = &plan.steps[1];

        ck_assert_int_eq(bob->kind, STEP_PEER);
        ck_assert_uint_eq(bob->n_release, 1); /* alice takes the other one */
        ck_assert_uint_eq(bob->release[0].address.bytes[1], 71);
        ck_assert_int_eq(alice->kind, STEP_PEER);
        ck_assert_uint_eq(alice->n_release, 0);
        ck_assert_uint_eq(alice->n_undo_release, 0); /* bob takes it back */
}
END_TEST

/* ---- settings that are not ours ---- */

START_TEST(settings_go_back_to_what_they_were)
{
        CLEANUP_SIDE Side wanted = side("");
        CLEANUP_SIDE Side is = side("[sysctl]\nnet.ipv4.ip_forward = 1\n");
        CLEANUP_PLAN Plan plan;

        is.state.settings->original = "0";
        plan_init(&plan);
        ck_assert_int_eq(plan_make(&wanted.state, &is.state, &plan), 0);
        ck_assert_uint_eq(plan.n_steps, 1);
        ck_assert(plan.steps[0].record);
        ck_assert_str_eq(((const NetSetting *)plan.steps[0].after)->value, "0");
}
END_TEST

START_TEST(forwarding_keeps_the_route_of_a_router)
{
        CLEANUP_SIDE Side wanted = side("[network]\nforwarding = yes\n");
        CLEANUP_SIDE Side is = side("[sysctl]\nnet.ipv4.ip_forward = 1\n"
                                    "net.ipv6.conf.all.forwarding = 1\n"
                                    "net.ipv6.conf.eth0.accept_ra = 1\n[interface eth0]\n"
                                    "address = fd00::1/64\n");

        ck_assert_int_eq(desired_keep_router_advertisements(&wanted.state, &is.state), 0);
        const NetSetting *s = state_setting(&wanted.state, "net.ipv6.conf.eth0.accept_ra");

        ck_assert_ptr_nonnull(s);
        ck_assert_str_eq(s->value, "2");
}
END_TEST

/* ---- the plan as such ---- */

START_TEST(undoing_is_the_way_back)
{
        CLEANUP_SIDE Side is = side(ETH0 "[route 10.8.0.0/16]\nvia = 10.1.0.2\n");
        CLEANUP_SIDE Side wanted = side(ETH0 "[route 10.8.0.0/16]\nvia = 10.1.0.3\n");
        CLEANUP_PLAN Plan plan;

        plan_init(&plan);
        ck_assert_int_eq(plan_make(&wanted.state, &is.state, &plan), 0);
        Step undo = step_undo(&plan.steps[0]);
        Step again = step_undo(&undo);

        ck_assert_ptr_eq(undo.after, is.state.routes);
        ck_assert_ptr_eq(undo.before, wanted.state.routes);
        ck_assert_ptr_eq(again.after, plan.steps[0].after);
        ck_assert_str_eq(step_action(&undo), "change");
}
END_TEST

START_TEST(a_plan_is_shown_as_text_and_as_json)
{
        CLEANUP_SIDE Side is = side(ETH0);
        CLEANUP_SIDE Side wanted = side(ETH0 "[route 10.8.0.0/16]\nvia = 10.1.0.2\n");
        CLEANUP_PLAN Plan plan;

        plan_init(&plan);
        ck_assert_int_eq(plan_make(&wanted.state, &is.state, &plan), 0);
        CLEANUP_FREE char *text = plan_text(&plan);
        CLEANUP_FREE char *json = plan_json(&plan);

        ck_assert_str_eq(text, "add route 10.8.0.0/16 via 10.1.0.2  (absent; n:4)\n");
        json_t *root = json_loads(json, 0, NULL);
        json_t *step = json_array_get(json_object_get(root, "steps"), 0);

        ck_assert_str_eq(json_string_value(json_object_get(step, "kind")), "route");
        ck_assert_str_eq(json_string_value(json_object_get(step, "action")), "add");
        ck_assert_str_eq(json_string_value(json_object_get(step, "why")), "absent; n:4");
        json_decref(root);
}
END_TEST

int main(void)
{
        const TTest *const others[] = {
                what_others_made_is_left_alone,
                what_others_made_may_serve,
                what_others_made_may_be_in_the_way,
                a_gateway_has_to_be_near,
                a_tunnel_that_works_is_not_torn_from_where_it_is,
                what_only_root_sees_is_said,
                allowed_ips_that_move_are_not_released,
                settings_go_back_to_what_they_were,
                forwarding_keeps_the_route_of_a_router,
                undoing_is_the_way_back,
                a_plan_is_shown_as_text_and_as_json,
        };
        Suite *s = suite_create("plan");
        TCase *t = tcase_create("plan");

        tcase_add_loop_test(t, a_plan_is_the_difference, 0, ARRAY_SIZE(cases));
        tcase_add_loop_test(t, what_is_as_it_should_be_stays, 0, ARRAY_SIZE(cases));
        for (size_t i = 0; i < ARRAY_SIZE(others); i++)
                tcase_add_test(t, others[i]);
        suite_add_tcase(s, t);
        return unit_run(s);
}
