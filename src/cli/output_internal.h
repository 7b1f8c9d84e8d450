/* output — files that the command line writes: each stands whole, or not at all.
 *
 * Everything a command leaves on disk goes through these calls, so that a test can fail the n-th of
 * them. ENOSPC and EDQUOT are ERR_DISK_FULL, whatever call says so. What a command makes in more
 * than one piece it takes back itself when a later piece fails. Page: docs/cli.md */
#ifndef CARNET_CLI_OUTPUT_INTERNAL_H
#define CARNET_CLI_OUTPUT_INTERNAL_H

#include <sys/types.h>

#include "cli/cli.h"

/* As POSIX has them: -1 and errno. */
struct output_calls {
    void *ctx;
    int (*create)(void *ctx, const char *path, unsigned mode); /* a new file, to write */
    ssize_t (*write)(void *ctx, int fd, const void *x, size_t len);
    int (*sync)(void *ctx, int fd); /* of a file or a folder */
    int (*close)(void *ctx, int fd);
    int (*rename)(void *ctx, const char *from, const char *to);
    int (*mkdir)(void *ctx, const char *path, unsigned mode);
};
const struct output_calls *output_calls_posix(void);

/* One folder that must not be there yet (ERR_DUPLICATE), or a path of which some may be; durable.
 * ERR_NOT_FOUND: no such parent. */
MUST_USE enum err output_folder(struct cli *c, const char *path);
MUST_USE enum err output_folders(struct cli *c, const char *path);
/* Renames a file or a folder, durably. */
MUST_USE enum err output_rename(struct cli *c, const char *from, const char *to);
/* Takes back a file, and the folders above it while they are empty, at most `folders` of them. */
void output_remove(const char *path, int folders);

#endif
