/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "wire/jproto.h"
#include "wire/jread.h"
#include "wire/jwrite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
        if (!condition)
                abort();
}

static void seen(void *user, const JClass *c)
{
        size_t n = 0;
        for (const JClass *super = c; super; super = super->super)
                n++;
        check(n <= LIMIT_JAVA_CLASS_CHAIN + 1 && (c->proxy || c->name[0]));
        for (size_t i = 0; i < c->n_fields; i++)
                check(c->fields[i].name && !c->fields[i].signature == (c->fields[i].type != 'L' &&
                                                                       c->fields[i].type != '['));
        ++*(size_t *)user;
}

/* A stream that is read is written back as it came, but for resets before its object. */
static void check_written(const JValue *v, const uint8_t *data, size_t size)
{
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);
        check(jwrite(v, &out) == 0);
        size_t resets = 0;
        while (data[4 + resets] == TC_RESET)
                resets++;
        check(out.size == size - resets);
        check(memcmp(out.data, data, 4) == 0);
        check(memcmp(out.data + 4, data + 4 + resets, out.size - 4) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP_ARENA Arena arena;
        arena_init(&arena, MIB(16));
        JValue *v = NULL;
        size_t n_seen = 0;
        int r = jread(&arena, data, size, seen, &n_seen, &v);
        check(r >= 0 && r <= JREAD_E_ABORTED && (r == 0) == (v != NULL));
        check(arena.used <= arena.limit && n_seen <= LIMIT_JAVA_HANDLES);
        if (r == 0)
                check_written(v, data, size);
        return 0;
}
