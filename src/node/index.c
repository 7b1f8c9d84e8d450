#include "node/index_internal.h"

#include <string.h>

#include "ledger/proof.h"

enum { T_RECEIPTS, T_TXS, T_EVENTS, T_ATTACHMENTS, T_TASKS, T_META, T_LISTS };
static const char *const TABLES[] = { "receipts", "txs",  "events", "attachments",
                                      "tasks",    "meta", "lists" };
static const char META_KEY[] = "height", BASE_KEY[] = "base";
enum { POSITION_SIZE = 12, KEY_MAX = INDEX_PREFIX_MAX + POSITION_SIZE + 4 };
enum { VALUE_HEAD = 8 + 4 + HASH_SIZE + HASH_SIZE + 4, RECEIPT_MAX = 16 * 1024 };
enum { LAYOUT = 2 }; /* of these tables */

/* Table "lists": author, method and kind, then the place; time, then the height. */
enum { LIST_AUTHOR = 'a', LIST_KIND = 'k', LIST_METHOD = 'm', LIST_TIME = 't' };

static struct index_list list_of(uint32_t table, bool numbered, const struct buf *prefix)
{
    struct index_list l = { .table = table, .numbered = numbered, .len = prefix->len };
    ASSERT(!prefix->full);
    memcpy(l.prefix, prefix->ptr, prefix->len);
    return l;
}

struct index_list index_all(void)
{
    return (struct index_list){ .table = T_RECEIPTS };
}

struct index_list index_of_subject(const struct hash *subject)
{
    uint8_t memory[INDEX_PREFIX_MAX];
    struct buf b = buf_over(memory, sizeof memory);
    buf_put_hash(&b, subject);
    return list_of(T_EVENTS, true, &b);
}

struct index_list index_of_author(const struct hash *author)
{
    uint8_t memory[INDEX_PREFIX_MAX];
    struct buf b = buf_over(memory, sizeof memory);
    buf_put_u8(&b, LIST_AUTHOR);
    buf_put_hash(&b, author);
    return list_of(T_LISTS, false, &b);
}

struct index_list index_of_method(uint32_t method)
{
    uint8_t memory[INDEX_PREFIX_MAX];
    struct buf b = buf_over(memory, sizeof memory);
    buf_put_u8(&b, LIST_METHOD);
    buf_put_u32(&b, method);
    return list_of(T_LISTS, false, &b);
}

struct index_list index_of_kind(uint32_t contract, uint32_t type)
{
    uint8_t memory[INDEX_PREFIX_MAX];
    struct buf b = buf_over(memory, sizeof memory);
    buf_put_u8(&b, LIST_KIND);
    buf_put_u32(&b, contract);
    buf_put_u32(&b, type);
    return list_of(T_LISTS, true, &b);
}

static struct bytes position(uint64_t height, uint32_t index, uint8_t out[POSITION_SIZE])
{
    struct buf b = buf_over(out, POSITION_SIZE);
    buf_put_u64(&b, height);
    buf_put_u32(&b, index);
    return buf_bytes(&b);
}

/* What a list's key is at a place: its prefix ‖ height ‖ index [‖ number], so each is in order of
 * time. */
static struct bytes list_key(const struct index_list *l, uint64_t height, uint32_t index,
                             uint32_t number, uint8_t out[KEY_MAX])
{
    struct buf b = buf_over(out, KEY_MAX);
    buf_put(&b, bytes_of(l->prefix, l->len));
    buf_put_u64(&b, height);
    buf_put_u32(&b, index);
    if (l->numbered) {
        buf_put_u32(&b, number);
    }
    return buf_bytes(&b);
}

static enum err list_put(struct index *x, struct index_list l, uint64_t height, uint32_t index,
                         uint32_t number)
{
    uint8_t key[KEY_MAX];
    return kv_put(x->kv, l.table, list_key(&l, height, index, number, key),
                  (struct bytes){ NULL, 0 });
}

/* commitment ‖ height ‖ index ‖ number */
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

/* height ‖ layout: an index of another release's tables is none, and is made anew. */
static enum err get_height(struct kv *kv, const char *key, uint64_t *out)
{
    struct bytes meta;
    TRY(kv_get(kv, T_META, bytes_of_str(key), &meta));
    struct reader r = reader_over(meta);
    uint64_t height = reader_u64(&r);
    uint32_t layout = reader_u32(&r);
    if (reader_done(&r) != ERR_NONE || layout != LAYOUT) {
        return ERR_CORRUPT;
    }
    *out = height;
    return ERR_NONE;
}

static enum err put_height(struct kv *kv, const char *key, uint64_t height)
{
    uint8_t raw[12];
    struct buf b = buf_over(raw, sizeof raw);
    buf_put_u64(&b, height);
    buf_put_u32(&b, LAYOUT);
    return kv_put(kv, T_META, bytes_of_str(key), buf_bytes(&b));
}

enum err index_open(struct index *x, const char *folder, size_t map_size)
{
    struct kv *kv = NULL;
    TRY(kv_open(folder, TABLES, COUNT(TABLES), map_size, &kv));
    *x = (struct index){ .kv = kv };
    enum err e = get_height(kv, META_KEY, &x->height);
    if (e == ERR_NONE) {
        e = get_height(kv, BASE_KEY, &x->base);
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
    static const uint32_t CLEARED[] = { T_RECEIPTS, T_TXS, T_EVENTS, T_ATTACHMENTS, T_LISTS };
    for (size_t i = 0; i < COUNT(CLEARED); i++) {
        TRY(kv_clear(x->kv, CLEARED[i]));
    }
    TRY(put_height(x->kv, META_KEY, height));
    TRY(put_height(x->kv, BASE_KEY, height));
    x->height = x->base = height;
    return ERR_NONE;
}

enum err index_commit(struct index *x)
{
    return kv_mark(x->kv);
}

static enum err put_receipt(struct index *x, const struct replica_commit *c,
                            const struct receipt *r, const struct tx *tx)
{
    uint8_t where[POSITION_SIZE], value[VALUE_HEAD + RECEIPT_MAX];
    const struct hash *author = &tx->body.signer[0].did;
    struct bytes at = position(c->tip.height, r->index, where);
    struct buf b = buf_over(value, sizeof value);
    buf_put_u64(&b, c->tip.time_ms);
    buf_put_u32(&b, r->status);
    buf_put_hash(&b, &r->transaction);
    buf_put_hash(&b, author);
    buf_put_u32(&b, tx->body.method);
    buf_put(&b, r->wire);
    TRY(buf_done(&b));
    TRY(kv_put(x->kv, T_RECEIPTS, at, buf_bytes(&b)));
    TRY(list_put(x, index_of_author(author), c->tip.height, r->index, 0));
    TRY(list_put(x, index_of_method(tx->body.method), c->tip.height, r->index, 0));
    return kv_put(x->kv, T_TXS, bytes_of_hash(&r->transaction), at);
}

static enum err put_events(struct index *x, uint64_t height, const struct receipt *r)
{
    for (uint32_t i = 0; i < r->event_count; i++) {
        const struct event *e = &r->event[i];
        for (uint32_t s = 0; s < e->subject_count; s++) {
            TRY(list_put(x, index_of_subject(&e->subject[s]), height, r->index, i));
        }
        TRY(list_put(x, index_of_kind(e->contract, e->type), height, r->index, i));
    }
    return ERR_NONE;
}

/* Times of blocks never go back, so that this is in order of height too. */
static struct bytes time_key(uint64_t time_ms, uint64_t height, uint8_t out[KEY_MAX])
{
    struct buf b = buf_over(out, KEY_MAX);
    buf_put_u8(&b, LIST_TIME);
    buf_put_u64(&b, time_ms);
    buf_put_u64(&b, height);
    return buf_bytes(&b);
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
    uint8_t key[KEY_MAX];
    TRY(block_decode(s, c->block, work, &b));
    if (b.tx_count != c->receipt_count) {
        return ERR_STATE;
    }
    TRY(kv_put(x->kv, T_LISTS, time_key(c->tip.time_ms, c->tip.height, key),
               (struct bytes){ NULL, 0 }));
    for (uint32_t i = 0; i < b.tx_count; i++) {
        const struct receipt *r = &c->receipt[i];
        struct tx tx;
        size_t mark = arena_mark(work);
        TRY(tx_decode(s, b.tx[i], work, &tx));
        TRY(put_receipt(x, c, r, &tx));
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
    TRY(put_height(x->kv, META_KEY, c->tip.height));
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
    tx.author = reader_hash(&v);
    tx.method = reader_u32(&v);
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

struct list_walk {
    struct index *index;
    const struct index_list *list;
    index_visit *visit;
    void *user;
};

static enum err visit_place(void *user, struct bytes key, struct bytes value, bool *more)
{
    const struct list_walk *w = user;
    const struct index_list *l = w->list;
    struct index_tx tx;
    struct reader r = reader_over(key);
    struct bytes prefix = reader_take(&r, l->len);
    struct bytes at = reader_take(&r, POSITION_SIZE);
    *more = !r.bad && bytes_equal(prefix, bytes_of(l->prefix, l->len));
    if (!*more) {
        return ERR_NONE; /* the next list begins */
    }
    uint32_t number = l->numbered ? reader_u32(&r) : INDEX_EVERY;
    TRY(reader_done(&r) == ERR_NONE ? ERR_NONE : ERR_CORRUPT);
    TRY(l->table == T_RECEIPTS ? read_tx(at, value, &tx) : tx_at(w->index, at, &tx));
    return w->visit(w->user, &tx, number, more);
}

enum err index_each(struct index *x, const struct index_list *list, uint64_t height, uint32_t index,
                    index_visit *visit, void *user)
{
    struct list_walk w = { x, list, visit, user };
    uint8_t key[KEY_MAX];
    return kv_each(x->kv, list->table, list_key(list, height, index, 0, key), visit_place, &w);
}

static enum err first_height(void *user, struct bytes key, struct bytes value, bool *more)
{
    uint64_t *height = user;
    struct reader r = reader_over(key);
    (void)value;
    *more = false;
    if (reader_u8(&r) == LIST_TIME) {
        (void)reader_u64(&r);
        *height = reader_u64(&r);
        TRY(reader_done(&r) == ERR_NONE ? ERR_NONE : ERR_CORRUPT);
    }
    return ERR_NONE;
}

enum err index_height_since(struct index *x, uint64_t time_ms, uint64_t *height)
{
    uint8_t key[KEY_MAX];
    uint64_t found = UINT64_MAX;
    TRY(kv_each(x->kv, T_LISTS, time_key(time_ms, 0, key), first_height, &found));
    *height = found;
    return ERR_NONE;
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
