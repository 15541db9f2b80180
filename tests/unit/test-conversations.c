/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays what real Spark processes said to each other (tests/data/conversations, recorded by
 * tests/interop/record): every frame is what the list beside it says, is put together again byte
 * for byte from its parts, and its message survives being written by us, for its own release and
 * for every other.
 */
#include "wire/codec.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "tests/unit/unit.h"
#include "wire/frame.h"
#include "wire/jread.h"
#include "wire/jwrite.h"

static const struct Release {
        const char *version;
        Line line;
} releases[] = { { "3.5.9", LINE_3_5 }, { "4.3.0", LINE_4_3 } };

/* One line of a `messages` file, and its frame. */
typedef struct Turn {
        const char *path; /* borrowed */
        Line line;
        char kind[16], endpoint[32], message[64]; /* "ask" "Master" "Heartbeat" */
        const uint8_t *bytes;                     /* the whole frame, borrowed */
        size_t size;
} Turn;

static FrameType frame_type_of(const char *kind)
{
        if (strcmp(kind, "ask") == 0)
                return FRAME_RPC_REQUEST;
        ck_assert(strcmp(kind, "oneway") == 0 || strcmp(kind, "reply") == 0);
        return kind[0] == 'o' ? FRAME_ONE_WAY : FRAME_RPC_RESPONSE;
}

/* The object stream, read to a tree and written again, goes to `out`. */
static void put_stream_again(const uint8_t *stream, size_t size, Buffer *out)
{
        CLEANUP_ARENA Arena arena;
        arena_init(&arena, LIMIT_MESSAGE_ARENA_BYTES);
        JValue *tree;
        ck_assert_int_eq(jread(&arena, stream, size, NULL, NULL, &tree), 0);
        ck_assert_int_eq(jwrite(tree, out), 0);
}

static void assert_rebuilt(const Turn *t, const Frame *frame, const Envelope *e,
                           const uint8_t *stream, size_t stream_size)
{
        CLEANUP_BUFFER Buffer body = BUFFER_INIT(0), out = BUFFER_INIT(0);
        if (frame->type != FRAME_RPC_RESPONSE)
                envelope_put(&body, &e->sender, &e->receiver, e->endpoint);
        put_stream_again(stream, stream_size, &body);
        if (frame->type == FRAME_RPC_REQUEST)
                frame_put_request(&out, frame->request_id, body.data, body.size);
        else if (frame->type == FRAME_ONE_WAY)
                frame_put_one_way(&out, body.data, body.size);
        else
                frame_put_response(&out, frame->request_id, body.data, body.size);
        ck_assert(!out.failed);
        ck_assert_uint_eq(out.size, t->size);
        ck_assert_msg(memcmp(out.data, t->bytes, t->size) == 0, "%s differs", t->path);
}

/* Encodes for `line` and decodes what came out: the second encoding must be the same bytes. */
static void assert_stable(const Turn *t, const Message *m, Line line)
{
        CLEANUP_ARENA Arena arena;
        arena_init(&arena, LIMIT_MESSAGE_ARENA_BYTES);
        CLEANUP_BUFFER Buffer first = BUFFER_INIT(0), second = BUFFER_INIT(0);
        ck_assert_int_eq(message_encode(m, line, &first), 0);
        Message again;
        DecodeInfo info;
        int r = message_decode(&arena, first.data, first.size, &again, &info);
        ck_assert_msg(r == 0, "%s for %s: %s", t->path, line_name(line), info.problem);
        ck_assert_int_eq(again.type, m->type);
        ck_assert_uint_ne(info.lines & LINE_BIT(line), 0);
        ck_assert_int_eq(message_encode(&again, line, &second), 0);
        ck_assert_uint_eq(first.size, second.size);
        ck_assert_msg(memcmp(first.data, second.data, first.size) == 0, "%s for %s", t->path,
                      line_name(line));
}

static void replay_turn(const Turn *t)
{
        CLEANUP_ARENA Arena arena;
        arena_init(&arena, LIMIT_MESSAGE_ARENA_BYTES);
        Frame frame;
        size_t size;
        ck_assert_int_eq(frame_parse(t->bytes, t->size, &frame, &size), 0);
        ck_assert_uint_eq(size, t->size);
        ck_assert_int_eq(frame.type, frame_type_of(t->kind));

        Envelope e = { 0 };
        const uint8_t *stream = frame.body;
        size_t stream_size = frame.body_size;
        if (frame.type != FRAME_RPC_RESPONSE) {
                ck_assert_int_eq(envelope_parse(&arena, frame.body, frame.body_size, &e), 0);
                ck_assert_str_eq(e.endpoint, t->endpoint);
                stream = e.stream;
                stream_size = e.stream_size;
        }
        assert_rebuilt(t, &frame, &e, stream, stream_size);

        Message m;
        DecodeInfo info;
        int r = message_decode(&arena, stream, stream_size, &m, &info);
        ck_assert_msg(r == 0, "%s: %s", t->path, info.problem);
        ck_assert_str_eq(message_type_name(m.type), t->message);
        ck_assert_msg(info.lines & LINE_BIT(t->line), "%s: not of its own release", t->path);
        ck_assert_ptr_null(info.foreign_class);
        for (Line line = 0; line < LINE_MAX; line++)
                assert_stable(t, &m, line);
}

/* `messages` is the path of the list in a conversation's directory; the number of turns. */
static size_t replay_conversation(const char *messages, Line line)
{
        CLEANUP_FREE char *list = NULL;
        ck_assert_int_eq(file_read(messages, MIB(1), &list, NULL), 0);
        size_t turns = 0;
        char *rest = list;
        for (char *entry; (entry = strsep(&rest, "\n")) && *entry; turns++) {
                Turn t = { .line = line };
                char file[16], path[4096];
                ck_assert_int_eq(
                        sscanf(entry, "%15s %15s %31s %63s", file, t.kind, t.endpoint, t.message),
                        4);
                (void)snprintf(path, sizeof(path), "%.*s%s.bin",
                               (int)(strlen(messages) - strlen("messages")), messages, file);
                CLEANUP_FREE char *bytes = NULL;
                ck_assert_int_eq(file_read(path, LIMIT_FRAME_BYTES, &bytes, &t.size), 0);
                t.path = path;
                t.bytes = (const uint8_t *)bytes;
                replay_turn(&t);
        }
        return turns;
}

START_TEST(conversations)
{
        const struct Release *release = &releases[_i];
        const char *srcdir = getenv("srcdir");
        char pattern[4096];
        (void)snprintf(pattern, sizeof(pattern), "%s/tests/data/conversations/%s/*/messages",
                       srcdir ? srcdir : ".", release->version);
        glob_t found;
        ck_assert_msg(glob(pattern, 0, NULL, &found) == 0, "no file matches %s", pattern);
        size_t turns = 0;
        for (size_t i = 0; i < found.gl_pathc; i++)
                turns += replay_conversation(found.gl_pathv[i], release->line);
        globfree(&found);
        ck_assert_uint_ge(turns, 100);
}
END_TEST

int main(void)
{
        Suite *s = suite_create("conversations");
        TCase *tc = tcase_create("conversations");
        tcase_set_timeout(tc, 60);
        tcase_add_loop_test(tc, conversations, 0, ARRAY_SIZE(releases));
        suite_add_tcase(s, tc);
        return unit_run(s);
}
