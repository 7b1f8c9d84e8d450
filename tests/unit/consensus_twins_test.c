/* The state machine is compiled here a second time, with its mutants, for the canary. */
#define PBFT_MUTANTS
#include "consensus/pbft.c"
#include "consensus/pbft_chain.c"
#include "consensus/pbft_log.c"
#include "consensus/pbft_pool.c"
#include "consensus/pbft_view.c"
#include "consensus/pbft_vote.c"

#include "tests/fixtures/consensus_cluster.h"
#include "tests/test.h"

/* Twins, whole: four seats, of which one is two honest copies with one key, so that it forgets,
 * votes twice and proposes twice as the network's shape makes it. A scenario is a shape for each
 * leg of the way; all of a bounded size are tried, with each seat as the twin, so that the twin
 * leads the first view, the next one, or none. After it the network is whole and the three others
 * must have one chain that grows. */

enum { SEATS = 4, COPY = SEATS, SHAPES = 16, LEGS_MAX = 6, ROUNDS_MAX = 40 };

/* Deliver what is under way where a shape lets it pass, lose the rest; a shape is the set of nodes
 * on one side, the copy is node 4. Repeated until nothing of these kinds is under way. */
static void leg(struct cluster *c, uint32_t shape, bool votes, bool commits)
{
    for (uint32_t i = 0; i < c->queued;) {
        const struct cluster_message *q = &c->queue[i];
        struct message m = { .kind = MESSAGE_KIND_END };
        size_t mark = arena_mark(&c->scratch);
        CHECK_OK(message_decode(q->bytes, &c->scratch, &m));
        arena_release(&c->scratch, mark);
        bool commit = m.kind == MESSAGE_VOTE && m.vote.vote.kind == VOTE_COMMIT;
        if ((commit && !commits) || (!commit && !votes)) {
            i++;
            continue;
        }
        bool apart = ((shape >> q->from ^ shape >> q->to) & 1) != 0;
        uint32_t to = q->to;
        c->node[to].up = !apart;
        (void)cluster_deliver(c, i);
        c->node[to].up = true;
        i = 0; /* an answer may stand anywhere */
    }
}

static void tick_all(struct cluster *c)
{
    for (uint32_t i = 0; i < c->nodes; i++) {
        cluster_tick(c, i);
    }
}

static enum pbft_mutant playing;

static void set_mutant(struct cluster *c, uint32_t node)
{
    c->node[node].pbft->mutant = playing;
}

static struct cluster *twins(uint32_t twin)
{
    struct cluster *c = cluster_new(SEATS, 1, 1);
    c->manual = true;
    c->twinned = true;
    c->twin = twin;
    c->delay_ms = 1;
    c->prepare = set_mutant;
    for (uint32_t i = 0; i < c->nodes; i++) {
        cluster_start(c, i, true);
    }
    return c;
}

/* Legs in turn: proposal and prepare votes; commit votes; and then time is up for everybody. */
static void play(struct cluster *c, const uint32_t *shape, uint32_t legs)
{
    for (uint32_t i = 0; i < legs; i++) {
        if (i % 2 == 0) {
            cluster_submit(c, 1);
            tick_all(c);
            leg(c, shape[i], true, false);
        } else {
            leg(c, shape[i], false, true);
            c->now_ms += c->view_timeout_max_ms + 1;
            tick_all(c);
        }
    }
}

static bool honest_at(const struct cluster *c, uint64_t height)
{
    bool all = true;
    for (uint32_t i = 0; i < SEATS; i++) {
        all = all && (i == c->twin || c->node[i].tip.height >= height);
    }
    return all;
}

/* The network is whole. The copies go on as they are: that is liveness with f of 3f+1. */
static bool recovers(struct cluster *c)
{
    uint64_t goal = c->top + 1;
    for (uint32_t i = 0; i < ROUNDS_MAX && !honest_at(c, goal); i++) {
        cluster_submit(c, 1);
        c->now_ms += c->view_timeout_ms / 2;
        tick_all(c);
        leg(c, 0, true, true);
    }
    return honest_at(c, goal);
}

static bool safe(const struct cluster *c)
{
    return c->forks + c->contradictions + c->unwritten == 0;
}

struct tally {
    uint64_t bad, scenarios, commits, views, equivocations;
};

static void scenario(uint32_t twin, const uint32_t *shape, uint32_t legs, struct tally *t)
{
    struct cluster *c = twins(twin);
    play(c, shape, legs);
    bool good = safe(c) && recovers(c) && safe(c);
    if (!good && playing == MUTANT_NONE) {
        printf("# twin %u, shapes", twin);
        for (uint32_t i = 0; i < legs; i++) {
            printf(" %u", shape[i]);
        }
        printf(": %s\n", safe(c) ? "no progress" : "fork");
    }
    t->scenarios++;
    t->bad += good ? 0 : 1;
    for (uint32_t i = 0; i < SEATS; i++) {
        struct pbft_status s = pbft_status(c->node[i].pbft);
        t->views += i == twin ? 0 : s.view_changes;
        t->equivocations += i == twin ? 0 : s.equivocations;
        t->commits += i == twin ? 0 : c->node[i].tip.height;
    }
    cluster_free(c);
}

/* All sequences of these shapes, as numbers of a system with `count` digits. */
static struct tally all(const uint32_t *among, uint32_t count, uint32_t legs)
{
    struct tally t = { .bad = 0 };
    uint64_t sequences = 1;
    for (uint32_t i = 0; i < legs; i++) {
        sequences *= count;
    }
    for (uint32_t twin = 0; twin < SEATS; twin++) {
        for (uint64_t n = 0; n < sequences; n++) {
            uint32_t shape[LEGS_MAX];
            uint64_t rest = n;
            for (uint32_t i = 0; i < legs; i++, rest /= count) {
                shape[i] = among[rest % count];
            }
            scenario(twin, shape, legs, &t);
        }
    }
    printf("# %llu scenarios, %llu commits, %llu view changes, %llu double votes seen\n",
           (unsigned long long)t.scenarios, (unsigned long long)t.commits,
           (unsigned long long)t.views, (unsigned long long)t.equivocations);
    return t;
}

TEST(every_shape_of_the_network_over_one_view_and_the_proposal_of_the_next)
{
    static const uint32_t EVERY[SHAPES] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
    struct tally t = all(EVERY, SHAPES, 2);
    CHECK_EQ(t.bad, 0);
    CHECK_EQ(t.scenarios, 4 * 16 * 16);
    CHECK(t.views > 0 && t.equivocations > 0);
}

/* Of the sixteen: whole, each copy with one or two of the others, and a copy with everybody. */
TEST(four_shapes_of_the_network_over_three_views_keep_one_chain)
{
    static const uint32_t SOME[] = { 0, 3, 6, 9 };
    struct tally t = all(SOME, COUNT(SOME), 5);
    CHECK_EQ(t.bad, 0);
    CHECK_EQ(t.scenarios, 4 * 1024);
    CHECK(t.views > 0 && t.equivocations > 0);
}

TEST(the_rig_finds_a_seat_that_votes_for_whatever_comes_last)
{
    static const uint32_t SOME[] = { 0, 3, 6, 9 };
    playing = MUTANT_VOTES_TWICE;
    struct tally t = all(SOME, COUNT(SOME), 3);
    playing = MUTANT_NONE;
    CHECK(t.bad > 0);
}
