/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The master on a disk that fails. A scripted run is done in a child with a store beneath it; the
 * child ends at each call that changes a file in turn, or the call fails. What a new master loads
 * must be the state behind the last batch whose effects left, or the one under way; and behind a
 * failure that the master survives, once the disk works again, just what it has.
 */
#include "daemons/master/keeper.h"

#include <errno.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "master-rig.h"
#include "tests/unit/fault-vfs.h"
#include "tests/unit/unit.h"

#define STATES_MAX 16
#define CALLS_MAX  400 /* more than the script makes */

#define NOT_OPENED 4 /* the child's status when the fault came so early */

/* What parent and child share. */
typedef struct Shared {
        unsigned left; /* batches whose effects were carried out */
} Shared;

static Shared *shared;

/* ---- a state as text ---- */

typedef struct Dump {
        const Master *master;
        Buffer *out;
} Dump;

static int dump_one(void *user, RecordKind kind, const char *key)
{
        Dump *d = user;
        buffer_printf(d->out, "%d %s ", (int)kind, key);
        return master_record(d->master, kind, key, d->out);
}

static void dump(const Master *m, Buffer *out)
{
        Dump d = { m, out };
        ck_assert_int_eq(master_each_record(m, dump_one, &d), 0);
}

/* ---- the script ---- */

static Rig rig;
static char app_a[64], app_b[64];

static void keep_id(char id[static 64], const char *from)
{
        (void)snprintf(id, 64, "%s", from ? from : "");
}

static void register_app(ConnId conn, const char *name, char id[static 64])
{
        ApplicationDescription desc = rig_app(&rig, name, 3, 1, 1024);
        rig_register_app(&rig, conn, &desc);
        keep_id(id, "");
        for (const App *app = master_apps(rig.m); app; app = app->next)
                if (strcmp(app->desc.name, name) == 0)
                        keep_id(id, app->id);
}

static void step_worker(void)
{
        rig_register_worker(&rig, 1, "w1", 1, 4, 8192);
}

static void step_app(void)
{
        register_app(11, "a", app_a);
}

static void step_profile(void)
{
        ResourceProfile p = rig_profile(&rig, 2, 1, 512, NULL, 0);
        rig_request_executors(&rig, 11, app_a, &p, 1);
}

static void step_other_worker(void)
{
        rig_register_worker(&rig, 2, "w2", 2, 4, 8192);
}

static void step_other_app(void)
{
        register_app(12, "b", app_b);
}

static void step_executor_ends(void)
{
        rig_executor_state(&rig, 1, app_a, 0, EXECUTOR_EXITED, 1);
}

static void step_driver(void)
{
        Message msg = { .type = MSG_REQUEST_SUBMIT_DRIVER };
        msg.request_submit_driver.driver_description = (DriverDescription){
                .jar_url = "file:/x.jar", .mem = 256, .cores = 1, .command.main_class = "Main"
        };
        rig_ask(&rig, 13, &msg);
}

static void step_app_ends(void)
{
        Message msg = { .type = MSG_UNREGISTER_APPLICATION,
                        .unregister_application = { .app_id = app_b } };
        rig_tell(&rig, 12, &msg);
}

static void step_worker_lost(void)
{
        rig_close(&rig, 2);
}

static void (*const steps[])(void) = {
        step_worker,        step_app,    step_profile,  step_other_worker, step_other_app,
        step_executor_ends, step_driver, step_app_ends, step_worker_lost,
};

/* As the actor does it: durable first, then the effects leave, or are taken back. */
static bool carry_out(Keeper *k, bool *unkept)
{
        if (!*unkept && keeper_commit(k, rig.m, &rig.out) != 0) {
                const MasterEvent event = { .type = EVENT_STORE, .text = keeper_message(k) };
                *unkept = true;
                ck_assert_int_eq(master_handle(rig.m, rig.time, &event, &rig.out), 0);
                for (const MasterEffect *e = rig.out.first; e; e = e->next)
                        ck_assert(!e->promise || e->type == EFFECT_NONE);
        }
        return !*unkept;
}

static void run_script(Keeper *k)
{
        bool unkept = false;
        for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
                steps[i]();
                if (carry_out(k, &unkept))
                        shared->left++;
                rig.time.wall += 1000000;
        }
        /* The timer: once the disk works again, all of it. */
        for (unsigned i = 0; unkept && i < 6; i++)
                unkept = keeper_resync(k, rig.m) != 0;
        ck_assert(!unkept);
}

/* ---- what is to be found ---- */

static Buffer states[STATES_MAX]; /* behind each step, of a run without faults */

static void expect_states(const char *directory)
{
        char message[KEEPER_MESSAGE_MAX];
        Keeper *k = NULL;
        rig_init(&rig, NULL);
        ck_assert_int_eq(keeper_open(directory, &k, message), 0);
        dump(rig.m, &states[0]);
        for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
                bool unkept = false;
                steps[i]();
                ck_assert(carry_out(k, &unkept));
                rig.time.wall += 1000000;
                dump(rig.m, &states[i + 1]);
        }
        keeper_free(k);
        rig_done(&rig);
}

static bool is_state(const Buffer *found, unsigned i)
{
        return i <= ARRAY_SIZE(steps) && found->size == states[i].size &&
               memcmp(found->data, states[i].data, found->size) == 0;
}

/* Loads what is there into a machine, which begins; its state as text. */
static void load(const char *directory, Buffer *out)
{
        char message[KEEPER_MESSAGE_MAX] = "";
        Keeper *k = NULL;
        Rig loaded;
        rig_init(&loaded, NULL);
        ck_assert_msg(keeper_open(directory, &k, message) == 0, "%s", message);
        ck_assert_msg(keeper_load(k, loaded.m, loaded.time, message) == 0, "%s", message);
        dump(loaded.m, out);
        rig_event(&loaded, (MasterEvent){ .type = EVENT_START });
        for (const Worker *w = master_workers(loaded.m); w; w = w->next)
                ck_assert(w->cores_used <= w->cores && w->memory_used <= w->memory);
        keeper_free(k);
        rig_done(&loaded);
}

/* The child's part. 0: it got to the end; its last state is in DIR/end. */
static int child(const char *directory, const FaultPlan *plan)
{
        CLEANUP_BUFFER Buffer end = BUFFER_INIT(0);
        char message[KEEPER_MESSAGE_MAX], path[128];
        Keeper *k = NULL;
        rig_init(&rig, NULL);
        fault_vfs_plan(plan);
        if (keeper_open(directory, &k, message) != 0)
                return fault_vfs_happened() ? NOT_OPENED : 1;
        run_script(k);
        dump(rig.m, &end);
        (void)snprintf(path, sizeof(path), "%s/end", directory);
        FILE *f = fopen(path, "we");
        if (!f || fwrite(end.data, 1, end.size, f) != end.size || fclose(f) != 0)
                return 2;
        keeper_free(k);
        return fault_vfs_happened() ? 0 : 3;
}

static size_t read_end(const char *directory, char *buffer, size_t size)
{
        char path[128];
        (void)snprintf(path, sizeof(path), "%s/end", directory);
        FILE *f = fopen(path, "re");
        ck_assert_ptr_nonnull(f);
        size_t n = fread(buffer, 1, size, f);
        ck_assert_int_eq(fclose(f), 0);
        return n;
}

/* One run with this fault. False when the script makes fewer calls than that. */
static bool run_with(const FaultPlan *plan)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_BUFFER Buffer found = BUFFER_INIT(0);
        static char end[65536];
        int status;
        shared->left = 0;
        /* The file is made without faults: they are of the master's daily work. */
        Keeper *k = NULL;
        char message[KEEPER_MESSAGE_MAX];
        ck_assert_int_eq(keeper_open(dir.path, &k, message), 0);
        keeper_free(k);
        const pid_t pid = fork();
        if (pid == 0)
                _exit(child(dir.path, plan));
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_msg(WIFEXITED(status), "fault %d at %u: killed by %d", (int)plan->kind, plan->at,
                      WTERMSIG(status));
        load(dir.path, &found);
        if (WEXITSTATUS(status) == NOT_OPENED) {
                ck_assert(is_state(&found, 0));
                return true;
        }
        if (WEXITSTATUS(status) == FAULT_EXIT_STATUS) {
                ck_assert_msg(is_state(&found, shared->left) || is_state(&found, shared->left + 1),
                              "fault %d at %u, %u batches had left: another state", (int)plan->kind,
                              plan->at, shared->left);
                return true;
        }
        ck_assert_msg(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 3,
                      "fault %d at %u: status %d", (int)plan->kind, plan->at, WEXITSTATUS(status));
        size_t n = read_end(dir.path, end, sizeof(end));
        ck_assert_msg(n == found.size && memcmp(end, found.data, n) == 0,
                      "fault %d, code %d at %u: not what the master had", (int)plan->kind,
                      plan->code, plan->at);
        return WEXITSTATUS(status) == 0;
}

static void run_all(FaultPlan plan)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                      0);
        ck_assert_ptr_ne(shared, MAP_FAILED);
        expect_states(dir.path);
        for (plan.at = 1; plan.at < CALLS_MAX && run_with(&plan); plan.at++)
                plan.seed = plan.at * 31;
        ck_assert_uint_gt(plan.at, ARRAY_SIZE(steps)); /* at least a write for each */
        ck_assert_uint_lt(plan.at, CALLS_MAX);
        for (size_t i = 0; i < STATES_MAX; i++)
                buffer_done(&states[i]);
        ck_assert_int_eq(munmap(shared, sizeof(*shared)), 0);
}

START_TEST(the_process_ends)
{
        static const FaultKind kinds[] = { FAULT_EXIT, FAULT_TORN, FAULT_POWER_CUT };
        run_all((FaultPlan){ .kind = kinds[_i] });
}
END_TEST

START_TEST(the_call_fails)
{
        static const struct {
                int code, error;
                unsigned count;
        } faults[] = {
                { SQLITE_FULL, ENOSPC, 1 },
                { SQLITE_FULL, ENOSPC, 4 },
                { SQLITE_IOERR_WRITE, EIO, 1 },
                { SQLITE_IOERR_FSYNC, EIO, 2 },
        };
        run_all((FaultPlan){ .kind = FAULT_ERROR,
                             .code = faults[_i].code,
                             .error = faults[_i].error,
                             .count = faults[_i].count });
}
END_TEST

int main(void)
{
        Suite *s = suite_create("keeper-faults");
        TCase *c = tcase_create("keeper-faults");
        tcase_set_timeout(c, 120);
        tcase_add_loop_test(c, the_process_ends, 0, 3);
        tcase_add_loop_test(c, the_call_fails, 0, 4);
        suite_add_tcase(s, c);
        return unit_run(s);
}
