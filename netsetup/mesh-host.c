/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/mesh-host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <openssl/rand.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "netsetup/host.h"
#include "netsetup/mesh-output.h"
#include "netsetup/nl-route.h"
#include "netsetup/session.h"

#define NETWORK_DROP_IN ".d/50-mesh.conf"
#define WORKER_DROP_IN  "spark-worker.conf.d/50-mesh.conf"
#define MASTER_DROP_IN  "spark-master.conf.d/50-mesh.conf"
#define UNIT_DROP_IN    "spark-worker.service.d/50-mesh.conf"
#define KEY_FILE        "wireguard.key"

#define POOL_TRIES     1000
#define BUSY_WAIT_MSEC 10000

MeshPlaces mesh_places(const char *config)
{
        return (MeshPlaces){ .config = config,
                             .state_dir = MESH_STATE_DIR,
                             .hosts = "/etc/hosts",
                             .units = "/etc/systemd/system" };
}

/* ---- files ---- */

/* Has the file say this (taken), or be absent for NULL. 1 when it did not before. */
static int put_file(const char *path, char *text, mode_t mode)
{
        CLEANUP_FREE char *wanted = text, *old = NULL, *dir = strdup(path);
        char *slash = dir ? strrchr(dir, '/') : NULL;

        if (!slash)
                return -ENOMEM;
        if (!wanted)
                return unlink(path) >= 0 ? 1 : errno != ENOENT && errno != ENOTDIR ? -errno : 0;
        if (file_read(path, LIMIT_CONFIG_FILE_BYTES, &old, NULL) >= 0 && strcmp(old, wanted) == 0)
                return 0;
        *slash = '\0';
        int r = dir_make(dir, 0755);
        if (r >= 0)
                r = mesh_file_write(path, wanted, mode);
        return r < 0 ? r : 1;
}

/* The directory of the configuration, with its slash; owned by the caller. */
static char *beside(const MeshPlaces *places, const char *name)
{
        const char *slash = strrchr(places->config, '/');
        char *path;

        if (asprintf(&path, "%.*s%s", slash ? (int)(slash - places->config) + 1 : 0, places->config,
                     name) < 0)
                return NULL;
        return path;
}

static int write_hosts(const MeshPlaces *places, const MeshState *state)
{
        CLEANUP_FREE char *old = NULL, *new = NULL;
        struct stat st = { .st_mode = 0644 };
        int r = file_read(places->hosts, LIMIT_CONFIG_FILE_BYTES, &old, NULL);

        if (r == -ENOENT)
                old = strdup("");
        else if (r < 0)
                return r;
        (void)stat(places->hosts, &st);
        new = old ? mesh_render_hosts(old, mesh_state_self(state) ? &state->list : NULL) : NULL;
        if (!new)
                return -ENOMEM;
        if (strcmp(old, new) == 0)
                return 0;
        r = mesh_file_write(places->hosts, new, st.st_mode & 0777);
        return r < 0 ? r : 1;
}

/* Takes the path and the text. *changed is set when the file is not as it was. */
static int write_one(char *taken, bool wanted, char *text, FILE *err, bool *changed)
{
        CLEANUP_FREE char *path = taken;
        int r = !path || (wanted && !text) ? -ENOMEM : put_file(path, text, 0644);

        if (r < 0)
                (void)fprintf(err, "spark-netsetup: %s: %s\n", path ?: "", strerror(-r));
        *changed = *changed || r > 0;
        return r;
}

int mesh_host_write(const MeshPlaces *places, const MeshState *state, FILE *err)
{
        const MeshMember *self = mesh_state_self(state);
        const bool first = self && mesh_state_is_coordinator(state);
        CLEANUP_FREE char *key_file = path_join(places->state_dir, KEY_FILE), *network = NULL;
        bool changed = false;
        int r;

        if (!key_file || asprintf(&network, "%s" NETWORK_DROP_IN, places->config) < 0) {
                network = NULL;
                return -ENOMEM;
        }
        r = write_one(TAKE_PTR(network), self != NULL,
                      self ? mesh_render_network(&state->list, self, key_file) : NULL, err,
                      &changed);
        if (r >= 0)
                r = write_one(beside(places, WORKER_DROP_IN), self != NULL,
                              self ? mesh_render_worker(&state->list, self) : NULL, err, &changed);
        if (r >= 0)
                r = write_one(beside(places, MASTER_DROP_IN), first,
                              first ? mesh_render_master(self) : NULL, err, &changed);
        if (r >= 0)
                r = write_one(path_join(places->units, UNIT_DROP_IN), self != NULL,
                              self ? mesh_render_worker_unit(self) : NULL, err, &changed);
        if (r < 0)
                return r;
        r = write_hosts(places, state);
        if (r < 0)
                (void)fprintf(err, "spark-netsetup: %s: %s\n", places->hosts, strerror(-r));
        return r < 0 ? r : r > 0 || changed;
}

/* ---- apply ---- */

/* Whether an endpoint is a name, which only the network can say the address of. */
static bool has_names(const MeshList *list)
{
        struct in_addr four;
        struct in6_addr six;

        for (size_t i = 0; i < list->n; i++) {
                const char *host = list->members[i].endpoint.host;
                if (*host && inet_pton(AF_INET, host, &four) != 1 &&
                    inet_pton(AF_INET6, host, &six) != 1)
                        return true;
        }
        return false;
}

/* Whether anything at all is configured; nothing is what apply refuses. */
static bool is_configured(const char *config)
{
        CLEANUP_CONF Conf conf;
        bool found = access(config, F_OK) >= 0;

        conf_init(&conf);
        if (conf_read(&conf, config, true) < 0)
                return true; /* let apply say what is wrong */
        return found || !conf_is_empty(&conf);
}

int mesh_host_apply(const MeshPlaces *places, const MeshList *list, bool measure, FILE *err)
{
        SessionOptions options = { .config = places->config,
                                   .state_dir = places->state_dir,
                                   .keep_measured = true,
                                   .wait_msec = BUSY_WAIT_MSEC };
        CLEANUP_FREE char *text = NULL;
        size_t size;
        int r;

        options.empty = !is_configured(places->config);
        options.offline = !measure && !has_names(list);
        FILE *out = open_memstream(&text, &size); /* what it does, which nobody asked for */
        if (!out)
                return -ENOMEM;
        r = session_apply_now(&options, out, out);
        if (fflush(out) == 0 && r < 0)
                (void)fputs(text, err);
        (void)fclose(out);
        return r;
}

int mesh_host_has_wireguard(void)
{
        CLEANUP_HOST Host host = { 0 };
        int family;
        int r = host_open(&host, NULL);

        return r < 0 ? r : host_wireguard(&host, &family);
}

/* ---- addresses ---- */

static int clash_of(const NetPrefix *pool, const NetPrefix *used, char **ret_subnet)
{
        const NetPrefix subnet = prefix_subnet(used);
        char text[PREFIX_TEXT_SIZE];

        /* a default route is no claim to the addresses */
        if (subnet.length == 0 || !prefix_overlaps(pool, &subnet))
                return 0;
        *ret_subnet = strdup(prefix_format(&subnet, text));
        return *ret_subnet ? 1 : -ENOMEM;
}

static NetPrefix pool_prefix(uint32_t pool, unsigned prefix)
{
        const uint32_t bytes = htonl(pool);

        return (NetPrefix){ .address = address_from_bytes(&bytes, sizeof(bytes)),
                            .length = (uint8_t)prefix };
}

static int clash_in(const NetState *state, uint32_t pool, unsigned prefix, char **ret_subnet)
{
        const NetPrefix wanted = pool_prefix(pool, prefix);
        int r = 0;

        for (const NetAddr *a = state->addresses; a && r == 0; a = a->next)
                if (strcmp(a->dev, MESH_DEVICE) != 0)
                        r = clash_of(&wanted, &a->prefix, ret_subnet);
        for (const NetRoute *route = state->routes; route && r == 0; route = route->next)
                if (strcmp(route->dev, MESH_DEVICE) != 0)
                        r = clash_of(&wanted, &route->to, ret_subnet);
        return r;
}

static int read_host(NetState *state)
{
        CLEANUP_HOST Host host = { 0 };
        int r = host_open(&host, NULL);

        return r < 0 ? r : nl_route_read(host.route, state);
}

int mesh_host_clash(uint32_t pool, unsigned prefix, char **ret_subnet)
{
        CLEANUP_STATE NetState state;
        char *subnet = NULL;

        state_init(&state);
        int r = read_host(&state);
        if (r >= 0)
                r = clash_in(&state, pool, prefix, &subnet);
        if (r < 0)
                return r;
        *ret_subnet = subnet;
        return 0;
}

int mesh_host_free_pool(uint32_t *ret_pool, unsigned *ret_prefix)
{
        CLEANUP_STATE NetState state;

        state_init(&state);
        int r = read_host(&state);
        for (unsigned i = 0; i < POOL_TRIES && r >= 0; i++) {
                CLEANUP_FREE char *subnet = NULL;
                uint16_t random;
                /* any of them, so that hosts with meshes of their own seldom have the same */
                if (RAND_bytes((unsigned char *)&random, sizeof(random)) <= 0)
                        return -EIO;
                const uint32_t pool =
                        UINT32_C(10) << 24 | UINT32_C(64) << 16 | (uint32_t)(random & 0x3fff) << 8;
                r = clash_in(&state, pool, 24, &subnet);
                if (r == 0) {
                        *ret_pool = pool;
                        *ret_prefix = 24;
                        return 0;
                }
        }
        return r < 0 ? r : -EADDRNOTAVAIL;
}

/* From where would it speak to that address? No packet is sent. */
static bool source_towards(int family, const char *text, MeshEndpoint *ret)
{
        struct sockaddr_storage address = { .ss_family = (sa_family_t)family };
        struct sockaddr_in *four = (struct sockaddr_in *)&address;
        struct sockaddr_in6 *six = (struct sockaddr_in6 *)&address;
        void *bytes = family == AF_INET ? (void *)&four->sin_addr : (void *)&six->sin6_addr;
        socklen_t size = family == AF_INET ? sizeof(*four) : sizeof(*six);
        CLEANUP_CLOSE int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || inet_pton(family, text, bytes) != 1)
                return false;
        four->sin_port = htons(9); /* where sin6_port is as well */
        return connect(fd, (struct sockaddr *)&address, size) >= 0 &&
               getsockname(fd, (struct sockaddr *)&address, &size) >= 0 &&
               inet_ntop(family, bytes, ret->host, sizeof(ret->host));
}

static size_t addresses_of_cards(MeshEndpoint *ret, size_t room)
{
        struct ifaddrs *all;
        size_t n = 0;

        if (getifaddrs(&all) < 0)
                return 0;
        for (const struct ifaddrs *i = all; i && n < room; i = i->ifa_next) {
                const struct sockaddr_in *four = (const struct sockaddr_in *)i->ifa_addr;
                if (four && four->sin_family == AF_INET && strcmp(i->ifa_name, MESH_DEVICE) != 0 &&
                    ntohl(four->sin_addr.s_addr) >> 24 != 127 &&
                    inet_ntop(AF_INET, &four->sin_addr, ret[n].host, sizeof(ret[n].host)))
                        n++;
        }
        freeifaddrs(all);
        return n;
}

size_t mesh_host_addresses(MeshEndpoint *ret, size_t room)
{
        size_t n = 0;

        /* addresses for documentation: they are routed like any others */
        if (n < room && source_towards(AF_INET, "192.0.2.1", &ret[n]))
                n++;
        if (n < room && source_towards(AF_INET6, "2001:db8::1", &ret[n]))
                n++;
        return n > 0 ? n : addresses_of_cards(ret, room);
}
