/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs check, plan, apply, confirm, down and genkey.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "base/parse.h"
#include "netsetup/confirm.h"
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
        SessionOptions options = { .config = context->config };
        CLEANUP_SESSION Session s;
        int r;

        session_init(&s);
        if (!takes_nothing(argc, argv))
                return VERB_USAGE;
        r = session_check(&s, &options);
        session_print_problems(&s, stderr);
        if (r < 0 && s.conf.problems.length == 0)
                fprintf(stderr, "spark-netsetup: %s: %s\n", context->config, strerror(-r));
        return r < 0 ? VERB_CONFIG : VERB_OK;
}

int verb_plan(const VerbContext *context, int argc, char **argv)
{
        static const struct option options[] = { { "json", no_argument, NULL, 'j' }, { 0 } };
        SessionOptions session = { .config = context->config };
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
        if (!takes_nothing(argc - optind + 1, argv))
                return VERB_USAGE;
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
        return r < 0 ? VERB_FAILED : VERB_OK;
}

int verb_apply(const VerbContext *context, int argc, char **argv)
{
        static const struct option options[] = {
                { "confirm", required_argument, NULL, 'c' },
                { "report-fd", required_argument, NULL, 'r' }, /* for confirm_start() only */
                { 0 },
        };
        SessionOptions session = { .config = context->config,
                                   .keep_measured = true,
                                   .wait_msec = SESSION_WAIT_MSEC };
        int seconds = 0, report_fd = -1, c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                if (c == 'c' ? parse_int(optarg, 5, 86400, &seconds) < 0
                             : c != 'r' || parse_int(optarg, 3, INT_MAX, &report_fd) < 0) {
                        fputs("spark-netsetup: --confirm takes 5 to 86400 seconds\n", stderr);
                        return VERB_USAGE;
                }
        }
        if (!takes_nothing(argc - optind + 1, argv))
                return VERB_USAGE;
        if (report_fd >= 0)
                return confirm_run(&session, (unsigned)seconds, report_fd);
        if (seconds > 0)
                return confirm_start(context->config, (unsigned)seconds);
        return status_of(session_apply_now(&session, stdout, stderr));
}

int verb_confirm(const VerbContext *context, int argc, char **argv)
{
        int r;

        if (!takes_nothing(argc, argv))
                return VERB_USAGE;
        r = confirm_send(NULL);
        if (r < 0)
                fprintf(stderr, "spark-netsetup: %s\n",
                        r == -ESRCH ? "no change waits to be confirmed" : strerror(-r));
        return r < 0 ? VERB_FAILED : VERB_OK;
}

int verb_down(const VerbContext *context, int argc, char **argv)
{
        SessionOptions options = { .empty = true, .wait_msec = SESSION_WAIT_MSEC };

        if (!takes_nothing(argc, argv))
                return VERB_USAGE;
        return status_of(session_apply_now(&options, stdout, stderr));
}

/* Writes what must not be shown, and shows what may. */
int verb_genkey(const VerbContext *context, int argc, char **argv)
{
        CLEANUP_KEY NetKey key = { 0 };
        NetKey public_key;
        char text[KEY_TEXT_SIZE + 1], shown[KEY_TEXT_SIZE];

        if (argc != 2) {
                fputs("spark-netsetup: genkey takes the name of the file for the private key\n",
                      stderr);
                return VERB_USAGE;
        }
        CLEANUP_CLOSE int fd = open(argv[1], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        int r = fd < 0 ? -errno : key_generate(&key);

        if (r >= 0)
                r = key_public(&key, &public_key);
        if (r >= 0) {
                key_format(&key, text);
                memcpy(text + KEY_TEXT_SIZE - 1, "\n", 2);
                if (write(fd, text, KEY_TEXT_SIZE) != KEY_TEXT_SIZE || fsync(fd) < 0)
                        r = errno ? -errno : -ENOSPC;
                explicit_bzero(text, sizeof text);
        }
        if (r < 0) {
                fprintf(stderr, "spark-netsetup: %s: %s\n", argv[1], strerror(-r));
                if (fd >= 0)
                        (void)unlink(argv[1]);
                return VERB_FAILED;
        }
        key_format(&public_key, shown);
        puts(shown);
        return VERB_OK;
}
