#include "node/replica_parts_internal.h"
#include "sim/sim_parts_internal.h"
#include "tests/fixtures/sync_fixture.h"
#include "tests/test.h"

#include <stdlib.h>

/* Nodes that lost their disks come back by snapshot while the network runs. */

enum { LINES_MAX = 8192 };

struct lines {
    uint32_t count;
    char text[LINES_MAX][SIM_LINE_SIZE];
};

static void keep(void *ctx, const char *line)
{
    struct lines *l = ctx;
    if (l->count < LINES_MAX) {
        memcpy(l->text[l->count++], line, strlen(line) + 1);
    }
}

static uint32_t find(const struct lines *l, uint32_t from, const char *text)
{
    for (uint32_t i = from; i < l->count; i++) {
        if (strstr(l->text[i], text) != NULL) {
            return i;
        }
    }
    return LINES_MAX;
}

static void say(const struct sim_result *r)
{
    for (uint32_t i = 0; i < r->violation_count && i < SIM_VIOLATIONS_MAX; i++) {
        printf("# seed %llu: %s\n", (unsigned long long)r->seed, r->violation[i]);
    }
}

TEST(formats_15_a_wiped_validator_comes_back_by_snapshot_and_votes_again)
{
    struct sim_result r;
    struct lines *l = calloc(1, sizeof *l);
    CHECK(l != NULL);
    struct sim_options o = {
        .seed = 2, .nodes = 4, .steps = 24000, .wipe_ms = 25000, .line = keep, .line_ctx = l
    };
    CHECK_OK(sim_run(&o, &r));
    say(&r);
    uint32_t lost = find(l, 0, "n1 loses its disk");
    uint32_t began = find(l, lost, "n1 begins from a snapshot");
    CHECK(lost < LINES_MAX && began < LINES_MAX);
    CHECK(find(l, began, "n1 votes") < LINES_MAX);
    free(l);
}

TEST(a_wiped_validator_comes_back_whatever_else_happens)
{
    uint32_t snapshots = 0;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct sim_result r;
        struct sim_options o = { .seed = seed,
                                 .nodes = 4,
                                 .steps = 24000,
                                 .wipe_ms = 20000,
                                 .faults = 1 << SIM_DROP | 1 << SIM_DELAY | 1 << SIM_CRASH |
                                           1 << SIM_PARTITION };
        enum err e = sim_run(&o, &r);
        say(&r);
        CHECK_OK(e);
        snapshots += r.snapshots;
    }
    CHECK(snapshots >= 4);
}

TEST(servers_that_lie_about_a_snapshot_are_found_at_the_piece_and_one_honest_one_is_enough)
{
    uint32_t found = 0, snapshots = 0;
    for (uint64_t seed = 2; seed <= 12; seed += 2) {
        struct sim_result r;
        struct sim_options o = {
            .seed = seed, .nodes = 4, .steps = 24000, .wipe_ms = 20000, .lying_servers = true
        };
        enum err e = sim_run(&o, &r);
        say(&r);
        CHECK_OK(e);
        found += r.lies_found;
        snapshots += r.snapshots;
    }
    CHECK(found > 0);
    CHECK(snapshots >= 3);
}

TEST(the_newest_block_that_can_be_had_is_one_that_f_plus_one_say_they_have)
{
    enum { SELF = 2, PEERS = 5 };
    static const struct {
        uint32_t seats;
        uint64_t says[PEERS], want;
    } ROW[] = {
        { 4, { 0, 0, 99, 0, 0 }, 0 },      /* its own height is no peer's */
        { 4, { 26, 0, 99, 0, 0 }, 0 },     /* one may lie */
        { 4, { 26, 25, 99, 25, 25 }, 25 }, /* 26 is somewhere, and perhaps only there */
        { 4, { 26, 25, 99, 26, 25 }, 26 },
        { 4, { 26, 24, 99, 23, 0 }, 24 },
        { 7, { 26, 25, 99, 24, 23 }, 24 }, /* f is two */
        { 7, { 26, 26, 99, 0, 0 }, 0 },
        { 3, { 7, 26, 99, 8, 9 }, 26 }, /* and here none */
        { 4, { UINT64_MAX, UINT64_MAX, 99, 1, 1 }, UINT64_MAX },
    };
    for (size_t i = 0; i < COUNT(ROW); i++) {
        static struct replica r;
        struct peer peer[PEERS] = { { .up = false } };
        for (uint32_t k = 0; k < PEERS; k++) {
            peer[k].height = ROW[i].says[k];
        }
        r.peer = peer;
        r.peer_count = PEERS;
        r.config.self = SELF;
        r.seating.now.count = ROW[i].seats;
        CHECK_EQ(replica_obtainable(&r), ROW[i].want);
    }
}

TEST(a_boast_makes_no_gap_once_two_f_plus_one_have_been_heard)
{
    enum { AT = 10, GAP = 100, BOAST = 1000 };
    static const struct {
        uint64_t says[5]; /* 0: not heard; the third is this node */
        uint64_t target;
        bool want;
    } ROW[] = {
        { { BOAST, 0, 0, 0, 0 }, BOAST, true }, /* it may be true: a node that begins asks */
        { { BOAST, 11, 0, 0, 0 }, BOAST, true },
        { { BOAST, 11, 0, 12, 0 }, BOAST, false },
        { { BOAST, 11, 0, AT + GAP, 0 }, BOAST, false },
        { { BOAST, 11, 0, AT + GAP + 1, 0 }, BOAST, true },
        { { BOAST, 11, 0, BOAST, 12 }, AT + GAP, false }, /* what is wanted is near */
        { { 5, 5, 0, 5, 5 }, BOAST, false },
    };
    for (size_t i = 0; i < COUNT(ROW); i++) {
        static struct replica r;
        struct peer peer[5] = { { .up = false } };
        for (uint32_t k = 0; k < 5; k++) {
            peer[k].heard = ROW[i].says[k] > 0;
            peer[k].height = ROW[i].says[k];
        }
        r.peer = peer;
        r.peer_count = 5;
        r.config.self = 2;
        r.config.snapshot_gap = GAP;
        r.seating.now.count = 4;
        CHECK_EQ(replica_gap_is_wide(&r, AT, ROW[i].target), ROW[i].want);
    }
}

/* Its installation would throw the blocks away. */
TEST(a_snapshot_is_late_when_the_block_log_has_come_as_far_meanwhile)
{
    struct sync_bench b;
    static struct replica r;
    sync_bench_open(&b);
    r.take = b.sync;
    CHECK(!replica_take_late(&r)); /* none is being taken */
    sync_bench_bring_to(&b, SYNC_COMPLETE);
    r.blocks.height = SYNC_BENCH_TOP - 1;
    CHECK(!replica_take_late(&r));
    r.blocks.height = SYNC_BENCH_TOP;
    CHECK(replica_take_late(&r));
    r.blocks.height = SYNC_BENCH_TOP + 1;
    CHECK(replica_take_late(&r));
    sync_bench_close(&b);
}

/* Behind by few blocks for a snapshot, but nobody has the blocks any more. */
TEST(a_wiped_validator_takes_a_snapshot_where_all_others_have_pruned)
{
    uint32_t pruned = 0, snapshots = 0;
    for (uint64_t seed = 2; seed <= 6; seed += 2) {
        struct sim_result r = { .seed = seed };
        struct world *w = malloc(sizeof *w);
        struct sim_options o = {
            .seed = seed, .nodes = 4, .steps = 40000, .wipe_ms = 40000, .prune = true
        };
        CHECK(w != NULL);
        CHECK_OK(sim_world_open(w, &o, &r));
        w->config.snapshot_gap = 100000;
        enum err e = sim_world_run(w);
        say(&r);
        CHECK_OK(e);
        pruned += w->pruned;
        snapshots += r.snapshots;
        sim_world_close(w);
        free(w);
    }
    CHECK(pruned >= 3);
    CHECK(snapshots >= 1);
}
