/* Made-up law: which effect wins, what replaces what, who is spoken to, where a verdict ends. */
#include "tests/unit/policy_mini.h"

/* Verdict, required, rules and cites of a made-up pack of Germany, for a transfer to France. */
static const char *judged_pack(const char *pack, const char *check)
{
    static char out[512];
    char why[POLICY_WHY_SIZE], text[1024];
    struct policy_compiled c;
    struct policy_book *b;
    struct policy_check read;
    struct policy_verdict v;
    if (compile_with(pack, &c, why) != ERR_NONE ||
        policy_book_open(bytes_of(c.set, c.set_len), bytes_of(c.prose, c.prose_len), suite_intl(),
                         &b, why) != ERR_NONE) {
        snprintf(out, sizeof out, "!%.500s", why);
        return out;
    }
    policy_compiled_free(&c);
    snprintf(text, sizeof text, "{\"from\":\"DE\",\"to\":\"FR\",\"classes\":[\"personal\"]%s}",
             check);
    json_t *json = NULL, *answer = NULL;
    enum err err = json_read(bytes_of_str(text), sizeof text, &json, why);
    err = err == ERR_NONE ? policy_check_read(b, json, &read, why) : err;
    read.day = 20777;
    err = err == ERR_NONE ? policy_answer(b, &read, &v, &answer, why) : err;
    char *line = NULL;
    size_t len = 0;
    if (err == ERR_NONE) {
        json_t *short_form = json_new_object();
        static const char *const KEYS[] = { "verdict", "required", "rules", "cites" };
        for (size_t i = 0; i < COUNT(KEYS); i++) {
            const json_t *m = json_member(answer, KEYS[i]);
            json_t *list = json_new_array();
            for (size_t k = 0; k < json_size(m); k++) {
                const char *one = json_text_of(json_at(m, k));
                json_push(list, json_new_str(one == NULL ? "any_of" : one));
            }
            json_push(list, json_new_str(json_text_of(m) == NULL ? "" : json_text_of(m)));
            json_put(short_form, KEYS[i], list);
        }
        err = json_write_line(short_form, &line, &len);
        json_free(short_form);
    }
    json_free(answer);
    json_free(json);
    size_t n = 0;
    for (const char *p = err == ERR_NONE ? line : why; *p != '\0' && n + 1 < sizeof out; p++) {
        if (strchr("\"{}[]\n", *p) == NULL) {
            out[n++] = *p;
        }
    }
    out[n] = '\0';
    json_text_free(line);
    policy_book_close(b);
    return out;
}

static const char *judged(const char *rules, const char *check)
{
    static char pack[64000];
    snprintf(pack, sizeof pack, HEAD "rules:\n%s", rules);
    return judged_pack(pack, check);
}

TEST(the_strictest_effect_wins_and_only_what_decided_is_cited)
{
    CHECK_STR(judged("  []\n", ""), "verdict:allow,required:,rules:,cites:");
    CHECK_STR(judged(PERMIT("p", "none", "1"), ""), "verdict:allow,required:,rules:p,,cites:X:1,");
    CHECK_STR(judged(PERMIT("p", "none", "1") DUTY("o", "2"), ""),
              "verdict:allow_with_obligations,required:notice,,rules:p,o,,cites:X:1,X:2,");
    CHECK_STR(judged(PERMIT("p", "none", "1") DUTY("o", "2") NEED("r", "contract", "scc", "3"), ""),
              "verdict:needs_mechanism,required:scc,,rules:p,o,r,,cites:X:3,");
    CHECK_STR(judged(DUTY("o", "2") NEED("r", "contract", "scc", "3") DENY("d", "4"), ""),
              "verdict:deny,required:,rules:o,r,d,,cites:X:4,");
    CHECK_STR(judged(DUTY("o", "2") NEED("r", "contract", "scc", "3"), ",\"mechanisms\":[\"scc\"]"),
              "verdict:allow_with_obligations,required:notice,,rules:o,r,,cites:X:3,X:2,");
}

TEST(a_stronger_route_replaces_a_weaker_one_of_its_regime)
{
    CHECK_STR(judged(NEED("c", "contract", "scc", "1") NEED("a", "assessment", "bcr", "2")
                         NEED("z", "none", "idta", "3"),
                     ""),
              "verdict:needs_mechanism,required:bcr,idta,,rules:c,a,z,,cites:X:2,X:3,");
    CHECK_STR(judged(NEED("c", "contract", "scc", "1") NEED("a", "assessment", "bcr", "2")
                         PERMIT("p", "contract", "4"),
                     ""),
              "verdict:needs_mechanism,required:bcr,,rules:c,a,p,,cites:X:2,");
    CHECK_STR(judged(NEED("c", "contract", "scc", "1") NEED("z", "none", "idta", "3")
                         PERMIT("p", "all", "4"),
                     ""),
              "verdict:needs_mechanism,required:idta,,rules:c,z,p,,cites:X:3,");
}

/* Twelve of fifteen, the most decisive first. */
TEST(an_answer_cites_at_most_twelve_articles)
{
    char rules[4096] = "";
    size_t len = 0;
    for (unsigned i = 1; i <= 15; i++) {
        len += (size_t)snprintf(rules + len, sizeof rules - len,
                                RULE("r%u", "    effect: deny\n"
                                            "    cites: [\"X:%u\"]\n" FROM),
                                i, i);
    }
    const char *got = judged(rules, "");
    CHECK(strstr(got, "cites:X:1,X:2,X:3,X:4,X:5,X:6,X:7,X:8,X:9,X:10,X:11,X:12,") != NULL);
    CHECK(strstr(got, "X:13") == NULL);
}

/* Neither Germany nor France: a law that follows its citizens, and one that only receives. */
TEST(a_law_may_reach_across_borders_or_speak_to_the_receiver_only)
{
    static const char *const AMERICA = "pack: US\ncoverage: full\nplaces: [US]\n"
                                       "source: 2026-11-20\narticles_read: [X:1]\nrules:\n"
                                       "  - id: reach\n    regime: eu_gdpr\n    side: reach\n"
                                       "    effect: deny\n    note: {en: e, zh: z}\n"
                                       "    cites: [X:1]\n    when: [citizens_of is US]\n" FROM;
    CHECK_STR(judged_pack(AMERICA, ",\"facts\":{\"citizens_of\":\"US\"}"),
              "verdict:deny,required:,rules:reach,,cites:X:1,");
    CHECK_STR(judged_pack(AMERICA, ""),
              "verdict:allow_with_obligations,required:legal_review,,rules:,cites:");
    static const char *const FRANCE = "pack: FR\ncoverage: full\nplaces: [FR]\n"
                                      "source: 2026-11-20\narticles_read: [X:1]\nrules:\n"
                                      "  - id: in\n    regime: eu_gdpr\n    side: import\n"
                                      "    effect: deny\n    note: {en: e, zh: z}\n"
                                      "    cites: [X:1]\n" FROM "  - id: out\n    regime: eu_gdpr\n"
                                      "    effect: deny\n    note: {en: e, zh: z}\n"
                                      "    cites: [X:2]\n" FROM;
    CHECK_STR(judged_pack(FRANCE, ""), "verdict:deny,required:,rules:in,,cites:X:1,");
}

/* At the limit of a verdict there is an error, and never a laxer answer. */
TEST(more_than_a_verdict_holds_is_an_error)
{
    static char rules[60000];
    const char *const full = "the check cannot be judged: larger or smaller than the limit allows";
    for (unsigned fired = POLICY_FIRED_MAX; fired <= POLICY_FIRED_MAX + 1; fired++) {
        size_t len = 0;
        for (unsigned i = 0; i < fired; i++) {
            len += (size_t)snprintf(rules + len, sizeof rules - len, DUTY("r%u", "1"), i);
        }
        const char *got = judged(rules, "");
        CHECK(fired == POLICY_FIRED_MAX ? strncmp(got, "verdict:allow_with", 18) == 0
                                        : strcmp(got, full) == 0);
    }
    for (unsigned duties = POLICY_DUTY_MAX; duties <= POLICY_DUTY_MAX + 1; duties++) {
        size_t len = 0;
        for (unsigned i = 1; i <= duties; i++) {
            len += (size_t)snprintf(rules + len, sizeof rules - len,
                                    RULE("r%u", "    effect: oblige\n    cites: [X:1]\n"
                                                "    duties: [{duty: notice, days: %u}]\n" FROM),
                                    i, i);
        }
        const char *got = judged(rules, "");
        CHECK(duties == POLICY_DUTY_MAX ? strncmp(got, "verdict:allow_with", 18) == 0
                                        : strcmp(got, full) == 0);
    }
}
