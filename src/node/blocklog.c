#include "node/blocklog_internal.h"

#include <stdio.h>
#include <string.h>

#include "ledger/snapshot.h"

enum { BASE_FORMAT = 1 };

static uint32_t log2_of(const struct blocklog_config *c)
{
    return c->segment_log2 == 0 ? (uint32_t)BLOCKLOG_SEGMENT_LOG2 : c->segment_log2;
}

static uint64_t segment_of(const struct blocklog *b, uint64_t height)
{
    return height >> log2_of(&b->config);
}

/* The first file has the name that a log of one file has. */
static void segment_name(uint64_t segment, char out[32])
{
    if (segment == 0) {
        memcpy(out, "blocks.log", sizeof "blocks.log");
    } else {
        (void)snprintf(out, 32, "blocks-%08llu.log", (unsigned long long)segment);
    }
}

size_t blocklog_memory(const struct blocklog_config *c)
{
    return (size_t)c->heights_max * BLOCKLOG_INDEX_SIZE + c->pending_max + 64;
}

enum err blocklog_init(struct blocklog *b, const struct blocklog_config *c, struct arena *a)
{
    struct arena offsets, leaves;
    *b = (struct blocklog){ .config = *c };
    segment_name(0, b->name);
    /* Not zeroed: memory that is mapped on demand is touched as the log grows. */
    TRY(arena_split(a, (size_t)c->heights_max * sizeof *b->offset, &offsets));
    TRY(arena_split(a, (size_t)c->heights_max * sizeof *b->leaf, &leaves));
    b->offset = (uint64_t *)(void *)offsets.base;
    b->leaf = (struct hash *)(void *)leaves.base;
    return reclog_init(&b->log, c->disk, b->name, c->record_max, c->pending_max, a);
}

/* File "base": version u8, height u64, hash, count u64 and peaks of the frontier, CRC-32C. */
static enum err write_base(const struct blocklog *b, uint64_t height, const struct hash *hash,
                           const struct merkle_frontier *before)
{
    uint8_t raw[BLOCKLOG_BASE_SIZE_MAX];
    struct buf w = buf_over(raw, sizeof raw);
    buf_put_u8(&w, BASE_FORMAT);
    buf_put_u64(&w, height);
    buf_put_hash(&w, hash);
    buf_put_u64(&w, before->count);
    for (uint32_t i = 0; i < MERKLE_PATH_MAX; i++) {
        if ((before->count >> i & 1) != 0) {
            buf_put_hash(&w, &before->peak[i]);
        }
    }
    buf_put_u32(&w, crc32c(0, buf_bytes(&w)));
    TRY(buf_done(&w));
    return b->config.disk->replace(b->config.disk->ctx, BLOCKLOG_BASE_FILE, buf_bytes(&w));
}

static enum err read_base(struct bytes raw, uint64_t *height, struct hash *hash,
                          struct merkle_frontier *before)
{
    if (raw.len < 4) {
        return ERR_CORRUPT;
    }
    struct reader end = reader_over(bytes_of(raw.ptr + raw.len - 4, 4));
    struct bytes body = bytes_of(raw.ptr, raw.len - 4);
    struct reader r = reader_over(body);
    if (reader_u32(&end) != crc32c(0, body)) {
        return ERR_CORRUPT;
    }
    if (reader_u8(&r) != BASE_FORMAT) {
        return ERR_VERSION;
    }
    *height = reader_u64(&r);
    *hash = reader_hash(&r);
    before->count = reader_u64(&r);
    for (uint32_t i = 0; i < MERKLE_PATH_MAX; i++) {
        if ((before->count >> i & 1) != 0) {
            before->peak[i] = reader_hash(&r);
        }
    }
    bool whole = reader_done(&r) == ERR_NONE && before->count == *height + 1;
    return whole ? ERR_NONE : ERR_CORRUPT;
}

static void stand_at(struct blocklog *b, uint64_t base, const struct hash *hash,
                     const struct merkle_frontier *before)
{
    b->base = b->height = base;
    b->tip = *hash;
    b->before = *before;
}

enum err blocklog_load_base(struct blocklog *b)
{
    const struct storage *d = b->config.disk;
    uint8_t raw[BLOCKLOG_BASE_SIZE_MAX];
    size_t len = 0;
    uint64_t height = 0;
    struct hash hash;
    struct merkle_frontier before;
    merkle_frontier_init(&before);
    enum err e = d->read(d->ctx, BLOCKLOG_BASE_FILE, 0, raw, sizeof raw, &len);
    if (e == ERR_NOT_FOUND) {
        return ERR_NONE;
    }
    TRY(e);
    TRY(read_base(bytes_of(raw, len), &height, &hash, &before));
    stand_at(b, height, &hash, &before);
    return ERR_NONE;
}

void blocklog_begin(struct blocklog *b, const struct hash *genesis)
{
    ASSERT(b->height == 0);
    struct hash leaf;
    proof_header_leaf(b->config.suite, genesis, &leaf);
    merkle_frontier_init(&b->before);
    merkle_frontier_append(b->config.suite, &b->before, &leaf);
    b->tip = *genesis;
}

/* The hash of height 0 is known from genesis, or, when the ledger stands higher, from the first
 * block: the zero hash means that nothing is known yet. */
bool blocklog_links(const struct blocklog *b, const struct hash *previous)
{
    return hash_equal(previous, &b->tip) || hash_is_zero(&b->tip);
}

static void index_put(struct blocklog *b, const struct block *block, uint64_t offset)
{
    uint64_t height = block->header.height;
    if (b->before.count == 0) {
        blocklog_begin(b, &block->header.previous);
    }
    b->offset[height - b->base - 1] = offset;
    proof_header_leaf(b->config.suite, &block->hash, &b->leaf[height - b->base - 1]);
    b->height = height;
    b->tip = block->hash;
}

struct scan {
    struct blocklog *log;
    struct arena *scratch;
    uint64_t segment;
};

/* One record: it must be the next height and hash to the block before it. */
static enum err scan_block(void *user, uint64_t offset, uint64_t height, struct bytes body)
{
    const struct scan *s = user;
    struct blocklog *b = s->log;
    struct reader in = reader_over(body);
    struct bytes wire = reader_take(&in, reader_u32(&in));
    struct block block;
    size_t mark = arena_mark(s->scratch);
    bool good = !in.bad && height == b->height + 1 && segment_of(b, height) == s->segment &&
                block_decode(b->config.suite, wire, s->scratch, &block) == ERR_NONE &&
                block.header.height == height && blocklog_links(b, &block.header.previous);
    arena_release(s->scratch, mark);
    if (!good) {
        return ERR_CORRUPT;
    }
    if (height - b->base > b->config.heights_max) {
        return ERR_NO_SPACE;
    }
    index_put(b, &block, offset);
    return ERR_NONE;
}

static enum err remove_segments(const struct blocklog *b, uint64_t from)
{
    const struct storage *d = b->config.disk;
    uint64_t size = 0;
    char name[32];
    for (uint64_t s = from;; s++) {
        segment_name(s, name);
        enum err e = d->size(d->ctx, name, &size);
        if (e != ERR_NONE) {
            return e == ERR_NOT_FOUND ? ERR_NONE : e;
        }
        TRY(d->remove(d->ctx, name));
    }
}

/* What a prune that was cut short has left below the base. */
static enum err remove_below(const struct blocklog *b, uint64_t segment)
{
    const struct storage *d = b->config.disk;
    uint64_t size = 0;
    char name[32];
    while (segment-- > 0) {
        segment_name(segment, name);
        enum err e = d->size(d->ctx, name, &size);
        if (e != ERR_NONE) {
            return e == ERR_NOT_FOUND ? ERR_NONE : e;
        }
        TRY(d->remove(d->ctx, name));
    }
    return ERR_NONE;
}

/* The newest file is another one now; nothing waits in memory. */
static void stand_in(struct blocklog *b, uint64_t segment, uint64_t durable)
{
    ASSERT(!reclog_dirty(&b->log));
    segment_name(segment, b->name);
    b->log.durable = durable;
    b->log.suspect = false;
}

enum err blocklog_open(struct blocklog *b, struct arena *scratch, enum reclog_end *end)
{
    struct scan s = { b, scratch, segment_of(b, b->base + 1) };
    TRY(remove_below(b, s.segment));
    for (;; s.segment++) {
        stand_in(b, s.segment, 0);
        TRY(reclog_open(&b->log, scratch, &s, scan_block, end));
        bool whole = *end == RECLOG_CLEAN && segment_of(b, b->height + 1) > s.segment;
        if (!whole) {
            break;
        }
    }
    return remove_segments(b, s.segment + 1);
}

static bool turns(const struct blocklog *b, uint64_t height)
{
    char name[32];
    segment_name(segment_of(b, height), name);
    return strcmp(name, b->name) != 0;
}

bool blocklog_flushes(const struct blocklog *b, const struct block *block, struct bytes certificate)
{
    return turns(b, block->header.height) ||
           !reclog_has_room(&b->log, block->wire.len + certificate.len + 8);
}

enum err blocklog_append(struct blocklog *b, const struct block *block, struct bytes certificate)
{
    uint64_t height = block->header.height, offset = 0;
    ASSERT(height == b->height + 1);
    if (height - b->base > b->config.heights_max) {
        return ERR_NO_SPACE;
    }
    uint8_t length[2][4] = { { 0 } };
    struct bytes part[4] = { bytes_of(length[0], 4), block->wire, bytes_of(length[1], 4),
                             certificate };
    for (int i = 0; i < 2; i++) {
        struct buf w = buf_over(length[i], 4);
        buf_put_u32(&w, (uint32_t)part[2 * i + 1].len);
    }
    if (blocklog_flushes(b, block, certificate)) {
        TRY(reclog_flush(&b->log));
    }
    if (turns(b, height)) {
        char name[32];
        segment_name(segment_of(b, height), name);
        TRY(b->config.disk->remove(b->config.disk->ctx, name));
        stand_in(b, segment_of(b, height), 0);
    }
    TRY(reclog_append(&b->log, height, part, COUNT(part), &offset));
    index_put(b, block, offset);
    return ERR_NONE;
}

static enum err split_record(struct bytes body, struct bytes *block, struct bytes *certificate)
{
    struct reader r = reader_over(body);
    struct bytes b = reader_take(&r, reader_u32(&r));
    struct bytes c = reader_take(&r, reader_u32(&r));
    if (reader_done(&r) != ERR_NONE) {
        return ERR_CORRUPT;
    }
    *block = b;
    *certificate = c;
    return ERR_NONE;
}

enum err blocklog_read(const struct blocklog *b, uint64_t height, struct arena *a,
                       struct bytes *block, struct bytes *certificate)
{
    uint64_t found = 0;
    struct bytes body = { NULL, 0 };
    char name[32];
    if (height == 0 || height > b->height) {
        return ERR_NOT_FOUND;
    }
    if (height <= b->base) {
        return ERR_PRUNED;
    }
    segment_name(segment_of(b, height), name);
    struct reclog older = { .disk = b->config.disk,
                            .name = name,
                            .record_max = b->config.record_max,
                            .durable = UINT64_MAX };
    bool newest = strcmp(name, b->name) == 0;
    TRY(reclog_read(newest ? &b->log : &older, b->offset[height - b->base - 1], a, &found, &body));
    return found == height ? split_record(body, block, certificate) : ERR_CORRUPT;
}

enum err blocklog_cut(struct blocklog *b, uint64_t height, const struct hash *tip)
{
    ASSERT(height >= b->base && height <= b->height);
    if (height == b->height) {
        return ERR_NONE;
    }
    const struct storage *d = b->config.disk;
    uint64_t at = b->offset[height - b->base];
    TRY(reclog_flush(&b->log));
    TRY(remove_segments(b, segment_of(b, height + 1) + 1));
    stand_in(b, segment_of(b, height + 1), at);
    TRY(d->truncate(d->ctx, b->name, at));
    b->height = height;
    b->tip = *tip;
    return ERR_NONE;
}

const struct hash *blocklog_leaf(const struct blocklog *b, uint64_t height)
{
    ASSERT(height > b->base && height <= b->height);
    return &b->leaf[height - b->base - 1];
}

void blocklog_frontier(const struct blocklog *b, uint64_t height, struct merkle_frontier *out)
{
    ASSERT(height >= b->base && height <= b->height);
    *out = b->before;
    for (uint64_t h = b->base + 1; h <= height; h++) {
        merkle_frontier_append(b->config.suite, out, blocklog_leaf(b, h));
    }
}

/* Root of the leaves first … first + count - 1 of the history tree, all above the base. */
static void range_root(const struct blocklog *b, uint64_t first, uint64_t count, struct hash *out)
{
    merkle_root(b->config.suite, blocklog_leaf(b, first), count, out);
}

/* The left neighbour [first, first + 2^log2) of a subtree that holds a leaf above the base: the
 * frontier over all leaves before its end has its root as a peak, since its last bits are zero. */
static void left_root(const struct blocklog *b, uint64_t first, unsigned log2, struct hash *out)
{
    uint64_t last = first + ((uint64_t)1 << log2) - 1;
    struct merkle_frontier f;
    if (first > b->base) {
        range_root(b, first, (uint64_t)1 << log2, out);
        return;
    }
    blocklog_frontier(b, last > b->base ? last : b->base, &f);
    *out = f.peak[log2];
}

enum err blocklog_prove(const struct blocklog *b, uint64_t index, uint64_t count,
                        struct merkle_path *out)
{
    if (index <= b->base) {
        return ERR_PRUNED;
    }
    if (index >= count || count > b->height + 1) {
        return ERR_NOT_FOUND;
    }
    /* From the root down (RFC 9162 2.1.3.1), then turned over. */
    struct merkle_path down = { 0 };
    uint64_t first = 0, size = count;
    while (size > 1) {
        unsigned log2 = 0;
        while (((uint64_t)2 << log2) < size) {
            log2++;
        }
        uint64_t half = (uint64_t)1 << log2;
        struct hash *sibling = &down.sibling[down.count++];
        if (index - first < half) {
            range_root(b, first + half, size - half, sibling);
            size = half;
        } else {
            left_root(b, first, log2, sibling);
            first += half;
            size -= half;
        }
    }
    out->count = down.count;
    for (uint32_t i = 0; i < down.count; i++) {
        out->sibling[i] = down.sibling[down.count - 1 - i];
    }
    return ERR_NONE;
}

enum err blocklog_prune(struct blocklog *b, uint64_t keep_from, struct arena *scratch,
                        uint64_t *base)
{
    uint64_t segment = segment_of(b, keep_from);
    uint64_t at = (segment << log2_of(&b->config)) - 1;
    if (segment == 0 || at <= b->base || keep_from > b->height) {
        *base = b->base; /* no whole file lies below */
        return ERR_NONE;
    }
    struct bytes wire = { NULL, 0 }, certificate = { NULL, 0 };
    struct block next;
    struct merkle_frontier before;
    size_t mark = arena_mark(scratch);
    TRY(blocklog_read(b, at + 1, scratch, &wire, &certificate));
    TRY(block_decode(b->config.suite, wire, scratch, &next));
    blocklog_frontier(b, at, &before);
    TRY(write_base(b, at, &next.header.previous, &before));
    arena_release(scratch, mark);
    uint64_t gone = at - b->base;
    memmove(b->offset, b->offset + gone, (b->height - at) * sizeof *b->offset);
    memmove(b->leaf, b->leaf + gone, (b->height - at) * sizeof *b->leaf);
    b->base = at;
    b->before = before;
    *base = at;
    return remove_below(b, segment);
}

enum err blocklog_restart(struct blocklog *b, uint64_t base, const struct hash *hash,
                          const struct merkle_frontier *before)
{
    ASSERT(before->count == base + 1);
    uint64_t first = segment_of(b, b->base + 1);
    b->log.pending.len = b->log.flight = 0;
    b->log.replace = false;
    TRY(write_base(b, base, hash, before));
    TRY(remove_segments(b, first));
    stand_at(b, base, hash, before);
    stand_in(b, segment_of(b, base + 1), 0);
    return ERR_NONE;
}

static enum err header_at(const struct blocklog *b, uint64_t height, struct arena *scratch,
                          struct header *out)
{
    struct bytes wire = { NULL, 0 }, certificate = { NULL, 0 };
    struct block block;
    size_t mark = arena_mark(scratch);
    enum err e = blocklog_read(b, height, scratch, &wire, &certificate);
    if (e == ERR_NONE) {
        e = block_decode(b->config.suite, wire, scratch, &block);
    }
    if (e == ERR_NONE) {
        *out = block.header;
    }
    arena_release(scratch, mark);
    return e;
}

enum err blocklog_prune_old(struct blocklog *b, const struct genesis *g, uint64_t folded,
                            uint64_t keep, struct arena *scratch, uint64_t *base)
{
    struct header tip, h;
    uint64_t from = b->height > keep ? b->height - keep + 1 : 1;
    from = folded < from ? folded : from;
    if (from <= b->base + 1) {
        *base = b->base;
        return ERR_NONE;
    }
    TRY(header_at(b, b->height, scratch, &tip));
    for (; from > b->base + 1; from--) {
        TRY(header_at(b, from, scratch, &h));
        if (!snapshot_needs(g, &tip, from, h.time_ms)) {
            break;
        }
    }
    return blocklog_prune(b, from, scratch, base);
}
