/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/mesh-state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/file.h"

#define FILE_NODE_KEY "node.key"
#define FILE_KEY      "wireguard.key"
#define FILE_MEMBERS  "members.json"
#define FILE_TOKENS   "tokens.json"
#define FILE_LOCK     "lock"

void mesh_state_done(MeshState *state)
{
        identity_done(&state->identity);
        free(state->sealed);
        mesh_list_done(&state->list);
        token_table_done(&state->tokens);
        close_fd(&state->lock_fd);
        *state = MESH_STATE_INIT;
}

/* ---- writing ---- */

static int write_all(int fd, const char *text)
{
        for (size_t left = strlen(text); left > 0;) {
                ssize_t n = write(fd, text, left);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                text += n;
                left -= (size_t)n;
        }
        return fsync(fd) < 0 ? -errno : 0;
}

/* A file that is a mount cannot be renamed over. */
static int write_in_place(const char *path, const char *text)
{
        CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

        if (fd < 0)
                return -errno;
        int r = write_all(fd, text);
        if (r >= 0 && ftruncate(fd, (off_t)strlen(text)) < 0)
                r = -errno;
        return r;
}

static int sync_directory(const char *path)
{
        CLEANUP_FREE char *dir = strdup(path);
        char *slash = dir ? strrchr(dir, '/') : NULL;

        if (!slash)
                return dir ? 0 : -ENOMEM;
        *slash = '\0';
        CLEANUP_CLOSE int fd = open(*dir ? dir : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int mesh_file_write(const char *path, const char *text, mode_t mode)
{
        CLEANUP_FREE char *real = realpath(path, NULL);
        CLEANUP_FREE char *temporary = NULL;

        if (!real)
                real = strdup(path);
        if (!real || asprintf(&temporary, "%s.XXXXXX", real) < 0) {
                temporary = NULL;
                return -ENOMEM;
        }
        CLEANUP_CLOSE int fd = mkostemp(temporary, O_CLOEXEC);
        if (fd < 0)
                return -errno;
        int r = fchmod(fd, mode) < 0 ? -errno : write_all(fd, text);
        if (r >= 0 && rename(temporary, real) < 0)
                r = -errno;
        if (r >= 0)
                return sync_directory(real);
        (void)unlink(temporary);
        return r == -EBUSY ? write_in_place(real, text) : r;
}

static int write_in(const MeshState *state, const char *name, const char *text)
{
        CLEANUP_FREE char *path = path_join(state->dir, name);

        return path && text ? mesh_file_write(path, text, 0600) : -ENOMEM;
}

/* ---- reading ---- */

static int read_in(const MeshState *state, const char *name, char **ret_text, size_t *ret_size)
{
        CLEANUP_FREE char *path = path_join(state->dir, name);

        return path ? file_read(path, LIMIT_MESH_STATE_BYTES, ret_text, ret_size) : -ENOMEM;
}

static int open_lock(MeshState *state)
{
        CLEANUP_FREE char *path = path_join(state->dir, FILE_LOCK);

        if (!path)
                return -ENOMEM;
        state->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (state->lock_fd < 0)
                return -errno;
        while (flock(state->lock_fd, LOCK_EX) < 0)
                if (errno != EINTR)
                        return -errno;
        return 0;
}

static int make_identity(MeshState *state)
{
        CLEANUP_SECRET char *pem = NULL;
        int r = identity_generate(&state->identity);

        if (r < 0)
                return r;
        pem = identity_private_pem(&state->identity);
        return write_in(state, FILE_NODE_KEY, pem);
}

static int read_identity(MeshState *state)
{
        CLEANUP_SECRET char *pem = NULL;
        int r = read_in(state, FILE_NODE_KEY, &pem, NULL);

        if (r == -ENOENT)
                return make_identity(state);
        return r < 0 ? r : identity_from_pem(pem, &state->identity);
}

/* The signature is verified as well: it costs nothing, and a list that was changed by hand would
 * surprise the other hosts. */
static int read_list(MeshState *state)
{
        CLEANUP_FREE char *sealed = NULL;
        size_t size;
        int r = read_in(state, FILE_MEMBERS, &sealed, &size);

        if (r == -ENOENT)
                return 0;
        if (r >= 0)
                r = mesh_list_open_own(sealed, size, &state->list);
        if (r == 0)
                state->sealed = TAKE_PTR(sealed);
        return r;
}

static int read_tokens(MeshState *state)
{
        CLEANUP_FREE char *text = NULL;
        size_t size;
        int r = read_in(state, FILE_TOKENS, &text, &size);

        if (r == -ENOENT)
                return 0;
        return r < 0 ? r : token_table_parse(text, size, &state->tokens);
}

int mesh_state_open(const char *dir, MeshState *ret, const char **ret_file)
{
        static const struct {
                const char *file;
                int (*read)(MeshState *state);
        } steps[] = {
                { FILE_LOCK, open_lock },
                { FILE_NODE_KEY, read_identity },
                { FILE_MEMBERS, read_list },
                { FILE_TOKENS, read_tokens },
        };
        CLEANUP_MESH_STATE MeshState state = MESH_STATE_INIT;
        int r;

        *ret_file = "";
        state.dir = dir;
        r = dir_make(dir, 0700);
        for (size_t i = 0; i < ARRAY_SIZE(steps) && r == 0; i++) {
                *ret_file = steps[i].file;
                r = steps[i].read(&state);
        }
        if (r != 0)
                return r;
        *ret = state;
        state = MESH_STATE_INIT;
        return 0;
}

/* ---- what it is ---- */

bool mesh_state_is_coordinator(const MeshState *state)
{
        return state->sealed && node_key_equal(&state->list.coordinator, &state->identity.key);
}

const MeshMember *mesh_state_self(const MeshState *state)
{
        return state->sealed ? mesh_find_node(&state->list, &state->identity.key) : NULL;
}

void mesh_state_set_list(MeshState *state, MeshList *list, char **sealed)
{
        mesh_list_done(&state->list);
        free(state->sealed);
        state->list = *list;
        *list = (MeshList){ 0 };
        state->sealed = TAKE_PTR(*sealed);
}

int mesh_state_change_list(MeshState *state, MeshList *list)
{
        CLEANUP_FREE char *sealed = NULL;

        list->sequence++;
        int r = mesh_list_seal(list, &state->identity, &sealed);
        if (r < 0)
                return r;
        mesh_state_set_list(state, list, &sealed);
        return 0;
}

/* ---- saving ---- */

int mesh_state_save_list(const MeshState *state)
{
        return write_in(state, FILE_MEMBERS, state->sealed);
}

int mesh_state_save_tokens(const MeshState *state)
{
        CLEANUP_FREE char *text = token_table_format(&state->tokens);

        return write_in(state, FILE_TOKENS, text);
}

int mesh_state_save_key(const MeshState *state, const NetKey *private_key)
{
        CLEANUP_SECRET char *text = malloc(KEY_TEXT_SIZE + 1);

        if (!text)
                return -ENOMEM;
        key_format(private_key, text);
        text[KEY_TEXT_SIZE - 1] = '\n';
        text[KEY_TEXT_SIZE] = '\0';
        return write_in(state, FILE_KEY, text);
}

int mesh_state_read_key(const MeshState *state, NetKey *ret_private)
{
        CLEANUP_FREE char *path = path_join(state->dir, FILE_KEY);

        return path ? key_read_file(path, ret_private) : -ENOMEM;
}

int mesh_state_forget(MeshState *state)
{
        static const char *const files[] = { FILE_MEMBERS, FILE_TOKENS, FILE_KEY, FILE_NODE_KEY };
        int result = 0;

        for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
                CLEANUP_FREE char *path = path_join(state->dir, files[i]);
                int r = !path ? -ENOMEM : unlink(path) < 0 && errno != ENOENT ? -errno : 0;
                if (result == 0)
                        result = r;
        }
        return result;
}
