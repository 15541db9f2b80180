/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spark-netsetup: the network of a host of a cluster, from a description of it. This file only
 * finds the verb; a verb's file is named after it.
 */

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/macro.h"
#include "netsetup/mesh-verbs.h"
#include "netsetup/verbs.h"

static const Verb verbs[] = {
        { "check", verb_check, "", "judge the configuration alone" },
        { "plan", verb_plan, "[--json]", "show what apply would change, and why" },
        { "apply", verb_apply, "[--confirm SECONDS]", "make the network what it should be" },
        { "confirm", verb_confirm, "", "keep what apply --confirm has made" },
        { "status", verb_status, "[--probe] [--json]",
          "what there should be beside what there is" },
        { "down", verb_down, "", "remove what spark-netsetup has made" },
        { "route", verb_route, "add SUBNET via HOST [--save]", "one route by hand" },
        { "route", verb_route, "del SUBNET", "remove it again" },
        { "firewall", verb_firewall, "[--apply|--remove]",
          "rules that let cluster ports be reached over the mesh only" },
        { "genkey", verb_genkey, "FILE", "make a private key, show the public one" },
        { "init", verb_init, "[OPTION...]", "make this host the first of a mesh" },
        { "token", verb_token, "[--ttl TIME] [--once]", "show a token with which hosts join" },
        { "join", verb_join, "TOKEN|- [--start-worker] [OPTION...]",
          "make this host a member of the mesh" },
        { "nodes", verb_nodes, "[--json]", "the members of the mesh, as this host sees them" },
        { "leave", verb_leave, "[--force]", "be a member no longer" },
        { "remove", verb_remove, "NODE", "make another host a member no longer" },
        { "rotate-key", verb_rotate_key, "", "have a new WireGuard key" },
        { "pull", verb_pull, "", "ask the other members for a newer list" },
        { "serve", verb_serve, "[--listen ADDRESS[:PORT]]", "the join service" },
};

static const Verb *find_verb(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
                if (strcmp(verbs[i].name, name) == 0)
                        return &verbs[i];
        return NULL;
}

static void usage(FILE *to)
{
        fputs("usage: spark-netsetup [--config FILE] VERB [ARGUMENT...]\n\n"
              "The network of a host of a Spark cluster: addresses, routes and WireGuard tunnels "
              "as\n"
              "described in " NETSETUP_CONFIG ".\n\n",
              to);
        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
                int width = fprintf(to, "  %s %s", verbs[i].name, verbs[i].arguments);
                fprintf(to, "%*s%s\n", width < 38 ? 40 - width : 2, "", verbs[i].help);
        }
        fputs("\n  --config FILE   another file than " NETSETUP_CONFIG "\n"
              "  --help, --version\n",
              to);
}

int main(int argc, char **argv)
{
        static const struct option options[] = {
                { "config", required_argument, NULL, 'c' },
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, 'V' },
                { 0 },
        };
        VerbContext context = { .config = NETSETUP_CONFIG };

        /* Keys are in its memory: no image of that is written, and nobody but root looks into it.
         */
        (void)prctl(PR_SET_DUMPABLE, 0);
        for (;;) {
                int c = getopt_long(argc, argv, "+c:hV", options, NULL);

                if (c < 0)
                        break;
                switch (c) {
                case 'c':
                        context.config = optarg;
                        break;
                case 'h':
                        usage(stdout);
                        return VERB_OK;
                case 'V':
                        puts("spark-netsetup " PACKAGE_VERSION);
                        return VERB_OK;
                default:
                        return VERB_USAGE;
                }
        }
        const Verb *verb = optind < argc ? find_verb(argv[optind]) : NULL;

        if (!verb) {
                if (optind < argc)
                        fprintf(stderr, "spark-netsetup: no verb %s\n", argv[optind]);
                usage(stderr);
                return VERB_USAGE;
        }
        argc -= optind;
        argv += optind;
        optind = 0; /* glibc: start afresh */
        int r = verb->run(&context, argc, argv);

        if (fflush(stdout) != 0 || ferror(stdout)) {
                fputs("spark-netsetup: what there is to say could not be written\n", stderr);
                r = r == VERB_OK ? VERB_FAILED : r;
        }
        return r;
}
