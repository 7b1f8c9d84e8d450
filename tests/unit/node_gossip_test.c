#include <stdlib.h>

#include "node/replica_internal.h"
#include "sim/sim_parts_internal.h"
#include "tests/test.h"

/* One validator of four, which hears of nobody: what it is given waits. All that it says of
 * transactions is kept, a list of their numbers for each message. */

enum { MANY = REPLICA_AGAIN_MAX + 44, MESSAGES_MAX = 8 };

struct said {
    uint32_t count, tx[PEER_TXS_MAX];
};
static struct said said[MESSAGES_MAX];
static uint32_t messages;
static uint8_t tx_bytes[MANY][512], decoding[1 << 20];
static struct bytes tx[MANY];

struct rig {
    struct world *w;
    struct sim_result result;
    struct replica *replica;
    uint8_t *memory;
    uint64_t now_ms;
};

static uint32_t number_of(struct bytes wire)
{
    uint32_t i = 0;
    while (i < MANY && (wire.len != tx[i].len || memcmp(wire.ptr, tx[i].ptr, wire.len) != 0)) {
        i++;
    }
    return i;
}

static void hear(void *ctx, uint32_t peer, struct bytes message)
{
    struct peer_message m;
    struct arena a = arena_over(decoding, sizeof decoding);
    (void)ctx;
    if (peer_kind_of(message) != PEER_TRANSACTIONS) {
        return;
    }
    CHECK_EQ(peer, REPLICA_PEER_ALL);
    CHECK_OK(peer_decode(message, sizeof decoding, &a, &m));
    CHECK(messages < MESSAGES_MAX);
    struct said *s = &said[messages++];
    s->count = m.txs->count;
    for (uint32_t i = 0; i < s->count; i++) {
        s->tx[i] = number_of(m.txs->tx[i]);
    }
}

static void make_txs(struct world *w)
{
    static uint8_t memory[1 << 16];
    for (uint32_t i = 0; i < MANY; i++) {
        struct arena a = arena_over(memory, sizeof memory);
        uint32_t from = i % w->genesis.participant_count;
        struct evidence_anchor args = { .value = { { 1, (uint8_t)i } }, .kind = 1 };
        uint8_t signature[SUITE_SIGNATURE_SIZE_MAX];
        struct bytes body, wire, s = bytes_of(signature, w->suite->signature_size);
        struct tx_body b = { .space = w->genesis.space,
                             .valid_until_ms = w->now_ms + w->window_ms,
                             .signer_count = 1,
                             .signer = { { w->genesis.participant[from].id, 1 } },
                             .method = METHOD_EVIDENCE_ANCHOR };
        memcpy(b.nonce, &i, sizeof i);
        CHECK_OK(evidence_anchor_encode(&args, &a, &b.args));
        CHECK_OK(tx_encode_body(&b, &a, &body));
        suite_sign_tagged(w->suite, w->participant_seed[from], "carnet/tx/v1", body, signature);
        CHECK_OK(tx_encode(body, &s, 1, &a, &wire));
        CHECK(wire.len <= sizeof tx_bytes[i]);
        memcpy(tx_bytes[i], wire.ptr, wire.len);
        tx[i] = bytes_of(tx_bytes[i], wire.len);
    }
}

static void open_rig(struct rig *g)
{
    *g = (struct rig){ .w = malloc(sizeof *g->w), .result = { .seed = 2 } };
    ASSERT(g->w != NULL);
    struct sim_options o = { .seed = 2, .nodes = 4 };
    CHECK_OK(sim_world_open(g->w, &o, &g->result));
    struct sim_node *n = &g->w->node[0];
    contract_table_init(&n->home->env, n->law_memory, SIM_LAW_CACHE, &n->home->table);
    struct replica_config c = sim_node_config(g->w, n);
    c.ports.send = hear;
    c.ports.sync = NULL;
    c.ports.sync_wait = NULL;
    g->now_ms = g->w->now_ms;
    g->memory = malloc(replica_memory_size(&c));
    ASSERT(g->memory != NULL);
    struct arena region = arena_over(g->memory, replica_memory_size(&c));
    CHECK_OK(replica_init(&c, &region, g->now_ms, &g->replica));
    make_txs(g->w);
    messages = 0;
}

static void close_rig(struct rig *g)
{
    sim_world_close(g->w);
    free(g->w);
    free(g->memory);
}

static void submit(struct rig *g, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct hash id;
        CHECK_OK(replica_submit(g->replica, g->now_ms, tx[i], &id));
    }
}

/* So much later, and until what is collected then has been said. */
static void later(struct rig *g, uint64_t ms)
{
    uint64_t end = g->now_ms + ms;
    messages = 0;
    for (; g->now_ms <= end; g->now_ms += 10) {
        replica_tick(g->replica, g->now_ms);
        CHECK_OK(replica_flush(g->replica, g->now_ms));
    }
}

/* The numbers from `from` on, at this place of the message. */
static void has(const struct said *s, uint32_t at, uint32_t from, uint32_t count)
{
    CHECK(at + count <= s->count);
    for (uint32_t i = 0; i < count; i++) {
        CHECK_EQ(s->tx[at + i], from + i);
    }
}

TEST(new_transactions_are_said_once_in_the_order_in_which_they_came)
{
    struct rig g;
    open_rig(&g);
    submit(&g, MANY);
    later(&g, 20);
    CHECK_EQ(messages, 1);
    CHECK_EQ(said[0].count, MANY);
    has(&said[0], 0, 0, MANY);
    later(&g, 200); /* nobody waits long enough to be said again */
    CHECK_EQ(messages, 0);
    close_rig(&g);
}

TEST(waiting_ones_are_said_again_so_many_at_a_time_the_oldest_first_and_the_others_in_turn)
{
    enum { HALF = REPLICA_AGAIN_MAX / 2, REST = MANY - REPLICA_AGAIN_MAX };
    struct rig g;
    open_rig(&g);
    submit(&g, MANY);
    later(&g, 290);
    later(&g, 300);
    CHECK_EQ(messages, 1);
    CHECK_EQ(said[0].count, REPLICA_AGAIN_MAX);
    has(&said[0], 0, 0, REPLICA_AGAIN_MAX);
    later(&g, 290);
    CHECK_EQ(messages, 1);
    CHECK_EQ(said[0].count, REPLICA_AGAIN_MAX);
    has(&said[0], 0, 0, HALF); /* those for whose sake a primary is voted out, each time */
    has(&said[0], HALF, REPLICA_AGAIN_MAX, REST);
    has(&said[0], HALF + REST, HALF, HALF - REST);
    close_rig(&g);
}

TEST(as_many_as_may_be_said_again_are_all_said_each_once)
{
    struct rig g;
    open_rig(&g);
    submit(&g, REPLICA_AGAIN_MAX);
    later(&g, 290);
    later(&g, 300);
    CHECK_EQ(messages, 1);
    CHECK_EQ(said[0].count, REPLICA_AGAIN_MAX);
    has(&said[0], 0, 0, REPLICA_AGAIN_MAX);
    later(&g, 290);
    CHECK_EQ(messages, 1);
    has(&said[0], 0, 0, REPLICA_AGAIN_MAX);
    close_rig(&g);
}
