#include "tests/fixtures/consensus_cluster.h"
#include "tests/test.h"

/* Blocks that are asked for by their hash: what a new view proposes again, what is certified, and
 * what was announced. */

static struct cluster *started(uint32_t seats, uint32_t observers, uint64_t seed)
{
    struct cluster *c = cluster_new(seats, observers, seed);
    for (uint32_t i = 0; i < c->nodes; i++) {
        cluster_start(c, i, true);
    }
    return c;
}

static const struct bytes NOTHING = { NULL, 0 };

struct spoilt {
    struct cluster *c;
    struct bytes good, bad;
    struct hash hash;
};

/* Seat 0 missed the block that view 1 proposes again; the test speaks for the others. */
static struct spoilt spoilt_block(void)
{
    struct cluster *c = started(4, 0, 13);
    c->manual = true;
    struct spoilt s = { .c = c };
    struct ledger_tip root = c->node[0].tip;
    s.good = cluster_block(c, 0, &root, c->now_ms, NOTHING, 1, 2, &s.hash);
    uint8_t *bad = arena_alloc(&c->scratch, s.good.len);
    memcpy(bad, s.good.ptr, s.good.len);
    bad[s.good.len - 1] ^= 1; /* the header's hash is the same */
    s.bad = bytes_of(bad, s.good.len);
    return s;
}

static struct spoilt missing_tip(void)
{
    struct spoilt s = spoilt_block();
    struct cluster *c = s.c;
    struct message m = { .kind = MESSAGE_NEW_VIEW, .view = 1, .change_count = 3 };
    struct bytes cert = cluster_certificate(c, VOTE_PREPARE, 0, 1, c->now_ms, &s.hash, 3);
    for (uint32_t i = 0; i < 3; i++) {
        m.change[i] = cluster_change(c, i + 1, 1, 0, cert);
    }
    if (cluster_send(c, 1, 0, &m) != ERR_NONE) {
        test_fail(__FILE__, __LINE__, "the new view was refused");
    }
    return s;
}

static uint32_t asked_for(const struct cluster *c)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < c->queued; i++) {
        struct message m = { .kind = MESSAGE_KIND_END };
        struct arena scratch = c->scratch;
        count += message_decode(c->queue[i].bytes, &scratch, &m) == ERR_NONE &&
                         m.kind == MESSAGE_GET_BLOCK
                     ? 1
                     : 0;
    }
    return count;
}

TEST(a_missing_block_of_the_chain_is_asked_for_and_taken_by_its_hash_from_anybody)
{
    struct spoilt s = missing_tip();
    CHECK_EQ(asked_for(s.c), 1);
    struct hash other;
    struct message wrong = { .kind = MESSAGE_BLOCK };
    struct ledger_tip root = s.c->node[0].tip;
    wrong.block = cluster_block(s.c, 0, &root, s.c->now_ms, NOTHING, 2, 1, &other);
    CHECK_ERR(cluster_send(s.c, 2, 0, &wrong), ERR_STALE);
    struct message right = { .kind = MESSAGE_BLOCK, .block = s.good };
    CHECK_OK(cluster_send(s.c, 3, 0, &right));
    CHECK_EQ(s.c->node[0].open_count, 1);
    struct vote last;
    CHECK(pbft_last_vote(s.c->node[0].pbft, &last));
    CHECK_EQ(last.view, 1);
    CHECK(hash_equal(&last.block, &s.hash));
    cluster_free(s.c);
}

TEST(a_block_whose_body_was_spoilt_is_thrown_away_and_asked_for_again_a_while_later)
{
    struct spoilt s = missing_tip();
    struct message bad = { .kind = MESSAGE_BLOCK, .block = s.bad };
    CHECK_OK(cluster_send(s.c, 3, 0, &bad));
    CHECK_EQ(s.c->node[0].open_count, 0);
    CHECK_EQ(asked_for(s.c), 1); /* answers and questions do not chase each other */
    s.c->now_ms += 200;
    cluster_tick(s.c, 0);
    CHECK_EQ(asked_for(s.c), 2);
    CHECK(!pbft_status(s.c->node[0].pbft).changing);
    struct message right = { .kind = MESSAGE_BLOCK, .block = s.good };
    CHECK_OK(cluster_send(s.c, 2, 0, &right));
    CHECK_EQ(s.c->node[0].open_count, 1);
    cluster_free(s.c);
}

/* The question for the block above stands between the answer and what comes of it. */
TEST(a_block_that_does_not_execute_is_not_asked_for_at_once_when_the_next_is_wanted_too)
{
    struct spoilt s = spoilt_block();
    struct cluster *c = s.c;
    struct ledger_tip first = { .height = 1, .time_ms = c->now_ms, .hash = s.hash };
    struct hash second;
    (void)cluster_block(c, 0, &first, c->now_ms + 1, NOTHING, 2, 1, &second);
    struct message m = { .kind = MESSAGE_VOTE };
    m.vote = cluster_vote(c, 0, VOTE_PREPARE, 0, 2, c->now_ms + 1, &second);
    CHECK_OK(cluster_send(c, 0, 1, &m));
    m.vote = cluster_vote(c, 0, VOTE_PREPARE, 0, 1, c->now_ms, &s.hash);
    CHECK_OK(cluster_send(c, 0, 1, &m));
    CHECK_EQ(asked_for(c), 1);
    struct message bad = { .kind = MESSAGE_BLOCK, .block = s.bad };
    CHECK_OK(cluster_send(c, 2, 1, &bad));
    CHECK_EQ(asked_for(c), 2); /* the second */
    CHECK_ERR(cluster_send(c, 3, 1, &bad), ERR_STALE);
    CHECK_EQ(asked_for(c), 2);
    c->now_ms += 200;
    cluster_tick(c, 1);
    CHECK_EQ(asked_for(c), 3);
    struct message right = { .kind = MESSAGE_BLOCK, .block = s.good };
    CHECK_OK(cluster_send(c, 2, 1, &right));
    CHECK_EQ(c->node[1].open_count, 1);
    cluster_free(c);
}

TEST(while_views_change_a_certified_block_that_does_not_execute_is_not_asked_for_at_once_either)
{
    struct spoilt s = spoilt_block();
    struct cluster *c = s.c;
    for (uint32_t seat = 1; seat <= 2; seat++) {
        struct message m = { .kind = MESSAGE_VIEW_CHANGE, .change_count = 1 };
        m.change[0] = cluster_change(c, seat, 1, 0, NOTHING);
        CHECK_OK(cluster_send(c, seat, 0, &m));
    }
    CHECK(pbft_status(c->node[0].pbft).changing);
    for (uint32_t seat = 1; seat <= 3; seat++) {
        struct message m = { .kind = MESSAGE_VOTE };
        m.vote = cluster_vote(c, seat, VOTE_COMMIT, 0, 1, c->now_ms, &s.hash);
        CHECK_OK(cluster_send(c, seat, 0, &m));
    }
    CHECK_EQ(asked_for(c), 1);
    struct message bad = { .kind = MESSAGE_BLOCK, .block = s.bad };
    CHECK_OK(cluster_send(c, 1, 0, &bad));
    CHECK_EQ(asked_for(c), 1);
    c->now_ms += 200;
    cluster_tick(c, 0);
    CHECK_EQ(asked_for(c), 2);
    struct message right = { .kind = MESSAGE_BLOCK, .block = s.good };
    CHECK_OK(cluster_send(c, 2, 0, &right));
    CHECK_EQ(c->node[0].tip.height, 1);
    cluster_free(c);
}
