/* SPDX-License-Identifier: Apache-2.0 */
#include "base/problem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int problem_set(char **ret_problem, int result, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        int n = vasprintf(ret_problem, format, args);

        va_end(args);
        if (n >= 0)
                return result;
        *ret_problem = NULL;
        return -ENOMEM;
}
