/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/ending.h"

#include <signal.h>

static void send(const char *child, int signal, WorkerEffects *fx)
{
        WorkerEffect *effect = effect_add(fx, DO_SIGNAL);

        effect->child = effect_strdup(fx, child);
        effect->signal = signal;
}

void ending_ask(Ending *e, const char *child, uint64_t now, uint64_t patience, WorkerEffects *fx)
{
        if (e->asked)
                return;
        e->asked = true;
        if (!e->started)
                return;
        send(child, SIGTERM, fx);
        e->kill_at = now + patience;
}

bool ending_started(Ending *e, const char *child, uint64_t now, uint64_t patience,
                    WorkerEffects *fx)
{
        e->started = true;
        if (!e->asked)
                return false;
        e->asked = false;
        ending_ask(e, child, now, patience, fx);
        return true;
}

bool ending_tick(Ending *e, const char *child, uint64_t now, uint64_t patience, WorkerEffects *fx)
{
        if (!e->kill_at || now < e->kill_at)
                return true;
        e->kill_at = 0;
        if (e->forced) {
                effect_log(fx, LOG_WARNING, NULL, "%s does not end even by SIGKILL.", child);
                return false;
        }
        effect_log(fx, LOG_WARNING, NULL, "%s did not end by SIGTERM; killing it.", child);
        e->forced = true;
        e->kill_at = now + patience;
        send(child, SIGKILL, fx);
        return true;
}

uint64_t ending_deadline(const Ending *e)
{
        return e->kill_at ? e->kill_at : UINT64_MAX;
}
