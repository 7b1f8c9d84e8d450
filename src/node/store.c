#include <stdlib.h>
#include <string.h>

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

enum err store_tip(struct store *s, uint64_t *height, struct bytes *header,
                   struct merkle_frontier *history)
{
    struct bytes meta;
    struct merkle_frontier f;
    TRY(kv_get(s->kv, STORE_META, bytes_of_str(META_KEY), &meta));
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
