/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan as people read it, and as programs do.
 */
#include <jansson.h>
#include <string.h>

#include "base/buffer.h"
#include "netsetup/plan.h"

static const char *const kind_names[STEP_KIND_MAX] = {
        [STEP_LINK] = "link",       [STEP_DEVICE] = "wireguard", [STEP_PEER] = "peer",
        [STEP_SETTING] = "setting", [STEP_ADDRESS] = "address",  [STEP_ROUTE] = "route",
        [STEP_RULE] = "rule",
};

const char *step_kind_name(StepKind kind)
{
        return kind_names[kind];
}

const char *step_action(const Step *step)
{
        return !step->before ? "add" : !step->after ? "remove" : "change";
}

char *plan_text(const Plan *plan)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);

        for (size_t i = 0; i < plan->problems.length; i++)
                buffer_printf(&b, "problem: %s\n", plan->problems.items[i]);
        for (size_t i = 0; i < plan->notes.length; i++)
                buffer_printf(&b, "note: %s\n", plan->notes.items[i]);
        for (size_t i = 0; i < plan->n_steps; i++)
                buffer_printf(&b, "%s  (%s)\n", plan->steps[i].what, plan->steps[i].why);
        if (plan->problems.length > 0)
                buffer_put_text(&b, "Nothing can be changed before the problems are gone.\n");
        else if (plan->n_steps == 0)
                buffer_put_text(&b, "Nothing to change.\n");
        return buffer_take_text(&b);
}

static json_t *strings(const Strv *v)
{
        json_t *array = json_array();

        for (size_t i = 0; array && i < v->length; i++)
                if (json_array_append_new(array, json_string(v->items[i])) < 0) {
                        json_decref(array);
                        return NULL;
                }
        return array;
}

static json_t *steps(const Plan *plan)
{
        json_t *array = json_array();

        for (size_t i = 0; array && i < plan->n_steps; i++) {
                const Step *s = &plan->steps[i];
                json_t *step = json_pack("{s:s, s:s, s:s, s:s}", "kind", step_kind_name(s->kind),
                                         "action", step_action(s), "what", s->what, "why", s->why);

                if (json_array_append_new(array, step) < 0) {
                        json_decref(array);
                        return NULL;
                }
        }
        return array;
}

char *plan_json(const Plan *plan)
{
        /* "o" takes each over, and fails when one is NULL. */
        json_t *root = json_pack("{s:o, s:o, s:o}", "problems", strings(&plan->problems), "notes",
                                 strings(&plan->notes), "steps", steps(plan));
        char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;

        json_decref(root);
        return text;
}
