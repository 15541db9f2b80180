/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/conf.h"

#include <errno.h>

#include "tests/unit/unit.h"

#define KEY_A "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
#define KEY_B "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="

#define WG    "[wireguard wg0]\nprivate-key-file = /k\naddress = 10.64.0.1/16\nlisten-port = 51820\n"
#define BOB   "[peer bob]\npublic-key = " KEY_A "\n"
#define ALICE "[peer alice]\npublic-key = " KEY_B "\n"

/* Reads and judges a text. */
static int read_all(Conf *conf, const char *text)
{
        int r;

        conf_init(conf);
        r = conf_read_text(conf, "n.conf", text, strlen(text));
        return r < 0 ? r : conf_check(conf);
}

START_TEST(a_whole_file_is_read)
{
        CLEANUP_CONF Conf conf;
        static const char text[] =
                "[network]\nforwarding = ipv4\n"
                "[interface eth1]\nAddress = 10.1.0.1/24, fd00::1/64\nMTU = 1400\n"
                "[wireguard wg0]\nPrivateKeyFile = /etc/spark/key\nListenPort = 51820\n"
                "FwMark = 0xca6c\nAddress = 10.64.0.1/16\nmtu = auto\ntable = 7\n"
                "[peer bob]\nPublicKey = " KEY_A "\nEndpoint = bob.example:51820\n"
                "AllowedIPs = 10.64.0.2/32\nallowed-ips = 10.70.0.0/16\n"
                "PersistentKeepalive = 25\n"
                "[route 10.8.0.0/16]\nvia = 10.1.0.2\nmetric = 5\nmtu = 1380\n"
                "source = 10.1.0.1\ndev = eth1\nonlink = yes\n"
                "[route six]\nto = default\nvia = 10.1.0.3\n"
                "[rule r]\npriority = 100\nfrom = 10.1.0.0/24\nfwmark = 0x10/0xff\ntable = 7\n"
                "[sysctl]\nnet.ipv4.conf.all.rp_filter = 2\n"
                "[firewall]\nports = 7077, 8080-8090\nallow = 10.1.0.0/24\n";

        ck_assert_int_eq(read_all(&conf, text), 0);
        const ConfDevice *wg = (ConfDevice *)conf_find(&conf, CONF_WIREGUARD, "wg0");
        const ConfPeer *bob = (ConfPeer *)conf_find(&conf, CONF_PEER, "bob");
        const ConfRoute *route = (ConfRoute *)conf_find(&conf, CONF_ROUTE, "10.8.0.0/16");
        const ConfRule *rule = (ConfRule *)conf_find(&conf, CONF_RULE, "r");

        ck_assert_ptr_nonnull(wg);
        ck_assert_str_eq(wg->key_file, "/etc/spark/key");
        ck_assert_uint_eq(wg->port, 51820);
        ck_assert_uint_eq(wg->fwmark, 0xca6c);
        ck_assert(wg->mtu_auto);
        ck_assert_uint_eq(wg->table, 7);
        ck_assert_ptr_eq(conf_peer_device(&conf, bob), wg);
        ck_assert_uint_eq(bob->public_key.bytes[0], 1);
        ck_assert_uint_eq(bob->keepalive, 25);
        ck_assert_uint_eq(bob->allowed->next->prefix.length, 16);
        ck_assert_uint_eq(route->to.length, 16);
        ck_assert_uint_eq(route->metric, 5);
        ck_assert_uint_eq(route->mtu, 1380);
        ck_assert(route->onlink);
        ck_assert_uint_eq(rule->mark, 0x10);
        ck_assert_uint_eq(rule->mask, 0xff);
        ck_assert_uint_eq(conf_origin(&route->item, "mtu").line, 22);
        ck_assert_str_eq(conf_origin(&route->item, "mtu").file, "n.conf");
}
END_TEST

/* What is refused, and the sentence that says so. */
static const struct {
        const char *text, *problem;
} refused[] = {
        { "x = 1\n", "n.conf:1: x: before the first section" },
        { "[nonsense]\nx = 1\n", "n.conf:2: x: in the unknown section [nonsense]" },
        { "[peer]\nx = 1\n", "unknown section [peer]" },
        { "[network x]\nforwarding = yes\n", "unknown section" },
        { "[network]\nforward = yes\n", "n.conf:2: forward: unknown in [network]" },
        { "[network]\nnonsense\n", "n.conf:2: neither [section] nor key = value" },
        { "[network]\nforwarding = maybe\n", "forwarding: not yes, no, ipv4 or ipv6" },
        { "[network]\nforwarding =\n", "forwarding: no value" },
        { "[network]\nforwarding = yes\nforwarding = no\n", "given already in line 2" },
        { "[interface a-name-far-too-long]\nmtu = 1400\n", "cannot be the name of an interface" },
        { "[interface eth0]\naddress = 10.0.0.0/24\n", "is the subnet, not an address in it" },
        { "[interface eth0]\naddress = 10.0.0.255/24\n", "is the broadcast address of the subnet" },
        { "[interface eth0]\naddress = 224.0.0.1/4\n", "is a multicast address" },
        { "[interface eth0]\naddress = ff02::1/64\n", "is a multicast address" },
        { "[interface eth0]\naddress = 10.0.0.1/99\n", "n.conf:2: address: not an address" },
        { "[interface eth0]\nmtu = 100\n", "mtu: not a size" },
        { "[interface eth0]\nmtu = 1000\naddress = fd00::1/64\n", "IPv6 needs 1280" },
        { "[interface a]\naddress = 10.0.0.1/8\n[interface b]\naddress = 10.1.0.1/24\n",
          "n.conf:4: address: the subnet of 10.1.0.1/24 overlaps with that of 10.0.0.1/8 on a" },
        { WG "[interface b]\naddress = 10.64.7.1/24\n", "overlaps with that of 10.64" },
        { "[wireguard wg0]\nlisten-port = 1\n", "needs private-key-file or" },
        { "[wireguard wg0]\nprivate-key-file = /k\nprivate-key-credential = c\n", "one of them" },
        { "[wireguard wg0]\nprivate-key = " KEY_A "\n",
          "n.conf:2: private-key: a secret does not" },
        { "[wireguard wg0]\nprivate-key-file = k\n", "not an absolute path" },
        { "[wireguard wg0]\nprivate-key-credential = ../k\n", "not the name of a credential" },
        { WG "[wireguard wg1]\nprivate-key-file = /k\nlisten-port = 51820\n",
          "51820 is the port of wg0 already" },
        { WG "[interface wg0]\nmtu = 1400\n", "wg0 is also the [interface] of" },
        { BOB, "needs a device" },
        { WG "[peer bob]\ndevice = wg1\npublic-key = " KEY_A "\n", "there is no [wireguard wg1]" },
        { WG "[peer bob]\nallowed-ips = 10.64.0.2\n", "the peer bob has no public-key" },
        { WG "[peer bob]\npublic-key = AAAA\n",
          "n.conf:6: public-key: the wrong length: a key is 32 bytes" },
        { WG "[peer bob]\npublic-key = AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBA!E=\n",
          "public-key: not a key" },
        { WG "[peer bob]\npreshared-key = " KEY_A "\n", "preshared-key: a secret does not" },
        { WG BOB "[peer bob2]\npublic-key = " KEY_A "\n",
          "n.conf:8: public-key: the peer bob (n.conf:6) has the same key" },
        { WG BOB "allowed-ips = 10.64.0.2\n" ALICE "allowed-ips = 10.64.0.3, 10.64.0.2/32\n",
          "n.conf:10: allowed-ips: 10.64.0.2/32 is claimed by the peer bob already (n.conf:7)" },
        { WG BOB "allowed-ips = 10.64.0.2/16\n", "bits are set after the length" },
        { WG BOB "endpoint = bob\n", "endpoint: not a host and a port" },
        { WG BOB "endpoint = 10.64.0.2:1\n",
          "n.conf:7: endpoint: 10.64.0.2 is inside the tunnel: in 10.64.0.1/16" },
        { WG BOB "endpoint = 192.0.2.1:1\nallowed-ips = 192.0.2.0/24\n",
          "inside the tunnel: in 192.0.2.0/24, allowed-ips of bob" },
        { WG BOB "endpoint = 192.0.2.1:1\nallowed-ips = 0.0.0.0/0\n", "inside the tunnel" },
        { WG BOB "endpoint = 192.0.2.1:1\n[route 192.0.2.0/24]\ndev = wg0\n",
          "inside the tunnel: in 192.0.2.0/24, to which route 192.0.2.0/24" },
        { WG BOB "persistent-keepalive = x\n", "neither off nor seconds" },
        { "[route x]\nvia = 10.0.0.1\n", "the route x has no to" },
        { "[route 10.0.0.0/8]\nmetric = 1\n", "needs via or dev" },
        { "[route 10.0.0.1/8]\nvia = 10.0.0.1\n", "has no to" },
        { "[route 10.0.0.0/8]\nvia = fd00::1\n", "via: not of the same family" },
        { "[route 10.0.0.0/8]\nvia = 10.0.0.1\nsource = fd00::1\n", "source: not of the same" },
        { "[route 10.0.0.1/32]\nvia = 10.0.0.1\n", "via: the route would lead through itself" },
        { "[interface a]\naddress = 10.0.0.1/24\n[route 10.9.0.0/16]\nvia = 10.0.0.1\n",
          "via: an address of this host" },
        { "[interface a]\naddress = 10.0.0.1/24\n[route 10.0.0.0/24]\nvia = 10.0.0.2\n",
          "10.0.0.0/24 is the subnet of a itself" },
        { "[route a]\nto = 10.0.0.0/8\nvia = 10.0.0.1\n[route b]\nto = 10.0.0.0/8\ndev = eth0\n",
          "n.conf:5: to: 10.0.0.0/8 overlaps with the route a" },
        { "[route 10.0.0.0/8]\nvia = 10.0.0.1\nonlink = yes\n", "onlink: needs a dev" },
        { "[route 10.0.0.0/8]\ndev = eth0\nonlink = yes\n", "onlink: there is no via" },
        { "[route 10.0.0.0/8]\ndev = eth0\ntable = local\n", "the kernel looks after" },
        { "[route 10.0.0.0/8]\ndev = eth0\nmetric = -1\n", "metric: not a number" },
        { WG BOB "allowed-ips = 10.70.0.0/16\n[route 10.70.0.0/16]\ndev = eth0\n",
          "10.70.0.0/16 is routed to 10.70.0.0/16 already" },
        { "[rule r]\npriority = 5\n", "has no table" },
        { "[rule r]\ntable = 5\n", "needs one from 1 to 32765" },
        { "[rule r]\ntable = 5\npriority = 1\nfrom = 10.0.0.0/8\nto = fd00::/8\n",
          "is of IPv4 and of IPv6" },
        { "[rule r]\nfwmark = 0x1/0xfffffffff\n", "not a mark" },
        { "[sysctl]\nkernel.panic = 1\n", "only settings below net. are set" },
        { "[sysctl]\nnet.ipv4/../../kernel.panic = 1\n", "only settings below net." },
        { "[firewall]\nports = 0\n", "ports: not a list of ports" },
        { "[firewall]\nports = 9-8\n", "ports: not a list of ports" },
};

START_TEST(what_is_wrong_is_said_with_file_line_and_key)
{
        CLEANUP_CONF Conf conf;
        int r = read_all(&conf, refused[_i].text);
        bool found = false;

        ck_assert_msg(r == -EINVAL, "%s: %d", refused[_i].text, r);
        for (size_t i = 0; i < conf.problems.length; i++)
                found = found || strstr(conf.problems.items[i], refused[_i].problem);
        ck_assert_msg(found, "%s: %s", refused[_i].text,
                      conf.problems.length > 0 ? conf.problems.items[0] : "no problem");
        for (size_t i = 0; i < conf.problems.length; i++)
                ck_assert_ptr_null(strstr(conf.problems.items[i], KEY_A));
}
END_TEST

/* What looks like the above and is right. */
static const char *const fine[] = {
        "",
        "; nothing\n",
        "[interface a]\naddress = 10.0.0.1/24\naddress = 10.0.0.2/24\n",
        "[interface a]\naddress = fe80::1/64\n[interface b]\naddress = fe80::1/64\n",
        "[interface a]\naddress = 10.0.0.0/31\n",
        /* a tunnel for everything, with a mark that its own packets have */
        WG "fwmark = 7\n" BOB "endpoint = 192.0.2.1:1\nallowed-ips = 0.0.0.0/0\n",
        WG "route-allowed-ips = no\n" BOB "endpoint = 192.0.2.1:1\nallowed-ips = 0.0.0.0/0\n",
        WG "table = 5\n" BOB "endpoint = 192.0.2.1:1\nallowed-ips = 0.0.0.0/0\n",
        /* the endpoint is nearer than the tunnel */
        WG "[interface e]\naddress = 10.70.1.1/24\n" BOB
           "endpoint = 10.70.1.2:1\nallowed-ips = 10.70.0.0/16\n",
        /* the same subnet of two peers on two devices, one of them without routes */
        "[wireguard a]\nprivate-key-file = /k\n[wireguard b]\nprivate-key-file = /k\n"
        "route-allowed-ips = no\n"
        "[peer x]\ndevice = a\npublic-key = " KEY_A "\nallowed-ips = 10.70.0.0/16\n"
        "[peer y]\ndevice = b\npublic-key = " KEY_A "\nallowed-ips = 10.70.0.0/16\n",
        /* a subnet within another goes to another peer */
        WG BOB "allowed-ips = 10.70.0.0/16\n" ALICE "allowed-ips = 10.70.1.0/24\n",
        /* the same subnet in two tables, and twice with two metrics */
        ("[route a]\nto = 10.0.0.0/8\nvia = 10.0.0.1\n[route b]\nto = 10.0.0.0/8\nvia = 10.0.0.1\n"
         "table = 5\n[route c]\nto = 10.0.0.0/8\nvia = 10.0.0.1\nmetric = 9\n"),
        "[route default]\nto = 0.0.0.0/0\nvia = 10.0.0.1\n",
};

START_TEST(what_is_right_is_taken)
{
        CLEANUP_CONF Conf conf;
        int r = read_all(&conf, fine[_i]);

        ck_assert_msg(r == 0, "%s: %s", fine[_i],
                      conf.problems.length > 0 ? conf.problems.items[0] : "?");
}
END_TEST

START_TEST(drop_ins_change_and_add)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_FREE char *path = unit_write(&dir, "n.conf",
                                             WG BOB "allowed-ips = 10.70.0.0/16\n"
                                                    "endpoint = 192.0.2.1:1\n");
        CLEANUP_CONF Conf conf;

        unit_put(&dir, "n.conf.d/10.conf",
                 "[peer bob]\nendpoint = 192.0.2.2:2\n"
                 "allowed-ips = 10.71.0.0/16\n");
        unit_put(&dir, "n.conf.d/20.conf", "[wireguard wg0]\naddress =\naddress = 10.65.0.1/16\n");
        conf_init(&conf);
        ck_assert_int_eq(conf_read(&conf, path, false), 0);
        const ConfPeer *bob = (ConfPeer *)conf_find(&conf, CONF_PEER, "bob");
        const ConfDevice *wg = (ConfDevice *)conf_find(&conf, CONF_WIREGUARD, "wg0");

        ck_assert_str_eq(bob->endpoint, "192.0.2.2:2");
        ck_assert_ptr_nonnull(bob->allowed->next);
        ck_assert_ptr_null(bob->allowed->next->next);
        ck_assert_uint_eq(wg->addresses->prefix.address.bytes[1], 65);
        ck_assert_ptr_null(wg->addresses->next);
        ck_assert_ptr_nonnull(strstr(conf_origin(&bob->item, "endpoint").file, "10.conf"));
}
END_TEST

START_TEST(a_missing_file_is_an_error_unless_optional)
{
        CLEANUP_CONF Conf conf;

        conf_init(&conf);
        ck_assert_int_eq(conf_read(&conf, "/nonexistent/n.conf", false), -ENOENT);
        ck_assert_uint_eq(conf.problems.length, 1);
        conf_done(&conf);
        ck_assert_int_eq(conf_read(&conf, "/nonexistent/n.conf", true), 0);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("conf");
        TCase *t = tcase_create("conf");

        tcase_add_test(t, a_whole_file_is_read);
        tcase_add_loop_test(t, what_is_wrong_is_said_with_file_line_and_key, 0,
                            ARRAY_SIZE(refused));
        tcase_add_loop_test(t, what_is_right_is_taken, 0, ARRAY_SIZE(fine));
        tcase_add_test(t, drop_ins_change_and_add);
        tcase_add_test(t, a_missing_file_is_an_error_unless_optional);
        suite_add_tcase(s, t);
        return unit_run(s);
}
