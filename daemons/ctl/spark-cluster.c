/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's command: spark-cluster VERB [OPTION...]. A verb parses its own options, gets what
 * it needs from the master's web port and prints it. Exit: 0, 1 when the master does not answer,
 * 64 for a wrong command line.
 */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "daemons/ctl/status.h"
#include "daemons/ctl/verb.h"

typedef struct Verb {
        const char *name;
        const char *summary;
        int (*run)(int argc, char **argv); /* argv[0] is the verb; returns the exit code */
} Verb;

static int verb_status(int argc, char **argv);

static const Verb verbs[] = {
        { "status", "what the cluster consists of and what it does", verb_status },
        { "top", "what executors and drivers use, live", verb_top },
};

static void print_verbs(FILE *f)
{
        (void)fprintf(f, "Verbs:\n");
        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
                (void)fprintf(f, "  %-10s %s\n", verbs[i].name, verbs[i].summary);
}

static void print_help(void)
{
        (void)printf("spark-cluster VERB [OPTION...]\n\n"
                     "Shows a Spark standalone cluster by its master's web port.\n\n");
        print_verbs(stdout);
        (void)printf("\nOptions:\n"
                     "  --master WHERE  the master: URL, host or host:port of its web UI, or its\n"
                     "                  spark://host:port (default: $SPARK_MASTER_WEBUI, else\n"
                     "                  $SPARK_MASTER_HOST and $SPARK_MASTER_WEBUI_PORT, else\n"
                     "                  http://localhost:8080)\n"
                     "  --json          the master's answer as it is\n"
                     "  --help          this text\n"
                     "  --version       the version\n\n"
                     "See spark-cluster(1).\n");
}

/* Prints the status in the body; 0 or the exit code. */
static int print_status(const char *url, const Buffer *body)
{
        char problem[STATUS_PROBLEM_MAX] = "";
        CLEANUP_BUFFER Buffer text = BUFFER_INIT(0);
        int r;

        r = status_put(&text, (const char *)body->data, body->size, problem);
        if (r == -EINVAL) {
                (void)fprintf(stderr, "spark-cluster: the answer of %s/json/ is no master's: %s\n",
                              url, problem);
                return EXIT_FAILURE;
        }
        if (r < 0)
                return verb_out_of_memory();
        (void)fwrite(text.data, 1, text.size, stdout);
        return EXIT_SUCCESS;
}

static int show_status(const char *url, bool json)
{
        CLEANUP_BUFFER Buffer body = BUFFER_INIT(LIMIT_STATUS_BYTES);
        CLEANUP_FREE char *problem = NULL;
        int r = verb_fetch_master(url, &body, &problem);

        if (r == -EIO) {
                (void)fprintf(stderr, "spark-cluster: %s\n", problem);
                return EXIT_FAILURE;
        }
        if (r < 0)
                return verb_out_of_memory();
        if (!json)
                return print_status(url, &body);
        (void)fwrite(body.data, 1, body.size, stdout);
        return EXIT_SUCCESS;
}

static int verb_status(int argc, char **argv)
{
        static const struct option options[] = {
                { "master", required_argument, NULL, 'm' },
                { "json", no_argument, NULL, 'j' },
                { "help", no_argument, NULL, 'h' },
                {},
        };
        CLEANUP_FREE char *url = NULL;
        const char *master = NULL;
        bool json = false;
        int c, r;

        while ((c = getopt_long(argc, argv, "+m:h", options, NULL)) >= 0) {
                switch (c) {
                case 'm':
                        master = optarg;
                        break;
                case 'j':
                        json = true;
                        break;
                case 'h':
                        print_help();
                        return EXIT_SUCCESS;
                default:
                        return EX_USAGE; /* getopt_long() said it */
                }
        }
        if (optind < argc) {
                (void)fprintf(stderr,
                              "spark-cluster: status takes no argument, but was given '%s'\n",
                              argv[optind]);
                return EX_USAGE;
        }
        r = verb_master_url(master, &url);
        return r == EXIT_SUCCESS ? show_status(url, json) : r;
}

static int unknown_verb(const char *name)
{
        if (name)
                (void)fprintf(stderr, "spark-cluster: there is no verb '%s'. ", name);
        else
                (void)fprintf(stderr, "spark-cluster: what to do? ");
        print_verbs(stderr);
        return EX_USAGE;
}

int main(int argc, char **argv)
{
        const char *word = argc > 1 ? argv[1] : NULL;

        if (word && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)) {
                print_help();
                return EXIT_SUCCESS;
        }
        if (word && strcmp(word, "--version") == 0) {
                (void)printf("spark-cluster %s\n", PACKAGE_VERSION);
                return EXIT_SUCCESS;
        }
        for (size_t i = 0; word && i < ARRAY_SIZE(verbs); i++) {
                if (strcmp(verbs[i].name, word) != 0)
                        continue;
                argv[1] = argv[0]; /* getopt_long() names the program in what it says */
                return verbs[i].run(argc - 1, argv + 1);
        }
        return unknown_verb(word);
}
