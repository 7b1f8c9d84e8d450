#include "node/index_internal.h"

#include "ledger/proof.h"

enum { T_RECEIPTS, T_TXS, T_EVENTS, T_ATTACHMENTS, T_TASKS, T_META };
static const char *const TABLES[] = { "receipts", "txs", "events", "attachments", "tasks", "meta" };
static const char META_KEY[] = "height", BASE_KEY[] = "base";
enum { POSITION_SIZE = 12, KEY_MAX = HASH_SIZE + POSITION_SIZE + 4 };

static struct bytes position(uint64_t height, uint32_t index, uint8_t out[POSITION_SIZE])
{
    struct buf b = buf_over(out, POSITION_SIZE);
    buf_put_u64(&b, height);
    buf_put_u32(&b, index);
    return buf_bytes(&b);
}

/* subject or commitment ‖ height ‖ index ‖ number: in order of time for each. */
static struct bytes long_key(const struct hash *of, uint64_t height, uint32_t index,
                             uint32_t number, uint8_t out[KEY_MAX])
{
    struct buf b = buf_over(out, KEY_MAX);
    buf_put_hash(&b, of);
    buf_put_u64(&b, height);
    buf_put_u32(&b, index);
    buf_put_u32(&b, number);
    return buf_bytes(&b);
}

enum err index_open(struct index *x, const char *folder, size_t map_size)
{
    struct bytes meta;
    struct kv *kv = NULL;
    TRY(kv_open(folder, TABLES, COUNT(TABLES), map_size, &kv));
    *x = (struct index){ .kv = kv };
    enum err e = kv_get(kv, T_META, bytes_of_str(META_KEY), &meta);
    if (e == ERR_NONE) {
        struct reader r = reader_over(meta);
        x->height = reader_u64(&r);
        e = reader_done(&r) == ERR_NONE ? ERR_NONE : ERR_CORRUPT;
    }
    if (e == ERR_NONE && kv_get(kv, T_META, bytes_of_str(BASE_KEY), &meta) == ERR_NONE) {
        struct reader r = reader_over(meta);
        x->base = reader_u64(&r);
        e = reader_done(&r) == ERR_NONE ? ERR_NONE : ERR_CORRUPT;
    }
    if (e != ERR_NONE && e != ERR_NOT_FOUND) {
        index_close(x);
        return e;
    }
    return ERR_NONE;
}

void index_close(struct index *x)
{
    kv_close(x->kv);
    x->kv = NULL;
}

enum err index_restart(struct index *x, uint64_t height)
{
    static const uint32_t CLEARED[] = { T_RECEIPTS, T_TXS, T_EVENTS, T_ATTACHMENTS };
    uint8_t raw[8];
    struct buf b = buf_over(raw, sizeof raw);
    buf_put_u64(&b, height);
    for (size_t i = 0; i < COUNT(CLEARED); i++) {
        TRY(kv_clear(x->kv, CLEARED[i]));
    }
    TRY(kv_put(x->kv, T_META, bytes_of_str(META_KEY), buf_bytes(&b)));
    TRY(kv_put(x->kv, T_META, bytes_of_str(BASE_KEY), buf_bytes(&b)));
    x->height = x->base = height;
    return ERR_NONE;
}

enum err index_commit(struct index *x)
{
    return kv_mark(x->kv);
}

static enum err put_receipt(struct index *x, const struct replica_commit *c,
                            const struct receipt *r)
{
    uint8_t where[POSITION_SIZE], value[16 * 1024 + 64];
    struct bytes at = position(c->tip.height, r->index, where);
    struct buf b = buf_over(value, sizeof value);
    buf_put_u64(&b, c->tip.time_ms);
    buf_put_u32(&b, r->status);
    buf_put_hash(&b, &r->transaction);
    buf_put(&b, r->wire);
    TRY(buf_done(&b));
    TRY(kv_put(x->kv, T_RECEIPTS, at, buf_bytes(&b)));
    return kv_put(x->kv, T_TXS, bytes_of_hash(&r->transaction), at);
}

static enum err put_events(struct index *x, uint64_t height, const struct receipt *r)
{
    for (uint32_t i = 0; i < r->event_count; i++) {
        for (uint32_t s = 0; s < r->event[i].subject_count; s++) {
            uint8_t key[KEY_MAX];
            struct bytes k = long_key(&r->event[i].subject[s], height, r->index, i, key);
            TRY(kv_put(x->kv, T_EVENTS, k, (struct bytes){ NULL, 0 }));
        }
    }
    return ERR_NONE;
}

static enum err put_attachments(struct index *x, uint64_t height, uint32_t index,
                                const struct tx *tx)
{
    for (uint32_t i = 0; i < tx->body.attachment_count; i++) {
        const struct tx_attachment *a = &tx->body.attachment[i];
        uint8_t key[KEY_MAX], value[64 + TX_READERS_MAX * HASH_SIZE];
        struct buf b = buf_over(value, sizeof value);
        buf_put_hash(&b, &tx->body.signer[0].did);
        buf_put_u64(&b, a->keep_until_ms);
        buf_put_u32(&b, a->kind);
        buf_put_u32(&b, a->reader_count);
        for (uint32_t r = 0; r < a->reader_count; r++) {
            buf_put_hash(&b, &a->reader[r]);
        }
        TRY(buf_done(&b));
        struct bytes k = long_key(&a->commitment, height, index, i, key);
        TRY(kv_put(x->kv, T_ATTACHMENTS, k, buf_bytes(&b)));
    }
    return ERR_NONE;
}

static enum err put_block(struct index *x, const struct suite *s, const struct replica_commit *c,
                          struct arena *work)
{
    struct block b;
    TRY(block_decode(s, c->block, work, &b));
    if (b.tx_count != c->receipt_count) {
        return ERR_STATE;
    }
    for (uint32_t i = 0; i < b.tx_count; i++) {
        const struct receipt *r = &c->receipt[i];
        struct tx tx;
        size_t mark = arena_mark(work);
        TRY(tx_decode(s, b.tx[i], work, &tx));
        TRY(put_receipt(x, c, r));
        TRY(put_events(x, c->tip.height, r));
        if (r->status == RECEIPT_OK) {
            TRY(put_attachments(x, c->tip.height, i, &tx));
        }
        arena_release(work, mark);
    }
    return ERR_NONE;
}

enum err index_block(struct index *x, const struct suite *s, const struct replica_commit *c,
                     struct arena *work)
{
    uint8_t height[8];
    if (c->tip.height <= x->height) {
        return ERR_NONE;
    }
    if (c->tip.height != x->height + 1) {
        return ERR_STATE;
    }
    size_t mark = arena_mark(work);
    enum err e = put_block(x, s, c, work);
    arena_release(work, mark);
    TRY(e);
    struct buf b = buf_over(height, sizeof height);
    buf_put_u64(&b, c->tip.height);
    TRY(kv_put(x->kv, T_META, bytes_of_str(META_KEY), buf_bytes(&b)));
    x->height = c->tip.height;
    return ERR_NONE;
}

static enum err read_tx(struct bytes at, struct bytes value, struct index_tx *out)
{
    struct reader k = reader_over(at), v = reader_over(value);
    struct index_tx tx = { .height = reader_u64(&k) };
    tx.index = reader_u32(&k);
    tx.time_ms = reader_u64(&v);
    tx.status = reader_u32(&v);
    tx.id = reader_hash(&v);
    tx.receipt = bytes_of(v.ptr, v.left);
    if (v.bad || reader_done(&k) != ERR_NONE) {
        return ERR_CORRUPT;
    }
    *out = tx;
    return ERR_NONE;
}

static enum err tx_at(struct index *x, struct bytes at, struct index_tx *out)
{
    struct bytes value;
    TRY(kv_get(x->kv, T_RECEIPTS, at, &value));
    return read_tx(at, value, out);
}

enum err index_find_tx(struct index *x, const struct hash *id, struct index_tx *out)
{
    struct bytes at;
    TRY(kv_get(x->kv, T_TXS, bytes_of_hash(id), &at));
    return tx_at(x, at, out);
}

struct event_walk {
    struct index *index;
    const struct hash *subject;
    struct arena *work;
    index_event_visit *visit;
    void *user;
};

static enum err visit_subject(void *user, struct bytes key, struct bytes value, bool *more)
{
    const struct event_walk *w = user;
    struct index_tx tx;
    struct reader r = reader_over(key);
    struct hash subject = reader_hash(&r);
    struct bytes at = reader_take(&r, POSITION_SIZE);
    uint32_t number = reader_u32(&r);
    (void)value;
    if (reader_done(&r) != ERR_NONE) {
        return ERR_CORRUPT;
    }
    *more = hash_equal(&subject, w->subject);
    if (!*more) {
        return ERR_NONE;
    }
    TRY(tx_at(w->index, at, &tx));
    return w->visit(w->user, &tx, number, more);
}

static enum err visit_all(void *user, struct bytes key, struct bytes value, bool *more)
{
    const struct event_walk *w = user;
    struct index_tx tx;
    struct receipt r;
    size_t mark = arena_mark(w->work);
    TRY(read_tx(key, value, &tx));
    enum err e = receipt_decode(tx.receipt, w->work, &r);
    arena_release(w->work, mark);
    TRY(e);
    *more = true;
    for (uint32_t i = 0; i < r.event_count && *more; i++) {
        TRY(w->visit(w->user, &tx, i, more));
    }
    return ERR_NONE;
}

enum err index_each_event(struct index *x, const struct hash *subject, uint64_t height,
                          uint32_t index, struct arena *work, index_event_visit *visit, void *user)
{
    struct event_walk w = { x, subject, work, visit, user };
    uint8_t key[KEY_MAX];
    if (subject == NULL) {
        return kv_each(x->kv, T_RECEIPTS, position(height, index, key), visit_all, &w);
    }
    return kv_each(x->kv, T_EVENTS, long_key(subject, height, index, 0, key), visit_subject, &w);
}

struct attachment_walk {
    const struct hash *commitment;
    index_attachment_visit *visit;
    void *user;
};

static enum err visit_attachment(void *user, struct bytes key, struct bytes value, bool *more)
{
    const struct attachment_walk *w = user;
    struct index_attachment a = { 0 };
    struct reader k = reader_over(key), v = reader_over(value);
    struct hash commitment = reader_hash(&k);
    a.height = reader_u64(&k);
    a.index = reader_u32(&k);
    a.number = reader_u32(&k);
    a.author = reader_hash(&v);
    a.keep_until_ms = reader_u64(&v);
    a.kind = reader_u32(&v);
    a.reader_count = reader_u32(&v);
    for (uint32_t i = 0; i < a.reader_count && i < TX_READERS_MAX; i++) {
        a.reader[i] = reader_hash(&v);
    }
    if (reader_done(&k) != ERR_NONE || reader_done(&v) != ERR_NONE) {
        return ERR_CORRUPT;
    }
    *more = hash_equal(&commitment, w->commitment);
    return *more ? w->visit(w->user, &a, more) : ERR_NONE;
}

enum err index_each_attachment(struct index *x, const struct hash *commitment,
                               index_attachment_visit *visit, void *user)
{
    struct attachment_walk w = { commitment, visit, user };
    return kv_each(x->kv, T_ATTACHMENTS, bytes_of_hash(commitment), visit_attachment, &w);
}

enum err index_task_put(struct index *x, struct bytes key, struct bytes value)
{
    return kv_put(x->kv, T_TASKS, key, value);
}

enum err index_task_del(struct index *x, struct bytes key)
{
    return kv_del(x->kv, T_TASKS, key);
}

enum err index_each_task(struct index *x, struct bytes from, kv_visit *visit, void *user)
{
    return kv_each(x->kv, T_TASKS, from, visit, user);
}
