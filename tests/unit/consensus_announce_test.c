#include "tests/fixtures/consensus_scene.h"
#include "tests/test.h"

/* A block is announced before its primary's vote is written. Seat 1 of four hears it: its own vote
 * does not wait for the primary's, and the announcement counts for nothing but that. */

static struct message vote_of(const struct message *proposed)
{
    return (struct message){ .kind = MESSAGE_VOTE, .vote = proposed->vote };
}

static uint32_t said(const struct consensus_scene *s, uint32_t kind, const struct hash *block)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->c->queued; i++) {
        struct message m = { .kind = MESSAGE_KIND_END };
        ASSERT(message_decode(s->c->queue[i].bytes, &s->c->scratch, &m) == ERR_NONE);
        count += s->c->queue[i].from == SCENE_SELF && m.kind == MESSAGE_VOTE &&
                         m.vote.vote.kind == kind && hash_equal(&m.vote.vote.block, block)
                     ? 1
                     : 0;
    }
    return count;
}

static uint32_t asked_for(const struct consensus_scene *s, const struct hash *block)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->c->queued; i++) {
        struct message m = { .kind = MESSAGE_KIND_END };
        ASSERT(message_decode(s->c->queue[i].bytes, &s->c->scratch, &m) == ERR_NONE);
        count += m.kind == MESSAGE_GET_BLOCK && hash_equal(&m.hash, block) ? 1 : 0;
    }
    return count;
}

static bool kept(const struct consensus_scene *s, const struct hash *block)
{
    struct bytes wire;
    return pbft_block(s->c->node[SCENE_SELF].pbft, block, &wire) == ERR_NONE;
}

static enum err hear(struct consensus_scene *s, uint32_t from, const struct message *m)
{
    return cluster_send(s->c, from, SCENE_SELF, m);
}

/* Height 3, above X. */
static struct message child(const struct consensus_scene *s, uint64_t salt, struct hash *hash)
{
    return consensus_scene_proposal(s, SCENE_LEADER, 0, &s->top, s->c->now_ms + 1, salt, hash);
}

static struct message grandchild(const struct consensus_scene *s, const struct hash *child_hash,
                                 uint64_t salt, struct hash *hash)
{
    struct ledger_tip on = { .height = 3, .time_ms = s->c->now_ms + 1, .hash = *child_hash };
    return consensus_scene_proposal(s, SCENE_LEADER, 0, &on, s->c->now_ms + 2, salt, hash);
}

TEST(an_announced_block_is_executed_and_voted_for_before_its_primary_has_voted)
{
    struct consensus_scene s;
    struct hash hash;
    consensus_scene_open(&s);
    struct message m = child(&s, 2, &hash);
    CHECK_OK(hear(&s, SCENE_LEADER, &m));
    CHECK_EQ(s.c->node[SCENE_SELF].open_count, 2);
    CHECK_EQ(said(&s, VOTE_PREPARE, &hash), 3);
    cluster_free(s.c);
}

TEST(an_announcement_is_no_vote_and_a_quorum_needs_its_primarys)
{
    struct consensus_scene s;
    struct hash hash;
    consensus_scene_open(&s);
    struct message m = child(&s, 2, &hash), v = vote_of(&m);
    struct message other = consensus_scene_vote(&s, SCENE_VOTER, VOTE_PREPARE, 0, 3, &hash);
    CHECK_OK(hear(&s, SCENE_LEADER, &m));
    CHECK_OK(hear(&s, SCENE_VOTER, &other));
    CHECK_EQ(said(&s, VOTE_COMMIT, &hash), 0); /* two of four, and the primary's word */
    CHECK_OK(hear(&s, SCENE_LEADER, &v));
    CHECK_EQ(said(&s, VOTE_COMMIT, &hash), 3);
    cluster_free(s.c);
}

TEST(an_announcement_by_a_seat_that_does_not_lead_is_refused_and_its_block_not_kept)
{
    struct consensus_scene s;
    struct hash hash;
    consensus_scene_open(&s);
    struct message m = child(&s, 2, &hash);
    CHECK_ERR(hear(&s, SCENE_VOTER, &m), ERR_PEER);
    CHECK_ERR(hear(&s, PBFT_OBSERVER, &m), ERR_PEER);
    CHECK(!kept(&s, &hash));
    m.view = SCENE_NEXT; /* where it will lead */
    CHECK_OK(hear(&s, SCENE_VOTER, &m));
    CHECK(kept(&s, &hash));
    CHECK_EQ(said(&s, VOTE_PREPARE, &hash), 0);
    cluster_free(s.c);
}

/* The second is refused, and not counted: who crashed before its vote was written may do that. */
TEST(of_two_announcements_for_one_height_the_first_stands)
{
    struct consensus_scene s;
    struct hash one, two;
    consensus_scene_open(&s);
    struct message first = child(&s, 2, &one), second = child(&s, 3, &two);
    CHECK_OK(hear(&s, SCENE_LEADER, &first));
    CHECK_ERR(hear(&s, SCENE_LEADER, &second), ERR_DUPLICATE);
    CHECK_ERR(hear(&s, SCENE_LEADER, &first), ERR_DUPLICATE);
    CHECK(!kept(&s, &two));
    CHECK_EQ(said(&s, VOTE_PREPARE, &one), 3);
    CHECK_EQ(pbft_status(s.c->node[SCENE_SELF].pbft).equivocations, 0);
    cluster_free(s.c);
}

/* What a seat that leads later announces does not take the place of what the primary announces. */
TEST(each_seats_announcements_are_kept_apart)
{
    struct consensus_scene s;
    struct hash one, two, far;
    consensus_scene_open(&s);
    struct message first = child(&s, 2, &one), next = grandchild(&s, &one, 3, &two);
    struct message later = grandchild(&s, &one, 4, &far);
    later.view = SCENE_NEXT;
    CHECK_OK(hear(&s, SCENE_LEADER, &next)); /* its parent is late */
    CHECK_OK(hear(&s, SCENE_VOTER, &later));
    CHECK_EQ(said(&s, VOTE_PREPARE, &two), 0);
    CHECK_OK(hear(&s, SCENE_LEADER, &first));
    CHECK_EQ(said(&s, VOTE_PREPARE, &two), 3);
    CHECK_EQ(said(&s, VOTE_PREPARE, &far), 0);
    cluster_free(s.c);
}

TEST(a_primarys_vote_for_another_block_beats_an_announcement_that_is_not_in_the_chain_yet)
{
    struct consensus_scene s;
    struct hash parent, said_first, voted;
    consensus_scene_open(&s);
    struct message first = child(&s, 2, &parent);
    struct message word = grandchild(&s, &parent, 3, &said_first);
    struct message other = grandchild(&s, &parent, 4, &voted), vote = vote_of(&other);
    CHECK_OK(hear(&s, SCENE_LEADER, &word));
    CHECK_OK(hear(&s, SCENE_LEADER, &vote));
    CHECK_OK(hear(&s, SCENE_LEADER, &first));
    CHECK_EQ(said(&s, VOTE_PREPARE, &said_first), 0);
    CHECK_EQ(asked_for(&s, &voted), 1);
    CHECK_OK(hear(&s, SCENE_LEADER, &other)); /* now it says what it has voted for */
    CHECK_EQ(said(&s, VOTE_PREPARE, &voted), 3);
    cluster_free(s.c);
}

TEST(a_block_whose_announcement_was_lost_is_asked_for_when_its_primary_votes)
{
    struct consensus_scene s;
    struct hash hash;
    consensus_scene_open(&s);
    struct message m = child(&s, 2, &hash), v = vote_of(&m);
    CHECK_OK(hear(&s, SCENE_LEADER, &v));
    CHECK_EQ(asked_for(&s, &hash), 1);
    struct message given = { .kind = MESSAGE_BLOCK, .block = m.block };
    CHECK_OK(hear(&s, SCENE_LEADER, &given));
    CHECK_EQ(said(&s, VOTE_PREPARE, &hash), 3);
    cluster_free(s.c);
}

/* ---- a primary that dies between its word and its vote --------------------------------------- */

static struct bytes built; /* the executor's answer to seat 0, which the test gives */

static void keep_built(struct cluster *c, uint32_t node, const struct pbft_event *ev)
{
    CHECK_EQ(node, 0);
    CHECK(ev->kind == PBFT_BUILT);
    CHECK_OK(arena_copy(&c->scratch, ev->bytes, &built));
}

static struct cluster *begun(void)
{
    struct cluster *c = cluster_new(4, 0, 3);
    for (uint32_t i = 0; i < 4; i++) {
        cluster_start(c, i, true);
    }
    return c;
}

/* What the seat does when it has built, in order. */
static void build(struct cluster *c, struct pbft_effects *out)
{
    c->answer = keep_built;
    cluster_submit(c, 1);
    cluster_tick(c, 0);
    c->answer = NULL;
    struct pbft_event ev = { .kind = PBFT_BUILT, .now_ms = c->now_ms, .bytes = built };
    CHECK_OK(pbft_step(c->node[0].pbft, &ev, out));
}

TEST(a_block_is_announced_before_anything_is_written_and_the_vote_follows_what_is_written)
{
    struct cluster *c = begun();
    struct pbft_effects out;
    struct message m = { .kind = MESSAGE_KIND_END };
    static const enum pbft_effect_kind WANT[] = { PBFT_SEND, PBFT_PERSIST, PBFT_PERSIST,
                                                  PBFT_SEND };
    build(c, &out);
    CHECK(out.count >= COUNT(WANT));
    for (size_t i = 0; i < COUNT(WANT); i++) {
        CHECK(out.effect[i].kind == WANT[i]);
    }
    CHECK_OK(message_decode(out.effect[0].bytes, &c->scratch, &m));
    CHECK(m.kind == MESSAGE_PROPOSE);
    CHECK_BYTES(m.block, built);
    CHECK_OK(message_decode(out.effect[3].bytes, &c->scratch, &m));
    CHECK(m.kind == MESSAGE_VOTE);
    cluster_free(c);
}

/* It announces A and dies before its vote is durable. The seats of `heard` have voted for A; after
 * its restart it announces B, and votes for that. */
static uint64_t dies_in_between(uint32_t heard, uint64_t *view)
{
    struct cluster *c = begun();
    struct pbft_effects out;
    struct bytes announced = { NULL, 0 };
    build(c, &out);
    ASSERT(arena_copy(&c->scratch, out.effect[0].bytes, &announced) == ERR_NONE);
    cluster_crash(c, 0);
    for (uint32_t i = 1; i < 4; i++) {
        struct pbft_event ev = { .kind = PBFT_MESSAGE, .from = 0, .bytes = announced };
        if ((heard >> i & 1) != 0) {
            ASSERT(cluster_feed(c, i, &ev) == ERR_NONE);
        }
    }
    c->now_ms++;
    cluster_start(c, 0, true);
    cluster_run(c, 4 * c->view_timeout_max_ms);
    uint64_t done = c->node[1].done;
    *view = pbft_status(c->node[1].pbft).view;
    ASSERT(c->forks + c->contradictions + c->unwritten == 0);
    ASSERT(cluster_all_at(c, c->top));
    cluster_free(c);
    return done;
}

TEST(a_primary_that_dies_between_its_word_and_its_vote_costs_at_most_a_view)
{
    for (uint32_t heard = 0; heard < 16; heard += 2) {
        uint64_t view = UINT64_MAX;
        CHECK_EQ(dies_in_between(heard, &view), 1);
        CHECK(view <= 1);
    }
}
