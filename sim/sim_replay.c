#include <stdlib.h>

#include "sim/sim_member_internal.h"
#include "sim/sim_parts_internal.h"

/* The whole history once more, from the blocks that the rig has kept of every height: determinism,
 * conservation, and that the nodes' own logs hold the same. */

static enum err no_visit(void *user, const struct state_change *c)
{
    return sim_store_change(user, c);
}

struct replay_keys {
    struct world *w;
    struct ledger **ledger;
};

static struct bytes all_keys(void *ctx, uint32_t seat, uint64_t epoch)
{
    static const struct bytes NONE = { NULL, 0 };
    const struct replay_keys *k = ctx;
    struct world *w = k->w;
    struct committee c;
    uint8_t *key = arena_alloc(&w->scratch, w->suite->public_size);
    if (key == NULL || epoch >> w->genesis.param[PARAM_EPOCH_KEY_LOG2] != 0 ||
        ledger_committee(*k->ledger, epoch, &c) != ERR_NONE || seat >= c.count) {
        return NONE;
    }
    for (uint32_t i = 0; i < w->genesis.participant_count; i++) {
        if (hash_equal(&w->genesis.participant[i].id, &c.seat[seat].participant)) {
            epoch_key_public(w->suite, sim_seed_of(w, i, &c.seat[seat].root), epoch, key);
            return bytes_of(key, w->suite->public_size);
        }
    }
    return NONE;
}

/* One height: the block as it was committed, executed on nothing but what came before. */
static enum err replay_height(struct world *w, struct ledger *l, struct sim_store *store,
                              uint64_t height)
{
    struct bytes block = bytes_of(w->block[height].wire, w->block[height].len);
    struct block b;
    const struct receipt *receipt;
    uint32_t count;
    arena_reset(&w->scratch);
    TRY(block_decode(w->suite, block, &w->scratch, &b));
    TRY(ledger_execute(l, block));
    TRY(ledger_receipts(l, &b.hash, &receipt, &count));
    for (uint32_t i = 0; i < count; i++) {
        sim_broker_replayed(w, &receipt[i]);
    }
    sim_uses_told(w, height, receipt, count);
    TRY(ledger_commit(l, &b.hash, store, no_visit));
    return hash_equal(&b.hash, &w->block[height].hash) ? ERR_NONE : ERR_INTEGRITY;
}

struct audit {
    struct contract_conservation sums;
    struct arena *scratch;
};

static enum err add_value(void *user, uint16_t contract, const struct hash *key,
                          struct bytes stored)
{
    struct audit *a = user;
    (void)key;
    return contract_conservation_add(&a->sums, contract, stored, a->scratch);
}

/* Every unit that is held was issued, whatever was paid, locked and settled in between. */
static enum err check_conservation(struct world *w, struct sim_store *store)
{
    struct audit audit = { .scratch = &w->scratch };
    struct state_store port = sim_store_port(store);
    arena_reset(&w->scratch);
    contract_conservation_init(&audit.sums, w->genesis.currency_count);
    TRY(port.each(port.ctx, &audit, add_value));
    if (contract_conservation_check(&audit.sums) != ERR_NONE) {
        sim_violation(w, SIM_CONSERVATION, "money was made or lost");
    }
    return ERR_NONE;
}

static enum err replay(struct world *w, struct sim_store *store, struct arena *memory)
{
    struct ledger *l = NULL;
    struct state_store port = sim_store_port(store);
    struct replay_keys all = { w, &l };
    struct key_source keys = { &all, all_keys };
    struct contract_env env;
    struct contract_table table;
    void *law = arena_alloc(memory, SIM_LAW_CACHE);
    ASSERT(law != NULL);
    contract_table_init(&env, law, SIM_LAW_CACHE, &table);
    TRY(ledger_init(w->suite, &w->genesis, &table, &port, &w->config.limits, &keys, memory, &l));
    TRY(ledger_start(l, store, no_visit));
    for (uint64_t h = 1; h <= w->height; h++) {
        enum err e = replay_height(w, l, store, h);
        if (e != ERR_NONE) {
            sim_violation(w, SIM_DETERMINISM, "replay stops at height %llu: %s",
                          (unsigned long long)h, err_name(e));
            return e;
        }
    }
    struct ledger_tip tip = ledger_committed(l);
    if (w->height > 0 && !hash_equal(&tip.state_root, &w->block[w->height].state_root)) {
        sim_violation(w, SIM_DETERMINISM, "replay ends in another state");
    }
    sim_broker_end(w);
    return check_conservation(w, store);
}

/* Of one block there may be two forms: the certificate in its body is any quorum's. */
static bool same_block(struct world *w, uint64_t height, struct bytes block)
{
    struct block b;
    return bytes_equal(block, bytes_of(w->block[height].wire, w->block[height].len)) ||
           (block_decode(w->suite, block, &w->scratch, &b) == ERR_NONE &&
            hash_equal(&b.hash, &w->block[height].hash));
}

static enum err block_of(struct world *w, struct sim_node *n, uint64_t height, struct bytes *out)
{
    struct bytes certificate = { NULL, 0 };
    arena_reset(&w->scratch);
    struct sim_node *before = sim_enter(w, n);
    enum err e = replica_block(n->replica, height, &w->scratch, out, &certificate);
    sim_leave(w, before);
    return e;
}

/* After a snapshot, or when the log was cut, its blocks are fetched once more. */
bool sim_log_reaches(struct world *w, struct sim_node *n)
{
    struct bytes block = { NULL, 0 };
    uint64_t tip = replica_status(n->replica).tip.height;
    return n->forgot || tip == 0 || block_of(w, n, tip, &block) == ERR_NONE;
}

/* What a node tells of a height from its log is what was committed there. A disk that lost what it
 * had synced may hold less than it says. */
static void check_log(struct world *w, struct sim_node *n)
{
    struct replica_status s = replica_status(n->replica);
    uint64_t last = s.tip.height < w->height ? s.tip.height : w->height;
    for (uint64_t h = s.base + 1; h <= last; h++) {
        struct bytes block = { NULL, 0 };
        enum err e = block_of(w, n, h, &block);
        if (e != ERR_NONE || !same_block(w, h, block)) {
            sim_violation(w, SIM_DURABILITY, "the log of n%u does not hold block %llu: %s",
                          n->index, (unsigned long long)h, err_name(e));
            return;
        }
    }
    w->result->logs++;
}

/* Determinism and conservation: all of it again, in a ledger that has seen nothing. */
void sim_check_replay(struct world *w)
{
    for (uint32_t i = 0; i < w->nodes; i++) {
        struct sim_node *n = &w->node[i];
        if (n->up && n->liar == NULL && !n->forgot) {
            check_log(w, n);
        }
    }
    struct sim_store store;
    size_t size = ledger_memory_size(&w->config.limits) + SIM_LAW_CACHE + 4096;
    uint8_t *memory = malloc(size);
    enum err e = sim_store_open(&store);
    ASSERT(memory != NULL && e == ERR_NONE);
    struct arena a = arena_over(memory, size);
    e = replay(w, &store, &a);
    if (e != ERR_NONE && w->result->violation_count == 0) {
        sim_violation(w, SIM_DETERMINISM, "the replay fails: %s", err_name(e));
    }
    sim_store_free(&store);
    free(memory);
}
