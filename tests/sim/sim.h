/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A cluster under a virtual clock: the real state machines of a master and its workers, and a model
 * of drivers, on hosts that crash, over a network that delays, breaks and parts. All that happens
 * is an item in one queue, and all chance comes from one seed, so that a seed tells a whole history
 * again. Whatever must hold is checked after every item (oracle.h).
 *
 * A node is a process. What is of its host (disk, children that outlive it) is in the structs of
 * the node files; node.life counts its starts, and items of an earlier life are dropped.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/macro.h"
#include "wire/deploy.h"
#include "wire/family.h"

#define MSEC   UINT64_C(1000)
#define SECOND UINT64_C(1000000)

#define SIM_LINES LINE_BIT(LINE_4_3) /* what everybody speaks */

#define SIM_MASTER_PORT 7077
#define SIM_MASTERS_MAX 2

typedef struct Sim Sim;
typedef struct Node Node;
typedef struct Conn Conn;
typedef struct Item Item;
typedef struct MasterDisk MasterDisk;
typedef struct Oracle Oracle;

typedef enum NodeKind {
        NODE_MASTER,
        NODE_WORKER,
        NODE_DRIVER, /* with its application */
        NODE_CLIENT, /* submits drivers to be run by workers */
        NODE_KIND_MAX,
} NodeKind;

typedef enum ItemType {
        ITEM_CONNECTED, /* net_dial() was answered */
        ITEM_CLOSED,    /* conn is gone: for this end */
        ITEM_MESSAGE,   /* on conn; `request` not 0: an ask */
        ITEM_REPLY,     /* message answers `request`; NULL: a failure */
        ITEM_PROBE,     /* the other end asks what is here; the network answers for the node */
        ITEM_PROBED,    /* ... as one of ours */
        ITEM_TICK,      /* the node's deadline has come */
        ITEM_TASK,      /* `run` is called */
} ItemType;

struct Item {
        uint64_t at, seq;
        ItemType type;
        Node *node;
        unsigned life; /* of the node; 0: any, also when it is down */
        uint64_t conn;
        int64_t request;
        const Message *message; /* in `arena` */
        void (*run)(Node *node, const Item *item);
        const char *text; /* in `arena` */
        int number;
        Arena arena;
};

/* What a kind of node does. */
typedef struct NodeMethods {
        /* A message, a reply, or something about a connection; while up. */
        void (*handle)(Node *node, const Item *item);
        uint64_t (*deadline)(const Node *node);
        void (*tick)(Node *node);
        /* The process ends at once and its host goes on; starts again. */
        void (*crash)(Node *node);
        void (*start)(Node *node);
        /* The process is told to end and to be started again: it leaves what it has to the next, if
         * it can. Of our daemons only. */
        bool (*leave)(Node *node);
        void (*resume)(Node *node); /* instead of start() after that */
        void (*done)(Node *node);
} NodeMethods;

struct Node {
        Sim *sim;
        NodeKind kind;
        char host[16];
        uint16_t port;
        bool foreign; /* it is none of our daemons, and says so when it is asked */
        bool up;
        unsigned life;
        uint64_t apart_until; /* cut off from all others; 0: not */
        uint64_t ticking_at;  /* when the next ITEM_TICK is queued for; UINT64_MAX: none is */
        const NodeMethods *methods;
};

/* What a seed makes a history of. */
typedef struct Plan {
        unsigned masters, workers, apps;
        unsigned jvm_workers;  /* per 1,000: whose executors end with it */
        uint64_t trouble_usec; /* faults happen so long */
        uint64_t fault_every;  /* on average (microseconds) */
        uint64_t delay_usec;   /* of a message, at most, most of the time */
        uint64_t down_usec;    /* how long a process is down, at most */
        unsigned master_crashes, worker_crashes, driver_crashes, restarts, stops, reboots, breaks,
                partitions, clock_jumps, full_disks; /* weights among the faults */
        unsigned crash_at_commit; /* per 10,000 commits: the process ends right there */
        unsigned executor_ends;   /* per 1,000: an executor ends by itself */
        unsigned batches;         /* per 1,000: a turn waits for others */
} Plan;

struct Sim {
        uint64_t seed, random;
        Plan plan;
        uint64_t now;
        int64_t wall_offset;
        bool calm;    /* no more faults */
        bool closing; /* no more applications: what runs is to end */
        bool verbose;
        Item **queue; /* a heap by (at, seq) */
        size_t n_queued, n_queue_room;
        uint64_t next_seq, next_conn;
        uint64_t items; /* that have happened */
        Conn *conns;    /* k: Conn.id -> v: Conn */
        Node **nodes;   /* kind by kind */
        size_t n_nodes, n_of[NODE_KIND_MAX];
        MasterDisk *disk;
        unsigned reigns; /* how often a master has begun to lead */
        Oracle *oracle;
};

/* ---- sim.c ---- */

/* [low, high] */
uint64_t sim_between(Sim *sim, uint64_t low, uint64_t high);
bool sim_chance(Sim *sim, unsigned of_1000);

/* Adds an item for the node's present life (or any, for TASK) after `delay`. */
Item *sim_later(Sim *sim, uint64_t delay, Node *node, ItemType type);
void sim_task(Node *node, uint64_t delay, void (*run)(Node *node, const Item *item),
              const char *text, int number, bool any_life);

/* Lets everything happen that is due until then. */
void sim_run_until(Sim *sim, uint64_t until);

void sim_say(const Sim *sim, const char *format, ...) PRINTF_LIKE(2, 3);
/* Something that must hold does not: says so, with the seed, and ends the program. */
void sim_fail(const Sim *sim, const char *format, ...) PRINTF_LIKE(2, 3) __attribute__((noreturn));
#define SIM_CHECK(sim, condition, ...)                                                             \
        do {                                                                                       \
                if (!(condition))                                                                  \
                        sim_fail((sim), __VA_ARGS__);                                              \
        } while (0)

Node *sim_node(const Sim *sim, NodeKind kind, size_t i);
Node *sim_any(Sim *sim, NodeKind kind);
Node *sim_find(const Sim *sim, const char *host); /* NULL: there is none */

void node_init(Node *node, Sim *sim, const NodeMethods *methods, NodeKind kind, const char *host,
               uint16_t port);
/* The process ends, and begins again after a while. */
void node_crash(Node *node, const char *why);
void node_start(Node *node);
/* The process is restarted in order, which nobody is to notice. */
void node_restart(Node *node);
/* Its deadline may have changed. */
void node_arm(Node *node);

void *sim_alloc(size_t size);
char *sim_strdup(const char *s);

/* ---- net.c ---- */

/* A connection to whoever listens there: CONNECTED or CLOSED follows. */
uint64_t net_dial(Node *from, const char *host, int port);
/* Who is at the other end; NULL when the connection is gone. */
const Node *net_peer(const Node *node, uint64_t conn);
bool net_is_whole(const Node *node, uint64_t conn); /* both ends think so, and are right */
bool net_is_open(const Node *node, uint64_t conn);
/* Dropped in silence where the connection is gone. Messages are copied. */
void net_send(Node *from, uint64_t conn, ItemType type, int64_t request, const Message *message);
/* CLOSED follows at both ends. */
void net_close(Node *node, uint64_t conn);
/* What a process leaves when it ends. */
void net_forget(Node *node);
/* What it has dialled and does not stand yet. */
void net_drop_dials(Node *node);
/* Somewhere in between it breaks: each end learns of it in its own time. */
void net_break_one(Sim *sim);
/* False: not to be handled (the connection is gone, or the network answers itself). */
bool net_deliver(Sim *sim, const Item *item);
size_t net_count(const Node *node, const Node *other); /* open ones, as `node` sees it */
void net_list(const Node *node);                       /* to stderr */
void net_done(Sim *sim);

/* ---- the nodes ---- */

Node *master_node_new(Sim *sim, unsigned number);
Node *worker_node_new(Sim *sim, unsigned number);
Node *driver_node_new(Sim *sim, unsigned number);
Node *client_node_new(Sim *sim);

/* The disk that the masters share refuses writes, or takes them again. */
void master_disk_fill(Sim *sim, bool full);
void master_disk_done(Sim *sim);
/* The master that leads, or NULL. */
Node *master_leader(const Sim *sim);
/* The next master to ask, of those that there are: "m", then "n". */
const char *master_host(const Sim *sim, unsigned number);
/* It is stopped in order, with all that it runs; what is started later is another worker. */
void worker_node_stop(Node *node);
/* The host goes down with all that runs there. */
void worker_node_reboot(Node *node);
/* A driver ends its application in order. */
void driver_node_finish(Node *node);
/* The client has all its drivers killed. */
void client_node_finish(Node *node);
