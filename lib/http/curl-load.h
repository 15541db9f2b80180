/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * libcurl and the thirty libraries that it brings, loaded when something is to be fetched: by the
 * helper children of the daemons, and by the verbs of spark-netsetup which ask other hosts. Nobody
 * else pays its memory and its start-up.
 */

#define CURL_DISABLE_TYPECHECK /* functions are called through pointers */
#include <curl/curl.h>

#define CURL_FUNCTIONS(X)                                                                          \
        X(curl_easy_init)                                                                          \
        X(curl_easy_setopt)                                                                        \
        X(curl_easy_perform)                                                                       \
        X(curl_easy_getinfo)                                                                       \
        X(curl_easy_strerror)                                                                      \
        X(curl_easy_cleanup)                                                                       \
        X(curl_slist_append)                                                                       \
        X(curl_slist_free_all)                                                                     \
        X(curl_multi_init)                                                                         \
        X(curl_multi_setopt)                                                                       \
        X(curl_multi_add_handle)                                                                   \
        X(curl_multi_remove_handle)                                                                \
        X(curl_multi_perform)                                                                      \
        X(curl_multi_poll)                                                                         \
        X(curl_multi_info_read)                                                                    \
        X(curl_multi_cleanup)

typedef struct Curl {
#define CURL_POINTER(name) __typeof__(&name) name;
        CURL_FUNCTIONS(CURL_POINTER)
#undef CURL_POINTER
} Curl;

/* 0, or -ENOPKG when it is not installed. It is never unloaded: the process ends soon. */
int curl_load(Curl *ret);
