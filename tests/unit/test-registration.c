/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's tie to its masters, event by event. Times are in seconds here. */
#include "daemons/worker/registration.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SEC UINT64_C(1000000)

static HostPort masters[2];
static ResourceMap resources;
static struct ResourceEntry gpu;
static RegistrationConfig config;
static Registration reg;
static WorkerEffects fx;

static void set_up(void)
{
        static const char *addresses[] = { "0", "1" };
        static const char *engines[] = { "3.5.9", "4.3.0" };

        masters[0] = (HostPort){ .host = "m1", .port = 7077 };
        masters[1] = (HostPort){ .host = "m2", .port = 7078 };
        gpu = (struct ResourceEntry){ .key = "gpu",
                                      .value = { .name = "gpu", .addresses = { addresses, 2 } } };
        resources = (ResourceMap){ .items = &gpu, .length = 1 };
        config = (RegistrationConfig){ .masters = masters,
                                       .n_masters = 2,
                                       .worker_id = "worker-1",
                                       .host = "w",
                                       .port = 4000,
                                       .cores = 8,
                                       .memory_mb = 2048,
                                       .web_ui_url = "http://w:8081",
                                       .resources = &resources,
                                       .heartbeat_usec = 15 * SEC,
                                       .initial_retries = 6,
                                       .max_retries = 16,
                                       .jitter = 1.0 };
        ck_assert_int_eq(registration_init(&reg, &config), 0);
        registration_set_engines(&reg, LINE_BIT(LINE_3_5) | LINE_BIT(LINE_4_3),
                                 (StringSeq){ engines, 2 });
        worker_effects_init(&fx);
}

static void tear_down(void)
{
        ck_assert(!fx.failed);
        worker_effects_done(&fx);
        registration_done(&reg);
}

/* ---- telling and looking ---- */

static RegistrationResult handle(WorkerEvent event, uint64_t seconds)
{
        worker_effects_done(&fx);
        return registration_handle(&reg, &event, seconds * SEC, &fx);
}

static const WorkerEffect *nth(WorkerEffectType type, unsigned n)
{
        for (const WorkerEffect *e = fx.first; e; e = e->next)
                if (e->type == type && n-- == 0)
                        return e;
        return NULL;
}

static unsigned count(WorkerEffectType type)
{
        unsigned n = 0;

        while (nth(type, n))
                n++;
        return n;
}

static bool logged(const char *part)
{
        for (const WorkerEffect *e = fx.first; e; e = e->next)
                if (e->type == DO_LOG && strstr(e->text, part))
                        return true;
        return false;
}

/* Everything but log lines. */
static unsigned actions(void)
{
        unsigned n = 0;

        for (const WorkerEffect *e = fx.first; e; e = e->next)
                n += e->type != DO_LOG;
        return n;
}

static void dialled(size_t target, uint64_t conn, uint64_t seconds)
{
        (void)handle((WorkerEvent){ .type = ON_DIALLED,
                                    .target = target,
                                    .conn = conn,
                                    .text = conn ? NULL : "refused" },
                     seconds);
}

static void connected(uint64_t conn, uint64_t seconds)
{
        (void)handle((WorkerEvent){ .type = ON_CONNECTED, .conn = conn }, seconds);
}

static void identified(uint64_t conn, bool sparkd, LineSet lines, uint64_t seconds)
{
        (void)handle(
                (WorkerEvent){
                        .type = ON_IDENTIFIED, .conn = conn, .sparkd = sparkd, .lines = lines },
                seconds);
}

static void closed(uint64_t conn, uint64_t seconds)
{
        (void)handle((WorkerEvent){ .type = ON_CLOSED, .conn = conn, .text = "reset" }, seconds);
}

static RegistrationResult registered(uint64_t conn, const char *host, bool duplicate,
                                     uint64_t seconds)
{
        const Message m = { .type = MSG_REGISTERED_WORKER,
                            .registered_worker = { .master = { "Master", { host, 7077 } },
                                                   .master_web_ui_url = "http://m:8080/",
                                                   .master_address = { "m1", 7077 },
                                                   .duplicate = duplicate } };

        return handle(
                (WorkerEvent){
                        .type = ON_MESSAGE, .conn = conn, .message = &m, .lines = LINES_ALL },
                seconds);
}

static RegistrationResult said(MessageType type, uint64_t conn, uint64_t seconds)
{
        Message m = { .type = type };

        if (type == MSG_MASTER_CHANGED)
                m.master_changed.master = (EndpointRef){ "Master", { "m9", 7079 } };
        if (type == MSG_MASTER_CHANGED)
                m.master_changed.master_web_ui_url = "http://m9:8080";
        if (type == MSG_REGISTER_WORKER_FAILED)
                m.register_worker_failed.message = "not you";
        if (type == MSG_RECONNECT_WORKER)
                m.reconnect_worker.master_url = "spark://m1:7077";
        return handle((WorkerEvent){ .type = ON_MESSAGE,
                                     .conn = conn,
                                     .message = &m,
                                     .lines = LINE_BIT(LINE_3_5) },
                      seconds);
}

static void tick(uint64_t seconds)
{
        (void)handle((WorkerEvent){ .type = ON_TICK }, seconds);
}

/* Brings the first master to accept us over connection 11 at the time 0; the second refuses. */
static void register_with_first(bool sparkd)
{
        (void)handle((WorkerEvent){ .type = ON_START }, 0);
        dialled(0, 11, 0);
        dialled(1, 0, 0);
        connected(11, 0);
        identified(11, sparkd, LINE_BIT(LINE_3_5), 0);
        ck_assert_int_eq(registered(11, "m1", false, 0), REGISTRATION_ACCEPTED);
}

/* ---- tests ---- */

START_TEST(test_first_contact)
{
        const WorkerEffect *e;
        const Message *m;

        (void)handle((WorkerEvent){ .type = ON_START }, 0);
        ck_assert_uint_eq(count(DO_DIAL), 2);
        ck_assert_uint_eq(actions(), 2);
        ck_assert_str_eq(nth(DO_DIAL, 1)->address.host, "m2");
        ck_assert_uint_eq(nth(DO_DIAL, 1)->target, 1);
        dialled(0, 11, 0);
        ck_assert_uint_eq(actions(), 0);
        connected(11, 0);
        ck_assert_uint_eq(actions(), 1);
        ck_assert_uint_eq(nth(DO_IDENTIFY, 0)->conn, 11);
        identified(11, false, LINE_BIT(LINE_3_5), 1);
        ck_assert_uint_eq(actions(), 1);
        e = nth(DO_SEND, 0);
        ck_assert_uint_eq(e->conn, 11);
        m = e->message;
        ck_assert_int_eq(m->type, MSG_REGISTER_WORKER);
        ck_assert_str_eq(m->register_worker.id, "worker-1");
        ck_assert_str_eq(m->register_worker.host, "w");
        ck_assert_int_eq(m->register_worker.port, 4000);
        ck_assert_int_eq(m->register_worker.cores, 8);
        ck_assert_int_eq(m->register_worker.memory, 2048);
        ck_assert_str_eq(m->register_worker.worker_web_ui_url, "http://w:8081");
        ck_assert_str_eq(m->register_worker.worker.name, "Worker");
        ck_assert_str_eq(m->register_worker.worker.address.host, "w");
        ck_assert_int_eq(m->register_worker.worker.address.port, 4000);
        ck_assert_str_eq(m->register_worker.master_address.host, "m1");
        ck_assert_int_eq(m->register_worker.master_address.port, 7077);
        /* A JVM is told of the real resources only. */
        ck_assert_uint_eq(m->register_worker.resources.length, 1);
        ck_assert_str_eq(m->register_worker.resources.items[0].key, "gpu");
}
END_TEST

START_TEST(test_our_master_hears_of_engines)
{
        const ResourceMap *map;

        (void)handle((WorkerEvent){ .type = ON_START }, 0);
        dialled(0, 11, 0);
        connected(11, 0);
        identified(11, true, LINES_ALL, 0);
        map = &nth(DO_SEND, 0)->message->register_worker.resources;
        ck_assert_uint_eq(map->length, 2);
        ck_assert_str_eq(map->items[0].key, "gpu");
        ck_assert_str_eq(map->items[1].key, "sparkd.engines");
        ck_assert_str_eq(map->items[1].value.name, "sparkd.engines");
        ck_assert_uint_eq(map->items[1].value.addresses.length, 2);
        ck_assert_str_eq(map->items[1].value.addresses.items[1], "4.3.0");
}
END_TEST

START_TEST(test_our_master_hears_of_limits)
{
        static const char *const declared[] = { "memory=12288", "overhead-percent=10",
                                                "overhead-min=384" };
        bool sparkd = _i == 1;
        const ResourceMap *map;

        config.limits_memory_mb = 12288;
        config.limits_overhead_percent = 10;
        config.limits_overhead_min_mb = 384;
        (void)handle((WorkerEvent){ .type = ON_START }, 0);
        dialled(0, 11, 0);
        connected(11, 0);
        identified(11, sparkd, LINE_BIT(LINE_4_3), 0);
        map = &nth(DO_SEND, 0)->message->register_worker.resources;
        ck_assert_uint_eq(map->length, sparkd ? 3 : 1);
        if (!sparkd)
                return;
        ck_assert_str_eq(map->items[2].key, "sparkd.limits");
        ck_assert_str_eq(map->items[2].value.name, "sparkd.limits");
        ck_assert_uint_eq(map->items[2].value.addresses.length, ARRAY_SIZE(declared));
        for (size_t i = 0; i < ARRAY_SIZE(declared); i++)
                ck_assert_str_eq(map->items[2].value.addresses.items[i], declared[i]);
}
END_TEST

START_TEST(test_our_master_hears_of_a_new_engine)
{
        static const char *engines[] = { "3.5.9" };
        const ResourceMap *map;

        (void)handle((WorkerEvent){ .type = ON_START }, 0);
        dialled(0, 11, 0);
        connected(11, 0);
        identified(11, true, LINES_ALL, 0);
        ck_assert_int_eq(registered(11, "m1", false, 0), REGISTRATION_ACCEPTED);
        /* With each heartbeat the worker looks. */
        ck_assert_uint_eq(count(DO_RESCAN), 0);
        (void)handle((WorkerEvent){ .type = ON_TICK }, 15);
        ck_assert_int_eq(nth(DO_SEND, 0)->message->type, MSG_HEARTBEAT);
        ck_assert_uint_eq(count(DO_RESCAN), 1);

        registration_set_engines(&reg, LINE_BIT(LINE_3_5), (StringSeq){ engines, 1 });
        (void)handle((WorkerEvent){ .type = ON_ENGINES }, 15);
        ck_assert_uint_eq(actions(), 1);
        ck_assert_uint_eq(nth(DO_SEND, 0)->conn, 11);
        map = &nth(DO_SEND, 0)->message->register_worker.resources;
        ck_assert_uint_eq(map->items[1].value.addresses.length, 1);
        ck_assert_int_eq(registered(11, "m1", true, 15), REGISTRATION_ACCEPTED);
        ck_assert(!logged("master"));
        /* Only that answer is no news. */
        ck_assert_int_eq(registered(11, "m1", true, 16), REGISTRATION_ACCEPTED);
        ck_assert(logged("knew this worker already"));
}
END_TEST

START_TEST(test_a_jvm_master_does_not_hear_of_engines)
{
        (void)handle((WorkerEvent){ .type = ON_START }, 0);
        dialled(0, 11, 0);
        connected(11, 0);
        identified(11, false, LINE_BIT(LINE_3_5), 0);
        ck_assert_int_eq(registered(11, "m1", false, 0), REGISTRATION_ACCEPTED);
        (void)handle((WorkerEvent){ .type = ON_TICK }, 15);
        ck_assert_uint_eq(count(DO_RESCAN), 0);
        (void)handle((WorkerEvent){ .type = ON_ENGINES }, 15);
        ck_assert_uint_eq(actions(), 0);
}
END_TEST

START_TEST(test_accepted)
{
        const Message *m;

        register_with_first(false);
        ck_assert_uint_eq(actions(), 1);
        m = nth(DO_SEND, 0)->message;
        ck_assert_int_eq(m->type, MSG_HEARTBEAT);
        ck_assert_str_eq(m->heartbeat.worker_id, "worker-1");
        ck_assert_str_eq(m->heartbeat.worker.address.host, "w");
        ck_assert_str_eq(reg.url, "spark://m1:7077");
        ck_assert_str_eq(reg.web_ui_url, "http://m:8080");
        ck_assert(reg.connected && reg.registered && !reg.retrying);
        ck_assert_uint_eq(registration_deadline(&reg), 15 * SEC);
        tick(14);
        ck_assert_uint_eq(actions(), 0);
        tick(15);
        ck_assert_int_eq(nth(DO_SEND, 0)->message->type, MSG_HEARTBEAT);
        ck_assert_uint_eq(nth(DO_SEND, 0)->conn, 11);
        ck_assert_uint_eq(registration_deadline(&reg), 30 * SEC);
}
END_TEST

START_TEST(test_duplicate_is_harmless)
{
        register_with_first(false);
        ck_assert_int_eq(registered(11, "m1", true, 3), REGISTRATION_ACCEPTED);
        ck_assert(logged("knew this worker already"));
        ck_assert_uint_eq(actions(), 1);
        /* Still one heartbeat at a time. */
        ck_assert_uint_eq(registration_deadline(&reg), 18 * SEC);
        tick(18);
        ck_assert_uint_eq(actions(), 1);
}
END_TEST

START_TEST(test_retries_and_gives_up)
{
        static const uint64_t at[] = { 10,  20,  30,  40,  50,  60,  120, 180, 240,
                                       300, 360, 420, 480, 540, 600, 660, 720 };

        (void)handle((WorkerEvent){ .type = ON_START }, 0);
        dialled(0, 0, 0);
        ck_assert(logged("Failed to connect to master m1:7077: refused"));
        dialled(1, 0, 0);
        for (size_t i = 0; i < 16; i++) {
                ck_assert_uint_eq(registration_deadline(&reg), at[i] * SEC);
                tick(at[i] - 1);
                ck_assert_uint_eq(actions(), 0);
                tick(at[i]);
                ck_assert_msg(count(DO_DIAL) == 2, "attempt %zu", i);
                ck_assert_uint_eq(actions(), 2);
                dialled(0, 0, at[i]);
                dialled(1, 0, at[i]);
        }
        ck_assert_uint_eq(registration_deadline(&reg), at[16] * SEC);
        tick(at[16]);
        ck_assert_uint_eq(actions(), 1);
        ck_assert_int_eq(nth(DO_EXIT, 0)->status, 1);
        ck_assert(logged("All masters are unresponsive! Giving up."));
}
END_TEST

START_TEST(test_jitter_scales_both_paces)
{
        config.jitter = 1.46;
        (void)handle((WorkerEvent){ .type = ON_START }, 0);
        ck_assert_uint_eq(registration_deadline(&reg), 15 * SEC);
        for (unsigned i = 1; i <= 6; i++)
                tick(15 * i);
        ck_assert_uint_eq(registration_deadline(&reg), (90 + 88) * SEC);
}
END_TEST

/* A standby answers, so its connection stands; it is asked again over the same one. */
START_TEST(test_standby_is_asked_again)
{
        (void)handle((WorkerEvent){ .type = ON_START }, 0);
        dialled(0, 11, 0);
        dialled(1, 0, 0);
        connected(11, 0);
        identified(11, false, LINE_BIT(LINE_3_5), 0);
        ck_assert_int_eq(said(MSG_MASTER_IN_STANDBY, 11, 0), REGISTRATION_NOTHING);
        ck_assert_uint_eq(actions(), 0);
        tick(10);
        ck_assert_uint_eq(actions(), 2);
        ck_assert_int_eq(nth(DO_SEND, 0)->message->type, MSG_REGISTER_WORKER);
        ck_assert_uint_eq(nth(DO_SEND, 0)->conn, 11);
        ck_assert_uint_eq(nth(DO_DIAL, 0)->target, 1);
}
END_TEST

START_TEST(test_slow_connection_is_not_dialled_twice)
{
        (void)handle((WorkerEvent){ .type = ON_START }, 0);
        dialled(0, 11, 0);
        dialled(1, 12, 0);
        connected(12, 0);
        tick(10);
        ck_assert_uint_eq(actions(), 0);
        closed(11, 12);
        ck_assert(logged("Failed to connect to master m1:7077: reset"));
        tick(20);
        ck_assert_uint_eq(count(DO_DIAL), 1);
}
END_TEST

START_TEST(test_second_master_stays_quiet_when_first_accepts)
{
        (void)handle((WorkerEvent){ .type = ON_START }, 0);
        dialled(0, 11, 0);
        dialled(1, 12, 0);
        connected(11, 0);
        connected(12, 0);
        identified(11, false, LINE_BIT(LINE_3_5), 0);
        ck_assert_int_eq(registered(11, "m1", false, 0), REGISTRATION_ACCEPTED);
        identified(12, false, LINE_BIT(LINE_3_5), 1);
        ck_assert_uint_eq(actions(), 0);
        /* Its end is no concern of ours either. */
        closed(12, 2);
        ck_assert_uint_eq(actions(), 0);
        ck_assert(reg.connected);
}
END_TEST

START_TEST(test_refused)
{
        (void)handle((WorkerEvent){ .type = ON_START }, 0);
        dialled(0, 11, 0);
        connected(11, 0);
        identified(11, false, LINE_BIT(LINE_3_5), 0);
        ck_assert_int_eq(said(MSG_REGISTER_WORKER_FAILED, 11, 0), REGISTRATION_NOTHING);
        ck_assert_int_eq(nth(DO_EXIT, 0)->status, 1);
        ck_assert(logged("not you"));
}
END_TEST

START_TEST(test_refused_when_registered_is_ignored)
{
        register_with_first(false);
        (void)said(MSG_REGISTER_WORKER_FAILED, 11, 1);
        ck_assert_uint_eq(actions(), 0);
}
END_TEST

START_TEST(test_disconnect_starts_over_with_all)
{
        register_with_first(false);
        closed(11, 100);
        ck_assert(!reg.connected);
        ck_assert_uint_eq(count(DO_DIAL), 2);
        ck_assert_uint_eq(registration_deadline(&reg), 110 * SEC);
        dialled(0, 0, 100);
        dialled(1, 0, 100);
        /* Later rounds go to the lost one alone. */
        tick(110);
        ck_assert_uint_eq(actions(), 1);
        ck_assert_str_eq(nth(DO_DIAL, 0)->address.host, "m1");
        dialled(0, 13, 110);
        connected(13, 110);
        identified(13, false, LINE_BIT(LINE_3_5), 110);
        ck_assert_int_eq(nth(DO_SEND, 0)->message->type, MSG_REGISTER_WORKER);
        ck_assert_int_eq(registered(13, "m1", true, 111), REGISTRATION_ACCEPTED);
        ck_assert_uint_eq(reg.conn, 13);
        tick(126);
        ck_assert_uint_eq(nth(DO_SEND, 0)->conn, 13);
}
END_TEST

/* The master calls itself by another name than we do. */
START_TEST(test_which_address_to_go_back_to)
{
        config.prefer_configured_address = _i;
        (void)handle((WorkerEvent){ .type = ON_START }, 0);
        dialled(0, 11, 0);
        dialled(1, 0, 0);
        connected(11, 0);
        identified(11, false, LINE_BIT(LINE_3_5), 0);
        (void)registered(11, "m1.internal", false, 0);
        ck_assert_str_eq(reg.url, "spark://m1.internal:7077");
        closed(11, 50);
        dialled(0, 0, 50);
        dialled(1, 0, 50);
        tick(60);
        ck_assert_uint_eq(count(DO_DIAL), 1);
        ck_assert_str_eq(nth(DO_DIAL, 0)->address.host, _i ? "m1" : "m1.internal");
        dialled(nth(DO_DIAL, 0)->target, 14, 60);
        connected(14, 60);
        ck_assert_uint_eq(nth(DO_IDENTIFY, 0)->conn, 14);
}
END_TEST

START_TEST(test_reconnect_request)
{
        register_with_first(false);
        ck_assert_int_eq(said(MSG_RECONNECT_WORKER, 11, 40), REGISTRATION_NOTHING);
        /* The connection stands: it is used again; the other master is dialled. */
        ck_assert_uint_eq(count(DO_SEND), 1);
        ck_assert_int_eq(nth(DO_SEND, 0)->message->type, MSG_REGISTER_WORKER);
        ck_assert_uint_eq(count(DO_DIAL), 1);
        dialled(1, 0, 40);
        /* Asked twice, it happens once. */
        (void)said(MSG_RECONNECT_WORKER, 11, 41);
        ck_assert_uint_eq(actions(), 0);
        /* Heartbeats go on meanwhile. */
        tick(45);
        ck_assert_int_eq(nth(DO_SEND, 0)->message->type, MSG_HEARTBEAT);
        ck_assert_int_eq(registered(11, "m1", false, 46), REGISTRATION_ACCEPTED);
        ck_assert(!reg.retrying);
}
END_TEST

START_TEST(test_master_changed_over_its_own_connection)
{
        register_with_first(false);
        closed(11, 20);
        dialled(0, 0, 20);
        dialled(1, 0, 20);
        ck_assert_int_eq(said(MSG_MASTER_CHANGED, 77, 25), REGISTRATION_CHANGED);
        /* What it is is found out afterwards, over the same connection. */
        ck_assert_uint_eq(actions(), 1);
        ck_assert_uint_eq(nth(DO_IDENTIFY, 0)->conn, 77);
        ck_assert_str_eq(reg.url, "spark://m9:7079");
        ck_assert_uint_eq(reg.conn, 77);
        ck_assert(!reg.retrying && reg.connected);
        ck_assert_uint_eq(reg.lines, LINE_BIT(LINE_3_5));
        identified(77, true, LINES_ALL, 26);
        ck_assert(reg.sparkd);
        ck_assert_uint_eq(actions(), 0);
        tick(40);
        ck_assert_uint_eq(nth(DO_SEND, 0)->conn, 77);
        ck_assert_int_eq(nth(DO_SEND, 0)->message->type, MSG_HEARTBEAT);
        /* When it goes: all configured ones, then the new one alone, though it is not configured.
         */
        closed(77, 50);
        ck_assert_uint_eq(count(DO_DIAL), 2);
        dialled(0, 0, 50);
        dialled(1, 0, 50);
        tick(60);
        ck_assert_uint_eq(actions(), 1);
        ck_assert_str_eq(nth(DO_DIAL, 0)->address.host, "m9");
        ck_assert_uint_eq(nth(DO_DIAL, 0)->address.port, 7079);
}
END_TEST

START_TEST(test_old_master_closing_after_change)
{
        register_with_first(false);
        ck_assert_int_eq(said(MSG_MASTER_CHANGED, 77, 25), REGISTRATION_CHANGED);
        closed(11, 26);
        ck_assert(reg.connected);
        ck_assert_uint_eq(actions(), 0);
}
END_TEST

/* MasterChanged of the master at m1 itself, which has dialled us as we dial it. */
static void changed_to_first(uint64_t conn, uint64_t seconds)
{
        const Message m = { .type = MSG_MASTER_CHANGED,
                            .master_changed = { .master = { "Master", { "m1", 7077 } },
                                                .master_web_ui_url = "http://m1:8080" } };

        ck_assert_int_eq(handle((WorkerEvent){ .type = ON_MESSAGE,
                                               .conn = conn,
                                               .message = &m,
                                               .lines = LINE_BIT(LINE_3_5) },
                                seconds),
                         REGISTRATION_CHANGED);
}

START_TEST(test_master_dials_faster)
{
        register_with_first(true);
        closed(11, 20);
        dialled(0, 12, 20);
        dialled(1, 13, 20);
        changed_to_first(77, 20);
        connected(12, 21);
        connected(13, 21);
        identified(12, true, LINES_ALL, 21);
        ck_assert_uint_eq(nth(DO_CLOSE, 0)->conn, 12);
        ck_assert_uint_eq(actions(), 1);
        identified(13, true, LINES_ALL, 21); /* another master: it may be ours one day */
        ck_assert_uint_eq(actions(), 0);
        closed(12, 22);
        ck_assert_uint_eq(reg.conn, 77);
        ck_assert(reg.connected);
}
END_TEST

/* It comes to us while we have registered again, or were about to: ours is of no use any more. */
START_TEST(test_master_dials_later)
{
        register_with_first(true);
        closed(11, 20);
        dialled(0, 12, 20);
        connected(12, 20);
        identified(12, true, LINES_ALL, 20);
        if (_i == 1)
                (void)registered(12, "m1", false, 21);
        changed_to_first(77, 22);
        ck_assert_uint_eq(count(DO_CLOSE), 1);
        ck_assert_uint_eq(nth(DO_CLOSE, 0)->conn, 12);
        ck_assert_uint_eq(reg.conn, 77);
        ck_assert(reg.sparkd); /* as far as is known */
        ck_assert(registration_is_master(&reg, 77) && !registration_is_master(&reg, 12));
        closed(12, 23);
        ck_assert(reg.connected);
}
END_TEST

/* One of Spark's sends on both. */
START_TEST(test_orders_of_a_jvm_master)
{
        register_with_first(false);
        changed_to_first(77, 22);
        ck_assert_uint_eq(count(DO_CLOSE), 0);
        ck_assert(registration_is_master(&reg, 77) && registration_is_master(&reg, 11));
        ck_assert(!registration_is_master(&reg, 12));
}
END_TEST

/* The last master is there, but another one leads and does not know of us. */
START_TEST(test_all_masters_are_asked_again)
{
        register_with_first(true);
        closed(11, 20);
        dialled(0, 0, 20);
        dialled(1, 0, 20);
        for (uint64_t at = 30; at <= 40; at += 10) {
                tick(at);
                ck_assert_uint_eq(count(DO_DIAL), 1);
                dialled(0, 0, at);
        }
        tick(50);
        ck_assert_uint_eq(count(DO_DIAL), 2);
}
END_TEST

START_TEST(test_registering_leaves_what_the_master_dialled)
{
        register_with_first(_i == 0);
        closed(11, 20);
        changed_to_first(77, 20);
        (void)said(MSG_RECONNECT_WORKER, 77, 25);
        dialled(0, 12, 25);
        connected(12, 25);
        identified(12, _i == 0, LINE_BIT(LINE_3_5), 25);
        ck_assert_int_eq(registered(12, "m1", false, 26), REGISTRATION_ACCEPTED);
        ck_assert_uint_eq(reg.conn, 12);
        ck_assert_uint_eq(count(DO_CLOSE), _i == 0); /* a JVM would take it for our end */
        if (_i == 0)
                ck_assert_uint_eq(nth(DO_CLOSE, 0)->conn, 77);
        closed(77, 27);
        ck_assert(reg.connected);
}
END_TEST

START_TEST(test_nameless_master_is_ignored)
{
        static const EndpointRef refs[] = { { "Master", { NULL, 7077 } },
                                            { "Master", { "", 7077 } },
                                            { "Master", { "m", 0 } },
                                            { "Master", { "m", 65536 } },
                                            { "Master", { "m", -1 } } };
        const Message m = { .type = MSG_MASTER_CHANGED, .master_changed.master = refs[_i] };

        ck_assert_int_eq(handle((WorkerEvent){ .type = ON_MESSAGE, .conn = 5, .message = &m }, 0),
                         REGISTRATION_NOTHING);
        ck_assert(!reg.connected);
        ck_assert_uint_eq(actions(), 0);
}
END_TEST

START_TEST(test_no_engine_for_the_master)
{
        masters[1].port = 1;
        config.n_masters = 1;
        registration_done(&reg);
        ck_assert_int_eq(registration_init(&reg, &config), 0);
        registration_set_engines(&reg, LINE_BIT(LINE_4_3), (StringSeq){ 0 });
        (void)handle((WorkerEvent){ .type = ON_START }, 0);
        dialled(0, 11, 0);
        connected(11, 0);
        identified(11, false, LINE_BIT(LINE_3_5), 0);
        ck_assert_uint_eq(actions(), 1);
        ck_assert_uint_eq(nth(DO_CLOSE, 0)->conn, 11);
        ck_assert(logged("runs Spark 3.5, for which there is no engine here (only 4.3)"));
        /* It is not given up, and engines are looked for each time; but it is said once. */
        for (uint64_t i = 1, at = 10; i <= 40; i++, at += i <= 6 ? 10 : 60) {
                ck_assert_uint_eq(registration_deadline(&reg), at * SEC);
                tick(at);
                ck_assert_uint_eq(count(DO_RESCAN), 1);
                ck_assert_uint_eq(count(DO_DIAL), 1);
                ck_assert_uint_eq(count(DO_EXIT), 0);
                dialled(0, 11 + i, at);
                connected(11 + i, at);
                identified(11 + i, false, LINE_BIT(LINE_3_5), at);
                ck_assert(!logged("no engine"));
                closed(11 + i, at);
                ck_assert_uint_eq(actions(), 0);
        }
        /* An engine was installed. */
        tick(100000);
        registration_set_engines(&reg, LINE_BIT(LINE_3_5), (StringSeq){ 0 });
        dialled(0, 900, 100000);
        connected(900, 100000);
        identified(900, false, LINE_BIT(LINE_3_5), 100000);
        ck_assert_int_eq(nth(DO_SEND, 0)->message->type, MSG_REGISTER_WORKER);
}
END_TEST

START_TEST(test_unidentified)
{
        (void)handle((WorkerEvent){ .type = ON_START }, 0);
        dialled(0, 11, 0);
        dialled(1, 0, 0);
        connected(11, 0);
        (void)handle((WorkerEvent){ .type = ON_IDENTIFIED, .conn = 11, .error = -ETIMEDOUT }, 5);
        ck_assert_uint_eq(actions(), 1);
        ck_assert_uint_eq(nth(DO_CLOSE, 0)->conn, 11);
        ck_assert(logged("did not say which version"));
        closed(11, 5);
        ck_assert_uint_eq(actions(), 0);
        tick(10);
        ck_assert_uint_eq(count(DO_DIAL), 2);
}
END_TEST

START_TEST(test_stray_events)
{
        dialled(7, 21, 0);
        ck_assert_uint_eq(nth(DO_CLOSE, 0)->conn, 21);
        dialled(0, 22, 0);
        ck_assert_uint_eq(nth(DO_CLOSE, 0)->conn, 22);
        connected(23, 0);
        identified(23, true, LINES_ALL, 0);
        closed(23, 0);
        tick(0);
        ck_assert_uint_eq(actions(), 0);
        ck_assert_uint_eq(registration_deadline(&reg), UINT64_MAX);
}
END_TEST

/* The process ends and the next one begins, at the time `seconds`, with what was saved. */
static int restart(json_t *saved, uint64_t seconds)
{
        char *text = json_dumps(saved, JSON_ENCODE_ANY);
        json_t *read = json_loads(text, JSON_DECODE_ANY, NULL);
        int r;

        tear_down();
        set_up();
        r = registration_resume(&reg, read, seconds * SEC, &fx);
        json_decref(read);
        json_decref(saved);
        free(text);
        return r;
}

START_TEST(test_restart)
{
        register_with_first(_i == 1);
        ck_assert_int_eq(restart(registration_save(&reg), 7), 0);
        ck_assert_uint_eq(actions(), 1);
        ck_assert_int_eq(nth(DO_SEND, 0)->message->type, MSG_HEARTBEAT);
        ck_assert_uint_eq(nth(DO_SEND, 0)->conn, 11);
        ck_assert(reg.connected && reg.registered && reg.known && !reg.retrying);
        ck_assert_str_eq(reg.url, "spark://m1:7077");
        ck_assert_str_eq(reg.web_ui_url, "http://m:8080");
        ck_assert(reg.sparkd == (_i == 1));
        ck_assert_uint_eq(reg.lines, LINE_BIT(LINE_3_5));
        ck_assert_uint_eq(registration_deadline(&reg), 22 * SEC);
        /* Engines that have come meanwhile are told to our own master, over that connection. */
        (void)handle((WorkerEvent){ .type = ON_ENGINES }, 7);
        ck_assert_uint_eq(actions(), _i);
        /* Its end is the end of this tie, as ever. */
        closed(11, 8);
        ck_assert_uint_eq(count(DO_DIAL), 2);
}
END_TEST

START_TEST(test_restart_after_a_change)
{
        register_with_first(false);
        if (_i == 1)
                closed(11, 4);
        ck_assert_int_eq(said(MSG_MASTER_CHANGED, 77, 5), REGISTRATION_CHANGED);
        ck_assert_int_eq(restart(registration_save(&reg), 9), 0);
        ck_assert_str_eq(reg.url, "spark://m9:7079");
        ck_assert_uint_eq(nth(DO_SEND, 0)->conn, 77);
        closed(11, 10);
        ck_assert_uint_eq(actions(), 0);
}
END_TEST

/* The next process knows of no connection but the one to its master. */
START_TEST(test_leave)
{
        register_with_first(true);
        dialled(1, 0, 0);
        (void)said(MSG_RECONNECT_WORKER, 11, 5);
        dialled(1, 13, 5);
        connected(13, 5);
        worker_effects_done(&fx);
        registration_close_others(&reg, &fx);
        ck_assert_uint_eq(actions(), 1);
        ck_assert_uint_eq(nth(DO_CLOSE, 0)->conn, 13);
}
END_TEST

START_TEST(test_restart_without_a_tie)
{
        json_t *saved;

        (void)handle((WorkerEvent){ .type = ON_START }, 0);
        saved = registration_save(&reg);
        ck_assert(json_is_null(saved));
        ck_assert_int_eq(restart(saved, 1), -ENOENT);
        ck_assert(!reg.connected && !reg.known);
        ck_assert_uint_eq(actions(), 0);
}
END_TEST

START_TEST(test_restart_with_another_master)
{
        json_t *saved, *list;

        register_with_first(true);
        saved = registration_save(&reg);
        list = json_object_get(saved, "masters");
        ck_assert_uint_eq(json_array_size(list), 2);
        ck_assert_int_eq(json_array_remove(list, 1), 0);
        ck_assert_int_eq(restart(saved, 1), -ENOENT);
        ck_assert(!reg.connected && !reg.known);
        /* The one that was must not go on to count on us. */
        ck_assert_uint_eq(actions(), 1);
        ck_assert_uint_eq(nth(DO_CLOSE, 0)->conn, 11);
}
END_TEST

/* Whatever is missing or of another kind, nothing is taken up. */
START_TEST(test_restart_with_nonsense)
{
        json_t *saved;
        const char *key;
        json_t *value;

        register_with_first(true);
        saved = registration_save(&reg);
        tear_down();
        json_object_foreach(saved, key, value)
        {
                json_t *less = json_deep_copy(saved), *other = json_deep_copy(saved);

                ck_assert_int_eq(json_object_del(less, key), 0);
                ck_assert_int_eq(json_object_set_new(other, key, json_object()), 0);
                set_up();
                ck_assert_int_eq(registration_resume(&reg, less, 0, &fx), -EBADMSG);
                ck_assert_int_eq(registration_resume(&reg, other, 0, &fx), -EBADMSG);
                ck_assert(!reg.connected && !reg.url);
                tear_down();
                json_decref(less);
                json_decref(other);
        }
        json_decref(saved);
        set_up();
}
END_TEST

int main(void)
{
        Suite *suite = suite_create("registration");
        TCase *tc = tcase_create("registration");

        tcase_add_checked_fixture(tc, set_up, tear_down);
        tcase_add_test(tc, test_first_contact);
        tcase_add_test(tc, test_our_master_hears_of_engines);
        tcase_add_loop_test(tc, test_our_master_hears_of_limits, 0, 2);
        tcase_add_test(tc, test_our_master_hears_of_a_new_engine);
        tcase_add_test(tc, test_a_jvm_master_does_not_hear_of_engines);
        tcase_add_test(tc, test_accepted);
        tcase_add_test(tc, test_duplicate_is_harmless);
        tcase_add_test(tc, test_retries_and_gives_up);
        tcase_add_test(tc, test_jitter_scales_both_paces);
        tcase_add_test(tc, test_standby_is_asked_again);
        tcase_add_test(tc, test_slow_connection_is_not_dialled_twice);
        tcase_add_test(tc, test_second_master_stays_quiet_when_first_accepts);
        tcase_add_test(tc, test_refused);
        tcase_add_test(tc, test_refused_when_registered_is_ignored);
        tcase_add_test(tc, test_disconnect_starts_over_with_all);
        tcase_add_loop_test(tc, test_which_address_to_go_back_to, 0, 2);
        tcase_add_test(tc, test_reconnect_request);
        tcase_add_test(tc, test_master_changed_over_its_own_connection);
        tcase_add_test(tc, test_old_master_closing_after_change);
        tcase_add_test(tc, test_master_dials_faster);
        tcase_add_loop_test(tc, test_master_dials_later, 0, 2);
        tcase_add_test(tc, test_orders_of_a_jvm_master);
        tcase_add_test(tc, test_all_masters_are_asked_again);
        tcase_add_loop_test(tc, test_registering_leaves_what_the_master_dialled, 0, 2);
        tcase_add_loop_test(tc, test_nameless_master_is_ignored, 0, 5);
        tcase_add_test(tc, test_no_engine_for_the_master);
        tcase_add_test(tc, test_unidentified);
        tcase_add_test(tc, test_stray_events);
        tcase_add_loop_test(tc, test_restart, 0, 2);
        tcase_add_loop_test(tc, test_restart_after_a_change, 0, 2);
        tcase_add_test(tc, test_leave);
        tcase_add_test(tc, test_restart_without_a_tie);
        tcase_add_test(tc, test_restart_with_another_master);
        tcase_add_test(tc, test_restart_with_nonsense);
        suite_add_tcase(suite, tc);
        return unit_run(suite);
}
