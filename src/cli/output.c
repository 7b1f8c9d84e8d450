#include "cli/output_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OUTPUT_PATH_SIZE = 4300 };

enum err cli_errno(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return ERR_NOT_FOUND;
    case ENOSPC:
    case EDQUOT:
        return ERR_DISK_FULL;
    default:
        return ERR_FAILED;
    }
}

static int posix_create(void *ctx, const char *path, unsigned mode)
{
    (void)ctx;
    return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
}

static ssize_t posix_write(void *ctx, int fd, const void *x, size_t len)
{
    (void)ctx;
    return write(fd, x, len);
}

static int posix_sync(void *ctx, int fd)
{
    (void)ctx;
    return fsync(fd);
}

static int posix_close(void *ctx, int fd)
{
    (void)ctx;
    return close(fd);
}

static int posix_rename(void *ctx, const char *from, const char *to)
{
    (void)ctx;
    return rename(from, to);
}

static int posix_mkdir(void *ctx, const char *path, unsigned mode)
{
    (void)ctx;
    return mkdir(path, (mode_t)mode);
}

static const struct output_calls POSIX = {
    .create = posix_create,
    .write = posix_write,
    .sync = posix_sync,
    .close = posix_close,
    .rename = posix_rename,
    .mkdir = posix_mkdir,
};

const struct output_calls *output_calls_posix(void)
{
    return &POSIX;
}

static const struct output_calls *calls_of(const struct cli *c)
{
    return c->output != NULL ? c->output : &POSIX;
}

static enum err fail_errno(struct cli *c, const char *path, int why)
{
    return cli_fail(c, cli_errno(why), path, "%s", strerror(why));
}

/* All of x: a short write is carried on, and one of nothing is a disk that takes no more. */
static int write_all(const struct output_calls *o, int fd, struct bytes x)
{
    while (x.len > 0) {
        ssize_t put = o->write(o->ctx, fd, x.ptr, x.len);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            errno = put < 0 ? errno : ENOSPC;
            return -1;
        }
        x.ptr += put;
        x.len -= (size_t)put;
    }
    return 0;
}

/* A name is durable when its folder is. Some file systems don't sync folders and say EINVAL. */
static enum err sync_folder_of(struct cli *c, const char *path)
{
    const struct output_calls *o = calls_of(c);
    char folder[OUTPUT_PATH_SIZE];
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    while (len > 0 && path[len - 1] != '/') {
        len--;
    }
    snprintf(folder, sizeof folder, "%.*s", len > 0 ? (int)len : 1, len > 0 ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return fail_errno(c, folder, errno);
    }
    enum err e = ERR_NONE;
    if (o->sync(o->ctx, fd) != 0 && errno != EINVAL) {
        int why = errno;
        e = cli_fail(c, cli_errno(why), path, "its folder cannot be synced: %s", strerror(why));
    }
    close(fd);
    return e;
}

enum err output_rename(struct cli *c, const char *from, const char *to)
{
    const struct output_calls *o = calls_of(c);
    if (o->rename(o->ctx, from, to) != 0) {
        return fail_errno(c, to, errno);
    }
    return sync_folder_of(c, to);
}

static enum err write_aside(struct cli *c, const char *aside, const char *path, struct bytes x,
                            unsigned mode)
{
    const struct output_calls *o = calls_of(c);
    int fd = o->create(o->ctx, aside, mode);
    if (fd < 0) {
        return fail_errno(c, path, errno);
    }
    bool good = write_all(o, fd, x) == 0 && o->sync(o->ctx, fd) == 0;
    int why = errno;
    if (o->close(o->ctx, fd) != 0 && good) {
        why = errno;
        good = false;
    }
    if (!good) {
        output_remove(aside, 0);
        return fail_errno(c, path, why);
    }
    return ERR_NONE;
}

/* A terminal, a pipe, /dev/null: nothing can be renamed over it. */
static enum err write_through(struct cli *c, const char *path, struct bytes x)
{
    int fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        return fail_errno(c, path, errno);
    }
    bool good = write_all(calls_of(c), fd, x) == 0;
    int why = errno;
    close(fd);
    return good ? ERR_NONE : fail_errno(c, path, why);
}

static enum err replace(struct cli *c, const char *path, struct bytes x, unsigned mode)
{
    char aside[OUTPUT_PATH_SIZE];
    if (snprintf(aside, sizeof aside, "%s.tmp-%ld", path, (long)getpid()) >= (int)sizeof aside) {
        return cli_fail(c, ERR_USAGE, path, "the path is too long");
    }
    TRY(write_aside(c, aside, path, x, mode));
    const struct output_calls *o = calls_of(c);
    if (o->rename(o->ctx, aside, path) != 0) {
        int why = errno;
        output_remove(aside, 0);
        return fail_errno(c, path, why);
    }
    return sync_folder_of(c, path);
}

enum err cli_write_file(struct cli *c, const char *path, struct bytes x, unsigned mode)
{
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        return S_ISDIR(st.st_mode) ? cli_fail(c, ERR_FAILED, path, "is a directory")
                                   : write_through(c, path, x);
    }
    /* What a link points to is replaced, and not the link: /dev/stdout is one. */
    bool link = lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
    char *real = link ? realpath(path, NULL) : NULL;
    if (link && real == NULL) {
        return fail_errno(c, path, errno);
    }
    enum err e = replace(c, real != NULL ? real : path, x, mode);
    free(real);
    return e;
}

enum err output_folder(struct cli *c, const char *path)
{
    const struct output_calls *o = calls_of(c);
    if (o->mkdir(o->ctx, path, 0700) != 0) {
        int why = errno;
        return why == EEXIST ? cli_fail(c, ERR_DUPLICATE, path, "%s", strerror(why))
                             : fail_errno(c, path, why);
    }
    enum err e = sync_folder_of(c, path);
    if (e != ERR_NONE) {
        rmdir(path);
    }
    return e;
}

enum err output_folders(struct cli *c, const char *path)
{
    char part[OUTPUT_PATH_SIZE];
    struct stat st;
    if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part) {
        return cli_fail(c, ERR_USAGE, path, "the path is too long");
    }
    size_t len = strlen(part);
    for (size_t i = 1; i <= len; i++) {
        if (i < len && part[i] != '/') {
            continue;
        }
        part[i] = '\0';
        if (stat(part, &st) != 0 || !S_ISDIR(st.st_mode)) {
            enum err e = output_folder(c, part);
            if (e != ERR_NONE && e != ERR_DUPLICATE) {
                return e;
            }
        }
        part[i] = i < len ? '/' : '\0';
    }
    return ERR_NONE;
}

void output_remove(const char *path, int folders)
{
    char part[OUTPUT_PATH_SIZE];
    unlink(path);
    snprintf(part, sizeof part, "%s", path);
    for (char *slash; folders > 0 && (slash = strrchr(part, '/')) != NULL; folders--) {
        *slash = '\0';
        if (rmdir(part) != 0 && errno != ENOENT) {
            return;
        }
    }
}
