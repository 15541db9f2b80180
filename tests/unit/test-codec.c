/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/codec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "tests/unit/messages.h"
#include "tests/unit/samples.h"
#include "tests/unit/unit.h"

/* ---- what real processes sent ---- */

/* Decodes the sample whose path ends so. */
static Message decode_sample(Arena *arena, const char *name, DecodeInfo *info)
{
        CLEANUP_SAMPLES Samples s = samples_load();
        Message m = {};
        for (size_t i = 0; i < s.n; i++) {
                const Sample *sample = &s.items[i];
                const char *end = strstr(sample->path, name);
                if (!end || strcmp(end, name) != 0)
                        continue;
                int r = message_decode(arena, sample->frame + sample->stream,
                                       sample->size - sample->stream, &m, info);
                ck_assert_msg(r == DECODE_OK, "%s: %d, %s", sample->path, r, info->problem);
                return m;
        }
        ck_abort_msg("no sample %s", name);
        return m;
}

#define SAMPLE(version, file)                                                                      \
        CLEANUP_ARENA Arena arena;                                                                 \
        arena_init(&arena, LIMIT_MESSAGE_ARENA_BYTES);                                             \
        DecodeInfo info;                                                                           \
        Message m = decode_sample(&arena, version "/" file ".bin", &info)

#define ASSERT_REF(ref, n, h, p)                                                                   \
        do {                                                                                       \
                ck_assert_str_eq((ref).name, n);                                                   \
                ck_assert_str_eq((ref).address.host, h);                                           \
                ck_assert_int_eq((ref).address.port, p);                                           \
        } while (0)

#define LINES_A  (LINE_BIT(LINE_3_4) | LINE_BIT(LINE_3_5))
#define LINES_B  (LINES_ALL & ~LINES_A)
#define LINES_B2 (LINE_BIT(LINE_4_1) | LINE_BIT(LINE_4_2) | LINE_BIT(LINE_4_3))

START_TEST(samples_decode)
{
        CLEANUP_SAMPLES Samples s = samples_load();
        for (size_t i = 0; i < s.n; i++) {
                CLEANUP_ARENA Arena arena;
                arena_init(&arena, LIMIT_MESSAGE_ARENA_BYTES);
                const Sample *sample = &s.items[i];
                bool scala_2_12 = strstr(sample->path, "/3.5.9/") != NULL;
                Message m;
                DecodeInfo info;
                int r = message_decode(&arena, sample->frame + sample->stream,
                                       sample->size - sample->stream, &m, &info);
                ck_assert_msg(r == DECODE_OK, "%s: %d, %s", sample->path, r, info.problem);
                /* The file's name begins with the message's. */
                const char *name = strrchr(sample->path, '/') + 1,
                           *type = message_type_name(m.type);
                ck_assert_msg(strncmp(name, type, strlen(type)) == 0, "%s is %s", name, type);
                ck_assert_ptr_null(info.foreign_class);
                ck_assert_str_eq(info.problem, "");
                if (m.type == MSG_BOOLEAN)
                        ck_assert_uint_eq(info.lines, LINES_ALL);
                else if (scala_2_12)
                        ck_assert_uint_eq(info.lines, LINES_A);
                else
                        ck_assert(info.lines & LINE_BIT(LINE_4_3) && !(info.lines & LINES_A));
        }
}
END_TEST

START_TEST(register_worker_3_5_9)
{
        SAMPLE("3.5.9", "RegisterWorker.oneway");
        ck_assert_str_eq(m.register_worker.id, "worker-20261121000521-127.0.0.1-17079");
        ck_assert_str_eq(m.register_worker.host, "127.0.0.1");
        ck_assert_int_eq(m.register_worker.port, 17079);
        ck_assert_int_eq(m.register_worker.cores, 2);
        ck_assert_int_eq(m.register_worker.memory, 3072);
        ck_assert_str_eq(m.register_worker.worker_web_ui_url, "http://127.0.0.1:17081");
        ASSERT_REF(m.register_worker.worker, "Worker", "127.0.0.1", 17079);
        ck_assert_str_eq(m.register_worker.master_address.host, "127.0.0.1");
        ck_assert_int_eq(m.register_worker.master_address.port, 17078);
        ck_assert_uint_eq(m.register_worker.resources.length, 0);
        ck_assert_str_eq(info.class_name, "org.apache.spark.deploy.DeployMessages$RegisterWorker");
}
END_TEST

START_TEST(register_worker_4_3_0)
{
        SAMPLE("4.3.0", "RegisterWorker.oneway");
        ck_assert_str_eq(m.register_worker.id, "worker-20261121000659-127.0.0.1-18079");
        ck_assert_int_eq(m.register_worker.port, 18079);
        ASSERT_REF(m.register_worker.worker, "Worker", "127.0.0.1", 18079);
        ck_assert_uint_eq(m.register_worker.resources.length, 0);
        ck_assert_uint_eq(info.lines, LINES_B2);
}
END_TEST

/* The same small PySpark application on both versions, with one core for each executor. */
static void check_application(const ApplicationDescription *app, size_t n_environment)
{
        ck_assert_str_eq(app->name, "T app");
        ck_assert_str_eq(app->user, "root");
        ck_assert_str_eq(app->app_ui_url, "http://localhost:4040");
        ck_assert_ptr_null(app->event_log_dir);
        ck_assert_ptr_null(app->event_log_codec);
        const Command *c = &app->command;
        ck_assert_str_eq(c->main_class, "org.apache.spark.executor.CoarseGrainedExecutorBackend");
        ck_assert_uint_eq(c->arguments.length, 14);
        ck_assert_str_eq(c->arguments.items[0], "--driver-url");
        ck_assert_str_eq(c->arguments.items[13], "{{RESOURCE_PROFILE_ID}}");
        ck_assert_uint_eq(c->environment.length, n_environment);
        ck_assert_uint_eq(c->class_path_entries.length, 0);
        ck_assert_uint_eq(c->library_path_entries.length, 0);
        ck_assert_uint_ge(c->java_opts.length, 19);
        ck_assert_str_eq(c->java_opts.items[2], "-XX:+IgnoreUnrecognizedVMOptions");

        const ResourceProfile *p = &app->default_profile;
        ck_assert_int_eq(p->id, 0);
        ck_assert(p->cores_limit_known && !p->task_profile);
        ck_assert(p->max_tasks_per_executor.set && p->max_tasks_per_executor.value == 1);
        ck_assert_str_eq(p->limiting_resource, "cpus");
        ck_assert(p->resource_slots_per_address.set);
        ck_assert_uint_eq(p->resource_slots_per_address.length, 1);
        ck_assert_str_eq(p->resource_slots_per_address.items[0].key, "cores");
        ck_assert_int_eq(p->resource_slots_per_address.items[0].value, 1);
        ck_assert_uint_eq(p->executor_resources.length, 3);
        ck_assert_str_eq(p->executor_resources.items[1].key, "memory");
        ck_assert_str_eq(p->executor_resources.items[1].value.resource_name, "memory");
        ck_assert_int_eq(p->executor_resources.items[1].value.amount, 512);
        ck_assert_str_eq(p->executor_resources.items[1].value.vendor, "");
        ck_assert_uint_eq(p->task_resources.length, 1);
        ck_assert_str_eq(p->task_resources.items[0].value.resource_name, "cpus");
        ck_assert(p->task_resources.items[0].value.amount == 1.0);
}

START_TEST(register_application_3_5_9)
{
        SAMPLE("3.5.9", "RegisterApplication.oneway");
        check_application(&m.register_application.app_description, 3);
        const Command *c = &m.register_application.app_description.command;
        ck_assert_str_eq(c->environment.items[2].key, "SPARK_EXECUTOR_MEMORY");
        ck_assert_str_eq(c->environment.items[2].value, "512m");
        ASSERT_REF(m.register_application.driver, "AppClient", "localhost", 38177);
}
END_TEST

START_TEST(register_application_4_3_0)
{
        SAMPLE("4.3.0", "RegisterApplication.oneway");
        check_application(&m.register_application.app_description, 2);
        ASSERT_REF(m.register_application.driver, "AppClient", "localhost", 46527);
        ck_assert_uint_eq(info.lines, LINE_BIT(LINE_4_3));
}
END_TEST

START_TEST(launch_executor)
{
        SAMPLE("4.3.0", "LaunchExecutor.oneway");
        ck_assert_str_eq(m.launch_executor.app_id, "app-20261121000707-0000");
        ck_assert_str_eq(m.launch_executor.master_url, "spark://127.0.0.1:18077");
        ck_assert_int_eq(m.launch_executor.cores, 1);
        ck_assert_int_eq(m.launch_executor.memory, 512);
        ck_assert_int_eq(m.launch_executor.rp_id, 0);
        ck_assert_uint_eq(m.launch_executor.resources.length, 0);
        check_application(&m.launch_executor.app_desc, 2);
}
END_TEST

START_TEST(request_executors)
{
        SAMPLE("3.5.9", "RequestExecutors.ask");
        ck_assert_str_eq(m.request_executors.app_id, "app-20261121000625-0001");
        ck_assert_uint_eq(m.request_executors.targets.length, 1);
        const struct ProfileTarget *t = &m.request_executors.targets.items[0];
        ck_assert_int_eq(t->profile.id, 0);
        ck_assert_uint_eq(t->profile.executor_resources.length, 3);
}
END_TEST

START_TEST(states)
{
        SAMPLE("4.3.0", "ExecutorStateChanged_5.ask");
        ck_assert_str_eq(m.executor_state_changed.app_id, "app-20261121000731-0001");
        ck_assert_int_eq(m.executor_state_changed.exec_id, 0);
        ck_assert_int_eq(m.executor_state_changed.state, EXECUTOR_EXITED);
        ck_assert_str_eq(m.executor_state_changed.message, "Command exited with code 0");
        ck_assert(m.executor_state_changed.exit_status.set);
        ck_assert_int_eq(m.executor_state_changed.exit_status.value, 0);

        m = decode_sample(&arena, "3.5.9/ExecutorStateChanged_1.ask.bin", &info);
        ck_assert_int_eq(m.executor_state_changed.state, EXECUTOR_RUNNING);
        ck_assert_ptr_null(m.executor_state_changed.message);
        ck_assert(!m.executor_state_changed.exit_status.set);

        m = decode_sample(&arena, "3.5.9/DriverStatusResponse.reply.bin", &info);
        ck_assert(m.driver_status_response.found);
        ck_assert_int_eq(m.driver_status_response.state, DRIVER_RUNNING);
        ck_assert_str_eq(m.driver_status_response.worker_host_port, "127.0.0.1:17079");
        ck_assert_ptr_null(m.driver_status_response.exception);

        m = decode_sample(&arena, "3.5.9/SubmitDriverResponse.reply.bin", &info);
        ck_assert(m.submit_driver_response.success);
        ck_assert_str_eq(m.submit_driver_response.driver_id, "driver-20261121000544-0000");
        ASSERT_REF(m.submit_driver_response.master, "Master", "127.0.0.1", 17077);
}
END_TEST

/* ---- our own encoding ---- */

static void check_same_text(const Message *a, const Message *b)
{
        CLEANUP_BUFFER Buffer x = BUFFER_INIT(0), y = BUFFER_INIT(0);
        message_put_text(&x, a);
        message_put_text(&y, b);
        buffer_put_u8(&x, 0);
        buffer_put_u8(&y, 0);
        ck_assert_str_eq((char *)x.data, (char *)y.data);
}

START_TEST(every_message_in_every_line)
{
        for (int type = MSG_NONE + 1; type < MSG_TYPE_MAX; type++) {
                for (int filling = 0; filling < FILLING_MAX; filling++) {
                        CLEANUP_ARENA Arena arena;
                        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
                        arena_init(&arena, LIMIT_MESSAGE_ARENA_BYTES);
                        Message m, back;
                        DecodeInfo info;
                        message_fill(&arena, type, filling, &m);
                        if (message_encode(&m, _i, &b) == -EOPNOTSUPP) {
                                ck_assert(_i < LINE_4_0 && type >= MSG_REQUEST_KILL_ALL_DRIVERS &&
                                          type <= MSG_REQUEST_READYZ);
                                ck_assert_uint_eq(b.size, 0);
                                continue;
                        }
                        ck_assert_int_eq(message_decode(&arena, b.data, b.size, &back, &info), 0);
                        ck_assert(info.lines & LINE_BIT(_i));
                        ck_assert_int_eq(back.type, type);
                        check_same_text(&m, &back);
                }
        }
}
END_TEST

/* What was decoded from one version and encoded for another is the same message. */
START_TEST(across_versions)
{
        static const char *const samples[] = { "3.5.9/RegisterApplication.oneway.bin",
                                               "4.3.0/RegisterApplication.oneway.bin" };
        for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
                CLEANUP_ARENA Arena arena;
                CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
                arena_init(&arena, LIMIT_MESSAGE_ARENA_BYTES);
                DecodeInfo info;
                Message m = decode_sample(&arena, samples[i], &info), back;
                ck_assert_int_eq(message_encode(&m, _i, &b), 0);
                ck_assert_int_eq(message_decode(&arena, b.data, b.size, &back, &info), 0);
                ck_assert(info.lines & LINE_BIT(_i));
                check_same_text(&m, &back);
        }
}
END_TEST

/* The bytes that real JVMs were seen to read (tests/interop/decode-golden). */
START_TEST(golden)
{
        static const char *const names[LINE_MAX] = {
                [LINE_3_4] = "3.4-2.12",
                [LINE_3_5] = "3.5-2.12",
                [LINE_3_5_SCALA_2_13] = "3.5-2.13",
                [LINE_4_0] = "4.0-2.13",
                [LINE_4_1] = "4.1-2.13",
                [LINE_4_2] = "4.2-2.13",
                [LINE_4_3] = "4.3-2.13",
        };
        char path[4096];
        const char *srcdir = getenv("srcdir");
        (void)snprintf(path, sizeof(path), "%s/tests/data/encoded/%s.bin", srcdir ? srcdir : ".",
                       names[_i]);
        FILE *f = fopen(path, "re");
        ck_assert_msg(f, "cannot open %s", path);
        CLEANUP_BUFFER Buffer made = BUFFER_INIT(0), expected = BUFFER_INIT(0);
        golden_build(_i, &made);
        uint8_t *p = buffer_reserve(&expected, made.size + 1);
        buffer_added(&expected, fread(p, 1, made.size + 1, f));
        fclose(f);
        ck_assert_uint_eq(made.size, expected.size);
        ck_assert_mem_eq(made.data, expected.data, made.size);
}
END_TEST

START_TEST(encoding_failures)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0), small = BUFFER_INIT(16);
        Message m = { .type = MSG_APPLICATION_REMOVED, .application_removed = { "\xff" } };
        ck_assert_int_eq(message_encode(&m, LINE_4_3, &b), -EINVAL);
        m.application_removed.message = "text";
        ck_assert_int_eq(message_encode(&m, LINE_INVALID, &b), -EOPNOTSUPP);
        ck_assert_int_eq(message_encode(&m, LINE_4_3, &small), -EMSGSIZE);
        m.type = MSG_NONE;
        ck_assert_int_eq(message_encode(&m, LINE_4_3, &b), -EOPNOTSUPP);
        m.type = MSG_TYPE_MAX;
        ck_assert_int_eq(message_encode(&m, LINE_4_3, &b), -EOPNOTSUPP);
        ck_assert_uint_eq(b.size, 0);
}
END_TEST

/* ---- what is refused ---- */

/* Decodes a stream after replacing, in place, each `from` by as many bytes `to`. */
static int decode_changed(const Message *m, Line line, const char *from, const char *to,
                          DecodeInfo *info)
{
        CLEANUP_ARENA Arena arena;
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        arena_init(&arena, LIMIT_MESSAGE_ARENA_BYTES);
        Message back;
        size_t n = strlen(from), found = 0;
        ck_assert_uint_eq(n, strlen(to));
        ck_assert_int_eq(message_encode(m, line, &b), 0);
        for (uint8_t *p = b.data; n > 0; p += n) {
                p = memmem(p, b.size - (size_t)(p - b.data), from, n);
                if (!p)
                        break;
                memcpy(p, to, n);
                found++;
        }
        ck_assert(n == 0 || found > 0);
        int r = message_decode(&arena, b.data, b.size, &back, info);
        ck_assert(r == 0 || back.type == MSG_NONE);
        ck_assert_int_eq(r != 0, info->problem[0] != '\0');
        return r;
}

START_TEST(refusals)
{
        CLEANUP_ARENA Arena arena;
        arena_init(&arena, LIMIT_MESSAGE_ARENA_BYTES);
        DecodeInfo info;
        Message m, none;
        ck_assert_int_eq(message_decode(&arena, "nonsense", 8, &none, &info), DECODE_E_STREAM);
        ck_assert_str_ne(info.problem, "");
        ck_assert_int_eq(message_decode(&arena, "\xac\xed\x00\x05\x70", 5, &none, &info),
                         DECODE_E_UNKNOWN_CLASS); /* a null */

        message_fill(&arena, MSG_KILL_EXECUTORS, FILLING_FULL, &m);
        ck_assert_int_eq(decode_changed(&m, LINE_3_5, "KillExecutors", "KillExecutorz", &info),
                         DECODE_E_UNKNOWN_CLASS);
        ck_assert_str_eq(info.class_name, "org.apache.spark.deploy.DeployMessages$KillExecutorz");
        ck_assert_ptr_null(info.foreign_class);
        ck_assert_int_eq(decode_changed(&m, LINE_3_5, "List$Ser", "Last$Ser", &info),
                         DECODE_E_FIELD);
        ck_assert_str_eq(info.problem,
                         "field executorIds of "
                         "org.apache.spark.deploy.DeployMessages$KillExecutors has an "
                         "unknown form: "
                         "scala.collection.immutable.Last$SerializationProxy");
        /* An unknown field is skipped and a missing one is empty. */
        ck_assert_int_eq(decode_changed(&m, LINE_4_3, "executorIds", "executorIdz", &info), 0);

        /* A known class with a UID of no line: decoded, but no line is left. */
        message_fill(&arena, MSG_HEARTBEAT, FILLING_FULL, &m);
        ck_assert_int_eq(
                decode_changed(&m, LINE_4_0, "\x36\x19\x82\x8d", "\x36\x19\x82\x8e", &info), 0);
        ck_assert_uint_eq(info.lines, 0);
        ck_assert_str_eq(info.foreign_class, "org.apache.spark.rpc.RpcEndpointRef");

        /* A value of another enumeration. */
        message_fill(&arena, MSG_EXECUTOR_STATE_CHANGED, FILLING_FULL, &m);
        ck_assert_int_eq(decode_changed(&m, LINE_4_0, "ExecutorState$", "ExecutorStake$", &info),
                         DECODE_E_FIELD);
        m.executor_state_changed.state = EXECUTOR_STATE_MAX;
        ck_assert_int_eq(decode_changed(&m, LINE_4_0, "", "", &info), DECODE_E_FIELD);
}
END_TEST

START_TEST(bounds)
{
        static char text[LIMIT_ID_BYTES + 2];
        memset(text, 'x', sizeof(text) - 1);
        DecodeInfo info;
        Message m = { .type = MSG_KILL_DRIVER, .kill_driver = { text } };
        ck_assert_int_eq(decode_changed(&m, LINE_3_4, "", "", &info), DECODE_E_FIELD);
        text[LIMIT_ID_BYTES] = '\0';
        ck_assert_int_eq(decode_changed(&m, LINE_3_4, "", "", &info), 0);

        static const char *hosts[LIMIT_SEQ_ITEMS + 1];
        m = (Message){ .type = MSG_DECOMMISSION_WORKERS_ON_HOSTS,
                       .decommission_workers_on_hosts = { { hosts, ARRAY_SIZE(hosts) } } };
        ck_assert_int_eq(decode_changed(&m, LINE_4_1, "", "", &info), DECODE_E_FIELD);
        ck_assert_int_eq(decode_changed(&m, LINE_3_4, "", "", &info), DECODE_E_FIELD);
        m.decommission_workers_on_hosts.hostnames.length--;
        ck_assert_int_eq(decode_changed(&m, LINE_4_1, "", "", &info), 0);
}
END_TEST

/* A result that does not fit the caller's arena is the message's fault. */
START_TEST(small_arena)
{
        CLEANUP_ARENA Arena arena, small;
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        arena_init(&arena, LIMIT_MESSAGE_ARENA_BYTES);
        Message m, back;
        DecodeInfo info;
        message_fill(&arena, MSG_LAUNCH_EXECUTOR, FILLING_CLIENT, &m);
        ck_assert_int_eq(message_encode(&m, LINE_4_2, &b), 0);
        int r = DECODE_E_FIELD;
        size_t failures = 0;
        for (size_t limit = 0; r != 0; limit += 40, failures++) {
                arena_init(&small, limit);
                r = message_decode(&small, b.data, b.size, &back, &info);
                ck_assert(r == 0 || r == DECODE_E_FIELD);
                arena_done(&small);
        }
        ck_assert_uint_gt(failures, 50);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("codec");
        TCase *t = tcase_create("codec");
        tcase_add_test(t, samples_decode);
        tcase_add_test(t, register_worker_3_5_9);
        tcase_add_test(t, register_worker_4_3_0);
        tcase_add_test(t, register_application_3_5_9);
        tcase_add_test(t, register_application_4_3_0);
        tcase_add_test(t, launch_executor);
        tcase_add_test(t, request_executors);
        tcase_add_test(t, states);
        tcase_add_loop_test(t, every_message_in_every_line, 0, LINE_MAX);
        tcase_add_loop_test(t, across_versions, 0, LINE_MAX);
        tcase_add_loop_test(t, golden, 0, LINE_MAX);
        tcase_add_test(t, encoding_failures);
        tcase_add_test(t, refusals);
        tcase_add_test(t, bounds);
        tcase_add_test(t, small_arena);
        tcase_set_timeout(t, 60);
        suite_add_tcase(s, t);
        return unit_run(s);
}
