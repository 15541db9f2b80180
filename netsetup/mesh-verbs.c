/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs leave, remove, rotate-key, nodes, pull and serve.
 */
#include "netsetup/mesh-verbs.h"

#include <errno.h>
#include <getopt.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "netsetup/mesh-request.h"
#include "netsetup/mesh-serve.h"
#include "netsetup/nodes.h"

#define HANDSHAKE_WAIT_MSEC 10000
#define PULL_OTHERS         3 /* hosts that are asked when the coordinator does not answer */

extern char **environ;

/* ---- shared ---- */

uint64_t mesh_now(void)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_REALTIME, &now);
        return (uint64_t)now.tv_sec;
}

const char *mesh_failure(int r)
{
        return r == -EIO            ? "nobody answered"
               : r == -EREMOTEIO    ? "it was refused"
               : r == -EKEYREJECTED ? "another host answered"
                                    : strerror(-r);
}

static int failed(const char *what, int r)
{
        (void)fprintf(stderr, "spark-netsetup: %s: %s\n", what, mesh_failure(r));
        return VERB_FAILED;
}

bool mesh_open_state(const MeshPlaces *places, MeshState *ret)
{
        const char *file;
        int r = mesh_state_open(places->state_dir, ret, &file);

        if (r != 0)
                (void)fprintf(stderr, "spark-netsetup: %s/%s: %s\n", places->state_dir, file,
                              r < 0 ? strerror(-r) : "this is not what was written there");
        return r == 0;
}

bool mesh_open_member(const MeshPlaces *places, MeshState *ret)
{
        if (!mesh_open_state(places, ret))
                return false;
        if (mesh_state_self(ret))
                return true;
        (void)fprintf(stderr, "spark-netsetup: this host is a member of no mesh\n");
        mesh_state_done(ret);
        return false;
}

bool mesh_open_coordinator(const MeshPlaces *places, MeshState *ret)
{
        if (!mesh_open_member(places, ret))
                return false;
        if (mesh_state_is_coordinator(ret))
                return true;
        const MeshMember *first = mesh_find_node(&ret->list, &ret->list.coordinator);
        (void)fprintf(stderr, "spark-netsetup: only the first host of the mesh can do that: %s\n",
                      first ? first->name : "it is gone");
        mesh_state_done(ret);
        return false;
}

int mesh_settle(const MeshPlaces *places, MeshState *state, bool measure)
{
        int r = mesh_host_write(places, state, stderr);

        close_fd(&state->lock_fd);
        return r < 0 ? r : mesh_host_apply(places, &state->list, measure, stderr);
}

int mesh_systemctl(const char *const *words)
{
        const char *argv[10] = { "systemctl" };
        pid_t pid;
        int status;

        if (access("/run/systemd/system", F_OK) < 0)
                return 0;
        for (size_t i = 0; i + 2 < ARRAY_SIZE(argv) && words[i]; i++)
                argv[i + 1] = words[i];
        if (posix_spawnp(&pid, argv[0], NULL, NULL, (char **)argv, environ) != 0)
                return -EIO;
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -EIO;
        return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

/* Enabling has systemd read its units anew, the worker's with its drop-in as well: that takes
 * longest, and is done once for all of them. What is started has to wait for the network perhaps,
 * which nobody here does. */
int mesh_services_start(bool services, bool worker)
{
        static const char *const mesh[] = { "enable",
                                            "--quiet",
                                            "--now",
                                            "--no-block",
                                            "spark-netsetup.service",
                                            "spark-netsetup-join.socket",
                                            "spark-netsetup-pull.timer",
                                            NULL };
        const char *const enable_worker[] = { "enable", "--quiet", "spark-worker.service",
                                              services ? "--no-reload" : NULL, NULL };
        int result = worker ? mesh_systemctl(enable_worker) : 0;

        if (services && mesh_systemctl(mesh) < 0)
                (void)fprintf(stderr, "spark-netsetup: the services could not be started; see "
                                      "above\n");
        return result;
}

void mesh_services_stop(void)
{
        static const char *const stop[] = { "disable",
                                            "--quiet",
                                            "--now",
                                            "spark-netsetup-join.socket",
                                            "spark-netsetup-pull.timer",
                                            NULL };

        (void)mesh_systemctl(stop);
}

/* Who is asked, in this order. */
typedef struct Candidate {
        MeshEndpoint at;
        NodePin pin;
} Candidate;

static Candidate at_mesh_address(const MeshMember *m)
{
        Candidate c = { .at.port = MESH_JOIN_PORT };
        char address[MESH_ADDRESS_SIZE];

        node_pin(&m->node, &c.pin);
        mesh_address_format(m->address, address);
        memcpy(c.at.host, address, sizeof(address));
        return c;
}

/* The coordinator through the mesh, and where its join service is outside: a host whose tunnel to
 * it is broken, because a key was changed meanwhile, gets there all the same. Then some of the
 * others, where any member will do. */
static size_t candidates(const MeshState *state, bool others, Candidate *ret)
{
        const MeshList *list = &state->list;
        const MeshMember *first = mesh_find_node(list, &list->coordinator);
        const MeshMember *self = mesh_state_self(state);
        size_t n = 0;

        if (first)
                ret[n++] = at_mesh_address(first);
        for (size_t i = 0; i < list->n_joins; i++) {
                ret[n].at = list->joins[i];
                node_pin(&list->coordinator, &ret[n++].pin);
        }
        /* those after this one in the list, so that not all ask the same */
        const size_t start = (size_t)(self - list->members);
        for (size_t i = 1, asked = 0; others && i < list->n && asked < PULL_OTHERS; i++) {
                const MeshMember *m = &list->members[(start + i) % list->n];
                if (m == first || m == self)
                        continue;
                ret[n++] = at_mesh_address(m);
                asked++;
        }
        return n;
}

/* Asks one after the other until one answers with 200. A refusal is the result when there was one:
 * it says more than that others cannot be reached. The lock is given up: who is asked may have
 * something to say to this host at the same time. */
static int ask(MeshState *state, const char *path, const MeshRequest *request, bool others,
               MeshReply *reply)
{
        Candidate all[1 + LIMIT_MESH_ENDPOINTS + PULL_OTHERS];
        const size_t n = candidates(state, others, all);
        char refusal[sizeof(reply->problem)] = "";
        long status = 0;
        int r = -EIO;

        close_fd(&state->lock_fd);
        for (size_t i = 0; i < n; i++) {
                CLEANUP_FREE char *text = NULL;
                r = mesh_request_format(request, path, &all[i].pin, &state->identity, NULL, &text);
                if (r >= 0)
                        r = mesh_post(&all[i].at, &all[i].pin, path, text, reply);
                if (r >= 0)
                        return r;
                if (r == -EREMOTEIO && status == 0) {
                        memcpy(refusal, reply->problem, sizeof(refusal));
                        status = reply->status;
                }
                if (r == -EREMOTEIO && !others)
                        break;
        }
        if (status != 0) {
                memcpy(reply->problem, refusal, sizeof(refusal));
                reply->status = status;
                r = -EREMOTEIO;
        }
        (void)fprintf(stderr, "spark-netsetup: the mesh was asked in vain: %s\n",
                      *reply->problem ? reply->problem : strerror(-r));
        return r;
}

/* Reads the state anew, under the lock, and makes the list in the answer ours if it is newer.
 * *ret_newer says whether it was. 0, -EPROTO or -errno. */
static int take_answer(const MeshPlaces *places, MeshState *state, const MeshReply *reply,
                       bool *ret_newer)
{
        CLEANUP_MESH_LIST MeshList list = { 0 };
        CLEANUP_FREE char *sealed = strndup((const char *)reply->body.data, reply->body.size);

        *ret_newer = false;
        if (!sealed)
                return -ENOMEM;
        mesh_state_done(state);
        if (!mesh_open_member(places, state))
                return -ESRCH;
        if (strlen(sealed) <= 2) /* {}: there is nothing new */
                return 0;
        int r = mesh_list_open(sealed, strlen(sealed), &state->list.coordinator, &list);
        if (r != 0)
                return r < 0 ? r : -EPROTO;
        if (list.sequence <= state->list.sequence)
                return 0;
        mesh_state_set_list(state, &list, &sealed);
        *ret_newer = true;
        return mesh_state_save_list(state);
}

/* ---- leave ---- */

static int forget_mesh(const MeshPlaces *places, MeshState *state)
{
        int r = mesh_state_forget(state);

        free(TAKE_PTR(state->sealed));
        int r2 = mesh_settle(places, state, false);
        if (r < 0 || r2 < 0)
                return failed("not all could be taken away", r < 0 ? r : r2);
        return VERB_OK;
}

static int leave(const MeshPlaces *places, bool force, bool no_services)
{
        CLEANUP_MESH_STATE MeshState state = MESH_STATE_INIT;
        CLEANUP_MESH_REPLY MeshReply reply = MESH_REPLY_INIT;
        const MeshRequest request = { 0 };

        if (!mesh_open_member(places, &state))
                return VERB_FAILED;
        if (mesh_state_is_coordinator(&state)) {
                if (state.list.n > 1 && !force) {
                        (void)fprintf(stderr, "spark-netsetup: without this host nobody can join, "
                                              "leave or be removed any more; --force all the "
                                              "same\n");
                        return VERB_FAILED;
                }
        } else if (ask(&state, MESH_PATH_LEAVE, &request, false, &reply) < 0 && !force &&
                   reply.status != MESH_STATUS_GONE) {
                (void)fprintf(stderr, "spark-netsetup: the others would keep this host as a "
                                      "member; --force leaves all the same\n");
                return VERB_FAILED;
        }
        if (!no_services)
                mesh_services_stop();
        mesh_state_done(&state);
        return mesh_open_state(places, &state) ? forget_mesh(places, &state) : VERB_FAILED;
}

int verb_leave(const VerbContext *context, int argc, char **argv)
{
        static const struct option options[] = {
                { "force", no_argument, NULL, 'f' },
                { "no-services", no_argument, NULL, 's' },
                { 0 },
        };
        const MeshPlaces places = mesh_places(context->config);
        bool force = false, no_services = false;
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                if (c != 'f' && c != 's')
                        return VERB_USAGE;
                force = force || c == 'f';
                no_services = no_services || c == 's';
        }
        if (optind < argc) {
                (void)fprintf(stderr, "spark-netsetup: leave takes no arguments\n");
                return VERB_USAGE;
        }
        return leave(&places, force, no_services);
}

/* ---- remove ---- */

/* Who was removed may have a token yet: none is valid any more. */
static int remove_member(MeshState *state, const MeshMember *member)
{
        CLEANUP_MESH_LIST MeshList list = { 0 };
        int r = mesh_list_copy(&state->list, &list);

        if (r < 0)
                return r;
        (void)mesh_list_remove(&list, &member->node);
        r = mesh_state_change_list(state, &list);
        state->tokens.n = 0;
        if (r >= 0)
                r = mesh_state_save_tokens(state);
        return r < 0 ? r : mesh_state_save_list(state);
}

int verb_remove(const VerbContext *context, int argc, char **argv)
{
        const MeshPlaces places = mesh_places(context->config);
        CLEANUP_MESH_STATE MeshState state = MESH_STATE_INIT;

        if (argc != 2) {
                (void)fprintf(stderr, "spark-netsetup: remove takes the name of one node\n");
                return VERB_USAGE;
        }
        if (!mesh_open_coordinator(&places, &state))
                return VERB_FAILED;
        const MeshMember *found = mesh_find_name(&state.list, argv[1]);
        if (!found || found == mesh_state_self(&state)) {
                (void)fprintf(stderr, "spark-netsetup: there is no other node %s\n", argv[1]);
                return VERB_FAILED;
        }
        const MeshMember member = *found;
        int r = remove_member(&state, &member);
        if (r < 0)
                return failed("the list of members could not be changed", r);
        /* it hears of it as long as it is reached */
        close_fd(&state.lock_fd);
        (void)mesh_push_all(&state, &member, 1, stderr);
        mesh_state_done(&state);
        if (!mesh_open_member(&places, &state))
                return VERB_FAILED;
        r = mesh_settle(&places, &state, false);
        if (r < 0)
                return failed("the tunnel could not be removed", r);
        (void)printf("%s is no longer a member. Tokens made before are void.\n", member.name);
        return VERB_OK;
}

/* ---- rotate-key ---- */

/* The coordinator tells the others first, by the tunnels of the old key. */
static int rotate_own(const MeshPlaces *places, MeshState *state, const NetKey *public_key)
{
        CLEANUP_MESH_LIST MeshList list = { 0 };
        MeshMember self = *mesh_state_self(state);
        int r = mesh_list_copy(&state->list, &list);

        self.key = *public_key;
        if (r == 0)
                r = mesh_list_put(&list, &self, NULL);
        if (r == 0)
                r = mesh_state_change_list(state, &list);
        if (r == 0)
                r = mesh_state_save_list(state);
        if (r != 0)
                return r < 0 ? r : -EEXIST;
        close_fd(&state->lock_fd);
        (void)mesh_push_all(state, NULL, 1, stderr);
        mesh_state_done(state);
        return mesh_open_member(places, state) ? 0 : -ESRCH;
}

/* The coordinator answers with the list that has the new key, and then tells the others. */
static int rotate_by_coordinator(const MeshPlaces *places, MeshState *state,
                                 const NetKey *public_key)
{
        CLEANUP_MESH_REPLY MeshReply reply = MESH_REPLY_INIT;
        const MeshRequest request = { .key = *public_key, .sequence = state->list.sequence };
        bool newer;
        int r = ask(state, MESH_PATH_ROTATE, &request, false, &reply);

        if (r >= 0)
                r = take_answer(places, state, &reply, &newer);
        if (r < 0)
                return r;
        return key_equal(&mesh_state_self(state)->key, public_key) ? 0 : -EPROTO;
}

static void wait_for_others(const MeshState *state, uint64_t since)
{
        for (size_t i = 0; i < state->list.n; i++) {
                const MeshMember *m = &state->list.members[i];
                if (m != mesh_state_self(state) &&
                    nodes_wait_for(&m->key, since, HANDSHAKE_WAIT_MSEC / (unsigned)state->list.n) <
                            0)
                        (void)fprintf(stderr, "spark-netsetup: %s has not answered yet\n", m->name);
        }
}

int verb_rotate_key(const VerbContext *context, int argc, char **argv)
{
        const MeshPlaces places = mesh_places(context->config);
        CLEANUP_MESH_STATE MeshState state = MESH_STATE_INIT;
        CLEANUP_KEY NetKey key = { 0 };
        NetKey public_key;
        char text[KEY_TEXT_SIZE];

        if (argc != 1) {
                (void)fprintf(stderr, "spark-netsetup: rotate-key takes no arguments\n");
                return VERB_USAGE;
        }
        if (!mesh_open_member(&places, &state))
                return VERB_FAILED;
        int r = key_generate(&key);
        if (r >= 0)
                r = key_public(&key, &public_key);
        if (r >= 0)
                r = mesh_state_is_coordinator(&state)
                            ? rotate_own(&places, &state, &public_key)
                            : rotate_by_coordinator(&places, &state, &public_key);
        if (r >= 0)
                r = mesh_state_save_key(&state, &key);
        const uint64_t since = mesh_now();
        if (r >= 0)
                r = mesh_settle(&places, &state, false);
        if (r < 0)
                return failed("the key was not changed", r);
        wait_for_others(&state, since);
        key_format(&public_key, text);
        (void)printf("This host's key is now %s\n", text);
        return VERB_OK;
}

/* ---- nodes ---- */

int verb_nodes(const VerbContext *context, int argc, char **argv)
{
        static const struct option options[] = { { "json", no_argument, NULL, 'j' }, { 0 } };
        const MeshPlaces places = mesh_places(context->config);
        CLEANUP_MESH_STATE MeshState state = MESH_STATE_INIT;
        CLEANUP_STATE NetState kernel;
        bool json = false;
        int c;

        state_init(&kernel);
        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                if (c != 'j')
                        return VERB_USAGE;
                json = true;
        }
        if (optind < argc) {
                (void)fprintf(stderr, "spark-netsetup: nodes takes no arguments\n");
                return VERB_USAGE;
        }
        if (!mesh_open_member(&places, &state))
                return VERB_FAILED;
        close_fd(&state.lock_fd);
        int r = nodes_read(&kernel);
        if (r < 0)
                return failed("the tunnels cannot be read", r);
        CLEANUP_FREE char *text = json ? nodes_json(&state, &kernel) : nodes_text(&state, &kernel);
        if (!text)
                return failed("the nodes cannot be shown", -ENOMEM);
        (void)printf("%s%s", text, json ? "\n" : "");
        return VERB_OK;
}

/* ---- pull and serve ---- */

static int ask_for_list(const MeshPlaces *places, MeshState *state, bool *ret_newer)
{
        CLEANUP_MESH_REPLY MeshReply reply = MESH_REPLY_INIT;
        const MeshRequest request = { .sequence = state->list.sequence };
        int r = ask(state, MESH_PATH_PULL, &request, true, &reply);

        if (r == -EREMOTEIO && reply.status == MESH_STATUS_GONE)
                (void)fprintf(stderr, "spark-netsetup: if it was removed, `leave` takes away what "
                                      "there is of the mesh here\n");
        return r < 0 ? r : take_answer(places, state, &reply, ret_newer);
}

int mesh_pull(const MeshPlaces *places, bool measure)
{
        CLEANUP_MESH_STATE MeshState state = MESH_STATE_INIT;
        bool newer = false;

        if (!mesh_open_member(places, &state))
                return -ESRCH;
        int r = mesh_state_is_coordinator(&state) ? 0 : ask_for_list(places, &state, &newer);
        if (r < 0) {
                mesh_state_done(&state);
                if (!mesh_open_member(places, &state))
                        return -ESRCH;
        }
        /* somebody may have written /etc/hosts anew, or taken a file of ours away */
        int changed = mesh_host_write(places, &state, stderr);
        close_fd(&state.lock_fd);
        if (changed >= 0 && (newer || measure || changed > 0))
                changed = mesh_host_apply(places, &state.list, measure, stderr);
        return r < 0 ? r : MIN_OF(changed, 0);
}

int verb_pull(const VerbContext *context, int argc, char **argv)
{
        const MeshPlaces places = mesh_places(context->config);

        if (argc != 1) {
                (void)fprintf(stderr, "spark-netsetup: pull takes no arguments\n");
                return VERB_USAGE;
        }
        return mesh_pull(&places, false) < 0 ? VERB_FAILED : VERB_OK;
}

int verb_serve(const VerbContext *context, int argc, char **argv)
{
        static const struct option options[] = { { "listen", required_argument, NULL, 'l' },
                                                 { 0 } };
        const MeshPlaces places = mesh_places(context->config);
        MeshEndpoint at;
        bool given = false;
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                if (c != 'l')
                        return VERB_USAGE;
                given = mesh_endpoint_parse(optarg, MESH_JOIN_PORT, &at) >= 0;
                if (!given) {
                        (void)fprintf(stderr, "spark-netsetup: --listen takes ADDRESS[:PORT]\n");
                        return VERB_USAGE;
                }
        }
        if (optind < argc) {
                (void)fprintf(stderr, "spark-netsetup: serve takes no arguments\n");
                return VERB_USAGE;
        }
        return mesh_serve(&places, given ? &at : NULL) < 0 ? VERB_FAILED : VERB_OK;
}
