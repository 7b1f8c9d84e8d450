#include "node/replica_internal.h"
#include "sim/sim_parts_internal.h"
#include "tests/test.h"

#include <stdlib.h>

/* Two histories of one space, made by the same keys: what a committee could sign that its old keys
 * have left. A node takes part in one of them, joins, or stands between both. */

enum { PARTIES_MAX = 4, QUEUE_MAX = 1024, ARENA_SIZE = 8 << 20, TOLD_MAX = 64 };
enum { LONG = 7000, SHORT = 5000 };

struct party {
    struct sim_node *n;
    struct replica *r;
    uint8_t *memory;
    bool deaf; /* its messages go nowhere, and it gets none */
};
struct letter {
    uint32_t from, to;
    struct bytes message;
};

static struct world *w[2]; /* the longer one, and the shorter one */
static struct sim_result result[2];
static struct party party[PARTIES_MAX];
static uint32_t parties, letters, told_count;
static struct letter queue[QUEUE_MAX];
static struct replica_anchor told[TOLD_MAX];
static uint8_t memory[ARENA_SIZE];
static struct arena arena;
static uint64_t now, fork; /* fork: the first height at which the two differ */

static void must(enum err e)
{
    ASSERT(e == ERR_NONE);
}

static void open_world(uint32_t i, struct sim_options o)
{
    w[i] = malloc(sizeof *w[i]);
    ASSERT(w[i] != NULL);
    result[i] = (struct sim_result){ .seed = o.seed };
    must(sim_world_open(w[i], &o, &result[i]));
    must(sim_world_run(w[i]));
    now = now > w[i]->now_ms + 1000 ? now : w[i]->now_ms + 1000;
    arena = arena_over(memory, sizeof memory);
    parties = letters = told_count = 0;
}

static void open_worlds(void)
{
    now = 0;
    open_world(0, (struct sim_options){ .seed = 2, .nodes = 4, .steps = LONG, .orders = 1 });
    open_world(1, (struct sim_options){ .seed = 2, .nodes = 4, .steps = SHORT, .orders = 2 });
    ASSERT(hash_equal(&w[0]->genesis.space, &w[1]->genesis.space));
    for (fork = 1; hash_equal(&w[0]->block[fork].hash, &w[1]->block[fork].hash);) {
        fork++;
    }
    ASSERT(w[0]->height > w[1]->height && w[1]->height > fork + 8);
}

static void close_worlds(void)
{
    for (uint32_t i = 0; i < letters; i++) {
        free((void *)(uintptr_t)queue[i].message.ptr);
    }
    for (uint32_t i = 0; i < parties; i++) {
        free(party[i].memory);
    }
    for (uint32_t i = 0; i < 2; i++) {
        if (w[i] != NULL) {
            sim_world_close(w[i]);
        }
        free(w[i]);
        w[i] = NULL;
    }
}

static uint32_t index_of(uint32_t p)
{
    return party[p].n->index;
}

static void send(void *ctx, uint32_t peer, struct bytes message)
{
    for (uint32_t from = 0; from < parties; from++) {
        for (uint32_t to = 0; party[from].n == ctx && to < parties; to++) {
            bool meant = peer == REPLICA_PEER_ALL || peer == index_of(to);
            if (from == to || !meant || party[from].deaf || party[to].deaf ||
                letters == QUEUE_MAX) {
                continue;
            }
            uint8_t *copy = malloc(message.len);
            ASSERT(copy != NULL);
            memcpy(copy, message.ptr, message.len);
            queue[letters++] = (struct letter){ from, to, bytes_of(copy, message.len) };
        }
    }
}

static void committed(void *ctx, const struct replica_commit *c)
{
    (void)ctx;
    (void)c;
}

static void other(void *ctx, uint32_t peer, struct bytes message)
{
    (void)ctx;
    (void)peer;
    (void)message;
}

static void tell(void *ctx, const struct replica_anchor *x)
{
    (void)ctx;
    ASSERT(told_count < TOLD_MAX);
    told[told_count++] = *x;
}

/* From what lies on its disk; `gap`: blocks behind which it takes a snapshot. */
static enum err start(uint32_t p, const struct bytes *anchor, uint32_t count, uint64_t gap)
{
    struct sim_node *n = party[p].n;
    struct replica_config c = sim_node_config(n->world, n);
    struct arena region = arena_over(party[p].memory, n->memory_size);
    c.ports.send = send;
    c.ports.committed = committed;
    c.ports.other = other;
    c.ports.anchor = tell;
    c.ports.sync = NULL;
    c.ports.sync_wait = NULL;
    c.snapshot_gap = gap;
    c.anchor = anchor;
    c.anchor_count = count;
    party[p].r = NULL;
    sim_store_crash(&n->store);
    TRY(replica_init(&c, &region, now, &party[p].r));
    for (uint32_t i = 0; i < parties; i++) {
        if (i != p && party[i].r != NULL) {
            replica_peer(party[p].r, now, index_of(i), true);
            replica_peer(party[i].r, now, index_of(p), true);
        }
    }
    return ERR_NONE;
}

static uint32_t add(uint32_t world, uint32_t node)
{
    struct sim_node *n = &w[world]->node[node];
    party[parties] = (struct party){ .n = n, .memory = malloc(n->memory_size) };
    ASSERT(party[parties].memory != NULL);
    return parties++;
}

static uint32_t add_server(uint32_t world, uint32_t node)
{
    uint32_t p = add(world, node);
    must(start(p, NULL, 0, 1 << 20));
    return p;
}

static uint32_t add_wiped(uint32_t node)
{
    uint32_t p = add(0, node);
    party[p].n->up = false;
    sim_wipe_disk(party[p].n);
    return p;
}

static void turn(void)
{
    now += 50;
    for (uint32_t p = 0; p < parties; p++) {
        if (party[p].r != NULL) {
            replica_tick(party[p].r, now);
            (void)!replica_flush(party[p].r, now);
        }
    }
    for (uint32_t i = 0; i < letters; i++) { /* it grows meanwhile */
        struct letter *l = &queue[i];
        struct party *to = &party[l->to];
        if (to->r != NULL && !to->deaf) {
            (void)!replica_receive(to->r, now, index_of(l->from), l->message);
            (void)!replica_flush(to->r, now);
        }
    }
    for (uint32_t i = 0; i < letters; i++) {
        free((void *)(uintptr_t)queue[i].message.ptr);
    }
    letters = 0;
}

static void turns(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        turn();
    }
}

static struct bytes certified(uint32_t world, uint64_t height)
{
    struct bytes out = { NULL, 0 };
    uint64_t at = 0;
    must(replica_certified(w[world]->node[2].replica, height, &arena, &out, &at));
    ASSERT(at == height);
    return out;
}

static bool has_block(uint32_t p, uint32_t world, uint64_t height)
{
    struct bytes wire = { NULL, 0 }, certificate = { NULL, 0 };
    struct block b;
    size_t mark = arena_mark(&arena);
    enum err e = replica_block(party[p].r, height, &arena, &wire, &certificate);
    e = e == ERR_NONE ? block_decode(w[world]->suite, wire, &arena, &b) : e;
    bool same = e == ERR_NONE && hash_equal(&b.hash, &w[world]->block[height].hash);
    arena_release(&arena, mark);
    return same;
}

static uint64_t height_of(uint32_t p)
{
    return replica_status(party[p].r).tip.height;
}

/* That both are certified as well is what makes the others of these tests worth something. */
TEST(a_joiner_without_anchors_takes_whatever_is_certified)
{
    open_worlds();
    uint32_t joiner = add_wiped(3);
    (void)add_server(1, 1);
    CHECK_OK(start(joiner, NULL, 0, 1 << 20));
    turns(40);
    CHECK(height_of(joiner) == w[1]->height && has_block(joiner, 1, w[1]->height));
    CHECK(!has_block(joiner, 0, w[1]->height));
    CHECK_EQ(told_count, 0);
    close_worlds();
}

TEST(formats_13_a_joiner_takes_no_block_of_an_anchors_height_but_the_anchors)
{
    open_worlds();
    uint32_t joiner = add_wiped(3);
    (void)add_server(1, 1);
    struct bytes anchors[] = { certified(0, fork + 2), certified(0, w[0]->height - 2) };
    CHECK_OK(start(joiner, anchors, 2, 1 << 20));
    turns(40);
    CHECK_EQ(height_of(joiner), 0);
    CHECK_EQ(told_count, 1); /* it is not asked again */
    CHECK_EQ(told[0].kind, REPLICA_ANCHOR_PEER);
    CHECK_EQ(told[0].number, 0);
    CHECK_EQ(told[0].peer, 1);
    CHECK_EQ(told[0].height, fork + 2);
    CHECK(hash_equal(&told[0].pinned, &w[0]->block[fork + 2].hash));
    CHECK(hash_equal(&told[0].found, &w[1]->block[fork + 2].hash));
    CHECK(!replica_status(party[joiner].r).off_anchor);
    (void)add_server(0, 0);
    turns(80);
    CHECK(height_of(joiner) >= w[0]->height && has_block(joiner, 0, w[0]->height));
    CHECK_EQ(told_count, 1);
    close_worlds();
}

/* It has followed the other history before it was told of the anchor, as far as that goes. */
TEST(a_node_whose_log_does_not_lead_to_the_anchor_stops)
{
    open_worlds();
    uint64_t end = w[1]->height;
    uint32_t joiner = add_wiped(3), liar = add_server(1, 1);
    CHECK_OK(start(joiner, NULL, 0, 1 << 20));
    turns(40);
    CHECK_EQ(height_of(joiner), end);
    CHECK_OK(replica_flush_now(party[joiner].r, now));
    party[liar].deaf = true;
    struct bytes anchor = certified(0, end + 1);
    CHECK_OK(start(joiner, &anchor, 1, 1 << 20));
    CHECK_EQ(told_count, 0);
    (void)add_server(0, 0);
    turns(40);
    CHECK_EQ(told_count, 1);
    CHECK_EQ(told[0].kind, REPLICA_ANCHOR_APART);
    CHECK_EQ(told[0].peer, 0);
    CHECK_EQ(told[0].height, end + 1);
    CHECK_EQ(told[0].tip, end);
    CHECK(hash_equal(&told[0].pinned, &w[0]->block[end + 1].hash));
    CHECK(hash_equal(&told[0].found, &w[1]->block[end].hash));
    struct replica_status s = replica_status(party[joiner].r);
    CHECK(s.off_anchor && s.broken && !s.voting);
    CHECK_EQ(height_of(joiner), end);
    CHECK_ERR(replica_receive(party[joiner].r, now, 0, bytes_of_str("x")), ERR_FAILED);
    CHECK_ERR(replica_flush(party[joiner].r, now), ERR_FAILED);
    close_worlds();
}

TEST(a_node_with_another_block_in_its_log_does_not_start)
{
    open_worlds();
    uint64_t end = w[1]->height;
    uint32_t p = add(1, 1);
    struct bytes good[] = { certified(1, fork), certified(1, end - 1) };
    CHECK_OK(start(p, good, 2, 1 << 20));
    CHECK_EQ(told_count, 0);
    for (uint64_t height = fork; height <= end; height += end - fork) { /* the first and the last */
        struct bytes mixed[] = { certified(1, fork - 1), certified(0, height) };
        told_count = 0;
        CHECK_ERR(start(p, mixed, 2, 1 << 20), ERR_INTEGRITY);
        CHECK_EQ(told_count, 1);
        CHECK_EQ(told[0].kind, REPLICA_ANCHOR_LOG);
        CHECK_EQ(told[0].height, height);
        CHECK(hash_equal(&told[0].pinned, &w[0]->block[height].hash));
        CHECK(hash_equal(&told[0].found, &w[1]->block[height].hash));
    }
    struct bytes above = certified(0, end + 1);
    CHECK_OK(start(p, &above, 1, 1 << 20)); /* it will be asked when that height comes */
    close_worlds();
}

TEST(anchors_that_cannot_be_true_keep_a_replica_from_starting)
{
    open_worlds();
    uint32_t p = add(1, 1);
    struct bytes apart[] = { certified(0, fork), certified(1, fork) };
    struct bytes many[TRUST_ANCHORS_MAX + 1];
    CHECK_ERR(start(p, apart, 2, 1 << 20), ERR_INTEGRITY);
    CHECK_ERR(start(p, &(struct bytes){ memory, 3 }, 1, 1 << 20), ERR_ENCODING);
    for (uint32_t i = 0; i <= TRUST_ANCHORS_MAX; i++) {
        many[i] = certified(1, fork + i % 2);
    }
    CHECK_ERR(start(p, many, TRUST_ANCHORS_MAX + 1, 1 << 20), ERR_RANGE);
    CHECK_OK(start(p, many, TRUST_ANCHORS_MAX, 1 << 20));
    CHECK_EQ(told_count, 0);
    close_worlds();
}

/* The whole committee goes on along one history, and one of them was told of the other. */
TEST(a_validator_commits_no_block_of_an_anchors_height_but_the_anchors)
{
    open_worlds();
    uint64_t end = w[1]->height;
    for (uint32_t i = 0; i < 3; i++) {
        (void)add_server(1, i);
    }
    uint32_t p = add(1, 3);
    struct bytes anchor = certified(0, end + 2);
    CHECK_OK(start(p, &anchor, 1, 1 << 20));
    for (int i = 0; i < 2000 && height_of(0) < end + 4; i++) {
        turn();
    }
    CHECK(height_of(0) >= end + 4);
    CHECK_EQ(told_count, 1);
    CHECK_EQ(told[0].kind, REPLICA_ANCHOR_BLOCK);
    CHECK_EQ(told[0].height, end + 2);
    CHECK_EQ(height_of(p), end + 1);
    CHECK(replica_status(party[p].r).off_anchor);
    close_worlds();
}

/* The height of the snapshot that a joiner begins from; 0: it found none that it believes. */
static uint64_t join_by_snapshot(uint32_t joiner, const struct bytes *anchor, uint32_t count)
{
    must(start(joiner, anchor, count, 5));
    for (int i = 0; i < 100 && !replica_status(party[joiner].r).restart; i++) {
        turn();
    }
    if (!replica_status(party[joiner].r).restart) {
        return 0;
    }
    must(replica_flush_now(party[joiner].r, now));
    must(start(joiner, anchor, count, 5));
    ASSERT(replica_status(party[joiner].r).snapshots == 1);
    return height_of(joiner);
}

TEST(formats_13_a_joiner_by_snapshot_holds_it_against_its_anchors)
{
    open_worlds();
    uint32_t joiner = add_wiped(3);
    (void)add_server(1, 1);
    (void)add_server(1, 2); /* f + 1 have the blocks */
    struct bytes below = certified(1, fork);
    uint64_t height = join_by_snapshot(joiner, &below, 1);
    CHECK(height > 0);
    close_worlds();
    open_worlds();
    joiner = add_wiped(3);
    (void)add_server(1, 1);
    (void)add_server(1, 2);
    struct bytes same = certified(0, height);
    CHECK_EQ(join_by_snapshot(joiner, &same, 1), 0);
    CHECK(replica_status(party[joiner].r).liars >= 1);
    CHECK(told_count >= 1);
    CHECK_EQ(told[0].kind, REPLICA_ANCHOR_REFUSED);
    CHECK_EQ(told[0].peer, 1);
    CHECK_EQ(height_of(joiner), 0);
    close_worlds();
}

/* Nobody waits for who has no seat; a validator that waits for blocks which one peer alone has, and
 * does not give, may be one too many. */
TEST(a_validator_takes_no_snapshot_on_one_peers_word_and_an_observer_does)
{
    struct sim_options o = { .seed = 3, .nodes = 4, .steps = SHORT };
    now = 0;
    open_world(0, o);
    uint32_t joiner = add_wiped(3);
    (void)add_server(0, 1);
    CHECK_EQ(join_by_snapshot(joiner, NULL, 0), 0);
    CHECK_EQ(replica_status(party[joiner].r).liars, 0);
    close_worlds();
    open_world(0, o);
    ASSERT(w[0]->nodes > w[0]->seats); /* an odd seed has an observer */
    joiner = add_wiped(w[0]->seats);
    (void)add_server(0, 1);
    CHECK(join_by_snapshot(joiner, NULL, 0) > 0);
    close_worlds();
}

TEST(formats_13_past_the_trust_period_a_joiner_by_snapshot_says_that_it_wants_an_anchor)
{
    now = 0;
    open_world(0, (struct sim_options){
                      .seed = 2, .nodes = 4, .steps = 20000, .faults = 1u << SIM_MEMBERS });
    CHECK(replica_committee(w[0]->node[0].replica)->number > 0);
    uint64_t at = 0;
    struct bytes anchor = { NULL, 0 };
    CHECK_OK(replica_certified(w[0]->node[2].replica, w[0]->height - 8, &arena, &anchor, &at));
    now += w[0]->genesis.trust_ms;
    uint32_t joiner = add_wiped(3);
    (void)add_server(0, 0);
    (void)add_server(0, 1);
    CHECK_EQ(join_by_snapshot(joiner, NULL, 0), 0);
    CHECK(told_count >= 1);
    CHECK_EQ(told[0].kind, REPLICA_ANCHOR_WANTED);
    CHECK_EQ(told[0].peer, 0);
    CHECK_EQ(height_of(joiner), 0);
    told_count = 0;
    CHECK(join_by_snapshot(joiner, &anchor, 1) >= at);
    CHECK_EQ(told_count, 0);
    close_worlds();
}

/* A log that begins above an anchor has nothing to hold against it: that is said, and no more. */
TEST(an_anchor_below_the_base_of_the_log_is_passed_over)
{
    open_worlds();
    uint32_t p = add(1, 1);
    struct bytes anchor = certified(0, fork);
    CHECK_ERR(start(p, &anchor, 1, 1 << 20), ERR_INTEGRITY);
    CHECK_OK(start(p, NULL, 0, 1 << 20));
    uint64_t tip = height_of(p);
    struct hash hash = replica_status(party[p].r).tip.hash;
    struct merkle_frontier before = *ledger_history(replica_ledger(party[p].r));
    CHECK_OK(replica_flush_now(party[p].r, now));
    CHECK_OK(blocklog_restart(&party[p].r->blocks, tip, &hash, &before));
    told_count = 0;
    CHECK_OK(start(p, &anchor, 1, 1 << 20));
    CHECK_EQ(told_count, 1);
    CHECK_EQ(told[0].kind, REPLICA_ANCHOR_BELOW);
    CHECK_EQ(told[0].height, fork);
    close_worlds();
}
