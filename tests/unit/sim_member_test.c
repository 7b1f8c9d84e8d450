#include "sim/sim_parts_internal.h"

#include "tests/test.h"

/* Committees that change while other things go wrong: every invariant holds for each of them. */

static struct sim_options changing(uint64_t seed, uint32_t nodes, uint32_t faults, uint32_t liars)
{
    return (struct sim_options){ .seed = seed,
                                 .nodes = nodes,
                                 .steps = 20000,
                                 .faults = faults | 1u << SIM_MEMBERS,
                                 .liars = liars };
}

static void survives(const struct sim_options *o, uint64_t changes)
{
    struct sim_result r;
    enum err e = sim_run(o, &r);
    for (uint32_t i = 0; i < r.violation_count && i < SIM_VIOLATIONS_MAX; i++) {
        fprintf(stderr, "seed %llu: %s\n", (unsigned long long)o->seed, r.violation[i]);
    }
    CHECK_OK(e);
    CHECK(r.ok && r.delivered[SIM_MEMBERS] >= changes);
}

TEST(formats_13_a_seat_comes_gets_new_keys_and_goes_while_blocks_are_made)
{
    struct sim_options o = changing(2, 4, 0, 0);
    o.steps = 60000;
    survives(&o, 4);
}

TEST(a_committee_changes_over_crashes_and_lost_messages)
{
    for (uint64_t seed = 3; seed <= 5; seed++) {
        struct sim_options o = changing(seed, 4, 1 << SIM_DROP | 1 << SIM_CRASH | 1 << SIM_SKEW, 0);
        survives(&o, 1);
    }
}

TEST(a_committee_changes_with_a_liar_in_it)
{
    for (uint64_t seed = 1; seed <= 2; seed++) {
        struct sim_options o = changing(seed, 4, 1 << SIM_DROP | 1 << SIM_BYZANTINE, 1);
        survives(&o, 1);
    }
}

/* Snapshots over hand-overs, and a log whose blocks are of committees long gone (seeds 10, 34). */
TEST(formats_14_disks_that_forget_come_back_to_the_committee_that_sits)
{
    static const uint64_t SEED[] = { 10, 34 };
    for (size_t i = 0; i < COUNT(SEED); i++) {
        struct sim_options o = changing(SEED[i], 4,
                                        1 << SIM_DROP | 1 << SIM_CRASH | 1 << SIM_LOST |
                                            1 << SIM_RESTORE | 1 << SIM_PARTITION,
                                        0);
        o.steps = 40000;
        survives(&o, 1);
    }
}

TEST(the_same_seed_is_the_same_history_with_changes_too)
{
    struct sim_result a, b;
    struct sim_options o = changing(5, 4, 1 << SIM_DROP | 1 << SIM_CRASH, 0);
    CHECK_OK(sim_run(&o, &a));
    CHECK_OK(sim_run(&o, &b));
    CHECK(hash_equal(&a.trace_hash, &b.trace_hash));
}

/* Drawn seeds that stood still: a view change of an epoch that was over was said for ever (20070,
 * 20141, 20292), answers chased questions (20378), two vote logs knew of a committee that their
 * block logs had lost (20415). Without changes: answers chased questions of a node that was
 * changing views (33003). A fault that finds no occasion is no defect here. */
TEST(drawn_seeds_that_stood_still_go_on)
{
    static const uint64_t SEED[] = { 20070, 20141, 20292, 20378, 20415, 33003 };
    for (size_t i = 0; i < COUNT(SEED); i++) {
        struct sim_result r;
        struct sim_options o = { .seed = 0 };
        sim_draw(SEED[i], &o);
        o.faults |= SEED[i] < 30000 ? 1u << SIM_MEMBERS : 0;
        enum err e = sim_run(&o, &r);
        CHECK(e == ERR_NONE || e == ERR_UNAVAILABLE);
        CHECK_EQ(r.violation_count, 0);
    }
}
