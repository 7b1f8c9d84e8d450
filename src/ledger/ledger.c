/* The chain: where it starts, what is open above the committed block, and how that is dropped or
 * committed. */
#include "ledger/ledger_internal.h"
#include "ledger/proof.h"
#include "ledger/state_internal.h"

#include <string.h>

struct ledger_limits ledger_limits_node(void)
{
    return (struct ledger_limits){
        .state = { .leaves_max = 1U << 20,
                   .changes_max = 1U << 18,
                   .overlay_bytes_max = 64U << 20 },
        .replay_max = 1U << 20,
        .mempool_txs_max = LEDGER_PENDING_MAX,
        .mempool_bytes_max = 64U << 20,
        .signers_max = 1U << 17,
        .scratch_bytes = 16U << 20,
        .block_bytes = 20U << 20,
    };
}

struct ledger_limits ledger_limits_small(void)
{
    return (struct ledger_limits){
        .state = { .leaves_max = 8192, .changes_max = 8192, .overlay_bytes_max = 2U << 20 },
        .replay_max = 8192,
        .mempool_txs_max = 1024,
        .mempool_bytes_max = 1U << 20,
        .signers_max = 256,
        .scratch_bytes = (2U << 20) + (512U << 10),
        .block_bytes = 512U << 10,
    };
}

size_t ledger_memory_size(const struct ledger_limits *limits)
{
    size_t rounding = (size_t)(LEDGER_OPEN_MAX + 4) * 16;
    return sizeof(struct ledger) + state_memory(&limits->state) +
           replay_memory(limits->replay_max) +
           mempool_memory(limits->mempool_txs_max, limits->mempool_bytes_max) +
           verified_memory(limits->mempool_txs_max) + signers_memory(limits->signers_max) +
           limits->scratch_bytes + (LEDGER_OPEN_MAX + 1) * (size_t)limits->block_bytes + rounding;
}

static enum err memory_take(struct ledger *l, const struct ledger_limits *limits,
                            const struct state_store *store, struct arena *arena)
{
    ASSERT(limits->scratch_bytes > TX_ARENA_SIZE);
    TRY(state_init(l->suite, &limits->state, store, arena, &l->state));
    TRY(replay_init(&l->replay, limits->replay_max, arena));
    TRY(mempool_init(&l->mempool, limits->mempool_txs_max, limits->mempool_bytes_max, arena));
    TRY(verified_init(&l->verified_signatures, l->suite, limits->mempool_txs_max, arena));
    TRY(signers_init(&l->signers, limits->signers_max, arena));
    TRY(arena_split(arena, limits->scratch_bytes, &l->scratch));
    TRY(arena_split(&l->scratch, TX_ARENA_SIZE, &l->tx_arena));
    struct arena rest;
    TRY(arena_split(&l->scratch, l->scratch.size - l->scratch.used, &rest));
    l->scratch = rest;
    for (uint32_t i = 0; i <= LEDGER_OPEN_MAX; i++) {
        TRY(arena_split(arena, limits->block_bytes, &l->link[i].arena));
        l->chain[i] = &l->link[i];
    }
    return ERR_NONE;
}

enum err ledger_init(const struct suite *s, const struct genesis *g,
                     const struct contract_table *contracts, const struct state_store *store,
                     const struct ledger_limits *limits, const struct key_source *keys,
                     struct arena *arena, struct ledger **out)
{
    ASSERT(s->number == g->suite);
    for (size_t i = 0; i < contracts->count; i++) {
        const struct contract_method *m = &contracts->method[i];
        ASSERT(m->order_class < MEMPOOL_CLASSES);
        ASSERT(i == 0 || m[-1].number < m->number ||
               (m[-1].number == m->number && m[-1].version < m->version));
    }
    size_t mark = arena_mark(arena);
    struct ledger *l = ARENA_NEW(arena, struct ledger);
    if (l == NULL) {
        return ERR_NO_SPACE;
    }
    l->suite = s;
    l->genesis = g;
    l->contracts = contracts;
    l->keys = *keys;
    l->version_set = g->version_set;
    enum err e = memory_take(l, limits, store, arena);
    if (e != ERR_NONE) {
        arena_release(arena, mark);
        return e;
    }
    *out = l;
    return ERR_NONE;
}

void ledger_tell(struct ledger *l, const struct activity_port *port)
{
    l->activity = *port;
}

void ledger_context(struct ledger *l, enum ctx_view view, uint64_t time_ms, uint64_t height)
{
    struct contract_ctx *c = &l->ctx;
    c->suite = l->suite;
    c->genesis = l->genesis;
    c->contracts = l->contracts;
    c->state = l->state;
    c->verified = &l->verified_signatures;
    c->signers = &l->signers;
    c->source = NULL;
    c->view = view;
    c->committee = &l->chain[0]->committee;
    c->tx = NULL;
    c->time_ms = time_ms;
    c->height = height;
    c->version_set = l->version_set;
    c->arena = &l->tx_arena;
    c->keep = &l->tx_arena;
    c->event_count = 0;
    c->fatal = ERR_NONE;
}

struct ledger_tip ledger_tip_of(const struct ledger *l, const struct header *h,
                                const struct hash *hash)
{
    return (struct ledger_tip){ .height = h->height,
                                .time_ms = h->time_ms,
                                .epoch = genesis_epoch(l->genesis, h->time_ms),
                                .hash = *hash,
                                .state_root = h->state_root,
                                .committee_hash = h->committee_hash,
                                .committee_changes = committee_changes(h) };
}

/* Height 0 has a header and a block like any other, derived from genesis, so that the history has
 * its leaf and block 1 its parent. */
static enum err stand_at_genesis(struct ledger *l, const struct hash *root)
{
    struct link *link = l->chain[0];
    struct header *h = &link->header;
    struct hash hash, leaf;
    struct bytes wire;
    *h = (struct header){ .version_set = l->genesis->version_set,
                          .time_ms = l->genesis->start_ms,
                          .state_root = *root,
                          .committee_hash = l->genesis->committee_hash,
                          .next_committee_hash = l->genesis->committee_hash };
    committee_of_genesis(l->genesis, &link->committee);
    merkle_root(l->suite, NULL, 0, &h->tx_root);
    merkle_root(l->suite, NULL, 0, &h->receipt_root);
    merkle_frontier_init(&link->history);
    merkle_frontier_root(l->suite, &link->history, &h->history_root);
    arena_reset(&l->scratch);
    TRY(header_encode(h, &l->scratch, &wire));
    TRY(block_encode(wire, bytes_of(NULL, 0), NULL, 0, &link->arena, &link->wire));
    header_hash(l->suite, wire, &hash);
    link->tip = ledger_tip_of(l, h, &hash);
    proof_header_leaf(l->suite, &hash, &leaf);
    merkle_frontier_append(l->suite, &link->history, &leaf);
    l->started = true;
    return ERR_NONE;
}

enum err ledger_start(struct ledger *l, void *user,
                      enum err (*visit)(void *user, const struct state_change *c))
{
    ASSERT(!l->started);
    struct hash root;
    TRY(state_open(l->state));
    arena_reset(&l->tx_arena);
    ledger_context(l, CTX_NEWEST, l->genesis->start_ms, 0);
    enum err e = l->contracts->genesis(&l->ctx);
    if (l->ctx.fatal != ERR_NONE) {
        e = l->ctx.fatal;
    }
    if (e == ERR_NONE) {
        state_root(l->state, &root);
        e = state_fold(l->state, user, visit);
    }
    if (e != ERR_NONE) {
        state_drop(l->state);
        return e;
    }
    return stand_at_genesis(l, &root);
}

enum err ledger_resume(struct ledger *l, struct bytes header, const struct merkle_frontier *history)
{
    ASSERT(!l->started);
    struct header h;
    struct hash hash, root;
    arena_reset(&l->scratch);
    TRY(header_decode(header, &l->scratch, &h));
    if (history->count != h.height + 1) {
        return ERR_CORRUPT;
    }
    TRY(state_load(l->state));
    state_root(l->state, &root);
    if (!hash_equal(&root, &h.state_root)) {
        return ERR_CORRUPT;
    }
    header_hash(l->suite, header, &hash);
    struct link *link = l->chain[0];
    link->header = h;
    TRY(committee_resume(l, link));
    link->tip = ledger_tip_of(l, &h, &hash);
    link->history = *history;
    l->started = true;
    return ERR_NONE;
}

enum err ledger_remember(struct ledger *l, const struct hash *tx, uint64_t valid_until_ms)
{
    ASSERT(l->started);
    const struct ledger_tip *tip = &l->chain[0]->tip;
    if (valid_until_ms <= tip->time_ms) {
        return ERR_NONE;
    }
    return replay_add(&l->replay, tx, valid_until_ms, tip->height);
}

/* Remember a committed block that the newest committed one has as its ancestor. */
static void ancestor_put(struct ledger *l, uint64_t height, uint64_t time_ms,
                         const struct hash *hash, const struct hash *previous)
{
    l->ancestor[height % ANCESTORS_MAX] =
        (struct ancestor){ height, time_ms, *hash, *previous, true };
}

enum err ledger_remember_header(struct ledger *l, struct bytes header)
{
    ASSERT(l->started);
    struct header h;
    struct hash hash;
    arena_reset(&l->scratch);
    TRY(header_decode(header, &l->scratch, &h));
    header_hash(l->suite, header, &hash);
    const struct link *tip = l->chain[0];
    struct hash want = tip->header.previous;
    if (h.height + 1 != tip->tip.height) {
        const struct ancestor *above = &l->ancestor[(h.height + 1) % ANCESTORS_MAX];
        if (!above->known || above->height != h.height + 1) {
            return ERR_STATE;
        }
        want = above->previous;
    }
    if (!hash_equal(&hash, &want)) {
        return ERR_PROOF;
    }
    ancestor_put(l, h.height, h.time_ms, &hash, &h.previous);
    return ERR_NONE;
}

struct link *ledger_top(const struct ledger *l)
{
    ASSERT(l->started);
    return l->chain[l->open_count];
}

struct link *ledger_find(const struct ledger *l, const struct hash *block, uint32_t *depth)
{
    ASSERT(l->started);
    for (uint32_t i = 0; i <= l->open_count; i++) {
        if (hash_equal(&l->chain[i]->tip.hash, block)) {
            *depth = i;
            return l->chain[i];
        }
    }
    return NULL;
}

struct ledger_tip ledger_committed(const struct ledger *l)
{
    ASSERT(l->started);
    return l->chain[0]->tip;
}

struct ledger_tip ledger_newest(const struct ledger *l)
{
    return ledger_top(l)->tip;
}

uint32_t ledger_open_count(const struct ledger *l)
{
    return l->open_count;
}

bool ledger_is_open(const struct ledger *l, const struct hash *block)
{
    uint32_t depth;
    return ledger_find(l, block, &depth) != NULL && depth > 0;
}

const struct merkle_frontier *ledger_history(const struct ledger *l)
{
    ASSERT(l->started);
    return &l->chain[0]->history;
}

const struct suite *ledger_suite(const struct ledger *l)
{
    return l->suite;
}

const struct genesis *ledger_genesis(const struct ledger *l)
{
    return l->genesis;
}

struct state *ledger_state(struct ledger *l)
{
    return l->state;
}

static void drop_newest(struct ledger *l)
{
    struct link *link = ledger_top(l);
    for (uint32_t i = 0; i < link->count; i++) {
        replay_remove(&l->replay, &link->receipt[i].transaction);
    }
    state_drop(l->state);
    l->open_count--;
}

void ledger_drop_above(struct ledger *l, const struct hash *block)
{
    uint32_t depth = 0;
    const struct link *link = ledger_find(l, block, &depth);
    ASSERT(link != NULL);
    while (l->open_count > depth) {
        drop_newest(l);
    }
}

enum err ledger_receipts(const struct ledger *l, const struct hash *block,
                         const struct receipt **out, uint32_t *count)
{
    uint32_t depth;
    const struct link *link = ledger_find(l, block, &depth);
    if (link == NULL || link->wire.len == 0) {
        return ERR_NOT_FOUND;
    }
    *out = link->receipt;
    *count = link->count;
    return ERR_NONE;
}

enum err ledger_block_bytes(const struct ledger *l, const struct hash *block, struct bytes *out)
{
    uint32_t depth;
    const struct link *link = ledger_find(l, block, &depth);
    if (link == NULL || link->wire.len == 0) {
        return ERR_NOT_FOUND;
    }
    *out = link->wire;
    return ERR_NONE;
}

enum err ledger_commit(struct ledger *l, const struct hash *block, void *user,
                       enum err (*visit)(void *user, const struct state_change *c))
{
    ASSERT(l->started);
    if (l->open_count == 0 || !hash_equal(&l->chain[1]->tip.hash, block)) {
        return ERR_STATE;
    }
    TRY(state_fold(l->state, user, visit));
    struct link *before = l->chain[0];
    ancestor_put(l, before->tip.height, before->tip.time_ms, &before->tip.hash,
                 &before->header.previous);
    memmove(&l->chain[0], &l->chain[1], LEDGER_OPEN_MAX * sizeof l->chain[0]);
    l->chain[LEDGER_OPEN_MAX] = before;
    l->open_count--;
    const struct link *now = l->chain[0];
    for (uint32_t i = 0; i < now->count; i++) {
        mempool_remove(&l->mempool, &now->receipt[i].transaction);
    }
    mempool_sweep(&l->mempool, now->tip.time_ms);
    if (l->replay.count > l->replay.max / 2) {
        replay_expire(&l->replay, now->tip.time_ms);
    }
    return ERR_NONE;
}
