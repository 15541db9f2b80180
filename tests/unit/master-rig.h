/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A master's state machine in a test's hands: events go in with a line each, effects are taken out
 * one by one and none may be left over.
 */

#include "daemons/master/master.h"

typedef struct Rig {
        Master *m;
        MasterTime time;
        MasterEffects out;
        LineSet lines; /* what connections have shown from now on */
        Arena arena;   /* messages that the test builds */
} Rig;

/* Defaults, url spark://m:7077. */
MasterConfig rig_config(void);
void rig_init(Rig *rig, const MasterConfig *config);
void rig_done(Rig *rig);

/* ---- events; each clears the effects of the one before ---- */

void rig_event(Rig *rig, MasterEvent event);
void rig_tell(Rig *rig, ConnId conn, const Message *message);
void rig_ask(Rig *rig, ConnId conn, const Message *message);
void rig_close(Rig *rig, ConnId conn);
/* Lets time pass, ticking whenever the machine wants it; effects pile up. */
void rig_pass(Rig *rig, uint64_t usec);

void rig_register_worker(Rig *rig, ConnId conn, const char *id, int port, int cores, int memory);
/* A worker of 8 cores and 8 GiB at port `conn` of "host", its registration taken out; and one with
 * addresses of a custom resource. */
void rig_add_worker(Rig *rig, ConnId conn, const char *id);
void rig_add_worker_with(Rig *rig, ConnId conn, const char *id, const char *resource,
                         const char **addresses, size_t n);
void rig_heartbeat(Rig *rig, ConnId conn, const char *id);
void rig_executor_state(Rig *rig, ConnId conn, const char *app, int id, ExecutorState state,
                        int exit_status); /* -1: none */

/* An application of max_cores (0: unset), cores per executor (0: unset), memory per executor. */
ApplicationDescription rig_app(Rig *rig, const char *name, int max_cores, int cores, int memory);
void rig_register_app(Rig *rig, ConnId conn, const ApplicationDescription *desc);
/* Registers and returns the id (in the rig's arena). */
const char *rig_new_app(Rig *rig, ConnId conn, int max_cores, int cores, int memory);
ResourceProfile rig_profile(Rig *rig, int id, int cores, int memory, const char *resource,
                            int amount);
void rig_request_executors(Rig *rig, ConnId conn, const char *app, const ResourceProfile *profile,
                           int total);

/* ---- effects; taken in order of the kind, fail the test when missing ---- */

const Message *rig_sent(Rig *rig, ConnId conn, MessageType type);
const Message *rig_replied(Rig *rig, MessageType type);
void rig_replied_boolean(Rig *rig, bool value);
const char *rig_failed(Rig *rig);
void rig_identifies(Rig *rig, ConnId conn, LineSet candidates);
/* The driver's web UI is asked for this application's version. */
void rig_asks_version(Rig *rig, const char *app);
void rig_recorded(Rig *rig, MasterEffectType type, RecordKind kind, const char *key);
size_t rig_count(const Rig *rig, MessageType type); /* not taken yet */
bool rig_logged(const Rig *rig, const char *part);
/* A driver without executors was told, by a message of its next one, why it waits. */
void rig_waiting_told(Rig *rig, ConnId conn, const char *beginning);
/* Nothing but logs and records is left. */
void rig_quiet(Rig *rig);
