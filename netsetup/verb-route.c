/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spark-netsetup route: one route by hand, in the place of a script. It is a drop-in like any
 * other, in /etc with --save and else in /run, so that `apply` and `status` know it; and only it is
 * applied.
 */
#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "netsetup/session.h"
#include "netsetup/verbs.h"

static int usage(void)
{
        fputs("usage: spark-netsetup route add SUBNET via HOST [--save]\n"
              "       spark-netsetup route del SUBNET\n",
              stderr);
        return VERB_USAGE;
}

/* The drop-in for a subnet: DIR/60-route-10.8.0.0_16.conf. For a configuration in /etc the one of
 * this boot is in /run. */
static char *drop_in(const char *config, bool saved, const NetPrefix *to)
{
        char text[PREFIX_TEXT_SIZE];
        char *path;
        bool runtime = !saved && strncmp(config, "/etc/", 5) == 0;

        prefix_format(to, text);
        *strchr(text, '/') = '_';
        if (asprintf(&path, "%s%s.d/60-route-%s.conf", runtime ? "/run" : "",
                     runtime ? config + 4 : config, text) < 0)
                return NULL;
        return path;
}

/* Of the family of the subnet. */
static int resolve(const char *host, int family, NetAddress *ret)
{
        struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_DGRAM }, *found;
        NetEndpoint e;
        int r = getaddrinfo(host, NULL, &hints, &found);

        if (r != 0) {
                fprintf(stderr, "spark-netsetup: %s: %s\n", host, gai_strerror(r));
                return -EINVAL;
        }
        r = endpoint_from_sockaddr(found->ai_addr, &e);
        freeaddrinfo(found);
        if (r >= 0)
                *ret = e.address;
        return r;
}

static int write_drop_in(const char *path, const NetPrefix *to, const NetAddress *via,
                         const char *host)
{
        char subnet[PREFIX_TEXT_SIZE], gateway[ADDRESS_TEXT_SIZE];
        CLEANUP_FREE char *dir = strndup(path, (size_t)(strrchr(path, '/') - path));
        int r = dir ? dir_make(dir, 0755) : -ENOMEM;
        FILE *f = r < 0 ? NULL : fopen(path, "we");

        if (r < 0 || !f)
                return r < 0 ? r : -errno;
        prefix_format(to, subnet);
        fprintf(f, "# spark-netsetup route add %s via %s\n[route %s]\nto = %s\nvia = %s\n", subnet,
                host, subnet, subnet, address_format(via, gateway));
        return fclose(f) == 0 ? 0 : -errno;
}

/* Both places. The number of files removed, or -errno. */
static int remove_drop_ins(const char *config, const NetPrefix *to)
{
        int removed = 0;

        for (int saved = 0; saved < 2; saved++) {
                CLEANUP_FREE char *path = drop_in(config, saved, to);

                if (!path)
                        return -ENOMEM;
                if (unlink(path) == 0)
                        removed++;
                else if (errno != ENOENT)
                        return -errno;
        }
        return removed;
}

static int apply_route(const VerbContext *context, const NetPrefix *to)
{
        SessionOptions options = { .config = context->config,
                                   .offline = true,
                                   .only_route = to,
                                   .wait_msec = SESSION_WAIT_MSEC };

        return session_apply_now(&options, stdout, stderr);
}

/* A drop-in whose name does not end in .conf is not read. */
static char *aside_of(const char *path)
{
        char *aside;

        return asprintf(&aside, "%s~", path) < 0 ? NULL : aside;
}

typedef enum Move { SET_ASIDE, PUT_BACK, FORGET } Move;

/* Of those of the paths that are there; NULL is none. */
static int move_drop_ins(char *const paths[2], Move move)
{
        for (int i = 0; i < 2; i++) {
                CLEANUP_FREE char *aside = paths[i] ? aside_of(paths[i]) : NULL;
                int r = !paths[i]           ? 0
                        : !aside            ? -ENOMEM
                        : move == FORGET    ? unlink(aside)
                        : move == SET_ASIDE ? rename(paths[i], aside)
                                            : rename(aside, paths[i]);

                if (r < 0 && (!aside || errno != ENOENT))
                        return aside ? -errno : r;
        }
        return 0;
}

/* What is saved counts from then on, and not a drop-in of this boot, which would be read later. */
static int add_drop_in(const VerbContext *context, const NetPrefix *to, const NetAddress *via,
                       const char *host, char *const paths[2])
{
        int r = move_drop_ins(paths, SET_ASIDE);

        if (r >= 0)
                r = write_drop_in(paths[0], to, via, host);
        if (r < 0)
                fprintf(stderr, "spark-netsetup: %s: %s\n", paths[0], strerror(-r));
        if (r >= 0)
                r = apply_route(context, to);
        if (r >= 0)
                return move_drop_ins(paths, FORGET);
        (void)unlink(paths[0]);
        (void)move_drop_ins(paths, PUT_BACK);
        return r;
}

static int add(const VerbContext *context, const NetPrefix *to, const char *host, bool save)
{
        NetAddress via;

        if (resolve(host, to->address.family, &via) < 0)
                return VERB_FAILED;
        CLEANUP_FREE char *path = drop_in(context->config, save, to);
        CLEANUP_FREE char *other = save ? drop_in(context->config, false, to) : NULL;

        if (!path || (save && !other)) {
                fputs("spark-netsetup: out of memory\n", stderr);
                return VERB_FAILED;
        }
        return add_drop_in(context, to, &via, host, (char *const[]){ path, other }) < 0
                       ? VERB_FAILED
                       : VERB_OK;
}

static int del(const VerbContext *context, const NetPrefix *to)
{
        char text[PREFIX_TEXT_SIZE];
        int removed = remove_drop_ins(context->config, to);

        if (removed < 0) {
                fprintf(stderr, "spark-netsetup: %s\n", strerror(-removed));
                return VERB_FAILED;
        }
        if (removed == 0) {
                fprintf(stderr, "spark-netsetup: `route add` has not made one to %s\n",
                        prefix_format(to, text));
                return VERB_FAILED;
        }
        return apply_route(context, to) < 0 ? VERB_FAILED : VERB_OK;
}

int verb_route(const VerbContext *context, int argc, char **argv)
{
        static const struct option options[] = { { "save", no_argument, NULL, 's' }, { 0 } };
        NetPrefix to;
        bool save = false;
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                if (c != 's')
                        return usage();
                save = true;
        }
        argc -= optind;
        argv += optind;
        if (argc < 2)
                return usage();
        if (prefix_parse(strcmp(argv[1], "default") == 0 ? "0.0.0.0/0" : argv[1], &to) < 0 ||
            prefix_has_host_bits(&to)) {
                fprintf(stderr, "spark-netsetup: %s is not a subnet\n", argv[1]);
                return VERB_USAGE;
        }
        if (strcmp(argv[0], "add") == 0 && argc == 4 && strcmp(argv[2], "via") == 0)
                return add(context, &to, argv[3], save);
        if (strcmp(argv[0], "del") == 0 && argc == 2 && !save)
                return del(context, &to);
        return usage();
}
