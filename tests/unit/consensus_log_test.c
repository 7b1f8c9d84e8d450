#include "consensus/pbft_parts_internal.h"
#include "tests/fixtures/consensus_cluster.h"
#include "tests/test.h"

#include <string.h>

static const struct bytes NOTHING = { NULL, 0 };

/* A vote log as a start finds it: it tells of all that was voted for since it was cut, which is
 * more than a seat that runs holds at once. */

enum { NODE = 1, HEIGHTS = 24 };

/* Four seats with pools of four blocks, and the log of one of them, which is down again. */
static struct cluster *long_log(void)
{
    struct cluster *c = cluster_new(4, 0, 5);
    c->blocks_bytes = 2000; /* a block of the test is about 400 bytes */
    for (uint32_t i = 0; i < c->nodes; i++) {
        cluster_start(c, i, true);
    }
    for (int i = 0; i < HEIGHTS; i++) {
        cluster_submit(c, 1);
        cluster_run(c, 200);
    }
    ASSERT(cluster_all_at(c, HEIGHTS) && c->trims == 0);
    cluster_crash(c, NODE);
    return c;
}

TEST(a_vote_log_of_more_blocks_than_the_pool_holds_is_read_to_its_end)
{
    struct cluster *c = long_log();
    cluster_start(c, NODE, true); /* each record is taken, or the cluster stops */
    const struct pbft *p = c->node[NODE].pbft;
    CHECK(p->voted);
    CHECK_EQ(p->last_vote.height, HEIGHTS);
    CHECK_EQ(p->prepared.height, HEIGHTS);
    cluster_submit(c, 1);
    cluster_run(c, 200);
    CHECK(cluster_all_at(c, HEIGHTS + 1));
    CHECK_EQ(c->contradictions, 0);
    CHECK_EQ(c->forks, 0);
    cluster_free(c);
}

/* As the shell does before it reads the log. */
static void says_the_tip(struct cluster *c, uint32_t node)
{
    struct committee sits = { .count = c->seats, .hash = c->sits };
    struct pbft_effects out;
    struct pbft_event ev = { .kind = PBFT_COMMITTEE,
                             .now_ms = c->now_ms,
                             .tip = c->node[node].tip,
                             .committee = &sits,
                             .seat = node };
    CHECK_OK(pbft_step(c->node[node].pbft, &ev, &out));
}

static struct bytes record(struct cluster *c, uint8_t tag, struct bytes payload)
{
    uint8_t *memory = arena_alloc(&c->scratch, payload.len + 1);
    ASSERT(memory != NULL);
    memory[0] = tag;
    memcpy(memory + 1, payload.ptr, payload.len);
    return bytes_of(memory, payload.len + 1);
}

/* Is a block that was voted for still there, when it stands first in a long log and nothing above
 * it is committed? A log that was cut has no order. */
static bool open_block_is_kept(void (*prepare)(struct cluster *c, uint32_t node))
{
    struct cluster *c = long_log();
    struct cluster_node *n = &c->node[NODE];
    struct hash open;
    struct bytes wire = { NULL, 0 },
                 block = cluster_block(c, 0, &n->tip, c->now_ms, NOTHING, 9, 1, &open);
    struct signed_vote v = cluster_vote(c, NODE, VOTE_PREPARE, 0, HEIGHTS + 1, c->now_ms, &open);
    ASSERT(signed_vote_encode(&v, &c->scratch, &wire) == ERR_NONE);
    struct bytes first[2] = { record(c, RECORD_BLOCK, block), record(c, RECORD_VOTE, wire) };
    memmove(n->log + 2, n->log, n->log_count * sizeof *n->log);
    memcpy(n->log, first, sizeof first);
    n->log_count += 2;
    c->prepare = prepare;
    cluster_start(c, NODE, true);
    bool kept = pbft_block(n->pbft, &open, &block) == ERR_NONE;
    cluster_free(c);
    return kept;
}

TEST(of_a_long_vote_log_what_is_committed_goes_before_what_is_open)
{
    CHECK(open_block_is_kept(says_the_tip));
    CHECK(!open_block_is_kept(NULL)); /* the oldest goes where nobody says what is committed */
}
