/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "wire/frame.h"
#include "wire/jread.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
        if (!condition)
                abort();
}

static void check_address(const RpcAddress *a)
{
        check(a->port >= 0 && a->port <= UINT16_MAX);
        check(!a->host || a->host[0]);
}

/* An envelope is put together again as it came, unless its text holds what UTF-8 cannot. */
static void check_written(const Envelope *e, const uint8_t *data, size_t size)
{
        static const char replacement[] = "\xef\xbf\xbd";
        const char *const texts[] = { e->sender.host, e->receiver.host, e->endpoint };
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                if (texts[i] && strstr(texts[i], replacement))
                        return;
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);
        envelope_put(&out, &e->sender, &e->receiver, e->endpoint);
        buffer_put(&out, e->stream, e->stream_size);
        check(buffer_result(&out) == 0);
        check(out.size == size && memcmp(out.data, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP_ARENA Arena arena;
        arena_init(&arena, MIB(16));
        Envelope e;
        int r = envelope_parse(&arena, data, size, &e);
        check(r == 0 || r == -EBADMSG);
        if (r < 0)
                return 0;
        check_address(&e.sender);
        check_address(&e.receiver);
        check(e.endpoint && e.stream + e.stream_size == data + size);
        check_written(&e, data, size);
        JValue *v;
        check(jread(&arena, e.stream, e.stream_size, NULL, NULL, &v) >= 0);
        return 0;
}
