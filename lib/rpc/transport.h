/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The only sockets of lib/rpc: listening, connecting, reading and writing on an sd-event loop. A
 * Link is one connected (or connecting) socket; what its bytes mean is not known here.
 */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "rpc/conn.h"
#include "wire/url.h"

typedef struct Link Link;
typedef struct LinkAddress LinkAddress;
typedef struct Listener Listener;

/* Events of links, always from the loop, never from inside a call of the link_ functions. None may
 * free the link before it returns to the loop. */
typedef struct LinkHandlers {
        void (*established)(Link *link); /* link_connect() succeeded */
        /* Borrowed bytes that one read brought. */
        void (*received)(Link *link, const void *data, size_t size);
        void (*writable)(Link *link); /* after link_send() left something */
        /* The peer will send nothing more; writing may still be possible. */
        void (*finished)(Link *link);
        void (*broken)(Link *link, int error); /* an errno, positive */
} LinkHandlers;

/* What all links of one environment share. Their sockets are in an epoll set of its own, which is
 * one source of the loop: with a source per socket, sd-event asks epoll for everything that is
 * ready before each single callback, so 10,000 heartbeats at once would cost the square of that. */
typedef struct Transport {
        sd_event *event;     /* referenced */
        sd_event_source *io; /* of the epoll set; NULL before the first link */
        int epoll;           /* owned by io */
        const LinkHandlers *handlers;
        uint8_t *scratch; /* every read goes here first; allocated at the first one */
} Transport;

void transport_init(Transport *t, sd_event *event, const LinkHandlers *handlers);
void transport_done(Transport *t);

struct Link {
        Transport *transport;
        int fd;          /* -1: closed */
        uint32_t events; /* what epoll is asked for */
        bool connecting;
        bool input_off;         /* finished, or no longer wanted */
        LinkAddress *addresses; /* list (next); owned, while connecting */
        LinkAddress *untried;
};

void link_init(Link *l, Transport *t);
/* Closes. Fine on a closed link. */
void link_done(Link *l);

/* Takes over an accepted socket. 0, or -errno and the fd stays the caller's. */
int link_open(Link *l, int fd);

/* Adds to the addresses that link_connect() tries: one as text, or those of a name, which is looked
 * up while everybody waits. 0, -ENXIO when it is none or does not resolve, or -ENOMEM. */
int link_add_literal(Link *l, const HostPort *to);
int link_add_name(Link *l, const HostPort *to);

/* Begins to connect to the first address that can be tried; the others follow when it fails.
 * Established or broken comes from the loop. 0, or the -errno of the last address when none could
 * even be tried. */
int link_connect(Link *l);

/* Sends what `c` has queued as far as the socket takes it. 0 when everything is sent, 1 when
 * writable() will follow, or -errno. */
int link_send(Link *l, Conn *c);

/* Ignores further input. */
void link_stop_reading(Link *l);

/* Throws away what has arrived: closing a socket with unread input makes the kernel send a reset,
 * upon which the peer may lose what was sent last. */
void link_discard_input(Link *l);

/* "192.0.2.7:41234" or "[2001:db8::1]:41234". */
#define PEER_TEXT_MAX 72
const char *link_peer(const Link *l, char buffer[static PEER_TEXT_MAX]);

/* Gets each accepted socket and owns it. */
typedef void (*AcceptHandler)(void *user, int fd);

/* Accepts on `fd`, which is owned from here on when the result is 0. */
int listener_new(sd_event *event, int fd, AcceptHandler handler, void *user, Listener **ret);
void listener_free(Listener *l);
