#include "tests/fixtures/consensus_scene.h"
#include "tests/test.h"

#include <stdlib.h>

/* Each message of consensus × each way to be wrong: what it is answered, and that it leaves
 * nothing. Seat 1 hears it. */

static const struct bytes NOTHING = { NULL, 0 };

/* ---- ways to be wrong ------------------------------------------------------------------------ */

typedef void wrong_fn(struct consensus_scene *s, struct message *m);

static const struct ledger_tip *on_x(const struct consensus_scene *s)
{
    return &s->top;
}

static void nothing(struct consensus_scene *s, struct message *m)
{
    (void)s;
    (void)m;
}

/* A vote anew: what it says, signed as it stands. */
static void sign_again(struct consensus_scene *s, struct message *m, uint32_t seat)
{
    struct pbft_config config = cluster_config(s->c, seat);
    uint8_t *signature = arena_alloc(&s->c->scratch, 16);
    struct signed_vote *v = &m->vote;
    ASSERT(vote_encode(&v->vote, &s->c->scratch, &v->wire) == ERR_NONE);
    ASSERT(config.signer.sign(config.signer.ctx, v->vote.epoch, "carnet/vote/v1", v->wire,
                              signature) == ERR_NONE);
    v->signature = bytes_of(signature, 16);
}

static void other_space(struct consensus_scene *s, struct message *m)
{
    m->vote.vote.space.b[0] ^= 1;
    sign_again(s, m, m->vote.seat);
}
static void far_epoch(struct consensus_scene *s, struct message *m)
{
    m->vote.vote.epoch += 5;
    sign_again(s, m, m->vote.seat);
}
static void view_too_late(struct consensus_scene *s, struct message *m)
{
    m->view = m->vote.vote.view = PBFT_VIEW_MAX + 1;
    sign_again(s, m, m->vote.seat);
}
static void signed_by_another(struct consensus_scene *s, struct message *m)
{
    sign_again(s, m, SCENE_VOTER);
}
static void short_signature(struct consensus_scene *s, struct message *m)
{
    (void)s;
    m->vote.signature.len--;
}
static void not_a_member(struct consensus_scene *s, struct message *m)
{
    (void)s;
    m->vote.seat = 4;
}
static void no_such_kind(struct consensus_scene *s, struct message *m)
{
    m->vote.vote.kind = 3;
    sign_again(s, m, m->vote.seat);
}
static void other_block(struct consensus_scene *s, struct message *m)
{
    m->vote.vote.block.b[0] ^= 1;
    sign_again(s, m, m->vote.seat);
}

static void propose_old_view(struct consensus_scene *s, struct message *m)
{
    (void)m;
    consensus_scene_later_view(s);
}
static void propose_committed_height(struct consensus_scene *s, struct message *m)
{
    struct hash hash;
    struct ledger_tip root = { .hash = s->c->genesis.space, .time_ms = CLUSTER_START_MS + 59000 };
    *m = consensus_scene_proposal(s, SCENE_LEADER, 0, &root, s->c->now_ms, 9, &hash);
}
static void propose_of_no_leader(struct consensus_scene *s, struct message *m)
{
    struct hash hash;
    *m = consensus_scene_proposal(s, SCENE_VOTER, 0, on_x(s), s->c->now_ms + 1, 2, &hash);
}
static void propose_far_height(struct consensus_scene *s, struct message *m)
{
    struct hash hash;
    struct ledger_tip far = s->top;
    far.height = 1 + PBFT_HEIGHTS; /* the one above it is beyond what is looked at */
    *m = consensus_scene_proposal(s, SCENE_LEADER, 0, &far, s->c->now_ms + 1, 2, &hash);
}
static void propose_far_day(struct consensus_scene *s, struct message *m)
{
    struct hash hash;
    *m = consensus_scene_proposal(s, SCENE_LEADER, 0, on_x(s), s->c->now_ms + 5 * CLUSTER_EPOCH_MS,
                                  2, &hash);
}
static void cut(struct consensus_scene *s, struct message *m)
{
    (void)s;
    m->block.len--;
}
static void oversized(struct consensus_scene *s, struct message *m)
{
    m->block.len = s->c->blocks_bytes; /* and its tag */
    m->block.ptr = arena_alloc(&s->c->scratch, m->block.len);
    ASSERT(m->block.ptr != NULL);
}
static void propose_without_certificate(struct consensus_scene *s, struct message *m)
{
    struct hash hash;
    struct bytes last = pbft_status(s->c->node[SCENE_SELF].pbft).last_certificate, wire;
    struct block b;
    wire = cluster_block(s->c, SCENE_LEADER, on_x(s), s->c->now_ms + 1, last, 2, 1, &hash);
    ASSERT(block_decode(&s->c->suite, wire, &s->c->scratch, &b) == ERR_NONE);
    ASSERT(block_encode(b.header_bytes, NOTHING, b.tx, b.tx_count, &s->c->scratch, &m->block) ==
           ERR_NONE);
}
static void propose_again(struct consensus_scene *s, struct message *m)
{
    *m = s->proposed;
}
static void propose_another(struct consensus_scene *s, struct message *m)
{
    struct hash hash;
    *m = consensus_scene_proposal(s, SCENE_LEADER, 0, &s->committed, s->c->now_ms, 77, &hash);
}
static void propose_another_unvoted(struct consensus_scene *s, struct message *m)
{
    struct hash hash;
    ASSERT(cluster_send(s->c, SCENE_LEADER, SCENE_SELF, m) == ERR_NONE);
    *m = consensus_scene_proposal(s, SCENE_LEADER, 0, on_x(s), s->c->now_ms + 1, 77, &hash);
}
static void propose_older_than_announced(struct consensus_scene *s, struct message *m)
{
    struct hash hash;
    struct message later =
        consensus_scene_proposal(s, SCENE_LEADER, 4, on_x(s), s->c->now_ms + 1, 78, &hash);
    (void)m;
    ASSERT(cluster_send(s->c, SCENE_LEADER, SCENE_SELF, &later) == ERR_NONE);
}
static void propose_older_than_voted(struct consensus_scene *s, struct message *m)
{
    struct message later = consensus_scene_vote(s, SCENE_LEADER, VOTE_PREPARE, 4, 3, &s->x);
    (void)m;
    ASSERT(cluster_send(s->c, SCENE_LEADER, SCENE_SELF, &later) == ERR_NONE);
}
static void vote_again(struct consensus_scene *s, struct message *m)
{
    *m = s->voted;
}
static void vote_for_another(struct consensus_scene *s, struct message *m)
{
    *m = s->voted;
    other_block(s, m);
}
static void vote_for_another_forged(struct consensus_scene *s, struct message *m)
{
    *m = s->voted;
    m->vote.vote.block.b[0] ^= 1;
    sign_again(s, m, SCENE_OTHER);
}
static void vote_committed(struct consensus_scene *s, struct message *m)
{
    *m = consensus_scene_vote(s, SCENE_OTHER, VOTE_COMMIT, 0, 1, &s->committed.hash);
}
static void vote_old_view(struct consensus_scene *s, struct message *m)
{
    (void)m;
    consensus_scene_later_view(s);
}
static void vote_older_than_counted(struct consensus_scene *s, struct message *m)
{
    struct message later = consensus_scene_vote(s, SCENE_OTHER, VOTE_COMMIT, 3, 2, &s->x);
    ASSERT(cluster_send(s->c, SCENE_OTHER, SCENE_SELF, &later) == ERR_NONE);
    *m = consensus_scene_vote(s, SCENE_OTHER, VOTE_COMMIT, 0, 2, &s->x);
}

/* Seat 3 asks with this; fields are changed before it is signed. */
static void ask_with(struct consensus_scene *s, struct message *m, uint64_t view,
                     struct bytes prepared)
{
    m->change[0] = cluster_change(s->c, SCENE_OTHER, view, 1, prepared);
}
static void change_of_nobody(struct consensus_scene *s, struct message *m)
{
    struct view_change *c = &m->change[0];
    c->seat = 9;
    ASSERT(view_change_body_encode(c, &s->c->scratch, &c->body) == ERR_NONE);
}
static void change_other_space(struct consensus_scene *s, struct message *m)
{
    struct view_change *c = &m->change[0];
    c->space.b[0] ^= 1;
    ASSERT(view_change_body_encode(c, &s->c->scratch, &c->body) == ERR_NONE);
}
static void change_far_epoch(struct consensus_scene *s, struct message *m)
{
    s->c->now_ms += 5 * (uint64_t)CLUSTER_EPOCH_MS;
    ask_with(s, m, SCENE_NEXT, NOTHING);
    s->c->now_ms -= 5 * (uint64_t)CLUSTER_EPOCH_MS;
}
static void change_signed_by_another(struct consensus_scene *s, struct message *m)
{
    struct view_change other = cluster_change(s->c, SCENE_VOTER, SCENE_NEXT, 1, NOTHING);
    m->change[0].signature = other.signature;
}
static void change_of_our_view(struct consensus_scene *s, struct message *m)
{
    ask_with(s, m, 0, NOTHING);
}
static void change_again(struct consensus_scene *s, struct message *m)
{
    ASSERT(cluster_send(s->c, SCENE_OTHER, SCENE_SELF, m) == ERR_NONE);
}
static void change_too_late(struct consensus_scene *s, struct message *m)
{
    ask_with(s, m, PBFT_VIEW_MAX + 1, NOTHING);
}
static void change_with_noise(struct consensus_scene *s, struct message *m)
{
    ask_with(s, m, SCENE_NEXT, bytes_of("noise", 5));
}
static struct bytes certificate(struct consensus_scene *s, uint32_t kind, uint64_t view,
                                uint32_t votes)
{
    return cluster_certificate(s->c, kind, view, 2, s->c->now_ms, &s->x, votes);
}
static void change_with_commit(struct consensus_scene *s, struct message *m)
{
    ask_with(s, m, SCENE_NEXT, certificate(s, VOTE_COMMIT, 0, 3));
}
static void change_below_quorum(struct consensus_scene *s, struct message *m)
{
    ask_with(s, m, SCENE_NEXT, certificate(s, VOTE_PREPARE, 0, 2));
}
static void change_of_its_own_view(struct consensus_scene *s, struct message *m)
{
    ask_with(s, m, SCENE_NEXT, certificate(s, VOTE_PREPARE, SCENE_NEXT, 3));
}
static void change_certificate_spoilt(struct consensus_scene *s, struct message *m)
{
    struct bytes wire = certificate(s, VOTE_PREPARE, 0, 3);
    ((uint8_t *)(uintptr_t)wire.ptr)[wire.len - 1] ^= 1;
    ask_with(s, m, SCENE_NEXT, wire);
}
static void change_certificate_of_old_epoch(struct consensus_scene *s, struct message *m)
{
    struct bytes wire = cluster_certificate(
        s->c, VOTE_PREPARE, 0, 2, s->c->now_ms + 5 * (uint64_t)CLUSTER_EPOCH_MS, &s->x, 3);
    ask_with(s, m, SCENE_NEXT, wire);
}

static void new_view_of_no_leader(struct consensus_scene *s, struct message *m)
{
    *m = consensus_scene_new_view(s, SCENE_NEXT + 1);
}
static void new_view_too_late(struct consensus_scene *s, struct message *m)
{
    *m = consensus_scene_new_view(s, PBFT_VIEW_MAX + 1);
}
static void new_view_again(struct consensus_scene *s, struct message *m)
{
    ASSERT(cluster_send(s->c, SCENE_VOTER, SCENE_SELF, m) == ERR_NONE);
}
static void new_view_old(struct consensus_scene *s, struct message *m)
{
    consensus_scene_later_view(s);
    *m = consensus_scene_new_view(s, SCENE_NEXT - 1);
}
static void new_view_of_few(struct consensus_scene *s, struct message *m)
{
    (void)s;
    m->change_count = 2;
}
static void new_view_of_many(struct consensus_scene *s, struct message *m)
{
    for (m->change_count = 3; m->change_count < 5; m->change_count++) {
        m->change[m->change_count] =
            cluster_change(s->c, m->change_count - 3, SCENE_NEXT, 1, NOTHING);
    }
}
static void new_view_of_nobody(struct consensus_scene *s, struct message *m)
{
    struct message wrong = { .change = { m->change[2] } };
    change_of_nobody(s, &wrong);
    m->change[2] = wrong.change[0];
}
static void new_view_forgets(struct consensus_scene *s, struct message *m)
{
    for (uint32_t i = 0; i < m->change_count; i++) {
        m->change[i] = cluster_change(s->c, m->change[i].seat, SCENE_NEXT, 0, NOTHING);
    }
}
static void new_view_forged(struct consensus_scene *s, struct message *m)
{
    (void)s;
    m->change[0].signature = m->change[1].signature;
}

static void get_unknown(struct consensus_scene *s, struct message *m)
{
    (void)s;
    m->hash.b[0] ^= 1;
}

/* ---- the table ------------------------------------------------------------------------------- */

struct row {
    enum message_kind kind;
    const char *title;
    enum err want;
    wrong_fn *wrong;
    uint32_t from; /* 0: its natural sender */
};

static const struct row ROW[] = {
    { MESSAGE_PROPOSE, "nothing", ERR_NONE, nothing, 0 },
    { MESSAGE_PROPOSE, "of a view that is over", ERR_STALE, propose_old_view, 0 },
    { MESSAGE_PROPOSE, "of a view beyond all", ERR_RANGE, view_too_late, 0 },
    { MESSAGE_PROPOSE, "of a committed height", ERR_STALE, propose_committed_height, 0 },
    { MESSAGE_PROPOSE, "of a height beyond the window", ERR_STALE, propose_far_height, 0 },
    { MESSAGE_PROPOSE, "of a seat that does not lead", ERR_PEER, propose_of_no_leader,
      SCENE_VOTER },
    { MESSAGE_PROPOSE, "said by another seat", ERR_PEER, nothing, SCENE_OTHER },
    { MESSAGE_PROPOSE, "said by an observer", ERR_PEER, nothing, PBFT_OBSERVER },
    { MESSAGE_PROPOSE, "of a day far ahead", ERR_STALE, propose_far_day, 0 },
    { MESSAGE_PROPOSE, "cut", ERR_ENCODING, cut, 0 },
    { MESSAGE_PROPOSE, "oversized", ERR_SIZE, oversized, 0 },
    { MESSAGE_PROPOSE, "its certificate is gone", ERR_PROOF, propose_without_certificate, 0 },
    { MESSAGE_PROPOSE, "said before", ERR_DUPLICATE, propose_again, 0 },
    { MESSAGE_PROPOSE, "the second at its height", ERR_DUPLICATE, propose_another, 0 },
    { MESSAGE_PROPOSE, "the second before a vote", ERR_DUPLICATE, propose_another_unvoted, 0 },
    { MESSAGE_PROPOSE, "older than one announced", ERR_STALE, propose_older_than_announced, 0 },
    { MESSAGE_PROPOSE, "older than one voted for", ERR_STALE, propose_older_than_voted, 0 },

    { MESSAGE_VOTE, "nothing", ERR_NONE, nothing, 0 },
    { MESSAGE_VOTE, "of no kind", ERR_ENCODING, no_such_kind, 0 },
    { MESSAGE_VOTE, "of no member", ERR_ENCODING, not_a_member, 0 },
    { MESSAGE_VOTE, "of another space", ERR_PROOF, other_space, 0 },
    { MESSAGE_VOTE, "of an epoch far ahead", ERR_STALE, far_epoch, 0 },
    { MESSAGE_VOTE, "of a view beyond all", ERR_RANGE, view_too_late, 0 },
    { MESSAGE_VOTE, "of a view that is over", ERR_STALE, vote_old_view, 0 },
    { MESSAGE_VOTE, "older than the seat's newest", ERR_STALE, vote_older_than_counted, 0 },
    { MESSAGE_VOTE, "to commit what is committed", ERR_STALE, vote_committed, 0 },
    { MESSAGE_VOTE, "signed by another", ERR_SIGNATURE, signed_by_another, 0 },
    { MESSAGE_VOTE, "with a short signature", ERR_SIGNATURE, short_signature, 0 },
    { MESSAGE_VOTE, "said before", ERR_DUPLICATE, vote_again, 0 },
    { MESSAGE_VOTE, "for two blocks", ERR_DUPLICATE, vote_for_another, 0 },
    { MESSAGE_VOTE, "for two blocks, forged", ERR_SIGNATURE, vote_for_another_forged, 0 },

    { MESSAGE_VIEW_CHANGE, "nothing", ERR_NONE, nothing, 0 },
    { MESSAGE_VIEW_CHANGE, "of no member", ERR_PROOF, change_of_nobody, 0 },
    { MESSAGE_VIEW_CHANGE, "of another space", ERR_PROOF, change_other_space, 0 },
    { MESSAGE_VIEW_CHANGE, "of an epoch far ahead", ERR_STALE, change_far_epoch, 0 },
    { MESSAGE_VIEW_CHANGE, "signed by another", ERR_SIGNATURE, change_signed_by_another, 0 },
    { MESSAGE_VIEW_CHANGE, "for the view we are in", ERR_STALE, change_of_our_view, 0 },
    { MESSAGE_VIEW_CHANGE, "for a view beyond all", ERR_RANGE, change_too_late, 0 },
    { MESSAGE_VIEW_CHANGE, "said before", ERR_DUPLICATE, change_again, 0 },
    { MESSAGE_VIEW_CHANGE, "with noise for a certificate", ERR_ENCODING, change_with_noise, 0 },
    { MESSAGE_VIEW_CHANGE, "with a commit certificate, which says as much", ERR_NONE,
      change_with_commit, 0 },
    { MESSAGE_VIEW_CHANGE, "with one below a quorum", ERR_PROOF, change_below_quorum, 0 },
    { MESSAGE_VIEW_CHANGE, "with one of its own view", ERR_PROOF, change_of_its_own_view, 0 },
    { MESSAGE_VIEW_CHANGE, "with one that is forged", ERR_PROOF, change_certificate_spoilt, 0 },
    { MESSAGE_VIEW_CHANGE, "with one of a far epoch", ERR_PROOF, change_certificate_of_old_epoch,
      0 },

    { MESSAGE_NEW_VIEW, "nothing", ERR_NONE, nothing, 0 },
    { MESSAGE_NEW_VIEW, "of a view beyond all", ERR_RANGE, new_view_too_late, 0 },
    { MESSAGE_NEW_VIEW, "of a seat that does not lead", ERR_PEER, new_view_of_no_leader,
      SCENE_VOTER },
    { MESSAGE_NEW_VIEW, "said before", ERR_DUPLICATE, new_view_again, 0 },
    { MESSAGE_NEW_VIEW, "of a view that is over", ERR_STALE, new_view_old, 0 },
    { MESSAGE_NEW_VIEW, "of fewer than a quorum", ERR_PROOF, new_view_of_few, 0 },
    { MESSAGE_NEW_VIEW, "of more seats than there are", ERR_PROOF, new_view_of_many, 0 },
    { MESSAGE_NEW_VIEW, "of one who is no member", ERR_PROOF, new_view_of_nobody, 0 },
    { MESSAGE_NEW_VIEW, "without what is committed", ERR_PROOF, new_view_forgets, 0 },
    { MESSAGE_NEW_VIEW, "with one that is forged", ERR_SIGNATURE, new_view_forged, 0 },

    { MESSAGE_GET_BLOCK, "nothing", ERR_NONE, nothing, 0 },
    { MESSAGE_GET_BLOCK, "that is not here", ERR_NOT_FOUND, get_unknown, 0 },
    { MESSAGE_GET_BLOCK, "by an observer", ERR_NOT_FOUND, nothing, PBFT_OBSERVER },

    { MESSAGE_BLOCK, "that nobody asked for", ERR_STALE, nothing, 0 },
    { MESSAGE_BLOCK, "cut", ERR_ENCODING, cut, 0 },
    { MESSAGE_BLOCK, "oversized", ERR_SIZE, oversized, 0 },
};

static uint32_t sender(const struct row *r)
{
    bool leads = r->kind == MESSAGE_NEW_VIEW;
    return r->from != 0                 ? r->from
           : leads                      ? SCENE_VOTER
           : r->kind == MESSAGE_PROPOSE ? SCENE_LEADER
                                        : SCENE_OTHER;
}

/* The clock, the workspace and the count of second votes are not what binds a seat. */
static bool unchanged(struct pbft *before, const struct pbft *after)
{
    before->now_ms = after->now_ms;
    before->step = after->step;
    before->out = after->out;
    before->equivocations = after->equivocations;
    return memcmp(before, after, sizeof *after) == 0;
}

TEST(every_message_that_is_wrong_is_refused_by_name_and_changes_nothing)
{
    struct pbft *before = malloc(sizeof *before);
    uint32_t strange = 0;
    CHECK(before != NULL);
    for (size_t i = 0; i < COUNT(ROW); i++) {
        struct consensus_scene s;
        consensus_scene_open(&s);
        struct message m = consensus_scene_good(&s, ROW[i].kind);
        ROW[i].wrong(&s, &m);
        struct pbft *p = s.c->node[SCENE_SELF].pbft;
        memcpy(before, p, sizeof *before);
        uint32_t logged = s.c->node[SCENE_SELF].log_count, queued = s.c->queued;
        enum err got = cluster_send(s.c, sender(&ROW[i]), SCENE_SELF, &m);
        bool same = unchanged(before, p) && s.c->node[SCENE_SELF].log_count == logged &&
                    s.c->queued == queued;
        cluster_free(s.c);
        if (got != ROW[i].want || (got != ERR_NONE && !same)) {
            printf("# message %d, %s: %s, %s\n", (int)ROW[i].kind, ROW[i].title, err_name(got),
                   same ? "no trace" : "a trace");
            strange++;
        }
    }
    free(before);
    CHECK_EQ(strange, 0);
}

TEST(a_second_vote_is_counted_as_what_it_is_and_a_forged_one_is_not)
{
    struct consensus_scene s;
    consensus_scene_open(&s);
    struct message m;
    vote_for_another_forged(&s, &m);
    CHECK_ERR(cluster_send(s.c, SCENE_VOTER, SCENE_SELF, &m), ERR_SIGNATURE);
    CHECK_EQ(pbft_status(s.c->node[SCENE_SELF].pbft).equivocations, 0);
    vote_for_another(&s, &m);
    CHECK_ERR(cluster_send(s.c, SCENE_VOTER, SCENE_SELF, &m), ERR_DUPLICATE);
    CHECK_EQ(pbft_status(s.c->node[SCENE_SELF].pbft).equivocations, 1);
    cluster_free(s.c);
}

/* With more liars than the protocol promises to stand: they ask for the last view there is. */
TEST(seats_that_ask_for_the_last_view_of_all_leave_a_seat_that_still_runs)
{
    static const uint64_t VIEW[] = { PBFT_VIEW_MAX, PBFT_VIEW_MAX + 1, UINT64_MAX };
    for (size_t i = 0; i < COUNT(VIEW); i++) {
        struct consensus_scene s;
        consensus_scene_open(&s);
        static const uint32_t SEATS[] = { 0, 2, 3 };
        for (size_t k = 0; k < COUNT(SEATS); k++) {
            struct message m = consensus_scene_vote(&s, SEATS[k], VOTE_COMMIT, VIEW[i], 2, &s.x);
            CHECK_ERR(cluster_send(s.c, SEATS[k], SCENE_SELF, &m), i == 0 ? ERR_NONE : ERR_RANGE);
        }
        for (int n = 0; n < 4; n++) {
            s.c->now_ms += 20000;
            cluster_tick(s.c, SCENE_SELF);
        }
        CHECK(pbft_status(s.c->node[SCENE_SELF].pbft).view >= (i == 0 ? PBFT_VIEW_MAX : 0));
        CHECK(pbft_status(s.c->node[SCENE_SELF].pbft).view <= (i == 0 ? PBFT_VIEW_MAX + 4 : 4));
        cluster_free(s.c);
    }
}
