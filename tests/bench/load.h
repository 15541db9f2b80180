/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Workers and drivers that exist only as connections, for the load generator: load.c speaks for
 * them as real ones would, loadgen.c says when and measures. All of them listen on one port, each
 * at a loopback address of its own, so that a master that has restarted can dial them.
 */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "wire/codec.h"
#include "wire/url.h"

#define WORKER_CORES    8
#define WORKER_MEMORY   16384
#define EXECUTOR_CORES  1
#define EXECUTOR_MEMORY 512
#define PEERS_MAX       40000 /* workers; drivers too */

typedef enum PeerState {
        PEER_AWAY, /* not connected */
        PEER_VERIFYING,
        PEER_REGISTERING,
        PEER_READY, /* registered; of a driver: has all its executors */
} PeerState;

/* What a worker runs. */
typedef struct Running {
        char app_id[64];
        int32_t exec_id;
        int32_t memory;
} Running;

typedef struct Peer {
        int fd;
        PeerState state;
        bool driver;
        bool told; /* MasterChanged came, since `down` */
        Buffer in;
        char id[64]; /* of the worker, or of the application once known */
        char host[INET_ADDRSTRLEN];
        RpcAddress self;
        Running running[WORKER_CORES / EXECUTOR_CORES];
        unsigned n_running;
        unsigned added; /* driver: executors that were added */
} Peer;

/* Moments are nanoseconds of CLOCK_MONOTONIC, which other processes of this host read, too. */
typedef struct Load {
        int epoll, listener;
        uint16_t port; /* of the listener */
        struct sockaddr_in master;
        RpcAddress master_address;
        pid_t pid;
        Line line;
        Peer *workers, *drivers;
        unsigned n_workers, n_drivers;
        unsigned executors;                         /* of each application */
        unsigned registered;                        /* workers that got RegisteredWorker */
        unsigned served;                            /* drivers that have all their executors */
        uint64_t first_added_nsec, first_added_cpu; /* set while 0 */
        uint64_t beat_nsec;                         /* last heartbeats */
        int64_t next_request;
        bool down; /* the master was killed: that connections break is right */
        unsigned told;
        uint64_t first_told_nsec, last_told_nsec;
        bool failed;
} Load;

uint64_t now_nsec(void);
uint64_t master_cpu_nsec(const Load *load); /* of all its threads, /proc/PID/task/.../schedstat */
long master_rss_kib(const Load *load);

/* Says why on standard error and ends the process. */
_Noreturn void die(const char *what);

/* Opens the listener and makes the peers, none of them connected. */
void load_init(Load *load, unsigned n_workers, unsigned n_drivers);
void load_done(Load *load);

/* Connects and asks for the Master endpoint; a worker registers by itself then, a driver waits for
 * register_application(). False: nobody listens. */
bool peer_connect(Load *load, Peer *p);
void peer_close(Load *load, Peer *p);
void register_application(Load *load, Peer *driver);
void unregister_application(Load *load, Peer *driver);
void heartbeat(Load *load, Peer *worker);

/* Answers what has come in, waiting for something at most so long, and sends the heartbeats that
 * are due. False: nothing came. */
bool load_turn(Load *load, int wait_msec);
