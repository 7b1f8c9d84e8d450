#include "tests/fixtures/consensus_cluster.h"
#include "tests/test.h"

/* Another committee (FORMATS 13), seen by one seat: seat 1 of four, then seat 1 of five; and by the
 * node beside the seats, which comes in as seat 4. */

static const struct bytes NOTHING = { NULL, 0 };
enum { US = 1, NEWCOMER = 4, LATE_MS = 40000 };

struct change {
    struct cluster *c;
    struct ledger_tip root, closing;
    struct committee next;
};

static struct hash hash_of(struct cluster *c, const char *word)
{
    struct hash h;
    hash_tagged(&c->suite, "carnet/test/v1", bytes_of_str(word), &h);
    return h;
}

static struct committee next_of(const struct cluster *c)
{
    return (struct committee){
        .number = 1, .since_epoch = 1, .since_height = 2, .count = 5, .hash = c->next
    };
}

/* The epoch of height 1 has been over for a while, and a change waits. */
static struct change waiting(uint64_t seed)
{
    struct change x = { .c = cluster_new(4, 1, seed) };
    x.c->manual = true;
    x.c->next = hash_of(x.c, "five seats");
    for (uint32_t i = 0; i < x.c->nodes; i++) {
        cluster_start(x.c, i, true);
    }
    x.root = x.c->node[US].tip;
    x.c->now_ms = committee_epoch_end_ms(&x.c->genesis, 0) + LATE_MS;
    x.next = next_of(x.c);
    return x;
}

static bool said_vote(struct cluster *c, uint32_t from, uint32_t kind, uint64_t height)
{
    for (uint32_t i = 0; i < c->queued; i++) {
        struct message m = { .kind = MESSAGE_KIND_END };
        struct arena scratch = c->scratch;
        if (c->queue[i].from == from &&
            message_decode(c->queue[i].bytes, &scratch, &m) == ERR_NONE && m.kind == MESSAGE_VOTE &&
            m.vote.seat == from && m.vote.vote.kind == kind && m.vote.vote.height == height) {
            return true;
        }
    }
    return false;
}

static struct message proposal(struct cluster *c, uint32_t seat, const struct ledger_tip *parent,
                               uint64_t time_ms, uint64_t salt, uint32_t txs, struct hash *hash)
{
    struct message m = { .kind = MESSAGE_PROPOSE };
    m.block = cluster_block(c, seat, parent, time_ms, NOTHING, salt, txs, hash);
    m.vote = cluster_vote(c, seat, VOTE_PREPARE, 0, parent->height + 1, time_ms, hash);
    return m;
}

static void votes(struct cluster *c, uint32_t node, uint32_t kind, uint64_t height,
                  uint64_t time_ms, const struct hash *hash, uint32_t from, uint32_t to)
{
    for (uint32_t s = from; s < to; s++) {
        struct message v = { .kind = MESSAGE_VOTE };
        v.vote = cluster_vote(c, s, kind, 0, height, time_ms, hash);
        if (s != node) {
            (void)cluster_send(c, s, node, &v);
        }
    }
}

/* The primary of the epoch that is over closes it, and all vote. */
static void close_at(struct change *x, uint32_t node)
{
    struct cluster *c = x->c;
    struct hash hash;
    uint64_t end = committee_epoch_end_ms(&c->genesis, 0);
    struct message m = proposal(c, 0, &x->root, end, 7, 0, &hash);
    CHECK_OK(cluster_propose(c, 0, node, &m));
    votes(c, node, VOTE_PREPARE, 1, end, &hash, 1, 4);
    votes(c, node, VOTE_COMMIT, 1, end, &hash, 0, 4);
    CHECK_EQ(c->node[node].tip.height, 1);
    x->closing = c->node[node].tip;
}

static enum err sit(struct change *x, uint32_t node, uint32_t seat)
{
    struct pbft_event ev = { .kind = PBFT_COMMITTEE, .committee = &x->next, .seat = seat };
    x->c->sits = x->c->next;
    x->c->sitting = x->next.count;
    return cluster_feed(x->c, node, &ev);
}

static struct pbft_status status(const struct change *x, uint32_t node)
{
    return pbft_status(x->c->node[node].pbft);
}

/* ---- the closing block ----------------------------------------------------------------------- */

static bool votes_for_closing(uint32_t txs)
{
    struct change x = waiting(1);
    struct hash hash;
    struct message m =
        proposal(x.c, 0, &x.root, committee_epoch_end_ms(&x.c->genesis, 0), 7, txs, &hash);
    enum err e = cluster_propose(x.c, 0, US, &m);
    bool voted = e == ERR_NONE && said_vote(x.c, US, VOTE_PREPARE, 1);
    cluster_free(x.c);
    return voted;
}

TEST(formats_13_a_closing_block_may_be_old_when_it_is_empty)
{
    CHECK(votes_for_closing(0));
    CHECK(!votes_for_closing(1));
}

TEST(formats_13_an_empty_block_that_closes_nothing_may_not_be_old)
{
    struct change x = waiting(2);
    struct hash hash;
    uint64_t before = committee_epoch_end_ms(&x.c->genesis, 0) - 1;
    struct message m = proposal(x.c, 0, &x.root, before, 7, 0, &hash);
    CHECK_OK(cluster_propose(x.c, 0, US, &m));
    CHECK(!said_vote(x.c, US, VOTE_PREPARE, 1));
    cluster_free(x.c);
}

TEST(formats_13_without_a_change_the_last_instant_of_an_epoch_is_as_any_other)
{
    struct change x = waiting(3);
    struct hash hash;
    x.c->next = x.c->sits;
    struct message m =
        proposal(x.c, 0, &x.root, committee_epoch_end_ms(&x.c->genesis, 0), 7, 0, &hash);
    CHECK_OK(cluster_propose(x.c, 0, US, &m));
    CHECK(!said_vote(x.c, US, VOTE_PREPARE, 1));
    cluster_free(x.c);
}

/* ---- between two committees ------------------------------------------------------------------ */

TEST(whoever_committed_a_closing_block_builds_and_signs_nothing_before_it_hears_who_sits)
{
    struct change x = waiting(4);
    close_at(&x, US);
    uint64_t built = x.c->node[US].built;
    cluster_submit(x.c, 3);
    cluster_tick(x.c, US);
    x.c->now_ms += 60000;
    cluster_tick(x.c, US);
    CHECK_EQ(x.c->node[US].built, built);
    CHECK(!status(&x, US).changing);
    CHECK_OK(sit(&x, US, US));
    cluster_tick(x.c, US);
    CHECK_EQ(x.c->node[US].built, built + 1); /* it leads: (view 0 + epoch 1) mod 5 */
    CHECK(said_vote(x.c, US, VOTE_PREPARE, 2));
    cluster_free(x.c);
}

TEST(a_committee_is_heard_of_in_its_turn)
{
    struct change x = waiting(5);
    CHECK_ERR(sit(&x, US, US), ERR_STATE); /* its closing block is not committed here */
    x.c->sits = x.c->genesis.space;
    x.c->sitting = x.c->seats;
    close_at(&x, US);
    CHECK_OK(sit(&x, US, US));
    CHECK_OK(sit(&x, US, US)); /* said again it changes nothing */
    struct committee old = { .count = 4, .hash = x.c->genesis.space };
    struct pbft_event ev = { .kind = PBFT_COMMITTEE, .committee = &old, .seat = US };
    CHECK_ERR(cluster_feed(x.c, US, &ev), ERR_STALE);
    cluster_free(x.c);
}

/* ---- the next committee ---------------------------------------------------------------------- */

TEST(formats_13_a_committee_has_the_quorum_of_its_own_number_of_seats)
{
    struct change x = waiting(6);
    struct hash hash;
    close_at(&x, US);
    CHECK_OK(sit(&x, US, US));
    x.c->now_ms++;
    cluster_submit(x.c, 1);
    cluster_tick(x.c, US);
    CHECK_EQ(x.c->node[US].open_count, 1);
    hash = x.c->node[US].open[0];
    uint64_t time = x.c->now_ms;
    votes(x.c, US, VOTE_PREPARE, 2, time, &hash, 2, 4);
    CHECK(!said_vote(x.c, US, VOTE_COMMIT, 2)); /* three of five, with its own */
    votes(x.c, US, VOTE_PREPARE, 2, time, &hash, 4, 5);
    CHECK(said_vote(x.c, US, VOTE_COMMIT, 2));
    votes(x.c, US, VOTE_COMMIT, 2, time, &hash, 2, 4);
    CHECK_EQ(x.c->node[US].tip.height, 1);
    votes(x.c, US, VOTE_COMMIT, 2, time, &hash, 4, 5);
    CHECK_EQ(x.c->node[US].tip.height, 2);
    cluster_free(x.c);
}

TEST(formats_13_what_names_an_epoch_of_the_committee_before_is_refused)
{
    struct change x = waiting(7);
    struct hash hash = hash_of(x.c, "a block");
    uint64_t end = committee_epoch_end_ms(&x.c->genesis, 0);
    close_at(&x, US);
    CHECK_OK(sit(&x, US, US));
    struct message v = { .kind = MESSAGE_VOTE };
    v.vote = cluster_vote(x.c, 2, VOTE_COMMIT, 0, 2, end, &hash);
    CHECK_ERR(cluster_send(x.c, 2, US, &v), ERR_STALE);
    v.vote = cluster_vote(x.c, 2, VOTE_COMMIT, 0, 2, end + 1, &hash);
    CHECK_OK(cluster_send(x.c, 2, US, &v));
    uint64_t now = x.c->now_ms;
    struct message m = { .kind = MESSAGE_VIEW_CHANGE, .change_count = 1 };
    x.c->now_ms = end; /* its epoch is that of the clock */
    m.change[0] = cluster_change(x.c, 3, 1, 1, NOTHING);
    x.c->now_ms = now;
    CHECK_ERR(cluster_send(x.c, 3, US, &m), ERR_STALE);
    m.change[0] = cluster_change(x.c, 3, 1, 1, NOTHING);
    CHECK_OK(cluster_send(x.c, 3, US, &m));
    cluster_free(x.c);
}

TEST(formats_13_views_begin_anew_and_votes_heard_before_do_not_count)
{
    struct change x = waiting(8);
    struct hash hash = hash_of(x.c, "a block");
    for (uint32_t s = 2; s < 4; s++) { /* two ask for view 3: it is joined */
        struct message m = { .kind = MESSAGE_VIEW_CHANGE, .change_count = 1 };
        m.change[0] = cluster_change(x.c, s, 3, 0, NOTHING);
        CHECK_OK(cluster_send(x.c, s, US, &m));
    }
    CHECK_EQ(status(&x, US).view, 3);
    uint64_t end = committee_epoch_end_ms(&x.c->genesis, 0);
    x.closing = (struct ledger_tip){ .height = 1, .time_ms = end, .hash = hash };
    struct hash first = hash_of(x.c, "the first block of the next committee");
    votes(x.c, US, VOTE_COMMIT, 2, end + 1, &first, 2, 4); /* of epoch 1, before its time */
    x.c->node[US].tip = x.closing;
    struct pbft_event ev = {
        .kind = PBFT_SYNCED, .tip = x.closing, .committee = &x.next, .seat = US
    };
    CHECK_OK(cluster_feed(x.c, US, &ev));
    CHECK_EQ(status(&x, US).view, 0);
    CHECK(!status(&x, US).changing);
    CHECK_EQ(status(&x, US).primary, 1);
    uint64_t syncs = x.c->syncs;
    votes(x.c, US, VOTE_COMMIT, 2, end + 1, &first, 0, 1);
    votes(x.c, US, VOTE_COMMIT, 2, end + 1, &first, 4, 5); /* with those two it would be four */
    CHECK_EQ(x.c->syncs, syncs);
    votes(x.c, US, VOTE_COMMIT, 2, end + 1, &first, 2, 4);
    CHECK_EQ(x.c->syncs, syncs + 1); /* certified: the block is wanted */
    cluster_free(x.c);
}

TEST(a_block_that_names_another_committee_is_not_voted_for)
{
    struct change x = waiting(9);
    struct hash hash;
    close_at(&x, 2);
    CHECK_OK(sit(&x, 2, 2));
    x.c->sits = x.c->genesis.space;
    struct message m = proposal(x.c, 1, &x.closing, x.c->now_ms, 8, 0, &hash);
    CHECK_OK(cluster_propose(x.c, 1, 2, &m));
    CHECK(!said_vote(x.c, 2, VOTE_PREPARE, 2));
    cluster_free(x.c);
}

TEST(formats_13_a_seat_that_comes_votes_and_one_that_goes_does_not)
{
    static const struct {
        uint32_t node, seat;
        bool votes;
    } WHO[] = { { NEWCOMER, NEWCOMER, true }, { 2, 2, true }, { 2, PBFT_OBSERVER, false } };
    for (size_t i = 0; i < COUNT(WHO); i++) {
        struct change x = waiting(10);
        struct hash hash;
        close_at(&x, WHO[i].node);
        CHECK_EQ(said_vote(x.c, WHO[i].node, VOTE_PREPARE, 1), WHO[i].node != NEWCOMER);
        CHECK_OK(sit(&x, WHO[i].node, WHO[i].seat));
        struct message m = proposal(x.c, 1, &x.closing, x.c->now_ms, 8, 0, &hash);
        CHECK_OK(cluster_propose(x.c, 1, WHO[i].node, &m));
        CHECK_EQ(said_vote(x.c, WHO[i].node, VOTE_PREPARE, 2), WHO[i].votes);
        votes(x.c, WHO[i].node, VOTE_COMMIT, 2, x.c->now_ms, &hash, 0, 5);
        CHECK_EQ(x.c->node[WHO[i].node].tip.height, 2); /* all follow */
        cluster_free(x.c);
    }
}

/* ---- the vote log ---------------------------------------------------------------------------- */

/* The block log knows of the next committee, when blocks name it. */
static void tell_committee(struct cluster *c, uint32_t node)
{
    struct pbft_effects out;
    struct committee next = next_of(c);
    struct pbft_event ev = {
        .kind = PBFT_COMMITTEE, .now_ms = c->now_ms, .committee = &next, .seat = node
    };
    if (hash_equal(&c->sits, &c->next)) {
        CHECK_OK(pbft_step(c->node[node].pbft, &ev, &out));
    }
}

TEST(a_vote_for_the_next_committee_stands_after_a_restart)
{
    struct change x = waiting(11);
    struct hash hash, other;
    close_at(&x, 2);
    CHECK_OK(sit(&x, 2, 2));
    struct message m = proposal(x.c, 1, &x.closing, x.c->now_ms, 8, 0, &hash);
    CHECK_OK(cluster_propose(x.c, 1, 2, &m));
    CHECK(said_vote(x.c, 2, VOTE_PREPARE, 2));
    cluster_crash(x.c, 2);
    x.c->prepare = tell_committee;
    cluster_start(x.c, 2, true);
    CHECK(!status(&x, 2).log_ahead);
    m = proposal(x.c, 1, &x.closing, x.c->now_ms, 9, 0, &other);
    CHECK_OK(cluster_propose(x.c, 1, 2, &m));
    CHECK(!hash_equal(&hash, &other));
    CHECK_EQ(x.c->contradictions, 0);
    CHECK_EQ(x.c->node[2].open_count, 1);
    CHECK(hash_equal(&x.c->node[2].open[0], &hash));
    cluster_free(x.c);
}

TEST(formats_14_a_vote_log_of_a_later_committee_than_the_block_log_says_so)
{
    struct change x = waiting(12);
    close_at(&x, 2);
    CHECK_OK(sit(&x, 2, 2));
    cluster_crash(x.c, 2);
    x.c->node[2].tip = x.root; /* the block log lost its end */
    x.c->sits = x.c->genesis.space;
    x.c->prepare = tell_committee;
    cluster_start(x.c, 2, false);
    CHECK(status(&x, 2).log_ahead);
    CHECK(!status(&x, US).log_ahead);
    cluster_free(x.c);
}

TEST(what_was_signed_for_the_committee_before_binds_nobody_in_the_next)
{
    struct change x = waiting(13);
    struct hash hash;
    close_at(&x, 2);
    CHECK(said_vote(x.c, 2, VOTE_COMMIT, 1));
    cluster_crash(x.c, 2); /* before it hears who sits: the log ends with the old committee's */
    x.c->sits = x.c->next;
    x.c->prepare = tell_committee;
    cluster_start(x.c, 2, true);
    CHECK_EQ(status(&x, 2).prepared, 0);
    struct message m = proposal(x.c, 1, &x.closing, x.c->now_ms, 8, 0, &hash);
    CHECK_OK(cluster_propose(x.c, 1, 2, &m));
    CHECK(said_vote(x.c, 2, VOTE_PREPARE, 2));
    cluster_free(x.c);
}

/* ---- keys of epochs that are over ------------------------------------------------------------ */

TEST(while_no_block_commits_the_epochs_of_what_is_said_are_known)
{
    struct change x = waiting(14);
    struct hash hash;
    uint64_t epoch[PBFT_EPOCHS_MAX];
    const struct pbft *p = x.c->node[US].pbft;
    CHECK_EQ(pbft_epochs(p, epoch), 0);
    x.c->next = x.c->sits;
    x.c->now_ms += UINT64_C(3) * CLUSTER_EPOCH_MS; /* epoch 4 */
    struct message m = proposal(x.c, 0, &x.root, x.c->now_ms, 8, 1, &hash);
    CHECK_OK(cluster_propose(x.c, 0, US, &m));
    votes(x.c, US, VOTE_PREPARE, 1, x.c->now_ms, &hash, 2, 4);
    CHECK_EQ(status(&x, US).prepared, 1);
    x.c->now_ms += UINT64_C(2) * CLUSTER_EPOCH_MS;
    cluster_tick(x.c, US);
    CHECK(status(&x, US).changing);
    CHECK_EQ(pbft_epochs(p, epoch), 2);
    CHECK_EQ(epoch[0], 0); /* of the committed block: view changes */
    CHECK_EQ(epoch[1], 4); /* of the votes and the certificate */
    CHECK_EQ(pbft_epochs(x.c->node[NEWCOMER].pbft, epoch), 0);
    cluster_free(x.c);
}
