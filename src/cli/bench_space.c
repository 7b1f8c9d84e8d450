#include "cli/bench_space_internal.h"

#include <stdlib.h>
#include <string.h>

#include "cli/embedded_internal.h"
#include "crypto/epoch_key.h"
#include "sim/sim.h"

enum {
    SPACE_MEMORY = 32 * 1024 * 1024,
    SPACE_WORK = 16 * 1024 * 1024,
    SPACE_EPOCH_MS = 3600 * 1000,
    SPACE_BLOCK_MS = 20,
    SPACE_QUOTA = 2000000000
};
static const uint64_t START_MS = 1800000000000;

enum err bench_law(struct policy_compiled *out, char why[POLICY_WHY_SIZE])
{
    struct policy_source source[POLICY_SOURCE_MAX];
    ASSERT(EMBEDDED_RULES_COUNT <= POLICY_SOURCE_MAX);
    for (size_t i = 0; i < EMBEDDED_RULES_COUNT; i++) {
        source[i].name = EMBEDDED_RULES[i].name;
        source[i].text = bytes_of(EMBEDDED_RULES[i].ptr, EMBEDDED_RULES[i].len);
    }
    return policy_compile(source, EMBEDDED_RULES_COUNT, suite_intl(), out, why);
}

/* Values in memory. */

static struct space_entry *slot_of(struct space_node *n, uint16_t contract, const struct hash *key)
{
    uint64_t at = contract;
    for (size_t i = 0; i < 8; i++) {
        at = at << 8 ^ at >> 56 ^ key->b[i];
    }
    for (;; at++) {
        struct space_entry *e = &n->entry[at % SPACE_STORE_SLOTS];
        if (e->stored.ptr == NULL || (e->contract == contract && hash_equal(&e->key, key))) {
            return e;
        }
    }
}

static enum err store_get(void *ctx, uint16_t contract, const struct hash *key, struct bytes *out)
{
    const struct space_entry *e = slot_of(ctx, contract, key);
    if (e->stored.len == 0) {
        return ERR_NOT_FOUND;
    }
    *out = e->stored;
    return ERR_NONE;
}

static enum err store_each(void *ctx, void *user,
                           enum err (*visit)(void *user, uint16_t contract, const struct hash *key,
                                             struct bytes stored))
{
    struct space_node *n = ctx;
    for (size_t i = 0; i < SPACE_STORE_SLOTS; i++) {
        if (n->entry[i].stored.len > 0) {
            TRY(visit(user, n->entry[i].contract, &n->entry[i].key, n->entry[i].stored));
        }
    }
    return ERR_NONE;
}

static enum err store_put(void *ctx, const struct state_change *c)
{
    struct space_entry *e = slot_of(ctx, c->contract, &c->tree_key);
    uint8_t *copy = realloc((void *)(uintptr_t)e->stored.ptr, c->stored.len + 1);
    ASSERT(copy != NULL);
    memcpy(copy, c->stored.ptr, c->stored.len);
    *e = (struct space_entry){ c->contract, c->tree_key, bytes_of(copy, c->stored.len) };
    return ERR_NONE;
}

/* Genesis. */

static void seed_of(uint32_t i, uint8_t kind, uint8_t out[SUITE_SECRET_SIZE])
{
    memset(out, (int)i + 1, SUITE_SECRET_SIZE);
    out[0] = kind;
}

/* Of participant i; keys count from 1. */
static void key_seed_of(uint32_t i, uint32_t key, uint8_t out[SUITE_SECRET_SIZE])
{
    seed_of(i, 'p', out);
    out[1] = (uint8_t)key;
}

static struct did_key key_of(struct bench_space *s, uint32_t i, uint32_t key)
{
    uint8_t seed[SUITE_SECRET_SIZE], *public_key = arena_alloc(&s->arena, SUITE_KEY_SIZE_MAX);
    ASSERT(public_key != NULL);
    key_seed_of(i, key, seed);
    s->suite->public_of(s->suite->ctx, seed, public_key);
    return (struct did_key){ key, s->suite->number, DID_SIGN,
                             bytes_of(public_key, s->suite->public_size) };
}

static enum err participant(struct bench_space *s, uint32_t i, struct did_document *d)
{
    static const uint32_t PLACE[SPACE_SEATS] = { 156, 276, 702, 156 };
    static const uint32_t ROLE[SPACE_SEATS] = { ROLE_MEMBER, ROLE_MEMBER, ROLE_BANK,
                                                ROLE_REGULATOR };
    *d = (struct did_document){ .key_count = s->keys, .jurisdiction = PLACE[i], .role_count = 1 };
    d->role[0] = ROLE_MEMBER;
    if (ROLE[i] != ROLE_MEMBER) {
        d->role[d->role_count++] = ROLE[i];
    }
    for (uint32_t k = 0; k < s->keys; k++) {
        d->key[k] = key_of(s, i, k + 1);
    }
    TRY(did_derive(s->suite, d, &s->arena, &d->id));
    s->did[i] = d->id;
    return ERR_NONE;
}

static enum err seats(struct bench_space *s, struct genesis *g)
{
    struct hash leaf[1 << SPACE_KEY_LOG2];
    for (uint32_t i = 0; i < SPACE_SEATS; i++) {
        TRY(participant(s, i, &g->participant[i]));
        seed_of(i, 's', s->seat_seed[i].seed);
        g->seat[i].participant = s->did[i];
        g->seat[i].weight = 1;
        epoch_key_generate(s->suite, s->seat_seed[i].seed, SPACE_KEY_LOG2, leaf, &g->seat[i].root);
        for (uint64_t e = 0; e < 1 << SPACE_KEY_LOG2; e++) {
            epoch_key_public(s->suite, &s->seat_seed[i], e, s->public_key[i][e]);
        }
    }
    return ERR_NONE;
}

static enum err make_genesis(struct bench_space *s)
{
    struct genesis g = { .format = GENESIS_FORMAT,
                         .version_set = VERSION_SET,
                         .suite = s->suite->number,
                         .flags = GENESIS_DEVELOPMENT,
                         .start_ms = START_MS,
                         .epoch_ms = SPACE_EPOCH_MS,
                         .trust_ms = (uint64_t)SPACE_EPOCH_MS * 100,
                         .participant_count = SPACE_SEATS,
                         .seat_count = SPACE_SEATS,
                         .currency_count = 1 };
    struct currency currency;
    struct bytes wire;
    g.param[PARAM_EPOCH_KEY_LOG2] = SPACE_KEY_LOG2;
    g.param[PARAM_QUOTA_PER_EPOCH] = SPACE_QUOTA;
    g.participant = ARENA_ARRAY(&s->arena, struct did_document, SPACE_SEATS);
    g.seat = ARENA_ARRAY(&s->arena, struct seat, SPACE_SEATS);
    ASSERT(g.participant != NULL && g.seat != NULL);
    TRY(seats(s, &g));
    currency = (struct currency){ s->did[SPACE_BANK], 156, 2 };
    g.currency = &currency;
    g.pack_set = bytes_of(s->law.set, s->law.set_len);
    contract_pack_hash(s->suite, g.pack_set, &s->pack_set);
    TRY(genesis_encode(&g, &s->arena, &wire));
    return genesis_decode(s->suite, wire, &s->arena, &s->genesis);
}

static struct bytes seat_key(void *ctx, uint32_t seat, uint64_t epoch)
{
    struct bench_space *s = ctx;
    bool known = seat < SPACE_SEATS && epoch < 1 << SPACE_KEY_LOG2;
    return known ? bytes_of(s->public_key[seat][epoch], s->suite->public_size) : bytes_of(NULL, 0);
}

static enum err open_node(struct bench_space *s, struct space_node *n)
{
    struct ledger_limits limits = ledger_limits_small();
    struct state_store store = { n, store_get, store_each };
    struct key_source keys = { s, seat_key };
    limits.state = (struct state_limits){ 1 << 18, 1 << 16, 32U << 20 };
    limits.replay_max = 1 << 16;
    limits.mempool_txs_max = 16 * SPACE_BLOCK_TXS; /* one author has a share of it */
    limits.mempool_bytes_max = 16U << 20;
    limits.signers_max = s->keys > 1 ? 0 : limits.signers_max;
    limits.scratch_bytes = 16U << 20;
    limits.block_bytes = 16U << 20;
    size_t size = ledger_memory_size(&limits) + CONTRACT_CACHE_SIZE;
    n->entry = calloc(SPACE_STORE_SLOTS, sizeof *n->entry);
    n->memory = malloc(size);
    ASSERT(n->entry != NULL && n->memory != NULL);
    struct arena a = arena_over(n->memory, size);
    void *cache = arena_alloc(&a, CONTRACT_CACHE_SIZE);
    ASSERT(cache != NULL);
    contract_table_init(&n->env, cache, CONTRACT_CACHE_SIZE, &n->table);
    TRY(ledger_init(s->suite, &s->genesis, &n->table, &store, &limits, &keys, &a, &n->ledger));
    return ledger_start(n->ledger, n, store_put);
}

static void close_node(struct space_node *n)
{
    for (size_t i = 0; n->entry != NULL && i < SPACE_STORE_SLOTS; i++) {
        free((void *)(uintptr_t)n->entry[i].stored.ptr);
    }
    free(n->entry);
    free(n->memory);
}

enum err bench_space_open(const struct suite *real, uint32_t keys, struct bench_meters *m,
                          struct bench_space **out, char why[POLICY_WHY_SIZE])
{
    struct bench_space *s = calloc(1, sizeof *s);
    ASSERT(s != NULL && keys > 0 && keys <= DID_KEYS_MAX);
    s->m = m;
    s->keys = keys;
    s->memory = malloc(SPACE_MEMORY);
    s->work_memory = malloc(SPACE_WORK);
    ASSERT(s->memory != NULL && s->work_memory != NULL);
    s->arena = arena_over(s->memory, SPACE_MEMORY);
    s->work = arena_over(s->work_memory, SPACE_WORK);
    s->seat_seed = ARENA_ARRAY(&s->arena, struct epoch_seed, SPACE_SEATS);
    s->public_key = arena_alloc(&s->arena, SPACE_SEATS * sizeof *s->public_key);
    ASSERT(s->seat_seed != NULL && s->public_key != NULL);
    s->now_ms = START_MS + 1000;
    s->suite = real;
    enum err e = real != NULL ? ERR_NONE : sim_suite_new(&s->own_suite);
    if (e == ERR_NONE && real == NULL) {
        s->suite = s->own_suite;
    }
    e = e != ERR_NONE ? e : bench_law(&s->law, why);
    e = e != ERR_NONE ? e : make_genesis(s);
    e = e != ERR_NONE ? e : open_node(s, &s->leader);
    e = e != ERR_NONE ? e : open_node(s, &s->follower);
    if (e != ERR_NONE) {
        bench_space_close(s);
        return e;
    }
    *out = s;
    return ERR_NONE;
}

void bench_space_close(struct bench_space *s)
{
    close_node(&s->leader);
    close_node(&s->follower);
    policy_compiled_free(&s->law);
    if (s->own_suite != NULL) {
        sim_suite_free(s->own_suite);
    }
    free(s->memory);
    free(s->work_memory);
    free(s);
}

/* Transactions and blocks. */

struct tx_body bench_space_body(struct bench_space *s, uint32_t author, uint32_t method,
                                struct bytes args)
{
    struct tx_body body = { .space = s->genesis.space,
                            .valid_until_ms = s->now_ms + 1000,
                            .signer_count = 1,
                            .method = method,
                            .args = args };
    struct buf b = buf_over(body.nonce, sizeof body.nonce);
    buf_put_u64(&b, 0);
    buf_put_u64(&b, ++s->nonce);
    body.signer[0] = (struct tx_signer){ s->did[author], 1 + (uint32_t)(s->nonce % s->keys) };
    return body;
}

enum err bench_space_add(struct bench_space *s, uint32_t author, const struct tx_body *body)
{
    uint8_t seed[SUITE_SECRET_SIZE], memory[SUITE_SIGNATURE_SIZE_MAX];
    struct bytes wire, signature;
    ASSERT(s->tx_count < SPACE_BLOCK_TXS);
    TRY(tx_encode_body(body, &s->work, &wire));
    key_seed_of(author, body->signer[0].key, seed);
    bench_begin(&s->m->sign);
    suite_sign_tagged(s->suite, seed, "carnet/tx/v1", wire, memory);
    bench_end(&s->m->sign, 1);
    signature = bytes_of(memory, s->suite->signature_size);
    return tx_encode(wire, &signature, 1, &s->work, &s->tx[s->tx_count++]);
}

static enum err certify(struct bench_space *s, struct bytes *out)
{
    struct ledger_tip tip = ledger_committed(s->leader.ledger);
    struct vote v = { s->genesis.space, tip.epoch, VOTE_COMMIT, 0, tip.height, tip.hash };
    struct certificate c = { tip.epoch, VOTE_COMMIT, 0, tip.height, tip.hash, 0x7, 3, { { 0 } } };
    uint8_t memory[3][SUITE_SIGNATURE_SIZE_MAX], seed[SUITE_SECRET_SIZE];
    struct bytes vote;
    *out = bytes_of(NULL, 0);
    if (tip.height == 0) {
        return ERR_NONE;
    }
    TRY(vote_encode(&v, &s->work, &vote));
    for (uint32_t i = 0; i < c.count; i++) {
        epoch_key_secret(s->suite, &s->seat_seed[i], tip.epoch, seed);
        suite_sign_tagged(s->suite, seed, "carnet/vote/v1", vote, memory[i]);
        c.signature[i] = bytes_of(memory[i], s->suite->signature_size);
    }
    return certificate_encode(&c, &s->work, out);
}

static enum err check_receipts(struct bench_space *s, const struct hash *block, uint32_t *count)
{
    const struct receipt *r;
    TRY(ledger_receipts(s->follower.ledger, block, &r, count));
    for (uint32_t i = 0; i < *count; i++) {
        if (r[i].status != RECEIPT_OK) {
            return ERR_REFUSED;
        }
    }
    return ERR_NONE;
}

/* The follower sees what a validator sees: transactions by gossip, then the block. */
static enum err admit(struct bench_space *s)
{
    struct hash id;
    for (uint32_t i = 0; i < s->tx_count; i++) {
        TRY(ledger_submit(s->leader.ledger, s->tx[i], s->now_ms, &id));
        bench_begin(&s->m->admit);
        enum err e = ledger_submit(s->follower.ledger, s->tx[i], s->now_ms, &id);
        bench_end(&s->m->admit, 1);
        TRY(e);
    }
    return ERR_NONE;
}

enum err bench_space_block(struct bench_space *s)
{
    struct bytes certificate, block;
    struct hash parent = ledger_newest(s->leader.ledger).hash;
    uint32_t count;
    TRY(admit(s));
    TRY(certify(s, &certificate));
    s->now_ms += SPACE_BLOCK_MS;
    bench_begin(&s->m->build);
    enum err e =
        ledger_build(s->leader.ledger, &parent, s->now_ms, &s->did[0], certificate, &block);
    bench_end(&s->m->build, s->tx_count);
    TRY(e);
    bench_begin(&s->m->execute);
    e = ledger_execute(s->follower.ledger, block);
    bench_end(&s->m->execute, s->tx_count);
    TRY(e);
    struct hash hash = ledger_newest(s->follower.ledger).hash;
    TRY(check_receipts(s, &hash, &count));
    if (count != s->tx_count) {
        return ERR_REFUSED;
    }
    TRY(ledger_commit(s->leader.ledger, &hash, &s->leader, store_put));
    bench_begin(&s->m->commit);
    e = ledger_commit(s->follower.ledger, &hash, &s->follower, store_put);
    bench_end(&s->m->commit, s->tx_count);
    s->tx_count = 0;
    arena_reset(&s->work);
    return e;
}
