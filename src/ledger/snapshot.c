/* What makes a snapshot true (FORMATS 10, 13, 15): a quorum's word for the header, and hashes from
 * there down to each piece. */
#include "ledger/snapshot_internal.h"

#include <string.h>

#include "ledger/ledger_internal.h"
#include "ledger/proof_internal.h"
#include "ledger/state_internal.h"

static struct peaks peaks_of(const struct merkle_frontier *f)
{
    struct peaks p = { .count = 0 };
    for (uint32_t i = 0; i < MERKLE_PATH_MAX; i++) {
        if ((f->count >> i & 1) != 0) {
            p.peak[p.count++] = f->peak[i];
        }
    }
    return p;
}

/* The frontier over `count` headers, when its root is the one expected. */
static enum err frontier_of(const struct suite *s, const struct peaks *p, uint64_t count,
                            const struct hash *want, struct merkle_frontier *out)
{
    struct merkle_frontier f;
    struct hash root;
    uint32_t next = 0;
    merkle_frontier_init(&f);
    f.count = count;
    for (uint32_t i = 0; i < MERKLE_PATH_MAX; i++) {
        if ((count >> i & 1) == 0) {
            continue;
        }
        if (next == p->count) {
            return ERR_PROOF;
        }
        f.peak[i] = p->peak[next++];
    }
    merkle_frontier_root(s, &f, &root);
    if (next != p->count || !hash_equal(&root, want)) {
        return ERR_PROOF;
    }
    *out = f;
    return ERR_NONE;
}

static enum err check_history(const struct suite *s, const struct snapshot_parts *p,
                              struct snapshot *out)
{
    const struct header *h = &out->header, *first = &out->first;
    struct hash hash, leaf;
    if (first->height == 0 || first->height >= h->height) {
        return ERR_PROOF;
    }
    header_hash(s, p->first, &hash);
    proof_header_leaf(s, &hash, &leaf);
    TRY(merkle_verify(s, &leaf, first->height, h->height, &p->first_path, &h->history_root));
    TRY(frontier_of(s, &p->before, first->height, &first->history_root, &out->before));
    TRY(frontier_of(s, &p->history, h->height, &h->history_root, &out->history));
    proof_header_leaf(s, &out->hash, &leaf);
    merkle_frontier_append(s, &out->history, &leaf);
    return ERR_NONE;
}

static enum err check_pieces(const struct suite *s, const struct snapshot_parts *p, struct arena *a,
                             struct snapshot *out)
{
    size_t count = (size_t)1 << p->depth;
    struct state_subtree *piece = ARENA_ARRAY(a, struct state_subtree, count);
    struct state_subtree *joined = ARENA_ARRAY(a, struct state_subtree, count);
    struct hash root;
    if (piece == NULL || joined == NULL) {
        return ERR_NO_SPACE;
    }
    if (p->roots.len != count * HASH_SIZE || p->singles.len != (count + 7) / 8) {
        return ERR_ENCODING;
    }
    for (size_t i = 0; i < 8 * p->singles.len; i++) {
        bool single = (p->singles.ptr[i / 8] >> i % 8 & 1) != 0;
        if (i < count) {
            memcpy(piece[i].root.b, p->roots.ptr + i * HASH_SIZE, HASH_SIZE);
            piece[i].single = single;
        }
        if (single && (i >= count || hash_is_zero(&piece[i].root))) {
            return ERR_ENCODING;
        }
    }
    memcpy(joined, piece, count * sizeof *piece);
    state_subtrees_join(s, joined, p->depth, &root);
    out->depth = p->depth;
    out->piece = piece;
    return hash_equal(&root, &out->header.state_root) ? ERR_NONE : ERR_PROOF;
}

enum err snapshot_verify(const struct suite *s, const struct genesis *g,
                         const struct proof_caller *caller, struct bytes wire, struct arena *a,
                         struct snapshot *out, enum proof_step *step)
{
    struct snapshot_parts *p = ARENA_NEW(a, struct snapshot_parts);
    struct snapshot *own = ARENA_NEW(a, struct snapshot);
    struct certified_header certified;
    struct trust trust;
    *step = PROOF_ENCODING;
    if (p == NULL || own == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(snapshot_parts_decode(wire, a, p));
    if (p->depth > SNAPSHOT_DEPTH_MAX) {
        return ERR_SIZE;
    }
    TRY(proof_follow(s, g, p->hand_over, p->hand_over_count, a, &trust, step));
    TRY(proof_verify_header_by(s, g, &trust, caller, p->certified, a, &own->header, &own->hash,
                               step));
    own->hand_over_count = p->hand_over_count;
    own->hand_over = p->hand_over;
    *step = PROOF_HISTORY;
    TRY(certified_header_decode(p->certified, a, &certified));
    TRY(header_decode(p->first, a, &own->first));
    TRY(check_history(s, p, own));
    /* What a joiner will need must be there, or it could accept what others know as seen. */
    if (own->first.height > 1 &&
        snapshot_needs(g, &own->header, own->first.height, own->first.time_ms)) {
        return ERR_PROOF;
    }
    *step = PROOF_STATE;
    TRY(check_pieces(s, p, a, own));
    *step = PROOF_OK;
    TRY(arena_copy(a, wire, &own->wire));
    own->certified = p->certified;
    own->header_bytes = certified.header_bytes;
    own->first_bytes = p->first;
    own->first_path = p->first_path;
    *out = *own;
    return ERR_NONE;
}

bool snapshot_needs(const struct genesis *g, const struct header *tip, uint64_t height,
                    uint64_t time_ms)
{
    return height + 2 * (uint64_t)LAST_COMMIT_DEPTH_MAX >= tip->height ||
           time_ms + g->param[PARAM_TX_WINDOW_MS] >= tip->time_ms;
}

enum err snapshot_encode(const struct snapshot *s, struct arena *a, struct bytes *out)
{
    size_t count = (size_t)1 << s->depth;
    struct snapshot_parts p = { .certified = s->certified,
                                .first = s->first_bytes,
                                .first_path = s->first_path,
                                .before = peaks_of(&s->before),
                                .history = peaks_of(&s->history),
                                .depth = s->depth,
                                .hand_over_count = s->hand_over_count };
    for (uint32_t i = 0; i < s->hand_over_count && i < PROOF_HAND_OVERS_MAX; i++) {
        p.hand_over[i] = s->hand_over[i];
    }
    uint8_t *roots = arena_alloc(a, count * HASH_SIZE), *singles = arena_alloc(a, (count + 7) / 8);
    if (roots == NULL || singles == NULL) {
        return ERR_NO_SPACE;
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(roots + i * HASH_SIZE, s->piece[i].root.b, HASH_SIZE);
        singles[i / 8] = (uint8_t)(singles[i / 8] | (s->piece[i].single ? 1U << i % 8 : 0U));
    }
    p.roots = bytes_of(roots, count * HASH_SIZE);
    p.singles = bytes_of(singles, (count + 7) / 8);
    return snapshot_parts_encode(&p, a, out);
}

uint32_t snapshot_piece_of(const struct hash *tree_key, uint32_t depth)
{
    uint32_t bits = (uint32_t)tree_key->b[0] << 8 | tree_key->b[1];
    ASSERT(depth <= SNAPSHOT_DEPTH_MAX);
    return bits >> (16 - depth);
}

enum err snapshot_piece_root(const struct suite *s, const struct snapshot_entry *entry,
                             uint32_t count, uint32_t depth, struct arena *a,
                             struct state_subtree *piece)
{
    struct hash root;
    struct state_leaf *leaf = ARENA_ARRAY(a, struct state_leaf, count);
    if (leaf == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t i = 0; i < count; i++) {
        leaf[i].key = entry[i].tree_key;
        state_tree_value(s, entry[i].stored, &leaf[i].value);
    }
    TRY(state_subtree_root(s, leaf, count, depth, &root));
    *piece = (struct state_subtree){ root, count == 1 };
    return ERR_NONE;
}

enum err snapshot_piece_verify(const struct suite *s, const struct snapshot *snapshot,
                               uint32_t piece, struct bytes wire, size_t size_max, struct arena *a,
                               struct snapshot_entry **out, uint32_t *count)
{
    struct snapshot_entry *entry = NULL;
    struct state_subtree got;
    uint32_t n = 0;
    if (piece >> snapshot->depth != 0) {
        return ERR_RANGE;
    }
    TRY(snapshot_entries_decode(wire, size_max, a, &entry, &n));
    for (uint32_t i = 0; i < n; i++) {
        struct bytes key, value;
        TRY(state_stored_split(entry[i].stored, &key, &value));
        state_tree_key(s, entry[i].contract, key, &entry[i].tree_key);
        if (snapshot_piece_of(&entry[i].tree_key, snapshot->depth) != piece) {
            return ERR_PROOF;
        }
    }
    enum err e = snapshot_piece_root(s, entry, n, snapshot->depth, a, &got);
    if (e != ERR_NONE) {
        return e == ERR_RANGE ? ERR_PROOF : e;
    }
    /* The root alone: a wrong flag beside it would be the lie of whoever gave the snapshot. */
    if (!hash_equal(&got.root, &snapshot->piece[piece].root)) {
        return ERR_PROOF;
    }
    *out = entry;
    *count = n;
    return ERR_NONE;
}
