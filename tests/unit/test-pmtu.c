/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets on their way through a router whose far side is narrow: three network namespaces, made by
 * ip(8). Needs root.
 */
#include "netsetup/pmtu.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>

#include "netsetup/measure.h"
#include "tests/unit/unit.h"

static PmtuProbe probe(const char *to)
{
        PmtuProbe p = { 0 };

        ck_assert_int_eq(address_parse(to, &p.to), 0);
        ck_assert_int_eq(pmtu_probe(&p, 1), 0);
        return p;
}

/* a (this process) 10.1.0.1 -- 10.1.0.2 router 10.2.0.1 -- 10.2.0.2 b, the second one 1300 wide. */
static void setup(void)
{
        ck_assert_int_eq(unshare(CLONE_NEWNET | CLONE_NEWNS), 0);
        ck_assert_int_eq(
                system("set -e; mount --make-rprivate / || :; mount -t tmpfs none /run; mkdir "
                       "/run/netns\n"
                       "ip netns add r; ip netns add b; ip link set lo up\n"
                       "ip link add r0 type veth peer name a0 netns r\n"
                       "ip -n r link add b0 mtu 1300 type veth peer name r1 mtu 1300 netns b\n"
                       "ip address add 10.1.0.1/24 dev r0; ip link set r0 up\n"
                       "ip address add fd00:1::1/64 dev r0 nodad; ip route add default via "
                       "10.1.0.2\n"
                       "ip netns exec r sysctl -qw net.ipv4.ip_forward=1 "
                       "  net.ipv6.conf.all.forwarding=1\n"
                       "ip -n r address add 10.1.0.2/24 dev a0; ip -n r link set a0 up\n"
                       "ip -n r address add fd00:1::2/64 dev a0 nodad\n"
                       "ip -n r address add 10.2.0.1/24 dev b0; ip -n r link set b0 up\n"
                       "ip -n r address add fd00:2::1/64 dev b0 nodad\n"
                       "ip -n b address add 10.2.0.2/24 dev r1; ip -n b link set r1 up\n"
                       "ip -n b address add fd00:2::2/64 dev r1 nodad\n"
                       "ip -n b route add default via 10.2.0.1\n"
                       "ip -n b route add default via fd00:2::1\n"
                       "ip route add default via fd00:1::2\n"),
                0);
        /* IPv6 has to find out first that its link-local addresses are its alone. */
        for (int i = 0; i < 20 && probe("fd00:2::2").mtu == 0; i++)
                usleep(100000);
}

START_TEST(the_router_tells)
{
        ck_assert_uint_eq(probe("10.1.0.2").mtu, 1500);
        ck_assert_uint_eq(probe("10.2.0.2").mtu, 1300);
        ck_assert_uint_gt(probe("10.2.0.2").rtt_usec, 0);
        ck_assert_uint_eq(probe("fd00:1::2").mtu, 1500);
        ck_assert_uint_eq(probe("fd00:2::2").mtu, 1300);
}
END_TEST

START_TEST(the_router_is_silent)
{
        ck_assert_int_eq(system("ip netns exec r nft 'table inet t { chain o { type filter hook "
                                "output priority 0; icmp type destination-unreachable drop; "
                                "icmpv6 type packet-too-big drop; }; }'"),
                         0);
        uint32_t v4 = probe("10.2.0.2").mtu, v6 = probe("fd00:2::2").mtu;

        ck_assert_msg(v4 <= 1300 && v4 > 1296, "%u", v4);
        ck_assert_msg(v6 <= 1300 && v6 > 1296, "%u", v6);
}
END_TEST

START_TEST(nobody_is_there)
{
        PmtuProbe all[3] = { 0 };

        ck_assert_int_eq(address_parse("10.2.0.9", &all[0].to), 0);
        ck_assert_int_eq(address_parse("10.2.0.2", &all[1].to), 0);
        ck_assert_int_eq(address_parse("fd00:9::9", &all[2].to), 0);
        ck_assert_int_eq(pmtu_probe(all, 3), 0);
        ck_assert_uint_eq(all[0].mtu, 0);
        ck_assert_uint_eq(all[1].mtu, 1300);
        ck_assert_uint_eq(all[2].mtu, 0);
        ck_assert_int_eq(pmtu_probe(all, PMTU_MAX_PROBES + 1), -E2BIG);
}
END_TEST

START_TEST(a_tunnel_is_as_wide_as_its_narrowest_way)
{
        WgPeer near = { .endpoint = { .port = 1 } }, far = near, none = { 0 };
        WgDevice device = { .name = "w", .peers = &near };
        uint32_t mtu = 0;

        ck_assert_int_eq(address_parse("10.1.0.2", &near.endpoint.address), 0);
        ck_assert_int_eq(measure_device(&device, &mtu), 0);
        ck_assert_uint_eq(mtu, 1500 - 60);
        ck_assert_int_eq(address_parse("fd00:2::2", &far.endpoint.address), 0);
        near.next = &none;
        none.next = &far;
        ck_assert_int_eq(measure_device(&device, &mtu), 0);
        ck_assert_uint_eq(mtu, 1300 - 80);
}
END_TEST

START_TEST(what_was_measured_is_kept)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();

        ck_assert_uint_eq(measure_recall(dir.path, "w0"), 0);
        ck_assert_int_eq(measure_keep(dir.path, "w0", 1380), 0);
        ck_assert_uint_eq(measure_recall(dir.path, "w0"), 1380);
        ck_assert_uint_eq(measure_recall(dir.path, "w1"), 0);
        unit_put(&dir, "mtu.w1", "12\n");
        ck_assert_uint_eq(measure_recall(dir.path, "w1"), 0);
}
END_TEST

int main(void)
{
        const TTest *const tests[] = { the_router_tells, the_router_is_silent, nobody_is_there,
                                       a_tunnel_is_as_wide_as_its_narrowest_way,
                                       what_was_measured_is_kept };
        Suite *s = suite_create("pmtu");
        TCase *t = tcase_create("pmtu");

        if (geteuid() != 0 || unshare(CLONE_NEWNET | CLONE_NEWNS) < 0) {
                puts("test-pmtu: needs root and namespaces");
                return 77;
        }
        tcase_add_checked_fixture(t, setup, NULL);
        tcase_set_timeout(t, 60);
        for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
                tcase_add_test(t, tests[i]);
        suite_add_tcase(s, t);
        return unit_run(s);
}
