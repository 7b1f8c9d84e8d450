/* storage — the port to a disk: whole files and append-only logs behind function pointers.
 *
 * Everything that a node stores goes through this table, so that the simulator can lose, tear and
 * misdirect writes, and a test can fail the n-th one. Calls are synchronous; `append` is durable
 * only after `sync`. Names are relative, '/'-separated, [a-z0-9._-], at most STORAGE_NAME_SIZE_MAX,
 * no "..". Errors: ERR_DISK_FULL, ERR_NOT_FOUND, ERR_FAILED, ERR_SIZE. Page: docs/base.md */
#ifndef CARNET_BASE_STORAGE_H
#define CARNET_BASE_STORAGE_H

#include "base/bytes.h"

enum { STORAGE_NAME_SIZE_MAX = 160 };

struct storage {
    void *ctx;
    /* Append to a log, creating it; *offset (if not NULL) is where the bytes begin. */
    enum err (*append)(void *ctx, const char *name, struct bytes x, uint64_t *offset);
    /* Make all appends to this log durable. */
    enum err (*sync)(void *ctx, const char *name);
    /* Cut a log to `size`, durably. */
    enum err (*truncate)(void *ctx, const char *name, uint64_t size);
    /* Read up to cap bytes at offset; *len < cap only at the end. ERR_NOT_FOUND: no such name. */
    enum err (*read)(void *ctx, const char *name, uint64_t offset, uint8_t *out, size_t cap,
                     size_t *len);
    enum err (*size)(void *ctx, const char *name, uint64_t *out);
    /* Replace a whole file atomically and durably (write aside, sync, rename, sync the folder). */
    enum err (*replace)(void *ctx, const char *name, struct bytes x);
    enum err (*remove)(void *ctx, const char *name); /* absent is not an error */
};

#endif
