#include "ledger/block.h"
#include "ledger/tx.h"

#include <string.h>

enum { FRAME_LENGTH_SIZE = 4 };

void header_hash(const struct suite *s, struct bytes header, struct hash *out)
{
    hash_tagged(s, "carnet/header/v1", header, out);
}

void certificate_hash(const struct suite *s, struct bytes certificate, struct hash *out)
{
    hash_tagged(s, "carnet/certificate/v1", certificate, out);
}

static enum err signatures_verify(const struct suite *s, const struct certificate *c,
                                  const struct key_source *keys, struct bytes vote)
{
    uint32_t next = 0;
    for (uint32_t seat = 0; seat < GENESIS_SEATS_MAX; seat++) {
        if ((c->seats >> seat & 1) == 0) {
            continue;
        }
        struct bytes key = keys->public_key(keys->ctx, seat, c->epoch);
        if (key.len == 0) {
            return ERR_NOT_FOUND;
        }
        if (!suite_verify_tagged(s, key, "carnet/vote/v1", vote, c->signature[next])) {
            return ERR_PROOF;
        }
        next++;
    }
    ASSERT(next == c->count);
    return ERR_NONE;
}

enum err certificate_verify(const struct suite *s, const struct hash *space,
                            const struct certificate *c, uint32_t seats,
                            const struct key_source *keys, struct arena *a)
{
    ASSERT(seats > 0 && seats <= GENESIS_SEATS_MAX);
    if (c->count < committee_quorum(seats) || c->seats >> seats != 0) {
        return ERR_PROOF;
    }
    struct vote v = { .space = *space,
                      .epoch = c->epoch,
                      .kind = c->kind,
                      .view = c->view,
                      .height = c->height,
                      .block = c->block };
    size_t mark = arena_mark(a);
    struct bytes vote;
    enum err e = vote_encode(&v, a, &vote);
    if (e == ERR_NONE) {
        e = signatures_verify(s, c, keys, vote);
    }
    arena_release(a, mark);
    return e;
}

static void frame_put(struct buf *b, struct bytes part)
{
    buf_put_u32(b, (uint32_t)part.len);
    buf_put(b, part);
}

enum err block_encode(struct bytes header, struct bytes certificate, const struct bytes *tx,
                      uint32_t count, struct arena *a, struct bytes *out)
{
    size_t size = 2 * FRAME_LENGTH_SIZE + header.len + certificate.len;
    for (uint32_t i = 0; i < count; i++) {
        size += FRAME_LENGTH_SIZE + tx[i].len;
    }
    if (size > BLOCK_SIZE_MAX || count > BLOCK_TXS_MAX) {
        return ERR_SIZE;
    }
    uint8_t *memory = arena_alloc(a, size);
    if (memory == NULL) {
        return ERR_NO_SPACE;
    }
    struct buf b = buf_over(memory, size);
    frame_put(&b, header);
    frame_put(&b, certificate);
    for (uint32_t i = 0; i < count; i++) {
        frame_put(&b, tx[i]);
    }
    TRY(buf_done(&b));
    *out = buf_bytes(&b);
    return ERR_NONE;
}

static struct bytes frame_take(struct reader *r)
{
    return reader_take(r, reader_u32(r));
}

/* The header says how many transactions follow, so the array is as long as what is there. */
static enum err txs_take(struct reader *r, struct arena *a, struct block *b)
{
    if (b->header.tx_count > BLOCK_TXS_MAX) {
        return ERR_SIZE;
    }
    b->tx_count = b->header.tx_count;
    b->tx = ARENA_ARRAY(a, struct bytes, b->tx_count);
    if (b->tx == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t i = 0; i < b->tx_count; i++) {
        b->tx[i] = frame_take(r);
        if (b->tx[i].len == 0) {
            return ERR_ENCODING;
        }
        if (b->tx[i].len > TX_SIZE_MAX) {
            return ERR_SIZE;
        }
    }
    return ERR_NONE;
}

enum err block_decode(const struct suite *s, struct bytes wire, struct arena *a, struct block *out)
{
    if (wire.len > BLOCK_SIZE_MAX) {
        return ERR_SIZE;
    }
    struct reader r = reader_over(wire);
    struct block b = { .wire = wire };
    b.header_bytes = frame_take(&r);
    b.certificate_bytes = frame_take(&r);
    if (r.bad) {
        return ERR_ENCODING;
    }
    if (b.header_bytes.len > HEADER_SIZE_MAX || b.certificate_bytes.len > CERTIFICATE_SIZE_MAX) {
        return ERR_SIZE;
    }
    TRY(header_decode(b.header_bytes, a, &b.header));
    TRY(txs_take(&r, a, &b));
    TRY(reader_done(&r));
    header_hash(s, b.header_bytes, &b.hash);
    *out = b;
    return ERR_NONE;
}
