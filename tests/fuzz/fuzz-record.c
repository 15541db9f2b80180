/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state file's records, which somebody may have damaged: u8 kind, u8 and key, u16 and record.
 * What is taken is a machine that begins, and whose records make the same machine again.
 */
#include "daemons/master/record.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const MasterTime now = { 1000000, 1763690000000000 };

static Master *machine(void)
{
        MasterConfig config;
        Master *m;

        master_config_init(&config);
        config.url = "spark://m:7077";
        config.address = (RpcAddress){ "m", 7077 };
        config.web_ui_url = "http://m:8080";
        if (master_new(&config, &m) < 0)
                abort();
        return m;
}

typedef struct Copy {
        const Master *from;
        Master *to;
} Copy;

static int copy_record(void *user, RecordKind kind, const char *key)
{
        Copy *c = user;
        CLEANUP_BUFFER Buffer b = BUFFER_INIT(0);

        if (master_record(c->from, kind, key, &b) != 0 ||
            master_restore(c->to, now, kind, key, b.data, b.size) != 0)
                abort();
        return 0;
}

static int compare_record(void *user, RecordKind kind, const char *key)
{
        Copy *c = user;
        CLEANUP_BUFFER Buffer a = BUFFER_INIT(0), b = BUFFER_INIT(0);

        if (master_record(c->from, kind, key, &a) != 0 ||
            master_record(c->to, kind, key, &b) != 0 || a.size != b.size ||
            memcmp(a.data, b.data, a.size) != 0)
                abort();
        return 0;
}

static void check_copy(const Master *m)
{
        Copy c = { .from = m, .to = machine() };

        (void)master_each_record(m, copy_record, &c);
        (void)master_each_record(m, compare_record, &c);
        (void)master_free(c.to);
}

static void begin(Master *m)
{
        const MasterEvent events[] = { { .type = EVENT_START }, { .type = EVENT_TICK } };
        MasterTime later = { now.now + 3600000000, now.wall + 3600000000 };
        MasterEffects out;

        master_effects_init(&out);
        if (master_handle(m, now, &events[0], &out) < 0 ||
            master_handle(m, later, &events[1], &out) < 0)
                abort();
        if (master_counters(m).cores_used != 0) /* everybody is given up by then */
                abort();
        master_effects_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Cursor c = cursor_over(data, size);
        Master *m = machine();

        while (cursor_left(&c) > 0) {
                RecordKind kind = (RecordKind)cursor_u8(&c);
                size_t n = cursor_u8(&c);
                const uint8_t *bytes = cursor_bytes(&c, n);
                char key[256] = "";
                if (!bytes || memchr(bytes, '\0', n))
                        break;
                memcpy(key, bytes, n);
                n = cursor_u16(&c);
                bytes = cursor_bytes(&c, n);
                if (!bytes || master_restore(m, now, kind, key, bytes, n) != 0)
                        break;
        }
        check_copy(m);
        begin(m);
        (void)master_free(m);
        return 0;
}
