/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/measure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/parse.h"
#include "netsetup/desired.h"
#include "netsetup/pmtu.h"

int measure_device(const WgDevice *device, uint32_t *ret)
{
        CLEANUP_FREE PmtuProbe *probes = calloc(PMTU_MAX_PROBES, sizeof *probes);
        uint32_t smallest = 0;
        size_t n = 0;

        if (!probes)
                return -ENOMEM;
        for (const WgPeer *p = device->peers; p && n < PMTU_MAX_PROBES; p = p->next)
                if (p->endpoint.address.family != 0)
                        probes[n++].to = p->endpoint.address;
        int r = n > 0 ? pmtu_probe(probes, n) : 0;

        for (size_t i = 0; i < n && r >= 0; i++) {
                uint32_t overhead = DESIRED_OVERHEAD(probes[i].to.family);

                if (probes[i].mtu > overhead &&
                    (smallest == 0 || probes[i].mtu - overhead < smallest))
                        smallest = probes[i].mtu - overhead;
        }
        if (r >= 0)
                *ret = smallest;
        return r;
}

static char *path_of(const char *dir, const char *device)
{
        char name[IFNAMSIZ + 8];

        snprintf(name, sizeof name, "mtu.%s", device);
        return path_join(dir, name);
}

uint32_t measure_recall(const char *dir, const char *device)
{
        CLEANUP_FREE char *path = path_of(dir, device);
        CLEANUP_FREE char *text = NULL;
        size_t size;
        int mtu = 0;

        if (!path || file_read(path, 64, &text, &size) < 0)
                return 0;
        text[strcspn(text, "\n")] = '\0';
        return parse_int(text, 576, 65535, &mtu) < 0 ? 0 : (uint32_t)mtu;
}

int measure_keep(const char *dir, const char *device, uint32_t mtu)
{
        CLEANUP_FREE char *path = path_of(dir, device);
        int r = path ? dir_make(dir, 0755) : -ENOMEM;
        FILE *f = r < 0 ? NULL : fopen(path, "we");

        if (r < 0 || !f)
                return r < 0 ? r : -errno;
        fprintf(f, "%u\n", mtu);
        return fclose(f) == 0 ? 0 : -errno;
}
