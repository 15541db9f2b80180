/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * From the configuration to what the kernel should have. Pure but for desired_resolve(), which
 * reads the keys and asks for the addresses of names.
 */

#include "netsetup/conf.h"
#include "netsetup/state.h"

/* What is asked for when nothing better is known: an Ethernet's 1500 bytes less WireGuard's part
 * over IPv6. */
#define DESIRED_MTU_DEFAULT 1420
/* What WireGuard and UDP add to a packet: 32 bytes and 8, and the outer header. */
#define DESIRED_OVERHEAD(family) ((family) == AF_INET6 ? 80u : 60u)

/* Fills `ret`, which is initialised; text of the configuration is borrowed. Endpoints that are
 * names have no address yet, devices and peers no secret. 0 or -ENOMEM. */
int desired_make(const Conf *conf, NetState *ret);

/* Reads the keys and looks names up. What cannot be had becomes a problem of the configuration
 * (-EINVAL), except that a key that this user may not read, and a name that has no address now, are
 * only noted. `may_wait`: names are asked of the network. */
int desired_resolve(Conf *conf, NetState *desired, Strv *notes, bool may_wait);

/* mtu = auto of one device: the setting is made, and says why. `measured` 0: not known; then what
 * the device has already stays, or it gets the default. 0 or -ENOMEM. */
int desired_set_auto_mtu(NetState *desired, const NetState *actual, const ConfDevice *device,
                         uint32_t measured);

/* A host that forwards IPv6 listens to no router any more (accept_ra = 1) and would lose its
 * default route: interfaces that have one of a router listen all the same (accept_ra = 2). 0 or
 * -ENOMEM. */
int desired_keep_router_advertisements(NetState *desired, const NetState *actual);
