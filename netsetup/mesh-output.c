/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/mesh-output.h"

#include <string.h>
#include <strings.h>

#include "base/buffer.h"

#define KEEPALIVE_SECONDS 25 /* NAT forgets after 30 s of silence, if it is of the worst kind */
#define HOSTS_BEGIN       "# BEGIN spark-netsetup (from the list of the mesh's members; not to be edited)"
#define HOSTS_END         "# END spark-netsetup"
#define HEADER            "# Made by spark-netsetup from the list of the mesh's members; not to be edited.\n"
#define BLANKS            " \t\r\v\f"

static char *take(Buffer *out)
{
        return out->failed ? NULL : buffer_take_text(out);
}

/* ---- network.conf ---- */

static void put_peer(Buffer *out, const MeshMember *m)
{
        char address[MESH_ADDRESS_SIZE], key[KEY_TEXT_SIZE];
        char endpoint[LIMIT_MESH_ENDPOINT_BYTES + 1];

        mesh_address_format(m->address, address);
        key_format(&m->key, key);
        buffer_printf(out,
                      "\n# %s\n[peer mesh-%s]\ndevice = " MESH_DEVICE "\npublic-key = %s\n"
                      "allowed-ips = %s/32\npersistent-keepalive = %d\n",
                      m->name, address, key, address, KEEPALIVE_SECONDS);
        if (!*m->endpoint.host)
                return;
        mesh_endpoint_format(&m->endpoint, endpoint);
        buffer_printf(out, "endpoint = %s\n", endpoint);
}

char *mesh_render_network(const MeshList *list, const MeshMember *self, const char *key_file)
{
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);
        char address[MESH_ADDRESS_SIZE];

        mesh_address_format(self->address, address);
        buffer_printf(&out,
                      HEADER "\n[wireguard " MESH_DEVICE "]\nprivate-key-file = %s\n"
                             "listen-port = %u\naddress = %s/%u\nmtu = auto\n",
                      key_file, self->port, address, list->prefix);
        for (size_t i = 0; i < list->n; i++)
                if (&list->members[i] != self)
                        put_peer(&out, &list->members[i]);
        return take(&out);
}

/* ---- hosts ---- */

static bool line_is(const char *line, size_t size, const char *text)
{
        return size == strlen(text) && memcmp(line, text, size) == 0;
}

/* Whether a line of the file gives that name to some address. */
static bool line_names(const char *line, size_t size, const char *name)
{
        const char *end = memchr(line, '#', size) ?: line + size;
        bool first = true;

        while (line < end) {
                const size_t blank = strspn(line, BLANKS);
                if (blank >= (size_t)(end - line))
                        break;
                line += blank;
                size_t word = strcspn(line, BLANKS "#\n");
                word = MIN_OF(word, (size_t)(end - line));
                if (!first && word == strlen(name) && strncasecmp(line, name, word) == 0)
                        return true;
                first = false;
                line += word;
        }
        return false;
}

static bool text_names(const char *text, size_t size, const char *name)
{
        for (const char *line = text; line < text + size;) {
                const char *end = memchr(line, '\n', (size_t)(text + size - line)) ?: text + size;
                if (line_names(line, (size_t)(end - line), name))
                        return true;
                line = end + 1;
        }
        return false;
}

/* What stands before the block, and behind it. Without an end the block goes to the end. */
typedef struct HostsParts {
        size_t before, after_start;
        bool found;
} HostsParts;

static HostsParts find_block(const char *hosts)
{
        const size_t size = strlen(hosts);
        HostsParts parts = { .before = size, .after_start = size };

        for (const char *line = hosts; *line;) {
                const size_t length = strcspn(line, "\n");
                const char *next = line + length + (line[length] == '\n');
                if (!parts.found && line_is(line, length, HOSTS_BEGIN)) {
                        parts.found = true;
                        parts.before = (size_t)(line - hosts);
                } else if (parts.found && line_is(line, length, HOSTS_END)) {
                        parts.after_start = (size_t)(next - hosts);
                        break;
                }
                line = next;
        }
        return parts;
}

char *mesh_render_hosts(const char *hosts, const MeshList *list)
{
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);
        const HostsParts parts = find_block(hosts);
        const char *after = hosts + parts.after_start;
        char address[MESH_ADDRESS_SIZE];

        buffer_put(&out, hosts, parts.before);
        if (parts.before > 0 && hosts[parts.before - 1] != '\n')
                buffer_put_u8(&out, '\n');
        if (list)
                buffer_put_text(&out, HOSTS_BEGIN "\n");
        for (size_t i = 0; list && i < list->n; i++) {
                const MeshMember *m = &list->members[i];
                const bool elsewhere = text_names(hosts, parts.before, m->name) ||
                                       text_names(after, strlen(after), m->name);
                mesh_address_format(m->address, address);
                buffer_printf(&out, "%s %s." MESH_DOMAIN "%s%s\n", address, m->name,
                              elsewhere ? "" : " ", elsewhere ? "" : m->name);
        }
        if (list)
                buffer_put_text(&out, HOSTS_END "\n");
        buffer_put_text(&out, after);
        return take(&out);
}

/* ---- Spark ---- */

char *mesh_render_worker(const MeshList *list, const MeshMember *self)
{
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);
        char address[MESH_ADDRESS_SIZE];

        mesh_address_format(self->address, address);
        buffer_printf(&out, HEADER "\n[worker]\nhost = %s\n", address);
        if (*list->master)
                buffer_printf(&out, "master = %s\n", list->master);
        return take(&out);
}

char *mesh_render_master(const MeshMember *self)
{
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);
        char address[MESH_ADDRESS_SIZE];

        mesh_address_format(self->address, address);
        buffer_printf(&out, HEADER "\n[master]\nhost = %s\n", address);
        return take(&out);
}

char *mesh_render_worker_unit(const MeshMember *self)
{
        CLEANUP_BUFFER Buffer out = BUFFER_INIT(0);
        char address[MESH_ADDRESS_SIZE];

        mesh_address_format(self->address, address);
        buffer_printf(&out,
                      HEADER "\n# For what executors and drivers look at themselves.\n[Service]\n"
                             "Environment=SPARK_LOCAL_IP=%s SPARK_PUBLIC_DNS=%s\n",
                      address, address);
        return take(&out);
}
