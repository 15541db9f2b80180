/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fault-vfs.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/macro.h"

#define MAX_FILES  16
#define MAX_WRITES 65536
#define SECTOR     512

/* A change that is not synced yet. A truncation has no data. */
typedef struct Change {
        sqlite3_int64 offset;
        int size;
        void *data;
} Change;

/* What a power cut may leave of a file: `synced`, and any of `changes` over it. */
typedef struct Tracked {
        char *path;
        uint8_t *synced;
        size_t size;
        Change *changes;
        size_t n_changes;
} Tracked;

typedef struct FaultFile {
        sqlite3_file base;
        Tracked *tracked;
        sqlite3_file *real; /* behind this struct */
} FaultFile;

static struct {
        FaultPlan plan;
        unsigned changes, reads; /* calls so far */
        bool happened;
        Tracked files[MAX_FILES];
        size_t n_files;
        sqlite3_vfs vfs, *system;
} fault;

/* ---- what a power cut leaves ---- */

static void tracked_read(Tracked *t)
{
        FILE *f = fault.plan.kind == FAULT_POWER_CUT ? fopen(t->path, "re") : NULL;
        free(t->synced);
        t->synced = NULL;
        t->size = 0;
        if (!f)
                return;
        (void)fseek(f, 0, SEEK_END);
        t->size = (size_t)ftell(f);
        rewind(f);
        t->synced = malloc(t->size + 1);
        if (fread(t->synced, 1, t->size, f) != t->size)
                abort();
        (void)fclose(f);
}

static void tracked_forget_changes(Tracked *t)
{
        for (size_t i = 0; i < t->n_changes; i++)
                free(t->changes[i].data);
        t->n_changes = 0;
}

static Tracked *tracked_file(const char *path)
{
        for (size_t i = 0; i < fault.n_files; i++)
                if (strcmp(fault.files[i].path, path) == 0)
                        return &fault.files[i];
        assert(fault.n_files < MAX_FILES);
        Tracked *t = &fault.files[fault.n_files++];
        *t = (Tracked){ .path = strdup(path) };
        tracked_read(t);
        return t;
}

static void tracked_change(Tracked *t, const void *data, int size, sqlite3_int64 offset)
{
        if (fault.plan.kind != FAULT_POWER_CUT)
                return;
        if (!t->changes)
                t->changes = calloc(MAX_WRITES, sizeof(*t->changes));
        assert(t->n_changes < MAX_WRITES);
        Change *c = &t->changes[t->n_changes++];
        *c = (Change){ .offset = offset, .size = size };
        if (data) {
                c->data = malloc((size_t)size);
                memcpy(c->data, data, (size_t)size);
        }
}

static bool survives(void)
{
        fault.plan.seed = fault.plan.seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        return (fault.plan.seed >> 40) % 2 == 0;
}

static void lay(FILE *f, const Change *c)
{
        if (!c->data) {
                if (survives() && ftruncate(fileno(f), c->offset) < 0)
                        abort();
                return;
        }
        int size;
        for (int done = 0; done < c->size; done += size) {
                sqlite3_int64 at = c->offset + done;
                size = MIN_OF(c->size - done, SECTOR - (int)(at % SECTOR));
                if (survives() &&
                    pwrite(fileno(f), (const char *)c->data + done, (size_t)size, at) != size)
                        abort();
        }
}

static void cut_power(void)
{
        for (size_t i = 0; i < fault.n_files; i++) {
                Tracked *t = &fault.files[i];
                FILE *f = t->n_changes > 0 ? fopen(t->path, "r+e") : NULL;
                if (!f)
                        continue;
                if (ftruncate(fileno(f), 0) < 0 ||
                    pwrite(fileno(f), t->synced, t->size, 0) != (ssize_t)t->size)
                        abort();
                for (size_t j = 0; j < t->n_changes; j++)
                        lay(f, &t->changes[j]);
                (void)fclose(f);
        }
}

/* ---- when ---- */

/* A change is about to be made: true when it fails instead. */
static bool comes(void)
{
        unsigned call = ++fault.changes, last = fault.plan.at + MAX_OF(fault.plan.count, 1U) - 1;
        if (fault.plan.kind == FAULT_NONE || fault.plan.kind == FAULT_READ_ERROR ||
            call < fault.plan.at || call > last)
                return false;
        fault.happened = true;
        if (fault.plan.kind == FAULT_POWER_CUT)
                cut_power();
        if (fault.plan.kind == FAULT_ERROR)
                return true;
        if (fault.plan.kind != FAULT_TORN)
                _exit(FAULT_EXIT_STATUS);
        return false;
}

static bool tears(void)
{
        return fault.plan.kind == FAULT_TORN && fault.changes == fault.plan.at;
}

/* ---- the file ---- */

static sqlite3_file *real_of(sqlite3_file *file)
{
        return ((FaultFile *)file)->real;
}

static int file_close(sqlite3_file *file)
{
        return real_of(file)->pMethods->xClose(real_of(file));
}

static int do_read(sqlite3_file *file, void *data, int size, sqlite3_int64 offset)
{
        if (++fault.reads == fault.plan.at && fault.plan.kind == FAULT_READ_ERROR) {
                fault.happened = true;
                return fault.plan.code;
        }
        return real_of(file)->pMethods->xRead(real_of(file), data, size, offset);
}

static int file_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
        sqlite3_file *real = real_of(file);
        if (comes())
                return fault.plan.code;
        if (tears()) {
                (void)real->pMethods->xWrite(real, data, size / 2, offset);
                _exit(FAULT_EXIT_STATUS);
        }
        tracked_change(((FaultFile *)file)->tracked, data, size, offset);
        return real->pMethods->xWrite(real, data, size, offset);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
        if (comes())
                return fault.plan.code;
        if (tears())
                _exit(FAULT_EXIT_STATUS);
        tracked_change(((FaultFile *)file)->tracked, NULL, 0, size);
        return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
        Tracked *t = ((FaultFile *)file)->tracked;
        if (comes())
                return fault.plan.code == SQLITE_FULL ? SQLITE_IOERR_FSYNC : fault.plan.code;
        if (tears())
                _exit(FAULT_EXIT_STATUS);
        if (fault.plan.kind == FAULT_POWER_CUT) {
                tracked_forget_changes(t);
                tracked_read(t);
        }
        return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret)
{
        return real_of(file)->pMethods->xFileSize(real_of(file), ret);
}

static int file_lock(sqlite3_file *file, int level)
{
        return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
        return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_check_lock(sqlite3_file *file, int *ret)
{
        return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret);
}

static int file_control(sqlite3_file *file, int op, void *argument)
{
        return real_of(file)->pMethods->xFileControl(real_of(file), op, argument);
}

static int file_sector_size(sqlite3_file *file)
{
        return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_characteristics(sqlite3_file *file)
{
        return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static const sqlite3_io_methods methods = {
        .iVersion = 1, /* no shared memory: the store does without */
        .xClose = file_close,
        .xRead = do_read,
        .xWrite = file_write,
        .xTruncate = file_truncate,
        .xSync = file_sync,
        .xFileSize = file_size,
        .xLock = file_lock,
        .xUnlock = file_unlock,
        .xCheckReservedLock = file_check_lock,
        .xFileControl = file_control,
        .xSectorSize = file_sector_size,
        .xDeviceCharacteristics = file_characteristics,
};

/* ---- the VFS ---- */

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                    int *ret_flags)
{
        FaultFile *f = (FaultFile *)file;
        *f = (FaultFile){ .real = (sqlite3_file *)(f + 1) };
        if ((flags & SQLITE_OPEN_CREATE) && comes())
                return fault.plan.code == SQLITE_FULL ? SQLITE_FULL : SQLITE_CANTOPEN;
        if ((flags & SQLITE_OPEN_CREATE) && tears())
                _exit(FAULT_EXIT_STATUS);
        int code = fault.system->xOpen(fault.system, name, f->real, flags, ret_flags);
        if (code != SQLITE_OK)
                return code;
        f->tracked = tracked_file(name ? name : "");
        f->base.pMethods = &methods;
        return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
        if (comes())
                return SQLITE_IOERR_DELETE;
        if (tears())
                _exit(FAULT_EXIT_STATUS);
        Tracked *t = tracked_file(name);
        int code = fault.system->xDelete(fault.system, name, sync);
        tracked_forget_changes(t);
        tracked_read(t);
        return code;
}

static int vfs_last_error(sqlite3_vfs *vfs, int size, char *text)
{
        return fault.happened ? fault.plan.error
                              : fault.system->xGetLastError(fault.system, size, text);
}

void fault_vfs_plan(const FaultPlan *plan)
{
        if (!fault.system) {
                fault.system = sqlite3_vfs_find(NULL);
                fault.vfs = *fault.system;
                fault.vfs.zName = "fault";
                fault.vfs.szOsFile = (int)sizeof(FaultFile) + fault.system->szOsFile;
                fault.vfs.xOpen = vfs_open;
                fault.vfs.xDelete = vfs_delete;
                fault.vfs.xGetLastError = vfs_last_error;
                if (sqlite3_vfs_register(&fault.vfs, 1) != SQLITE_OK)
                        abort();
        }
        for (size_t i = 0; i < fault.n_files; i++) {
                tracked_forget_changes(&fault.files[i]);
                free(fault.files[i].changes);
                free(fault.files[i].synced);
                free(fault.files[i].path);
        }
        fault.n_files = 0;
        fault.plan = *plan;
        fault.changes = fault.reads = 0;
        fault.happened = false;
}

bool fault_vfs_happened(void)
{
        return fault.happened;
}
