/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/master/internal.h"

#include <errno.h>

/*
 * Connections that workers and applications registered on. Whoever sits on a connection goes with
 * it; who has registered again on a newer one in the meantime stays.
 */

Peer *peer_find(const Master *m, ConnId conn)
{
        Peer *peer = NULL;
        HASH_FIND(hh, m->peers, &conn, sizeof(conn), peer);
        return peer;
}

Peer *peer_ensure(Turn *t, ConnId conn)
{
        Peer *peer = peer_find(t->m, conn);
        if (peer)
                return peer;
        peer = calloc(1, sizeof(*peer));
        if (!peer) {
                t->error = -ENOMEM;
                return NULL;
        }
        peer->conn = conn;
        peer->lines = t->event->lines;
        HASH_ADD(hh, t->m->peers, conn, sizeof(peer->conn), peer);
        if (!hash_added(peer)) {
                free(peer);
                t->error = -ENOMEM;
                return NULL;
        }
        return peer;
}

static void peer_forget_if_idle(Master *m, Peer *peer)
{
        if (peer->workers || peer->apps || peer->identifying || peer->held)
                return;
        HASH_DEL(m->peers, peer);
        free(peer);
}

void peer_detach_worker(Master *m, Worker *w)
{
        if (!w->peer)
                return;
        DL_DELETE2(w->peer->workers, w, peer_prev, peer_next);
        w->peer->n_workers--;
        peer_forget_if_idle(m, TAKE_PTR(w->peer));
}

void peer_detach_app(Master *m, App *app)
{
        if (!app->peer)
                return;
        DL_DELETE2(app->peer->apps, app, peer_prev, peer_next);
        app->peer->n_apps--;
        peer_forget_if_idle(m, TAKE_PTR(app->peer));
}

void peer_attach_worker(Turn *t, Worker *w, Peer *peer)
{
        if (w->peer == peer)
                return;
        peer_detach_worker(t->m, w);
        DL_APPEND2(peer->workers, w, peer_prev, peer_next);
        peer->n_workers++;
        w->peer = peer;
}

void peer_attach_app(Turn *t, App *app, Peer *peer)
{
        if (app->peer == peer)
                return;
        peer_detach_app(t->m, app);
        DL_APPEND2(peer->apps, app, peer_prev, peer_next);
        peer->n_apps++;
        app->peer = peer;
}

void peer_identify(Turn *t, Peer *peer, LineSet candidates)
{
        if (peer->identifying)
                return;
        peer->identifying = true;
        peer->identify_until = t->time.now + t->m->config.identify_timeout_usec;
        DL_APPEND2(t->m->identifying, peer, pending_prev, pending_next);
        turn_identify(t, peer->conn, candidates);
}

void peer_identify_done(Master *m, Peer *peer)
{
        if (!peer->identifying)
                return;
        peer->identifying = false;
        DL_DELETE2(m->identifying, peer, pending_prev, pending_next);
}

void peer_closed(Turn *t)
{
        Master *m = t->m;
        Peer *peer = peer_find(m, t->event->conn);
        if (!peer)
                return;
        peer_identify_done(m, peer);
        peer->held = true;
        while (peer->workers) {
                Worker *w = peer->workers;
                worker_lost(t, w, turn_printf(t, "%s got disassociated", w->address));
        }
        while (peer->apps)
                app_remove(t, peer->apps, APP_FINISHED, NULL);
        peer->held = false;
        peer_forget_if_idle(m, peer);
}
