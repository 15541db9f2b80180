/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the daemons' mains share: the event loop with its signals and watchdog, word to systemd,
 * listening sockets, and what the host is called.
 *
 * A problem is handed out as a sentence (owned by the caller) with DAEMON_E_UNAVAILABLE when it is
 * about this address or name, for which the exit status is EX_UNAVAILABLE, or with a negative
 * errno, for which it is EX_OSERR.
 */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "base/macro.h"

enum {
        DAEMON_E_UNAVAILABLE = 1,
};

int daemon_exit_status(int result);

typedef struct DaemonHandlers {
        void (*terminate)(void *user, int signal); /* SIGTERM or SIGINT; NULL: leave the loop */
        void (*reload)(void *user);                /* SIGHUP; NULL: nothing happens */
        void *user;
} DaemonHandlers;

/* A loop that takes the signals above and feeds systemd's watchdog, if the unit has one. Blocks
 * these signals and SIGPIPE for good: children must be started with an empty signal mask.
 * `handlers` is borrowed for as long as the loop lives. 0 or -errno. */
int daemon_event_new(const DaemonHandlers *handlers, sd_event **ret);

/* Raises the soft limit of open files to the hard one. 0 or -errno. */
int daemon_raise_nofile(void);

/* To systemd, when it has asked for it; the status is what `systemctl status` shows. */
void daemon_notify_ready(const char *format, ...) PRINTF_LIKE(1, 2);
void daemon_notify_status(const char *format, ...) PRINTF_LIKE(1, 2);
void daemon_notify_stopping(void);

/* A non-blocking TCP socket that listens on host:port, of IPv4 or IPv6 as the host has it; NULL, ""
 * and "*" mean every address of both; IPv6 literals may have brackets. Port 0 is any free one;
 * *ret_port is what it became. One that is taken is a problem: no other is tried. Resolves names,
 * so it may block: for start-up only. */
int daemon_listen(const char *host, uint16_t port, int *ret_fd, uint16_t *ret_port,
                  char **ret_problem);

/* The listening stream socket that systemd passed under `name` (FileDescriptorName=); *ret_fd is -1
 * when there is none. Otherwise as daemon_listen(). Non-blocking, close-on-exec, now the caller's.
 */
int daemon_passed_socket(const char *name, int *ret_fd, uint16_t *ret_port, char **ret_problem);

/* For CLEANUP, of what sd_listen_fds_with_names(3) gives. */
void daemon_free_names(char ***names);

/* The passed socket if there is one of that name, else one of our own: as daemon_listen(). */
int daemon_open_socket(const char *name, const char *host, uint16_t port, int *ret_fd,
                       uint16_t *ret_port, char **ret_problem);

/* A host as it stands in spark:// URLs, IPv6 literals in brackets. Owned by the caller; NULL when
 * out of memory. */
char *daemon_url_host(const char *host);

/* What peers shall call this host unless told otherwise: $SPARK_LOCAL_HOSTNAME, $SPARK_LOCAL_IP,
 * the host's name if it resolves to an address that is not loopback, the first address of an
 * interface that is neither loopback nor link-local (IPv4 before IPv6), or else "127.0.0.1". Owned
 * by the caller; NULL when out of memory. */
char *daemon_local_host(void);

/* The name for links that people follow: $SPARK_PUBLIC_DNS or `host`. Borrowed. */
const char *daemon_public_host(const char *host);
