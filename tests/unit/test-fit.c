/* SPDX-License-Identifier: Apache-2.0 */
/* Placement by limits: what a worker of ours declares, and what follows for who goes where. */
#include <stdlib.h>
#include <string.h>

#include "master-rig.h"
#include "tests/unit/unit.h"

static Rig rig;

static void set_up(void)
{
        rig_init(&rig, NULL);
}

static void tear_down(void)
{
        rig_done(&rig);
}

/* A worker of ours with 8 cores and 8 GiB; `limits` NULL-terminated, NULL: declares none. */
static void add_ours(ConnId conn, const char *id, const char **limits)
{
        const char *engine = "4.3.0";
        struct ResourceEntry declared[] = {
                { "sparkd.engines", { "sparkd.engines", { &engine, 1 } } },
                { "sparkd.limits", { "sparkd.limits", { limits, 0 } } },
        };
        Message msg = { .type = MSG_REGISTER_WORKER };
        while (limits && limits[declared[1].value.addresses.length])
                declared[1].value.addresses.length++;
        msg.register_worker.id = id;
        msg.register_worker.host = id;
        msg.register_worker.port = 1;
        msg.register_worker.cores = 8;
        msg.register_worker.memory = 8192;
        msg.register_worker.worker = (EndpointRef){ "Worker", { id, 1 } };
        msg.register_worker.resources = (ResourceMap){ declared, limits ? 2 : 1 };
        rig_tell(&rig, conn, &msg);
        (void)rig_sent(&rig, conn, MSG_REGISTERED_WORKER);
}

static void add_limited(ConnId conn, const char *id, const char *memory)
{
        const char *limits[] = { memory, "overhead-percent=10", "overhead-min=384", NULL };
        add_ours(conn, id, limits);
}

static void add_to_profile(ResourceProfile *p, const char *name, int64_t amount)
{
        size_t n = p->executor_resources.length;
        struct ExecutorResourceEntry *items =
                arena_alloc_array(&rig.arena, n + 1, sizeof(struct ExecutorResourceEntry));
        memcpy(items, p->executor_resources.items, n * sizeof(*items));
        items[n] = (struct ExecutorResourceEntry){
                name,
                { .resource_name = name, .amount = amount, .discovery_script = "", .vendor = "" },
        };
        p->executor_resources.items = items;
        p->executor_resources.length = n + 1;
}

static int64_t amount_of(const ResourceProfile *p, const char *name)
{
        for (size_t i = 0; i < p->executor_resources.length; i++)
                if (strcmp(p->executor_resources.items[i].key, name) == 0)
                        return p->executor_resources.items[i].value.amount;
        return -1;
}

/* Where the next executor goes. */
static const char *placed(ConnId driver)
{
        (void)rig_sent(&rig, 0, MSG_LAUNCH_EXECUTOR);
        return rig_sent(&rig, driver, MSG_EXECUTOR_ADDED)->executor_added.worker_id;
}

static const char *why(const char *app)
{
        static char text[APP_EXPLAIN_MAX];
        return master_explain_app(rig.m, master_app(rig.m, app), text);
}

START_TEST(declarations)
{
        static const struct {
                const char *limits[6];
                int memory; /* 0: not taken */
        } cases[] = {
                { { "memory=4096", "overhead-percent=10", "overhead-min=384" }, 4096 },
                { { "overhead-min=0", "overhead-percent=0", "memory=1" }, 1 },
                { { "memory=4096", "overhead-percent=10", "overhead-min=384", "swap=1" }, 4096 },
                { { "memory=4096", "overhead-percent=10" }, 0 },
                { { "memory=4096", "overhead-percent=10", "overhead-min=384", "memory=1" }, 0 },
                { { "memory=0", "overhead-percent=10", "overhead-min=384" }, 0 },
                { { "memory=2147483648", "overhead-percent=10", "overhead-min=384" }, 0 },
                { { "memory=4096m", "overhead-percent=10", "overhead-min=384" }, 0 },
                { { "memory=4096", "overhead-percent=1001", "overhead-min=384" }, 0 },
                { { "memory=4096", "overhead-percent=10", "overhead-min=-1" }, 0 },
                { { "memory=4096", "overhead-percent=10", "overhead-min=384", "4096" }, 0 },
        };
        const char *limits[6];
        memcpy(limits, cases[_i].limits, sizeof(limits));
        add_ours(1, "w", limits);
        const Worker *w = master_worker(rig.m, "w");
        ck_assert_int_eq(w->limits.memory, cases[_i].memory);
        ck_assert_int_eq(rig_logged(&rig, "cannot be understood"), cases[_i].memory == 0);
        ck_assert_uint_eq(w->n_resources, 0);
}
END_TEST

START_TEST(a_jvm_worker_declares_nothing)
{
        const char *addresses[] = { "memory=1", "overhead-percent=0", "overhead-min=0" };
        rig_add_worker_with(&rig, 1, "w", "sparkd.limits", addresses, 3);
        ck_assert_int_eq(master_worker(rig.m, "w")->limits.memory, 0);
        rig_new_app(&rig, 100, 0, 1, 1024);
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 8);
}
END_TEST

/* Heap is there for eight; their limits, of 1408 MiB, fit four times into 6000. */
START_TEST(as_many_as_limits_allow)
{
        add_limited(1, "w", "memory=6000");
        const char *app = rig_new_app(&rig, 100, 0, 1, 1024);
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 4);
        ck_assert_int_eq(master_worker(rig.m, "w")->limits.used, 4 * 1408);
        rig_executor_state(&rig, 1, app, 2, EXECUTOR_EXITED, 0);
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 1); /* its place is taken again */
        rig_close(&rig, 100);
        ck_assert_int_eq(master_worker(rig.m, "w")->limits.used, 0);
}
END_TEST

START_TEST(the_next_worker)
{
        add_limited(1, "w2", "memory=1407");
        add_limited(2, "w1", "memory=1408");
        rig_new_app(&rig, 100, 1, 1, 1024); /* w2 is first in the order */
        ck_assert_str_eq(placed(100), "w1");
}
END_TEST

START_TEST(a_jvm_worker_takes_it)
{
        add_limited(1, "w2", "memory=1407");
        rig_add_worker(&rig, 2, "w1");
        rig_new_app(&rig, 100, 1, 1, 1024);
        ck_assert_str_eq(placed(100), "w1");
        ck_assert_int_eq(master_worker(rig.m, "w1")->limits.used, 0);
}
END_TEST

/* The mildest rule sends the search to a worker with a stricter one. */
START_TEST(rules_differ)
{
        const char *strict[] = { "memory=2000", "overhead-percent=100", "overhead-min=384", NULL };
        const char *mild[] = { "memory=1024", "overhead-percent=0", "overhead-min=0", NULL };
        add_ours(1, "w9", strict);
        add_ours(2, "w1", mild);
        const char *app = rig_new_app(&rig, 100, 2, 1, 1024);
        ck_assert_str_eq(placed(100), "w1");
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 0);
        ck_assert_str_eq(why(app), "");
}
END_TEST

START_TEST(waits_for_others_to_end)
{
        add_limited(1, "w", "memory=2000");
        const char *first = rig_new_app(&rig, 100, 1, 1, 1024);
        ck_assert_str_eq(placed(100), "w");
        const char *second = rig_new_app(&rig, 101, 1, 1, 1024);
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 0);
        ck_assert_ptr_nonnull(strstr(why(second), "no worker's executors leave room for a limit of "
                                                  "1408 MiB (heap 1024 + overhead 384) at "
                                                  "present"));
        ck_assert(!rig_logged(&rig, "limit of"));
        Message msg = { .type = MSG_UNREGISTER_APPLICATION,
                        .unregister_application = { .app_id = first } };
        rig_tell(&rig, 100, &msg);
        ck_assert_str_eq(placed(101), "w");
}
END_TEST

START_TEST(can_never_be)
{
        static const char sentence[] = "waits: an executor needs a limit of 5120 MiB (heap 4096 + "
                                       "overhead 409 + off-heap 600 + PySpark 15), and no worker's "
                                       "executors may take so much: at most 4000 MiB, on w2";
        add_limited(1, "w1", "memory=3000");
        add_limited(2, "w2", "memory=4000");
        ApplicationDescription desc = rig_app(&rig, "app", 0, 1, 4096);
        add_to_profile(&desc.default_profile, "offHeap", 600);
        add_to_profile(&desc.default_profile, "pyspark.memory", 15);
        rig_register_app(&rig, 100, &desc);
        const char *app = arena_strdup(
                &rig.arena,
                rig_sent(&rig, 100, MSG_REGISTERED_APPLICATION)->registered_application.app_id);
        ck_assert(rig_logged(&rig, sentence));
        ck_assert_ptr_nonnull(strstr(why(app), sentence));
        rig_waiting_told(&rig, 100, sentence);
        add_limited(3, "w3", "memory=3000");
        ck_assert(!rig_logged(&rig, "limit of")); /* once */
        ck_assert_uint_eq(rig_count(&rig, MSG_EXECUTOR_UPDATED), 0);
        rig_add_worker(&rig, 4, "w4");
        ck_assert_str_eq(placed(100), "w4");
}
END_TEST

START_TEST(heap_of_no_worker)
{
        static const char sentence[] = "waits: an executor needs 1 core and 9000 MiB of memory, "
                                       "which no worker that runs its Spark version has";
        rig_new_app(&rig, 99, 0, 1, 9000);
        ck_assert_uint_eq(rig_count(&rig, MSG_EXECUTOR_UPDATED), 0); /* the first may come yet */
        add_limited(1, "w1", "memory=12000");
        ck_assert(rig_logged(&rig, sentence));
        rig_waiting_told(&rig, 99, sentence);
        add_limited(2, "w2", "memory=12000");
        ck_assert(!rig_logged(&rig, "waits")); /* once */
}
END_TEST

/* The profile says what it says, the default one the rest; and a worker of ours is told that. */
START_TEST(profiles_of_their_own)
{
        add_limited(1, "w", "memory=8000");
        ApplicationDescription desc = rig_app(&rig, "app", 0, 1, 1024);
        add_to_profile(&desc.default_profile, "memoryOverhead", 500);
        desc.initial_executor_limit = (OptInt){ true, 1 };
        rig_register_app(&rig, 100, &desc);
        const char *app = arena_strdup(
                &rig.arena,
                rig_sent(&rig, 100, MSG_REGISTERED_APPLICATION)->registered_application.app_id);
        const Message *msg = rig_sent(&rig, 1, MSG_LAUNCH_EXECUTOR);
        ck_assert_int_eq(amount_of(&msg->launch_executor.app_desc.default_profile, "memory"), 1024);
        ck_assert_int_eq(master_worker(rig.m, "w")->limits.used, 1524);

        ResourceProfile profile = rig_profile(&rig, 3, 2, 2048, NULL, 0);
        add_to_profile(&profile, "pyspark.memory", 100);
        rig_request_executors(&rig, 100, app, &profile, 1);
        msg = rig_sent(&rig, 1, MSG_LAUNCH_EXECUTOR);
        const ResourceProfile *told = &msg->launch_executor.app_desc.default_profile;
        ck_assert_int_eq(msg->launch_executor.rp_id, 3);
        ck_assert_int_eq(told->id, 3);
        ck_assert_int_eq(amount_of(told, "cores"), 2);
        ck_assert_int_eq(amount_of(told, "memory"), 2048);
        ck_assert_int_eq(amount_of(told, "memoryOverhead"), 500);
        ck_assert_int_eq(amount_of(told, "pyspark.memory"), 100);
        ck_assert_int_eq(master_worker(rig.m, "w")->limits.used, 1524 + 2648);

        /* One that never fits is named, though others run. */
        ResourceProfile large = rig_profile(&rig, 5, 1, 8000, NULL, 0);
        rig_request_executors(&rig, 100, app, &large, 1);
        ck_assert(rig_logged(&rig, "an executor of resource profile 5 needs a limit of 8500 MiB"));
        ck_assert_ptr_nonnull(strstr(why(app), "resource profile 5"));
}
END_TEST

START_TEST(a_jvm_worker_is_told_the_default_profile)
{
        rig_add_worker(&rig, 1, "w");
        const char *app = rig_new_app(&rig, 100, 1, 1, 1024);
        (void)rig_sent(&rig, 1, MSG_LAUNCH_EXECUTOR);
        rig_executor_state(&rig, 1, app, 0, EXECUTOR_EXITED, 0);
        rig_close(&rig, 100);

        ApplicationDescription desc = rig_app(&rig, "app", 0, 1, 1024);
        desc.initial_executor_limit = (OptInt){ true, 0 };
        rig_register_app(&rig, 101, &desc);
        app = arena_strdup(
                &rig.arena,
                rig_sent(&rig, 101, MSG_REGISTERED_APPLICATION)->registered_application.app_id);
        ResourceProfile profile = rig_profile(&rig, 3, 2, 2048, NULL, 0);
        rig_request_executors(&rig, 101, app, &profile, 1);
        const Message *msg = rig_sent(&rig, 1, MSG_LAUNCH_EXECUTOR);
        ck_assert_int_eq(msg->launch_executor.rp_id, 3);
        ck_assert_int_eq(msg->launch_executor.app_desc.default_profile.id, 0);
        ck_assert_int_eq(amount_of(&msg->launch_executor.app_desc.default_profile, "memory"), 1024);
}
END_TEST

START_TEST(other_limits_after_a_restart)
{
        add_limited(1, "w", "memory=1407");
        rig_new_app(&rig, 100, 0, 1, 1024);
        ck_assert(rig_logged(&rig, "may take so much"));
        add_limited(1, "w", "memory=3000");
        ck_assert(rig_logged(&rig, "executors may take 3000 MiB"));
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 2);
        ck_assert_int_eq(master_worker(rig.m, "w")->limits.used, 2 * 1408);
        add_limited(1, "w", "memory=2000"); /* less than what runs: it goes on */
        rig_new_app(&rig, 101, 1, 1, 1024);
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_EXECUTOR), 0);
}
END_TEST

static void submit(int mem)
{
        Message msg = { .type = MSG_REQUEST_SUBMIT_DRIVER };
        msg.request_submit_driver.driver_description = (DriverDescription){
                .jar_url = "file:/app.jar", .mem = mem, .cores = 1, .command.main_class = "Main"
        };
        rig_ask(&rig, 200, &msg);
        ck_assert(rig_replied(&rig, MSG_SUBMIT_DRIVER_RESPONSE)->submit_driver_response.success);
}

START_TEST(drivers_too)
{
        add_limited(1, "w", "memory=3000");
        submit(1024);
        const char *id = arena_strdup(
                &rig.arena, rig_sent(&rig, 1, MSG_LAUNCH_DRIVER)->launch_driver.driver_id);
        ck_assert_int_eq(master_worker(rig.m, "w")->limits.used, 1408);
        submit(2048); /* 2432: later */
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_DRIVER), 0);
        ck_assert(!rig_logged(&rig, "limit of"));
        Message msg = { .type = MSG_DRIVER_STATE_CHANGED,
                        .driver_state_changed = { .driver_id = id, .state = DRIVER_FINISHED } };
        rig_tell(&rig, 1, &msg);
        (void)rig_sent(&rig, 1, MSG_LAUNCH_DRIVER);
        ck_assert_int_eq(master_worker(rig.m, "w")->limits.used, 2432);
        submit(4096);
        ck_assert(
                rig_logged(&rig, "waits: it needs a limit of 4505 MiB (heap 4096 + overhead 409)"));
        ck_assert_uint_eq(rig_count(&rig, MSG_LAUNCH_DRIVER), 0);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("fit");
        TCase *c = tcase_create("fit");
        tcase_add_checked_fixture(c, set_up, tear_down);
        tcase_add_loop_test(c, declarations, 0, 11);
        tcase_add_test(c, a_jvm_worker_declares_nothing);
        tcase_add_test(c, as_many_as_limits_allow);
        tcase_add_test(c, the_next_worker);
        tcase_add_test(c, a_jvm_worker_takes_it);
        tcase_add_test(c, rules_differ);
        tcase_add_test(c, waits_for_others_to_end);
        tcase_add_test(c, can_never_be);
        tcase_add_test(c, heap_of_no_worker);
        tcase_add_test(c, profiles_of_their_own);
        tcase_add_test(c, a_jvm_worker_is_told_the_default_profile);
        tcase_add_test(c, other_limits_after_a_restart);
        tcase_add_test(c, drivers_too);
        suite_add_tcase(s, c);
        return unit_run(s);
}
