/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs init, token and join.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "netsetup/mesh-output.h"
#include "netsetup/mesh-request.h"
#include "netsetup/mesh-verbs.h"
#include "netsetup/nodes.h"

#define WIREGUARD_PORT      51820
#define HANDSHAKE_WAIT_MSEC 10000
#define TTL_DEFAULT_USEC    (UINT64_C(3600) * 1000000)

/* What init and join are told. */
typedef struct JoinArguments {
        char name[LIMIT_MESH_NAME_BYTES + 1];
        uint16_t port;
        MeshEndpoint endpoints[LIMIT_MESH_ENDPOINTS];
        size_t n_endpoints;
        uint32_t pool;
        unsigned prefix; /* 0: not given */
        const char *master;
        bool start_worker, no_services;
} JoinArguments;

static bool is_usage(bool ok, const char *option, const char *wanted)
{
        if (!ok)
                (void)fprintf(stderr, "spark-netsetup: --%s takes %s\n", option, wanted);
        return ok;
}

/* An endpoint of init is that of the join service, one of join that of WireGuard; where no port is
 * said, the right one is filled in later. */
static bool take_endpoint(JoinArguments *a, const char *value, uint16_t default_port)
{
        return a->n_endpoints < LIMIT_MESH_ENDPOINTS &&
               mesh_endpoint_parse(value, default_port, &a->endpoints[a->n_endpoints]) >= 0 &&
               ++a->n_endpoints > 0;
}

static bool take_option(JoinArguments *a, int c, const char *value, uint16_t endpoint_port)
{
        switch (c) {
        case 'n':
                return is_usage(mesh_name_from_host(value, a->name) >= 0, "name",
                                "a name of letters, digits and '-'");
        case 'p':
                return is_usage(parse_port(value, &a->port) >= 0 && a->port > 0, "port",
                                "a UDP port");
        case 'e':
                return is_usage(take_endpoint(a, value, endpoint_port), "endpoint",
                                "HOST or HOST:PORT, a few times at most");
        case 'P':
                return is_usage(pool_parse(value, &a->pool, &a->prefix) >= 0, "pool",
                                "an IPv4 subnet from /16 to /30 such as 10.80.1.0/24");
        case 'm':
                a->master = value;
                return is_usage(mesh_master_is_valid(value), "master",
                                "spark://HOST:PORT[,HOST:PORT]...");
        case 'w':
                a->start_worker = true;
                return true;
        case 's':
                a->no_services = true;
                return true;
        default:
                return false; /* getopt_long() said it */
        }
}

static bool default_name(JoinArguments *a)
{
        char host[LIMIT_HOST_BYTES + 1] = "";

        if (*a->name)
                return true;
        if (gethostname(host, sizeof(host) - 1) >= 0 && mesh_name_from_host(host, a->name) >= 0)
                return true;
        (void)fprintf(stderr,
                      "spark-netsetup: the host's name '%s' cannot be a node's; give one by "
                      "--name\n",
                      host);
        return false;
}

/* Before anything is changed. */
static bool host_is_able(uint32_t pool, unsigned prefix)
{
        CLEANUP_FREE char *subnet = NULL;
        char text[MESH_ADDRESS_SIZE];
        int r = mesh_host_has_wireguard();

        if (r < 0) {
                (void)fprintf(stderr, "spark-netsetup: %s\n",
                              r == -EOPNOTSUPP ? "this kernel has no WireGuard" : strerror(-r));
                return false;
        }
        r = prefix > 0 ? mesh_host_clash(pool, prefix, &subnet) : 0;
        mesh_address_format(pool, text);
        if (r < 0)
                (void)fprintf(stderr, "spark-netsetup: addresses cannot be read: %s\n",
                              strerror(-r));
        if (subnet)
                (void)fprintf(stderr,
                              "spark-netsetup: the mesh's addresses %s/%u are in use on this "
                              "host: %s\n",
                              text, prefix, subnet);
        return r >= 0 && !subnet;
}

static bool not_yet_member(const MeshState *state)
{
        const MeshMember *self = mesh_state_self(state);

        if (self)
                (void)fprintf(stderr,
                              "spark-netsetup: this host is a member already, called %s; `leave` "
                              "comes first\n",
                              self->name);
        return !self;
}

/* The key of WireGuard is made where there is none, as after a join that failed. */
static int have_key(const MeshState *state, NetKey *ret_public)
{
        CLEANUP_KEY NetKey key = { 0 };
        int r = mesh_state_read_key(state, &key);

        if (r < 0) {
                r = key_generate(&key);
                if (r >= 0)
                        r = mesh_state_save_key(state, &key);
        }
        return r < 0 ? r : key_public(&key, ret_public);
}

/* Back to a host that is in no mesh, if it was that before. */
static int give_up(const MeshPlaces *places, MeshState *state, bool was_member, int r)
{
        (void)fprintf(stderr, "spark-netsetup: the host could not be set up: %s\n", strerror(-r));
        if (was_member)
                return VERB_FAILED;
        (void)mesh_state_forget(state);
        free(TAKE_PTR(state->sealed));
        (void)mesh_settle(places, state, false);
        return VERB_FAILED;
}

/* ---- init ---- */

static int first_list(const JoinArguments *a, MeshState *state)
{
        CLEANUP_MESH_LIST MeshList list = { .pool = a->pool,
                                            .prefix = a->prefix,
                                            .coordinator = state->identity.key,
                                            .n_joins = a->n_endpoints };
        MeshMember self = { .node = state->identity.key, .port = a->port }, *put;
        char address[MESH_ADDRESS_SIZE];

        memcpy(list.joins, a->endpoints, sizeof(list.joins));
        memcpy(self.name, a->name, sizeof(self.name));
        self.endpoint = a->endpoints[0];
        self.endpoint.port = a->port;
        int r = have_key(state, &self.key);
        if (r >= 0)
                r = mesh_list_put(&list, &self, &put);
        if (r < 0)
                return r;
        mesh_address_format(put->address, address);
        if (a->master)
                memcpy(list.master, a->master, strlen(a->master) + 1);
        else
                (void)snprintf(list.master, sizeof(list.master), "spark://%s:%d", address,
                               MESH_MASTER_PORT);
        r = mesh_state_change_list(state, &list);
        return r < 0 ? r : mesh_state_save_list(state);
}

static int fill_in_endpoints(JoinArguments *a)
{
        if (a->n_endpoints == 0)
                a->n_endpoints = mesh_host_addresses(a->endpoints, LIMIT_MESH_ENDPOINTS);
        for (size_t i = 0; i < a->n_endpoints; i++)
                if (a->endpoints[i].port == 0)
                        a->endpoints[i].port = MESH_JOIN_PORT;
        if (a->n_endpoints == 0)
                (void)fprintf(stderr, "spark-netsetup: this host has no address at which others "
                                      "reach it; give one by --endpoint\n");
        return a->n_endpoints == 0 ? -EADDRNOTAVAIL : 0;
}

static int init_mesh(const MeshPlaces *places, JoinArguments *a)
{
        CLEANUP_MESH_STATE MeshState state = MESH_STATE_INIT;
        char address[MESH_ADDRESS_SIZE], pool[MESH_ADDRESS_SIZE];

        if (!host_is_able(a->pool, a->prefix) || fill_in_endpoints(a) < 0 ||
            !mesh_open_state(places, &state) || !not_yet_member(&state))
                return VERB_FAILED;
        int r = a->prefix > 0 ? 0 : mesh_host_free_pool(&a->pool, &a->prefix);
        if (r < 0) {
                (void)fprintf(stderr, "spark-netsetup: no free address pool: %s\n", strerror(-r));
                return VERB_FAILED;
        }
        r = first_list(a, &state);
        if (r >= 0)
                r = mesh_settle(places, &state, false);
        if (r < 0)
                return give_up(places, &state, false, r);
        (void)mesh_services_start(!a->no_services, false);
        mesh_address_format(mesh_state_self(&state)->address, address);
        mesh_address_format(a->pool, pool);
        (void)printf("The mesh has the addresses %s/%u; this host is %s, %s.\n"
                     "For a token with which other hosts join: spark-netsetup token\n",
                     pool, a->prefix, a->name, address);
        return VERB_OK;
}

int verb_init(const VerbContext *context, int argc, char **argv)
{
        static const struct option options[] = {
                { "pool", required_argument, NULL, 'P' },
                { "port", required_argument, NULL, 'p' },
                { "name", required_argument, NULL, 'n' },
                { "endpoint", required_argument, NULL, 'e' },
                { "master", required_argument, NULL, 'm' },
                { "no-services", no_argument, NULL, 's' },
                { 0 },
        };
        const MeshPlaces places = mesh_places(context->config);
        JoinArguments a = { .port = WIREGUARD_PORT };
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                if (!take_option(&a, c, optarg, MESH_JOIN_PORT))
                        return VERB_USAGE;
        if (optind < argc) {
                (void)fprintf(stderr, "spark-netsetup: init takes no arguments\n");
                return VERB_USAGE;
        }
        return default_name(&a) ? init_mesh(&places, &a) : VERB_USAGE;
}

/* ---- token ---- */

static int make_token(const MeshPlaces *places, uint64_t seconds, bool once)
{
        CLEANUP_MESH_STATE MeshState state = MESH_STATE_INIT;
        CLEANUP_TOKEN Token token = { 0 };
        CLEANUP_IDENTITY NodeIdentity identity = { 0 };
        CLEANUP_SECRET char *text = NULL;
        const uint64_t now = mesh_now();

        if (!mesh_open_coordinator(places, &state))
                return VERB_FAILED;
        token.expires = now + seconds;
        token.pool = state.list.pool;
        token.prefix = state.list.prefix;
        token.n_endpoints = state.list.n_joins;
        memcpy(token.endpoints, state.list.joins, sizeof(token.endpoints));
        node_pin(&state.identity.key, &token.pin);
        int r = token_make_secret(&token);
        if (r >= 0)
                r = token_identity(&token, &identity);
        if (r == 0)
                r = token_table_add(&state.tokens,
                                    &(KnownToken){ .id = token.id,
                                                   .verifier = identity.key,
                                                   .expires = token.expires,
                                                   .once = once },
                                    now);
        if (r == MESH_E_FULL) {
                (void)fprintf(stderr,
                              "spark-netsetup: there are %d tokens already; some must "
                              "expire first\n",
                              LIMIT_MESH_TOKENS);
                return VERB_FAILED;
        }
        if (r >= 0)
                r = mesh_state_save_tokens(&state);
        text = r >= 0 ? token_format(&token) : NULL;
        if (!text) {
                (void)fprintf(stderr, "spark-netsetup: no token could be made: %s\n",
                              strerror(r < 0 ? -r : ENOMEM));
                return VERB_FAILED;
        }
        (void)puts(text);
        return VERB_OK;
}

int verb_token(const VerbContext *context, int argc, char **argv)
{
        static const struct option options[] = {
                { "ttl", required_argument, NULL, 't' },
                { "once", no_argument, NULL, 'o' },
                { 0 },
        };
        const MeshPlaces places = mesh_places(context->config);
        uint64_t usec = TTL_DEFAULT_USEC;
        bool once = false;
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                if (c == 'o')
                        once = true;
                else if (c != 't')
                        return VERB_USAGE;
                else if (!is_usage(parse_time(optarg, 1000000, &usec) >= 0 && usec >= 1000000 &&
                                           usec / 1000000 <= LIMIT_MESH_TOKEN_SECONDS,
                                   "ttl", "a time from 1s to a year, such as 90min or 1d"))
                        return VERB_USAGE;
        }
        if (optind < argc) {
                (void)fprintf(stderr, "spark-netsetup: token takes no arguments\n");
                return VERB_USAGE;
        }
        return make_token(&places, usec / 1000000, once);
}

/* ---- join ---- */

/* Asks each endpoint of the token until one answers. */
static int ask_to_join(const Token *token, const char *text, MeshReply *reply)
{
        char where[LIMIT_MESH_ENDPOINT_BYTES + 1];
        int r = -EIO;

        for (size_t i = 0; i < token->n_endpoints; i++) {
                r = mesh_post(&token->endpoints[i], &token->pin, MESH_PATH_JOIN, text, reply);
                if (r >= 0)
                        return 0;
                mesh_endpoint_format(&token->endpoints[i], where);
                (void)fprintf(stderr, "spark-netsetup: %s: %s\n", where,
                              *reply->problem ? reply->problem : strerror(-r));
                if (r == -EREMOTEIO)
                        return r;
        }
        return r;
}

/* Takes the list from the answer, if it is the coordinator's and has this host. */
static int take_list(MeshState *state, const Token *token, const NetKey *key, MeshReply *reply)
{
        CLEANUP_MESH_LIST MeshList list = { 0 };
        CLEANUP_FREE char *sealed = strndup((const char *)reply->body.data, reply->body.size);
        int r = sealed ? mesh_list_open_pinned(sealed, strlen(sealed), &token->pin, &list)
                       : -ENOMEM;

        if (r < 0)
                return r;
        const MeshMember *self = r == 0 ? mesh_find_node(&list, &state->identity.key) : NULL;
        if (!self || !key_equal(&self->key, key))
                return -EPROTO;
        mesh_state_set_list(state, &list, &sealed);
        return mesh_state_save_list(state);
}

static int request_to_join(const JoinArguments *a, const Token *token, MeshState *state)
{
        CLEANUP_MESH_REPLY MeshReply reply = MESH_REPLY_INIT;
        CLEANUP_FREE char *text = NULL;
        MeshRequest request = { .port = a->port };

        memcpy(request.name, a->name, sizeof(request.name));
        if (a->n_endpoints > 0)
                request.endpoint = a->endpoints[0];
        int r = have_key(state, &request.key);
        if (r >= 0)
                r = mesh_request_format(&request, MESH_PATH_JOIN, &token->pin, &state->identity,
                                        token, &text);
        if (r >= 0)
                r = ask_to_join(token, text, &reply);
        return r < 0 ? r : take_list(state, token, &request.key, &reply);
}

/* Whether the tunnel to the coordinator works. */
static bool say_joined(const MeshState *state)
{
        const MeshMember *self = mesh_state_self(state);
        const MeshMember *first = mesh_find_node(&state->list, &state->list.coordinator);
        char address[MESH_ADDRESS_SIZE];

        mesh_address_format(self->address, address);
        (void)printf("This host is %s, %s, in a mesh of %zu hosts.\n", self->name, address,
                     state->list.n);
        if (!first || nodes_wait_for(&first->key, 0, HANDSHAKE_WAIT_MSEC) >= 0)
                return true;
        (void)fprintf(stderr,
                      "spark-netsetup: the tunnel to %s does not answer yet: is its UDP port %u "
                      "open?\n",
                      first->name, first->endpoint.port);
        return false;
}

/* The same command again, after one that was killed perhaps, or a removal: the first host knows the
 * key of this one, and answers as it did before. */
static bool joins_again(const MeshState *state, const Token *token)
{
        NodePin pin;

        if (!mesh_state_self(state) || mesh_state_is_coordinator(state))
                return false;
        node_pin(&state->list.coordinator, &pin);
        return memcmp(pin.bytes, token->pin.bytes, sizeof(pin.bytes)) == 0;
}

static int join_mesh(const MeshPlaces *places, const JoinArguments *a, const Token *token)
{
        static const char *const restart_worker[] = { "restart", "spark-worker.service", NULL };
        CLEANUP_MESH_STATE MeshState state = MESH_STATE_INIT;

        if (!host_is_able(token->pool, token->prefix) || !mesh_open_state(places, &state))
                return VERB_FAILED;
        const bool again = joins_again(&state, token);
        if (!again && !not_yet_member(&state))
                return VERB_FAILED;
        int r = request_to_join(a, token, &state);
        if (r < 0) {
                (void)fprintf(stderr, "spark-netsetup: this host did not join: %s\n",
                              r == -EPROTO ? "the answer is no list with this host in it"
                                           : mesh_failure(r));
                /* a new host's clock may be wrong: it is no reason not to ask */
                if (token->expires <= mesh_now())
                        (void)fprintf(stderr, "spark-netsetup: by the clock of this host the token "
                                              "has expired\n");
                return VERB_FAILED;
        }
        r = mesh_settle(places, &state, false);
        if (r < 0)
                return give_up(places, &state, again, r);
        r = mesh_services_start(!a->no_services, a->start_worker);
        if (say_joined(&state))
                /* what has changed since, when nobody listened here yet */
                (void)mesh_pull(places, true);
        /* it may run already, with what it was told before */
        if (a->start_worker && r >= 0)
                r = mesh_systemctl(restart_worker);
        return r < 0 ? VERB_FAILED : VERB_OK;
}

/* As an argument the token could be seen by others in the list of processes. */
static bool read_token(const char *argument, Token *ret)
{
        CLEANUP_SECRET char *text = calloc(1, LIMIT_MESH_TOKEN_BYTES + 2);
        int r = -ENOMEM;

        if (text && strcmp(argument, "-") == 0) {
                if (fgets(text, LIMIT_MESH_TOKEN_BYTES + 2, stdin))
                        text[strcspn(text, " \r\n")] = '\0';
                argument = text;
        }
        if (text)
                r = token_parse(argument, ret);
        if (r < 0)
                (void)fprintf(stderr, "spark-netsetup: this is no token; is it all there?\n");
        return r >= 0;
}

int verb_join(const VerbContext *context, int argc, char **argv)
{
        static const struct option options[] = {
                { "name", required_argument, NULL, 'n' },
                { "port", required_argument, NULL, 'p' },
                { "endpoint", required_argument, NULL, 'e' },
                { "start-worker", no_argument, NULL, 'w' },
                { "no-services", no_argument, NULL, 's' },
                { 0 },
        };
        const MeshPlaces places = mesh_places(context->config);
        CLEANUP_TOKEN Token token = { 0 };
        JoinArguments a = { .port = WIREGUARD_PORT };
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                if (!take_option(&a, c, optarg, WIREGUARD_PORT))
                        return VERB_USAGE;
        if (optind + 1 != argc || a.n_endpoints > 1) {
                (void)fprintf(stderr, "spark-netsetup: join takes one token, or '-' to read it, "
                                      "and one --endpoint at most\n");
                return VERB_USAGE;
        }
        if (!default_name(&a) || !read_token(argv[optind], &token))
                return VERB_USAGE;
        /* the list of processes shows what stands here */
        explicit_bzero(argv[optind], strlen(argv[optind]));
        return join_mesh(&places, &a, &token);
}
