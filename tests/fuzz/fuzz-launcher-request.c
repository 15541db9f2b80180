/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/launch-message.h"

#include <stdint.h>
#include <string.h>

#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is taken is written and taken again with the same result. */
static void check_taken(const LaunchMessage *m, size_t size)
{
        CLEANUP_BUFFER Buffer first = BUFFER_INIT(0), second = BUFFER_INIT(0);
        CLEANUP_LAUNCH_MESSAGE LaunchMessage again = { 0 };
        CLEANUP_FREE char *problem = NULL;

        if (m->verb == LAUNCH_START && (m->argv.length == 0 || m->argv.items[0][0] != '/'))
                abort();
        if (m->directory && (m->directory[0] != '/' || strstr(m->directory, "/../")))
                abort();
        if (m->id && (strchr(m->id, '/') || strchr(m->id, '@') || strlen(m->id) > LAUNCH_ID_MAX))
                abort();
        if (launch_message_write(m, &first) < 0 || first.size != size)
                abort();
        if (launch_message_parse(first.data, first.size, &again, &problem) != 0 ||
            launch_message_write(&again, &second) < 0)
                abort();
        if (first.size != second.size || memcmp(first.data, second.data, first.size) != 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP_LAUNCH_MESSAGE LaunchMessage m = { 0 };
        CLEANUP_FREE char *problem = NULL;
        LaunchReply reply = { 0 };
        int r = launch_message_parse(data, size, &m, &problem);

        if (r == 0)
                check_taken(&m, size);
        else if (r != LAUNCH_E_REFUSED || !problem)
                abort();
        if (launch_reply_parse(data, size, &reply) == 0)
                launch_reply_done(&reply);
        return 0;
}
