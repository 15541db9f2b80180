/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/deploy.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "tests/unit/messages.h"
#include "tests/unit/unit.h"
#include "wire/message-tables.h"

START_TEST(names)
{
        ck_assert_str_eq(executor_state_name(EXECUTOR_RUNNING), "RUNNING");
        ck_assert_str_eq(executor_state_name(EXECUTOR_DECOMMISSIONED), "DECOMMISSIONED");
        ck_assert_str_eq(executor_state_name(EXECUTOR_STATE_NONE), "UNKNOWN");
        ck_assert_str_eq(executor_state_name(EXECUTOR_STATE_MAX), "UNKNOWN");
        ck_assert_str_eq(driver_state_name(DRIVER_RELAUNCHING), "RELAUNCHING");
        ck_assert_str_eq(driver_state_name(DRIVER_STATE_MAX), "UNKNOWN");
        ck_assert(executor_state_finished(EXECUTOR_LOST));
        ck_assert(!executor_state_finished(EXECUTOR_RUNNING));
        ck_assert(!executor_state_finished(EXECUTOR_DECOMMISSIONED));
        ck_assert_str_eq(message_type_name(MSG_REGISTER_WORKER), "RegisterWorker");
        ck_assert_str_eq(message_type_name(MSG_MASTER_IN_STANDBY), "MasterInStandby");
        ck_assert_str_eq(message_type_name(MSG_CHECK_EXISTENCE), "CheckExistence");
        ck_assert_str_eq(message_type_name(MSG_NONE), "none");
        ck_assert_str_eq(message_type_name(MSG_TYPE_MAX), "none");
}
END_TEST

/* A copy says the same after the source's memory was overwritten and freed. */
START_TEST(copies_are_deep)
{
        for (int type = MSG_NONE + 1; type < MSG_TYPE_MAX; type++) {
                CLEANUP_ARENA Arena source, target;
                CLEANUP_BUFFER Buffer before = BUFFER_INIT(0), after = BUFFER_INIT(0);
                arena_init(&source, LIMIT_MESSAGE_ARENA_BYTES);
                arena_init(&target, LIMIT_MESSAGE_ARENA_BYTES);
                Message m, copy;
                message_fill(&source, type, FILLING_CLIENT, &m);
                message_put_text(&before, &m);
                ck_assert_int_eq(message_copy(&target, &m, &copy), 0);
                arena_done(&source);
                memset(&m, 0xff, sizeof(m));
                message_put_text(&after, &copy);
                ck_assert_uint_eq(before.size, after.size);
                ck_assert_mem_eq(before.data, after.data, before.size);
        }
}
END_TEST

START_TEST(copies_of_parts)
{
        CLEANUP_ARENA Arena source, target;
        arena_init(&source, LIMIT_MESSAGE_ARENA_BYTES);
        arena_init(&target, LIMIT_MESSAGE_ARENA_BYTES);
        Message m;
        message_fill(&source, MSG_LAUNCH_EXECUTOR, FILLING_FULL, &m);
        ApplicationDescription app;
        ResourceProfile profile;
        ResourceMap resources;
        const ApplicationDescription *from = &m.launch_executor.app_desc;
        ck_assert_int_eq(application_description_copy(&target, from, &app), 0);
        ck_assert_str_eq(app.command.arguments.items[1], from->command.arguments.items[1]);
        ck_assert_ptr_ne(app.command.arguments.items[1], from->command.arguments.items[1]);
        ck_assert_int_eq(resource_profile_copy(&target, &from->default_profile, &profile), 0);
        ck_assert_str_eq(profile.executor_resources.items[1].value.vendor,
                         from->default_profile.executor_resources.items[1].value.vendor);
        ck_assert_int_eq(resource_map_copy(&target, &m.launch_executor.resources, &resources), 0);
        ck_assert_uint_eq(resources.length, 2);
        ck_assert_ptr_ne(resources.items, m.launch_executor.resources.items);
        ck_assert_str_eq(resources.items[1].value.addresses.items[0],
                         m.launch_executor.resources.items[1].value.addresses.items[0]);

        DriverDescription driver;
        message_fill(&source, MSG_LAUNCH_DRIVER, FILLING_FULL, &m);
        ck_assert_int_eq(driver_description_copy(&target, &m.launch_driver.driver_desc, &driver),
                         0);
        ck_assert_int_eq(driver.mem, m.launch_driver.driver_desc.mem);
        ck_assert_str_eq(driver.resource_reqs.items[1].resource_name,
                         m.launch_driver.driver_desc.resource_reqs.items[1].resource_name);
}
END_TEST

START_TEST(copies_can_run_out_of_memory)
{
        CLEANUP_ARENA Arena source, small;
        arena_init(&source, LIMIT_MESSAGE_ARENA_BYTES);
        arena_init(&small, 200);
        Message m, copy = { .type = MSG_INTEGER };
        message_fill(&source, MSG_REGISTER_APPLICATION, FILLING_FULL, &m);
        ck_assert_int_eq(message_copy(&small, &m, &copy), -ENOMEM);
        ck_assert_int_eq(copy.type, MSG_INTEGER);
}
END_TEST

/* ---- the tables describe the structs completely ---- */

/* Every byte of a struct belongs to a row or is padding, or a row was forgotten. */
static void check_rows_cover(const StructInfo *info, size_t from, size_t to)
{
        size_t position = from;
        while (position < to) {
                const FieldInfo *next = NULL;
                for (size_t i = 0; i < info->n_fields; i++) {
                        const FieldInfo *f = &info->fields[i];
                        if (f->offset >= position && (!next || f->offset < next->offset))
                                next = f;
                        ck_assert_msg(f->offset + f->size <= position || f->offset >= position,
                                      "%s overlaps", f->java_name);
                }
                size_t start = next ? next->offset : to;
                size_t align = next && next->size % 8 != 0 ? (next->size % 4 ? 1 : 4) : 8;
                ck_assert_msg(start == (position + align - 1) / align * align,
                              "no row for bytes %zu to %zu of %s, before %s", position, start,
                              info->java_class ? info->java_class : "an element",
                              next ? next->java_name : "the end");
                position = next ? start + next->size : to;
        }
}

static void check_struct(const StructInfo *info)
{
        for (size_t i = 0; i < info->n_fields; i++) {
                const StructInfo *sub = info->fields[i].sub;
                if (sub && sub->n_fields > 0) {
                        check_rows_cover(sub, 0, sub->size);
                        check_struct(sub);
                }
        }
}

#define MEMBER(type, member)                                                                       \
        {                                                                                          \
                type, sizeof(((Message *)NULL)->member)                                            \
        }

START_TEST(rows_cover_structs)
{
        static const struct {
                MessageType type;
                size_t size;
        } members[] = {
                MEMBER(MSG_REGISTER_WORKER, register_worker),
                MEMBER(MSG_WORKER_LATEST_STATE, worker_latest_state),
                MEMBER(MSG_HEARTBEAT, heartbeat),
                MEMBER(MSG_EXECUTOR_STATE_CHANGED, executor_state_changed),
                MEMBER(MSG_DRIVER_STATE_CHANGED, driver_state_changed),
                MEMBER(MSG_WORKER_SCHEDULER_STATE_RESPONSE, worker_scheduler_state_response),
                MEMBER(MSG_WORKER_DECOMMISSIONING, worker_decommissioning),
                MEMBER(MSG_REGISTERED_WORKER, registered_worker),
                MEMBER(MSG_REGISTER_WORKER_FAILED, register_worker_failed),
                MEMBER(MSG_RECONNECT_WORKER, reconnect_worker),
                MEMBER(MSG_LAUNCH_EXECUTOR, launch_executor),
                MEMBER(MSG_KILL_EXECUTOR, kill_executor),
                MEMBER(MSG_LAUNCH_DRIVER, launch_driver),
                MEMBER(MSG_KILL_DRIVER, kill_driver),
                MEMBER(MSG_APPLICATION_FINISHED, application_finished),
                MEMBER(MSG_MASTER_CHANGED, master_changed),
                MEMBER(MSG_REGISTER_APPLICATION, register_application),
                MEMBER(MSG_UNREGISTER_APPLICATION, unregister_application),
                MEMBER(MSG_MASTER_CHANGE_ACKNOWLEDGED, master_change_acknowledged),
                MEMBER(MSG_REQUEST_EXECUTORS, request_executors),
                MEMBER(MSG_KILL_EXECUTORS, kill_executors),
                MEMBER(MSG_REGISTERED_APPLICATION, registered_application),
                MEMBER(MSG_EXECUTOR_ADDED, executor_added),
                MEMBER(MSG_EXECUTOR_UPDATED, executor_updated),
                MEMBER(MSG_APPLICATION_REMOVED, application_removed),
                MEMBER(MSG_WORKER_REMOVED, worker_removed),
                MEMBER(MSG_REQUEST_SUBMIT_DRIVER, request_submit_driver),
                MEMBER(MSG_SUBMIT_DRIVER_RESPONSE, submit_driver_response),
                MEMBER(MSG_REQUEST_KILL_DRIVER, request_kill_driver),
                MEMBER(MSG_KILL_DRIVER_RESPONSE, kill_driver_response),
                MEMBER(MSG_REQUEST_DRIVER_STATUS, request_driver_status),
                MEMBER(MSG_DRIVER_STATUS_RESPONSE, driver_status_response),
                MEMBER(MSG_KILL_ALL_DRIVERS_RESPONSE, kill_all_drivers_response),
                MEMBER(MSG_DECOMMISSION_WORKERS_ON_HOSTS, decommission_workers_on_hosts),
                MEMBER(MSG_BOUND_PORTS_RESPONSE, bound_ports_response),
                MEMBER(MSG_CHECK_EXISTENCE, check_existence),
                MEMBER(MSG_BOOLEAN, boolean),
                MEMBER(MSG_INTEGER, integer),
                MEMBER(MSG_RPC_FAILURE, rpc_failure),
        };
        size_t base = offsetof(Message, register_worker), objects = 0;
        for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
                const StructInfo *info = message_info(members[i].type);
                check_rows_cover(info, base, base + members[i].size);
                check_struct(info);
        }
        for (int type = MSG_NONE + 1; type < MSG_TYPE_MAX; type++)
                objects += message_info(type)->object;
        ck_assert_uint_eq(ARRAY_SIZE(members) + objects, MSG_TYPE_MAX - 1);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("deploy");
        TCase *t = tcase_create("deploy");
        tcase_add_test(t, names);
        tcase_add_test(t, copies_are_deep);
        tcase_add_test(t, copies_of_parts);
        tcase_add_test(t, copies_can_run_out_of_memory);
        tcase_add_test(t, rows_cover_structs);
        suite_add_tcase(s, t);
        return unit_run(s);
}
