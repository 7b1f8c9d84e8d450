/* pack — the law as state: pieces, the set in force, and its open form in the cache (FORMATS 9). */
#include "contract/contract_internal.h"

static enum err piece_load(struct contract_call *k, const struct hash *set, uint32_t index,
                           struct buf *joined, uint32_t *count)
{
    struct pack_piece_record r;
    size_t mark = arena_mark(k->arena);
    TRY(pack_piece_record_load(k, contract_key_pack_piece(set, index), &r));
    if (joined != NULL) {
        buf_put(joined, r.piece);
    }
    arena_release(k->arena, mark);
    *count = r.count;
    return ERR_NONE;
}

/* The canonical bytes of a set, joined from its pieces in the cache's memory, which closes the set
 * that is open there. ERR_NOT_FOUND: a piece is missing; ERR_INTEGRITY: they are not what they are
 * named. */
static enum err pack_join(struct contract_call *k, const struct hash *set, struct bytes *out)
{
    struct contract_env *env = ctx_user(k->ctx);
    uint32_t count, same;
    struct hash hash;
    TRY(piece_load(k, set, 0, NULL, &count));
    ASSERT(count >= 1 && count <= CONTRACT_PIECES_MAX);
    env->set = NULL;
    arena_reset(&env->cache);
    size_t size = (size_t)count * CONTRACT_PIECE_SIZE_MAX;
    uint8_t *joined = arena_alloc(&env->cache, size);
    if (joined == NULL) {
        return ERR_NO_SPACE;
    }
    struct buf b = buf_over(joined, size);
    for (uint32_t i = 0; i < count; i++) {
        TRY(piece_load(k, set, i, &b, &same));
        if (same != count) {
            return ERR_INTEGRITY;
        }
    }
    TRY(buf_done(&b));
    contract_pack_hash(ctx_suite(k->ctx), buf_bytes(&b), &hash);
    if (!hash_equal(&hash, set)) {
        return ERR_INTEGRITY;
    }
    *out = buf_bytes(&b);
    return ERR_NONE;
}

static enum err pack_open(struct contract_call *k, const struct hash *set)
{
    struct contract_env *env = ctx_user(k->ctx);
    struct bytes bytes;
    TRY(pack_join(k, set, &bytes));
    return policy_set_open(bytes, ctx_suite(k->ctx), &env->cache, &env->set);
}

enum err pack_in_force(struct contract_call *k, const struct policy_set **out)
{
    struct contract_env *env = ctx_user(k->ctx);
    struct pack_active_record r;
    enum err e = pack_active_record_load(k, contract_key_pack_active(), &r);
    if (e == ERR_NOT_FOUND) {
        return contract_refuse(k, RECEIPT_STATE);
    }
    TRY(e);
    const struct hash *set = contract_pack_at(&r, k->height);
    TRY(contract_need(k, !hash_is_zero(set), RECEIPT_STATE));
    if (env->set == NULL || !hash_equal(policy_set_hash(env->set), set)) {
        TRY(pack_open(k, set));
    }
    *out = env->set;
    return ERR_NONE;
}

/* Never answered from the cache: what a dropped block brought is not in state. */
enum err pack_verify(struct contract_call *k, const struct hash *set)
{
    enum err e = pack_open(k, set);
    if (e == ERR_NOT_FOUND) {
        return contract_refuse(k, RECEIPT_NOT_FOUND);
    }
    return contract_need(k, e == ERR_NONE, RECEIPT_STATE);
}

/* One change at a time: a set that is decided but not yet in force is not replaced by another. */
enum err pack_activate(struct contract_call *k, const struct hash *set, uint64_t height)
{
    struct pack_active_record r;
    struct contract_key key = contract_key_pack_active();
    enum err e = pack_active_record_load(k, key, &r);
    if (e == ERR_NOT_FOUND) {
        r = (struct pack_active_record){ .height = 0 };
    } else {
        TRY(e);
    }
    bool pending = !hash_is_zero(&r.next) && k->height < r.next_height;
    TRY(contract_need(k, !pending, RECEIPT_STATE));
    if (!hash_is_zero(&r.next)) {
        r.set = r.next;
        r.height = r.next_height;
    }
    r.next = *set;
    r.next_height = height;
    return pack_active_record_store(k, key, &r);
}

static enum err put_piece(struct contract_call *k, const struct hash *set, uint32_t index,
                          uint32_t count, struct bytes piece)
{
    struct pack_piece_record r = { .piece = piece, .count = count };
    return pack_piece_record_store(k, contract_key_pack_piece(set, index), &r);
}

/* All pieces but the last are full, so that a set has one way to be cut. */
static bool piece_is_sound(const struct pack_put *x)
{
    bool last = x->index + 1 == x->count;
    return x->count >= 1 && x->count <= CONTRACT_PIECES_MAX && x->index < x->count &&
           (last ? x->piece.len >= 1 && x->piece.len <= CONTRACT_PIECE_SIZE_MAX
                 : x->piece.len == CONTRACT_PIECE_SIZE_MAX);
}

/* A piece may be replaced only while the pieces together are not the set they are named after: a
 * wrong piece can't block a name, and what is right can't be changed. */
static enum err need_replaceable(struct contract_call *k, const struct pack_put *x)
{
    struct pack_piece_record old;
    struct bytes joined;
    enum err e = pack_piece_record_load(k, contract_key_pack_piece(&x->set, x->index), &old);
    if (e == ERR_NOT_FOUND) {
        return ERR_NONE;
    }
    TRY(e);
    bool same = old.count == x->count && bytes_equal(old.piece, x->piece);
    TRY(contract_need(k, !same, RECEIPT_EXISTS));
    e = pack_join(k, &x->set, &joined);
    return contract_need(k, e == ERR_NOT_FOUND || e == ERR_INTEGRITY, RECEIPT_EXISTS);
}

enum err pack_put(struct contract_call *k, const struct pack_put *x)
{
    TRY(contract_need(k, piece_is_sound(x), RECEIPT_ARGS));
    TRY(contract_need_founder(k));
    TRY(need_replaceable(k, x));
    return put_piece(k, &x->set, x->index, x->count, x->piece);
}

enum err pack_genesis(struct contract_call *k, const struct genesis *g)
{
    struct pack_active_record r = { .height = 0 };
    size_t count = (g->pack_set.len + CONTRACT_PIECE_SIZE_MAX - 1) / CONTRACT_PIECE_SIZE_MAX;
    if (count == 0) {
        return ERR_NONE;
    }
    if (count > CONTRACT_PIECES_MAX) {
        return ERR_SIZE;
    }
    contract_pack_hash(ctx_suite(k->ctx), g->pack_set, &r.set);
    for (size_t i = 0; i < count; i++) {
        size_t from = i * CONTRACT_PIECE_SIZE_MAX, left = g->pack_set.len - from;
        size_t len = left < CONTRACT_PIECE_SIZE_MAX ? left : CONTRACT_PIECE_SIZE_MAX;
        size_t mark = arena_mark(k->arena);
        TRY(put_piece(k, &r.set, (uint32_t)i, (uint32_t)count,
                      bytes_of(g->pack_set.ptr + from, len)));
        arena_release(k->arena, mark);
    }
    TRY(pack_active_record_store(k, contract_key_pack_active(), &r));
    return pack_open(k, &r.set);
}
