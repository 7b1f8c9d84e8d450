#include "tests/fixtures/consensus_cluster.h"
#include "tests/test.h"

static struct cluster *started(uint32_t seats, uint32_t observers, uint64_t seed)
{
    struct cluster *c = cluster_new(seats, observers, seed);
    for (uint32_t i = 0; i < c->nodes; i++) {
        cluster_start(c, i, true);
    }
    return c;
}

static const struct bytes NOTHING = { NULL, 0 };

/* ---- changing the view ------------------------------------------------------------------------
 */

TEST(one_dead_primary_costs_one_view_change)
{
    struct cluster *c = started(4, 0, 3);
    cluster_submit(c, 1);
    cluster_run(c, 100);
    CHECK(cluster_all_at(c, 1));
    cluster_crash(c, 0);
    for (int i = 0; i < 40; i++) {
        cluster_submit(c, 1);
        cluster_run(c, 100);
    }
    for (uint32_t i = 1; i < 4; i++) {
        CHECK_EQ(pbft_status(c->node[i].pbft).view, 1);
        CHECK_EQ(pbft_status(c->node[i].pbft).view_changes, 1);
        CHECK_EQ(c->node[i].done, 41);
    }
    CHECK_EQ(c->forks + c->contradictions, 0);
    cluster_free(c);
}

TEST(two_dead_primaries_of_seven_cost_two_view_changes)
{
    struct cluster *c = started(7, 0, 4);
    cluster_crash(c, 0);
    cluster_crash(c, 1);
    cluster_submit(c, 1);
    cluster_run(c, 6000);
    for (uint32_t i = 2; i < 7; i++) {
        CHECK_EQ(pbft_status(c->node[i].pbft).view, 2);
        CHECK_EQ(c->node[i].done, 1);
    }
    cluster_free(c);
}

TEST(with_more_than_f_seats_dead_nothing_is_committed_and_views_do_not_run_away)
{
    struct cluster *c = started(4, 0, 5);
    cluster_crash(c, 0);
    cluster_crash(c, 1);
    cluster_submit(c, 1);
    cluster_run(c, 60000);
    CHECK_EQ(c->top, 0);
    CHECK_EQ(pbft_status(c->node[2].pbft).view, 1);
    cluster_start(c, 1, true);
    cluster_run(c, 10000);
    CHECK_EQ(c->node[1].done + c->node[2].done + c->node[3].done, 3);
    cluster_free(c);
}

TEST(the_primary_of_a_view_moves_by_view_and_by_epoch)
{
    CHECK_EQ(pbft_primary(4, 0, 0), 0);
    CHECK_EQ(pbft_primary(4, 1, 0), 1);
    CHECK_EQ(pbft_primary(4, 1, 2), 3);
    CHECK_EQ(pbft_primary(4, 2, 2), 0);
    CHECK_EQ(pbft_primary(7, UINT64_MAX, UINT64_MAX), UINT64_MAX % 7 * 2 % 7);
}

TEST(a_primary_that_passes_a_request_over_for_ever_is_voted_out_though_others_commit)
{
    struct cluster *c = started(4, 0, 6);
    cluster_submit(c, 1);
    cluster_run(c, 100);
    struct pbft_event tick = { .kind = PBFT_TICK, .oldest_ms = c->now_ms };
    c->now_ms += c->view_timeout_max_ms - 1;
    CHECK_OK(cluster_feed(c, 1, &(struct pbft_event){ .kind = PBFT_TICK }));
    CHECK_EQ(pbft_status(c->node[1].pbft).view, 0);
    c->now_ms += 1;
    CHECK_OK(cluster_feed(c, 1, &tick));
    CHECK_EQ(pbft_status(c->node[1].pbft).view, 1);
    cluster_free(c);
}

TEST(formats_12_a_view_is_joined_on_the_word_of_f_plus_one_seats_and_not_of_f)
{
    struct cluster *c = started(4, 0, 8);
    c->manual = true;
    struct message m = { .kind = MESSAGE_VIEW_CHANGE, .change_count = 1 };
    m.change[0] = cluster_change(c, 3, 5, 0, NOTHING);
    CHECK_OK(cluster_send(c, 3, 0, &m));
    CHECK_EQ(pbft_status(c->node[0].pbft).view, 0);
    m.change[0] = cluster_change(c, 2, 9, 0, NOTHING);
    CHECK_OK(cluster_send(c, 2, 0, &m));
    CHECK_EQ(pbft_status(c->node[0].pbft).view, 5);
    CHECK(pbft_status(c->node[0].pbft).changing);
    cluster_free(c);
}

TEST(a_seat_that_was_away_learns_the_view_from_votes_and_gets_the_new_view_again)
{
    struct cluster *c = started(4, 0, 9);
    cluster_crash(c, 3);
    c->island = 1; /* the primary is cut off, and seats 1 and 2 are not enough */
    cluster_submit(c, 1);
    cluster_run(c, 3000);
    cluster_start(c, 3, true);
    cluster_run(c, 6000);
    CHECK_EQ(c->node[3].done, 1);
    c->island = 0;
    cluster_submit(c, 1);
    cluster_run(c, 10000);
    CHECK(cluster_all_at(c, 2));
    for (uint32_t i = 0; i < 4; i++) {
        CHECK(!pbft_status(c->node[i].pbft).changing);
        CHECK_EQ(pbft_status(c->node[i].pbft).view, pbft_status(c->node[1].pbft).view);
    }
    cluster_free(c);
}

/* ---- NEW-VIEW: what it must be made of ---------------------------------------------------------
 */

struct lie {
    const char *title;
    enum err want;
    void (*tell)(struct cluster *c, struct message *m);
};

static void tell_truth(struct cluster *c, struct message *m)
{
    (void)c;
    (void)m;
}
static void tell_few(struct cluster *c, struct message *m)
{
    (void)c;
    m->change_count--;
}
static void tell_twice(struct cluster *c, struct message *m)
{
    (void)c;
    m->change[2] = m->change[1];
}
static void tell_other_view(struct cluster *c, struct message *m)
{
    m->change[2] = cluster_change(c, 3, 2, 0, NOTHING);
}
static void tell_unsigned(struct cluster *c, struct message *m)
{
    m->change[2].signature = m->change[1].signature;
    (void)c;
}
static struct hash some_block(struct cluster *c)
{
    struct hash h = c->genesis.space;
    h.b[5] ^= 1;
    return h;
}
static void tell_commit_kind(struct cluster *c, struct message *m)
{
    struct hash h = some_block(c);
    struct bytes cert = cluster_certificate(c, VOTE_COMMIT, 0, 1, c->now_ms, &h, 3);
    m->change[2] = cluster_change(c, 3, 1, 0, cert);
}
static void tell_small_certificate(struct cluster *c, struct message *m)
{
    struct hash h = some_block(c);
    struct bytes cert = cluster_certificate(c, VOTE_PREPARE, 0, 1, c->now_ms, &h, 2);
    m->change[2] = cluster_change(c, 3, 1, 0, cert);
}
static void tell_future_certificate(struct cluster *c, struct message *m)
{
    struct hash h = some_block(c);
    struct bytes cert = cluster_certificate(c, VOTE_PREPARE, 1, 1, c->now_ms, &h, 3);
    m->change[2] = cluster_change(c, 3, 1, 0, cert);
}
static void tell_vote_for_another(struct cluster *c, struct message *m)
{
    struct hash h = some_block(c), other = h;
    other.b[6] ^= 1;
    struct bytes cert = cluster_certificate(c, VOTE_PREPARE, 0, 1, c->now_ms, &h, 3);
    m->change[2] = cluster_change(c, 3, 1, 0, cert);
    m->voted = true;
    m->vote = cluster_vote(c, 1, VOTE_PREPARE, 1, 1, c->now_ms, &other);
}
static void tell_vote_for_nothing(struct cluster *c, struct message *m)
{
    struct hash h = some_block(c);
    m->voted = true;
    m->vote = cluster_vote(c, 1, VOTE_PREPARE, 1, 1, c->now_ms, &h);
}
static void tell_old_view(struct cluster *c, struct message *m)
{
    (void)c;
    m->view = 0;
}

TEST(a_new_view_is_refused_unless_a_quorum_signed_for_all_of_it)
{
    static const struct lie LIE[] = {
        { "nothing wrong", ERR_NONE, tell_truth },
        { "too few view changes", ERR_PROOF, tell_few },
        { "one seat twice", ERR_PROOF, tell_twice },
        { "a view change for another view", ERR_PROOF, tell_other_view },
        { "a signature of another seat", ERR_SIGNATURE, tell_unsigned },
        { "a commit certificate, which says as much", ERR_NONE, tell_commit_kind },
        { "a certificate of fewer than 2f+1", ERR_PROOF, tell_small_certificate },
        { "a certificate of the view that is asked for", ERR_PROOF, tell_future_certificate },
        { "a vote for another block than the tip", ERR_PROOF, tell_vote_for_another },
        { "a vote where nothing was prepared", ERR_PROOF, tell_vote_for_nothing },
        { "the view that we are in", ERR_DUPLICATE, tell_old_view },
    };
    for (size_t i = 0; i < COUNT(LIE); i++) {
        struct cluster *c = started(4, 0, 10);
        c->manual = true;
        struct message m = { .kind = MESSAGE_NEW_VIEW, .view = 1, .change_count = 3 };
        for (uint32_t s = 0; s < 3; s++) {
            m.change[s] = cluster_change(c, s + 1, 1, 0, NOTHING);
        }
        LIE[i].tell(c, &m);
        enum err got = cluster_send(c, 1, 0, &m);
        uint64_t view = pbft_status(c->node[0].pbft).view;
        cluster_free(c);
        if (got != LIE[i].want) {
            printf("# %s: %s\n", LIE[i].title, err_name(got));
        }
        CHECK(got == LIE[i].want);
        CHECK_EQ(view, got == ERR_NONE ? 1 : 0);
    }
}

TEST(a_new_view_is_taken_from_the_primary_of_that_view_only)
{
    struct cluster *c = started(4, 0, 11);
    c->manual = true;
    struct message m = { .kind = MESSAGE_NEW_VIEW, .view = 1, .change_count = 3 };
    for (uint32_t s = 0; s < 3; s++) {
        m.change[s] = cluster_change(c, s + 1, 1, 0, NOTHING);
    }
    CHECK_ERR(cluster_send(c, 2, 0, &m), ERR_PEER);
    CHECK_OK(cluster_send(c, 1, 0, &m));
    CHECK_ERR(cluster_send(c, 1, 0, &m), ERR_DUPLICATE);
    cluster_free(c);
}

/* What a seat has committed in an earlier view is on the chain of every honest new view. */
TEST(a_new_view_without_what_is_committed_here_is_refused)
{
    struct cluster *c = started(4, 0, 12);
    cluster_submit(c, 1);
    cluster_run(c, 100);
    CHECK(cluster_all_at(c, 1));
    struct message m = { .kind = MESSAGE_NEW_VIEW, .view = 1, .change_count = 3 };
    for (uint32_t s = 0; s < 3; s++) {
        m.change[s] = cluster_change(c, s + 1, 1, 0, NOTHING);
    }
    CHECK_ERR(cluster_send(c, 1, 0, &m), ERR_PROOF);
    cluster_free(c);
}

/* ---- a view that is asked for while blocks of later epochs commit -----------------------------
 */

/* A block of epoch 4 that others have committed in view 0. */
static void commit_elsewhere(struct cluster *c, uint32_t node, struct hash *hash)
{
    struct ledger_tip root = c->node[node].tip;
    (void)cluster_block(c, 0, &root, c->now_ms, NOTHING, 1, 0, hash);
    struct pbft_event ev = { .kind = PBFT_SYNCED };
    ev.tip = (struct ledger_tip){ .height = 1, .time_ms = c->now_ms, .epoch = 4, .hash = *hash };
    ev.certificate =
        cluster_certificate(c, VOTE_COMMIT, 0, 1, c->now_ms, hash, committee_quorum(c->seats));
    c->node[node].tip = ev.tip;
    CHECK_OK(cluster_feed(c, node, &ev));
}

static void hear_asks(struct cluster *c, uint32_t node, uint32_t from, uint32_t to,
                      uint64_t committed, struct bytes prepared)
{
    for (uint32_t s = from; s < to; s++) {
        struct message m = { .kind = MESSAGE_VIEW_CHANGE, .change_count = 1 };
        m.change[0] = cluster_change(c, s, 1, committed, prepared);
        CHECK_OK(cluster_send(c, s, node, &m));
    }
}

static struct bytes last_ask(struct cluster *c, uint32_t from, uint64_t *epoch)
{
    struct bytes found = NOTHING;
    for (uint32_t i = 0; i < c->queued; i++) {
        struct message m = { .kind = MESSAGE_KIND_END };
        struct arena scratch = c->scratch;
        if (c->queue[i].from == from &&
            message_decode(c->queue[i].bytes, &scratch, &m) == ERR_NONE &&
            m.kind == MESSAGE_VIEW_CHANGE && m.change[0].view == 1) {
            found = c->queue[i].bytes;
            *epoch = m.change[0].epoch;
        }
    }
    return found;
}

static enum err hear(struct cluster *c, uint32_t node, uint32_t from, struct bytes wire)
{
    struct pbft_event ev = { .kind = PBFT_MESSAGE, .from = from, .bytes = wire };
    return cluster_feed(c, node, &ev);
}

TEST(formats_13_a_view_is_asked_for_anew_when_a_block_of_a_much_later_epoch_commits)
{
    struct cluster *c = started(7, 0, 14);
    struct hash hash;
    uint64_t first_epoch = 99, epoch = 99;
    c->manual = true;
    hear_asks(c, 0, 4, 7, 0, NOTHING); /* f + 1, and no quorum with its own */
    struct bytes first = last_ask(c, 0, &first_epoch);
    CHECK_EQ(first_epoch, 0);
    c->now_ms += UINT64_C(4) * CLUSTER_EPOCH_MS;
    commit_elsewhere(c, 0, &hash);
    c->now_ms += 1000;
    cluster_tick(c, 0);
    struct bytes anew = last_ask(c, 0, &epoch);
    CHECK_EQ(epoch, 4);
    CHECK_EQ(pbft_status(c->node[0].pbft).view, 1);
    CHECK_OK(hear(c, 3, 0, first));
    CHECK_OK(hear(c, 3, 0, anew));
    CHECK_ERR(hear(c, 3, 0, first), ERR_DUPLICATE);
    CHECK_ERR(hear(c, 3, 0, anew), ERR_DUPLICATE);
    cluster_free(c);
}

/* Who has the block would refuse the NEW-VIEW. */
TEST(formats_13_a_new_view_is_not_made_of_view_changes_of_an_epoch_long_over)
{
    struct cluster *c = started(7, 0, 15);
    struct hash hash;
    c->manual = true;
    uint32_t primary = pbft_primary(7, 1, 4);
    CHECK_EQ(primary, 5);
    hear_asks(c, primary, 0, 3, 0, NOTHING);
    c->now_ms += UINT64_C(4) * CLUSTER_EPOCH_MS;
    commit_elsewhere(c, primary, &hash);
    struct bytes cert = cluster_certificate(c, VOTE_PREPARE, 0, 1, c->now_ms, &hash, 5);
    c->now_ms += 1000;
    cluster_tick(c, primary);
    hear_asks(c, primary, 3, 4, 1, cert); /* the fifth that asks, with its own */
    CHECK(pbft_status(c->node[primary].pbft).changing);
    hear_asks(c, primary, 0, 3, 1, cert);
    CHECK(!pbft_status(c->node[primary].pbft).changing);
    cluster_free(c);
}

TEST(messages_for_later_views_never_grow_in_memory)
{
    struct cluster *c = started(4, 0, 14);
    c->manual = true;
    size_t before = c->node[1].arena.used;
    for (uint64_t view = 1; view < 200; view++) {
        struct message m = { .kind = MESSAGE_VIEW_CHANGE, .change_count = 1 };
        m.change[0] = cluster_change(c, 3, view, 0, NOTHING);
        CHECK_OK(cluster_send(c, 3, 1, &m));
        struct hash h = some_block(c);
        struct message v = { .kind = MESSAGE_VOTE };
        v.vote = cluster_vote(c, 3, VOTE_PREPARE, view, 1, c->now_ms, &h);
        CHECK_OK(cluster_send(c, 3, 1, &v));
    }
    CHECK_EQ(c->node[1].arena.used, before);
    CHECK_EQ(pbft_status(c->node[1].pbft).view, 0);
    cluster_free(c);
}
