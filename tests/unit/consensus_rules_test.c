#include "tests/fixtures/consensus_cluster.h"
#include "tests/test.h"

#include <stdlib.h>

static const struct bytes NOTHING = { NULL, 0 };

static struct cluster *quiet(uint32_t seats, uint64_t seed)
{
    struct cluster *c = cluster_new(seats, 0, seed);
    c->manual = true;
    for (uint32_t i = 0; i < c->nodes; i++) {
        cluster_start(c, i, true);
    }
    return c;
}

static struct message proposal(struct cluster *c, uint32_t seat, uint64_t view,
                               const struct ledger_tip *parent, uint64_t time_ms, uint64_t salt,
                               struct hash *hash)
{
    struct message m = { .kind = MESSAGE_PROPOSE, .view = view };
    m.block = cluster_block(c, seat, parent, time_ms, NOTHING, salt, 1, hash);
    m.vote = cluster_vote(c, seat, VOTE_PREPARE, view, parent->height + 1, time_ms, hash);
    return m;
}

static struct message vote(struct cluster *c, uint32_t seat, uint32_t kind, uint64_t view,
                           uint64_t height, const struct hash *hash)
{
    struct message m = { .kind = MESSAGE_VOTE };
    m.vote = cluster_vote(c, seat, kind, view, height, c->now_ms, hash);
    return m;
}

static struct ledger_tip tip(uint64_t height, uint64_t time_ms, const struct hash *hash)
{
    return (struct ledger_tip){ .height = height, .time_ms = time_ms, .hash = *hash };
}

static bool said(struct cluster *c, uint32_t from, enum message_kind kind, uint32_t vote_kind)
{
    for (uint32_t i = 0; i < c->queued; i++) {
        struct message m = { .kind = MESSAGE_KIND_END };
        struct arena scratch = c->scratch;
        if (c->queue[i].from == from &&
            message_decode(c->queue[i].bytes, &scratch, &m) == ERR_NONE && m.kind == kind &&
            (kind != MESSAGE_VOTE || m.vote.vote.kind == vote_kind)) {
            return true;
        }
    }
    return false;
}

/* ---- FORMATS 10: time -------------------------------------------------------------------------
 */

static bool voted_for_time(int64_t offset_ms, uint64_t parent_ms)
{
    struct cluster *c = quiet(4, 1);
    struct ledger_tip root = c->node[1].tip;
    struct hash hash;
    if (parent_ms != 0) {
        c->now_ms = root.time_ms + parent_ms;
    }
    struct message m =
        proposal(c, 0, 0, &root, (uint64_t)((int64_t)c->now_ms + offset_ms), 1, &hash);
    enum err e = cluster_propose(c, 0, 1, &m);
    bool voted = said(c, 1, MESSAGE_VOTE, VOTE_PREPARE);
    cluster_free(c);
    return e == ERR_NONE && voted;
}

TEST(formats_10_a_new_block_is_no_later_than_our_clock_and_its_tolerance)
{
    CHECK(voted_for_time(0, 0));
    CHECK(voted_for_time(5000, 0));
    CHECK(!voted_for_time(5001, 0));
}

TEST(formats_10_a_new_block_is_at_most_thirty_seconds_old)
{
    CHECK(voted_for_time(-30000, 60000));
    CHECK(!voted_for_time(-30001, 60000));
}

TEST(formats_10_a_block_is_later_than_the_one_before_it)
{
    CHECK(voted_for_time(-999, 0)); /* the parent is 1,000 ms old */
    CHECK(!voted_for_time(-1000, 0));
}

TEST(formats_10_a_block_that_a_quorum_prepared_is_not_measured_by_our_clock)
{
    struct cluster *c = quiet(4, 2);
    struct ledger_tip root = c->node[1].tip;
    struct hash hash;
    uint64_t time = c->now_ms + 6000;
    struct message m = proposal(c, 0, 0, &root, time, 1, &hash);
    CHECK_OK(cluster_propose(c, 0, 1, &m));
    CHECK_EQ(c->node[1].open_count, 0);
    for (uint32_t s = 2; s < 4; s++) {
        struct message v = { .kind = MESSAGE_VOTE };
        v.vote = cluster_vote(c, s, VOTE_PREPARE, 0, 1, time, &hash);
        CHECK_OK(cluster_send(c, s, 1, &v));
    }
    CHECK_EQ(c->node[1].open_count, 1);
    cluster_free(c);
}

TEST(formats_10_an_idle_space_commits_an_empty_block_every_thirty_seconds)
{
    struct cluster *c = cluster_new(4, 0, 3);
    for (uint32_t i = 0; i < 4; i++) {
        cluster_start(c, i, true);
    }
    cluster_run(c, 28900);
    CHECK_EQ(c->top, 0);
    cluster_run(c, 400);
    CHECK(cluster_all_at(c, 1));
    cluster_run(c, 90000);
    CHECK(cluster_all_at(c, 4));
    CHECK_EQ(c->top, 4);
    cluster_free(c);
}

/* ---- FORMATS 11: votes and certificates -------------------------------------------------------
 */

TEST(formats_11_a_commit_certificate_is_two_f_plus_one_votes_of_one_view)
{
    struct cluster *c = quiet(4, 4);
    struct ledger_tip root = c->node[1].tip;
    struct hash hash;
    struct message m = proposal(c, 0, 0, &root, c->now_ms, 1, &hash);
    CHECK_OK(cluster_propose(c, 0, 1, &m));
    static const struct {
        uint32_t seat;
        uint64_t view;
    } VOTE[] = { { 0, 0 }, { 2, 1 }, { 3, 2 } };
    for (size_t i = 0; i < COUNT(VOTE); i++) {
        struct message v = vote(c, VOTE[i].seat, VOTE_COMMIT, VOTE[i].view, 1, &hash);
        CHECK_OK(cluster_send(c, VOTE[i].seat, 1, &v));
        CHECK_EQ(c->node[1].tip.height, 0);
    }
    struct message v = vote(c, 0, VOTE_COMMIT, 2, 1, &hash);
    CHECK_OK(cluster_send(c, 0, 1, &v));
    CHECK_EQ(c->node[1].tip.height, 0);
    v = vote(c, 2, VOTE_COMMIT, 2, 1, &hash);
    CHECK_OK(cluster_send(c, 2, 1, &v));
    CHECK_EQ(c->node[1].tip.height, 1);
    CHECK_EQ(c->node[1].certified, 1);
    cluster_free(c);
}

TEST(formats_11_a_block_carries_the_newest_certificate_and_equal_heights_are_equal_certificates)
{
    /* The cluster's executor refuses what breaks this rule; a refusal costs the view. */
    struct cluster *c = cluster_new(4, 0, 5);
    for (uint32_t i = 0; i < 4; i++) {
        cluster_start(c, i, true);
    }
    for (int i = 0; i < 40; i++) {
        cluster_submit(c, 6);
        if (i == 20) {
            cluster_crash(c, 0);
        }
        cluster_run(c, 60);
    }
    cluster_run(c, 4000);
    CHECK_EQ(pbft_status(c->node[1].pbft).view, 1);
    CHECK_EQ(c->node[1].done, 240);
    for (uint64_t h = 2; h <= c->node[1].tip.height; h++) {
        struct block b;
        CHECK_OK(block_decode(&c->suite, c->node[1].block[h], &c->scratch, &b));
        CHECK(b.header.last_commit.height + PBFT_OPEN_MAX >= h - 1);
    }
    cluster_free(c);
}

TEST(formats_11_a_second_vote_of_a_seat_is_refused_and_counted)
{
    struct cluster *c = quiet(4, 6);
    struct hash a = c->genesis.space, b = a;
    b.b[0] ^= 1;
    struct message first = vote(c, 2, VOTE_PREPARE, 0, 1, &a);
    struct message second = vote(c, 2, VOTE_PREPARE, 0, 1, &b);
    CHECK_OK(cluster_send(c, 2, 1, &first));
    CHECK_ERR(cluster_send(c, 2, 1, &first), ERR_DUPLICATE);
    CHECK_EQ(pbft_status(c->node[1].pbft).equivocations, 0);
    CHECK_ERR(cluster_send(c, 2, 1, &second), ERR_DUPLICATE);
    CHECK_EQ(pbft_status(c->node[1].pbft).equivocations, 1);
    second.vote.signature = first.vote.signature; /* forged: proves nothing */
    CHECK_ERR(cluster_send(c, 2, 1, &second), ERR_SIGNATURE);
    CHECK_EQ(pbft_status(c->node[1].pbft).equivocations, 1);
    cluster_free(c);
}

/* ---- FORMATS 12: pipelining -------------------------------------------------------------------
 */

TEST(formats_12_at_most_four_blocks_are_open)
{
    struct cluster *c = quiet(4, 7);
    cluster_submit(c, 30);
    cluster_tick(c, 0);
    CHECK_EQ(c->node[0].open_count, PBFT_OPEN_MAX);
    struct ledger_tip parent = c->node[1].tip;
    for (uint64_t h = 1; h <= 5; h++) {
        struct hash hash;
        uint64_t time = c->now_ms - 100 + h;
        struct message m = proposal(c, 0, 0, &parent, time, h, &hash);
        CHECK_OK(cluster_propose(c, 0, 1, &m));
        parent = tip(h, time, &hash);
    }
    CHECK_EQ(c->node[1].open_count, PBFT_OPEN_MAX);
    cluster_free(c);
}

TEST(formats_12_the_pipeline_drains_before_a_block_of_a_new_epoch)
{
    struct cluster *c = cluster_new(4, 0, 8);
    c->manual = true;
    uint64_t edge = CLUSTER_START_MS + CLUSTER_EPOCH_MS;
    c->now_ms = edge - 50;
    for (uint32_t i = 0; i < 4; i++) {
        c->node[i].tip.time_ms = edge - 1000;
        cluster_start(c, i, true);
    }
    struct ledger_tip root = c->node[1].tip;
    struct hash first, second;
    struct message m = proposal(c, 0, 0, &root, edge - 10, 1, &first);
    CHECK_OK(cluster_propose(c, 0, 1, &m));
    struct ledger_tip parent = tip(1, edge - 10, &first);
    m = proposal(c, 0, 0, &parent, edge + 10, 2, &second);
    CHECK_OK(cluster_propose(c, 0, 1, &m));
    CHECK_EQ(c->node[1].open_count, 1);
    for (uint32_t s = 0; s < 4; s += s == 0 ? 2 : 1) {
        struct message v = vote(c, s, VOTE_COMMIT, 0, 1, &first);
        CHECK_OK(cluster_send(c, s, 1, &v));
    }
    CHECK_EQ(c->node[1].tip.height, 1);
    CHECK_EQ(c->node[1].open_count, 1); /* now it stands on a committed parent */
    cluster_free(c);
}

TEST(formats_12_one_vote_for_a_view_and_height_even_after_a_crash)
{
    struct cluster *c = quiet(4, 9);
    struct ledger_tip root = c->node[1].tip;
    struct hash first, second;
    struct message a = proposal(c, 0, 0, &root, c->now_ms, 1, &first);
    struct message b = proposal(c, 0, 0, &root, c->now_ms, 2, &second);
    CHECK_OK(cluster_propose(c, 0, 1, &a));
    cluster_crash(c, 1);
    cluster_start(c, 1, true);
    CHECK_EQ(c->node[1].open_count, 1); /* its own block came back from the log */
    CHECK_OK(cluster_propose(c, 0, 1, &b));
    struct vote last;
    CHECK(pbft_last_vote(c->node[1].pbft, &last));
    CHECK(hash_equal(&last.block, &first));
    CHECK_EQ(c->contradictions, 0);
    cluster_free(c);
}

/* ---- FORMATS 13: epochs -----------------------------------------------------------------------
 */

TEST(formats_13_votes_are_signed_with_the_key_of_the_blocks_epoch)
{
    struct cluster *c = cluster_new(4, 0, 10);
    c->now_ms = CLUSTER_START_MS + CLUSTER_EPOCH_MS - 400;
    for (uint32_t i = 0; i < 4; i++) {
        cluster_start(c, i, true);
    }
    for (int i = 0; i < 20; i++) {
        cluster_submit(c, 2);
        cluster_run(c, 60);
    }
    cluster_run(c, 1000);
    CHECK_EQ(c->node[2].tip.epoch, 1);
    CHECK_EQ(c->node[2].done, 40);
    CHECK_EQ(pbft_status(c->node[2].pbft).view, 0);
    CHECK_EQ(pbft_status(c->node[2].pbft).primary, 1); /* the primary moved, and no view changed */
    for (uint64_t h = 1; h <= c->node[2].tip.height; h++) {
        struct certificate cert;
        struct block b;
        if (c->node[2].certificate[h].len > 0) {
            CHECK_OK(certificate_decode(c->node[2].certificate[h], &c->scratch, &cert));
            CHECK_OK(block_decode(&c->suite, c->node[2].block[h], &c->scratch, &b));
            CHECK_EQ(cert.epoch, genesis_epoch(&c->genesis, b.header.time_ms));
        }
    }
    cluster_free(c);
}

TEST(formats_13_a_vote_of_a_far_epoch_is_refused)
{
    struct cluster *c = quiet(4, 11);
    struct hash hash = c->genesis.space;
    struct message m = { .kind = MESSAGE_VOTE };
    uint64_t epoch = CLUSTER_EPOCH_MS;
    m.vote = cluster_vote(c, 2, VOTE_PREPARE, 0, 1, c->now_ms + epoch, &hash);
    CHECK_OK(cluster_send(c, 2, 1, &m));
    m.vote = cluster_vote(c, 3, VOTE_PREPARE, 0, 1, c->now_ms + 2 * epoch, &hash);
    CHECK_ERR(cluster_send(c, 3, 1, &m), ERR_STALE);
    cluster_free(c);
}

TEST(a_space_that_slept_for_days_wakes_up)
{
    struct cluster *c = cluster_new(4, 0, 12);
    c->now_ms += UINT64_C(7) * CLUSTER_EPOCH_MS;
    for (uint32_t i = 0; i < 4; i++) {
        cluster_start(c, i, true);
    }
    cluster_submit(c, 5);
    cluster_run(c, 1000);
    CHECK_EQ(c->node[3].done, 5);
    CHECK_EQ(c->node[3].tip.epoch, 7);
    cluster_free(c);
}

/* ---- FORMATS 14: who may not vote -------------------------------------------------------------
 */

TEST(formats_14_a_node_that_may_not_vote_follows_and_signs_nothing)
{
    struct cluster *c = cluster_new(4, 0, 13);
    for (uint32_t i = 0; i < 4; i++) {
        cluster_start(c, i, i != 3);
    }
    cluster_submit(c, 5);
    cluster_run(c, 500);
    CHECK(cluster_all_at(c, 2));
    struct vote last;
    CHECK(!pbft_last_vote(c->node[3].pbft, &last));
    CHECK(!pbft_status(c->node[3].pbft).may_vote);
    CHECK_OK(cluster_feed(c, 3, &(struct pbft_event){ .kind = PBFT_MAY_VOTE, .yes = true }));
    cluster_submit(c, 1);
    cluster_run(c, 500);
    CHECK(cluster_all_at(c, 3));
    CHECK(pbft_last_vote(c->node[3].pbft, &last));
    cluster_free(c);
}

TEST(formats_14_the_last_vote_is_remembered_through_a_crash)
{
    struct cluster *c = cluster_new(4, 0, 14);
    for (uint32_t i = 0; i < 4; i++) {
        cluster_start(c, i, true);
    }
    cluster_submit(c, 5);
    cluster_run(c, 500);
    struct vote before, after;
    CHECK(pbft_last_vote(c->node[2].pbft, &before));
    cluster_crash(c, 2);
    cluster_start(c, 2, false);
    CHECK(pbft_last_vote(c->node[2].pbft, &after));
    CHECK_EQ(before.height, after.height);
    CHECK_EQ(before.kind, after.kind);
    CHECK(hash_equal(&before.block, &after.block));
    cluster_free(c);
}

TEST(an_observer_follows_for_ever_and_writes_nothing)
{
    struct cluster *c = cluster_new(4, 1, 15);
    for (uint32_t i = 0; i < 5; i++) {
        cluster_start(c, i, true);
    }
    for (int i = 0; i < 30; i++) {
        cluster_submit(c, 2);
        if (i == 15) {
            cluster_crash(c, 0);
        }
        cluster_run(c, 100);
    }
    cluster_run(c, 4000);
    CHECK_EQ(c->node[4].done, 60);
    CHECK_EQ(c->node[4].log_count, 0);
    struct pbft_event replay = { .kind = PBFT_REPLAY, .bytes = bytes_of("\1x", 2) };
    CHECK_ERR(cluster_feed(c, 4, &replay), ERR_STATE);
    cluster_free(c);
}

/* ---- the vote log -----------------------------------------------------------------------------
 */

TEST(the_vote_log_is_cut_and_what_must_stay_stays)
{
    struct cluster *c = cluster_new(4, 0, 16);
    for (uint32_t i = 0; i < 4; i++) {
        cluster_start(c, i, true);
    }
    for (int i = 0; i < 700; i++) {
        cluster_submit(c, 4);
        cluster_run(c, 40);
        if (i % 60 == 59) {
            uint32_t n = (uint32_t)cluster_random(c, 4);
            cluster_crash(c, n);
            cluster_run(c, 100);
            cluster_start(c, n, true);
        }
    }
    cluster_run(c, 4000);
    CHECK(c->trims > 4);
    CHECK_EQ(c->node[1].done, 2800);
    CHECK_EQ(c->forks + c->contradictions + c->unwritten, 0);
    for (uint32_t i = 0; i < 4; i++) {
        CHECK(c->node[i].log_count < 600);
    }
    cluster_free(c);
}

TEST(a_damaged_record_of_the_vote_log_is_refused)
{
    static const struct {
        const char *bytes;
        size_t len;
        enum err want;
    } BAD[] = {
        { "", 0, ERR_CORRUPT },        { "\2", 1, ERR_CORRUPT },      { "\0x", 2, ERR_CORRUPT },
        { "\7x", 2, ERR_ENCODING },    { "\10x", 2, ERR_CORRUPT },    { "\1junk", 5, ERR_ENCODING },
        { "\2junk", 5, ERR_ENCODING }, { "\3junk", 5, ERR_ENCODING }, { "\4junk", 5, ERR_ENCODING },
        { "\5short", 6, ERR_CORRUPT },
    };
    struct cluster *c = cluster_new(4, 0, 17);
    struct pbft_config config = cluster_config(c, 0);
    size_t size = pbft_memory_size(&config);
    void *memory = malloc(size);
    CHECK(memory != NULL);
    struct arena a = arena_over(memory, size);
    struct pbft *p;
    CHECK_OK(pbft_init(&config, &a, &p));
    for (size_t i = 0; i < COUNT(BAD); i++) {
        struct pbft_effects out;
        struct pbft_event ev = { .kind = PBFT_REPLAY, .bytes = bytes_of(BAD[i].bytes, BAD[i].len) };
        CHECK_ERR(pbft_step(p, &ev, &out), BAD[i].want);
        CHECK_EQ(out.count, 0);
    }
    free(memory);
    cluster_free(c);
}
