/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/host.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "netsetup/nl-route.h"
#include "netsetup/nl-wireguard.h"
#include "netsetup/record.h"
#include "netsetup/sysctl.h"

int host_open(Host *host, const char *dir)
{
        *host = (Host){ .dir = dir ? dir : HOST_RUNTIME_DIR };
        return netlink_open(NETLINK_ROUTE, &host->route);
}

void host_done(Host *host)
{
        netlink_free(host->route);
        netlink_free(host->generic);
        *host = (Host){ 0 };
}

int host_wireguard(Host *host, int *ret_family)
{
        int r = 0;

        if (!host->generic)
                r = netlink_open(NETLINK_GENERIC, &host->generic);
        if (r >= 0 && host->wireguard == 0)
                r = wg_family(host->generic, &host->wireguard);
        if (r < 0)
                return r == -ENOENT ? -EOPNOTSUPP : r;
        *ret_family = host->wireguard;
        return 0;
}

static int read_devices(Host *host, NetState *state)
{
        int r = 0, family;

        for (const NetLink *link = state->links; link && r >= 0; link = link->next) {
                if (!link->wireguard)
                        continue;
                r = host_wireguard(host, &family);
                if (r >= 0)
                        r = wg_read(host->generic, family, state, link->name);
        }
        return r;
}

/* The value that a link or a sysctl has now; NULL when there is none. */
static int read_setting(NetState *state, NetSetting *setting)
{
        const char *slash = strchr(setting->name, '/');
        CLEANUP_FREE char *text = NULL;

        setting->value = NULL;
        if (strncmp(setting->name, "net.", 4) == 0) {
                int r = sysctl_read(setting->name, &text);

                if (r == -ENOENT || r == -EACCES)
                        return 0;
                if (r < 0)
                        return r;
                for (char *c = text; *c; c++) /* several numbers have tabs between */
                        *c = *c == '\t' ? ' ' : *c;
                setting->value = arena_strdup(&state->arena, text);
                return setting->value ? 0 : -ENOMEM;
        }
        const NetLink *link = slash ? state_link(state, slash + 1) : NULL;

        if (!link)
                return 0;
        setting->value = *setting->name == 'u' ? (link->up ? "1" : "0")
                                               : arena_printf(&state->arena, "%u", link->mtu);
        return setting->value ? 0 : -ENOMEM;
}

/* accept_ra of the interfaces that have a default route of a router. */
static int add_router_settings(NetState *state)
{
        for (const NetRoute *route = state->routes; route; route = route->next) {
                char name[IFNAMSIZ + 40];

                if (route->protocol != RTPROT_RA || route->to.length != 0 ||
                    route->to.address.family != AF_INET6 || !*route->dev)
                        continue;
                int n = snprintf(name, sizeof name, "net.ipv6.conf.%s.accept_ra", route->dev);

                for (int i = 14; i < n - 10; i++)
                        name[i] = (char)(name[i] == '.' ? '/' : name[i]);
                if (!state_setting(state, name) && !state_add_setting(state, name))
                        return -ENOMEM;
        }
        return 0;
}

static int read_settings(Host *host, const NetState *desired, NetState *state)
{
        int r = record_read(host->dir, state);

        if (r == -EACCES) /* not root: nothing of it is shown */
                r = 0;
        if (r >= 0)
                r = add_router_settings(state);
        for (const NetSetting *s = desired ? desired->settings : NULL; s && r >= 0; s = s->next)
                if (!state_setting(state, s->name) && !state_add_setting(state, s->name))
                        r = -ENOMEM;
        for (const NetLink *link = desired ? desired->links : NULL; link && r >= 0;
             link = link->next) {
                char name[IFNAMSIZ + 8];

                snprintf(name, sizeof name, "mtu/%s", link->name);
                if (!state_setting(state, name) && !state_add_setting(state, name))
                        r = -ENOMEM;
        }
        for (NetSetting *s = state->settings; s && r >= 0; s = s->next)
                r = read_setting(state, s);
        return r;
}

int host_read(Host *host, const NetState *desired, NetState *ret)
{
        struct timespec now;
        int r = nl_route_read(host->route, ret);

        clock_gettime(CLOCK_REALTIME, &now);
        ret->now_sec = (uint64_t)now.tv_sec;
        if (r >= 0)
                r = read_devices(host, ret);
        return r < 0 ? r : read_settings(host, desired, ret);
}
