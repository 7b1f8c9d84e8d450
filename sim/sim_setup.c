#include <stdlib.h>

#include "sim/sim_member_internal.h"
#include "sim/sim_parts_internal.h"

enum {
    GENESIS_ARENA = 8 * 1024 * 1024,
    SCRATCH_ARENA = 8 * 1024 * 1024,
    SNAPSHOT_GAP = 24,       /* blocks */
    SEGMENT_LOG2 = 5,        /* 32 blocks a file of the block log */
    POOL_SMALL = 128,        /* where it is to be filled: one author's share is a quarter */
    SNAPSHOT_GAP_SHORT = 10, /* where nodes begin anew, or prune, in a run of a few dozen blocks */
    SEGMENT_LOG2_SHORT = 3,
    WINDOW_MS = 9 * 60 * 1000,
    WINDOW_SHORT_MS = 12000, /* where a node begins anew: blocks older than that need not be had */
    WINDOW_SLACK_MS = 6000,  /* clocks differ, and block time lags */
    START_MS_AHEAD = 5000    /* the first clock is this long after the space's start */
};
static const uint64_t SPACE_START_MS = 1800000000000;

uint64_t sim_next(struct sim_random *r)
{
    uint64_t z = (r->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t sim_below(struct sim_random *r, uint64_t limit)
{
    return limit == 0 ? 0 : sim_next(r) % limit;
}

bool sim_chance(struct sim_random *r, uint32_t per_thousand)
{
    return sim_below(r, 1000) < per_thousand;
}

static void fill(struct sim_random *r, uint8_t *out, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        out[i] = (uint8_t)sim_next(r);
    }
}

/* One seed in ten runs with real signatures. */
static enum err choose_suite(struct world *w)
{
    if (w->options.seed % 10 == 7) {
        w->suite = suite_intl();
        return ERR_NONE;
    }
    TRY(sim_suite_new(&w->own_suite));
    w->suite = w->own_suite;
    return ERR_NONE;
}

static void set_params(struct genesis *g, uint64_t window_ms)
{
#define X(number, name, value) g->param[number] = (value);
    GENESIS_PARAMS(X)
#undef X
    g->param[PARAM_BLOCK_SIZE_MAX] = 128 * 1024;
    g->param[PARAM_IDLE_BLOCK_MS] = 3000;
    g->param[PARAM_TX_WINDOW_MS] = window_ms + WINDOW_SLACK_MS;
    g->param[PARAM_EPOCH_KEY_LOG2] = SIM_SEAT_KEY_LOG2;
    g->param[PARAM_RELEASE_DEADLINE_MS] = 5000;
}

/* China, Germany, Singapore, Malaysia: where the shipped law has something to say, and where not.
 */
static const uint32_t COUNTRY[] = { 156, 276, 702, 458 };

static enum err make_participant(struct world *w, struct genesis *g, uint32_t i)
{
    struct did_document *d = &g->participant[i];
    uint8_t *public_key = arena_alloc(&w->genesis_arena, w->suite->public_size);
    if (public_key == NULL) {
        return ERR_NO_SPACE;
    }
    fill(&w->random, w->participant_seed[i], SUITE_SECRET_SIZE);
    w->suite->public_of(w->suite->ctx, w->participant_seed[i], public_key);
    d->key_count = 1;
    d->key[0] = (struct did_key){ .id = 1,
                                  .suite = w->suite->number,
                                  .use = DID_SIGN,
                                  .public_key = bytes_of(public_key, w->suite->public_size) };
    d->jurisdiction = COUNTRY[i % COUNT(COUNTRY)];
    d->role_count = 2;
    d->role[0] = ROLE_MEMBER;
    d->role[1] = i == w->seats ? ROLE_BANK : ROLE_REGULATOR;
    if (i == w->seats) {
        d->role[d->role_count++] = ROLE_ORACLE;
    }
    return did_derive(w->suite, d, &w->genesis_arena, &d->id);
}

static enum err make_seat(struct world *w, struct genesis *g, uint32_t i)
{
    uint32_t log2 = (uint32_t)g->param[PARAM_EPOCH_KEY_LOG2];
    w->leaves[i] = ARENA_ARRAY(&w->genesis_arena, struct hash, (size_t)1 << log2);
    if (w->leaves[i] == NULL) {
        return ERR_NO_SPACE;
    }
    fill(&w->random, w->first_seed[i].seed, SUITE_SECRET_SIZE);
    g->seat[i].participant = g->participant[i].id;
    g->seat[i].weight = 1;
    epoch_key_generate(w->suite, w->first_seed[i].seed, log2, w->leaves[i], &g->seat[i].root);
    return ERR_NONE;
}

static enum err make_genesis(struct world *w)
{
    struct genesis g = { .format = GENESIS_FORMAT,
                         .version_set = VERSION_SET,
                         .suite = w->suite->number,
                         .flags = GENESIS_DEVELOPMENT,
                         .start_ms = SPACE_START_MS,
                         .epoch_ms = SIM_EPOCH_MS,
                         .trust_ms = (uint64_t)SIM_EPOCH_MS * 100 };
    set_params(&g, w->window_ms);
    if (sim_asked(w, SIM_MEMBERS)) {
        g.epoch_ms = SIM_EPOCH_SHORT_MS;
        g.param[PARAM_EPOCH_KEY_LOG2] = SIM_KEYS_MANY_LOG2;
    }
    g.participant_count = w->seats + 1;
    g.seat_count = w->seats;
    g.participant = ARENA_ARRAY(&w->genesis_arena, struct did_document, g.participant_count);
    g.seat = ARENA_ARRAY(&w->genesis_arena, struct seat, g.seat_count);
    if (g.participant == NULL || g.seat == NULL) {
        return ERR_NO_SPACE;
    }
    fill(&w->random, g.salt, sizeof g.salt);
    for (uint32_t i = 0; i < g.participant_count; i++) {
        TRY(make_participant(w, &g, i));
    }
    for (uint32_t i = 0; i < g.seat_count; i++) {
        TRY(make_seat(w, &g, i));
    }
    struct currency currency[] = { { g.participant[w->seats].id, 156, 2 },
                                   { g.participant[w->seats].id, 978, 2 } };
    g.currency_count = COUNT(currency);
    g.currency = currency;
    g.pack_set = w->options.pack_set;
    if (g.pack_set.len > 0) {
        contract_pack_hash(w->suite, g.pack_set, &w->law);
    }
    struct bytes wire = { NULL, 0 };
    TRY(genesis_encode(&g, &w->genesis_arena, &wire));
    return genesis_decode(w->suite, wire, &w->genesis_arena, &w->genesis);
}

static bool begins_anew(const struct sim_options *o)
{
    return (o->faults & (1u << SIM_WIPE | 1u << SIM_PRUNE)) != 0;
}

static void make_config(struct world *w)
{
    w->config = (struct replica_config){ .suite = w->suite,
                                         .genesis = &w->genesis,
                                         .limits = ledger_limits_small(),
                                         .view_timeout_ms = 1000,
                                         .view_timeout_max_ms = 8000,
                                         .resend_ms = 300,
                                         .gossip_ms = 10,
                                         .heights_max = SIM_HEIGHTS_MAX,
                                         .snapshot_gap = SNAPSHOT_GAP,
                                         .segment_log2 = SEGMENT_LOG2 };
    if (sim_asked(w, SIM_FLOOD)) {
        w->config.limits.mempool_txs_max = POOL_SMALL;
    }
    if (begins_anew(&w->options)) {
        w->config.snapshot_gap = SNAPSHOT_GAP_SHORT;
        w->config.segment_log2 = SEGMENT_LOG2_SHORT;
    }
}

static enum err open_memory(struct world *w)
{
    w->genesis_memory = malloc(GENESIS_ARENA);
    w->scratch_memory = malloc(SCRATCH_ARENA);
    w->event = calloc(SIM_EVENTS_MAX, sizeof *w->event);
    w->tx = calloc(SIM_TXS_MAX, sizeof *w->tx);
    w->block = calloc(SIM_HEIGHTS_MAX, sizeof *w->block);
    w->vote = calloc(SIM_VOTES_MAX, sizeof *w->vote);
    w->uses = calloc(1, sizeof *w->uses);
    if (w->genesis_memory == NULL || w->scratch_memory == NULL || w->event == NULL ||
        w->tx == NULL || w->block == NULL || w->vote == NULL || w->uses == NULL) {
        return ERR_NO_SPACE;
    }
    w->genesis_arena = arena_over(w->genesis_memory, GENESIS_ARENA);
    w->scratch = arena_over(w->scratch_memory, SCRATCH_ARENA);
    return ERR_NONE;
}

static enum err open_node(struct world *w, uint32_t i)
{
    struct sim_node *n = &w->node[i];
    bool twin = i >= w->nodes;
    struct sim_liar *l = twin ? w->liar[i - w->nodes] : n->liar;
    n->world = w;
    n->slot = i;
    n->liar = l;
    n->tick_ms = UINT64_MAX;
    n->index = twin ? sim_liar_slot(l, 0) : i;
    n->seed = w->first_seed[n->index];
    n->next_seed = w->next_seed[n->index];
    n->skew_ms = (int64_t)sim_below(&w->random, 400) - 200;
    n->disk.sync_lies = w->options.mutant == SIM_MUTANT_SYNC_LIES;
    TRY(sim_home_open(n, replica_memory_size(&w->config), sim_guarded(w->options.seed)));
    return sim_store_open(&n->store);
}

enum err sim_world_open(struct world *w, const struct sim_options *o, struct sim_result *result)
{
    *w = (struct world){ .options = *o,
                         .result = result,
                         .random = { o->seed * 2 + 1 },
                         .seats = o->nodes,
                         .liars = o->liars,
                         .dead_primary = UINT32_MAX,
                         .true_server = UINT32_MAX,
                         .lonely = { .seat = UINT32_MAX } };
    w->syncs_apart = o->seed > 8 && o->seed % 2 == 1;
    bool alone = o->seed % 2 == 0 && (o->faults >> SIM_MEMBERS & 1) == 0;
    w->nodes = alone ? o->nodes : o->nodes + 1;
    w->pace = o->nodes > 13 ? 6 : o->nodes > 7 ? 3 : 1;
    w->slots = w->nodes + w->liars;
    w->window_ms = o->wipe_ms > 0 || begins_anew(o) ? WINDOW_SHORT_MS : WINDOW_MS;
    w->start_ms = SPACE_START_MS + START_MS_AHEAD;
    w->now_ms = w->start_ms;
    TRY(open_memory(w));
    TRY(choose_suite(w));
    TRY(make_genesis(w));
    TRY(sim_members_open(w));
    make_config(w);
    hasher_init(&w->trace, suite_intl());
    TRY(sim_liars_open(w));
    sim_choose_victims(w);
    sim_choose_server(w);
    for (uint32_t i = 0; i < w->slots; i++) {
        TRY(open_node(w, i));
    }
    w->guarded = result->guarded = sim_guard_open(w);
    return ERR_NONE;
}

void sim_world_close(struct world *w)
{
    sim_guard_close(w);
    for (uint32_t i = 0; i < SIM_SLOTS_MAX; i++) {
        sim_disk_free(&w->node[i].disk);
        sim_disk_free(&w->node[i].backup);
        sim_store_free(&w->node[i].store);
        sim_store_free(&w->node[i].backup_store);
        sim_home_close(&w->node[i]);
    }
    sim_liars_close(w);
    for (uint32_t i = 0; w->event != NULL && i < w->event_count; i++) {
        free(w->event[i].message);
    }
    for (uint32_t i = 0; w->tx != NULL && i < w->tx_count; i++) {
        free(w->tx[i].wire);
    }
    for (uint64_t i = 0; w->block != NULL && i <= w->height; i++) {
        free(w->block[i].wire);
    }
    free(w->genesis_memory);
    free(w->scratch_memory);
    free(w->event);
    free(w->tx);
    free(w->block);
    free(w->vote);
    free(w->uses);
    sim_suite_free(w->own_suite);
}
