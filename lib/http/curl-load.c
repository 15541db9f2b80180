/* SPDX-License-Identifier: Apache-2.0 */
#include "http/curl-load.h"

#include <dlfcn.h>
#include <errno.h>

/* The name that goes with the headers we were compiled with. */
#define CURL_LIBRARY "libcurl.so.4"

int curl_load(Curl *ret)
{
        void *library = dlopen(CURL_LIBRARY, RTLD_NOW | RTLD_LOCAL);
        if (!library)
                return -ENOPKG;
#define CURL_LOOKUP(name)                                                                          \
        ret->name = (__typeof__(&name))dlsym(library, #name);                                      \
        if (!ret->name)                                                                            \
                return -ENOPKG;
        CURL_FUNCTIONS(CURL_LOOKUP)
#undef CURL_LOOKUP
        return 0;
}
