#include "node/pieces_internal.h"

#include <string.h>

uint32_t pieces_depth(uint32_t leaves)
{
    uint32_t depth = 0;
    while (depth < SNAPSHOT_DEPTH_MAX && leaves >> depth > PIECES_LEAVES) {
        depth++;
    }
    return depth;
}

/* The oldest block that a joiner needs: nothing below it can hold an open window. */
static enum err find_first(const struct blocklog *b, const struct genesis *g,
                           const struct header *tip, struct arena *keep, struct arena *work,
                           struct snapshot *out)
{
    for (uint64_t h = tip->height - 1; h > b->base; h--) {
        struct bytes wire = { NULL, 0 }, certificate = { NULL, 0 };
        struct block block = { 0 };
        size_t mark = arena_mark(work);
        enum err e = blocklog_read(b, h, work, &wire, &certificate);
        if (e == ERR_NONE) {
            e = block_decode(b->config.suite, wire, work, &block);
        }
        bool found = e == ERR_NONE && (h == 1 || !snapshot_needs(g, tip, h, block.header.time_ms));
        if (found) {
            out->first = block.header;
            e = arena_copy(keep, block.header_bytes, &out->first_bytes);
        }
        arena_release(work, mark);
        if (e != ERR_NONE || found) {
            return e;
        }
    }
    return ERR_NOT_FOUND; /* this node has not been here for a whole window */
}

enum err pieces_describe(const struct blocklog *b, const struct genesis *g,
                         const struct header *tip, struct bytes certified, struct arena *keep,
                         struct arena *work, struct snapshot *out)
{
    TRY(arena_copy(keep, certified, &out->certified));
    out->header = *tip;
    TRY(find_first(b, g, tip, keep, work, out));
    TRY(blocklog_prove(b, out->first.height, tip->height, &out->first_path));
    blocklog_frontier(b, out->first.height - 1, &out->before);
    blocklog_frontier(b, tip->height - 1, &out->history);
    return ERR_NONE;
}

struct gather {
    struct arena *work;
    struct snapshot_entry *entry;
    uint32_t count;
};

static enum err gather_one(void *user, uint16_t contract, const struct hash *tree_key,
                           struct bytes stored)
{
    struct gather *g = user;
    if (g->count == SNAPSHOT_ENTRIES_MAX) {
        return ERR_SIZE;
    }
    struct snapshot_entry *e = &g->entry[g->count++];
    e->contract = contract;
    e->tree_key = *tree_key;
    return arena_copy(g->work, stored, &e->stored);
}

static bool entry_before(const struct snapshot_entry *a, const struct snapshot_entry *b)
{
    return memcmp(a->tree_key.b, b->tree_key.b, HASH_SIZE) < 0;
}

/* A store keeps its values by contract, so they come as a few ascending runs: by insertion, which
 * costs little for a piece's few hundred entries. */
static void sort_entries(struct snapshot_entry *e, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        struct snapshot_entry x = e[i];
        uint32_t at = i;
        while (at > 0 && entry_before(&x, &e[at - 1])) {
            e[at] = e[at - 1];
            at--;
        }
        e[at] = x;
    }
}

enum err pieces_make(const struct replica_ports *p, const struct suite *s, uint32_t depth,
                     uint32_t piece, size_t size_max, struct arena *work,
                     struct state_subtree *root, struct bytes *wire)
{
    struct gather g = { .work = work };
    g.entry = ARENA_ARRAY(work, struct snapshot_entry, SNAPSHOT_ENTRIES_MAX);
    if (g.entry == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(p->store_piece(p->ctx, depth, piece, &g, gather_one));
    sort_entries(g.entry, g.count);
    TRY(snapshot_piece_root(s, g.entry, g.count, depth, work, root));
    return snapshot_piece_encode(g.entry, g.count, size_max, work, wire);
}
