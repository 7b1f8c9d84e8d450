#include <stdlib.h>

#include "node/replica_parts_internal.h"
#include "sim/sim_parts_internal.h"
#include "tests/test.h"

/* A machine whose block log lost its end, and with it the block that hands over to the committee
 * that sits; its vote log has all that it signed for that committee. */

enum { STEPS_MAX = 200000 };

struct loss {
    struct world *w;
    struct sim_result result;
    struct sim_node *n;
    uint64_t number, since_height; /* of the committee whose beginning is lost */
};

/* A seat of the present committee, which has voted for it. */
static struct sim_node *seated(struct world *w)
{
    for (uint32_t i = 0; i < w->nodes; i++) {
        struct sim_node *n = &w->node[i];
        if (n->up && n->replica->seat != PBFT_OBSERVER && replica_status(n->replica).voting) {
            return n;
        }
    }
    return NULL;
}

/* Runs until committees have changed, and takes from one seat its folded view and all blocks from
 * just below the last change on. The machine is off then, and starts by itself. */
static void lose_the_hand_over(struct loss *l, uint64_t seed)
{
    struct sim_options o = {
        .seed = seed, .nodes = 4, .steps = 60000, .faults = 1u << SIM_MEMBERS
    };
    *l = (struct loss){ .w = malloc(sizeof *l->w), .result = { .seed = seed } };
    ASSERT(l->w != NULL);
    CHECK_OK(sim_world_open(l->w, &o, &l->result));
    CHECK_OK(sim_world_run(l->w));
    l->n = seated(l->w);
    CHECK(l->n != NULL);
    const struct committee *c = replica_committee(l->n->replica);
    l->number = c->number;
    l->since_height = c->since_height;
    CHECK(l->number > 0 && l->since_height > 3);
    uint64_t cut = l->since_height - 3;
    CHECK_OK(blocklog_cut(&l->n->replica->blocks, cut, &l->w->block[cut].hash));
    sim_node_crash(l->w, l->n->slot);
    sim_store_free(&l->n->store);
    CHECK_OK(sim_store_open(&l->n->store));
}

static bool step(struct loss *l)
{
    struct sim_event e;
    if (!sim_pop(l->w, &e)) {
        return false;
    }
    sim_handle(l->w, &e);
    return true;
}

static size_t vote_log_size(const struct loss *l)
{
    const struct sim_file *f = sim_disk_find(&l->n->disk, "votes.log");
    return f == NULL ? 0 : f->len;
}

TEST(formats_14_votes_for_a_committee_that_the_block_log_does_not_know_are_kept_and_none_is_added)
{
    for (uint64_t seed = 2; seed <= 4; seed++) {
        struct loss l;
        lose_the_hand_over(&l, seed);
        bool ahead = false, votes = false;
        size_t size = 0;
        for (int i = 0; i < STEPS_MAX && !votes && step(&l); i++) {
            if (!l.n->up) {
                continue;
            }
            const struct replica *r = l.n->replica;
            if (pbft_status(r->pbft).log_ahead) {
                CHECK(replica_committee(r)->number < l.number);
                CHECK(!r->started && !replica_status(r).voting);
                size = ahead ? size : vote_log_size(&l);
                CHECK_EQ(vote_log_size(&l), size); /* what is not recorded is not said */
                ahead = true;
            }
            votes = replica_status(r).voting;
        }
        CHECK(ahead && size > 0);
        CHECK(votes); /* it has the closing block again, and its votes were read */
        CHECK(replica_committee(l.n->replica)->number >= l.number);
        CHECK(replica_status(l.n->replica).tip.height >= l.since_height);
        CHECK_EQ(l.result.violation_count, 0); /* no vote contradicts the vote log */
        sim_world_close(l.w);
        free(l.w);
    }
}

/* The peers are gone: alone it stays as it is, however often it starts. */
TEST(a_vote_log_that_is_ahead_stays_so_over_restarts)
{
    struct loss l;
    lose_the_hand_over(&l, 2);
    struct replica_config c = sim_node_config(l.w, l.n);
    uint8_t *memory = malloc(l.n->memory_size);
    CHECK(memory != NULL);
    for (int run = 0; run < 3; run++) {
        struct arena region = arena_over(memory, l.n->memory_size);
        struct replica *r = NULL;
        uint64_t now = l.w->now_ms;
        sim_store_crash(&l.n->store);
        CHECK_OK(replica_init(&c, &region, now, &r));
        size_t size = vote_log_size(&l);
        for (uint64_t ms = 0; ms < 60000; ms += 500) {
            replica_tick(r, now + ms);
            CHECK_OK(replica_flush(r, now + ms));
        }
        CHECK(pbft_status(r->pbft).log_ahead && !r->started && !replica_status(r).voting);
        CHECK_EQ(replica_status(r).tip.height, l.since_height - 3);
        CHECK_EQ(vote_log_size(&l), size);
    }
    free(memory);
    sim_world_close(l.w);
    free(l.w);
}

/* Blocks that were committed together have one certificate, that of the last of them. */
static uint64_t without_certificate(struct replica *r)
{
    struct bytes wire, certificate;
    for (uint64_t h = r->blocks.height; h > r->blocks.base + 1; h--) {
        size_t mark = arena_mark(&r->work);
        enum err e = blocklog_read(&r->blocks, h, &r->work, &wire, &certificate);
        arena_release(&r->work, mark);
        if (e == ERR_NONE && certificate.len == 0) {
            return h;
        }
    }
    return 0;
}

/* A world that ran, with a block of that kind in the log of its first node. */
static uint64_t committed_together(struct world *w, struct sim_result *result)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct sim_options o = {
            .seed = seed, .nodes = 4, .steps = 20000, .faults = 1u << SIM_DROP | 1u << SIM_DELAY
        };
        *result = (struct sim_result){ .seed = seed };
        enum err e = sim_world_open(w, &o, result);
        ASSERT(e == ERR_NONE);
        (void)!sim_world_run(w);
        uint64_t at = w->node[0].up ? without_certificate(w->node[0].replica) : 0;
        if (at > 2) {
            return at;
        }
        sim_world_close(w);
    }
    return 0;
}

TEST(blocks_at_the_end_of_the_log_that_no_certificate_proves_are_not_committed_after_a_crash)
{
    struct sim_result result;
    struct world *w = malloc(sizeof *w);
    CHECK(w != NULL);
    uint64_t at = committed_together(w, &result);
    CHECK(at > 2);
    struct sim_node *n = &w->node[0];
    struct replica *r = n->replica;
    CHECK_OK(blocklog_cut(&r->blocks, at, &w->block[at].hash));
    sim_node_crash(w, n->slot);
    sim_store_free(&n->store);
    CHECK_OK(sim_store_open(&n->store)); /* nothing is folded: all is in the log */
    struct replica_config c = sim_node_config(w, n);
    uint8_t *memory = malloc(n->memory_size);
    CHECK(memory != NULL);
    struct arena region = arena_over(memory, n->memory_size);
    CHECK_OK(replica_init(&c, &region, w->now_ms, &r));
    uint64_t height = replica_status(r).tip.height;
    CHECK(height < at && height + PBFT_OPEN_MAX >= at);
    CHECK_EQ(r->blocks.height, height);
    CHECK(replica_newest_certificate(r).len > 0);
    free(memory);
    sim_world_close(w);
    free(w);
}
