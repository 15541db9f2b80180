/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encode-golden VERSION SCALA: writes the golden file of a line (tests/unit/messages.h) to standard
 * output, to make tests/data/encoded anew after a change that is meant.
 */
#include <stdio.h>

#include "tests/unit/messages.h"

int main(int argc, char **argv)
{
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);
        Line line = argc == 3 ? line_from_version(argv[1], argv[2]) : LINE_INVALID;
        if (line == LINE_INVALID) {
                (void)fprintf(stderr, "usage: %s VERSION SCALA-VERSION\n", argv[0]);
                return 2;
        }
        golden_build(line, &out);
        return fwrite(out.data, 1, out.size, stdout) == out.size && fflush(stdout) == 0 ? 0 : 1;
}
