/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs check, plan, apply and down.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <string.h>

#include "netsetup/session.h"
#include "netsetup/verbs.h"

static int status_of(int r)
{
        return r == -EINVAL ? VERB_CONFIG : r < 0 ? VERB_FAILED : VERB_OK;
}

/* A verb without arguments. */
static bool takes_nothing(int argc, char **argv)
{
        if (argc > 1)
                fprintf(stderr, "spark-netsetup: %s takes no arguments\n", argv[0]);
        return argc <= 1;
}

int verb_check(const VerbContext *context, int argc, char **argv)
{
        CLEANUP_CONF Conf conf;
        int r;

        if (!takes_nothing(argc, argv))
                return VERB_USAGE;
        conf_init(&conf);
        r = conf_read(&conf, context->config, false);
        for (size_t i = 0; i < conf.problems.length; i++)
                fprintf(stderr, "%s\n", conf.problems.items[i]);
        if (r < 0 && conf.problems.length == 0)
                fprintf(stderr, "spark-netsetup: %s: %s\n", context->config, strerror(-r));
        return r < 0 ? VERB_CONFIG : VERB_OK;
}

int verb_plan(const VerbContext *context, int argc, char **argv)
{
        static const struct option options[] = { { "json", no_argument, NULL, 'j' }, { 0 } };
        SessionOptions session = { .config = context->config, .optional = false };
        CLEANUP_SESSION Session s;
        CLEANUP_FREE char *text = NULL;
        bool json = false;
        int c, r;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                if (c != 'j')
                        return VERB_USAGE;
                json = true;
        }
        session_init(&s);
        r = session_plan(&s, &session);
        if (r < 0 && s.plan.problems.length == 0) {
                session_print_problems(&s, stderr);
                return status_of(r);
        }
        text = json ? plan_json(&s.plan) : plan_text(&s.plan);
        if (!text) {
                fputs("spark-netsetup: out of memory\n", stderr);
                return VERB_FAILED;
        }
        printf("%s%s", text, json ? "\n" : "");
        return r < 0 ? VERB_CONFIG : s.plan.n_steps > 0 ? VERB_PENDING : VERB_OK;
}

int verb_apply(const VerbContext *context, int argc, char **argv)
{
        SessionOptions options = { .config = context->config };

        if (!takes_nothing(argc, argv))
                return VERB_USAGE;
        return status_of(session_apply_now(&options, stdout, stderr));
}

int verb_down(const VerbContext *context, int argc, char **argv)
{
        SessionOptions options = { .empty = true };

        if (!takes_nothing(argc, argv))
                return VERB_USAGE;
        return status_of(session_apply_now(&options, stdout, stderr));
}
