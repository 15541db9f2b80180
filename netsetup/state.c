/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/state.h"

#include <errno.h>
#include <string.h>

#include "base/hash.h"

void state_init(NetState *state)
{
        *state = (NetState){ 0 };
        arena_init(&state->arena, STATE_ARENA_BYTES);
}

void state_done(NetState *state)
{
        for (WgDevice *device = state->devices; device; device = device->next) {
                key_wipe(&device->private_key);
                for (WgPeer *peer = device->peers; peer; peer = peer->next)
                        key_wipe(&peer->psk);
        }
        arena_done(&state->arena);
        state_init(state);
}

NetLink *state_link(const NetState *state, const char *name)
{
        for (NetLink *link = state->links; link; link = link->next)
                if (strcmp(link->name, name) == 0)
                        return link;
        return NULL;
}

const NetLink *state_link_by_index(const NetState *state, int index)
{
        for (const NetLink *link = state->links; link; link = link->next)
                if (link->index == index)
                        return link;
        return NULL;
}

WgDevice *state_device(const NetState *state, const char *name)
{
        for (WgDevice *device = state->devices; device; device = device->next)
                if (strcmp(device->name, name) == 0)
                        return device;
        return NULL;
}

NetSetting *state_setting(const NetState *state, const char *name)
{
        for (NetSetting *setting = state->settings; setting; setting = setting->next)
                if (strcmp(setting->name, name) == 0)
                        return setting;
        return NULL;
}

static void set_name(char *to, const char *name)
{
        size_t n = strnlen(name, IFNAMSIZ - 1);

        memcpy(to, name, n);
        to[n] = '\0';
}

NetLink *state_add_link(NetState *state, const char *name)
{
        NetLink *link = arena_new(&state->arena, NetLink);

        if (!link)
                return NULL;
        set_name(link->name, name);
        DL_APPEND(state->links, link);
        return link;
}

NetAddr *state_add_address(NetState *state, const char *dev)
{
        NetAddr *address = arena_new(&state->arena, NetAddr);

        if (!address)
                return NULL;
        set_name(address->dev, dev);
        DL_APPEND(state->addresses, address);
        return address;
}

NetRoute *state_add_route(NetState *state)
{
        NetRoute *route = arena_new(&state->arena, NetRoute);

        if (route)
                DL_APPEND(state->routes, route);
        return route;
}

NetRule *state_add_rule(NetState *state)
{
        NetRule *rule = arena_new(&state->arena, NetRule);

        if (rule)
                DL_APPEND(state->rules, rule);
        return rule;
}

NetSetting *state_add_setting(NetState *state, const char *name)
{
        NetSetting *setting = arena_new(&state->arena, NetSetting);

        if (!setting)
                return NULL;
        setting->name = arena_strdup(&state->arena, name);
        if (!setting->name)
                return NULL;
        DL_APPEND(state->settings, setting);
        return setting;
}

WgDevice *state_add_device(NetState *state, const char *name)
{
        WgDevice *device = arena_new(&state->arena, WgDevice);

        if (!device)
                return NULL;
        set_name(device->name, name);
        DL_APPEND(state->devices, device);
        return device;
}

WgPeer *state_add_peer(NetState *state, WgDevice *device)
{
        WgPeer *peer = arena_new(&state->arena, WgPeer);

        if (!peer)
                return NULL;
        DL_APPEND(device->peers, peer);
        device->n_peers++;
        return peer;
}

int state_add_allowed(NetState *state, WgPeer *peer, const NetPrefix *prefix)
{
        if (peer->n_allowed == peer->room_allowed) {
                size_t room = peer->room_allowed ? 2 * peer->room_allowed : 2;
                NetPrefix *more = arena_new_array(&state->arena, room, NetPrefix);

                if (!more)
                        return -ENOMEM;
                if (peer->n_allowed > 0)
                        memcpy(more, peer->allowed, peer->n_allowed * sizeof *more);
                peer->allowed = more;
                peer->room_allowed = room;
        }
        peer->allowed[peer->n_allowed++] = *prefix;
        return 0;
}
