/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What went wrong, in words for the user, beside the result that the program goes by.
 */

#include <stdarg.h>

#include "base/macro.h"

/* Sets *ret_problem to the sentence, owned by the caller, and returns `result`; without memory
 * sets it to NULL and returns -ENOMEM. */
int problem_set(char **ret_problem, int result, const char *format, ...) PRINTF_LIKE(3, 4);
int problem_vset(char **ret_problem, int result, const char *format, va_list args)
        PRINTF_LIKE(3, 0);
