/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "base/limits.h"
#include "wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
        if (!condition)
                abort();
}

/* What a frame points to lies within it. */
static void check_frame(const Frame *f, const uint8_t *data, size_t size)
{
        if (f->body)
                check(f->body >= data + 9 && f->body + f->body_size == data + size);
        if (f->text)
                check((const uint8_t *)f->text >= data + 9 &&
                      (const uint8_t *)f->text + f->text_size == data + size);
        bool with_body = f->type == FRAME_RPC_REQUEST || f->type == FRAME_RPC_RESPONSE ||
                         f->type == FRAME_ONE_WAY;
        check(with_body == (f->body != NULL));
}

/* The input is what a peer sends: frame after frame, until one is not to be had. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        for (;;) {
                Frame f;
                size_t whole = SIZE_MAX;
                int r = frame_parse(data, size, &f, &whole);
                check(r >= 0 && r <= FRAME_E_HEADER && frame_result_text(r));
                if (r == FRAME_E_INCOMPLETE)
                        check(size < 8 ? whole == 0 : whole > size && whole <= LIMIT_FRAME_BYTES);
                if (r != FRAME_OK)
                        return 0;
                check(whole >= 9 && whole <= size);
                check_frame(&f, data, whole);
                data += whole;
                size -= whole;
        }
}
