#include "sim/sim.h"

#include <stdlib.h>

#include "ledger/genesis.h"
#include "policy/compile/policy_compile.h"
#include "tests/test.h"

enum {
    STEPS = 12000,
    ALL = ((1 << SIM_BYZANTINE) - 1) & ~(1 << SIM_PRUNE),
    USUAL = (1 << SIM_DUPLICATE) - 1
};
enum { SOME = 1 << SIM_DROP | 1 << SIM_CRASH };

static struct sim_options options(uint64_t seed, uint32_t faults)
{
    return (struct sim_options){ .seed = seed, .nodes = 4, .steps = STEPS, .faults = faults };
}

/* Runs and shows what went wrong when it is not what was expected. */
static enum err run(const struct sim_options *o, struct sim_result *r)
{
    enum err e = sim_run(o, r);
    for (uint32_t i = 0; i < r->violation_count && i < SIM_VIOLATIONS_MAX; i++) {
        fprintf(stderr, "seed %llu: %s\n", (unsigned long long)o->seed, r->violation[i]);
    }
    return e;
}

TEST(four_nodes_without_faults_commit_all_that_is_submitted)
{
    struct sim_result r;
    struct sim_options o = options(2, 0);
    CHECK_OK(run(&o, &r));
    CHECK(r.ok);
    CHECK(r.height > 50 && r.txs > 100);
    CHECK_EQ(r.view_changes, 0);
}

TEST(six_seeds_with_every_fault_keep_the_invariants_and_deliver_each_fault)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct sim_result r;
        struct sim_options o = options(seed, ALL);
        o.steps = 2 * STEPS;
        CHECK_OK(run(&o, &r));
        for (uint32_t f = 0; f < SIM_BYZANTINE; f++) {
            CHECK(f == SIM_PRUNE || r.delivered[f] > 0);
        }
    }
}

TEST(seven_nodes_and_one_node_work_too)
{
    struct sim_result r;
    struct sim_options o = options(3, 1 << SIM_CRASH | 1 << SIM_DROP);
    o.nodes = 7;
    o.steps = 4 * STEPS;
    CHECK_OK(run(&o, &r));
    o = options(4, 0);
    o.nodes = 1;
    CHECK_OK(run(&o, &r));
    CHECK(r.height > 0);
}

TEST(the_same_seed_is_the_same_history)
{
    struct sim_result a, b, c;
    struct sim_options o = options(5, ALL);
    o.steps = 2 * STEPS;
    CHECK_OK(run(&o, &a));
    CHECK_OK(run(&o, &b));
    CHECK(hash_equal(&a.trace_hash, &b.trace_hash));
    CHECK_EQ(a.height, b.height);
    o.seed = 6;
    CHECK_OK(run(&o, &c));
    CHECK(!hash_equal(&a.trace_hash, &c.trace_hash));
}

/* Canaries: a rig that finds nothing in these is blind. */
static uint32_t caught(enum sim_mutant mutant)
{
    uint32_t n = 0;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct sim_result r;
        struct sim_options o = options(seed, 1 << SIM_CRASH | 1 << SIM_DROP | 1 << SIM_DELAY);
        o.mutant = mutant;
        n += sim_run(&o, &r) == ERR_INTEGRITY && r.violation_count > 0 && !r.ok ? 1 : 0;
    }
    return n;
}

TEST(a_vote_log_that_is_not_replayed_is_caught)
{
    CHECK(caught(SIM_MUTANT_FORGET_VOTES) >= 4);
}

TEST(a_disk_that_lies_about_syncs_is_caught)
{
    CHECK(caught(SIM_MUTANT_SYNC_LIES) >= 6);
}

TEST(an_acknowledgement_before_the_commit_is_caught)
{
    CHECK(caught(SIM_MUTANT_LOSE_TX) >= 4);
}

/* Half of the nodes is down when the forger begins: all of them refuse all the same. */
TEST(formats_23_every_node_refuses_a_forged_vote_and_view_change_for_its_signature)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct sim_result r;
        struct sim_options o = options(seed, 1 << SIM_CRASH | 1 << SIM_DISK | 1 << SIM_DROP);
        CHECK_OK(run(&o, &r));
        CHECK(r.forged[SIM_FORGED_VOTE] >= 3 && r.forged[SIM_FORGED_CHANGE] >= 3);
        o.mutant = SIM_MUTANT_TRUE_FORGER;
        CHECK_ERR(sim_run(&o, &r), ERR_INTEGRITY);
        CHECK(r.broken >> SIM_FORGERY & 1);
    }
}

TEST(a_fault_that_never_came_fails_the_run)
{
    struct sim_result r;
    struct sim_options o = options(2, 1 << SIM_CRASH);
    o.steps = 5;
    CHECK_ERR(sim_run(&o, &r), ERR_UNAVAILABLE);
    CHECK(!r.ok);
    CHECK_EQ(r.violation_count, 0);
}

struct text {
    size_t len;
    char s[64 * 1024];
};

static void collect(void *ctx, const char *line)
{
    struct text *t = ctx;
    int n = snprintf(t->s + t->len, sizeof t->s - t->len, "%s\n", line);
    ASSERT(n > 0 && (size_t)n < sizeof t->s - t->len);
    t->len += (size_t)n;
}

/* carnet sim --seed 4 --steps 1200 --kill-primary 800 --transcript | grep -v ^seed writes it anew.
 */
TEST(the_leader_dies_and_the_next_one_carries_on_as_in_the_golden_transcript)
{
    static struct text got;
    struct sim_result r;
    struct sim_options o = options(4, 0);
    uint8_t *want = NULL;
    size_t len = 0;
    o.steps = 1200;
    o.kill_primary_ms = 800;
    o.line = collect;
    o.line_ctx = &got;
    got.len = 0;
    CHECK_OK(run(&o, &r));
    CHECK_EQ(r.view_changes, 1);
    CHECK(test_read_file(CARNET_SOURCE_DIR "/tests/golden/sim_view_change.txt", &want, &len));
    CHECK_BYTES(bytes_of(got.s, got.len), bytes_of(want, len));
    free(want);
}

/* Brokered rights are used, and a broker that hands keys over too early is caught. */
TEST(under_the_shipped_law_tokens_and_rights_are_traded_too)
{
    uint32_t eager = 0;
    struct policy_compiled law = { 0 };
    uint64_t settled = 0, refunded = 0, released = 0, uses = 0, stops = 0, stopped = 0;
    char why[POLICY_WHY_SIZE] = "";
    CHECK_OK(policy_compile_dir(CARNET_SOURCE_DIR "/rules", suite_intl(), &law, why));
    for (uint64_t seed = 20; seed < 25; seed++) {
        struct sim_result r;
        struct sim_options o = options(seed, seed < 23 ? USUAL : SOME);
        o.pack_set = bytes_of(law.set, law.set_len);
        o.steps = 3 * STEPS;
        CHECK_OK(run(&o, &r));
        CHECK(r.applied * 2 > r.txs);
        settled += r.settled;
        refunded += r.refunded;
        released += r.released;
        uses += r.uses;
        stops += r.stops;
        stopped += r.stopped;
        o.mutant = SIM_MUTANT_EAGER_BROKER;
        eager += sim_run(&o, &r) == ERR_INTEGRITY && r.violation_count > 0 ? 1 : 0;
    }
    CHECK(eager >= 2);
    /* Conservation is checked over both ends of an exchange, and not over nothing. */
    CHECK(settled > 0 && refunded > 0 && released > 0);
    /* No use after a stop: there were stops, and somebody tried. */
    CHECK(uses > 5 && stops > 20 && stopped > 20);
    policy_compiled_free(&law);
}

TEST(options_out_of_range_are_refused)
{
    struct sim_result r;
    struct sim_options o = options(1, 0);
    o.nodes = 0;
    CHECK_ERR(sim_run(&o, &r), ERR_USAGE);
    o.nodes = SIM_NODES_MAX + 1;
    CHECK_ERR(sim_run(&o, &r), ERR_USAGE);
    o = options(1, 1 << SIM_FAULT_END);
    CHECK_ERR(sim_run(&o, &r), ERR_USAGE);
    o = options(1, 0);
    o.steps = 0;
    CHECK_ERR(sim_run(&o, &r), ERR_USAGE);
    o.steps = SIM_STEPS_MAX + 1;
    CHECK_ERR(sim_run(&o, &r), ERR_USAGE);
}

TEST(faults_are_read_by_name)
{
    static const char *const BAD[] = { "drop,deluge",  "byzantine",    "byzantine:",
                                       "byzantine:0",  "byzantine:1x", "byzantine:100",
                                       "byzantine:1 ", "drop:1",       "byzantine:-1" };
    uint32_t bits = 99, liars = 99;
    CHECK_OK(sim_faults_parse("drop,disk", &bits, &liars));
    CHECK_EQ(bits, 1 << SIM_DROP | 1 << SIM_DISK);
    CHECK_EQ(liars, 0);
    CHECK_OK(sim_faults_parse("byzantine:10,crash", &bits, &liars));
    CHECK_EQ(bits, 1 << SIM_BYZANTINE | 1 << SIM_CRASH);
    CHECK_EQ(liars, 10);
    CHECK_OK(sim_faults_parse("", &bits, &liars));
    CHECK_EQ(bits, 0);
    CHECK_EQ(liars, 0);
    for (size_t i = 0; i < COUNT(BAD); i++) {
        CHECK_ERR(sim_faults_parse(BAD[i], &bits, &liars), ERR_UNKNOWN_WORD);
    }
    CHECK_EQ(bits, 0);
}

TEST(formats_23_the_simulators_suite_is_refused_unless_its_table_is_passed)
{
    CHECK(suite_by_number(SIM_SUITE) == NULL);
    struct suite *s = NULL;
    CHECK_OK(sim_suite_new(&s));
    static uint8_t memory[1 << 20];
    struct arena a = arena_over(memory, sizeof memory);
    uint8_t key[HASH_SIZE], seed[SUITE_SECRET_SIZE] = { 7 };
    s->public_of(s->ctx, seed, key);
    struct did_document d = { .key_count = 1, .jurisdiction = 156, .role_count = 1 };
    d.key[0] = (struct did_key){ 1, SIM_SUITE, DID_SIGN, bytes_of(key, HASH_SIZE) };
    d.role[0] = ROLE_MEMBER;
    CHECK_OK(did_derive(s, &d, &a, &d.id));
    struct seat seat = { .participant = d.id, .root = { { 5 } }, .weight = 1 };
    struct genesis g = { .format = GENESIS_FORMAT,
                         .version_set = VERSION_SET,
                         .suite = SIM_SUITE,
                         .start_ms = 1,
                         .epoch_ms = 1000,
                         .trust_ms = 1000,
                         .participant_count = 1,
                         .seat_count = 1,
                         .participant = &d,
                         .seat = &seat };
#define X(number, name, value) g.param[number] = (value);
    GENESIS_PARAMS(X)
#undef X
    struct bytes wire;
    struct genesis out;
    CHECK_OK(genesis_encode(&g, &a, &wire));
    CHECK_OK(genesis_decode(s, wire, &a, &out));
    CHECK_ERR(genesis_decode(suite_intl(), wire, &a, &out), ERR_VERSION);
    sim_suite_free(s);
}

TEST(formats_23_a_signature_needs_the_seed)
{
    struct suite *s = NULL;
    CHECK_OK(sim_suite_new(&s));
    uint8_t seed[SUITE_SECRET_SIZE] = { 1 }, other[SUITE_SECRET_SIZE] = { 2 };
    uint8_t key[HASH_SIZE], signature[HASH_SIZE];
    s->public_of(s->ctx, seed, key);
    struct bytes msg = bytes_of_str("words");
    s->sign(s->ctx, seed, msg, signature);
    struct bytes k = bytes_of(key, sizeof key), g = bytes_of(signature, sizeof signature);
    CHECK(s->verify(s->ctx, k, msg, g));
    CHECK(!s->verify(s->ctx, k, bytes_of_str("other words"), g));
    s->sign(s->ctx, other, msg, signature);
    CHECK(!s->verify(s->ctx, k, msg, g));
    CHECK(!s->verify(s->ctx, bytes_of(other, sizeof other), msg, g));
    CHECK(!s->verify(s->ctx, k, msg, bytes_of(signature, 31)));
    sim_suite_free(s);
}
