#include "sim/sim_disk_internal.h"

#include <stdlib.h>
#include <string.h>

const struct sim_file *sim_disk_find(const struct sim_disk *d, const char *name)
{
    for (int i = 0; i < SIM_FILES_MAX; i++) {
        if (d->file[i].used && strcmp(d->file[i].name, name) == 0) {
            return &d->file[i];
        }
    }
    return NULL;
}

static struct sim_file *find(struct sim_disk *d, const char *name)
{
    return (struct sim_file *)(uintptr_t)sim_disk_find(d, name);
}

static struct sim_file *create(struct sim_disk *d, const char *name)
{
    struct sim_file *f = find(d, name);
    for (int i = 0; f == NULL && i < SIM_FILES_MAX; i++) {
        if (!d->file[i].used) {
            f = &d->file[i];
            *f = (struct sim_file){ .used = true };
            ASSERT(strlen(name) < sizeof f->name);
            memcpy(f->name, name, strlen(name) + 1);
        }
    }
    ASSERT(f != NULL);
    return f;
}

static void grow(struct sim_file *f, size_t need)
{
    if (need > f->cap) {
        f->cap = need * 2 + 4096;
        f->data = realloc(f->data, f->cap);
        ASSERT(f->data != NULL);
    }
}

/* Each writing call may be the machine's last. */
static bool alive(struct sim_disk *d)
{
    if (d->crash_after > 0 && --d->crash_after == 0) {
        d->crashed = true;
    }
    return !d->crashed;
}

/* What was to stand at the end stands in the middle, over what was there; the disk knows nothing.
 */
static void misdirect(struct sim_disk *d, struct sim_file *f, size_t len)
{
    if (!d->misdirect || f->synced < len) {
        return;
    }
    d->misdirect = false;
    d->misdirected++;
    memmove(f->data + d->where % (f->synced - len + 1), f->data + f->len, len);
    memset(f->data + f->len, 0, len);
}

static enum err disk_append(void *ctx, const char *name, struct bytes x, uint64_t *offset)
{
    struct sim_disk *d = ctx;
    struct sim_file *f = create(d, name);
    bool ok = alive(d) && !d->full;
    size_t len = ok ? x.len : x.len * d->part / 1000;
    grow(f, f->len + len);
    if (len > 0) {
        memcpy(f->data + f->len, x.ptr, len);
        misdirect(d, f, len);
    }
    if (offset != NULL && ok) {
        *offset = f->len;
    }
    f->len += len;
    d->faults += ok ? 0 : 1;
    if (d->crashed) {
        return ERR_FAILED;
    }
    return ok ? ERR_NONE : ERR_DISK_FULL;
}

static enum err disk_sync(void *ctx, const char *name)
{
    struct sim_disk *d = ctx;
    struct sim_file *f = find(d, name);
    if (!alive(d) || d->sync_fails) {
        d->faults++;
        return ERR_FAILED;
    }
    if (f != NULL && !d->sync_lies) {
        f->synced = f->len;
    }
    return ERR_NONE;
}

void sim_disk_sync_begin(struct sim_disk *d, const char *name)
{
    struct sim_file *f = find(d, name);
    if (f != NULL) {
        f->syncing = true;
        f->sync_len = f->len;
    }
}

enum err sim_disk_sync_end(struct sim_disk *d)
{
    bool good = alive(d) && !d->sync_fails;
    for (int i = 0; i < SIM_FILES_MAX; i++) {
        struct sim_file *f = &d->file[i];
        if (f->syncing && good && !d->sync_lies && f->synced < f->sync_len) {
            f->synced = f->sync_len < f->len ? f->sync_len : f->len;
        }
        f->syncing = false;
    }
    d->faults += good ? 0 : 1;
    return good ? ERR_NONE : ERR_FAILED;
}

static enum err disk_truncate(void *ctx, const char *name, uint64_t size)
{
    struct sim_disk *d = ctx;
    struct sim_file *f = find(d, name);
    if (!alive(d)) {
        return ERR_FAILED;
    }
    if (f == NULL) {
        return ERR_NOT_FOUND;
    }
    if (size > f->len) {
        return ERR_SIZE;
    }
    f->len = (size_t)size;
    f->synced = f->synced < f->len ? f->synced : f->len;
    f->sync_len = f->sync_len < f->len ? f->sync_len : f->len;
    return ERR_NONE;
}

static enum err disk_read(void *ctx, const char *name, uint64_t offset, uint8_t *out, size_t cap,
                          size_t *len)
{
    struct sim_disk *d = ctx;
    const struct sim_file *f = find(d, name);
    if (f == NULL) {
        return ERR_NOT_FOUND;
    }
    size_t at = offset < f->len ? (size_t)offset : f->len;
    size_t n = f->len - at < cap ? f->len - at : cap;
    if (n > 0) {
        memcpy(out, f->data + at, n);
    }
    *len = n;
    return ERR_NONE;
}

static enum err disk_size(void *ctx, const char *name, uint64_t *out)
{
    const struct sim_file *f = find(ctx, name);
    if (f == NULL) {
        return ERR_NOT_FOUND;
    }
    *out = f->len;
    return ERR_NONE;
}

static enum err disk_replace(void *ctx, const char *name, struct bytes x)
{
    struct sim_disk *d = ctx;
    if (!alive(d)) {
        return ERR_FAILED;
    }
    if (d->full) {
        d->faults++;
        return ERR_DISK_FULL;
    }
    struct sim_file *f = create(d, name);
    grow(f, x.len);
    if (x.len > 0) {
        memcpy(f->data, x.ptr, x.len);
    }
    f->len = x.len;
    f->synced = x.len;
    f->syncing = false; /* of the file that stood there before */
    return ERR_NONE;
}

void sim_disk_remove(struct sim_disk *d, const char *name)
{
    struct sim_file *f = find(d, name);
    if (f != NULL) {
        free(f->data);
        *f = (struct sim_file){ 0 };
    }
}

static enum err disk_remove(void *ctx, const char *name)
{
    sim_disk_remove(ctx, name);
    return ERR_NONE;
}

void sim_disk_port(struct sim_disk *d, struct storage *out)
{
    *out = (struct storage){ .ctx = d,
                             .append = disk_append,
                             .sync = disk_sync,
                             .truncate = disk_truncate,
                             .read = disk_read,
                             .size = disk_size,
                             .replace = disk_replace,
                             .remove = disk_remove };
}

bool sim_disk_crash(struct sim_disk *d, uint64_t random)
{
    bool torn = false;
    for (int i = 0; i < SIM_FILES_MAX; i++) {
        struct sim_file *f = &d->file[i];
        f->syncing = false;
        if (!f->used || f->len <= f->synced) {
            continue;
        }
        size_t loose = f->len - f->synced;
        size_t kept = (size_t)(random % (loose + 1));
        f->len = f->synced + kept;
        torn = torn || (kept > 0 && kept < loose);
        if (kept > 0 && (random >> 40) % 2 == 0) {
            f->data[f->len - 1] ^= (uint8_t)(1 + (random >> 44) % 255);
        }
    }
    d->crashed = false;
    d->crash_after = 0;
    d->full = false;
    d->sync_fails = false;
    return torn;
}

/* One of the files whose names begin so, and that hold something that was synced. */
static struct sim_file *some_file(struct sim_disk *d, const char *prefix, uint64_t random)
{
    for (uint32_t i = 0; i < SIM_FILES_MAX; i++) {
        struct sim_file *f = &d->file[(random + i) % SIM_FILES_MAX];
        if (f->used && f->synced > 0 && strncmp(f->name, prefix, strlen(prefix)) == 0) {
            return f;
        }
    }
    return NULL;
}

bool sim_disk_lose(struct sim_disk *d, const char *prefix, uint64_t random)
{
    struct sim_file *f = some_file(d, prefix, random >> 20);
    if (f == NULL) {
        return false;
    }
    size_t most = f->synced < 4096 ? f->synced : 4096;
    f->synced -= 1 + (size_t)(random % most);
    f->len = f->synced;
    return true;
}

void sim_disk_copy(const struct sim_disk *from, struct sim_disk *to)
{
    sim_disk_free(to);
    for (int i = 0; i < SIM_FILES_MAX; i++) {
        const struct sim_file *f = &from->file[i];
        struct sim_file *copy = &to->file[i];
        *copy = (struct sim_file){ .used = f->used };
        memcpy(copy->name, f->name, sizeof copy->name);
        grow(copy, f->len);
        if (f->len > 0) {
            memcpy(copy->data, f->data, f->len);
        }
        copy->len = copy->synced = f->len;
    }
}

bool sim_disk_rot(struct sim_disk *d, const char *prefix, uint64_t random)
{
    struct sim_file *f = some_file(d, prefix, random);
    if (f == NULL) {
        return false;
    }
    f->data[random % f->synced] ^= (uint8_t)(1 + (random >> 48) % 255);
    d->faults++;
    return true;
}

void sim_disk_free(struct sim_disk *d)
{
    for (int i = 0; i < SIM_FILES_MAX; i++) {
        free(d->file[i].data);
    }
    *d = (struct sim_disk){ 0 };
}
