/* The worked scenarios of the vocabulary, and an engine that answers everything. */
#include "policy/compile/book_internal.h"
#include "tests/unit/policy_lines.h"

/* An exporter with a pack of its own; what has none is counted and printed, never passed over. */
static bool has_pack(const char *place)
{
    uint32_t number = book_place_number(rig_book(), place);
    return policy_set_coverage(policy_book_set(rig_book()), number) != POLICY_NONE;
}

/* False without the shared folder. */
static bool each_worked(on_scenario *call, void *ctx)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/refs/compliance-scenarios.jsonl", test_shared_dir());
    return test_shared_dir() != NULL && each_scenario(path, call, ctx);
}

struct tally {
    unsigned compared, equal, no_pack;
};

static void compare(const char *id, const json_t *scenario, void *ctx)
{
    struct tally *t = ctx;
    const char *from = "?", *why = NULL;
    char reason[POLICY_WHY_SIZE] = "";
    if (json_get_str(scenario, "from", &from) != ERR_NONE || !has_pack(from)) {
        printf("# not compared: %s (no pack of %s yet)\n", id, from);
        t->no_pack++;
        return;
    }
    json_t *answer = answer_of(scenario, reason);
    why = answer == NULL ? reason : difference(answer, json_member(scenario, "expect"));
    t->compared++;
    t->equal += why == NULL ? 1 : 0;
    if (why != NULL) {
        difference_print(id, why, answer);
    }
    json_free(answer);
}

TEST(every_worked_scenario_is_answered_as_the_vocabulary_says)
{
    CHECK(rig_book() != NULL);
    struct tally t = { 0 };
    if (!each_worked(compare, &t)) {
        SKIP("no ../shared/refs/compliance-scenarios.jsonl");
    }
    printf("# %u compared, %u equal; %u without a pack\n", t.compared, t.equal, t.no_pack);
    CHECK_EQ(t.compared, 40);
    CHECK_EQ(t.equal, t.compared);
    CHECK_EQ(t.no_pack, 0);
}

/* An engine that says everything: the expected verdict, every id and every article. */
static void overanswer(const char *id, const json_t *scenario, void *ctx)
{
    unsigned *refused = ctx;
    (void)id;
    char why[POLICY_WHY_SIZE];
    json_t *answer = answer_of(scenario, why);
    if (answer == NULL) {
        return;
    }
    const json_t *expect = json_member(scenario, "expect");
    const char *verdict = "";
    CHECK_OK(json_get_str(expect, "verdict", &verdict));
    json_t *required = json_new_array(), *cites = json_new_array();
    const struct policy_book *b = rig_book();
    json_t *book = policy_book_json(b);
    const json_t *words = json_member(book, "words"), *all = json_member(book, "cites");
    for (size_t i = 0; i < json_size(words); i++) {
        json_push(required, json_new_str(json_text_of(json_at(words, i))));
    }
    for (size_t i = 0; i < json_size(all); i++) {
        json_push(cites, json_new_str(json_text_of(json_at(all, i))));
    }
    json_put(answer, "verdict", json_new_str(verdict));
    json_put(answer, "required", required);
    json_put(answer, "cites", cites);
    *refused += difference(answer, expect) != NULL ? 1 : 0;
    json_free(book);
    json_free(answer);
}

TEST(an_engine_that_answers_everything_fails_every_comparison)
{
    CHECK(rig_book() != NULL);
    unsigned refused = 0;
    if (!each_worked(overanswer, &refused)) {
        SKIP("no ../shared/refs/compliance-scenarios.jsonl");
    }
    CHECK_EQ(refused, 40);
}

/* The comparison itself: a bare prefix is not "below", and one alternative is not the whole choice.
 */
TEST(the_comparison_of_citations_and_conjuncts_is_as_written)
{
    CHECK(cite_meets("EU-GDPR:46(2)(c)", "EU-GDPR:46"));
    CHECK(!cite_meets("EU-GDPR:46", "EU-GDPR:46(2)(c)"));
    CHECK(!cite_meets("EU-GDPR:46", "EU-GDPR:4"));
    CHECK(cite_meets("SG-PDPA:26", "SG-PDPA:s26"));
    CHECK(cite_meets("EU-SCC:clause14", "EU-SCC:*"));
    CHECK(!cite_meets("EU-SCC2:1", "EU-SCC:*"));
    json_t *both, *one;
    CHECK_OK(json_read(bytes_of_str("{\"any_of\":[\"a\",\"b\"]}"), 100, &both, NULL));
    CHECK_OK(json_read(bytes_of_str("[\"a\"]"), 100, &one, NULL));
    CHECK(conjunct_meets(both, json_at(one, 0)));
    CHECK(!conjunct_meets(json_at(one, 0), both));
    json_free(both);
    json_free(one);
}
