#include "node/reclog_internal.h"

#include <string.h>

struct head {
    uint32_t length, crc;
    uint64_t height;
};

static uint32_t record_crc(uint32_t length, uint64_t height, struct bytes body)
{
    uint8_t covered[12];
    struct buf b = buf_over(covered, sizeof covered);
    buf_put_u32(&b, length);
    buf_put_u64(&b, height);
    return crc32c(crc32c(0, buf_bytes(&b)), body);
}

static struct head head_of(const uint8_t raw[RECLOG_HEAD_SIZE])
{
    struct reader r = reader_over(bytes_of(raw, RECLOG_HEAD_SIZE));
    struct head h = { 0 };
    h.length = reader_u32(&r);
    h.crc = reader_u32(&r);
    h.height = reader_u64(&r);
    return h;
}

enum err reclog_init(struct reclog *log, const struct storage *disk, const char *name,
                     size_t record_max, size_t pending_max, struct arena *a)
{
    ASSERT(pending_max >= record_max + RECLOG_HEAD_SIZE);
    uint8_t *memory = arena_alloc(a, pending_max);
    if (memory == NULL) {
        return ERR_NO_SPACE;
    }
    *log = (struct reclog){ .disk = disk,
                            .name = name,
                            .record_max = record_max,
                            .pending = buf_over(memory, pending_max) };
    return ERR_NONE;
}

/* Read exactly `len` bytes; ERR_CORRUPT when the file is shorter. */
static enum err read_exact(const struct reclog *log, uint64_t offset, uint8_t *out, size_t len)
{
    size_t got = 0;
    TRY(log->disk->read(log->disk->ctx, log->name, offset, out, len, &got));
    return got == len ? ERR_NONE : ERR_CORRUPT;
}

/* What stands at this offset: a good record, or how the log ends here. A claimed end at or past the
 * end of the file, or a head of zeros as some file systems leave them, is a write that was never
 * finished. */
static enum err scan_one(const struct reclog *log, uint64_t offset, uint64_t size,
                         struct arena *scratch, struct head *head, struct bytes *body,
                         enum reclog_end *end)
{
    static const uint8_t zeros[RECLOG_HEAD_SIZE] = { 0 };
    uint8_t raw[RECLOG_HEAD_SIZE];
    *end = RECLOG_TORN;
    if (size - offset < RECLOG_HEAD_SIZE) {
        return ERR_NONE;
    }
    TRY(read_exact(log, offset, raw, sizeof raw));
    struct head h = head_of(raw);
    uint64_t left = size - offset - RECLOG_HEAD_SIZE;
    if (h.length > left || bytes_equal(bytes_of(raw, sizeof raw), bytes_of(zeros, sizeof zeros))) {
        return ERR_NONE;
    }
    *end = h.length == left ? RECLOG_TORN : RECLOG_DAMAGED;
    if (h.length > log->record_max) {
        return ERR_NONE;
    }
    uint8_t *memory = arena_alloc(scratch, h.length);
    if (memory == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(read_exact(log, offset + RECLOG_HEAD_SIZE, memory, h.length));
    *body = bytes_of(memory, h.length);
    *head = h;
    if (record_crc(h.length, h.height, *body) == h.crc) {
        *end = RECLOG_CLEAN;
    }
    return ERR_NONE;
}

enum err reclog_open(struct reclog *log, struct arena *scratch, void *user, reclog_visit *visit,
                     enum reclog_end *end)
{
    uint64_t size = 0;
    enum err e = log->disk->size(log->disk->ctx, log->name, &size);
    if (e != ERR_NONE && e != ERR_NOT_FOUND) {
        return e;
    }
    enum reclog_end how = RECLOG_CLEAN;
    uint64_t at = 0;
    while (at < size && how == RECLOG_CLEAN) {
        struct head head = { 0 };
        struct bytes body = { NULL, 0 };
        size_t mark = arena_mark(scratch);
        TRY(scan_one(log, at, size, scratch, &head, &body, &how));
        e = how == RECLOG_CLEAN ? visit(user, at, head.height, body) : ERR_NONE;
        arena_release(scratch, mark);
        if (e == ERR_CORRUPT) {
            how = RECLOG_DAMAGED;
        } else if (e != ERR_NONE) {
            return e;
        }
        if (how == RECLOG_CLEAN) {
            at += RECLOG_HEAD_SIZE + head.length;
        }
    }
    if (at < size) {
        TRY(log->disk->truncate(log->disk->ctx, log->name, at));
    }
    /* What a killed process had written may live in the page cache only: from here on it counts as
     * durable, so it must be. */
    if (at > 0) {
        TRY(log->disk->sync(log->disk->ctx, log->name));
    }
    log->durable = at;
    *end = how;
    return ERR_NONE;
}

bool reclog_has_room(const struct reclog *log, size_t body_size)
{
    return log->pending.cap - log->pending.len >= body_size + RECLOG_HEAD_SIZE;
}

enum err reclog_append(struct reclog *log, uint64_t height, const struct bytes *part, size_t count,
                       uint64_t *offset)
{
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        length += part[i].len;
    }
    if (length > log->record_max) {
        return ERR_SIZE;
    }
    if (!reclog_has_room(log, length)) {
        return ERR_NO_SPACE;
    }
    *offset = (log->replace ? 0 : log->durable) + log->pending.len;
    uint8_t *head = log->pending.ptr + log->pending.len;
    buf_put_u32(&log->pending, (uint32_t)length);
    buf_put_u32(&log->pending, 0);
    buf_put_u64(&log->pending, height);
    for (size_t i = 0; i < count; i++) {
        buf_put(&log->pending, part[i]);
    }
    struct bytes body = bytes_of(head + RECLOG_HEAD_SIZE, length);
    struct buf crc = buf_over(head + 4, 4);
    buf_put_u32(&crc, record_crc((uint32_t)length, height, body));
    ASSERT(!log->pending.full);
    return ERR_NONE;
}

void reclog_restart(struct reclog *log)
{
    log->pending.len = 0;
    log->flight = 0;
    log->replace = true;
}

bool reclog_dirty(const struct reclog *log)
{
    return log->pending.len > 0 || log->replace;
}

static enum err write_new(struct reclog *log)
{
    TRY(log->disk->replace(log->disk->ctx, log->name, buf_bytes(&log->pending)));
    log->durable = log->pending.len;
    log->pending.len = 0;
    log->replace = false;
    log->suspect = false;
    return ERR_NONE;
}

enum err reclog_depart(struct reclog *log, bool *sync)
{
    const struct storage *d = log->disk;
    ASSERT(log->flight == 0);
    *sync = false;
    if (!reclog_dirty(log)) {
        return ERR_NONE;
    }
    if (log->replace) {
        return write_new(log);
    }
    if (log->suspect) {
        TRY(d->truncate(d->ctx, log->name, log->durable));
    }
    log->suspect = true;
    TRY(d->append(d->ctx, log->name, buf_bytes(&log->pending), NULL));
    log->flight = log->pending.len;
    *sync = true;
    return ERR_NONE;
}

void reclog_land(struct reclog *log, enum err e)
{
    size_t flight = log->flight;
    log->flight = 0;
    if (flight == 0 || e != ERR_NONE) {
        return; /* a restart has forgotten these records, or the tail is cut and written again */
    }
    memmove(log->pending.ptr, log->pending.ptr + flight, log->pending.len - flight);
    log->pending.len -= flight;
    log->durable += flight;
    log->suspect = false;
}

enum err reclog_flush(struct reclog *log)
{
    bool sync;
    TRY(reclog_depart(log, &sync));
    enum err e = sync ? log->disk->sync(log->disk->ctx, log->name) : ERR_NONE;
    reclog_land(log, e);
    return e;
}

static enum err read_pending(const struct reclog *log, uint64_t offset, struct arena *a,
                             uint64_t *height, struct bytes *body)
{
    uint64_t at = offset - (log->replace ? 0 : log->durable);
    if (at + RECLOG_HEAD_SIZE > log->pending.len) {
        return ERR_NOT_FOUND;
    }
    struct head h = head_of(log->pending.ptr + at);
    TRY(arena_copy(a, bytes_of(log->pending.ptr + at + RECLOG_HEAD_SIZE, h.length), body));
    *height = h.height;
    return ERR_NONE;
}

enum err reclog_read(const struct reclog *log, uint64_t offset, struct arena *a, uint64_t *height,
                     struct bytes *body)
{
    if (log->replace || offset >= log->durable) {
        return read_pending(log, offset, a, height, body);
    }
    uint8_t raw[RECLOG_HEAD_SIZE];
    TRY(read_exact(log, offset, raw, sizeof raw));
    struct head h = head_of(raw);
    if (h.length > log->record_max) {
        return ERR_CORRUPT;
    }
    uint8_t *memory = arena_alloc(a, h.length);
    if (memory == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(read_exact(log, offset + RECLOG_HEAD_SIZE, memory, h.length));
    struct bytes got = bytes_of(memory, h.length);
    if (record_crc(h.length, h.height, got) != h.crc) {
        return ERR_CORRUPT;
    }
    *height = h.height;
    *body = got;
    return ERR_NONE;
}
