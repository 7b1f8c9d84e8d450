#include <stdlib.h>
#include <string.h>

#include "ledger/snapshot.h"
#include "node/store_internal.h"

enum { STORE_VALUES, STORE_META };
enum { STORE_KEY_SIZE = 2 + HASH_SIZE, STORE_FORMAT = 1 };

struct store {
    struct kv *kv;
};

static const char *const TABLES[] = { "values", "meta" };
static const char META_KEY[] = "tip";

enum err store_open(const char *folder, size_t map_size, struct store **out)
{
    struct store *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return ERR_FAILED;
    }
    enum err e = kv_open(folder, TABLES, COUNT(TABLES), map_size, &s->kv);
    if (e != ERR_NONE) {
        free(s);
        return e;
    }
    *out = s;
    return ERR_NONE;
}

void store_close(struct store *s)
{
    if (s != NULL) {
        kv_close(s->kv);
        free(s);
    }
}

static struct bytes key_of(uint16_t contract, const struct hash *tree_key,
                           uint8_t out[STORE_KEY_SIZE])
{
    struct buf b = buf_over(out, STORE_KEY_SIZE);
    buf_put_u16(&b, contract);
    buf_put_hash(&b, tree_key);
    return buf_bytes(&b);
}

static enum err store_get(void *ctx, uint16_t contract, const struct hash *tree_key,
                          struct bytes *out)
{
    struct store *s = ctx;
    uint8_t key[STORE_KEY_SIZE];
    return kv_get(s->kv, STORE_VALUES, key_of(contract, tree_key, key), out);
}

struct walk {
    void *user;
    enum err (*visit)(void *user, uint16_t contract, const struct hash *tree_key,
                      struct bytes stored);
};

static enum err walk_one(void *user, struct bytes key, struct bytes value, bool *more)
{
    const struct walk *w = user;
    struct reader r = reader_over(key);
    uint16_t contract = reader_u16(&r);
    struct hash tree_key = reader_hash(&r);
    *more = true;
    if (reader_done(&r) != ERR_NONE) {
        return ERR_CORRUPT;
    }
    return w->visit(w->user, contract, &tree_key, value);
}

static enum err store_each(void *ctx, void *user,
                           enum err (*visit)(void *user, uint16_t contract,
                                             const struct hash *tree_key, struct bytes stored))
{
    struct store *s = ctx;
    struct walk w = { user, visit };
    return kv_each(s->kv, STORE_VALUES, (struct bytes){ NULL, 0 }, walk_one, &w);
}

struct state_store store_reads(struct store *s)
{
    return (struct state_store){ s, store_get, store_each };
}

enum err store_change(struct store *s, const struct state_change *c)
{
    uint8_t key[STORE_KEY_SIZE];
    struct bytes k = key_of(c->contract, &c->tree_key, key);
    if (c->stored.len == 0) {
        return kv_del(s->kv, STORE_VALUES, k);
    }
    return kv_put(s->kv, STORE_VALUES, k, c->stored);
}

enum err store_mark(struct store *s, uint64_t height, struct bytes header,
                    const struct merkle_frontier *history)
{
    uint8_t meta[STORE_META_SIZE_MAX];
    struct buf b = buf_over(meta, sizeof meta);
    buf_put_u8(&b, STORE_FORMAT);
    buf_put_u64(&b, height);
    buf_put_u64(&b, history->count);
    for (uint32_t i = 0; i < MERKLE_PATH_MAX; i++) {
        if ((history->count >> i & 1) != 0) {
            buf_put_hash(&b, &history->peak[i]);
        }
    }
    buf_put_u32(&b, (uint32_t)header.len);
    buf_put(&b, header);
    TRY(buf_done(&b));
    return kv_put(s->kv, STORE_META, bytes_of_str(META_KEY), buf_bytes(&b));
}

enum err store_commit(struct store *s)
{
    return kv_mark(s->kv);
}

static enum err read_tip(struct bytes meta, uint64_t *height, struct bytes *header,
                         struct merkle_frontier *history)
{
    struct merkle_frontier f;
    struct reader r = reader_over(meta);
    uint8_t format = reader_u8(&r);
    uint64_t at = reader_u64(&r);
    memset(&f, 0, sizeof f);
    f.count = reader_u64(&r);
    for (uint32_t i = 0; i < MERKLE_PATH_MAX; i++) {
        if ((f.count >> i & 1) != 0) {
            f.peak[i] = reader_hash(&r);
        }
    }
    struct bytes h = reader_take(&r, reader_u32(&r));
    if (reader_done(&r) != ERR_NONE) {
        return ERR_CORRUPT;
    }
    if (format != STORE_FORMAT) {
        return ERR_VERSION;
    }
    *height = at;
    *header = h;
    *history = f;
    return ERR_NONE;
}

enum err store_tip(struct store *s, uint64_t *height, struct bytes *header,
                   struct merkle_frontier *history)
{
    struct bytes meta;
    TRY(kv_get(s->kv, STORE_META, bytes_of_str(META_KEY), &meta));
    return read_tip(meta, height, header, history);
}

enum err store_clear(struct store *s)
{
    TRY(kv_clear(s->kv, STORE_VALUES));
    return kv_clear(s->kv, STORE_META);
}

enum err store_pin(struct store *s, uint64_t *height)
{
    struct bytes meta, header;
    struct merkle_frontier history;
    TRY(kv_pin(s->kv));
    enum err e = kv_pinned_get(s->kv, STORE_META, bytes_of_str(META_KEY), &meta);
    if (e == ERR_NONE) {
        e = read_tip(meta, height, &header, &history);
    }
    if (e != ERR_NONE) {
        kv_unpin(s->kv);
    }
    return e;
}

void store_unpin(struct store *s)
{
    kv_unpin(s->kv);
}

/* One contract's run of a piece, and where the next contract begins. */
struct piece_walk {
    struct walk walk;
    uint32_t depth, piece;
    uint32_t contract; /* of the run; more than 16 bits: not known yet */
    bool found;        /* a value of this contract or a later one */
};

static enum err piece_one(void *user, struct bytes key, struct bytes value, bool *more)
{
    struct piece_walk *w = user;
    struct reader r = reader_over(key);
    uint16_t contract = reader_u16(&r);
    struct hash tree_key = reader_hash(&r);
    if (reader_done(&r) != ERR_NONE) {
        return ERR_CORRUPT;
    }
    w->found = true;
    *more = contract == w->contract && snapshot_piece_of(&tree_key, w->depth) == w->piece;
    if (!*more) {
        w->contract = contract;
        return ERR_NONE;
    }
    return w->walk.visit(w->walk.user, contract, &tree_key, value);
}

/* Values are kept by contract, and in each by tree key: a seek to each contract that there is. */
enum err store_piece(struct store *s, uint32_t depth, uint32_t piece, void *user,
                     enum err (*visit)(void *user, uint16_t contract, const struct hash *tree_key,
                                       struct bytes stored))
{
    struct hash first = { { 0 } };
    uint8_t key[STORE_KEY_SIZE];
    uint32_t bits = depth == 0 ? 0 : piece << (16 - depth);
    first.b[0] = (uint8_t)(bits >> 8);
    first.b[1] = (uint8_t)bits;
    for (uint32_t contract = 0; contract <= UINT16_MAX;) {
        struct piece_walk w = { { user, visit }, depth, piece, contract, false };
        struct bytes from = key_of((uint16_t)contract, &first, key);
        TRY(kv_pinned_each(s->kv, STORE_VALUES, from, piece_one, &w));
        if (!w.found) {
            break;
        }
        contract = w.contract > contract ? w.contract : contract + 1;
    }
    return ERR_NONE;
}
