/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/worker/workdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <systemd/sd-id128.h>

#include "base/file.h"
#include "base/limits.h"

/* Directories within directories: far beyond what an executor makes. */
#define CLEAN_DEPTH 64

/* With less than this to write, a disk is full: programs have buffers. */
#define FULL_BYTES MIB(1)

bool workdir_id_valid(const char *id)
{
        size_t n = id ? strnlen(id, NAME_MAX + 1) : 0;

        if (n == 0 || n > NAME_MAX || id[0] == '.')
                return false;
        for (size_t i = 0; i < n; i++)
                if ((unsigned char)id[i] < 0x20 || id[i] == 0x7f || id[i] == '/')
                        return false;
        return true;
}

int workdir_make(const char *work_dir, const char *app_id, int exec_id, gid_t group,
                 char **ret_path)
{
        CLEANUP_FREE char *app = NULL, *path = NULL;
        int r;

        if (!workdir_id_valid(app_id))
                return -EINVAL;
        app = path_join(work_dir, app_id);
        if (!app || asprintf(&path, "%s/%d", app, exec_id) < 0) {
                path = NULL; /* asprintf() leaves it undefined */
                return -ENOMEM;
        }
        r = share_make(app, group, SHARE_WALK, 0755);
        if (r == 0)
                r = share_make(path, group, SHARE_WRITE, 0755);
        if (r < 0)
                return r;
        *ret_path = TAKE_PTR(path);
        return 0;
}

int workdir_make_driver(const char *work_dir, const char *driver_id, gid_t group, char **ret_path)
{
        CLEANUP_FREE char *path = NULL;
        int r;

        if (!workdir_id_valid(driver_id))
                return -EINVAL;
        path = path_join(work_dir, driver_id);
        r = path ? share_make(path, group, SHARE_WRITE, 0755) : -ENOMEM;
        if (r < 0)
                return r;
        *ret_path = TAKE_PTR(path);
        return 0;
}

/* Writes a whole file, of which nothing is left when that fails, or adds to one. */
static int write_file(const char *path, int flags, const char *text, size_t size)
{
        int fd = file_open_plain(path, flags, 0644), r = 0;

        if (fd < 0)
                return fd;
        while (size && r == 0) {
                ssize_t n = write(fd, text, size);

                if (n >= 0) {
                        text += n;
                        size -= (size_t)n;
                } else if (errno != EINTR) {
                        r = -errno;
                }
        }
        if (close(fd) < 0 && r == 0)
                r = -errno;
        if (r < 0 && !(flags & O_APPEND))
                (void)unlink(path);
        return r;
}

int workdir_write_header(const char *dir, const char *title, const char *command_line, bool append)
{
        CLEANUP_FREE char *path = path_join(dir, "stderr"), *text = NULL;
        int n;

        if (!path)
                return -ENOMEM;
        n = asprintf(&text, "%s: %s\n%.40s\n\n", title, command_line,
                     "========================================");
        if (n < 0) {
                text = NULL;
                return -ENOMEM;
        }
        return write_file(path, append ? O_APPEND : O_TRUNC, text, (size_t)n);
}

/* [{"id":{"componentName":"spark.executor","resourceName":"gpu"},"addresses":["0"]}] */
static json_t *resources_value(const char *component, const ResourceMap *resources)
{
        json_t *all = json_array();

        for (size_t i = 0; i < resources->length; i++) {
                const ResourceInformation *info = &resources->items[i].value;
                json_t *addresses = json_array();

                for (size_t j = 0; j < info->addresses.length; j++)
                        (void)json_array_append_new(addresses,
                                                    json_string(info->addresses.items[j]));
                (void)json_array_append_new(
                        all, json_pack("{s:{s:s, s:s}, s:o}", "id", "componentName", component,
                                       "resourceName", info->name ? info->name : "", "addresses",
                                       addresses));
        }
        return all;
}

int workdir_write_resources(const char *dir, const char *who, const ResourceMap *resources,
                            gid_t group, char **ret_path)
{
        CLEANUP_FREE char *path = NULL, *text = NULL;
        char component[32];
        sd_id128_t id;
        json_t *value;
        int r;

        if (resources->length == 0) {
                *ret_path = NULL;
                return 0;
        }
        r = sd_id128_randomize(&id);
        if (r < 0)
                return r;
        if (asprintf(&path, "%s/resource-%s-" SD_ID128_FORMAT_STR ".json", dir, who,
                     SD_ID128_FORMAT_VAL(id)) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        (void)snprintf(component, sizeof(component), "spark.%s", who);
        value = resources_value(component, resources);
        text = json_dumps(value, JSON_COMPACT);
        json_decref(value);
        if (!text)
                return -ENOMEM;
        r = write_file(path, O_EXCL, text, strlen(text));
        if (r == 0)
                r = share_file(path, group);
        if (r < 0)
                return r;
        *ret_path = TAKE_PTR(path);
        return 0;
}

/* ---- clean-up ---- */

typedef struct Clean {
        int64_t cutoff;
        size_t entries; /* looked at so far */
} Clean;

/* Opens a directory for reading without following a link. */
static DIR *open_directory(int at, const char *name)
{
        int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);

        if (!dir)
                close_fd(&fd);
        return dir;
}

static bool is_dots(const char *name)
{
        return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Was anything in the directory modified after the cutoff? What cannot be looked at counts as new,
 * and so does what is too much to be looked at; but what executors have closed to us does not. */
static bool has_new(Clean *clean, int at, const char *name, unsigned depth)
{
        DIR *dir = open_directory(at, name);
        struct dirent *entry;
        bool found = false;

        if (!dir)
                return errno != EACCES;
        if (depth > CLEAN_DEPTH) {
                (void)closedir(dir);
                return true;
        }
        while (!found && (entry = readdir(dir))) {
                struct stat st;

                if (is_dots(entry->d_name))
                        continue;
                if (++clean->entries > LIMIT_CLEANUP_ENTRIES ||
                    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
                    st.st_mtim.tv_sec > clean->cutoff)
                        found = true;
                else if (S_ISDIR(st.st_mode))
                        found = has_new(clean, dirfd(dir), entry->d_name, depth + 1);
        }
        (void)closedir(dir);
        return found;
}

int workdir_clean(const char *work_dir, const Strv *keep, int64_t cutoff, Strv *ret_left)
{
        Clean clean = { .cutoff = cutoff };
        DIR *dir = open_directory(AT_FDCWD, work_dir);
        struct dirent *entry;
        int removed = 0;

        if (!dir)
                return -errno;
        while ((entry = readdir(dir))) {
                CLEANUP_FREE char *path = NULL;
                struct stat st;

                if (is_dots(entry->d_name) || strv_contains(keep, entry->d_name) ||
                    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
                    !S_ISDIR(st.st_mode) || has_new(&clean, dirfd(dir), entry->d_name, 0))
                        continue;
                path = path_join(work_dir, entry->d_name);
                if (path && dir_remove(path) == 0)
                        removed++;
                else if (path)
                        (void)strv_add(ret_left, path);
        }
        (void)closedir(dir);
        return removed;
}

bool workdir_disk_is_full(const char *path)
{
        struct statvfs st;

        if (statvfs(path, &st) < 0)
                return false;
        /* Some file systems do not count files. */
        return (uint64_t)st.f_bavail * st.f_frsize < FULL_BYTES || (st.f_files && st.f_favail == 0);
}

/* ---- local directories ---- */

/* "/var/lib/spark/work:/var/lib/spark/local": the latter. -ENOENT when there is none. */
static int add_state_root(Strv *roots, const char *state_directories)
{
        CLEANUP_STRV Strv dirs = { 0 };
        int r = state_directories ? strv_split(&dirs, state_directories, ":") : 0;

        for (size_t i = 0; r == 0 && i < dirs.length; i++) {
                const char *name = strrchr(dirs.items[i], '/');

                if (name && strcmp(name, "/local") == 0)
                        return strv_add(roots, dirs.items[i]);
        }
        return r < 0 ? r : -ENOENT;
}

int local_dirs_init(LocalDirs *l, const Strv *environment, const char *spark_local_dir)
{
        static const struct {
                const char *name, *separators;
        } sources[] = { { "SPARK_EXECUTOR_DIRS", ":" }, { "SPARK_LOCAL_DIRS", "," } };
        const char *tmp = strv_env_get(environment, "TMPDIR");
        int r;

        *l = (LocalDirs){ .group = SHARE_NOBODY };
        for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
                const char *value = strv_env_get(environment, sources[i].name);

                if (value && *value)
                        return strv_split(&l->roots, value, sources[i].separators);
        }
        if (spark_local_dir && *spark_local_dir)
                return strv_split(&l->roots, spark_local_dir, ",");
        r = add_state_root(&l->roots, strv_env_get(environment, "STATE_DIRECTORY"));
        if (r != -ENOENT)
                return r;
        return strv_add(&l->roots, tmp && *tmp ? tmp : "/tmp");
}

static void app_dirs_free(LocalDirs *l, AppDirs *app)
{
        HASH_DEL(l->apps, app);
        strv_done(&app->dirs);
        free(app->app_id);
        free(app);
}

void local_dirs_done(LocalDirs *l)
{
        AppDirs *app, *next;

        HASH_ITER (hh, l->apps, app, next)
                app_dirs_free(l, app);
        for (size_t i = 0; i < l->bases.length; i++)
                (void)dir_remove(l->bases.items[i]);
        strv_done(&l->bases);
        strv_done(&l->roots);
}

/* Makes PARENT/KIND-UUID for us alone, or us and the group, and adds it to `dirs`. */
static int make_private(const char *parent, const char *kind, gid_t group, mode_t mode, Strv *dirs)
{
        CLEANUP_FREE char *path = NULL;
        sd_id128_t id;
        int r = sd_id128_randomize(&id);

        if (r < 0)
                return r;
        if (asprintf(&path, "%s/%s-" SD_ID128_UUID_FORMAT_STR, parent, kind,
                     SD_ID128_FORMAT_VAL(id)) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        r = share_make(path, group, mode, 0700);
        if (r == 0)
                r = share_open_way(parent, group);
        return r < 0 ? r : strv_add(dirs, path);
}

/* A directory of `kind` below each of `parents`; one is enough. */
static int make_all(const Strv *parents, const char *kind, gid_t group, mode_t mode, Strv *dirs)
{
        int r = 0, error = -ENOENT;

        for (size_t i = 0; i < parents->length; i++) {
                r = make_private(parents->items[i], kind, group, mode, dirs);
                if (r < 0)
                        error = r;
        }
        return dirs->length ? 0 : error;
}

int local_dirs_get(LocalDirs *l, const char *app_id, const Strv **ret)
{
        AppDirs *app;
        int r = 0;

        HASH_FIND_STR(l->apps, app_id, app);
        if (app) {
                *ret = &app->dirs;
                return 0;
        }
        if (l->bases.length == 0)
                r = make_all(&l->roots, "spark", l->group, SHARE_WALK, &l->bases);
        if (r < 0)
                return r;
        app = calloc(1, sizeof(*app));
        if (!app)
                return -ENOMEM;
        app->app_id = strdup(app_id);
        r = app->app_id ? make_all(&l->bases, "executor", l->group, SHARE_WRITE, &app->dirs)
                        : -ENOMEM;
        if (r == 0)
                HASH_ADD_KEYPTR(hh, l->apps, app->app_id, strlen(app->app_id), app);
        if (!hash_added(app)) {
                strv_done(&app->dirs);
                free(app->app_id);
                free(app);
                return r < 0 ? r : -ENOMEM;
        }
        *ret = &app->dirs;
        return 0;
}

static bool has(const Strv *v, const char *item)
{
        for (size_t i = 0; i < v->length; i++)
                if (strcmp(v->items[i], item) == 0)
                        return true;
        return false;
}

static int adopt_dir(LocalDirs *l, AppDirs *app, const char *dir)
{
        const char *name = strrchr(dir, '/');
        CLEANUP_FREE char *base = name ? strndup(dir, (size_t)(name - dir)) : NULL;
        int r = base ? strv_add(&app->dirs, dir) : -ENOMEM;

        return r < 0 || has(&l->bases, base) ? r : strv_add(&l->bases, base);
}

static bool any_is_there(const Strv *dirs)
{
        for (size_t i = 0; i < dirs->length; i++)
                if (access(dirs->items[i], F_OK) == 0)
                        return true;
        return false;
}

int local_dirs_adopt(LocalDirs *l, const char *app_id, const Strv *dirs)
{
        AppDirs *app;

        if (!any_is_there(dirs))
                return 0;
        app = calloc(1, sizeof(*app));
        if (!app)
                return -ENOMEM;
        app->app_id = strdup(app_id);
        if (app->app_id)
                HASH_ADD_KEYPTR(hh, l->apps, app->app_id, strlen(app->app_id), app);
        if (!hash_added(app)) {
                free(app->app_id);
                free(app);
                return -ENOMEM;
        }
        for (size_t i = 0; i < dirs->length; i++) {
                int r = access(dirs->items[i], F_OK) == 0 ? adopt_dir(l, app, dirs->items[i]) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

void local_dirs_leave(LocalDirs *l)
{
        strv_done(&l->bases);
}

Strv local_dirs_take(LocalDirs *l, const char *app_id)
{
        AppDirs *app;
        Strv dirs;

        HASH_FIND_STR(l->apps, app_id, app);
        if (!app)
                return (Strv){ 0 };
        dirs = app->dirs;
        app->dirs = (Strv){ 0 };
        app_dirs_free(l, app);
        return dirs;
}
