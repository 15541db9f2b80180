/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The verbs of spark-netsetup. Each is a row in the table of main.c; argv[0] is the verb's name, so
 * that each can read its own options with getopt_long().
 */

#define NETSETUP_CONFIG "/etc/spark/network.conf"

typedef struct VerbContext {
        const char *config; /* the main file, whose drop-ins are in FILE.d */
} VerbContext;

/* What a verb returns is the exit status of the program. */
typedef int (*VerbFunction)(const VerbContext *context, int argc, char **argv);

typedef struct Verb {
        const char *name;
        VerbFunction run;
        const char *arguments; /* as in a usage line; "" when there are none */
        const char *help;
} Verb;

/* Exit statuses. */
enum {
        VERB_OK = 0,
        VERB_FAILED = 1,  /* nothing was changed, or it was undone, or the text says what is left */
        VERB_USAGE = 2,   /* the command line */
        VERB_CONFIG = 3,  /* a bad configuration: nothing was changed, trying again is no use */
        VERB_PENDING = 4, /* status: not all is as it should be */
};

int verb_check(const VerbContext *context, int argc, char **argv);
int verb_plan(const VerbContext *context, int argc, char **argv);
int verb_apply(const VerbContext *context, int argc, char **argv);
int verb_confirm(const VerbContext *context, int argc, char **argv);
int verb_down(const VerbContext *context, int argc, char **argv);
int verb_status(const VerbContext *context, int argc, char **argv);
int verb_route(const VerbContext *context, int argc, char **argv);
int verb_firewall(const VerbContext *context, int argc, char **argv);
int verb_genkey(const VerbContext *context, int argc, char **argv);
