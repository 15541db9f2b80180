/* SPDX-License-Identifier: Apache-2.0 */
#include "base/problem.h"

#include <errno.h>
#include <stdio.h>

int problem_vset(char **ret_problem, int result, const char *format, va_list args)
{
        if (vasprintf(ret_problem, format, args) >= 0)
                return result;
        *ret_problem = NULL;
        return -ENOMEM;
}

int problem_set(char **ret_problem, int result, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        int r = problem_vset(ret_problem, result, format, args);

        va_end(args);
        return r;
}
