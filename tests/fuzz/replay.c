/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a fuzz target is linked with when libFuzzer is not: a main that runs every file of its
 * corpus, tests/fuzz/NAME/ for the program fuzz-NAME, and of the files and directories on the
 * command line. So every input that ever mattered is a test of any build.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/macro.h"

#define INPUT_MAX (64 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
        CLEANUP_FREE char *text = NULL;
        size_t size;
        int r = file_read(path, INPUT_MAX, &text, &size);
        if (r < 0) {
                fprintf(stderr, "%s: %s\n", path, strerror(-r));
                return r;
        }
        /* a copy of the exact size, so that the sanitizer sees a read past the end */
        CLEANUP_FREE uint8_t *exact = malloc(size > 0 ? size : 1);
        if (!exact)
                return -ENOMEM;
        memcpy(exact, text, size);
        (void)LLVMFuzzerTestOneInput(exact, size);
        return 0;
}

static int is_input(const struct dirent *entry)
{
        return entry->d_name[0] != '.';
}

/* The number of files run, or a negative errno. */
static int run_path(const char *path)
{
        struct stat st;
        if (stat(path, &st) < 0) {
                fprintf(stderr, "%s: %s\n", path, strerror(errno));
                return -errno;
        }
        if (!S_ISDIR(st.st_mode)) {
                int r = run_file(path);
                return r < 0 ? r : 1;
        }
        struct dirent **entries;
        int n = scandir(path, &entries, is_input, alphasort), result = 0;
        if (n < 0)
                return -errno;
        for (int i = 0; i < n; i++) {
                CLEANUP_FREE char *child = path_join(path, entries[i]->d_name);
                int r = result < 0 ? 0 : child ? run_path(child) : -ENOMEM;
                result = r < 0 ? r : result + r;
                free(entries[i]);
        }
        free(entries);
        return result;
}

int main(int argc, char *argv[])
{
        const char *srcdir = getenv("srcdir"), *slash = strrchr(argv[0], '/');
        const char *name = slash ? slash + 1 : argv[0];
        if (strncmp(name, "fuzz-", 5) == 0)
                name += 5;
        CLEANUP_FREE char *corpus = NULL;
        if (asprintf(&corpus, "%s/tests/fuzz/%s", srcdir ? srcdir : ".", name) < 0)
                return EXIT_FAILURE;
        int count = 0;
        for (int i = 0; i < argc; i++) {
                int n = run_path(i == 0 ? corpus : argv[i]);
                if (n <= 0) {
                        fprintf(stderr, "%s: no input was run\n", i == 0 ? corpus : argv[i]);
                        return EXIT_FAILURE;
                }
                count += n;
        }
        printf("%s: %d inputs\n", name, count);
        return EXIT_SUCCESS;
}
