/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/config.h"

#include <errno.h>
#include <stdlib.h>

#include "tests/unit/unit.h"

START_TEST(state_directory)
{
        static const struct {
                const char *setting, *unit, *expected;
        } cases[] = {
                { NULL, NULL, NULL },
                { NULL, "/s/work:/s/local", NULL },
                { NULL, "/s/work:/s/local:/s/worker", "/s/worker" },
                { NULL, "/s/workers/big:/s/local:/s/worker@big", "/s/worker@big" },
                /* a worker may be called like the directory */
                { NULL, "/s/workers/worker1:/s/local:/s/worker@worker1", "/s/worker@worker1" },
                { "/mine", "/s/worker", "/mine" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const WorkerSettings s = { .state_dir = (char *)cases[i].setting };
                CLEANUP_FREE char *dir = NULL;
                int r;

                if (cases[i].unit)
                        ck_assert_int_eq(setenv("STATE_DIRECTORY", cases[i].unit, 1), 0);
                else
                        ck_assert_int_eq(unsetenv("STATE_DIRECTORY"), 0);
                r = worker_state_dir(&s, &dir);
                ck_assert_int_eq(r, cases[i].expected ? 0 : -ENOENT);
                if (cases[i].expected)
                        ck_assert_str_eq(dir, cases[i].expected);
        }
        (void)unsetenv("STATE_DIRECTORY");
}
END_TEST

UNIT_MAIN("worker-config", state_directory)
