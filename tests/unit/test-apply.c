/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans carried out on a real kernel, each test in a network namespace of its own: needs root. What
 * needs WireGuard is left out where the kernel has none; tests/vm/test-netsetup runs this program
 * where it has.
 */
#include "netsetup/apply.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

#include "base/buffer.h"
#include "netsetup/nl-route.h"
#include "netsetup/session.h"
#include "netsetup/sysctl.h"
#include "tests/unit/unit.h"

static UnitDir dir; /* of one test */
static char *config;
static SessionOptions options;

/* A host with two network cards: e0 of ours to set up, e1 of somebody else. */
static void setup(void)
{
        ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
        ck_assert_int_eq(system("set -e; ip link set lo up\n"
                                "ip link add e0 type veth peer name f0\n"
                                "ip link add e1 type veth peer name f1\n"
                                "ip link set f0 up; ip link set f1 up; ip link set e1 up\n"
                                "ip address add 172.16.0.1/24 dev e1\n"
                                "ip route add 172.17.0.0/16 via 172.16.0.2 proto static\n"),
                         0);
        dir = unit_dir();
        config = path_join(dir.path, "network.conf");
        options = (SessionOptions){ .config = config, .dir = dir.path, .offline = true };
}

static void teardown(void)
{
        free(config);
        unit_dir_done(&dir);
}

static bool have_wireguard(void)
{
        CLEANUP_HOST Host host = { 0 };

        return host_open(&host, NULL) == 0 && nl_link_add_wireguard(host.route, "probe") == 0 &&
               nl_link_remove(host.route, "probe") == 0;
}

static void configure(const char *text)
{
        unit_put(&dir, "network.conf", text);
}

/* What is left to do; the steps are printed when that is not what is expected. */
static void expect_steps(size_t n)
{
        CLEANUP_SESSION Session s;

        session_init(&s);
        int r = session_plan(&s, &options);
        CLEANUP_FREE char *text = plan_text(&s.plan);

        ck_assert_msg(r == 0 && s.plan.n_steps == n, "%d: %s", r, text);
}

/* The result, with what it said in *ret_said when that is wanted. */
static int apply(char **ret_said)
{
        char *said = NULL;
        size_t size;
        FILE *err = open_memstream(&said, &size), *out = fopen("/dev/null", "we");

        ck_assert_ptr_nonnull(err);
        ck_assert_ptr_nonnull(out);
        int r = session_apply_now(&options, out, err);

        ck_assert_int_eq(fclose(err), 0);
        ck_assert_int_eq(fclose(out), 0);
        if (ret_said)
                *ret_said = said;
        else {
                fputs(said, stderr);
                free(said);
        }
        return r;
}

static int apply_nothing(void)
{
        options.empty = true;
        int r = apply(NULL);

        options.empty = false;
        return r;
}

/* All that `ip` shows, for comparing; the caller's. */
static char *shown(void)
{
        CLEANUP_FREE char *command = NULL;
        CLEANUP_FREE char *path = path_join(dir.path, "shown");
        char *text;
        size_t size;

        ck_assert_int_ge(
                asprintf(
                        &command,
                        "{ ip -o link; ip -o address; ip route show table all; ip rule; ip -6 rule;"
                        "  cat /proc/sys/net/ipv4/ip_forward; } 2>/dev/null |"
                        " grep -v -e fe80 -e ff00 |"
                        " sed -e 's/^[0-9]*: //; s/qdisc [a-z]* //; s/ tentative//; s/ linkdown//'"
                        "     -e 's/NO-CARRIER,//; s/,LOWER_UP//; s/ state [A-Z]*//' | sort >%s",
                        path),
                0);
        ck_assert_int_eq(system(command), 0);
        ck_assert_int_eq(file_read(path, 4 << 20, &text, &size), 0);
        return text;
}

/* The first line that differs is told: check's messages have not room for all. */
static void expect_same(const char *a, const char *b)
{
        size_t i = 0;

        while (a[i] && a[i] == b[i])
                i++;
        while (i > 0 && a[i - 1] != '\n')
                i--;
        ck_assert_msg(strcmp(a, b) == 0, "%.*s\nis now\n%.*s", (int)strcspn(a + i, "\n"), a + i,
                      (int)strcspn(b + i, "\n"), b + i);
}

static const char host_conf[] =
        "[network]\nforwarding = ipv4\n"
        "[interface e0]\naddress = 10.1.0.1/24, fd00:1::1/64\nmtu = 1400\n"
        "[route 10.8.0.0/16]\nvia = 10.1.0.2\nmtu = 1380\n"
        "[route near]\nto = 10.20.0.0/16\ndev = e0\nsource = 10.1.0.1\n"
        "[route far]\nto = 10.30.0.0/16\nvia = 10.20.0.9\nmetric = 77\n"
        "[route six]\nto = fd00:8::/32\nvia = fd00:1::2\n"
        "[route onlink]\nto = 10.40.0.0/16\nvia = 192.0.2.9\ndev = e0\nonlink = yes\n";

/* Where the kernel has more than one table. */
static const char rules_conf[] =
        "[route table]\nto = 10.9.0.0/16\nvia = 10.1.0.2\ntable = 100\n"
        "[rule a]\npriority = 100\nfrom = 10.1.0.0/24\ntable = 100\n"
        "[rule b]\npriority = 101\nfwmark = 0x10/0xff\niif = e0\ntable = 100\n";

static const char rules_changed_conf[] =
        "[rule a]\npriority = 100\nfrom = 10.1.0.0/24\ntable = 101\n";

/* The same host otherwise: what is in both has to be there all the time. */
static const char changed_conf[] =
        "[interface e0]\naddress = 10.1.0.1/24, 10.2.0.1/24\nmtu = 1300\n"
        "[route 10.8.0.0/16]\nvia = 10.1.0.3\nmtu = 1280\n"
        "[route near]\nto = 10.20.0.0/16\ndev = e0\nsource = 10.1.0.1\n"
        "[route far]\nto = 10.30.0.0/16\nvia = 10.20.0.9\nmetric = 78\n";

static const char wireguard_conf[] =
        "[wireguard w0]\nprivate-key-file = %s/key\nlisten-port = 51820\nmtu = 1380\n"
        "address = 10.64.0.1/16\n"
        "[peer a]\npublic-key = AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n"
        "endpoint = 192.0.2.1:51820\nallowed-ips = 10.64.0.2, 10.70.0.0/16, 10.71.0.0/16\n"
        "[peer b]\npublic-key = AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\n"
        "preshared-key-file = %s/key\nallowed-ips = 10.64.0.3\npersistent-keepalive = 25\n";

/* The allowed IPs 10.70 go to the other peer, 10.71 to none; the key changes; b goes. */
static const char wireguard_changed_conf[] =
        "[wireguard w0]\nprivate-key-file = %s/key2\nlisten-port = 51821\nmtu = 1300\n"
        "address = 10.64.0.9/16\nfwmark = 7\n"
        "[peer a]\npublic-key = AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n"
        "endpoint = 192.0.2.2:51820\nallowed-ips = 10.64.0.2\n"
        "[peer c]\npublic-key = AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=\n"
        "preshared-key-file = %s/key\nallowed-ips = 10.70.0.0/16\n";

static bool have_rules(void)
{
        return system("ip rule >/dev/null 2>&1") == 0;
}

/* The host's configuration, with rules and a tunnel where the kernel has them. */
static void configure_all(const char *host, const char *rules, const char *wireguard)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);

        unit_put(&dir, "key", "eFZ0PlZvVWRmQ2hDb0ZqY2tUdXJ3aFJzT2pYbHdKTEE=\n");
        unit_put(&dir, "key2", "cFZ0PlZvVWRmQ2hDb0ZqY2tUdXJ3aFJzT2pYbHdKTEE=\n");
        buffer_put_text(&b, host);
        if (have_rules())
                buffer_put_text(&b, rules);
        for (const char *s = wireguard, *percent; have_wireguard() && *s; s = percent + 2) {
                percent = strstr(s, "%s"); /* the directory of the keys */
                buffer_put(&b, s, percent ? (size_t)(percent - s) : strlen(s));
                if (!percent)
                        break;
                buffer_put_text(&b, dir.path);
        }
        CLEANUP_FREE char *whole = buffer_take_text(&b);

        configure(whole);
}

START_TEST(what_is_wanted_is_made_and_unmade)
{
        CLEANUP_FREE char *before = shown();

        configure_all(host_conf, rules_conf, wireguard_conf);
        ck_assert_int_eq(apply(NULL), 0);
        expect_steps(0);
        CLEANUP_FREE char *made = shown();

        ck_assert_ptr_nonnull(strstr(made, "10.8.0.0/16 via 10.1.0.2 dev e0 proto 115"));
        ck_assert(!have_rules() || strstr(made, "10.9.0.0/16 via 10.1.0.2 dev e0 table 100"));
        ck_assert(!have_rules() || strstr(made, "from 10.1.0.0/24 lookup 100"));
        ck_assert_ptr_nonnull(strstr(made, "fd00:8::/32 via fd00:1::2"));
        /* again: nothing */
        ck_assert_int_eq(apply(NULL), 0);
        CLEANUP_FREE char *again = shown();

        expect_same(made, again);
        /* and away: what was before, and nothing of ours */
        ck_assert_int_eq(apply_nothing(), 0);
        CLEANUP_FREE char *after = shown();

        expect_same(before, after);
}
END_TEST

START_TEST(settings_are_what_they_were_even_if_changed_twice)
{
        CLEANUP_FREE char *value = NULL;

        configure("[interface e1]\nmtu = 1400\n[sysctl]\nnet.ipv4.conf.e1.rp_filter = 2\n");
        ck_assert_int_eq(apply(NULL), 0);
        configure("[interface e1]\nmtu = 1300\n[sysctl]\nnet.ipv4.conf.e1.rp_filter = 1\n");
        ck_assert_int_eq(apply(NULL), 0);
        expect_steps(0);
        ck_assert_int_eq(apply_nothing(), 0);
        CLEANUP_FREE char *after = shown();

        ck_assert_ptr_nonnull(strstr(after, "e1@f1: <BROADCAST,MULTICAST,UP> mtu 1500"));
        ck_assert_int_eq(sysctl_read("net.ipv4.conf.e1.rp_filter", &value), 0);
        ck_assert_str_eq(value, "0");
}
END_TEST

/* ---- failures ---- */

START_TEST(what_fails_is_said_and_all_is_undone)
{
        CLEANUP_FREE char *said = NULL;
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);

        /* first a host that is set up, then a change of which the kernel refuses the last part */
        configure_all(host_conf, rules_conf, wireguard_conf);
        ck_assert_int_eq(apply(NULL), 0);
        CLEANUP_FREE char *before = shown();

        buffer_put_text(&b, changed_conf);
        buffer_put_text(&b, "[route wrong]\nto = 10.99.0.0/16\nvia = 10.1.0.7\nsource = 9.9.9.9\n"
                            "[route after]\nto = 10.98.0.0/16\nvia = 10.1.0.7\n");
        CLEANUP_FREE char *wrong = buffer_take_text(&b);

        configure_all(wrong, rules_changed_conf, wireguard_changed_conf);
        ck_assert_int_lt(apply(&said), 0);
        ck_assert_ptr_nonnull(strstr(said, "add route 10.99.0.0/16 via 10.1.0.7 source 9.9.9.9"));
        ck_assert_ptr_nonnull(strstr(said, "what had been done is undone"));
        CLEANUP_FREE char *after = shown();

        expect_same(before, after);
        configure_all(host_conf, rules_conf, wireguard_conf);
        expect_steps(0);
}
END_TEST

START_TEST(what_is_refused_changes_nothing)
{
        CLEANUP_FREE char *before = shown();
        CLEANUP_FREE char *said = NULL;

        configure("[interface e0]\naddress = 10.1.0.1/24\n[interface e9]\nmtu = 1400\n");
        ck_assert_int_eq(apply(&said), -ENETUNREACH);
        ck_assert_ptr_nonnull(strstr(said, "network.conf:4: there is no interface e9"));
        free(said);
        configure("[interface e0]\naddress = 10.1.0.1/24\nadress = 10.1.0.2/24\n");
        ck_assert_int_eq(apply(&said), -EINVAL);
        ck_assert_ptr_nonnull(strstr(said, "network.conf:3: adress: unknown in [interface]"));
        CLEANUP_FREE char *after = shown();

        expect_same(before, after);
}
END_TEST

static void count_down(void *user, const Step *step)
{
        int *left = user;

        if (--*left < 0)
                kill(getpid(), SIGKILL);
}

/* Applies and is killed before step n. False when there are no so many steps. */
static bool apply_killed(int n)
{
        pid_t child = fork();
        int status;

        if (child == 0) {
                options.hook = count_down;
                options.hook_user = &n;
                _exit(apply(NULL) == 0 ? 0 : 1);
        }
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        if (WIFSIGNALED(status)) {
                ck_assert_int_eq(WTERMSIG(status), SIGKILL);
                return true;
        }
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        return false;
}

START_TEST(killed_between_any_two_steps_the_next_apply_converges)
{
        CLEANUP_FREE char *before = shown();
        int killed = 0;

        for (int n = 0;; n++) {
                /* from nothing */
                configure_all(host_conf, rules_conf, wireguard_conf);
                bool first = apply_killed(n);

                ck_assert_int_eq(apply(NULL), 0);
                expect_steps(0);
                CLEANUP_FREE char *made = shown();

                /* from there to something else */
                configure_all(changed_conf, rules_changed_conf, wireguard_changed_conf);
                bool second = apply_killed(n);

                ck_assert_int_eq(apply(NULL), 0);
                expect_steps(0);
                /* back, which has to be the same as from nothing */
                configure_all(host_conf, rules_conf, wireguard_conf);
                ck_assert_int_eq(apply(NULL), 0);
                CLEANUP_FREE char *back = shown();

                expect_same(made, back);
                /* to nothing: nothing of it may stay, not even what was half done */
                options.empty = true;
                bool third = apply_killed(n);

                options.empty = false;
                ck_assert_int_eq(apply_nothing(), 0);
                CLEANUP_FREE char *after = shown();

                expect_same(before, after);
                killed += first + second + third;
                if (!first && !second && !third)
                        break;
        }
        ck_assert_int_ge(killed, 20);
}
END_TEST

START_TEST(only_one_is_at_work)
{
        CLEANUP_APPLIED Applied applied;
        CLEANUP_FREE char *said = NULL;

        configure(host_conf);
        applied_init(&applied);
        FILE *null = fopen("/dev/null", "we");

        ck_assert_int_eq(session_apply(&options, null, null, &applied), 0);
        ck_assert_int_eq(fclose(null), 0);
        ck_assert_int_eq(apply(&said), -EBUSY);
        ck_assert_ptr_nonnull(strstr(said, "another one is at work"));
}
END_TEST

START_TEST(one_waits_for_the_other)
{
        CLEANUP_APPLIED Applied applied;
        FILE *null = fopen("/dev/null", "we");

        configure(host_conf);
        applied_init(&applied);
        ck_assert_int_eq(session_apply(&options, null, null, &applied), 0);
        ck_assert_int_eq(fclose(null), 0);
        pid_t child = fork();

        if (child == 0) { /* it has the lock, too */
                close_fd(&applied.lock_fd);
                options.wait_msec = 20000;
                _exit(apply(NULL) == 0 ? 0 : 1);
        }
        struct timespec pause = { .tv_nsec = 300 * 1000 * 1000 };
        int status;

        (void)nanosleep(&pause, NULL);
        ck_assert_int_eq(waitpid(child, &status, WNOHANG), 0);
        close_fd(&applied.lock_fd);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

START_TEST(an_apply_can_be_undone_later)
{
        CLEANUP_FREE char *before = shown();
        CLEANUP_APPLIED Applied applied;

        configure_all(host_conf, rules_conf, wireguard_conf);
        applied_init(&applied);
        FILE *null = fopen("/dev/null", "we");

        ck_assert_int_eq(session_apply(&options, null, null, &applied), 0);
        ck_assert_int_eq(fclose(null), 0);
        ck_assert_uint_eq(session_undo(&applied, &options), 0);
        CLEANUP_FREE char *after = shown();

        expect_same(before, after);
}
END_TEST

/* ---- what stays ---- */

typedef struct Watch {
        size_t steps;
        Host host;
} Watch;

/* Before every step: the routes and addresses that both configurations have are there. */
static void look(void *user, const Step *step)
{
        Watch *w = user;
        CLEANUP_STATE NetState now;
        bool address = false, near = false, to_8 = false;

        state_init(&now);
        ck_assert_int_eq(nl_route_read(w->host.route, &now), 0);
        for (const NetAddr *a = now.addresses; a; a = a->next)
                address = address || (a->prefix.address.bytes[0] == 10 &&
                                      a->prefix.address.bytes[1] == 1 && a->prefix.length == 24);
        for (const NetRoute *r = now.routes; r; r = r->next) {
                near = near || (r->to.address.bytes[1] == 20 && r->to.length == 16);
                to_8 = to_8 || (r->to.address.bytes[1] == 8 && r->to.length == 16);
        }
        ck_assert_msg(address && near && to_8, "before: %s", step->what);
        w->steps++;
}

START_TEST(what_stays_is_never_gone)
{
        Watch watch = { 0 };

        configure(host_conf);
        ck_assert_int_eq(apply(NULL), 0);
        ck_assert_int_eq(host_open(&watch.host, NULL), 0);
        configure(changed_conf);
        options.hook = look;
        options.hook_user = &watch;
        ck_assert_int_eq(apply(NULL), 0);
        host_done(&watch.host);
        ck_assert_uint_ge(watch.steps, 8);
}
END_TEST

START_TEST(what_others_made_stays)
{
        configure(host_conf);
        ck_assert_int_eq(system("ip link set e0 up; ip address add 10.1.0.1/24 dev e0\n"
                                "ip route add 10.30.0.0/16 via 172.16.0.2 metric 3"),
                         0);
        ck_assert_int_eq(apply(NULL), 0);
        ck_assert_int_eq(apply_nothing(), 0);
        CLEANUP_FREE char *after = shown();

        ck_assert_ptr_nonnull(strstr(after, "10.1.0.1/24"));
        ck_assert_ptr_nonnull(strstr(after, "10.30.0.0/16 via 172.16.0.2 dev e1 metric 3"));
        ck_assert_ptr_nonnull(strstr(after, "172.17.0.0/16 via 172.16.0.2 dev e1 proto static"));
}
END_TEST

START_TEST(what_the_kernel_takes_along_comes_back)
{
        /* Without promote_secondaries the kernel removes the second address of a subnet with the
         * first, and routes by way of it. */
        ck_assert_int_eq(sysctl_write("net.ipv4.conf.e0.promote_secondaries", "0"), 0);
        ck_assert_int_eq(sysctl_write("net.ipv4.conf.all.promote_secondaries", "0"), 0);
        configure("[interface e0]\naddress = 10.1.0.1/24\n[route 10.8.0.0/16]\nvia = 10.1.0.9\n");
        ck_assert_int_eq(apply(NULL), 0);
        configure("[interface e0]\naddress = 10.1.0.2/24\n[route 10.8.0.0/16]\nvia = 10.1.0.9\n");
        ck_assert_int_eq(apply(NULL), 0);
        expect_steps(0);
}
END_TEST

/* ---- many ---- */

START_TEST(a_thousand_routes)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);

        buffer_put_text(&b, "[interface e0]\naddress = 10.1.0.1/24\n");
        for (int i = 0; i < 1000; i++)
                buffer_printf(&b, "[route 20.%d.%d.0/24]\nvia = 10.1.0.2\n", i / 250, i % 250);
        CLEANUP_FREE char *text = buffer_take_text(&b);

        configure(text);
        ck_assert_int_eq(apply(NULL), 0);
        expect_steps(0);
        ck_assert_int_eq(system("test $(ip route show proto 115 | wc -l) = 1000"), 0);
        ck_assert_int_eq(apply_nothing(), 0);
        ck_assert_int_eq(system("test $(ip route show proto 115 | wc -l) = 0"), 0);
}
END_TEST

static void put_peers(Buffer *b, int n, int shift)
{
        buffer_printf(b, "[wireguard w0]\nprivate-key-file = %s/key\naddress = 10.64.0.1/10\n",
                      dir.path);
        for (int i = 0; i < n; i++) {
                NetKey key = { { 9, (uint8_t)(i >> 8), (uint8_t)i } };
                char text[KEY_TEXT_SIZE];
                int j = i + shift;

                key_format(&key, text);
                buffer_printf(b,
                              "[peer p%d]\npublic-key = %s\nendpoint = 192.0.2.%d:%d\n"
                              "allowed-ips = 10.65.%d.%d, fd64::%x\n",
                              i, text, 1 + i % 250, 1000 + i, j >> 8, j & 255, j + 1);
        }
}

START_TEST(a_thousand_peers)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);

        if (!have_wireguard())
                return;
        unit_put(&dir, "key", "eFZ0PlZvVWRmQ2hDb0ZqY2tUdXJ3aFJzT2pYbHdKTEE=\n");
        put_peers(&b, 1000, 0);
        CLEANUP_FREE char *text = buffer_take_text(&b);

        configure(text);
        ck_assert_int_eq(apply(NULL), 0);
        expect_steps(0);
        /* all of their allowed IPs move on by one peer, and one peer has ten thousand more, which
         * fit no message */
        put_peers(&b, 1000, 1);
        buffer_put_text(&b, "[wireguard w0]\nroute-allowed-ips = no\n");
        for (int i = 0; i < 10000; i++)
                buffer_printf(&b, "%s10.80.%d.%d",
                              i % 1000 == 0 ? "\n[peer p0]\nallowed-ips = " : " ", i >> 8, i & 255);
        CLEANUP_FREE char *moved = buffer_take_text(&b);

        configure(moved);
        ck_assert_int_eq(apply(NULL), 0);
        expect_steps(0);
        /* back: ten thousand are released */
        configure(text);
        ck_assert_int_eq(apply(NULL), 0);
        expect_steps(0);
}
END_TEST

START_TEST(secrets_are_not_shown)
{
        CLEANUP_SESSION Session s;

        session_init(&s);
        if (!have_wireguard())
                return;
        configure_all(host_conf, rules_conf, wireguard_conf);
        ck_assert_int_eq(session_plan(&s, &options), 0);
        CLEANUP_FREE char *text = plan_text(&s.plan);
        CLEANUP_FREE char *json = plan_json(&s.plan);

        ck_assert_ptr_nonnull(strstr(text, "preshared key"));
        ck_assert_ptr_null(strstr(text, "eFZ0PlZv"));
        ck_assert_ptr_null(strstr(json, "eFZ0PlZv"));
}
END_TEST

int main(void)
{
        const TTest *const tests[] = {
                what_is_wanted_is_made_and_unmade,
                settings_are_what_they_were_even_if_changed_twice,
                what_fails_is_said_and_all_is_undone,
                what_is_refused_changes_nothing,
                killed_between_any_two_steps_the_next_apply_converges,
                only_one_is_at_work,
                one_waits_for_the_other,
                an_apply_can_be_undone_later,
                what_stays_is_never_gone,
                what_others_made_stays,
                what_the_kernel_takes_along_comes_back,
                a_thousand_routes,
                a_thousand_peers,
                secrets_are_not_shown,
        };
        Suite *s = suite_create("apply");
        TCase *t = tcase_create("apply");

        if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0) {
                puts("test-apply: needs root and network namespaces");
                return 77;
        }
        if (!have_wireguard())
                puts("test-apply: this kernel has no WireGuard: that part is left out");
        if (!have_rules())
                puts("test-apply: this kernel has no policy rules: that part is left out");
        tcase_add_checked_fixture(t, setup, teardown);
        tcase_set_timeout(t, 120);
        for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
                tcase_add_test(t, tests[i]);
        suite_add_tcase(s, t);
        return unit_run(s);
}
