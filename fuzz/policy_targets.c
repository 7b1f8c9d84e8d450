/* The law: facts and verdicts, pack sets as bytes, packs as YAML, checks as JSON. */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "policy/compile/policy_compile.h"
#include "policy/compile/yaml_internal.h"
#include "policy/set_internal.h"
#include "tests/unit/policy_mini.h"

enum { DAY = 20777 };

FUZZ_CODEC(facts, policy_facts, policy_facts_decode, policy_facts_encode)
FUZZ_CODEC(verdict, policy_verdict, policy_verdict_decode, policy_verdict_encode)

static const char MINI[] = HEAD "rules:\n" DUTY("d", "1");

/* A set that opens encodes to its bytes, and judges without a fault. */
static void pack_set(struct bytes in)
{
    struct arena *a = fuzz_arena();
    const struct policy_set *set;
    struct bytes again = { NULL, 0 };
    if (policy_set_open(in, suite_intl(), a, &set) != ERR_NONE) {
        return;
    }
    enum err e = set_encode(set, a, &again);
    ASSERT(e == ERR_NONE);
    ASSERT(bytes_equal(again, in));
    struct policy_facts f = { .from = 276, .to = 156 };
    struct policy_verdict *v = ARENA_NEW(a, struct policy_verdict);
    ASSERT(v != NULL);
    if (policy_evaluate(set, &f, DAY, NULL, 0, v) == ERR_NONE) {
        e = policy_verdict_encode(v, a, &again);
        ASSERT(e == ERR_NONE || e == ERR_SIZE);
    }
}

static void yaml(struct bytes in)
{
    struct yaml *root;
    size_t line = 0;
    const char *why = NULL;
    if (yaml_read(in, fuzz_arena(), &root, &line, &why) != ERR_NONE) {
        ASSERT(why != NULL);
    }
}

/* A pack beside the shipped vocabulary: what compiles opens. */
static void pack_yaml(struct bytes in)
{
    static struct policy_source source[3];
    char why[POLICY_WHY_SIZE];
    struct policy_compiled out;
    struct policy_book *book;
    if (source[0].name == NULL) {
        source[0] = file_of("words.yaml");
        source[1] = file_of("places.yaml");
    }
    source[2] = (struct policy_source){ "T.yaml", in };
    if (policy_compile(source, COUNT(source), suite_intl(), &out, why) != ERR_NONE) {
        return;
    }
    enum err e = policy_book_open(bytes_of(out.set, out.set_len),
                                  bytes_of(out.prose, out.prose_len), suite_intl(), &book, why);
    ASSERT(e == ERR_NONE);
    policy_book_close(book);
    policy_compiled_free(&out);
}

/* A check that is read is answered or refused by name, and its facts come back from their bytes. */
static void check(struct bytes in)
{
    static struct policy_book *book;
    char why[POLICY_WHY_SIZE];
    json_t *j, *answer;
    struct policy_check c;
    struct policy_verdict v;
    enum err e;
    if (book == NULL) {
        e = policy_book_dir(RULES_DIR, suite_intl(), &book, why);
        ASSERT(e == ERR_NONE);
    }
    if (json_read(in, 4096, &j, why) != ERR_NONE) {
        return;
    }
    if (policy_check_read(book, j, &c, why) == ERR_NONE) {
        c.day = c.day_given ? c.day : DAY;
        if (policy_answer(book, &c, &v, &answer, why) == ERR_NONE) {
            json_free(answer);
        }
    }
    json_free(j);
}

static void seed_facts(void)
{
    struct policy_facts f = { .from = 156, .to = 276, .class_count = 2, .mechanism_count = 1 };
    struct bytes wire;
    f.classes[0] = 1;
    f.classes[1] = 2;
    f.mechanisms[0] = 1;
    f.fact_count = 1;
    f.fact[0] = (struct policy_fact){ 1, POLICY_BOOL, 1 };
    if (policy_facts_encode(&f, fuzz_arena(), &wire) == ERR_NONE) {
        fuzz_seed(wire);
    }
}

static void seed_verdict(void)
{
    struct policy_verdict v;
    struct bytes wire;
    memset(&v, 0, sizeof v);
    v.code = POLICY_DENY;
    v.day = DAY;
    v.rule_count = 2;
    v.rules[0] = 1;
    v.rules[1] = 2;
    v.cite_count = 1;
    v.cites[0] = 3;
    if (policy_verdict_encode(&v, fuzz_arena(), &wire) == ERR_NONE) {
        fuzz_seed(wire);
    }
}

static void seed_pack_set(void)
{
    char why[POLICY_WHY_SIZE];
    struct policy_compiled out;
    if (compile_with(MINI, &out, why) == ERR_NONE) {
        fuzz_seed(bytes_of(out.set, out.set_len));
        policy_compiled_free(&out);
    }
}

static void seed_yaml(void)
{
    fuzz_seed(bytes_of_str(MINI));
    fuzz_seed(bytes_of_str("a: [b, {c: d}]\ne: \"f\"\n"));
}

static void seed_check(void)
{
    fuzz_seed(bytes_of_str(
        "{\"from\":\"CN\",\"to\":\"US\",\"via\":[\"DE\"],\"classes\":[\"personal\"],"
        "\"mechanisms\":[\"consent\"],\"subjects\":7,\"prior_subjects\":6,\"date\":\"2026-11-20\","
        "\"facts\":{\"onward\":[\"NO\"],\"necessary\":false}}"));
}

static const struct fuzz_target ROWS[] = {
    { "policy-facts", POLICY_FACTS_SIZE_MAX, facts, seed_facts },
    { "policy-verdict", POLICY_VERDICT_SIZE_MAX, verdict, seed_verdict },
    { "pack-set", 65536, pack_set, seed_pack_set },
    { "yaml", 4096, yaml, seed_yaml },
    { "pack-yaml", 4096, pack_yaml, seed_yaml },
    { "policy-check", 2048, check, seed_check },
};
const struct fuzz_family FUZZ_POLICY = { ROWS, COUNT(ROWS) };
