#include <stdlib.h>

#include "policy/compile/policy_compile.h"
#include "sim/sim_parts_internal.h"
#include "tests/test.h"

/* Nodes share no mutable object: who writes in the memory of a node that does not step is caught.
 */

enum { GUARDED = 13, STEPS = 4000 };

static struct world *opened(uint64_t seed, struct sim_result *r)
{
    struct world *w = malloc(sizeof *w);
    struct sim_options o = { .seed = seed, .nodes = 4, .steps = STEPS };
    ASSERT(w != NULL);
    enum err e = sim_world_open(w, &o, r);
    ASSERT(e == ERR_NONE);
    return w;
}

static void closed(struct world *w)
{
    sim_world_close(w);
    free(w);
}

static void write_as(struct world *w, uint32_t who, uint32_t whose)
{
    struct sim_node *before = sim_enter(w, &w->node[who]);
    w->node[whose].memory[12345] ^= 1;
    sim_leave(w, before);
    sim_guard_look(w);
}

TEST(a_write_through_another_nodes_pointer_is_caught_and_named)
{
    struct sim_result r = { .seed = GUARDED };
    struct world *w = opened(GUARDED, &r);
    CHECK(w->guarded && r.guarded);
    write_as(w, 1, 1);
    CHECK_EQ(r.violation_count, 0);
    write_as(w, 2, 0);
    CHECK_EQ(r.violation_count, 1);
    CHECK_EQ(r.broken, 1u << SIM_ISOLATION);
    CHECK_STR(r.violation[0], "isolation: memory of n0 is written while n2 steps");
    write_as(w, 0, 0);
    CHECK_EQ(r.violation_count, 1);
    write_as(w, 0, 2);
    CHECK_EQ(r.violation_count, 2);
    closed(w);
}

/* A call that leads into another node and back, as when one starts and the others hear of it. */
TEST(a_node_that_is_called_in_the_middle_of_anothers_step_has_its_own_memory_only)
{
    struct sim_result r = { .seed = GUARDED };
    struct world *w = opened(GUARDED, &r);
    struct sim_node *outer = sim_enter(w, &w->node[3]);
    write_as(w, 1, 1);
    w->node[3].memory[7] ^= 1;
    sim_guard_look(w);
    CHECK_EQ(r.violation_count, 0);
    sim_leave(w, outer);
    outer = sim_enter(w, &w->node[3]);
    write_as(w, 1, 3);
    sim_leave(w, outer);
    CHECK_EQ(r.violation_count, 1);
    closed(w);
}

TEST(one_seed_of_fifty_is_guarded_and_its_history_is_what_it_would_be)
{
    uint32_t guarded = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        guarded += sim_guarded(seed) ? 1 : 0;
    }
    CHECK_EQ(guarded, 4);
    struct sim_result open = { .seed = 1, .orders = SIM_ORDERS_DEFAULT },
                      shut = { .seed = GUARDED };
    struct sim_options o = { .seed = GUARDED, .nodes = 4, .steps = STEPS };
    CHECK_OK(sim_run(&o, &shut));
    CHECK(shut.guarded && shut.ok);
    struct world *w = opened(GUARDED, &open);
    sim_guard_close(w);
    CHECK_OK(sim_world_run(w));
    CHECK(hash_equal(&open.trace_hash, &shut.trace_hash));
    closed(w);
}

TEST(canary_two_nodes_that_open_the_law_in_one_memory_break_isolation)
{
    struct policy_compiled law = { 0 };
    char why[POLICY_WHY_SIZE] = "";
    struct sim_result r;
    CHECK_OK(policy_compile_dir(CARNET_SOURCE_DIR "/rules", suite_intl(), &law, why));
    struct sim_options o = {
        .seed = GUARDED, .nodes = 4, .steps = STEPS, .pack_set = bytes_of(law.set, law.set_len)
    };
    CHECK_OK(sim_run(&o, &r));
    CHECK_EQ(r.broken, 0);
    o.mutant = SIM_MUTANT_SHARED_CACHE;
    CHECK_ERR(sim_run(&o, &r), ERR_INTEGRITY);
    CHECK((r.broken >> SIM_ISOLATION & 1) != 0);
    policy_compiled_free(&law);
}
