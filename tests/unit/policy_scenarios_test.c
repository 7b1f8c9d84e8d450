/* The worked scenarios of the vocabulary, compared as it says: the verdict is equal, every expected
 * conjunct is met by one of the answer's, every expected citation by itself or a longer one below
 * it, with at most four conjuncts more than expected and at most twelve citations. */
#include "policy/compile/book_internal.h"
#include "tests/unit/policy_rig.h"

/* An exporter with a pack of its own; what has none is counted and printed, never passed over. */
static bool has_pack(const char *place)
{
    uint32_t number = book_place_number(rig_book(), place);
    return policy_set_coverage(policy_book_set(rig_book()), number) != POLICY_NONE;
}

static bool text_in(const json_t *list, const char *text)
{
    for (size_t i = 0; i < json_size(list); i++) {
        const char *one = json_text_of(json_at(list, i));
        if (one != NULL && strcmp(one, text) == 0) {
            return true;
        }
    }
    return false;
}

/* An answer's conjunct meets an expected one when it contains all of it. */
static bool conjunct_meets(const json_t *answer, const json_t *expected)
{
    const char *answer_text = json_text_of(answer), *text = json_text_of(expected);
    if (text != NULL) {
        return answer_text != NULL ? strcmp(answer_text, text) == 0
                                   : text_in(json_member(answer, "any_of"), text);
    }
    const json_t *any = json_member(expected, "any_of");
    for (size_t i = 0; i < json_size(any); i++) {
        if (answer_text != NULL ||
            !text_in(json_member(answer, "any_of"), json_text_of(json_at(any, i)))) {
            return false;
        }
    }
    return true;
}

/* Citations without what matching ignores: a leading `s` of the article, spaces, `Art.`. */
static void cite_plain(const char *cite, char out[128])
{
    size_t len = 0;
    bool article = false;
    for (const char *p = cite; *p != '\0' && len < 126; p++) {
        if (article && (p[-1] == ':' && *p == 's' && p[1] >= '0' && p[1] <= '9')) {
            continue;
        }
        article = article || *p == ':';
        if (*p != ' ') {
            out[len++] = *p;
        }
    }
    out[len] = '\0';
}

static bool cite_meets(const char *answer, const char *expected)
{
    char a[128], e[128];
    cite_plain(answer, a);
    cite_plain(expected, e);
    size_t len = strlen(e);
    if (len >= 2 && strcmp(e + len - 2, ":*") == 0) {
        return strncmp(a, e, len - 1) == 0;
    }
    bool below = strncmp(a, e, len) == 0;
    return below && (a[len] == '\0' || a[len] == '(');
}

/* NULL when the answer is what was expected, else why not. */
static const char *difference(const json_t *answer, const json_t *expect)
{
    const char *got = "", *want = "";
    if (json_get_str(answer, "verdict", &got) != ERR_NONE ||
        json_get_str(expect, "verdict", &want) != ERR_NONE || strcmp(got, want) != 0) {
        return "another verdict";
    }
    const json_t *required = json_member(answer, "required"), *cites = json_member(answer, "cites");
    const json_t *need = json_member(expect, "required"), *cited = json_member(expect, "cites");
    if (json_size(required) > json_size(need) + 4) {
        return "too many conjuncts";
    }
    if (json_size(cites) > POLICY_CITE_MAX) {
        return "too many citations";
    }
    for (size_t i = 0; i < json_size(need); i++) {
        bool met = false;
        for (size_t k = 0; k < json_size(required); k++) {
            met = met || conjunct_meets(json_at(required, k), json_at(need, i));
        }
        if (!met) {
            return "a requirement is missing";
        }
    }
    for (size_t i = 0; i < json_size(cited); i++) {
        bool met = false;
        for (size_t k = 0; k < json_size(cites); k++) {
            met =
                met || cite_meets(json_text_of(json_at(cites, k)), json_text_of(json_at(cited, i)));
        }
        if (!met) {
            return "a citation is missing";
        }
    }
    return NULL;
}

typedef void on_scenario(const char *id, const json_t *scenario, void *ctx);

static bool each_scenario(on_scenario *call, void *ctx)
{
    char path[4096], why[JSON_ERROR_SIZE];
    uint8_t *text;
    size_t len;
    snprintf(path, sizeof path, "%s/refs/compliance-scenarios.jsonl", test_shared_dir());
    if (test_shared_dir() == NULL || !test_read_file(path, &text, &len)) {
        return false;
    }
    for (size_t at = 0; at < len;) {
        const uint8_t *end = memchr(text + at, '\n', len - at);
        size_t line = end == NULL ? len - at : (size_t)(end - (text + at));
        json_t *j;
        const char *id = "?";
        if (line > 0 && json_read(bytes_of(text + at, line), 1 << 16, &j, why) == ERR_NONE) {
            if (json_get_str(j, "id", &id) == ERR_NONE) {
                call(id, j, ctx);
            }
            json_free(j);
        }
        at += line + 1;
    }
    free(text);
    return true;
}

struct tally {
    unsigned compared, equal, no_pack;
};

static json_t *answer_of(const json_t *scenario, char why[POLICY_WHY_SIZE])
{
    struct policy_check check;
    struct policy_verdict v;
    json_t *answer = NULL;
    enum err err = policy_check_read(rig_book(), scenario, &check, why);
    err = err == ERR_NONE ? policy_answer(rig_book(), &check, &v, &answer, why) : err;
    return err == ERR_NONE ? answer : NULL;
}

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
        char *text = NULL;
        size_t len = 0;
        if (answer != NULL && json_write_line(answer, &text, &len) == ERR_NONE) {
            printf("# %s: %s\n# %s", id, why, text);
            json_text_free(text);
        } else {
            printf("# %s: %s\n", id, why);
        }
    }
    json_free(answer);
}

TEST(every_worked_scenario_is_answered_as_the_vocabulary_says)
{
    CHECK(rig_book() != NULL);
    struct tally t = { 0 };
    if (!each_scenario(compare, &t)) {
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
    if (!each_scenario(overanswer, &refused)) {
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
