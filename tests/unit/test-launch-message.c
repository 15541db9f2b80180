/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/launch-message.h"

#include <errno.h>
#include <signal.h>

#include "base/limits.h"
#include "tests/unit/unit.h"

#define FIRST "sparkd-launch=1\0"
#define UNIT  "role=executor\0id=app-20261121000000-0001-3\0"
#define WHERE "user=spark-executor\0directory=/work/app/3\0"
#define LIMITS                                                                                     \
        "memory-max=1476395008\0memory-high=1402535936\0swap-max=0\0cpu-weight=10\0"               \
        "cpu-quota=1000000\0pids-max=4096\0"
#define START FIRST "verb=start\0" UNIT WHERE LIMITS "arg=/usr/bin/java\0"

typedef struct Text {
        const char *data;
        size_t size;
} Text;

/* A literal with its NULs, but without the one that C adds. */
#define TEXT(literal) ((Text){ (literal), sizeof(literal) - 1 })

START_TEST(a_start_is_read)
{
        const Text text = TEXT(START "arg=-cp\0arg=/a b=c:\xc3\xa9\0arg=\0slice=w1\0");
        CLEANUP_LAUNCH_MESSAGE LaunchMessage m = { 0 };
        CLEANUP_FREE char *problem = NULL, *unit = NULL, *slice = NULL, *plain = NULL;

        ck_assert_int_eq(launch_message_parse(text.data, text.size, &m, &problem), 0);
        ck_assert_ptr_null(problem);
        ck_assert_int_eq(m.verb, LAUNCH_START);
        ck_assert_str_eq(m.role, "executor");
        ck_assert_str_eq(m.id, "app-20261121000000-0001-3");
        ck_assert_str_eq(m.slice, "w1");
        ck_assert_str_eq(m.user, "spark-executor");
        ck_assert_str_eq(m.directory, "/work/app/3");
        ck_assert_uint_eq(m.argv.length, 4);
        ck_assert_str_eq(m.argv.items[0], "/usr/bin/java");
        ck_assert_str_eq(m.argv.items[2], "/a b=c:\xc3\xa9");
        ck_assert_str_eq(m.argv.items[3], "");
        ck_assert_uint_eq(m.limits.memory_max, MIB(1408));
        ck_assert_uint_eq(m.limits.memory_high, 1402535936);
        ck_assert_uint_eq(m.limits.swap_max, 0);
        ck_assert_uint_eq(m.limits.cpu_weight, 10);
        ck_assert_uint_eq(m.limits.cpu_quota_usec, 1000000);
        ck_assert_uint_eq(m.limits.pids_max, 4096);

        unit = launch_unit_name(m.role, m.id);
        ck_assert_str_eq(unit, "spark-executor-app-20261121000000-0001-3.service");
        slice = launch_slice_name(m.slice);
        ck_assert_str_eq(slice, "spark-executors_w1.slice");
        plain = launch_slice_name(NULL);
        ck_assert_str_eq(plain, "spark-executors.slice");
}
END_TEST

/* What is written is read back the same. */
START_TEST(requests_survive_the_trip)
{
        LaunchMessage messages[] = {
                { .verb = LAUNCH_START,
                  .role = (char *)"driver",
                  .id = (char *)"driver-1",
                  .slice = (char *)"w_1",
                  .user = (char *)"u",
                  .directory = (char *)"/w/d",
                  .limits = { .memory_max = MIB(64),
                              .memory_high = LIMITS_UNLIMITED,
                              .swap_max = 5,
                              .cpu_weight = 10000,
                              .cpu_quota_usec = LIMITS_UNLIMITED,
                              .pids_max = 9 } },
                { .verb = LAUNCH_STOP,
                  .role = (char *)"executor",
                  .id = (char *)"w1:a.b_c-0",
                  .signal = SIGKILL },
                { .verb = LAUNCH_FORGET, .role = (char *)"executor", .id = (char *)"a" },
                { .verb = LAUNCH_SLICE,
                  .limits = { .memory_max = MIB(2048), .cpu_quota_usec = 2500000 } },
                { .verb = LAUNCH_REMOVE, .user = (char *)"u", .directory = (char *)"/w/d" },
        };

        ck_assert_int_eq(strv_add(&messages[0].argv, "/j"), 0);
        ck_assert_int_eq(strv_add(&messages[0].argv, "line\nbreak"), 0);
        for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
                CLEANUP_BUFFER Buffer first = BUFFER_INIT(LIMIT_LAUNCH_BYTES);
                CLEANUP_BUFFER Buffer second = BUFFER_INIT(LIMIT_LAUNCH_BYTES);
                CLEANUP_LAUNCH_MESSAGE LaunchMessage m = { 0 };
                CLEANUP_FREE char *problem = NULL;

                ck_assert_int_eq(launch_message_write(&messages[i], &first), 0);
                ck_assert_msg(launch_message_parse(first.data, first.size, &m, &problem) == 0,
                              "%zu: %s", i, problem);
                ck_assert_int_eq(m.verb, messages[i].verb);
                ck_assert_int_eq(m.signal, messages[i].signal);
                ck_assert_int_eq(memcmp(&m.limits, &messages[i].limits, sizeof(m.limits)), 0);
                ck_assert_int_eq(launch_message_write(&m, &second), 0);
                ck_assert_uint_eq(first.size, second.size);
                ck_assert_int_eq(memcmp(first.data, second.data, first.size), 0);
        }
        strv_done(&messages[0].argv);
}
END_TEST

static void check_refused(Text text, const char *expected)
{
        LaunchMessage m = { 0 };
        CLEANUP_FREE char *problem = NULL;
        int r = launch_message_parse(text.data, text.size, &m, &problem);

        ck_assert_msg(r == LAUNCH_E_REFUSED, "taken, and not: %s", expected);
        ck_assert_str_eq(problem, expected);
}

#define WITHOUT_ID FIRST "verb=start\0role=executor\0" WHERE LIMITS "arg=/j\0"
#define BAD_ID     "the id is not of the pattern"
#define BAD_PATH   "the directory is not an absolute, plain path"
#define REMOVE     FIRST "verb=remove\0user=u\0directory="
#define SLICE      FIRST "verb=slice\0cpu-quota=max\0"

START_TEST(everything_else_is_refused)
{
        const struct {
                Text text;
                const char *problem;
        } cases[] = {
                { TEXT(""), "it does not begin with sparkd-launch=1" },
                { TEXT("verb=start\0"), "it does not begin with sparkd-launch=1" },
                { TEXT("sparkd-launch=2\0verb=forget\0" UNIT),
                  "it does not begin with sparkd-launch=1" },
                { TEXT(FIRST), "it has no verb" },
                { TEXT(FIRST "verb=forget\0role=executor\0id=a"),
                  "its last entry is not complete" },
                { TEXT(FIRST "\0"), "it has an unknown key" },
                { TEXT(FIRST "verb\0"), "it has an unknown key" },
                { TEXT(FIRST "=start\0"), "it has an unknown key" },
                { TEXT(START "env=A=B\0"), "it has an unknown key" },
                { TEXT(START "Verb=start\0"), "it has an unknown key" },
                { TEXT(START "property=Delegate\0"), "it has an unknown key" },
                { TEXT(START "verb=start\0"), "it has verb twice" },
                { TEXT(START "user=root\0"), "it has user twice" },
                { TEXT(START "signal=KILL\0"), "start takes no signal" },
                { TEXT(FIRST "verb=restart\0" UNIT), "there is no such verb" },
                { TEXT(FIRST "verb=\0" UNIT), "there is no such verb" },
                { TEXT(FIRST "verb=forget\0role=worker\0id=a\0"), "there is no such role" },
                { TEXT(FIRST "verb=forget\0role=executor\0"), "forget without id" },
                { TEXT(FIRST "verb=forget\0" UNIT "arg=/x\0"), "forget takes no arg" },
                { TEXT(WITHOUT_ID), "start without id" },
                { TEXT(WITHOUT_ID "id=\0"), BAD_ID },
                { TEXT(WITHOUT_ID "id=../../x\0"), BAD_ID },
                { TEXT(WITHOUT_ID "id=a/b\0"), BAD_ID },
                { TEXT(WITHOUT_ID "id=a b\0"), BAD_ID },
                { TEXT(WITHOUT_ID "id=a@b\0"), BAD_ID },
                { TEXT(WITHOUT_ID "id=-a\0"), BAD_ID },
                { TEXT(WITHOUT_ID "id=.a\0"), BAD_ID },
                { TEXT(WITHOUT_ID "id=a\n\0"), BAD_ID },
                { TEXT(WITHOUT_ID "id=a\xc3\xa9\0"), BAD_ID },
                { TEXT(WITHOUT_ID "id=a%n\0"), BAD_ID },
                { TEXT(FIRST "verb=stop\0" UNIT), "stop without signal" },
                { TEXT(FIRST "verb=stop\0" UNIT "signal=9\0"),
                  "this signal is not sent to executors" },
                { TEXT(FIRST "verb=stop\0" UNIT "signal=STOP\0"),
                  "this signal is not sent to executors" },
                { TEXT(REMOVE "\0"), BAD_PATH },
                { TEXT(REMOVE "work\0"), BAD_PATH },
                { TEXT(REMOVE "/work/../etc\0"), BAD_PATH },
                { TEXT(REMOVE "/work/./a\0"), BAD_PATH },
                { TEXT(REMOVE "/work//a\0"), BAD_PATH },
                { TEXT(REMOVE "/work/a/\0"), BAD_PATH },
                { TEXT(REMOVE "/work/\na\0"), BAD_PATH },
                { TEXT(REMOVE "/work/\xff\0"), BAD_PATH },
                { TEXT(FIRST "verb=remove\0directory=/w/a\0"), "remove without user" },
                { TEXT(FIRST "verb=remove\0directory=/w/a\0user=a:b\0"),
                  "the user's name is not of the pattern" },
                { TEXT(FIRST "verb=remove\0directory=/w/a\0user=\0"),
                  "the user's name is not of the pattern" },
                { TEXT(SLICE), "slice without memory-max" },
                { TEXT(SLICE "memory-max=max\0"), "memory-max is not a number" },
                { TEXT(SLICE "memory-max=\0"), "memory-max is not a number" },
                { TEXT(SLICE "memory-max=-1\0"), "memory-max is not a number" },
                { TEXT(SLICE "memory-max=+99999999\0"), "memory-max is not a number" },
                { TEXT(SLICE "memory-max= 99999999\0"), "memory-max is not a number" },
                { TEXT(SLICE "memory-max=099999999\0"), "memory-max is not a number" },
                { TEXT(SLICE "memory-max=64M\0"), "memory-max is not a number" },
                { TEXT(SLICE "memory-max=99999999999999999999\0"), "memory-max is not a number" },
                { TEXT(SLICE "memory-max=1000000000000000000\0"), "memory-max is out of bounds" },
                { TEXT(SLICE "memory-max=0\0"), "memory-max is out of bounds" },
                { TEXT(SLICE "memory-max=99999999\0slice=a-b\0"),
                  "the slice is not of the pattern" },
                { TEXT(SLICE "memory-max=99999999\0slice=\0"), "the slice is not of the pattern" },
                { TEXT(FIRST "verb=slice\0memory-max=99999999\0cpu-quota=9999\0"),
                  "cpu-quota is out of bounds" },
                { TEXT(FIRST "verb=start\0cpu-weight=0\0"), "cpu-weight is out of bounds" },
                { TEXT(FIRST "verb=start\0cpu-weight=10001\0"), "cpu-weight is out of bounds" },
                { TEXT(FIRST "verb=start\0pids-max=1\0"), "pids-max is out of bounds" },
                { TEXT(FIRST "verb=start\0" UNIT WHERE LIMITS), "start without arg" },
                { TEXT(FIRST "verb=start\0" UNIT WHERE "arg=/j\0"), "start without memory-max" },
                { TEXT(FIRST "verb=start\0arg=java\0"),
                  "the program is not an absolute, plain path" },
                { TEXT(FIRST "verb=start\0arg=\0"), "the program is not an absolute, plain path" },
                { TEXT(FIRST "verb=start\0arg=/opt/../bin/sh\0"),
                  "the program is not an absolute, plain path" },
                { TEXT(START "arg=\xff\0"), "an argument is not UTF-8" },
                { TEXT(START "arg=\xc0\x80\0"), "an argument is not UTF-8" },
                { TEXT(START "arg=\xed\xa0\x80\0"), "an argument is not UTF-8" },
                { TEXT(START "arg=\xe2\x82\0"), "an argument is not UTF-8" },
                { TEXT(FIRST "verb=start\0" UNIT WHERE
                             "memory-max=1476395008\0memory-high=1476395009\0swap-max=0\0"
                             "cpu-weight=10\0cpu-quota=max\0pids-max=4096\0arg=/j\0"),
                  "memory-high is above memory-max" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                check_refused(cases[i].text, cases[i].problem);
}
END_TEST

START_TEST(bounds_hold)
{
        CLEANUP_BUFFER Buffer many = BUFFER_INIT(0), longest = BUFFER_INIT(0);
        char id[LAUNCH_ID_MAX + 2];

        buffer_put(&many, START, sizeof(START) - 1);
        for (unsigned i = 0; i < LIMIT_LAUNCH_ARGUMENTS; i++)
                buffer_put(&many, "arg=", sizeof("arg="));
        check_refused((Text){ (char *)many.data, many.size }, "there are too many arguments");

        buffer_put(&longest, START "arg=", sizeof(START "arg=") - 1);
        while (longest.size < LIMIT_LAUNCH_BYTES)
                buffer_put_u8(&longest, 'x');
        buffer_put_u8(&longest, 0);
        check_refused((Text){ (char *)longest.data, longest.size }, "it is too long");

        memset(id, 'x', sizeof(id));
        id[sizeof(id) - 1] = '\0';
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        LaunchMessage m = { .verb = LAUNCH_FORGET, .role = (char *)"executor", .id = id };
        ck_assert_int_eq(launch_message_write(&m, &b), 0);
        check_refused((Text){ (char *)b.data, b.size }, BAD_ID);
        id[sizeof(id) - 2] = '\0';
        buffer_clear(&b);
        ck_assert_int_eq(launch_message_write(&m, &b), 0);
        CLEANUP_LAUNCH_MESSAGE LaunchMessage back = { 0 };
        CLEANUP_FREE char *problem = NULL;
        ck_assert_int_eq(launch_message_parse(b.data, b.size, &back, &problem), 0);
}
END_TEST

static void check_reply(LaunchResult result, pid_t pid, const char *text)
{
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);
        CLEANUP(launch_reply_done) LaunchReply reply = { 0 };

        ck_assert_int_eq(launch_reply_write(result, pid, text, &b), 0);
        ck_assert_int_eq(launch_reply_parse(b.data, b.size, &reply), 0);
        ck_assert_int_eq(reply.result, result);
        ck_assert_int_eq(reply.pid, pid);
        ck_assert_pstr_eq(reply.text, text);
}

START_TEST(replies)
{
        const Text bad[] = {
                TEXT(""),
                TEXT("result=ok"),
                TEXT("result=\0"),
                TEXT("text=a\0result=ok\0"),
                TEXT("result=ok\0pid=0\0"),
                TEXT("result=ok\0pid\0"),
                TEXT("result=ok\0x=y\0"),
                TEXT("result=failed\0text=a\0text=b\0"),
        };

        check_reply(LAUNCH_OK, 77, NULL);
        check_reply(LAUNCH_OK, 0, NULL);
        check_reply(LAUNCH_REFUSED, 0, "no");
        check_reply(LAUNCH_FAILED, 0, "cannot = this");
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                LaunchReply reply = { 0 };
                ck_assert_int_eq(launch_reply_parse(bad[i].data, bad[i].size, &reply), -EBADMSG);
        }
}
END_TEST

UNIT_MAIN("launch-message", a_start_is_read, requests_survive_the_trip, everything_else_is_refused,
          bounds_hold, replies)
