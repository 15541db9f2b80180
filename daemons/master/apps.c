/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/master/record-internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "daemons/common/limits-request.h"
#include "daemons/common/message-ids.h"

/* As long as a driver tries to register: StandaloneAppClient, three times 20 s. */
#define REGISTRATION_USEC UINT64_C(60000000)

const char *app_state_name(AppState s)
{
        static const char *const names[] = {
                [APP_WAITING] = "WAITING", [APP_RUNNING] = "RUNNING", [APP_FINISHED] = "FINISHED",
                [APP_FAILED] = "FAILED",   [APP_KILLED] = "KILLED",   [APP_UNKNOWN] = "UNKNOWN",
        };
        return (unsigned)s < ARRAY_SIZE(names) ? names[s] : "UNKNOWN";
}

static LogFields about(const App *app)
{
        return (LogFields){ .app_id = app->id };
}

App *app_find(const Master *m, const char *id)
{
        App *app = NULL;
        if (id)
                HASH_FIND(hh_id, m->apps_by_id, id, strlen(id), app);
        return app;
}

/* The place of a profile among those by ascending id: of it or where it would stand. */
static size_t profile_place(const App *app, int32_t id)
{
        size_t low = 0, high = app->n_profiles;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (app->profiles[middle]->id < id)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

AppProfile *app_profile(const App *app, int32_t id)
{
        size_t i = profile_place(app, id);
        return i < app->n_profiles && app->profiles[i]->id == id ? app->profiles[i] : NULL;
}

int32_t app_cores_left(const App *app)
{
        return app->cores_requested - app->cores_granted;
}

/* ---- who wants executors ---- */

static bool app_wants(const App *app)
{
        for (size_t i = 0; i < app->n_profiles; i++) {
                const AppProfile *p = app->profiles[i];
                int32_t cores = p->cores_per_executor.set ? p->cores_per_executor.value : 1;
                if (p->n_executors < p->target && app_cores_left(app) >= cores)
                        return true;
        }
        return false;
}

static void want_insert(Master *m, App *app)
{
        /* New applications go to the end; one that lost an executor is among the older ones. */
        App *behind = NULL;
        if (m->wanting && m->wanting->want_prev->seq > app->seq)
                for (behind = m->wanting; behind->seq < app->seq;)
                        behind = behind->want_next;
        if (behind)
                DL_PREPEND_ELEM2(m->wanting, behind, app, want_prev, want_next);
        else
                DL_APPEND2(m->wanting, app, want_prev, want_next);
}

void app_update_wanting(Master *m, App *app)
{
        bool wants = app->peer && app_wants(app);
        if (wants)
                m->schedule = true;
        if (wants == app->wanting)
                return;
        app->wanting = wants;
        if (wants)
                want_insert(m, app);
        else
                DL_DELETE2(m->wanting, app, want_prev, want_next);
}

/* ---- resource profiles ---- */

static const char *const builtin_resources[] = { "cores", "memory", "offHeap", "memoryOverhead",
                                                 "pyspark.memory" };

static bool is_builtin_resource(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(builtin_resources); i++)
                if (strcmp(name, builtin_resources[i]) == 0)
                        return true;
        return false;
}

/* What a profile says of a resource, or else the application's default profile; `missing` when
 * neither does. */
static int64_t profile_amount(const App *app, const ResourceProfile *p, const char *name,
                              int64_t missing)
{
        const ExecutorResourceRequest *r = resource_profile_find(p, name);
        if (!r)
                r = resource_profile_find(&app->desc.default_profile, name);
        return r ? r->amount : missing;
}

static bool names_resource(const ResourceRequirementSeq *seq, const char *name)
{
        for (size_t i = 0; i < seq->length; i++)
                if (strcmp(seq->items[i].resource_name, name) == 0)
                        return true;
        return false;
}

static int fill_custom_resources(Turn *t, App *app, AppProfile *p)
{
        const ExecutorResourceMap *map = &p->profile.executor_resources;
        p->resources.items = arena_new_array(&app->arena, map->length, ResourceRequirement);
        if (!p->resources.items)
                return -ENOMEM;
        for (size_t i = 0; i < map->length; i++) {
                const char *name = map->items[i].key;
                if (!name || is_builtin_resource(name) || map->items[i].value.amount <= 0 ||
                    names_resource(&p->resources, name))
                        continue;
                p->resources.items[p->resources.length++] = (ResourceRequirement){
                        .resource_name = name,
                        .amount = (int32_t)MIN_OF(map->items[i].value.amount, INT32_MAX),
                        .num_parts = 1,
                };
                p->resource_bits |= resource_bit(t, name);
        }
        return 0;
}

/* True when executors of this profile can be counted: a size of nothing or less would fit without
 * end. */
static bool profile_is_sound(const App *app, const ResourceProfile *p)
{
        int64_t cores = profile_amount(app, p, "cores", 1);
        int64_t memory = profile_amount(app, p, "memory", DEFAULT_EXECUTOR_MEMORY);
        return cores >= 1 && cores <= INT32_MAX && memory >= 0 && memory <= INT32_MAX &&
               p->executor_resources.length <= LIMIT_RESOURCES;
}

/* A copy, with what it does not say of the sizes of an executor from the default profile. */
static int profile_complete(App *app, const ResourceProfile *src, ResourceProfile *ret)
{
        const ResourceProfile *fallback = &app->desc.default_profile;
        ResourceProfile p = *src;
        ExecutorResourceMap *map = &p.executor_resources;
        size_t n = map->length + ARRAY_SIZE(builtin_resources);
        struct ExecutorResourceEntry *items =
                arena_alloc_array(&app->arena, n, sizeof(struct ExecutorResourceEntry));
        if (!items)
                return -ENOMEM;
        if (map->length > 0)
                memcpy(items, map->items, map->length * sizeof(*items));
        map->items = items;
        for (size_t i = 0; i < ARRAY_SIZE(builtin_resources); i++) {
                const char *name = builtin_resources[i];
                const ExecutorResourceRequest *r = resource_profile_find(fallback, name);
                if (r && !resource_profile_find(src, name))
                        items[map->length++] = (struct ExecutorResourceEntry){ name, *r };
        }
        return resource_profile_copy(&app->arena, &p, ret);
}

/* A profile of the application under this id. 0 or -ENOMEM. */
static int profile_add(Turn *t, App *app, int32_t id, const ResourceProfile *profile,
                       int32_t target)
{
        size_t place = profile_place(app, id);
        AppProfile **grown = realloc(app->profiles, (app->n_profiles + 1) * sizeof(AppProfile *));
        if (!grown)
                return -ENOMEM;
        app->profiles = grown;
        AppProfile *p = arena_new(&app->arena, AppProfile);
        if (!p || profile_complete(app, profile, &p->profile) < 0)
                return -ENOMEM;
        p->id = id;
        p->target = target;
        int64_t cores = profile_amount(app, &p->profile, "cores", -1);
        if (cores > 0)
                p->cores_per_executor = (OptInt){ true, (int32_t)cores };
        p->memory_per_executor =
                (int32_t)profile_amount(app, &p->profile, "memory", DEFAULT_EXECUTOR_MEMORY);
        p->request = limits_request_of_executor(
                &p->profile, p->memory_per_executor,
                p->cores_per_executor.set ? p->cores_per_executor.value : 1);
        if (fill_custom_resources(t, app, p) < 0)
                return -ENOMEM;
        for (size_t i = app->n_profiles; i > place; i--)
                app->profiles[i] = app->profiles[i - 1];
        app->profiles[place] = p;
        app->n_profiles++;
        return 0;
}

/* ---- registration ---- */

void app_destroy(App *app)
{
        if (!app)
                return;
        while (app->hostings)
                hosting_forget(app->hostings);
        HASH_CLEAR(hh, app->executors_by_id);
        HASH_CLEAR(hh, app->owed);
        Executor *lists[] = { app->executors, app->removed };
        for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
                for (Executor *e = lists[i], *next; e; e = next) {
                        next = e->next;
                        executor_destroy(e);
                }
        free(app->profiles);
        arena_done(&app->arena);
        free(app);
}

static void destroy_grave(Grave *grave)
{
        app_destroy(CONTAINER_OF(grave, App, grave));
}

/* An id by the pattern, or by the name when so configured: in lower case, without white space and
 * without what would lead out of the work directories named after it. */
static int id_propose(Turn *t, const ApplicationDescription *desc, char *id, size_t size)
{
        Master *m = t->m;
        size_t n = 0;
        if (m->config.use_app_name_as_app_id)
                for (const char *p = desc->name; p && *p && n + 1 < size; p++)
                        if (!isspace((unsigned char)*p) && *p != '/' && (*p != '.' || n > 0))
                                id[n++] = (char)tolower((unsigned char)*p);
        if (n > 0) {
                id[n] = '\0';
                return 0;
        }
        uint64_t number = m->next_app_number++;
        if (m->config.app_number_modulo > 0)
                m->next_app_number %= (uint64_t)m->config.app_number_modulo;
        return id_format(m->config.app_id_pattern, t->time.wall, number, id, size);
}

/* An id that no live application has: names and numbers under a modulo come again. */
static const char *id_choose(Turn *t, const ApplicationDescription *desc)
{
        char id[LIMIT_ID_BYTES];
        if (id_propose(t, desc, id, sizeof(id)) < 0)
                (void)snprintf(id, sizeof(id), "app");
        if (!app_find(t->m, id))
                return turn_strdup(t, id);
        return turn_printf(t, "%s-%llu", id, (unsigned long long)t->m->next_app_seq);
}

static const char *driver_address(Turn *t, const EndpointRef *driver)
{
        return driver->address.host
                       ? turn_printf(t, "%s:%d", driver->address.host, driver->address.port)
                       : NULL;
}

/* An application as it is described, on no list yet. NULL: no memory. */
static App *app_new(Turn *t, const char *id, const AppRecord *r, LineSet lines)
{
        const char *address = driver_address(t, &r->driver);
        App *app = calloc(1, sizeof(*app));
        if (!app)
                return NULL;
        arena_init(&app->arena, SIZE_MAX); /* bounded by its messages */
        Arena *a = &app->arena;
        int error = application_description_copy(a, &r->desc, &app->desc);
        app->id = arena_strdup(a, id);
        app->driver.name = arena_strdup(a, r->driver.name);
        app->driver.address.host = arena_strdup(a, r->driver.address.host);
        app->driver.address.port = r->driver.address.port;
        app->driver_address = arena_strdup(a, address);
        app->engine = arena_strdup(a, r->engine);
        app->seq = t->m->next_app_seq++;
        app->batch = t->m->batch;
        app->lines = lines;
        app->start_wall = (uint64_t)r->start;
        const OptInt *cores = r->cores.set ? &r->cores : &app->desc.max_cores;
        app->cores_requested = cores->set ? cores->value : t->m->config.default_cores;
        const OptInt *limit = &app->desc.initial_executor_limit;
        if (error < 0 || !app->id || (address && !app->driver_address) ||
            profile_add(t, app, 0, &app->desc.default_profile,
                        limit->set ? limit->value : INT32_MAX) < 0) {
                app_destroy(app);
                return NULL;
        }
        return app;
}

static int link_app(Master *m, App *app)
{
        HASH_ADD_KEYPTR(hh_id, m->apps_by_id, app->id, strlen(app->id), app);
        if (!app->hh_id.tbl)
                return -ENOMEM;
        if (app->driver_address) {
                HASH_ADD_KEYPTR(hh_address, m->apps_by_driver, app->driver_address,
                                strlen(app->driver_address), app);
                if (!app->hh_address.tbl) {
                        HASH_DELETE(hh_id, m->apps_by_id, app);
                        return -ENOMEM;
                }
        }
        DL_APPEND(m->apps, app);
        m->counters.apps++;
        m->counters.apps_waiting += app->state == APP_WAITING;
        return 0;
}

static void send_registered(Turn *t, const App *app)
{
        Message *msg = turn_answer(t, ENDPOINT_DRIVER, MSG_REGISTERED_APPLICATION);
        turn_promise(t, app);
        msg->registered_application.app_id = app->id;
        msg->registered_application.master = (EndpointRef){ "Master", t->m->config.address };
}

/* What keeps this application out, as a sentence, or NULL. */
static const char *registration_problem(Turn *t, LineSet lines, const char *engine)
{
        const ApplicationDescription *desc =
                &t->event->message->register_application.app_description;
        char served[LINES_TEXT_MAX];
        lines_text(LINES_ALL, served);
        if (t->m->unkept)
                return turn_printf(t, "The master takes no new applications: %s", t->m->unkept);
        if (!lines && engine)
                return turn_printf(
                        t,
                        "The application asks for Spark %.64s (SPARKD_ENGINE), which is not "
                        "served or not what its driver runs; Spark versions served: %s",
                        engine, served);
        if (!lines)
                return turn_printf(t,
                                   "The application's Spark version is not served; Spark versions "
                                   "served: %s",
                                   served);
        const App probe = { .desc = *desc };
        if (!profile_is_sound(&probe, &desc->default_profile))
                return "The application asks for executors of an impossible size";
        const Peer *peer = peer_find(t->m, t->event->conn);
        if (t->m->counters.apps >= LIMIT_APPS || (peer && peer->n_apps >= LIMIT_PER_CONNECTION))
                return "Too many applications are registered";
        return NULL;
}

static bool same_text(const char *a, const char *b)
{
        return a && b ? strcmp(a, b) == 0 : a == b;
}

/* A driver repeats its registration for a minute when the answer is late, with all the masters that
 * it knows: one that has taken over may get it from a driver that has registered with the one
 * before. Otherwise, and later, it is another driver. */
static bool is_repeated(Turn *t, const App *app)
{
        const ApplicationDescription *desc =
                &t->event->message->register_application.app_description;
        return app->restored &&
               (int64_t)(t->time.wall - app->start_wall) < (int64_t)REGISTRATION_USEC &&
               same_text(app->desc.name, desc->name) && same_text(app->desc.user, desc->user) &&
               same_text(app->desc.app_ui_url, desc->app_ui_url);
}

/* The application whose driver listens at the same address, unless that is a driver that is gone
 * and whose port has a new owner. */
static App *already_registered(Turn *t)
{
        const char *address = driver_address(t, &t->event->message->register_application.driver);
        App *app = NULL;
        if (address)
                HASH_FIND(hh_address, t->m->apps_by_driver, address, strlen(address), app);
        if (app && is_repeated(t, app)) {
                if (app->state == APP_UNKNOWN)
                        app_came_back(t, app);
                return app;
        }
        if (app && (!app->peer || app->peer->conn != t->event->conn)) {
                app_remove(t, app, APP_FINISHED, NULL);
                app = NULL;
        }
        return app;
}

static void log_registered(Turn *t, const App *app)
{
        char lines[LINES_TEXT_MAX];
        turn_log_with(t, LOG_INFO,
                      (LogFields){ .app_id = app->id, .message_id = MESSAGE_APP_REGISTERED },
                      "Registered application %s (%s) of Spark %s.", app->id,
                      app->desc.name ? app->desc.name : "", lines_text(app->lines, lines));
}

void app_register(Turn *t)
{
        const char *engine;
        const Message *msg = t->event->message;
        LineSet lines = lines_of_command(&msg->register_application.app_description.command,
                                         t->event->lines, &engine);
        const char *problem = registration_problem(t, lines, engine);
        if (problem) {
                turn_log(t, LOG_WARNING, "Refused an application: %s.", problem);
                turn_answer(t, ENDPOINT_DRIVER, MSG_APPLICATION_REMOVED)
                        ->application_removed.message = problem;
                return;
        }
        App *known = already_registered(t);
        if (known) {
                send_registered(t, known);
                return;
        }
        const AppRecord described = {
                .engine = engine,
                .driver = msg->register_application.driver,
                .start = (int64_t)t->time.wall,
                .desc = msg->register_application.app_description,
        };
        Peer *peer = peer_ensure(t, t->event->conn);
        App *app = peer ? app_new(t, id_choose(t, &described.desc), &described, lines) : NULL;
        if (!app || link_app(t->m, app) < 0) {
                app_destroy(app);
                t->error = -ENOMEM;
                return;
        }
        peer_attach_app(t, app, peer);
        log_registered(t, app);
        turn_record_master(t);
        turn_record(t, EFFECT_RECORD_PUT, RECORD_APP, app->id);
        app_changed(t, app);
        send_registered(t, app);
        app_tell_incompatible(t, app);
        app_update_wanting(t->m, app);
}

/* ---- after a restart of the master ---- */

void app_changed(Turn *t, App *app)
{
        if (app->state_put == t->m->batch)
                return; /* it is read when all effects are carried out */
        app->state_put = t->m->batch;
        turn_record(t, EFFECT_RECORD_PUT, RECORD_APP_STATE, app->id);
}

void app_restore(Turn *t, const char *id, const AppRecord *r)
{
        const App probe = { .desc = r->desc };
        if (app_find(t->m, id) || !profile_is_sound(&probe, &r->desc.default_profile))
                return;
        App *app = app_new(t, id, r, LINES_ALL);
        if (app) {
                app->state = APP_UNKNOWN;
                app->restored = true;
        }
        if (!app || link_app(t->m, app) < 0) {
                app_destroy(app);
                t->error = -ENOMEM;
        }
}

void app_restore_state(Turn *t, App *app, const AppStateRecord *r, LineSet lines)
{
        app->lines = lines;
        app->retry_count = r->retry_count;
        app->next_executor_id = r->next_executor_id;
        app->asked = r->asked;
        for (size_t i = 0; i < r->profiles.length; i++) {
                const ProfileRecord *p = &r->profiles.items[i];
                AppProfile *known = app_profile(app, p->id);
                if (known)
                        known->target = p->target;
                else if (profile_is_sound(app, &p->profile) &&
                         profile_add(t, app, p->id, &p->profile, p->target) < 0)
                        t->error = -ENOMEM;
        }
}

void app_came_back(Turn *t, App *app)
{
        Peer *peer = peer_ensure(t, t->event->conn);
        if (!peer)
                return;
        peer_attach_app(t, app, peer);
        if (app->state != APP_UNKNOWN)
                return;
        app->state = app->n_executors > 0 ? APP_RUNNING : APP_WAITING;
        t->m->counters.apps_waiting += app->state == APP_WAITING;
        turn_log_with(t, LOG_INFO, about(app), "Application %s is back.", app->id);
        executors_pay(t, app);
        app_update_wanting(t->m, app);
}

/* ---- end ---- */

void apps_clear_completed(Master *m)
{
        while (m->completed) {
                App *app = m->completed;
                DL_DELETE(m->completed, app);
                master_bury(m, &app->grave, destroy_grave);
        }
        m->counters.apps_completed = 0;
}

/* As the JVM: a tenth goes when the list is full. */
static void trim_completed(Master *m)
{
        size_t retained = (size_t)MAX_OF(m->config.retained_applications, 0);
        if (m->counters.apps_completed < retained)
                return;
        for (size_t n = MAX_OF(retained / 10, (size_t)1); n > 0 && m->completed; n--) {
                App *app = m->completed;
                DL_DELETE(m->completed, app);
                m->counters.apps_completed--;
                master_bury(m, &app->grave, destroy_grave);
        }
}

void app_remove(Turn *t, App *app, AppState state, const char *reason)
{
        Master *m = t->m;
        const char *name = app_state_name(state);
        turn_log_with(t, state == APP_FINISHED ? LOG_INFO : LOG_WARNING,
                      (LogFields){ .app_id = app->id, .message_id = MESSAGE_APP_ENDED },
                      "Application %s ended as %s%s%s.", app->id, name, reason ? ": " : "",
                      reason ? reason : "");
        const Peer driver = app->peer ? *app->peer : (Peer){ 0 };
        bool reachable = app->peer != NULL;
        peer_detach_app(m, app);
        HASH_DELETE(hh_id, m->apps_by_id, app);
        if (app->driver_address)
                HASH_DELETE(hh_address, m->apps_by_driver, app);
        DL_DELETE(m->apps, app);
        m->counters.apps--;
        m->counters.apps_waiting -= app->state == APP_WAITING;
        app_update_wanting(m, app);
        app_forget_asking(m, app);

        int32_t cores = app->cores_granted;
        while (app->executors)
                executor_kill(t, app->executors);
        executors_forgive(t, app);
        app->cores_granted = cores; /* what it had at its end is what the pages show */
        app->state = state;
        app->end_wall = t->time.wall;
        app->end_reason = arena_strdup(&app->arena, reason);
        if (state != APP_FINISHED && reachable) {
                Message *msg = turn_send(t, &driver, ENDPOINT_DRIVER, MSG_APPLICATION_REMOVED);
                msg->application_removed.message = reason && !m->config.bare_removed_text
                                                           ? turn_printf(t, "%s: %s", name, reason)
                                                           : name;
        }
        turn_record(t, EFFECT_RECORD_DELETE, RECORD_APP, app->id);
        turn_record(t, EFFECT_RECORD_DELETE, RECORD_APP_STATE, app->id);
        /* A JVM master tells all workers; the others have nothing to remove, as far as is known. */
        for (Worker *w = app->restored ? m->workers : NULL; w; w = w->next)
                if (w->peer && hosting_ensure(app, w) < 0)
                        t->error = -ENOMEM;
        while (app->hostings) {
                const Worker *w = app->hostings->worker;
                turn_send(t, w->peer, ENDPOINT_WORKER, MSG_APPLICATION_FINISHED)
                        ->application_finished.id = app->id;
                hosting_forget(app->hostings);
        }
        trim_completed(m);
        DL_APPEND(m->completed, app);
        m->counters.apps_completed++;
}

void app_unregister(Turn *t)
{
        const char *id = t->event->message->unregister_application.app_id;
        App *app = app_find(t->m, id);
        if (app)
                app_remove(t, app, APP_FINISHED, NULL);
        else
                turn_log(t, LOG_INFO, "Unknown application %.256s unregistered.", id ? id : "");
}

/* ---- dynamic allocation ---- */

void app_request_executors(Turn *t)
{
        const Message *msg = t->event->message;
        App *app = app_find(t->m, msg->request_executors.app_id);
        if (!app) {
                turn_reply_boolean(t, false);
                return;
        }
        for (size_t i = 0; i < msg->request_executors.targets.length; i++) {
                const struct ProfileTarget *target = &msg->request_executors.targets.items[i];
                AppProfile *p = app_profile(app, target->profile.id);
                if (p) {
                        p->target = target->total;
                } else if (!profile_is_sound(app, &target->profile) ||
                           app->n_profiles >= LIMIT_PROFILES_PER_APP ||
                           app->arena.used >= LIMIT_APP_BYTES) {
                        turn_log_with(
                                t, LOG_WARNING, about(app),
                                "Application %s asks for executors that cannot be: profile %d "
                                "is ignored.",
                                app->id, target->profile.id);
                } else if (profile_add(t, app, target->profile.id, &target->profile,
                                       target->total) < 0) {
                        t->error = -ENOMEM;
                }
        }
        app_changed(t, app);
        app_update_wanting(t->m, app);
        turn_reply_boolean(t, true);
}

void app_kill_executors(Turn *t)
{
        const Message *msg = t->event->message;
        App *app = app_find(t->m, msg->kill_executors.app_id);
        for (size_t i = 0; app && i < msg->kill_executors.executor_ids.length; i++) {
                const char *text = msg->kill_executors.executor_ids.items[i];
                int id;
                Executor *e = text && parse_int(text, 0, INT32_MAX, &id) == 0
                                      ? executor_find(app, id)
                                      : NULL;
                if (e)
                        executor_kill(t, e);
        }
        turn_reply_boolean(t, app != NULL);
}

/* ---- executor states ---- */

/* An executor ended by itself. When executors keep ending and none runs, so will the next. */
static void executor_ended(Turn *t, Executor *e, ExecutorState state)
{
        const Message *msg = t->event->message;
        const OptInt *exit_status = &msg->executor_state_changed.exit_status;
        const char *message = msg->executor_state_changed.message;
        bool normal = exit_status->set && exit_status->value == 0;
        bool counts = !normal && e->state != EXECUTOR_DECOMMISSIONED;
        int32_t limit = t->m->config.max_executor_retries;
        App *app = e->app;
        if (e->counted)
                executor_end_reported(t, e, state, message, *exit_status);
        else
                executor_end(t, e, state);
        if (!counts)
                return;
        app_suspect_version(t, app);
        app->retry_count++;
        app_changed(t, app);
        if (limit < 0 || app->retry_count < limit || app->n_running > 0)
                return;
        app_remove(t, app, APP_FAILED,
                   turn_printf(t, "%d executors in a row failed; the last one on worker %s: %s",
                               app->retry_count, e->worker_id,
                               message ? message : executor_state_name(state)));
}

static void executor_goes_on(Turn *t, Executor *e, ExecutorState state)
{
        const Message *msg = t->event->message;
        App *app = e->app;
        executor_tell(t, e, state, msg->executor_state_changed.message,
                      msg->executor_state_changed.exit_status, NULL);
        if (state != EXECUTOR_RUNNING)
                return;
        executor_set_state(e, state);
        if (app->retry_count != 0)
                app_changed(t, app);
        app->retry_count = 0;
}

void app_executor_state_changed(Turn *t)
{
        const Message *msg = t->event->message;
        const char *app_id = msg->executor_state_changed.app_id;
        int32_t id = msg->executor_state_changed.exec_id;
        ExecutorState state = msg->executor_state_changed.state;
        App *app = app_find(t->m, app_id);
        Executor *e = app ? executor_find(app, id) : NULL;
        /* A worker whose message fails five times ends itself: the answer is always true. */
        if (!e) {
                turn_log(t, LOG_DEBUG, "Got %s of unknown executor %.256s/%d.",
                         executor_state_name(state), app_id ? app_id : "", id);
                if (!executor_state_finished(state))
                        executor_kill_unknown(t, app_id, id);
                turn_reply_boolean(t, true);
                return;
        }
        if (executor_state_finished(state))
                executor_ended(t, e, state);
        else if (e->counted)
                executor_goes_on(t, e, state);
        turn_reply_boolean(t, true);
}
