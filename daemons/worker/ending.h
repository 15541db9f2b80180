/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * How the worker ends one of its children, executor or driver: SIGTERM, SIGKILL when that has not
 * helped after some time, and giving it up when not even that has. Part of the machines that own
 * the children (executors.h, drivers.h), and as pure.
 */

#include "daemons/worker/event.h"

typedef struct Ending {
        bool started;     /* there is a process */
        bool asked;       /* it is to end */
        bool forced;      /* SIGKILL was sent */
        uint64_t kill_at; /* when the next step is due; 0: none is */
} Ending;

/* Sends SIGTERM, once; a child without a process is ended as soon as it has one. `patience`
 * (microseconds) is what each signal is given. */
void ending_ask(Ending *e, const char *child, uint64_t now, uint64_t patience, WorkerEffects *fx);

/* The process is there. True when it was to end meanwhile, and is sent SIGTERM now. */
bool ending_started(Ending *e, const char *child, uint64_t now, uint64_t patience,
                    WorkerEffects *fx);

/* Does what is due. False when nothing helps: the child is not to be waited for. */
bool ending_tick(Ending *e, const char *child, uint64_t now, uint64_t patience, WorkerEffects *fx);

/* UINT64_MAX: none. */
uint64_t ending_deadline(const Ending *e);
