/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same bytes at once and in pieces must give the same frames and the same end, and never more
 * memory than twice what has arrived. The first input byte chooses the pieces.
 */
#include "rpc/conn.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Seen {
        unsigned n;
        uint64_t sum; /* of what the frames hold */
        int end;
} Seen;

static void mix(Seen *s, const void *data, size_t size)
{
        const uint8_t *p = data;
        for (size_t i = 0; i < size; i++)
                s->sum = (s->sum ^ p[i]) * UINT64_C(0x100000001b3);
        s->sum += size;
}

static Seen run(const uint8_t *data, size_t size, size_t piece)
{
        Conn conn;
        Frame frame;
        Seen s = { .end = FRAME_E_INCOMPLETE };
        conn_init(&conn);
        for (size_t at = 0; at < size && s.end == FRAME_E_INCOMPLETE; at += piece) {
                size_t take = MIN_OF(piece, size - at);
                uint8_t *copy = malloc(take);
                if (!copy)
                        abort();
                memcpy(copy, data + at, take);
                conn_feed(&conn, copy, take);
                while ((s.end = conn_next(&conn, &frame)) == FRAME_OK) {
                        s.n++;
                        mix(&s, &(uint8_t){ (uint8_t)frame.type }, 1);
                        mix(&s, frame.body, frame.body_size);
                        mix(&s, frame.text, frame.text_size);
                }
                free(copy);
                if (conn.partial.room > 64 + 2 * (at + take))
                        abort();
        }
        conn_done(&conn);
        return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size < 1)
                return 0;
        Seen whole = run(data + 1, size - 1, SIZE_MAX / 2);
        Seen pieces = run(data + 1, size - 1, (size_t)data[0] % 64 + 1);
        if (whole.n != pieces.n || whole.sum != pieces.sum || whole.end != pieces.end)
                abort();
        return 0;
}
