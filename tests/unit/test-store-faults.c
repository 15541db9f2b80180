/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store on a disk that fails at each of its calls in turn, and under a process or a host that
 * ends there. A script of entries is run in a child; what the file then holds must be the state
 * after a whole number of entries: all that were committed, and at most the one under way.
 */
#include "store/store.h"

#include <errno.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/buffer.h"
#include "store/store-private.h"
#include "tests/unit/fault-vfs.h"
#include "tests/unit/unit.h"

#define ENTRIES         12
#define KEYS            5
#define RECORD_MAX      9000 /* more than two pages */
#define CHECKPOINT_AT   8    /* pages in the log, for several checkpoints in the script */
#define FAULT_CALLS_MAX 5000

/* ---- the script, and what each entry leads to ---- */

typedef struct Operation {
        int kind;
        char key[8];
        bool delete;
        size_t size;
        uint8_t fill;
} Operation;

/* The `i`th operation of entry `entry` (from 1). */
static Operation operation(unsigned entry, unsigned i)
{
        uint64_t x = (entry * 1000 + i + 1) * UINT64_C(0x9e3779b97f4a7c15);
        Operation o = { .kind = (int)((x >> 8) % 2), .delete = (x >> 16) % 4 == 0 };
        (void)snprintf(o.key, sizeof(o.key), "k%u", (unsigned)((x >> 24) % KEYS));
        o.size = (x >> 32) % 5 == 0 ? RECORD_MAX : (x >> 40) % 300;
        o.fill = (uint8_t)('a' + (x >> 56) % 26);
        return o;
}

static unsigned operations(unsigned entry)
{
        return 1 + entry * 7 % 4;
}

typedef struct Model {
        Operation records[2 * KEYS];
        size_t n;
} Model;

static void model_apply(Model *m, const Operation *o)
{
        size_t i = 0;
        while (i < m->n &&
               (m->records[i].kind != o->kind || strcmp(m->records[i].key, o->key) != 0))
                i++;
        if (!o->delete)
                m->records[i] = *o;
        if (!o->delete &&i == m->n)
                m->n++;
        if (o->delete &&i < m->n) {
                memmove(&m->records[i], &m->records[i + 1], (m->n - i - 1) * sizeof(m->records[0]));
                m->n--;
        }
}

typedef struct Check {
        Model model;
        size_t n;
        bool wrong;
} Check;

static int check_record(void *userdata, int kind, const char *key, const void *data, size_t size)
{
        Check *c = userdata;
        const Operation *o = &c->model.records[c->n];
        c->wrong = c->wrong || c->n >= c->model.n || o->kind != kind || strcmp(o->key, key) != 0 ||
                   o->size != size;
        for (size_t i = 0; i < size && !c->wrong; i++)
                c->wrong = ((const uint8_t *)data)[i] != o->fill;
        c->n++;
        return 0;
}

/* Does the store hold what entries 1 to store_index() lead to, and nothing else? */
static bool consistent(Store *s)
{
        Check c = { 0 };
        for (unsigned entry = 1; entry <= store_index(s); entry++)
                for (unsigned i = 0; i < operations(entry); i++) {
                        Operation o = operation(entry, i);
                        model_apply(&c.model, &o);
                }
        return store_load(s, check_record, &c) == 0 && !c.wrong && c.n == c.model.n;
}

/* Puts the entry after store_index() and commits it. */
static int next_entry(Store *s)
{
        static const char zeros[RECORD_MAX];
        unsigned entry = (unsigned)store_index(s) + 1;
        char data[RECORD_MAX];
        int r = 0;
        for (unsigned i = 0; i < operations(entry) && r == 0; i++) {
                Operation o = operation(entry, i);
                memcpy(data, zeros, sizeof(data));
                memset(data, o.fill, o.size);
                r = o.delete ? store_delete(s, o.kind, o.key)
                             : store_put(s, o.kind, o.key, data, o.size);
        }
        return r == 0 ? store_commit(s) : r;
}

static int open_store(const UnitDir *d, Store **ret)
{
        char message[STORE_MESSAGE_MAX] = "";
        int r = store_open(d->path, ret, message);
        if (r == 0)
                (void)sqlite3_wal_autocheckpoint((*ret)->db, CHECKPOINT_AT);
        return r;
}

/* In memory where there is such a place: every run makes a store, and syncs its directory. */
static UnitDir fast_dir(void)
{
        UnitDir d = { "/dev/shm/sparkd-test-XXXXXX" };
        return mkdtemp(d.path) ? d : unit_dir();
}

/* ---- a process or a host that ends ---- */

/* The script, as far as it comes. *committed: what it was told is on the disk. */
static int run_script(const UnitDir *d, volatile uint64_t *committed)
{
        CLEANUP_STORE Store *s = NULL;
        int r = open_store(d, &s);
        while (r == 0 && store_index(s) < ENTRIES) {
                r = next_entry(s);
                *committed = store_index(s);
        }
        return r;
}

/* Runs the script in a child that ends at the fault. True when it came to the end instead. */
static bool run_until_fault(const UnitDir *d, const FaultPlan *plan, volatile uint64_t *committed)
{
        pid_t pid = fork();
        if (pid == 0) {
                fault_vfs_plan(plan);
                int r = run_script(d, committed);
                _exit(r != 0 ? 1 : fault_vfs_happened() ? 2 : 0);
        }
        int status;
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFEXITED(status));
        ck_assert_msg(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == FAULT_EXIT_STATUS,
                      "kind %d at %u: exit %d", plan->kind, plan->at, WEXITSTATUS(status));
        return WEXITSTATUS(status) == 0;
}

static void check_after_end(const UnitDir *d, const FaultPlan *plan, uint64_t committed)
{
        CLEANUP_STORE Store *s = NULL;
        char message[STORE_MESSAGE_MAX] = "";
        int r = store_open(d->path, &s, message);
        ck_assert_msg(r == 0, "kind %d at %u: %d, %s", plan->kind, plan->at, r, message);
        uint64_t index = store_index(s);
        ck_assert_msg(index == committed || index == committed + 1,
                      "kind %d at %u: entry %u was committed, there are %u", plan->kind, plan->at,
                      (unsigned)committed, (unsigned)index);
        ck_assert_msg(consistent(s), "kind %d at %u: not the state of entry %u", plan->kind,
                      plan->at, (unsigned)index);
        /* and it goes on from there */
        while (store_index(s) < ENTRIES)
                ck_assert_int_eq(next_entry(s), 0);
        ck_assert(consistent(s));
}

static void end_at_each_call(FaultKind kind, uint64_t seed)
{
        volatile uint64_t *committed = mmap(NULL, sizeof(*committed), PROT_READ | PROT_WRITE,
                                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        ck_assert_ptr_ne((void *)committed, MAP_FAILED);
        bool done = false;
        unsigned at = 0;
        while (!done) {
                ck_assert_uint_lt(at, FAULT_CALLS_MAX);
                CLEANUP_UNIT_DIR UnitDir d = fast_dir();
                FaultPlan plan = { .kind = kind, .at = at + 1, .seed = seed + at + 1 };
                at++;
                *committed = 0;
                done = run_until_fault(&d, &plan, committed);
                fault_vfs_plan(&(FaultPlan){ .kind = FAULT_NONE });
                check_after_end(&d, &plan, *committed);
        }
        ck_assert_uint_gt(at, 5 * ENTRIES); /* that many calls were interrupted */
        (void)munmap((void *)committed, sizeof(*committed));
}

START_TEST(a_process_that_ends_leaves_whole_entries)
{
        end_at_each_call(FAULT_EXIT, 0);
}
END_TEST

START_TEST(half_a_write_leaves_whole_entries)
{
        end_at_each_call(FAULT_TORN, 0);
}
END_TEST

START_TEST(a_power_cut_leaves_whole_entries)
{
        end_at_each_call(FAULT_POWER_CUT, 1);
        end_at_each_call(FAULT_POWER_CUT, 1000);
}
END_TEST

/* ---- a disk that fails ---- */

static void check_message(int r, const char *message, const FaultPlan *plan)
{
        const char *expected = r == STORE_E_FULL ? "the disk is full" : "";
        ck_assert_msg(*message && strstr(message, expected), "at %u: %d, \"%s\"", plan->at, r,
                      message);
}

/* Opens it, as often as that takes. Every failure must be one of the plan. */
static Store *open_with_faults(const UnitDir *d, const FaultPlan *plan, int expected)
{
        char message[STORE_MESSAGE_MAX] = "";
        Store *s = NULL;
        for (;;) {
                int r = store_open(d->path, &s, message);
                if (r == 0)
                        break;
                /* SQLite's check of the structure calls a page damaged that can't be read */
                bool fine = r == expected || (plan->kind == FAULT_ERROR && r < 0) ||
                            (plan->kind == FAULT_READ_ERROR && r == STORE_E_DAMAGED);
                ck_assert_msg(fine, "open at %u: %d, %s", plan->at, r, message);
                check_message(r, message, plan);
        }
        (void)sqlite3_wal_autocheckpoint(s->db, CHECKPOINT_AT);
        return s;
}

/* Runs the script over the fault: after STORE_E_FULL the entry is tried again, after another
 * failure the store is opened again. Returns whether there was a fault. */
static bool run_with_fault(const FaultPlan *plan, int expected)
{
        CLEANUP_UNIT_DIR UnitDir d = fast_dir();
        fault_vfs_plan(plan);
        CLEANUP_STORE Store *s = open_with_faults(&d, plan, expected);
        while (store_index(s) < ENTRIES) {
                uint64_t index = store_index(s);
                int r = next_entry(s);
                if (r == 0)
                        continue;
                check_message(r, store_message(s), plan);
                ck_assert_uint_eq(store_index(s), index);
                if (r == STORE_E_FULL) {
                        ck_assert_int_eq(expected, STORE_E_FULL);
                        ck_assert_msg(consistent(s), "not as before, at %u", plan->at);
                        continue;
                }
                ck_assert_msg(r == expected || expected == STORE_E_FULL, "%d at %u", r, plan->at);
                ck_assert_int_eq(next_entry(s), r); /* for good */
                s = store_close(s);
                s = open_with_faults(&d, plan, expected);
                ck_assert_msg(store_index(s) - index <= 1 && consistent(s), "%d at %u", r,
                              plan->at);
        }
        ck_assert_msg(consistent(s), "at %u", plan->at);
        s = store_close(s);
        s = open_with_faults(&d, plan, expected);
        ck_assert_msg(store_index(s) == ENTRIES && consistent(s), "at %u", plan->at);
        return fault_vfs_happened();
}

static void fail_at_each_call(FaultPlan plan, int expected)
{
        do {
                plan.at++;
                ck_assert_uint_lt(plan.at, FAULT_CALLS_MAX);
        } while (run_with_fault(&plan, expected));
        ck_assert_uint_gt(plan.at, 2 * ENTRIES);
}

START_TEST(a_full_disk_keeps_what_was_there)
{
        fail_at_each_call((FaultPlan){ .kind = FAULT_ERROR, .code = SQLITE_FULL }, STORE_E_FULL);
        fail_at_each_call((FaultPlan){ .kind = FAULT_ERROR, .code = SQLITE_FULL, .count = 40 },
                          STORE_E_FULL);
}
END_TEST

START_TEST(a_used_up_quota_is_a_full_disk)
{
        CLEANUP_UNIT_DIR UnitDir d = fast_dir();
        const FaultPlan none = { .kind = FAULT_NONE };
        const FaultPlan full = {
                .kind = FAULT_ERROR, .at = 1, .code = SQLITE_IOERR_WRITE, .error = EDQUOT
        };
        fault_vfs_plan(&none);
        CLEANUP_STORE Store *s = open_with_faults(&d, &none, 0);
        ck_assert_int_eq(next_entry(s), 0);
        fault_vfs_plan(&full);
        ck_assert_int_eq(next_entry(s), STORE_E_FULL);
        ck_assert_int_eq(next_entry(s), 0);
        ck_assert(consistent(s));
}
END_TEST

START_TEST(an_unreliable_disk_ends_the_store_not_the_state)
{
        fail_at_each_call(
                (FaultPlan){ .kind = FAULT_ERROR, .code = SQLITE_IOERR_WRITE, .error = EIO }, -EIO);
        fail_at_each_call(
                (FaultPlan){ .kind = FAULT_ERROR, .code = SQLITE_IOERR_FSYNC, .error = EIO }, -EIO);
        fail_at_each_call(
                (FaultPlan){ .kind = FAULT_ERROR, .code = SQLITE_IOERR_WRITE, .error = EROFS },
                -EROFS);
        fail_at_each_call(
                (FaultPlan){ .kind = FAULT_READ_ERROR, .code = SQLITE_IOERR_READ, .error = EIO },
                -EIO);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("store-faults");
        TCase *t = tcase_create("store-faults");
        tcase_set_timeout(t, 60); /* hundreds of processes each */
        tcase_add_test(t, a_process_that_ends_leaves_whole_entries);
        tcase_add_test(t, half_a_write_leaves_whole_entries);
        tcase_add_test(t, a_power_cut_leaves_whole_entries);
        tcase_add_test(t, a_full_disk_keeps_what_was_there);
        tcase_add_test(t, a_used_up_quota_is_a_full_disk);
        tcase_add_test(t, an_unreliable_disk_ends_the_store_not_the_state);
        suite_add_tcase(s, t);
        return unit_run(s);
}
