#include "node/archive_internal.h"

#include <errno.h>
#include <string.h>

#include "node/disk_internal.h"

/* The records of an archive and its head. */

enum { FRAME_SIZE = 5, CRC_SIZE = 4, HEAD_SIZE_MAX = 64 * 1024 };

static enum err put_bytes(FILE *f, struct bytes x)
{
    errno = EIO;
    return x.len == 0 || fwrite(x.ptr, 1, x.len, f) == x.len ? ERR_NONE : disk_errno(errno);
}

enum err archive_begin(FILE *f)
{
    return put_bytes(f, bytes_of_str(ARCHIVE_MAGIC));
}

enum err archive_put(FILE *f, enum archive_kind kind, const struct bytes *part, size_t count)
{
    uint8_t frame[FRAME_SIZE], end[CRC_SIZE];
    struct buf head = buf_over(frame, sizeof frame), tail = buf_over(end, sizeof end);
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size += part[i].len;
    }
    ASSERT(size <= ARCHIVE_RECORD_MAX);
    buf_put_u8(&head, (uint8_t)kind);
    buf_put_u32(&head, (uint32_t)size);
    uint32_t crc = crc32c(0, buf_bytes(&head));
    TRY(put_bytes(f, buf_bytes(&head)));
    for (size_t i = 0; i < count; i++) {
        crc = crc32c(crc, part[i]);
        TRY(put_bytes(f, part[i]));
    }
    buf_put_u32(&tail, crc);
    return put_bytes(f, buf_bytes(&tail));
}

enum err archive_put_head(FILE *f, const struct archive_head *h, struct arena *a)
{
    size_t mark = arena_mark(a);
    uint8_t *memory = arena_alloc(a, HEAD_SIZE_MAX);
    if (memory == NULL) {
        return ERR_NO_SPACE;
    }
    struct buf b = buf_over(memory, HEAD_SIZE_MAX);
    ASSERT(h->before.count == h->from);
    buf_put_hash(&b, &h->space);
    buf_put_u64(&b, h->from);
    buf_put_u64(&b, h->to);
    for (uint32_t i = 0; i < MERKLE_PATH_MAX; i++) {
        if ((h->from >> i & 1) != 0) {
            buf_put_hash(&b, &h->before.peak[i]);
        }
    }
    buf_put_u32(&b, (uint32_t)h->certificate.len);
    buf_put(&b, h->certificate);
    buf_put_u8(&b, (uint8_t)h->key_count);
    for (uint32_t i = 0; i < h->key_count; i++) {
        buf_put_u32(&b, (uint32_t)h->key[i].len);
        buf_put(&b, h->key[i]);
    }
    struct bytes body = buf_bytes(&b);
    enum err e = buf_done(&b);
    e = e == ERR_NONE ? archive_put(f, ARCHIVE_HEAD, &body, 1) : e;
    arena_release(a, mark);
    return e;
}

enum err archive_read_head(struct bytes body, struct archive_head *out)
{
    struct reader r = reader_over(body);
    struct archive_head h = { .space = reader_hash(&r) };
    h.from = reader_u64(&r);
    h.to = reader_u64(&r);
    merkle_frontier_init(&h.before);
    h.before.count = h.from;
    for (uint32_t i = 0; i < MERKLE_PATH_MAX; i++) {
        if ((h.from >> i & 1) != 0) {
            h.before.peak[i] = reader_hash(&r);
        }
    }
    h.certificate = reader_take(&r, reader_u32(&r));
    h.key_count = reader_u8(&r);
    for (uint32_t i = 0; i < h.key_count && i < GENESIS_SEATS_MAX; i++) {
        h.key[i] = reader_take(&r, reader_u32(&r));
    }
    if (reader_done(&r) != ERR_NONE || h.key_count > GENESIS_SEATS_MAX || h.from == 0 ||
        h.to < h.from || h.from >> (MERKLE_PATH_MAX - 1) != 0) {
        return ERR_INTEGRITY;
    }
    *out = h;
    return ERR_NONE;
}

enum err archive_read_piece(struct bytes body, uint32_t *piece, struct bytes *wire)
{
    struct reader r = reader_over(body);
    uint32_t number = reader_u32(&r);
    if (r.bad) {
        return ERR_INTEGRITY;
    }
    *piece = number;
    *wire = bytes_of(body.ptr + 4, body.len - 4);
    return ERR_NONE;
}

/* Fewer bytes than asked for are told by *len. */
static enum err get_bytes(FILE *f, uint8_t *out, size_t size, size_t *len)
{
    *len = fread(out, 1, size, f);
    return *len < size && ferror(f) != 0 ? ERR_FAILED : ERR_NONE;
}

static enum err refused(char why[ARCHIVE_WHY_SIZE], uint64_t at, const char *what)
{
    (void)snprintf(why, ARCHIVE_WHY_SIZE, "%s at byte %llu", what, (unsigned long long)at);
    return ERR_INTEGRITY;
}

/* One record; `*size` 0 when the file ends where a record may begin. */
static enum err get_record(FILE *f, uint64_t at, struct arena *a, char why[ARCHIVE_WHY_SIZE],
                           struct bytes *record)
{
    uint8_t frame[FRAME_SIZE];
    size_t len = 0, rest = 0;
    TRY(get_bytes(f, frame, sizeof frame, &len));
    if (len == 0) {
        *record = bytes_of(NULL, 0);
        return ERR_NONE;
    }
    struct reader r = reader_over(bytes_of(frame + 1, 4));
    uint32_t size = reader_u32(&r);
    if (len < sizeof frame) {
        return refused(why, at, "the file breaks off");
    }
    if (size > ARCHIVE_RECORD_MAX) {
        return refused(why, at, "the file is damaged");
    }
    uint8_t *memory = arena_alloc(a, FRAME_SIZE + (size_t)size + CRC_SIZE);
    if (memory == NULL) {
        return ERR_NO_SPACE;
    }
    memcpy(memory, frame, FRAME_SIZE);
    TRY(get_bytes(f, memory + FRAME_SIZE, (size_t)size + CRC_SIZE, &rest));
    if (rest < (size_t)size + CRC_SIZE) {
        return refused(why, at, "the file breaks off");
    }
    struct bytes covered = bytes_of(memory, FRAME_SIZE + (size_t)size);
    struct reader crc = reader_over(bytes_of(memory + covered.len, CRC_SIZE));
    if (reader_u32(&crc) != crc32c(0, covered)) {
        return refused(why, at, "the file is damaged");
    }
    *record = covered;
    return ERR_NONE;
}

enum err archive_each(FILE *f, struct arena *a, char why[ARCHIVE_WHY_SIZE], void *user,
                      archive_visit *visit)
{
    char magic[sizeof ARCHIVE_MAGIC - 1];
    size_t len = 0;
    if (fseek(f, 0, SEEK_SET) != 0) {
        (void)snprintf(why, ARCHIVE_WHY_SIZE, "it is read twice, and this cannot be");
        return ERR_FAILED;
    }
    TRY(get_bytes(f, (uint8_t *)magic, sizeof magic, &len));
    if (len < sizeof magic || memcmp(magic, ARCHIVE_MAGIC, sizeof magic) != 0) {
        (void)snprintf(why, ARCHIVE_WHY_SIZE, "this is no ledger archive of a kind known here");
        return ERR_INTEGRITY;
    }
    for (uint64_t at = sizeof magic;;) {
        struct bytes record = { NULL, 0 };
        size_t mark = arena_mark(a);
        TRY(get_record(f, at, a, why, &record));
        if (record.len == 0) {
            return ERR_NONE;
        }
        struct bytes body = bytes_of(record.ptr + FRAME_SIZE, record.len - FRAME_SIZE);
        TRY(visit(user, (enum archive_kind)record.ptr[0], body));
        arena_release(a, mark);
        at += record.len + CRC_SIZE;
    }
}
