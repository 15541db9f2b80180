/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/common/resolver.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/hash.h"
#include "daemons/common/helper.h"

#define CHILDREN_MAX 8
/* Longer than the resolver's own time-outs usually are. */
#define CHILD_SECONDS 30

/* A name that somebody waits for. */
typedef struct Query Query;
struct Query {
        Resolver *resolver;
        Rpc *rpc;
        Helper *helper;  /* NULL: it has to wait for its turn */
        uint64_t *conns; /* who waits; owned */
        size_t n_conns;
        UT_hash_handle hh;
        char host[];
};

struct Resolver {
        sd_event *event;
        Query *queries; /* k: Query.host -> v: Query, in the order of their asking */
        unsigned n_children;
};

/* In the child. */
static int look_up(void *arg, int fd)
{
        const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
        struct addrinfo *all;
        char host[NI_MAXHOST];

        if (getaddrinfo(arg, NULL, &hints, &all) != 0)
                return EXIT_FAILURE;
        for (const struct addrinfo *a = all; a; a = a->ai_next)
                if (getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof(host), NULL, 0,
                                NI_NUMERICHOST) == 0)
                        (void)dprintf(fd, "%s\n", host);
        freeaddrinfo(all);
        return EXIT_SUCCESS;
}

static void query_free(Query *q)
{
        HASH_DEL(q->resolver->queries, q);
        q->resolver->n_children -= q->helper != NULL;
        helper_free(q->helper);
        free(q->conns);
        free(q);
}

static void answer(Query *q, const char *addresses)
{
        for (size_t i = 0; i < q->n_conns; i++) {
                RpcConn *conn = rpc_find(q->rpc, q->conns[i]);

                if (conn)
                        rpc_conn_resolved(conn, addresses);
        }
        query_free(q);
}

static void start_next(Resolver *r);

static void on_addresses(void *user, const char *output)
{
        Query *q = user;
        Resolver *r = q->resolver;

        q->helper = NULL; /* it frees itself */
        r->n_children--;
        answer(q, output);
        start_next(r);
}

static void start_next(Resolver *r)
{
        Query *q, *next;

        HASH_ITER (hh, r->queries, q, next) {
                if (r->n_children >= CHILDREN_MAX)
                        return;
                if (q->helper)
                        continue;
                if (helper_run(r->event, look_up, q->host, CHILD_SECONDS, on_addresses, q,
                               &q->helper) < 0)
                        answer(q, "");
                else
                        r->n_children++;
        }
}

/* NULL: out of memory. */
static Query *ensure_query(Resolver *r, Rpc *rpc, const char *host)
{
        const size_t size = strlen(host) + 1;
        Query *q = NULL;

        HASH_FIND_STR(r->queries, host, q);
        if (q)
                return q;
        q = calloc(1, sizeof(*q) + size);
        if (!q)
                return NULL;
        q->resolver = r;
        q->rpc = rpc;
        memcpy(q->host, host, size);
        HASH_ADD_KEYPTR(hh, r->queries, q->host, size - 1, q);
        if (hash_added(q))
                return q;
        free(q);
        return NULL;
}

void resolver_resolve(Resolver *r, Rpc *rpc, RpcConn *conn, const char *host)
{
        Query *q = ensure_query(r, rpc, host);
        uint64_t *grown = q ? realloc(q->conns, (q->n_conns + 1) * sizeof(*grown)) : NULL;

        if (grown) {
                q->conns = grown;
                q->conns[q->n_conns++] = rpc_conn_id(conn);
        } else {
                rpc_conn_resolved(conn, "");
        }
        start_next(r);
}

int resolver_new(sd_event *event, Resolver **ret)
{
        Resolver *r = calloc(1, sizeof(*r));

        if (!r)
                return -ENOMEM;
        r->event = sd_event_ref(event);
        *ret = r;
        return 0;
}

void resolver_free(Resolver *r)
{
        if (!r)
                return;
        while (r->queries)
                query_free(r->queries);
        (void)sd_event_unref(r->event);
        free(r);
}
