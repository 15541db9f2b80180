/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * libcurl, loaded by the helper children that fetch something (helper.h) and by nobody else: a
 * daemon pays neither its memory nor its start-up for what happens seldom.
 */

#define CURL_DISABLE_TYPECHECK /* functions are called through pointers */
#include <curl/curl.h>

#define CURL_FUNCTIONS(X)                                                                          \
        X(curl_easy_init)                                                                          \
        X(curl_easy_setopt)                                                                        \
        X(curl_easy_perform)                                                                       \
        X(curl_easy_getinfo)                                                                       \
        X(curl_easy_strerror)                                                                      \
        X(curl_easy_cleanup)

typedef struct Curl {
#define CURL_POINTER(name) __typeof__(&name) name;
        CURL_FUNCTIONS(CURL_POINTER)
#undef CURL_POINTER
} Curl;

/* 0, or -ENOPKG when it is not installed. It is never unloaded: the process ends soon. */
int curl_load(Curl *ret);
