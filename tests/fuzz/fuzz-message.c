/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "tests/unit/messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
        if (!condition)
                abort();
}

/* What was decoded can be encoded for every line that has such a message, and means the same when
 * it is decoded again. (Only a failure's class may change: it moves into the text.) */
static void check_encoded(const Message *m, Line line)
{
        CLEANUP_ARENA Arena arena;
        CLEANUP_BUFFER Buffer stream = BUFFER_INIT(LIMIT_FRAME_BYTES);
        CLEANUP_BUFFER Buffer before = BUFFER_INIT(0), after = BUFFER_INIT(0);
        arena_init(&arena, LIMIT_MESSAGE_ARENA_BYTES);
        Message back;
        DecodeInfo info;
        int r = message_encode(m, line, &stream);
        if (r != 0) {
                check(r == -EMSGSIZE || r == -EOPNOTSUPP);
                return;
        }
        check(message_decode(&arena, stream.data, stream.size, &back, &info) == 0);
        check(back.type == m->type && (info.lines & LINE_BIT(line)));
        if (m->type == MSG_RPC_FAILURE)
                return;
        message_put_text(&before, m);
        message_put_text(&after, &back);
        check(before.size == after.size && memcmp(before.data, after.data, after.size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP_ARENA Arena arena, other;
        arena_init(&arena, LIMIT_MESSAGE_ARENA_BYTES);
        arena_init(&other, LIMIT_MESSAGE_ARENA_BYTES);
        Message m, copy;
        DecodeInfo info;
        int r = message_decode(&arena, data, size, &m, &info);
        check(r >= 0);
        check((r == 0) == (info.problem[0] == '\0') && (r == 0) == (m.type != MSG_NONE));
        check(!info.foreign_class || info.lines == 0);
        if (r != 0)
                return 0;
        if (arena.used > MIB(1))
                return 0; /* the rest would take seconds with sanitizers */
        check(message_copy(&other, &m, &copy) == 0);
        for (int line = 0; line < LINE_MAX; line++)
                check_encoded(&copy, line);
        return 0;
}
