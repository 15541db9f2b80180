/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sections and keys are tables; a function per type of value. conf-check.c judges the whole.
 */
#include "netsetup/conf.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/ini.h"
#include "base/parse.h"

struct ConfIndex {
        const char *key; /* "kind name" */
        ConfItem *item;
        UT_hash_handle hh;
};

/* Takes a value into the field. NULL, or why it cannot be (a constant text). */
typedef const char *(*ConfParse)(Conf *conf, ConfOrigin at, const char *value, void *field);

typedef struct ConfKey {
        const char *name; /* lower case, without '-' */
        ConfParse parse;
        size_t offset;
        bool is_list; /* may be given again; an empty value forgets what came before */
} ConfKey;

static const char out_of_memory[] = "out of memory";

/* ---- types of values ---- */

static const char *take_text(Conf *conf, ConfOrigin at, const char *value, void *field)
{
        const char *copy = arena_strdup(&conf->arena, value);

        *(const char **)field = copy;
        return copy ? NULL : out_of_memory;
}

static const char *take_path(Conf *conf, ConfOrigin at, const char *value, void *field)
{
        return *value != '/' ? "not an absolute path" : take_text(conf, at, value, field);
}

/* A credential is a file in the directory that systemd gives. */
static const char *take_credential(Conf *conf, ConfOrigin at, const char *value, void *field)
{
        return strchr(value, '/') || *value == '.' ? "not the name of a credential"
                                                   : take_text(conf, at, value, field);
}

static const char *take_secret(Conf *conf, ConfOrigin at, const char *value, void *field)
{
        return "a secret does not belong into this file: write it to a file of its own, and name "
               "that with private-key-file or preshared-key-file";
}

static bool is_interface_name(const char *s)
{
        return *s && strlen(s) < IFNAMSIZ && strcspn(s, "/ \t:%") == strlen(s) &&
               strcmp(s, ".") != 0 && strcmp(s, "..") != 0;
}

static const char *take_interface(Conf *conf, ConfOrigin at, const char *value, void *field)
{
        return is_interface_name(value) ? take_text(conf, at, value, field)
                                        : "not the name of an interface (1 to 15 characters)";
}

/* The next word of a list with commas or blanks between; NULL at the end. */
static const char *next_word(const char **list, char *ret, size_t size)
{
        const char *start = *list + strspn(*list, ", \t");
        size_t n = strcspn(start, ", \t");

        *list = start + n;
        if (n == 0)
                return NULL;
        n = MIN_OF(n, size - 1); /* what is cut cannot be an address or a name any more */
        memcpy(ret, start, n);
        ret[n] = '\0';
        return ret;
}

static const char *take_interfaces(Conf *conf, ConfOrigin at, const char *value, void *field)
{
        char word[64];

        for (const char *rest = value; next_word(&rest, word, sizeof word);)
                if (!is_interface_name(word))
                        return "not a list of names of interfaces";
        return take_text(conf, at, value, field);
}

static const char *take_ports(Conf *conf, ConfOrigin at, const char *value, void *field)
{
        char word[64];

        for (const char *rest = value; next_word(&rest, word, sizeof word);) {
                char *dash = strchr(word, '-');
                uint16_t first, last;

                if (dash)
                        *dash++ = '\0';
                if (parse_port(word, &first) < 0 || first == 0 ||
                    parse_port(dash ? dash : word, &last) < 0 || last < first)
                        return "not a list of ports and ranges like 7077, 8080-8090";
        }
        return take_text(conf, at, value, field);
}

static const char *take_prefixes(Conf *conf, ConfOrigin at, const char *value, void *field)
{
        ConfPrefix **list = field;
        char word[64];

        for (const char *rest = value; next_word(&rest, word, sizeof word);) {
                ConfPrefix *p = arena_new(&conf->arena, ConfPrefix);

                if (!p)
                        return out_of_memory;
                if (prefix_parse(word, &p->prefix) < 0)
                        return "not an address or subnet like 10.0.0.0/24 or 2001:db8::/64";
                p->origin = at;
                DL_APPEND(*list, p);
        }
        return NULL;
}

/* Subnets: a bit after the length is a typing mistake. */
static const char *take_subnets(Conf *conf, ConfOrigin at, const char *value, void *field)
{
        ConfPrefix **list = field, *before = *list ? (*list)->prev : NULL;
        const char *why = take_prefixes(conf, at, value, field);

        for (ConfPrefix *p = before ? before->next : *list; p && !why; p = p->next)
                if (prefix_has_host_bits(&p->prefix))
                        why = "bits are set after the length of the subnet";
        return why;
}

static const char *take_prefix(Conf *conf, ConfOrigin at, const char *value, void *field)
{
        NetPrefix p;

        if (strcmp(value, "default") == 0)
                value = "0.0.0.0/0";
        if (prefix_parse(value, &p) < 0)
                return "not an address or subnet like 10.0.0.0/24 or 2001:db8::/64";
        if (prefix_has_host_bits(&p))
                return "bits are set after the length of the subnet";
        *(NetPrefix *)field = p;
        return NULL;
}

static const char *take_address(Conf *conf, ConfOrigin at, const char *value, void *field)
{
        return address_parse(value, field) < 0 ? "not an address" : NULL;
}

static const char *take_number(Conf *conf, ConfOrigin at, const char *value, void *field)
{
        int64_t n;

        if (parse_int64(value, 1, UINT32_MAX, &n) < 0)
                return "not a number from 1 to 4294967295";
        *(uint32_t *)field = (uint32_t)n;
        return NULL;
}

static const char *take_table(Conf *conf, ConfOrigin at, const char *value, void *field)
{
        if (strcmp(value, "main") == 0)
                *(uint32_t *)field = RT_TABLE_MAIN;
        else if (strcmp(value, "local") == 0)
                return "the kernel looks after the table local";
        else if (strcmp(value, "default") == 0)
                *(uint32_t *)field = RT_TABLE_DEFAULT;
        else if (take_number(conf, at, value, field))
                return "not main, default or the number of a table";
        else if (*(uint32_t *)field == RT_TABLE_LOCAL)
                return "the kernel looks after the table local";
        return NULL;
}

static const char *take_mtu(Conf *conf, ConfOrigin at, const char *value, void *field)
{
        int n;

        if (parse_int(value, 576, 65535, &n) < 0)
                return "not a size from 576 to 65535 bytes";
        *(uint32_t *)field = (uint32_t)n;
        return NULL;
}

/* The MTU of a WireGuard device; the field is the device's. */
static const char *take_device_mtu(Conf *conf, ConfOrigin at, const char *value, void *field)
{
        ConfDevice *device = CONTAINER_OF(field, ConfDevice, mtu);

        device->mtu_auto = strcasecmp(value, "auto") == 0;
        device->mtu = 0;
        if (device->mtu_auto)
                return NULL;
        return take_mtu(conf, at, value, field) ? "neither auto nor a size from 576 to 65535 bytes"
                                                : NULL;
}

static const char *take_port(Conf *conf, ConfOrigin at, const char *value, void *field)
{
        return parse_port(value, field) < 0 ? "not a port from 0 to 65535" : NULL;
}

static const char *take_keepalive(Conf *conf, ConfOrigin at, const char *value, void *field)
{
        if (strcasecmp(value, "off") == 0)
                *(uint16_t *)field = 0;
        else if (parse_port(value, field) < 0)
                return "neither off nor seconds from 0 to 65535";
        return NULL;
}

/* A number in decimal or with 0x. */
static int parse_mark(const char *s, uint32_t *ret)
{
        uint32_t n = 0;
        int64_t decimal;

        if (strncasecmp(s, "0x", 2) != 0) {
                if (parse_int64(s, 0, UINT32_MAX, &decimal) < 0)
                        return -EINVAL;
                *ret = (uint32_t)decimal;
                return 0;
        }
        size_t digits = strlen(s += 2);

        if (digits == 0 || digits > 8 || strspn(s, "0123456789abcdefABCDEF") != digits)
                return -EINVAL;
        for (; *s; s++)
                n = n << 4 | (uint32_t)(*s <= '9' ? *s - '0' : (*s | 0x20) - 'a' + 10);
        *ret = n;
        return 0;
}

static const char *take_mark(Conf *conf, ConfOrigin at, const char *value, void *field)
{
        if (strcasecmp(value, "off") == 0)
                *(uint32_t *)field = 0;
        else if (parse_mark(value, field) < 0)
                return "neither off nor a number like 51820 or 0xca6c";
        return NULL;
}

/* "MARK" or "MARK/MASK"; the field is the rule's mark. */
static const char *take_mark_mask(Conf *conf, ConfOrigin at, const char *value, void *field)
{
        ConfRule *rule = CONTAINER_OF(field, ConfRule, mark);
        char mark[16];
        const char *slash = strchr(value, '/');
        size_t n = slash ? (size_t)(slash - value) : strlen(value);

        rule->mask = UINT32_MAX;
        if (n >= sizeof mark)
                n = 0;
        memcpy(mark, value, n);
        mark[n] = '\0';
        if (parse_mark(mark, &rule->mark) < 0 || (slash && parse_mark(slash + 1, &rule->mask) < 0))
                return "not a mark like 0xca6c or a mark and a mask like 0x10/0xff";
        return NULL;
}

static const char *take_bool(Conf *conf, ConfOrigin at, const char *value, void *field)
{
        return parse_bool(value, field) < 0 ? "neither yes nor no" : NULL;
}

/* route-allowed-ips; the field says the opposite, so that it is 0 when not given. */
static const char *take_not(Conf *conf, ConfOrigin at, const char *value, void *field)
{
        bool b;

        if (parse_bool(value, &b) < 0)
                return "neither yes nor no";
        *(bool *)field = !b;
        return NULL;
}

static const char *take_forwarding(Conf *conf, ConfOrigin at, const char *value, void *field)
{
        ConfForwarding *to = field;
        bool b;

        if (strcasecmp(value, "ipv4") == 0)
                *to = FORWARDING_IPV4;
        else if (strcasecmp(value, "ipv6") == 0)
                *to = FORWARDING_IPV6;
        else if (parse_bool(value, &b) == 0)
                *to = b ? FORWARDING_BOTH : FORWARDING_NO;
        else
                return "not yes, no, ipv4 or ipv6";
        return NULL;
}

static const char *take_family(Conf *conf, ConfOrigin at, const char *value, void *field)
{
        uint8_t *to = field;

        if (strcasecmp(value, "ipv4") == 0)
                *to = AF_INET;
        else if (strcasecmp(value, "ipv6") == 0)
                *to = AF_INET6;
        else if (strcasecmp(value, "both") == 0)
                *to = 0;
        else
                return "not ipv4, ipv6 or both";
        return NULL;
}

static const char *take_key(Conf *conf, ConfOrigin at, const char *value, void *field)
{
        ConfPeer *peer = CONTAINER_OF(field, ConfPeer, public_key);

        if (strlen(value) != KEY_TEXT_SIZE - 1)
                return "the wrong length: a key is 32 bytes, 44 characters of base64";
        if (key_parse(value, &peer->public_key) < 0)
                return "not a key: 44 characters of base64";
        peer->has_public_key = true;
        return NULL;
}

static const char *take_endpoint(Conf *conf, ConfOrigin at, const char *value, void *field)
{
        CLEANUP_FREE char *host = NULL;
        uint16_t port;
        int r = endpoint_split(value, &host, &port);

        return r == -ENOMEM ? out_of_memory
               : r < 0      ? "not a host and a port like host.example:51820 or [2001:db8::1]:51820"
                            : take_text(conf, at, value, field);
}

/* ---- sections ---- */

#define DEVICE(member)   offsetof(ConfDevice, member)
#define PEER(member)     offsetof(ConfPeer, member)
#define ROUTE(member)    offsetof(ConfRoute, member)
#define RULE(member)     offsetof(ConfRule, member)
#define FIREWALL(member) offsetof(ConfFirewall, member)

static const ConfKey network_keys[] = {
        { "forwarding", take_forwarding, offsetof(ConfNetwork, forwarding), false },
        { 0 },
};

static const ConfKey interface_keys[] = {
        { "address", take_prefixes, DEVICE(addresses), true },
        { "mtu", take_mtu, DEVICE(mtu), false },
        { 0 },
};

static const ConfKey wireguard_keys[] = {
        { "address", take_prefixes, DEVICE(addresses), true },
        { "mtu", take_device_mtu, DEVICE(mtu), false },
        { "private-key-file", take_path, DEVICE(key_file), false },
        { "private-key-credential", take_credential, DEVICE(key_credential), false },
        { "private-key", take_secret, 0, false },
        { "listen-port", take_port, DEVICE(port), false },
        { "fwmark", take_mark, DEVICE(fwmark), false },
        { "route-allowed-ips", take_not, DEVICE(no_routes), false },
        { "table", take_table, DEVICE(table), false },
        { "metric", take_number, DEVICE(metric), false },
        { 0 },
};

static const ConfKey peer_keys[] = {
        { "device", take_interface, PEER(device), false },
        { "public-key", take_key, PEER(public_key), false },
        { "preshared-key-file", take_path, PEER(psk_file), false },
        { "preshared-key-credential", take_credential, PEER(psk_credential), false },
        { "preshared-key", take_secret, 0, false },
        { "endpoint", take_endpoint, PEER(endpoint), false },
        { "allowed-ips", take_subnets, PEER(allowed), true },
        { "persistent-keepalive", take_keepalive, PEER(keepalive), false },
        { 0 },
};

static const ConfKey route_keys[] = {
        { "to", take_prefix, ROUTE(to), false },
        { "via", take_address, ROUTE(via), false },
        { "dev", take_interface, ROUTE(dev), false },
        { "metric", take_number, ROUTE(metric), false },
        { "table", take_table, ROUTE(table), false },
        { "mtu", take_mtu, ROUTE(mtu), false },
        { "source", take_address, ROUTE(source), false },
        { "onlink", take_bool, ROUTE(onlink), false },
        { 0 },
};

static const ConfKey rule_keys[] = {
        { "priority", take_number, RULE(priority), false },
        { "from", take_prefix, RULE(from), false },
        { "to", take_prefix, RULE(to), false },
        { "iif", take_interface, RULE(iif), false },
        { "oif", take_interface, RULE(oif), false },
        { "fwmark", take_mark_mask, RULE(mark), false },
        { "table", take_table, RULE(table), false },
        { "family", take_family, RULE(family), false },
        { 0 },
};

static const ConfKey firewall_keys[] = {
        { "ports", take_ports, FIREWALL(ports), false },
        { "interfaces", take_interfaces, FIREWALL(interfaces), false },
        { "allow", take_subnets, FIREWALL(allow), true },
        { 0 },
};

typedef struct ConfSection {
        const char *name;
        bool named;
        size_t size;
        const ConfKey *keys; /* the last one has no name; NULL in [sysctl] */
} ConfSection;

static const ConfSection sections[CONF_KIND_MAX] = {
        [CONF_NETWORK] = { "network", false, sizeof(ConfNetwork), network_keys },
        [CONF_INTERFACE] = { "interface", true, sizeof(ConfDevice), interface_keys },
        [CONF_WIREGUARD] = { "wireguard", true, sizeof(ConfDevice), wireguard_keys },
        [CONF_PEER] = { "peer", true, sizeof(ConfPeer), peer_keys },
        [CONF_ROUTE] = { "route", true, sizeof(ConfRoute), route_keys },
        [CONF_RULE] = { "rule", true, sizeof(ConfRule), rule_keys },
        [CONF_SYSCTL] = { "sysctl", false, sizeof(ConfSysctl), NULL },
        [CONF_FIREWALL] = { "firewall", false, sizeof(ConfFirewall), firewall_keys },
};

/* ---- the reader ---- */

void conf_init(Conf *conf)
{
        *conf = (Conf){ 0 };
        arena_init(&conf->arena, CONF_ARENA_BYTES);
}

void conf_done(Conf *conf)
{
        ConfIndex *entry, *next;

        HASH_ITER (hh, conf->index, entry, next) {
                HASH_DEL(conf->index, entry);
        }
        strv_done(&conf->problems);
        arena_done(&conf->arena);
        conf_init(conf);
}

int conf_problem(Conf *conf, ConfOrigin at, const char *key, const char *format, ...)
{
        CLEANUP_FREE char *text = NULL;
        va_list ap;

        if (conf->problems.length >= CONF_PROBLEMS_MAX) {
                conf->more_problems++;
                return 0;
        }
        va_start(ap, format);
        int n = vasprintf(&text, format, ap);

        va_end(ap);
        if (n < 0) {
                text = NULL;
                return -ENOMEM;
        }
        return strv_addf(&conf->problems, "%s:%u: %s%s%s", at.file ? at.file : "?", at.line,
                         key ? key : "", key ? ": " : "", text);
}

/* Are two names of a key the same but for case, '-' and '_'? */
static bool same_key(const char *a, const char *b)
{
        for (;;) {
                a += strspn(a, "-_");
                b += strspn(b, "-_");
                if (strncasecmp(a, b, 1) != 0)
                        return false;
                if (!*a)
                        return true;
                a++;
                b++;
        }
}

ConfItem *conf_find(const Conf *conf, ConfKind kind, const char *name)
{
        char key[96];
        ConfIndex *entry;
        int n = snprintf(key, sizeof key, "%d %s", kind, name);

        if (n < 0 || (size_t)n >= sizeof key)
                return NULL;
        HASH_FIND(hh, conf->index, key, (size_t)n, entry);
        return entry ? entry->item : NULL;
}

/* The item of a section, made when it is new; NULL when out of memory. */
static ConfItem *conf_item(Conf *conf, ConfKind kind, const char *name, ConfOrigin at)
{
        ConfItem *item = conf_find(conf, kind, name);
        ConfIndex *entry;

        if (item)
                return item;
        item = arena_alloc(&conf->arena, sections[kind].size);
        entry = arena_new(&conf->arena, ConfIndex);
        if (!item || !entry)
                return NULL;
        item->kind = kind;
        item->name = arena_strdup(&conf->arena, name);
        item->origin = at;
        entry->key = arena_printf(&conf->arena, "%d %s", kind, name);
        entry->item = item;
        if (!item->name || !entry->key)
                return NULL;
        HASH_ADD_KEYPTR(hh, conf->index, entry->key, strlen(entry->key), entry);
        if (!hash_added(entry))
                return NULL;
        DL_APPEND(conf->items[kind], item);
        return item;
}

ConfOrigin conf_origin(const ConfItem *item, const char *key)
{
        const ConfKey *keys = sections[item->kind].keys;

        for (size_t i = 0; keys && keys[i].name; i++)
                if (same_key(keys[i].name, key) && item->at[i].file)
                        return item->at[i];
        return item->origin;
}

/* "[kind name]". The name is what follows the first blanks. */
static int find_section(const char *section, ConfKind *ret_kind, const char **ret_name)
{
        size_t n = strcspn(section, " \t");
        const char *name = section + n + strspn(section + n, " \t");

        for (ConfKind kind = 0; kind < CONF_KIND_MAX; kind++) {
                if (strncasecmp(sections[kind].name, section, n) != 0 ||
                    sections[kind].name[n] != '\0' || sections[kind].named != (*name != '\0'))
                        continue;
                *ret_kind = kind;
                *ret_name = name;
                return 0;
        }
        return -EINVAL;
}

static int take_sysctl(Conf *conf, ConfOrigin at, const char *key, const char *value)
{
        bool known = conf_find(conf, CONF_SYSCTL, key);

        if (strncmp(key, "net.", 4) != 0 || strstr(key, "..") || strlen(key) > 80 ||
            strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-") !=
                    strlen(key))
                return conf_problem(conf, at, key, "only settings below net. are set");
        if (!*value)
                return conf_problem(conf, at, key, "no value");
        ConfSysctl *s = (ConfSysctl *)conf_item(conf, CONF_SYSCTL, key, at);

        if (!s)
                return -ENOMEM;
        if (known && strcmp(s->item.origin.file, at.file) == 0)
                return conf_problem(conf, at, key, "given already in line %u", s->item.origin.line);
        s->item.origin = at;
        s->value = arena_strdup(&conf->arena, value);
        return s->value ? 0 : -ENOMEM;
}

static int take_value(Conf *conf, ConfOrigin at, ConfItem *item, size_t row, const char *value)
{
        const ConfKey *key = &sections[item->kind].keys[row];
        ConfOrigin *before = &item->at[row];
        void *field = (char *)item + key->offset;

        if (key->is_list && !*value) {
                *(ConfPrefix **)field = NULL;
                return 0;
        }
        if (!*value)
                return conf_problem(conf, at, key->name, "no value");
        if (!key->is_list && before->file && strcmp(before->file, at.file) == 0)
                return conf_problem(conf, at, key->name, "given already in line %u", before->line);
        const char *why = key->parse(conf, at, value, field);

        if (why == out_of_memory)
                return -ENOMEM;
        *before = at;
        return why ? conf_problem(conf, at, key->name, "%s", why) : 0;
}

/* An IniHandler. Goes on after a problem, to tell of all. */
static int take_entry(void *user, const char *file, unsigned line, const char *section,
                      const char *key, const char *value)
{
        Conf *conf = user;
        ConfKind kind;
        const char *name;

        if (!conf->file || strcmp(conf->file, file) != 0)
                conf->file = arena_strdup(&conf->arena, file);
        if (!conf->file)
                return -ENOMEM;
        ConfOrigin at = { conf->file, line };

        if (find_section(section, &kind, &name) < 0)
                return conf_problem(conf, at, key,
                                    *section ? "in the unknown section [%s]"
                                             : "before the first section%s",
                                    section);
        if (kind == CONF_SYSCTL)
                return take_sysctl(conf, at, key, value);
        if ((kind == CONF_WIREGUARD || kind == CONF_INTERFACE) && !is_interface_name(name))
                return conf_problem(conf, at, NULL, "%s cannot be the name of an interface", name);
        ConfItem *item = conf_item(conf, kind, name, at);

        if (!item)
                return -ENOMEM;
        for (size_t i = 0; sections[kind].keys[i].name; i++)
                if (same_key(sections[kind].keys[i].name, key))
                        return take_value(conf, at, item, i, value);
        return conf_problem(conf, at, key, "unknown in [%s]", sections[kind].name);
}

bool conf_is_empty(const Conf *conf)
{
        for (ConfKind kind = 0; kind < CONF_KIND_MAX; kind++)
                if (conf->items[kind])
                        return false;
        return true;
}

int conf_read_text(Conf *conf, const char *file, const char *text, size_t size)
{
        unsigned line = 0;
        int r = ini_read_text(file, text, size, take_entry, conf, &line);

        if (r == -EINVAL || r == -E2BIG) {
                ConfOrigin at = { file, line };

                r = conf_problem(conf, at, NULL, "%s",
                                 r == -EINVAL ? "neither [section] nor key = value"
                                              : "the line is too long");
        }
        return r < 0 ? r : conf->problems.length > 0 ? -EINVAL : 0;
}

static int read_files(Conf *conf, const char *path, bool optional)
{
        CLEANUP_FREE char *problem = NULL;
        int r = ini_read_file(path, optional, take_entry, conf, &problem);

        if (r < 0 && problem)
                (void)strv_add(&conf->problems, problem);
        return r;
}

int conf_read(Conf *conf, const char *path, bool optional)
{
        int r = read_files(conf, path, optional);

        if (r >= 0 && strncmp(path, "/etc/", 5) == 0) {
                CLEANUP_FREE char *runtime = path_join("/run", path + 5);

                r = runtime ? read_files(conf, runtime, true) : -ENOMEM;
        }
        return r < 0 ? r : conf_check(conf);
}
