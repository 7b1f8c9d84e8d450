#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "cli/broker_internal.h"
#include "cli/output_internal.h"

#define MAGIC "carnet-broker/1"

enum { ANSWER_SIZE_MAX = TX_SIZE_MAX + 64 * 1024 };

static void folder(struct session *s, char out[4096])
{
    cli_path(s->cli, out, 4096, "local/%s/broker", s->name);
}

static void file_path(struct session *s, const struct hash *right, char out[4200])
{
    char dir[4096], hex[HEX_SIZE(HASH_SIZE) + 1];
    folder(s, dir);
    hex_encode(bytes_of_hash(right), hex);
    snprintf(out, 4200, "%s/%s.use", dir, hex);
}

enum err broker_file_open(struct session *s, int *lock)
{
    char dir[4096], path[4200];
    folder(s, dir);
    TRY(output_folders(s->cli, dir));
    snprintf(path, sizeof path, "%s/lock", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return cli_fail(s->cli, ERR_FAILED, path, "%s", strerror(errno));
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return cli_fail(s->cli, ERR_BUSY, dir, "another broker of %s runs here", s->name);
    }
    *lock = fd;
    return ERR_NONE;
}

static void checksum(struct session *s, struct bytes x, struct hash *out)
{
    hash_tagged(s->suite, "carnet/broker/v1", x, out);
}

static enum err encode(struct session *s, const struct broker_answer *a, struct bytes *out)
{
    size_t size = sizeof MAGIC + 2 * HASH_SIZE + 4 + 8 + 8 + 4 + a->wire.len + 4 + a->sealed.len;
    uint8_t *room = arena_alloc(&s->arena, size + HASH_SIZE);
    struct hash sum;
    if (room == NULL) {
        return ERR_NO_SPACE;
    }
    struct buf b = buf_over(room, size + HASH_SIZE);
    buf_put(&b, bytes_of(MAGIC, sizeof MAGIC));
    buf_put_hash(&b, &a->right);
    buf_put_hash(&b, &a->tx);
    buf_put_u32(&b, a->use);
    buf_put_u64(&b, a->until_ms);
    buf_put_u64(&b, a->window_ms);
    buf_put_u32(&b, (uint32_t)a->wire.len);
    buf_put(&b, a->wire);
    buf_put_u32(&b, (uint32_t)a->sealed.len);
    buf_put(&b, a->sealed);
    checksum(s, buf_bytes(&b), &sum);
    buf_put_hash(&b, &sum);
    TRY(buf_done(&b));
    *out = buf_bytes(&b);
    return ERR_NONE;
}

enum err broker_file_write(struct session *s, const struct broker_answer *a)
{
    char path[4200];
    struct bytes x;
    TRY(encode(s, a, &x));
    file_path(s, &a->right, path);
    return cli_write_file(s->cli, path, x, 0600);
}

static enum err decode(struct session *s, const struct hash *right, struct bytes x,
                       struct broker_answer *out)
{
    struct hash sum;
    if (x.len < sizeof MAGIC + HASH_SIZE) {
        return ERR_CORRUPT;
    }
    checksum(s, bytes_of(x.ptr, x.len - HASH_SIZE), &sum);
    struct reader r = reader_over(x);
    struct bytes magic = reader_take(&r, sizeof MAGIC);
    struct broker_answer a = { .right = reader_hash(&r) };
    a.tx = reader_hash(&r);
    a.use = reader_u32(&r);
    a.until_ms = reader_u64(&r);
    a.window_ms = reader_u64(&r);
    a.wire = reader_take(&r, reader_u32(&r));
    a.sealed = reader_take(&r, reader_u32(&r));
    struct hash stored = reader_hash(&r);
    bool good = reader_done(&r) == ERR_NONE && hash_equal(&stored, &sum) &&
                bytes_equal(magic, bytes_of(MAGIC, sizeof MAGIC)) && hash_equal(&a.right, right);
    if (good) {
        *out = a;
    }
    return good ? ERR_NONE : ERR_CORRUPT;
}

enum err broker_file_read(struct session *s, const struct hash *right, struct broker_answer *out)
{
    char path[4200];
    uint8_t *file;
    size_t len;
    struct bytes x;
    file_path(s, right, path);
    if (access(path, F_OK) != 0) {
        return ERR_NOT_FOUND;
    }
    TRY(cli_read_file(s->cli, path, &file, &len));
    enum err e =
        len > ANSWER_SIZE_MAX ? ERR_CORRUPT : arena_copy(&s->arena, bytes_of(file, len), &x);
    free(file);
    e = e == ERR_NONE ? decode(s, right, x, out) : e;
    return e == ERR_NONE ? e : cli_fail(s->cli, e, path, "%s", err_text(e));
}

/* Not synced: what comes back after a crash is taken up once more, and dropped again. */
enum err broker_file_remove(struct session *s, const struct hash *right)
{
    char path[4200];
    file_path(s, right, path);
    if (unlink(path) != 0 && errno != ENOENT) {
        return cli_fail(s->cli, ERR_FAILED, path, "%s", strerror(errno));
    }
    return ERR_NONE;
}

enum err broker_file_list(struct session *s, struct hash *out, uint32_t cap, uint32_t *count)
{
    char dir[4096], hex[HEX_SIZE(HASH_SIZE) + 1];
    const struct dirent *d;
    uint32_t n = 0;
    folder(s, dir);
    DIR *names = opendir(dir);
    if (names == NULL) {
        return cli_fail(s->cli, ERR_FAILED, dir, "%s", strerror(errno));
    }
    while (n < cap && (d = readdir(names)) != NULL) {
        size_t len = strlen(d->d_name);
        if (len == HEX_SIZE(HASH_SIZE) + 4 && strcmp(d->d_name + len - 4, ".use") == 0) {
            snprintf(hex, sizeof hex, "%.*s", (int)(len - 4), d->d_name);
            n += hash_from_hex(hex, &out[n]) == ERR_NONE ? 1 : 0;
        }
    }
    closedir(names);
    *count = n;
    return ERR_NONE;
}
