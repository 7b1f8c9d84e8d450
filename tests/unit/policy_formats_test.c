/* FORMATS 8 and 9: the facts of a check, the verdict and the pack set as canonical bytes; what the
 * engine refuses to judge, and the limits it has. */
#include "base/clock.h"
#include "tests/unit/policy_rig.h"

enum { CN = 156, DE = 276, US = 840 };

static struct arena work(void)
{
    static _Alignas(16) uint8_t memory[4 << 20];
    return arena_over(memory, sizeof memory);
}

/* Every kind of fact, every list, every count. */
static struct policy_facts sample(void)
{
    struct policy_check check = { 0 };
    char why[POLICY_WHY_SIZE];
    enum err err = rig_check(
        "{'from':'CN','to':'US','via':['DE','SG'],'classes':['personal','health'],"
        "'mechanisms':['consent','scc'],'role':'ciio','sector':'health','purpose':'trade',"
        "'subjects':7,'prior_subjects':6,'sensitive_subjects':5,'prior_sensitive_subjects':4,"
        "'important_data':true,'facts':{'onward':['NO','JP'],'mechanism_date':'2026-01-02',"
        "'necessary':false,'scc_module':2,'citizens_of':'FR','tia':'pass'}}",
        &check, why);
    if (err != ERR_NONE) {
        test_fail(__FILE__, __LINE__, why);
    }
    return check.facts;
}

static bool facts_equal(const struct policy_facts *a, const struct policy_facts *b)
{
    struct arena one = work();
    struct bytes x, y;
    return policy_facts_encode(a, &one, &x) == ERR_NONE &&
           policy_facts_encode(b, &one, &y) == ERR_NONE && bytes_equal(x, y);
}

TEST(formats_8_the_facts_of_a_check_are_numbers_and_come_back_as_they_went)
{
    CHECK(rig_book() != NULL);
    struct policy_facts f = sample(), back;
    struct arena a = work();
    struct bytes wire;
    CHECK_OK(policy_facts_encode(&f, &a, &wire));
    CHECK_OK(policy_facts_decode(wire, &a, &back));
    CHECK(facts_equal(&f, &back));
    CHECK_EQ(back.from, CN);
    CHECK_EQ(back.via[0], DE);
    CHECK_EQ(back.fact_count, 5);
    CHECK_EQ(back.sensitive_subjects, 5);
    CHECK(back.subjects_given && back.important_data);
    for (size_t i = 1; i < back.fact_count; i++) {
        CHECK(back.fact[i].number > back.fact[i - 1].number);
    }
    f.subjects_given = false;
    f.subjects = 0;
    CHECK_OK(policy_facts_encode(&f, &a, &wire));
    CHECK_OK(policy_facts_decode(wire, &a, &back));
    CHECK(!back.subjects_given);
}

TEST(formats_8_facts_out_of_order_or_without_a_value_are_refused)
{
    struct arena a = work();
    struct policy_facts f = sample(), back;
    struct policy_fact first = f.fact[0];
    f.fact[0] = f.fact[1];
    f.fact[1] = first;
    struct bytes wire;
    CHECK_OK(policy_facts_encode(&f, &a, &wire));
    CHECK_ERR(policy_facts_decode(wire, &a, &back), ERR_ENCODING);
    f.fact[1] = f.fact[0]; /* the same number twice */
    CHECK_OK(policy_facts_encode(&f, &a, &wire));
    CHECK_ERR(policy_facts_decode(wire, &a, &back), ERR_ENCODING);
    static const uint8_t no_value[] = { 0x7A, 0x02, 0x08, 0x10 }; /* facts { number: 16 } */
    CHECK_ERR(policy_facts_decode(bytes_of(no_value, sizeof no_value), &a, &back), ERR_ENCODING);
}

TEST(formats_8_the_day_of_a_transfer_is_the_block_time_at_the_exporters_fixed_offset)
{
    const struct policy_set *set = policy_book_set(rig_book());
    uint64_t time_ms = 0;
    uint32_t cn = 0, de = 0, us = 0, last = 0, first = 0;
    CHECK_OK(clock_parse("2026-12-31T16:00:00.000Z", &time_ms));
    CHECK_OK(clock_parse_day("2026-12-31", &last));
    CHECK_OK(clock_parse_day("2027-01-01", &first));
    CHECK_OK(policy_set_day(set, CN, time_ms, &cn));
    CHECK_OK(policy_set_day(set, DE, time_ms, &de));
    CHECK_EQ(cn, first); /* UTC+8: the count of the year starts again */
    CHECK_EQ(de, last);
    CHECK_OK(policy_set_day(set, CN, time_ms - 1, &cn));
    CHECK_EQ(cn, last);
    CHECK_OK(policy_set_day(set, US, time_ms + 13 * 3600000ULL - 1, &us));
    CHECK_EQ(us, last);
    CHECK_ERR(policy_set_day(set, 999, time_ms, &us), ERR_UNKNOWN_WORD);
}

TEST(formats_8_an_open_word_that_no_rule_names_is_zero)
{
    struct policy_check check;
    char why[POLICY_WHY_SIZE];
    CHECK_OK(rig_check("{'from':'CN','to':'DE','classes':['personal'],'sector':'beekeeping',"
                       "'purpose':'honey'}",
                       &check, why));
    CHECK_EQ(check.facts.sector, 0);
    CHECK_EQ(check.facts.purpose, 0);
    CHECK_OK(rig_check("{'from':'CN','to':'DE','sector':'automotive'}", &check, why));
    CHECK(check.facts.sector != 0);
}

TEST(formats_8_a_verdict_is_numbers_only_and_comes_back_as_it_went)
{
    struct policy_check check;
    struct policy_verdict v, back;
    char why[POLICY_WHY_SIZE];
    CHECK_OK(rig_check("{'from':'CN','to':'US','via':['DE'],'classes':['personal'],"
                       "'subjects':200000,'mechanisms':['cn_standard_contract']}",
                       &check, why));
    CHECK_OK(policy_evaluate(policy_book_set(rig_book()), &check.facts, 20777, NULL, 0, &v));
    struct arena a = work();
    struct bytes wire, again;
    CHECK_OK(policy_verdict_encode(&v, &a, &wire));
    CHECK_OK(policy_verdict_decode(wire, &a, &back));
    CHECK_OK(policy_verdict_encode(&back, &a, &again));
    CHECK_BYTES(again, wire);
    CHECK(hash_equal(&back.set, policy_set_hash(policy_book_set(rig_book()))));
    CHECK_EQ(back.code, POLICY_NEEDS_MECHANISM);
    CHECK_EQ(back.day, 20777);
    CHECK(v.required_count == 1 && back.required[0].count == v.required[0].count);
    static const uint8_t code_nine[] = { 0x08, 0x09 };
    CHECK_ERR(policy_verdict_decode(bytes_of(code_nine, 2), &a, &back), ERR_ENCODING);
}

/* FORMATS 2 for these messages: a byte more, a byte less, or a byte other is not the same message.
 */
TEST(formats_8_no_other_bytes_decode_to_the_same_facts)
{
    struct policy_facts f = sample(), back;
    struct arena a = work();
    struct bytes wire;
    CHECK_OK(policy_facts_encode(&f, &a, &wire));
    uint8_t copy[POLICY_FACTS_SIZE_MAX];
    for (size_t i = 0; i < wire.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct arena b;
            uint8_t scratch[1 << 16];
            memcpy(copy, wire.ptr, wire.len);
            copy[i] ^= (uint8_t)(1u << bit);
            b = arena_over(scratch, sizeof scratch);
            if (policy_facts_decode(bytes_of(copy, wire.len), &b, &back) == ERR_NONE) {
                CHECK(!facts_equal(&f, &back));
            }
        }
    }
}

TEST(formats_8_mint_refuses_only_what_no_place_may_receive)
{
    const struct policy_set *set = policy_book_set(rig_book());
    struct policy_check check;
    char why[POLICY_WHY_SIZE];
    bool refused = false;
    CHECK_OK(rig_check("{'from':'CN','to':'DE','classes':['state_secret']}", &check, why));
    CHECK_OK(policy_refused_everywhere(set, &check.facts, 20777, &refused));
    CHECK(refused);
    CHECK_OK(rig_check("{'from':'CN','to':'DE','classes':['personal'],'subjects':2000000}", &check,
                       why));
    CHECK_OK(policy_refused_everywhere(set, &check.facts, 20777, &refused));
    CHECK(!refused);
    check.facts.from = 1;
    CHECK_ERR(policy_refused_everywhere(set, &check.facts, 20777, &refused), ERR_UNKNOWN_WORD);
}

static bool compiled(struct policy_compiled *c)
{
    char why[POLICY_WHY_SIZE];
    return policy_compile_dir(RULES_DIR, suite_intl(), c, why) == ERR_NONE;
}

TEST(formats_9_the_compiled_bytes_are_canonical_and_the_same_every_time)
{
    struct policy_compiled one, two;
    CHECK(compiled(&one));
    CHECK(compiled(&two));
    CHECK_BYTES(bytes_of(one.set, one.set_len), bytes_of(two.set, two.set_len));
    CHECK_BYTES(bytes_of(one.prose, one.prose_len), bytes_of(two.prose, two.prose_len));
    struct arena a = work();
    const struct policy_set *set;
    CHECK_OK(policy_set_open(bytes_of(one.set, one.set_len), suite_intl(), &a, &set));
    CHECK(hash_equal(policy_set_hash(set), policy_set_hash(policy_book_set(rig_book()))));
    printf("# set %zu bytes, prose %zu bytes, %zu bytes of memory opened\n", one.set_len,
           one.prose_len, a.used_max);
    policy_compiled_free(&one);
    policy_compiled_free(&two);
}

TEST(formats_9_a_set_holds_no_text)
{
    struct policy_compiled c;
    CHECK(compiled(&c));
    static const char *const TEXTS[] = { "CN-CBDF", "persons", "scc", "cn.personal", "Norway" };
    for (size_t i = 0; i < COUNT(TEXTS); i++) {
        CHECK(memmem(c.set, c.set_len, TEXTS[i], strlen(TEXTS[i])) == NULL);
        CHECK(memmem(c.prose, c.prose_len, TEXTS[i], strlen(TEXTS[i])) != NULL);
    }
    policy_compiled_free(&c);
}

/* A flipped bit is refused or is another set; it never opens as the same one, and never crashes. */
TEST(formats_9_a_changed_set_is_refused_or_is_another_set)
{
    struct policy_compiled c;
    CHECK(compiled(&c));
    unsigned refused = 0, other = 0;
    for (size_t i = 0; i < c.set_len; i += 3) {
        c.set[i] ^= (uint8_t)(1u << (i % 8));
        struct arena a = work();
        const struct policy_set *set;
        if (policy_set_open(bytes_of(c.set, c.set_len), suite_intl(), &a, &set) != ERR_NONE) {
            refused++;
        } else {
            other++;
            CHECK(!hash_equal(policy_set_hash(set), policy_set_hash(policy_book_set(rig_book()))));
            struct policy_facts f = sample();
            struct policy_verdict v;
            enum err err = policy_evaluate(set, &f, 20777, NULL, 0, &v);
            CHECK(err == ERR_NONE || err == ERR_UNKNOWN_WORD || err == ERR_RANGE);
        }
        c.set[i] ^= (uint8_t)(1u << (i % 8));
    }
    printf("# of %u flips %u were refused\n", refused + other, refused);
    CHECK(refused > other);
    policy_compiled_free(&c);
}

TEST(formats_9_a_set_that_is_too_large_or_too_new_is_refused)
{
    struct arena a = work();
    const struct policy_set *set;
    static uint8_t large[POLICY_SET_SIZE_MAX + 1];
    CHECK_ERR(policy_set_open(bytes_of(large, sizeof large), suite_intl(), &a, &set), ERR_SIZE);
    struct policy_compiled c;
    CHECK(compiled(&c));
    CHECK_EQ(c.set[0], 0x08); /* evaluator, field 1 */
    c.set[1] = POLICY_EVALUATOR + 1;
    CHECK_ERR(policy_set_open(bytes_of(c.set, c.set_len), suite_intl(), &a, &set), ERR_VERSION);
    c.set[1] = POLICY_EVALUATOR;
    uint8_t tiny[4096];
    struct arena small = arena_over(tiny, sizeof tiny);
    CHECK_ERR(policy_set_open(bytes_of(c.set, c.set_len), suite_intl(), &small, &set),
              ERR_NO_SPACE);
    policy_compiled_free(&c);
}

/* The refusal table of policy_evaluate: one thing wrong with the sample, and what is said of it. */
static enum err spoil_numbers(struct policy_facts *f, int i)
{
    switch (i) {
    case 0:
        f->fact[0].type = POLICY_BOOL;
        break;
    case 1:
        f->subjects = POLICY_COUNT_MAX + 1;
        break;
    case 2:
        f->sensitive_subjects = f->subjects + 1;
        break;
    case 3:
        f->prior_sensitive_subjects = f->prior_subjects + 1;
        break;
    case 4:
        f->classes[1] = f->classes[0];
        break;
    case 5:
        f->onward[1] = f->onward[0];
        break;
    default:
        f->fact[1] = f->fact[0];
        break;
    }
    return ERR_RANGE;
}

static enum err spoil(struct policy_facts *f, int i)
{
    uint32_t *const unknown[] = { &f->from,       &f->to,   &f->via[0], &f->onward[1],
                                  &f->classes[1], &f->role, &f->sector, &f->fact[0].number };
    size_t *const counts[] = { &f->via_count, &f->onward_count, &f->class_count,
                               &f->mechanism_count, &f->fact_count };
    static const size_t MAX[] = { POLICY_VIA_MAX, POLICY_ONWARD_MAX, POLICY_CLASS_MAX,
                                  POLICY_MECHANISM_MAX, POLICY_FACT_MAX };
    if (i < (int)COUNT(unknown)) {
        *unknown[i] = 1000; /* no place, no word, no fact */
        return ERR_UNKNOWN_WORD;
    }
    i -= (int)COUNT(unknown);
    if (i < (int)COUNT(counts)) {
        *counts[i] = MAX[i] + 1;
        return ERR_SIZE;
    }
    return spoil_numbers(f, i - (int)COUNT(counts));
}

TEST(what_cannot_be_judged_is_refused_and_nothing_is_answered)
{
    const struct policy_set *set = policy_book_set(rig_book());
    struct policy_verdict v = { .code = POLICY_ALLOW, .day = 4711 };
    for (int i = 0; i < 20; i++) {
        struct policy_facts f = sample();
        enum err want = spoil(&f, i);
        CHECK_ERR(policy_evaluate(set, &f, 20777, NULL, 0, &v), want);
        CHECK_EQ(v.day, 4711);
    }
    struct policy_facts f = sample();
    f.subjects = f.sensitive_subjects = f.prior_subjects = POLICY_COUNT_MAX;
    CHECK_OK(policy_evaluate(set, &f, 20777, NULL, 0, &v));
    CHECK_EQ(v.day, 20777);
}
