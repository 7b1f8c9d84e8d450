#include "consensus/pace_internal.h"
#include "tests/fixtures/consensus_cluster.h"
#include "tests/test.h"

enum { TIMEOUT_MS = 2000, SHARE_MS = TIMEOUT_MS / PACE_SHARE, MAX = 8192 };

/* A space that commits `per_s` and takes `fixed_ms` for a block however small: what does it commit
 * a second under a flood, when it has had time to learn, and how long does a block take? */
static uint32_t flooded(uint32_t per_s, uint32_t fixed_ms, uint64_t *block_ms)
{
    struct pace p = pace_begin(MAX, TIMEOUT_MS);
    uint64_t done = 0, time = 0;
    for (int i = 0; i < 200; i++) {
        uint64_t took = fixed_ms + (uint64_t)p.most * 1000 / per_s;
        done += i < 50 ? 0 : p.most;
        time += i < 50 ? 0 : took;
        *block_ms = took;
        pace_committed(&p, 1, p.most, took);
    }
    return (uint32_t)(done * 1000 / time);
}

TEST(a_flood_is_taken_at_four_fifths_of_what_the_space_commits)
{
    static const uint32_t PER_S[] = { 1000, 3000, 10000, 30000, 100000 };
    for (size_t i = 0; i < COUNT(PER_S); i++) {
        for (uint32_t fixed_ms = 0; fixed_ms <= 10; fixed_ms += 5) {
            uint64_t block_ms = 0;
            CHECK(flooded(PER_S[i], fixed_ms, &block_ms) >= PER_S[i] / 10 * 8);
            CHECK(block_ms <= SHARE_MS);
        }
    }
}

TEST(great_distances_do_not_make_blocks_small)
{
    uint64_t block_ms = 0;
    CHECK(flooded(10000, 100, &block_ms) >= 2000);
    CHECK(block_ms <= SHARE_MS);
}

TEST(a_slow_space_gets_the_least_there_is)
{
    struct pace p = pace_begin(MAX, TIMEOUT_MS);
    for (int i = 0; i < 20; i++) {
        pace_committed(&p, 1, p.most, 10 * SHARE_MS);
    }
    CHECK_EQ(p.most, PACE_TXS_MIN);
    p = pace_begin(7, TIMEOUT_MS); /* what genesis allows is less than that */
    CHECK_EQ(p.most, 7);
    pace_lost(&p);
    CHECK_EQ(p.most, 7);
}

TEST(it_begins_in_the_middle_doubles_when_fast_and_never_passes_genesis)
{
    struct pace p = pace_begin(MAX, TIMEOUT_MS);
    CHECK_EQ(p.most, PACE_TXS_FIRST);
    for (int i = 0; i < 10; i++) {
        pace_committed(&p, 1, p.most, 1);
    }
    CHECK_EQ(p.most, MAX);
}

TEST(blocks_that_were_not_full_say_nothing_unless_they_were_slow)
{
    struct pace p = pace_begin(MAX, TIMEOUT_MS);
    pace_committed(&p, 1, PACE_TXS_FIRST / 2 - 1, 1);
    CHECK_EQ(p.most, PACE_TXS_FIRST);
    pace_committed(&p, 1, 0, 100 * SHARE_MS);
    CHECK_EQ(p.most, PACE_TXS_FIRST);
    pace_committed(&p, 1, PACE_TXS_FIRST / 2, SHARE_MS + 1);
    CHECK_EQ(p.most, PACE_TXS_FIRST / 2);
    p = pace_begin(MAX, TIMEOUT_MS);
    pace_committed(&p, 1, PACE_TXS_FIRST, SHARE_MS); /* neither fast nor slow */
    CHECK_EQ(p.most, PACE_TXS_FIRST);
    pace_committed(&p, 1, PACE_TXS_FIRST, SHARE_MS * 4 / 3);
    CHECK(p.most > PACE_TXS_FIRST / 2 && p.most < PACE_TXS_FIRST);
}

TEST(blocks_that_were_committed_together_share_the_time)
{
    struct pace p = pace_begin(MAX, TIMEOUT_MS);
    pace_committed(&p, 3, 3 * PACE_TXS_FIRST, 3 * SHARE_MS);
    CHECK_EQ(p.most, PACE_TXS_FIRST);
    pace_committed(&p, 3, 3 * PACE_TXS_FIRST, 3 * SHARE_MS / 2);
    CHECK_EQ(p.most, 2 * PACE_TXS_FIRST);
}

TEST(a_lost_view_halves_it)
{
    struct pace p = pace_begin(MAX, TIMEOUT_MS);
    pace_lost(&p);
    CHECK_EQ(p.most, PACE_TXS_FIRST / 2);
    for (int i = 0; i < 10; i++) {
        pace_lost(&p);
    }
    CHECK_EQ(p.most, PACE_TXS_MIN);
}

/* Seat 0 leads view 0; the test speaks for the others. */
static struct cluster *led_by_0(void)
{
    struct cluster *c = cluster_new(4, 0, 3);
    c->manual = true;
    c->genesis.param[PARAM_BLOCK_TXS_MAX] = MAX;
    for (uint32_t i = 0; i < 4; i++) {
        cluster_start(c, i, true);
    }
    return c;
}

static void commit(struct cluster *c, uint64_t height, const struct hash *block, uint64_t time_ms)
{
    for (uint32_t kind = VOTE_PREPARE; kind <= VOTE_COMMIT; kind++) {
        for (uint32_t seat = 1; seat <= 2; seat++) {
            struct message m = { .kind = MESSAGE_VOTE };
            m.vote = cluster_vote(c, seat, kind, 0, height, time_ms, block);
            CHECK_OK(cluster_send(c, seat, 0, &m));
        }
    }
    CHECK_EQ(c->node[0].tip.height, height);
}

static void build_one(struct cluster *c)
{
    cluster_submit(c, 1);
    cluster_tick(c, 0);
    CHECK_EQ(c->node[0].open_count, 1);
}

TEST(a_primary_asks_for_blocks_of_the_size_that_its_own_commits_allow)
{
    struct cluster *c = led_by_0();
    build_one(c);
    CHECK_EQ(c->node[0].most, PACE_TXS_FIRST);
    struct hash block = c->node[0].open[0];
    uint64_t begun = c->now_ms;
    c->now_ms += c->view_timeout_ms / PACE_SHARE + 20; /* slower than its share */
    commit(c, 1, &block, begun);
    build_one(c);
    CHECK_EQ(c->node[0].most, PACE_TXS_FIRST / 2);
    block = c->node[0].open[0];
    begun = c->now_ms;
    commit(c, 2, &block, begun); /* at once, but it was not full: that says nothing */
    build_one(c);
    CHECK_EQ(c->node[0].most, PACE_TXS_FIRST / 2);
    cluster_free(c);
}

TEST(a_view_that_is_lost_with_an_own_block_open_halves_what_is_asked_for)
{
    struct cluster *c = led_by_0();
    build_one(c);
    for (uint32_t seat = 1; seat <= 3; seat++) { /* view 4 is led by seat 0 again */
        struct message m = { .kind = MESSAGE_VIEW_CHANGE, .change_count = 1 };
        m.change[0] = cluster_change(c, seat, 4, 0, bytes_of(NULL, 0));
        (void)!cluster_send(c, seat, 0, &m);
    }
    CHECK_EQ(pbft_status(c->node[0].pbft).view, 4);
    CHECK(!pbft_status(c->node[0].pbft).changing);
    cluster_submit(c, 1);
    cluster_tick(c, 0);
    CHECK_EQ(c->node[0].most, PACE_TXS_FIRST / 2);
    cluster_free(c);
}
