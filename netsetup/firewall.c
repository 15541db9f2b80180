/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/firewall.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/buffer.h"
#include "base/hash.h"
#include "netsetup/verbs.h"

extern char **environ;

static const ConfFirewall *section(const Conf *conf)
{
        return (const ConfFirewall *)conf->items[CONF_FIREWALL];
}

bool firewall_has_interface(const Conf *conf)
{
        const ConfFirewall *f = section(conf);

        return (f && f->interfaces) || conf->items[CONF_WIREGUARD];
}

/* The names, quoted, with commas between. */
static void put_interfaces(Buffer *b, const Conf *conf)
{
        const ConfFirewall *f = section(conf);
        const char *comma = "";

        if (f && f->interfaces) {
                for (const char *s = f->interfaces; *(s += strspn(s, ", \t"));) {
                        size_t n = strcspn(s, ", \t");

                        buffer_printf(b, "%s\"%.*s\"", comma, (int)n, s);
                        comma = ", ";
                        s += n;
                }
                return;
        }
        CONF_FOREACH(ConfDevice, device, conf, CONF_WIREGUARD)
        {
                buffer_printf(b, "%s\"%s\"", comma, device->item.name);
                comma = ", ";
        }
}

static void put_allowed(Buffer *b, const Conf *conf, int family)
{
        const ConfFirewall *f = section(conf);
        const ConfPrefix *p;
        char text[PREFIX_TEXT_SIZE];

        if (!f)
                return;
        DL_FOREACH (f->allow, p)
                if (p->prefix.address.family == family)
                        buffer_printf(b, "                %s saddr %s accept\n",
                                      family == AF_INET ? "ip" : "ip6",
                                      prefix_format(&p->prefix, text));
}

/* Only the packet that opens a connection is looked at: connection tracking would cost every packet
 * of a shuffle, and a connection that was let in is not cut when a rule changes. "accept" ends this
 * chain alone, so that nothing is opened here which another table closes. */
char *firewall_rules(const Conf *conf)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        const ConfFirewall *f = section(conf);

        buffer_put_text(&b, FIREWALL_REMOVE);
        buffer_put_text(
                &b, "table inet spark_netsetup {\n"
                    "        chain input {\n"
                    "                type filter hook input priority filter - 5; policy accept;\n"
                    "                iifname { \"lo\", ");
        put_interfaces(&b, conf);
        buffer_put_text(&b, " } accept\n");
        put_allowed(&b, conf, AF_INET);
        put_allowed(&b, conf, AF_INET6);
        buffer_put_text(&b, "                tcp flags & (syn | ack) == syn tcp dport { ");
        for (const char *s = f && f->ports ? f->ports : FIREWALL_PORTS, *comma = "";
             *(s += strspn(s, ", \t"));) {
                size_t n = strcspn(s, ", \t");

                buffer_printf(&b, "%s%.*s", comma, (int)n, s);
                comma = ", ";
                s += n;
        }
        buffer_put_text(&b, " } counter reject with tcp reset\n        }\n}\n");
        return buffer_take_text(&b);
}

int firewall_load(const char *text)
{
        char *const argv[] = { (char *)"nft", (char *)"-f", (char *)"-", NULL };
        posix_spawn_file_actions_t actions;
        int fds[2], status, r;
        size_t size = strlen(text);
        pid_t child;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        r = -posix_spawn_file_actions_init(&actions);
        if (r == 0)
                r = -posix_spawn_file_actions_adddup2(&actions, fds[0], STDIN_FILENO);
        if (r == 0)
                r = -posix_spawnp(&child, argv[0], &actions, NULL, argv, environ);
        (void)posix_spawn_file_actions_destroy(&actions);
        (void)close(fds[0]);
        if (r < 0) {
                (void)close(fds[1]);
                return r;
        }
        /* A pipe holds 64 KiB, and nft reads all of it before it does anything. */
        ssize_t n = write(fds[1], text, size);

        (void)close(fds[1]);
        while (waitpid(child, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return n < 0 || (size_t)n < size ? -EIO : status != 0 ? -EREMOTEIO : 0;
}

static int load(const char *text)
{
        int r = firewall_load(text);

        if (r < 0 && r != -EREMOTEIO)
                fprintf(stderr, "spark-netsetup: nft cannot be run: %s\n", strerror(-r));
        return r < 0 ? VERB_FAILED : VERB_OK;
}

int verb_firewall(const VerbContext *context, int argc, char **argv)
{
        static const struct option options[] = { { "apply", no_argument, NULL, 'a' },
                                                 { "remove", no_argument, NULL, 'r' },
                                                 { 0 } };
        CLEANUP_CONF Conf conf;
        int what = 0, c;

        conf_init(&conf);
        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                if (c == '?')
                        return VERB_USAGE;
                if (what != 0 && what != c) {
                        fputs("spark-netsetup: either --apply or --remove\n", stderr);
                        return VERB_USAGE;
                }
                what = c;
        }
        if (optind < argc) {
                fputs("spark-netsetup: firewall takes no arguments\n", stderr);
                return VERB_USAGE;
        }
        if (what == 'r')
                return load(FIREWALL_REMOVE);
        if (conf_read(&conf, context->config, true) < 0) {
                for (size_t i = 0; i < conf.problems.length; i++)
                        fprintf(stderr, "%s\n", conf.problems.items[i]);
                return VERB_CONFIG;
        }
        if (!firewall_has_interface(&conf)) {
                fputs("spark-netsetup: there is no [wireguard] device, and [firewall] names no "
                      "interfaces: nothing would be reached\n",
                      stderr);
                return VERB_CONFIG;
        }
        CLEANUP_FREE char *rules = firewall_rules(&conf);

        if (!rules)
                return VERB_FAILED;
        if (what == 'a')
                return load(rules);
        fputs(rules, stdout);
        return VERB_OK;
}
