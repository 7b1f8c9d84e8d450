#include "sim/sim_parts_internal.h"

#include "tests/test.h"

/* Each fault by itself, what counts among the f, and what a seed draws. */

static struct sim_options harmed(uint64_t seed, uint32_t nodes, uint32_t faults)
{
    return (struct sim_options){ .seed = seed, .nodes = nodes, .steps = 12000, .faults = faults };
}

static void survives(const struct sim_options *o)
{
    struct sim_result r;
    enum err e = sim_run(o, &r);
    for (uint32_t i = 0; i < r.violation_count && i < SIM_VIOLATIONS_MAX; i++) {
        fprintf(stderr, "seed %llu: %s\n", (unsigned long long)o->seed, r.violation[i]);
    }
    CHECK_OK(e);
    CHECK(r.ok && r.height > 0);
    for (uint32_t f = 0; f < SIM_FAULT_END; f++) {
        CHECK((o->faults >> f & 1) == 0 || r.delivered[f] > 0);
    }
}

static struct bytes content(const struct sim_disk *d, const char *name)
{
    const struct sim_file *f = sim_disk_find(d, name);
    return f == NULL ? bytes_of(NULL, 0) : bytes_of(f->data, f->len);
}

TEST(a_network_that_doubles_reorders_and_is_cut_one_way_breaks_nothing)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct sim_options o =
            harmed(seed, 4, 1 << SIM_DUPLICATE | 1 << SIM_DEAF | 1 << SIM_ONEWAY);
        survives(&o);
    }
}

TEST(clocks_that_are_off_and_slow_or_torn_disks_break_nothing)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct sim_options o = harmed(seed, 4, 1 << SIM_SKEW | 1 << SIM_SLOW | 1 << SIM_TORN);
        survives(&o);
    }
}

TEST(formats_14_a_disk_that_lost_a_synced_write_or_went_back_in_time_is_one_of_the_f)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct sim_options o = harmed(seed, 4, 1 << SIM_LOST | 1 << SIM_RESTORE | 1 << SIM_DROP);
        survives(&o);
    }
}

/* A commit that could not be read back from the log was passed over in silence (seeds 1 to 4). */
TEST(a_block_that_cannot_be_read_back_stops_the_node_and_every_height_is_told)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct sim_options o = harmed(seed, 4, 1 << SIM_MISDIRECT | 1 << SIM_DROP);
        survives(&o);
    }
}

/* The harness keeps every block itself: what is replayed at the end is not what a node still has.
 */
TEST(nodes_that_prune_and_new_disks_come_back_and_every_log_holds_what_was_committed)
{
    uint32_t snapshots = 0;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct sim_options o =
            harmed(seed, 4, 1 << SIM_WIPE | 1 << SIM_PRUNE | 1 << SIM_FALSE_SYNC);
        struct sim_result r;
        o.steps = 24000;
        CHECK_OK(sim_run(&o, &r));
        CHECK(r.delivered[SIM_WIPE] > 0 && r.delivered[SIM_PRUNE] > 0);
        CHECK(r.delivered[SIM_FALSE_SYNC] > 0);
        CHECK(r.logs >= 3);
        snapshots += r.snapshots;
    }
    CHECK(snapshots >= 4);
}

TEST(what_one_seat_alone_has_heard_was_committed_stands_in_every_later_view)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct sim_options o = harmed(seed, 4, 1 << SIM_LONELY);
        o.steps = 20000;
        survives(&o);
    }
}

/* Its share of one pool is full: the rest is told to come again, and does; nobody else waits. */
TEST(a_client_who_floods_a_node_is_told_to_wait_and_all_that_was_taken_commits)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct sim_options o = harmed(seed, 4, 1 << SIM_FLOOD | 1 << SIM_DROP | 1 << SIM_CRASH);
        o.orders = 6;
        survives(&o);
    }
}

/* What has come rests when the steps are over: then the committee gets its time to change. */
TEST(past_its_steps_a_run_does_only_what_has_not_come_yet)
{
    struct sim_result r;
    struct sim_options o = harmed(1, 4, 1 << SIM_MEMBERS | 1 << SIM_DROP | 1 << SIM_DISK);
    o.steps = 8000;
    CHECK_OK(sim_run(&o, &r));
    CHECK(r.delivered[SIM_MEMBERS] > 0 && r.steps > o.steps);
}

TEST(a_disk_loses_the_end_of_any_file_of_its_block_log)
{
    struct sim_disk d = { .full = false };
    struct storage port;
    uint64_t at = 0;
    uint32_t lost = 0;
    sim_disk_port(&d, &port);
    for (uint64_t round = 0; round < 40; round++) {
        static const char *const NAMES[] = { "blocks.log", "blocks-00000001.log", "votes.log" };
        for (size_t i = 0; i < COUNT(NAMES); i++) {
            sim_disk_remove(&d, NAMES[i]);
            CHECK_OK(port.append(port.ctx, NAMES[i], bytes_of_str("0123456789"), &at));
            CHECK_OK(port.sync(port.ctx, NAMES[i]));
        }
        CHECK(sim_disk_lose(&d, "blocks", round << 20 | 3));
        lost |= content(&d, NAMES[0]).len < 10 ? 1 : 0;
        lost |= content(&d, NAMES[1]).len < 10 ? 2 : 0;
        lost |= content(&d, NAMES[2]).len < 10 ? 4 : 0;
    }
    CHECK_EQ(lost, 3);
    sim_disk_free(&d);
}

TEST(liars_and_disks_that_forget_are_together_no_more_than_f)
{
    struct sim_result r;
    struct sim_options o = harmed(1, 4, 1 << SIM_RESTORE | 1 << SIM_BYZANTINE);
    o.liars = 1;
    CHECK_ERR(sim_run(&o, &r), ERR_USAGE);
    o = harmed(1, 7, 1 << SIM_RESTORE | 1 << SIM_BYZANTINE);
    o.liars = 1;
    o.steps = 24000;
    survives(&o);
}

TEST(each_size_and_each_fault_is_drawn_and_never_more_than_can_be_survived)
{
    uint32_t faults = 0, least = SIM_NODES_MAX, most = 0, laws = 0;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct sim_options o = { .pack_set = bytes_of_str("law") };
        sim_draw(seed, &o);
        laws += o.pack_set.len > 0 ? 1 : 0;
        uint32_t f = committee_faulty_max(o.nodes);
        CHECK_EQ(o.seed, seed);
        CHECK(o.nodes >= 4 && o.nodes <= SIM_NODES_MAX && o.liars <= f);
        CHECK(seed % 10 != 7 || o.nodes <= 7);
        CHECK(o.liars < f || (o.faults & SIM_AMONG_F) == 0);
        CHECK_EQ((o.faults >> SIM_BYZANTINE & 1) != 0, o.liars > 0);
        faults |= o.faults;
        least = o.nodes < least ? o.nodes : least;
        most = o.nodes > most ? o.nodes : most;
    }
    CHECK_EQ(faults, (1u << SIM_FAULT_END) - 1);
    CHECK(least == 4 && most > 25);
    CHECK(laws > 80 && laws < 120);
}

TEST(thirty_one_nodes_run_too)
{
    struct sim_options o = harmed(8, 31, 1 << SIM_DROP);
    o.steps = 20000;
    survives(&o);
}

TEST(a_disk_loses_tears_and_misdirects_as_it_is_told_and_a_copy_is_its_own)
{
    struct sim_disk d = { .full = false }, copy = { .full = false };
    struct storage port;
    uint64_t at = 0;
    sim_disk_port(&d, &port);
    CHECK_OK(port.append(port.ctx, "log", bytes_of_str("0123456789"), &at));
    CHECK_OK(port.sync(port.ctx, "log"));
    CHECK_OK(port.append(port.ctx, "log", bytes_of_str("abc"), &at));
    CHECK(sim_disk_crash(&d, 1 + 4 * 1000));
    CHECK_BYTES(bytes_of(content(&d, "log").ptr, 10), bytes_of_str("0123456789"));
    sim_disk_copy(&d, &copy);
    CHECK(sim_disk_lose(&d, "log", 3));
    CHECK_BYTES(content(&d, "log"), bytes_of_str("012345"));
    CHECK(content(&copy, "log").len > 10);
    CHECK(!sim_disk_lose(&d, "other", 0));
    d.misdirect = true;
    d.where = 2;
    CHECK_OK(port.append(port.ctx, "log", bytes_of_str("XY"), &at));
    CHECK_EQ(at, 6);
    CHECK_BYTES(content(&d, "log"), bytes_of("01XY45\0\0", 8));
    CHECK_EQ(d.misdirected, 1);
    sim_disk_free(&d);
    sim_disk_free(&copy);
}
