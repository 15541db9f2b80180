/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the join service answers: a function of this host's state and a request, which changes the
 * state in memory and says what has to follow. Who calls it saves, sends the answer, and acts. No
 * fd, no clock, no log.
 *
 * Every member answers pull and members; the coordinator also join, leave and rotate. Errors are
 * {"error": SENTENCE} with a fitting status.
 */

#include "http/http.h"
#include "netsetup/mesh-state.h"

/* What has to follow, in this order; 0: nothing. */
typedef enum JoinEffect {
        JOIN_SAVE_LIST = 1 << 0,
        JOIN_SAVE_TOKENS = 1 << 1,
        JOIN_APPLY = 1 << 2,       /* before the answer is sent: who asked will use it at once */
        JOIN_APPLY_AFTER = 1 << 3, /* after it: it may be that it cuts off who asked */
        JOIN_PUSH = 1 << 4,        /* the list to all other members */
} JoinEffect;

/* Answers. `now` is in seconds since 1970. *ret_event is a sentence for the log (owned by the
 * caller) or NULL. */
unsigned join_answer(MeshState *state, const HttpRequest *request, uint64_t now,
                     HttpResponse *response, char **ret_event);

/* Fills in an answer {"error": SENTENCE}. */
void join_error(HttpResponse *response, unsigned status, const char *sentence);
