/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/firewall.h"

#include "tests/unit/unit.h"

static char *rules_of(const char *text)
{
        CLEANUP_CONF Conf conf;

        conf_init(&conf);
        ck_assert_int_eq(conf_read_text(&conf, "n", text, strlen(text)), 0);
        ck_assert_int_eq(conf_check(&conf), 0);
        ck_assert(firewall_has_interface(&conf));
        return firewall_rules(&conf);
}

START_TEST(the_tunnels_are_let_through)
{
        CLEANUP_FREE char *rules = rules_of("[wireguard a]\nprivate-key-file = /k\n"
                                            "[wireguard b]\nprivate-key-file = /k\n");

        ck_assert_ptr_nonnull(strstr(rules, "iifname { \"lo\", \"a\", \"b\" } accept\n"));
        ck_assert_ptr_nonnull(strstr(rules, "tcp dport { 7077-7078, 6066, 8080-8081,"));
        ck_assert_ptr_null(strstr(rules, "saddr"));
        /* what is loaded takes the place of what was, in one transaction */
        ck_assert_int_eq(strncmp(rules, FIREWALL_REMOVE, strlen(FIREWALL_REMOVE)), 0);
}
END_TEST

START_TEST(what_is_configured_takes_their_place)
{
        CLEANUP_FREE char *rules =
                rules_of("[firewall]\ninterfaces = eth1,eth2\nports = 9000-9010\n"
                         "allow = 192.0.2.0/24, fd00::/8\n");

        ck_assert_ptr_nonnull(strstr(rules, "iifname { \"lo\", \"eth1\", \"eth2\" } accept\n"));
        ck_assert_ptr_nonnull(strstr(rules, "ip saddr 192.0.2.0/24 accept\n"));
        ck_assert_ptr_nonnull(strstr(rules, "ip6 saddr fd00::/8 accept\n"));
        ck_assert_ptr_nonnull(strstr(rules, "tcp dport { 9000-9010 } counter reject"));
}
END_TEST

START_TEST(without_an_interface_there_are_no_rules)
{
        CLEANUP_CONF Conf conf;

        conf_init(&conf);
        ck_assert(!firewall_has_interface(&conf));
}
END_TEST

UNIT_MAIN("firewall", the_tunnels_are_let_through, what_is_configured_takes_their_place,
          without_an_interface_there_are_no_rules)
