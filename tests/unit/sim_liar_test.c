#include "sim/sim_liar_internal.h"

#include <stdlib.h>

#include "tests/test.h"

/* Byzantine seats (FORMATS 23): what they do is processed, and breaks nothing. */

enum {
    HARM = 1 << SIM_DROP | 1 << SIM_DELAY | 1 << SIM_PARTITION | 1 << SIM_CRASH | 1 << SIM_DISK
};

static struct sim_options lied_to(uint64_t seed, uint32_t nodes, uint32_t liars, uint32_t faults)
{
    return (struct sim_options){ .seed = seed,
                                 .nodes = nodes,
                                 .steps = 20000,
                                 .liars = liars,
                                 .faults = faults | 1u << SIM_BYZANTINE };
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
    for (uint32_t l = 0; l < SIM_LIE_END; l++) {
        CHECK(r.lies[l] > 0);
    }
}

TEST(one_liar_of_four_breaks_nothing_on_a_calm_network_and_every_lie_is_heard)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct sim_options o = lied_to(seed, 4, 1, 0);
        survives(&o);
    }
}

TEST(one_liar_of_four_breaks_nothing_in_bad_weather)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct sim_options o = lied_to(seed, 4, 1, HARM);
        survives(&o);
    }
}

TEST(two_liars_of_seven_break_nothing)
{
    for (uint64_t seed = 1; seed <= 2; seed++) {
        struct sim_options o = lied_to(seed, 7, 2, HARM);
        survives(&o);
    }
}

/* Drawn seed 20030: a seat that had followed by certificates of others asked for views with a
 * prepared certificate three epochs old, which nobody checks any more; with a liar beside it no
 * view began. */
TEST(a_seat_whose_prepared_certificate_is_old_is_heard_when_it_asks_for_a_view)
{
    struct sim_result r;
    struct sim_options o = { .seed = 0 };
    sim_draw(20030, &o);
    o.faults &= ~(1u << SIM_MEMBERS); /* as it was drawn then */
    CHECK_OK(sim_run(&o, &r));
}

TEST(the_same_lies_are_the_same_history)
{
    struct sim_result a, b;
    struct sim_options o = lied_to(5, 4, 1, HARM);
    CHECK_OK(sim_run(&o, &a));
    CHECK_OK(sim_run(&o, &b));
    CHECK(hash_equal(&a.trace_hash, &b.trace_hash));
}

TEST(more_liars_than_f_are_not_asked_for)
{
    struct sim_result r;
    struct sim_options o = lied_to(1, 4, 2, 0);
    CHECK_ERR(sim_run(&o, &r), ERR_USAGE);
    o = lied_to(1, 3, 1, 0);
    CHECK_ERR(sim_run(&o, &r), ERR_USAGE);
    o = lied_to(1, 4, 0, 0);
    CHECK_ERR(sim_run(&o, &r), ERR_USAGE);
    o = lied_to(1, 4, 1, 0);
    o.faults = 0;
    CHECK_ERR(sim_run(&o, &r), ERR_USAGE);
}

TEST(a_lie_that_nobody_heard_fails_the_run)
{
    struct sim_result r;
    struct sim_options o = lied_to(2, 4, 1, 0);
    o.steps = 40;
    CHECK_ERR(sim_run(&o, &r), ERR_UNAVAILABLE);
    CHECK(!r.ok);
    CHECK_EQ(r.violation_count, 0);
}

/* The canary of the false certificates: with everybody's keys they are believed, and it shows. */
TEST(a_liar_who_has_all_keys_is_caught_by_name)
{
    uint32_t caught = 0;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct sim_result r;
        struct sim_options o = lied_to(seed, 4, 1, HARM);
        o.mutant = SIM_MUTANT_FORGER;
        caught += sim_run(&o, &r) == ERR_INTEGRITY && r.broken != 0 ? 1 : 0;
    }
    CHECK(caught >= 3);
}

TEST(formats_23_a_hand_signs_for_its_own_seat_only)
{
    static struct world w;
    struct sim_result r = { 0 };
    struct sim_options o = lied_to(3, 4, 1, 0);
    CHECK_OK(sim_world_open(&w, &o, &r));
    struct sim_liar *l = w.liar[0];
    uint8_t raw[SUITE_SIGNATURE_SIZE_MAX], key[SUITE_KEY_SIZE_MAX];
    struct bytes words = bytes_of_str("words");
    struct bytes signature = sim_hand_sign(&l->hand, 4, "carnet/vote/v1", words, raw);
    for (uint32_t seat = 0; seat < 4; seat++) {
        epoch_key_public(w.suite, &w.first_seed[seat], 4, key);
        struct bytes k = bytes_of(key, w.suite->public_size);
        bool good = suite_verify_tagged(w.suite, k, "carnet/vote/v1", words, signature);
        CHECK_EQ(good, seat == l->seat);
    }
    sim_world_close(&w);
}
