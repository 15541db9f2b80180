/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The largest packet that reaches an address and is answered, found by echo requests that nobody on
 * the way may take apart. That routers tell when a packet was too large only makes it faster: where
 * they are silent, the classic trap, it is found by trying.
 */

#include "netsetup/address.h"

#define PMTU_MAX_PROBES 256 /* at once; each has a socket */

typedef struct PmtuProbe {
        NetAddress to;
        uint32_t mtu;      /* out: bytes of the whole IP packet; 0: no answer at all */
        uint32_t rtt_usec; /* out: of the first answer */
        int error;         /* out: -errno when nothing could be sent */
} PmtuProbe;

/* All at the same time. Blocks, for about 10 s at the most. -EPERM: this user may not send echo
 * requests (CAP_NET_RAW, or net.ipv4.ping_group_range). */
int pmtu_probe(PmtuProbe *probes, size_t count);
