/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/mesh-state.h"

#include <errno.h>
#include <sys/stat.h>

#include "tests/unit/mesh-rig.h"

static mode_t mode_of(const UnitDir *dir, const char *name)
{
        CLEANUP_FREE char *path = path_join(dir->path, name);
        struct stat st;

        ck_assert_int_eq(stat(path, &st), 0);
        return st.st_mode & 07777;
}

START_TEST(a_new_host)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_FREE char *path = path_join(dir.path, "netsetup");
        CLEANUP_MESH_STATE MeshState first = MESH_STATE_INIT, second = MESH_STATE_INIT;
        const char *file;

        ck_assert_int_eq(mesh_state_open(path, &first, &file), 0);
        ck_assert_ptr_null(first.sealed);
        ck_assert(!mesh_state_is_coordinator(&first));
        ck_assert_ptr_null(mesh_state_self(&first));
        ck_assert_uint_eq(mode_of(&dir, "netsetup"), 0700);
        ck_assert_uint_eq(mode_of(&dir, "netsetup/node.key"), 0600);
        const NodeKey key = first.identity.key;
        mesh_state_done(&first);
        ck_assert_int_eq(mesh_state_open(path, &second, &file), 0);
        ck_assert(node_key_equal(&second.identity.key, &key));
}
END_TEST

START_TEST(what_is_saved_comes_back)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_MESH_STATE MeshState state = MESH_STATE_INIT, back = MESH_STATE_INIT;
        const char *file;
        NetKey key, read;

        ck_assert_int_eq(mesh_state_open(dir.path, &state, &file), 0);
        CLEANUP_MESH_LIST MeshList list = rig_list(&state.identity);
        ck_assert_int_eq(mesh_state_change_list(&state, &list), 0);
        ck_assert(mesh_state_is_coordinator(&state));
        ck_assert_int_eq(key_generate(&key), 0);
        ck_assert_int_eq(token_table_add(&state.tokens, &(KnownToken){ .expires = 9 }, 1), 0);
        ck_assert_int_eq(mesh_state_save_list(&state), 0);
        ck_assert_int_eq(mesh_state_save_tokens(&state), 0);
        ck_assert_int_eq(mesh_state_save_key(&state, &key), 0);
        ck_assert_uint_eq(mode_of(&dir, "wireguard.key"), 0600);
        ck_assert_uint_eq(mode_of(&dir, "tokens.json"), 0600);
        mesh_state_done(&state);

        ck_assert_int_eq(mesh_state_open(dir.path, &back, &file), 0);
        ck_assert(mesh_state_is_coordinator(&back));
        ck_assert_str_eq(mesh_state_self(&back)->name, "first");
        ck_assert_uint_eq(back.list.sequence, 2);
        ck_assert_uint_eq(back.tokens.n, 1);
        ck_assert_int_eq(mesh_state_read_key(&back, &read), 0);
        ck_assert(key_equal(&read, &key));
        ck_assert_int_eq(mesh_state_forget(&back), 0);
        mesh_state_done(&back);
        ck_assert_int_eq(mesh_state_open(dir.path, &back, &file), 0);
        ck_assert_ptr_null(back.sealed);
        ck_assert_uint_eq(back.tokens.n, 0);
        ck_assert_int_eq(mesh_state_read_key(&back, &read), -ENOENT);
}
END_TEST

START_TEST(spoiled_files)
{
        static const struct {
                const char *file;
                int result;
        } cases[] = {
                { "node.key", -EINVAL },
                { "members.json", MESH_E_INVALID },
                { "tokens.json", MESH_E_INVALID },
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
                CLEANUP_MESH_STATE MeshState state = MESH_STATE_INIT;
                const char *file = NULL;
                unit_put(&dir, cases[i].file, "spoiled\n");
                ck_assert_int_eq(mesh_state_open(dir.path, &state, &file), cases[i].result);
                ck_assert_str_eq(file, cases[i].file);
        }
}
END_TEST

START_TEST(files_are_replaced)
{
        CLEANUP_UNIT_DIR UnitDir dir = unit_dir();
        CLEANUP_FREE char *path = unit_write(&dir, "hosts", "long text before\n");
        CLEANUP_FREE char *link = path_join(dir.path, "link"), *text = NULL;
        struct stat st;

        ck_assert_int_eq(symlink("hosts", link), 0);
        ck_assert_int_eq(mesh_file_write(link, "new\n", 0644), 0);
        ck_assert_int_eq(lstat(link, &st), 0);
        ck_assert(S_ISLNK(st.st_mode));
        ck_assert_int_eq(file_read(path, 100, &text, NULL), 0);
        ck_assert_str_eq(text, "new\n");
        ck_assert_uint_eq(mode_of(&dir, "hosts"), 0644);
        CLEANUP_FREE char *missing = path_join(dir.path, "no/such/file");
        ck_assert_int_eq(mesh_file_write(missing, "", 0600), -ENOENT);
}
END_TEST

UNIT_MAIN("mesh-state", a_new_host, what_is_saved_comes_back, spoiled_files, files_are_replaced)
