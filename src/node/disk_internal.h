/* disk — the storage port on a POSIX folder: append, fdatasync, truncate, replace by rename.
 *
 * A failed append leaves the log as long as it was, a failed replace leaves the old file: nothing
 * is half-written. The calls that write go through a table, so that a test can fail the n-th. */
#ifndef CARNET_NODE_DISK_INTERNAL_H
#define CARNET_NODE_DISK_INTERNAL_H

#include <sys/types.h>

#include "base/storage.h"

enum { DISK_LOGS_MAX = 8 };

/* As the functions of the same names in POSIX; ctx first. */
struct disk_calls {
    void *ctx;
    ssize_t (*pwrite)(void *ctx, int fd, const void *x, size_t len, off_t offset);
    int (*sync)(void *ctx, int fd); /* fdatasync; fsync of a folder */
    int (*truncate)(void *ctx, int fd, off_t size);
    int (*rename)(void *ctx, int folder, const char *from, const char *to);
};
const struct disk_calls *disk_calls_posix(void);

struct disk_log {
    char name[STORAGE_NAME_SIZE_MAX];
    int fd;
    uint64_t size;
    bool torn; /* a failed append could not be cut off: cut before the next */
};
struct disk {
    int folder;
    const struct disk_calls *calls;
    uint32_t log_count;
    struct disk_log log[DISK_LOGS_MAX];
};

/* The folder must be there. ERR_NOT_FOUND, ERR_FAILED. */
MUST_USE enum err disk_open(const char *folder, const struct disk_calls *calls, struct disk *out);
void disk_close(struct disk *d);
struct storage disk_storage(struct disk *d);
/* A descriptor of an open log, for a thread that syncs it; the caller closes it. ERR_NOT_FOUND. */
MUST_USE enum err disk_log_fd(struct disk *d, const char *name, int *fd);
/* A subfolder by relative name, made if it is not there. */
MUST_USE enum err disk_folder(struct disk *d, const char *name);
enum err disk_errno(int error); /* ENOSPC, EDQUOT → ERR_DISK_FULL; ENOENT → ERR_NOT_FOUND */

#endif
