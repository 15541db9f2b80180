/* SPDX-License-Identifier: Apache-2.0 */
/* Work in a child, its answer in the loop, and who frees what. */
#include "daemons/common/helper.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

static int answer(void *arg, int fd)
{
        const char *text = arg;

        return write(fd, text, strlen(text)) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Until it is killed for taking too long. */
static int wait_for_ever(void *arg, int fd)
{
        (void)pause();
        return EXIT_SUCCESS;
}

static void keep(void *user, const char *output)
{
        *(char **)user = strdup(output);
}

static unsigned n_open_files(void)
{
        unsigned n = 0;
        DIR *dir = opendir("/proc/self/fd");

        ck_assert_ptr_nonnull(dir);
        while (readdir(dir))
                n++;
        closedir(dir);
        return n;
}

START_TEST(the_answer_arrives)
{
        CLEANUP_FREE char *output = NULL;
        sd_event *event = NULL;

        ck_assert_int_ge(sd_event_new(&event), 0);
        ck_assert_int_eq(helper_run(event, answer, (void *)"yes", 10, keep, &output, NULL), 0);
        for (unsigned i = 0; i < 100 && !output; i++)
                ck_assert_int_ge(sd_event_run(event, 100000), 0);
        ck_assert_ptr_nonnull(output);
        ck_assert_str_eq(output, "yes");
        ck_assert_ptr_null(sd_event_unref(event));
}
END_TEST

START_TEST(one_that_is_owned_can_be_forgotten)
{
        char *output = NULL;
        unsigned before = n_open_files();
        sd_event *event = NULL;
        Helper *helper;

        ck_assert_int_ge(sd_event_new(&event), 0);
        ck_assert_int_eq(helper_run(event, wait_for_ever, NULL, 1, keep, &output, &helper), 0);
        helper_free(helper);
        (void)sd_event_unref(event);
        ck_assert_ptr_null(output);
        ck_assert_uint_eq(n_open_files(), before);
}
END_TEST

START_TEST(one_that_nobody_owns_goes_with_the_loop)
{
        char *output = NULL;
        unsigned before = n_open_files();
        sd_event *event = NULL;

        ck_assert_int_ge(sd_event_new(&event), 0);
        ck_assert_int_eq(helper_run(event, wait_for_ever, NULL, 1, keep, &output, NULL), 0);
        (void)sd_event_unref(event);
        ck_assert_ptr_null(output);
        ck_assert_uint_eq(n_open_files(), before);
}
END_TEST

UNIT_MAIN("helper", the_answer_arrives, one_that_is_owned_can_be_forgotten,
          one_that_nobody_owns_goes_with_the_loop)
