/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/samples.h"

#include <check.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/limits.h"

static Sample sample_load(const char *path)
{
        FILE *f = fopen(path, "re");
        ck_assert_msg(f, "cannot open %s", path);
        Buffer b = BUFFER_INIT(MIB(1));
        size_t n;
        do {
                uint8_t *p = buffer_reserve(&b, 4096);
                ck_assert_ptr_nonnull(p);
                n = fread(p, 1, 4096, f);
                buffer_added(&b, n);
        } while (n > 0);
        fclose(f);
        const uint8_t *magic = memmem(b.data, b.size, "\xac\xed\x00\x05", 4);
        ck_assert_msg(magic, "no object stream in %s", path);
        return (Sample){ strdup(path), b.data, b.size, (size_t)(magic - b.data) };
}

Samples samples_load(void)
{
        const char *srcdir = getenv("srcdir");
        char pattern[4096];
        (void)snprintf(pattern, sizeof(pattern), "%s/tests/data/frames/*/*.bin",
                       srcdir ? srcdir : ".");
        glob_t found;
        ck_assert_msg(glob(pattern, 0, NULL, &found) == 0, "no file matches %s", pattern);
        Samples s = { calloc(found.gl_pathc, sizeof(Sample)), found.gl_pathc };
        for (size_t i = 0; i < s.n; i++)
                s.items[i] = sample_load(found.gl_pathv[i]);
        globfree(&found);
        return s;
}

void samples_done(Samples *s)
{
        for (size_t i = 0; i < s->n; i++) {
                free(s->items[i].path);
                free(s->items[i].frame);
        }
        free(s->items);
}
