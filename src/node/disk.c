#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/disk_internal.h"

enum err disk_errno(int error)
{
    if (error == ENOSPC || error == EDQUOT) {
        return ERR_DISK_FULL;
    }
    return error == ENOENT ? ERR_NOT_FOUND : ERR_FAILED;
}

static ssize_t posix_pwrite(void *ctx, int fd, const void *x, size_t len, off_t offset)
{
    (void)ctx;
    return pwrite(fd, x, len, offset);
}

static int posix_sync(void *ctx, int fd)
{
    (void)ctx;
    return fdatasync(fd);
}

static int posix_truncate(void *ctx, int fd, off_t size)
{
    (void)ctx;
    return ftruncate(fd, size);
}

static int posix_rename(void *ctx, int folder, const char *from, const char *to)
{
    (void)ctx;
    return renameat(folder, from, folder, to);
}

static const struct disk_calls POSIX = {
    .pwrite = posix_pwrite,
    .sync = posix_sync,
    .truncate = posix_truncate,
    .rename = posix_rename,
};

const struct disk_calls *disk_calls_posix(void)
{
    return &POSIX;
}

/* Relative, [a-z0-9._-] between single slashes, no part that begins with a dot: nothing leaves the
 * folder, and no name meets the ".new" beside a replaced file. */
static bool name_valid(const char *name)
{
    size_t len = strnlen(name, STORAGE_NAME_SIZE_MAX);
    if (len == 0 || len >= STORAGE_NAME_SIZE_MAX - 8 || name[len - 1] == '/') {
        return false;
    }
    bool start = true;
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        if (start && (c == '.' || c == '/')) {
            return false;
        }
        start = c == '/';
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                     c == '-' || c == '/';
        if (!plain) {
            return false;
        }
    }
    return true;
}

/* All of x at offset: a short write is carried on. */
static enum err write_all(const struct disk *d, int fd, struct bytes x, uint64_t offset)
{
    size_t done = 0;
    while (done < x.len) {
        ssize_t n =
            d->calls->pwrite(d->calls->ctx, fd, x.ptr + done, x.len - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? disk_errno(errno) : ERR_DISK_FULL;
        }
        done += (size_t)n;
    }
    return ERR_NONE;
}

static struct disk_log *log_find(struct disk *d, const char *name)
{
    for (uint32_t i = 0; i < d->log_count; i++) {
        if (strcmp(d->log[i].name, name) == 0) {
            return &d->log[i];
        }
    }
    return NULL;
}

static void log_forget(struct disk *d, const char *name)
{
    struct disk_log *log = log_find(d, name);
    if (log != NULL) {
        (void)close(log->fd);
        *log = d->log[--d->log_count];
    }
}

/* The open log of this name; `create` makes it. */
static enum err log_open(struct disk *d, const char *name, bool create, struct disk_log **out)
{
    struct disk_log *log = log_find(d, name);
    if (log != NULL) {
        *out = log;
        return ERR_NONE;
    }
    if (!name_valid(name)) {
        return ERR_RANGE;
    }
    if (d->log_count == DISK_LOGS_MAX) {
        log_forget(d, d->log[0].name);
    }
    int fd = openat(d->folder, name, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
    if (fd < 0) {
        return disk_errno(errno);
    }
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        (void)close(fd);
        return ERR_FAILED;
    }
    log = &d->log[d->log_count++];
    memset(log, 0, sizeof *log);
    memcpy(log->name, name, strlen(name) + 1);
    log->fd = fd;
    log->size = (uint64_t)st.st_size;
    *out = log;
    return ERR_NONE;
}

static enum err log_cut(const struct disk *d, struct disk_log *log, uint64_t size)
{
    if (d->calls->truncate(d->calls->ctx, log->fd, (off_t)size) != 0) {
        return disk_errno(errno);
    }
    log->size = size;
    log->torn = false;
    return ERR_NONE;
}

static enum err disk_append(void *ctx, const char *name, struct bytes x, uint64_t *offset)
{
    struct disk *d = ctx;
    struct disk_log *log;
    TRY(log_open(d, name, true, &log));
    if (log->torn) {
        TRY(log_cut(d, log, log->size));
    }
    enum err e = write_all(d, log->fd, x, log->size);
    if (e != ERR_NONE) {
        /* Even when this cut fails the bytes are beyond the size we know, and go before more. */
        log->torn = true;
        if (log_cut(d, log, log->size) != ERR_NONE) {
            return e;
        }
        return e;
    }
    if (offset != NULL) {
        *offset = log->size;
    }
    log->size += x.len;
    return ERR_NONE;
}

static enum err folder_sync(const struct disk *d)
{
    return d->calls->sync(d->calls->ctx, d->folder) == 0 ? ERR_NONE : disk_errno(errno);
}

static enum err disk_sync(void *ctx, const char *name)
{
    struct disk *d = ctx;
    struct disk_log *log;
    TRY(log_open(d, name, false, &log));
    if (d->calls->sync(d->calls->ctx, log->fd) != 0) {
        return disk_errno(errno);
    }
    return ERR_NONE;
}

enum err disk_log_fd(struct disk *d, const char *name, int *fd)
{
    struct disk_log *log;
    TRY(log_open(d, name, false, &log));
    int own = fcntl(log->fd, F_DUPFD_CLOEXEC, 0);
    if (own < 0) {
        return disk_errno(errno);
    }
    *fd = own;
    return ERR_NONE;
}

static enum err disk_truncate(void *ctx, const char *name, uint64_t size)
{
    struct disk *d = ctx;
    struct disk_log *log;
    TRY(log_open(d, name, false, &log));
    if (size > log->size) {
        return ERR_RANGE;
    }
    TRY(log_cut(d, log, size));
    return disk_sync(ctx, name);
}

static enum err read_at(int fd, uint64_t offset, uint8_t *out, size_t cap, size_t *len)
{
    size_t done = 0;
    while (done < cap) {
        ssize_t n = pread(fd, out + done, cap - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return disk_errno(errno);
        }
        if (n == 0) {
            break;
        }
        done += (size_t)n;
    }
    *len = done;
    return ERR_NONE;
}

/* Logs stay open; whole files (chunks, attachments) are opened for the call. */
static enum err file_open(const struct disk *d, const char *name, int *fd, uint64_t *size)
{
    if (!name_valid(name)) {
        return ERR_RANGE;
    }
    int opened = openat(d->folder, name, O_RDONLY | O_CLOEXEC);
    if (opened < 0) {
        return disk_errno(errno);
    }
    struct stat st;
    if (fstat(opened, &st) != 0 || !S_ISREG(st.st_mode)) {
        (void)close(opened);
        return ERR_FAILED;
    }
    *fd = opened;
    *size = (uint64_t)st.st_size;
    return ERR_NONE;
}

static enum err disk_read(void *ctx, const char *name, uint64_t offset, uint8_t *out, size_t cap,
                          size_t *len)
{
    struct disk *d = ctx;
    const struct disk_log *log = log_find(d, name);
    if (log != NULL) {
        size_t most = offset >= log->size ? 0 : (size_t)(log->size - offset);
        return read_at(log->fd, offset, out, most < cap ? most : cap, len);
    }
    int fd;
    uint64_t size;
    TRY(file_open(d, name, &fd, &size));
    enum err e = read_at(fd, offset, out, cap, len);
    (void)close(fd);
    return e;
}

static enum err disk_size(void *ctx, const char *name, uint64_t *out)
{
    struct disk *d = ctx;
    const struct disk_log *log = log_find(d, name);
    if (log != NULL) {
        *out = log->size;
        return ERR_NONE;
    }
    int fd;
    TRY(file_open(d, name, &fd, out));
    (void)close(fd);
    return ERR_NONE;
}

/* The folder that holds a name must itself be durable before the name in it is. */
static enum err parent_sync(const struct disk *d, const char *name)
{
    char folder[STORAGE_NAME_SIZE_MAX];
    const char *slash = strrchr(name, '/');
    if (slash == NULL) {
        return folder_sync(d);
    }
    size_t len = (size_t)(slash - name);
    memcpy(folder, name, len);
    folder[len] = '\0';
    int fd = openat(d->folder, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return disk_errno(errno);
    }
    enum err e = d->calls->sync(d->calls->ctx, fd) == 0 ? ERR_NONE : disk_errno(errno);
    (void)close(fd);
    return e;
}

static enum err write_aside(const struct disk *d, const char *aside, struct bytes x)
{
    int fd = openat(d->folder, aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return disk_errno(errno);
    }
    enum err e = write_all(d, fd, x, 0);
    if (e == ERR_NONE && d->calls->sync(d->calls->ctx, fd) != 0) {
        e = disk_errno(errno);
    }
    if (close(fd) != 0 && e == ERR_NONE) {
        e = disk_errno(errno);
    }
    return e;
}

static enum err disk_replace(void *ctx, const char *name, struct bytes x)
{
    struct disk *d = ctx;
    char aside[STORAGE_NAME_SIZE_MAX];
    if (!name_valid(name)) {
        return ERR_RANGE;
    }
    (void)snprintf(aside, sizeof aside, "%s.new", name);
    enum err e = write_aside(d, aside, x);
    if (e == ERR_NONE && d->calls->rename(d->calls->ctx, d->folder, aside, name) != 0) {
        e = disk_errno(errno);
    }
    if (e != ERR_NONE) {
        (void)unlinkat(d->folder, aside, 0);
        return e;
    }
    log_forget(d, name);
    return parent_sync(d, name);
}

static enum err disk_remove(void *ctx, const char *name)
{
    struct disk *d = ctx;
    if (!name_valid(name)) {
        return ERR_RANGE;
    }
    log_forget(d, name);
    if (unlinkat(d->folder, name, 0) != 0 && errno != ENOENT) {
        return disk_errno(errno);
    }
    return parent_sync(d, name);
}

enum err disk_folder(struct disk *d, const char *name)
{
    if (!name_valid(name)) {
        return ERR_RANGE;
    }
    if (mkdirat(d->folder, name, 0700) == 0) {
        return parent_sync(d, name);
    }
    return errno == EEXIST ? ERR_NONE : disk_errno(errno);
}

enum err disk_open(const char *folder, const struct disk_calls *calls, struct disk *out)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return disk_errno(errno);
    }
    memset(out, 0, sizeof *out);
    out->folder = fd;
    out->calls = calls;
    return ERR_NONE;
}

void disk_close(struct disk *d)
{
    for (uint32_t i = 0; i < d->log_count; i++) {
        (void)close(d->log[i].fd);
    }
    d->log_count = 0;
    if (d->folder >= 0) {
        (void)close(d->folder);
        d->folder = -1;
    }
}

struct storage disk_storage(struct disk *d)
{
    return (struct storage){
        .ctx = d,
        .append = disk_append,
        .sync = disk_sync,
        .truncate = disk_truncate,
        .read = disk_read,
        .size = disk_size,
        .replace = disk_replace,
        .remove = disk_remove,
    };
}
