/* The compiler, the linter and the reader of checks: what they refuse, and where they say so. */
#include "tests/unit/policy_mini.h"

static const char *refusal(const char *pack)
{
    static char why[POLICY_WHY_SIZE];
    struct policy_compiled c;
    enum err err = compile_with(pack, &c, why);
    if (err == ERR_NONE) {
        policy_compiled_free(&c);
        return "accepted";
    }
    return why;
}

TEST(every_refusal_names_file_line_and_reason)
{
    static const struct {
        const char *pack, *why;
    } ROWS[] = {
        { "", "T.yaml:1: an empty file" },
        { "pack: [", "T.yaml:2: did not find expected node content" },
        { "a: &x 1\n", "T.yaml:1: an anchor or a tag: write the text out" },
        { "a: 1\nb: *x\n", "T.yaml:2: an alias: write the text out" },
        { "a: !!str 1\n", "T.yaml:1: an anchor or a tag: write the text out" },
        { "a: !mine {b: c}\n", "T.yaml:1: an anchor or a tag: write the text out" },
        { "a: 1\nb: 2\na: 3\n", "T.yaml:3: a key that occurs twice" },
        { "a: 1\n---\nb: 2\n", "T.yaml:2: more than one document" },
        { "[a]: 1\n", "T.yaml:1: a key that is not a scalar" },
        { "a: [[[[[[[[[[1]]]]]]]]]]\n", "T.yaml:1: nested too deeply" },
        { "a: \"\xff\"\n", "T.yaml:1: too large, or not UTF-8" },
        { "a: \"x\\0y\"\n", "T.yaml:1: a zero byte in a scalar" },
        { "- a\n", "T.yaml:1: a map is expected here" },
        { HEAD "colour: red\n", "T.yaml:6: unknown key \"colour\"" },
        { "pack: DE\n", "T.yaml:1: \"source\" is missing" },
        { "pack: QQ\ncoverage: full\nplaces: [DE]\nsource: 2026-11-20\narticles_read: []\n",
          "T.yaml:1: unknown place \"QQ\"" },
        { "pack: DE\ncoverage: total\nplaces: [DE]\nsource: 2026-11-20\narticles_read: []\n",
          "T.yaml:2: unknown coverage \"total\"" },
        { "pack: DE\ncoverage: full\nplaces: [DE]\nsource: 2026-02-30\narticles_read: []\n",
          "T.yaml:1: \"2026-02-30\" is not a day like 2026-11-20" },
        { HEAD "rules:\n" RULE("a", "    effect: allow\n"), "T.yaml:10: unknown effect \"allow\"" },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        if (strcmp(refusal(ROWS[i].pack), ROWS[i].why) != 0) {
            printf("# row %zu\n", i);
        }
        CHECK_STR(refusal(ROWS[i].pack), ROWS[i].why);
    }
}

TEST(a_rule_that_is_not_law_is_refused)
{
    static const struct {
        const char *rule, *why;
    } ROWS[] = {
        { "    effect: deny\n" FROM, "a rule that decides needs a citation" },
        { "    effect: deny\n    cites: [EU-GDPR:1]\n", "\"in_force\" is missing" },
        { "    effect: deny\n    cites: [GDPR 1]\n" FROM,
          "\"GDPR 1\" is not a citation like CN-PIPL:38" },
        { "    effect: deny\n    cites: [EU-GDPR:1]\n"
          "    in_force: {from: 2021-01-02, to: 2021-01-01}\n",
          "the rule ends before it begins" },
        { "    effect: require\n    cites: [EU-GDPR:1]\n" FROM, "\"rank\" is missing" },
        { "    effect: require\n    rank: contract\n    cites: [EU-GDPR:1]\n" FROM,
          "\"any_of\" belongs to \"require\", and only there" },
        { "    effect: require\n    rank: contract\n    any_of: [magic]\n" FROM,
          "unknown word \"magic\" (add it to words.yaml)" },
        { "    effect: require\n    rank: contract\n    any_of: [health]\n" FROM,
          "the word \"health\" may not stand here" },
        { "    effect: oblige\n    cites: [EU-GDPR:1]\n" FROM, "\"oblige\" needs duties" },
        { "    effect: oblige\n    cites: [EU-GDPR:1]\n    duties: [{duty: notice, days: 1, "
          "working_days: 2}]\n" FROM,
          "days or working days, not both" },
        { "    effect: oblige\n    duties: [{duty: notice}]\n    cites: [EU-GDPR:1]\n" FROM
          "    conflict: {en: e, zh: z}\n",
          "\"conflict\" belongs to \"deny\", and only there" },
        { "    effect: deny\n    cites: [EU-GDPR:1]\n" FROM "    conflict: {en: e}\n",
          "\"zh\" is missing" },
        { "    effect: define\n    when: [rule later]\n",
          "no rule \"later\" above this one in the pack" },
        { "    effect: define\n    when: [rule a]\n", "no rule \"a\" above this one in the pack" },
        { "    effect: define\n    when: [weather is fine]\n", "unknown fact \"weather\"" },
        { "    effect: define\n    when: [count persons > 1]\n",
          "the pack has no count \"persons\"" },
        { "    effect: define\n    when: [class in nowhere]\n", "unknown list \"nowhere\"" },
        { "    effect: define\n    when: [to is XX]\n", "unknown place \"XX\"" },
        { "    effect: define\n    when: [subjects]\n", "\"subjects\" alone says nothing" },
        { "    effect: define\n    when: [subjects > many]\n", "unknown fact \"many\"" },
        { "    effect: define\n    when: [subjects > 007]\n", "unknown fact \"007\"" },
        { "    effect: define\n    when: [not]\n", "\"not\" what?" },
        { "    effect: define\n    when: [necessary is true]\n",
          "unknown word \"true\" (add it to words.yaml)" },
        { "    effect: define\n    when: [{any: []}]\n", "any of nothing never holds" },
        { "    effect: define\n    when: [{all: [necessary]}]\n", "unknown key \"all\"" },
        { "    effect: define\n    when: [mechanism_date older_than 3 years]\n",
          "older_than N months is expected" },
    };
    char pack[2048];
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        snprintf(pack, sizeof pack, HEAD "rules:\n" RULE("a", "%s"), ROWS[i].rule);
        const char *why = refusal(pack);
        CHECK(strncmp(why, "T.yaml:", 7) == 0);
        CHECK_STR(strchr(why + 7, ' ') + 1, ROWS[i].why);
    }
    CHECK_STR(refusal(HEAD "rules:\n" RULE("a", "    effect: define\n")
                          RULE("a", "    effect: define\n")),
              "T.yaml:11: the rule \"a\" occurs twice");
}

TEST(norway_is_a_country_and_no_is_not_false)
{
    struct policy_compiled c;
    char why[POLICY_WHY_SIZE];
    CHECK_ERR(compile_with("pack: NO\ncoverage: full\nplaces: [NO]\nsource: 2026-11-20\n"
                           "articles_read: []\n"
                           "lists: [{list: north, of: places, members: [NO, no]}]\n"
                           "rules: []\n",
                           &c, why),
              ERR_UNKNOWN_WORD);
    CHECK_STR(why, "T.yaml:6: unknown place \"no\"");
    CHECK_OK(compile_with("pack: NO\ncoverage: full\nplaces: [NO]\nsource: 2026-11-20\n"
                          "articles_read: []\nrules: []\n",
                          &c, why));
    policy_compiled_free(&c);
}

TEST(a_set_needs_its_vocabulary_and_one_pack_a_place)
{
    struct policy_compiled c;
    char why[POLICY_WHY_SIZE];
    CHECK_ERR(policy_compile(NULL, 0, suite_intl(), &c, why), ERR_NOT_FOUND);
    CHECK_STR(why, "words.yaml:1: the file is missing");
    CHECK_ERR(policy_compile_dir("/nowhere", suite_intl(), &c, why), ERR_NOT_FOUND);
    struct policy_source sources[4] = { file_of("words.yaml"),
                                        file_of("places.yaml"),
                                        { "B.yaml", bytes_of_str(HEAD "rules: []\n") },
                                        { "A.yaml", bytes_of_str(HEAD "rules: []\n") } };
    CHECK_ERR(policy_compile(sources, 4, suite_intl(), &c, why), ERR_DUPLICATE);
    CHECK_STR(why, "B.yaml:3: another pack speaks for this place");
    struct policy_source turned[3] = { sources[2], sources[1], sources[0] };
    struct policy_compiled one, two;
    CHECK_OK(policy_compile(sources, 3, suite_intl(), &one, why));
    CHECK_OK(policy_compile(turned, 3, suite_intl(), &two, why));
    CHECK_BYTES(bytes_of(one.set, one.set_len), bytes_of(two.set, two.set_len));
    policy_compiled_free(&one);
    policy_compiled_free(&two);
    free((void *)(uintptr_t)sources[0].text.ptr);
    free((void *)(uintptr_t)sources[1].text.ptr);
}

TEST(the_prose_of_another_set_is_refused)
{
    struct policy_compiled c;
    struct policy_book *b = NULL;
    char why[POLICY_WHY_SIZE];
    CHECK_OK(compile_with(HEAD "rules: []\n", &c, why));
    c.prose[c.prose_len - 1] ^= 1;
    CHECK_ERR(policy_book_open(bytes_of(c.set, c.set_len), bytes_of(c.prose, c.prose_len),
                               suite_intl(), &b, why),
              ERR_INTEGRITY);
    CHECK(b == NULL);
    policy_compiled_free(&c);
}

TEST(the_limits_of_a_pack_are_reached_and_refused)
{
    static char pack[64000];
    for (unsigned rules = 200; rules <= 201; rules++) {
        size_t len = (size_t)snprintf(pack, sizeof pack, HEAD "rules:\n");
        for (unsigned i = 0; i < rules; i++) {
            len += (size_t)snprintf(pack + len, sizeof pack - len,
                                    RULE("r%u", "    effect: define\n"), i);
        }
        const char *got = refusal(pack);
        CHECK(rules == 200 ? strcmp(got, "accepted") == 0
                           : strstr(got, "more rules than a pack or a set holds") != NULL);
    }
    for (unsigned tests = 48; tests <= 49; tests++) {
        size_t len = (size_t)snprintf(
            pack, sizeof pack,
            HEAD "rules:\n" RULE("r", "    effect: define\n") "    when: [necessary");
        for (unsigned i = 1; i < tests; i++) {
            len += (size_t)snprintf(pack + len, sizeof pack - len, ", necessary");
        }
        snprintf(pack + len, sizeof pack - len, "]\n");
        const char *got = refusal(pack);
        CHECK(tests == 48 ? strcmp(got, "accepted") == 0
                          : strstr(got, "more tests than a rule holds") != NULL);
    }
    CHECK(strstr(refusal(HEAD "rules:\n" NEED("r", "none",
                                              "scc, bcr, idta, cbpr, consent, contract, "
                                              "uk_addendum, parental_consent, tr_standard_contract",
                                              "1")),
                 "more alternatives than a rule holds") != NULL);
}

TEST(a_check_with_a_word_that_nobody_knows_lists_those_that_are)
{
    static const struct {
        const char *check;
        enum err err;
        const char *why;
    } ROWS[] = {
        { "{'from':'CN','to':'XX'}", ERR_UNKNOWN_WORD,
          "\"to\": unknown country \"XX\" (two letters of ISO 3166-1, like CN)" },
        { "{'from':'CN'}", ERR_UNREADABLE, "\"to\" is missing" },
        { "{'from':'CN','to':'DE','date':'2026-02-30'}", ERR_RANGE,
          "\"date\": \"2026-02-30\" is not a day like 2026-11-20" },
        { "{'from':'CN','to':'DE','subjects':-1}", ERR_RANGE,
          "\"subjects\" must be from 0 to 100000000" },
        { "{'from':'CN','to':'DE','subjects':100000001}", ERR_RANGE,
          "\"subjects\" must be from 0 to 100000000" },
        { "{'from':'CN','to':'DE','subjects':'many'}", ERR_UNREADABLE,
          "\"subjects\" must be a whole number" },
        { "{'from':'CN','to':'DE','classes':'personal'}", ERR_UNREADABLE,
          "\"classes\" must be a list of words" },
        { "{'from':'CN','to':'DE','classes':[1]}", ERR_UNREADABLE,
          "\"classes\" must be a list of words" },
        { "{'from':'CN','to':'DE','subjects':1,'sensitive_subjects':2}", ERR_RANGE,
          "\"sensitive_subjects\" is more than \"subjects\"" },
        { "{'from':'CN','to':'DE','facts':{'necessary':1}}", ERR_UNREADABLE,
          "\"necessary\" must be true or false" },
        { "{'from':'CN','to':'DE','via':['HK','HK','HK','HK','HK']}", ERR_SIZE,
          "\"via\" holds more than 4" },
        { "{'from':'CN','to':'DE','facts':[]}", ERR_UNREADABLE, "\"facts\" must be an object" },
        { "{'from':'CN','to':'DE','facts':{'tia':'maybe'}}", ERR_UNKNOWN_WORD, NULL },
        { "{'from':'CN','to':'DE','classes':['persnal']}", ERR_UNKNOWN_WORD, NULL },
        { "{'from':'CN','to':'DE','role':'king'}", ERR_UNKNOWN_WORD, NULL },
        { "{'from':'CN','to':'DE','colour':'red'}", ERR_UNKNOWN_WORD, NULL },
        { "{'from':'CN','to':'DE','facts':{'subjects':1}}", ERR_UNKNOWN_WORD, NULL },
        { "{'from':'CN','from':'DE'}", ERR_UNREADABLE, NULL },
        { "[]", ERR_UNREADABLE, "a check is a JSON object" },
    };
    CHECK(rig_book() != NULL);
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct policy_check check;
        char why[POLICY_WHY_SIZE];
        CHECK_ERR(rig_check(ROWS[i].check, &check, why), ROWS[i].err);
        if (ROWS[i].why != NULL) {
            CHECK_STR(why, ROWS[i].why);
        } else if (ROWS[i].err == ERR_UNKNOWN_WORD) {
            CHECK(strstr(why, "; known: ") != NULL);
        }
    }
    struct policy_check check;
    char why[POLICY_WHY_SIZE];
    CHECK_OK(rig_check("{'from':'CN','to':'DE','subjects':100000000,'role':'ordinary',"
                       "'facts':{'necessary':'true'}}",
                       &check, why));
    CHECK_EQ(check.facts.role, 0);
}

TEST(an_explanation_names_the_articles_in_both_languages)
{
    struct policy_check check;
    struct policy_verdict v;
    char why[POLICY_WHY_SIZE], *en, *zh;
    json_t *answer;
    CHECK_OK(rig_check("{'date':'2026-11-20','from':'CN','to':'DE','classes':['personal'],"
                       "'subjects':500,'prior_subjects':120000}",
                       &check, why));
    CHECK_OK(policy_answer(rig_book(), &check, &v, &answer, why));
    CHECK_EQ(json_size(json_member(answer, "would_change")), 5);
    json_free(answer);
    CHECK_OK(policy_explain(rig_book(), &check, &v, POLICY_ENGLISH, &en));
    CHECK_OK(policy_explain(rig_book(), &check, &v, POLICY_CHINESE, &zh));
    static const char *const ENGLISH[] = { "from China (CN) to Germany (DE) on 2026-11-20",
                                           "Not yet",
                                           "the Chinese standard contract; or ",
                                           "[CN-CBDF:8]",
                                           "120,500",
                                           "not legal advice" };
    static const char *const CHINESE[] = {
        "自中国(CN)提供至德国(DE)", "暂不可以", "标准合同", "CN-CBDF:8", "120,500", "不构成法律意见"
    };
    for (size_t i = 0; i < COUNT(ENGLISH); i++) {
        CHECK(strstr(en, ENGLISH[i]) != NULL);
        CHECK(strstr(zh, CHINESE[i]) != NULL);
    }
    policy_text_free(en);
    policy_text_free(zh);
    v.rules[0] = 4095; /* of a set that is not this one */
    v.cites[0] = 4095;
    v.assumed[0] = 4095;
    v.required[0].any_of[0] = 4095;
    CHECK_OK(policy_explain(rig_book(), &check, &v, POLICY_ENGLISH, &en));
    CHECK(strstr(en, "  - ?\n") != NULL);
    policy_text_free(en);
}

/* Who obeys the order breaks the law, and the other way round: both are named. */
TEST(a_true_conflict_names_both_sides)
{
    struct policy_check check;
    struct policy_verdict v;
    char why[POLICY_WHY_SIZE], *zh;
    json_t *answer;
    CHECK_OK(rig_check("{'date':'2026-11-20','from':'CN','to':'US','classes':['personal'],"
                       "'subjects':1,'facts':{'requester':'foreign_judicial'}}",
                       &check, why));
    CHECK_OK(policy_answer(rig_book(), &check, &v, &answer, why));
    const json_t *conflicts = json_member(answer, "conflicts"), *one = json_at(conflicts, 0);
    const char *rule = "", *place = "", *against = "";
    CHECK_EQ(json_size(conflicts), 1);
    CHECK_OK(json_get_str(one, "rule", &rule));
    CHECK_OK(json_get_str(one, "place", &place));
    CHECK_OK(json_get_str(one, "against", &against));
    CHECK_STR(rule, "cn.judicial");
    CHECK_STR(place, "US");
    CHECK_STR(against, "the order of a court or authority abroad");
    CHECK_EQ(json_size(json_member(one, "law")), 2);
    json_free(answer);
    CHECK_OK(policy_explain(rig_book(), &check, &v, POLICY_CHINESE, &zh));
    CHECK(strstr(zh, "境外法院或者主管机关的命令 (美国)") != NULL);
    policy_text_free(zh);
    CHECK_OK(rig_check("{'date':'2026-11-20','from':'CN','to':'US','classes':['state_secret']}",
                       &check, why));
    CHECK_OK(policy_answer(rig_book(), &check, &v, &answer, why));
    CHECK_EQ(v.code, POLICY_DENY);
    CHECK_EQ(json_size(json_member(answer, "conflicts")), 0);
    json_free(answer);
}

/* The shipped packs have nine rules that decide and are marked uncertain, and nothing else to say.
 */
TEST(the_linter_finds_what_compiles_but_looks_wrong)
{
    size_t findings = 0;
    char *text = NULL;
    CHECK_OK(policy_lint(rig_book(), &findings, &text));
    CHECK_STR(text, "cn.core: uncertain, and it decides\n"
                    "cn.csl.39: uncertain, and it decides\n"
                    "cn.certificate.expired: uncertain, and it decides\n"
                    "cn.sam.4.3: uncertain, and it decides\n"
                    "cn.hgr.28.review: uncertain, and it decides\n"
                    "in.dpdp.16: uncertain, and it decides\n"
                    "la.consent: uncertain, and it decides\n"
                    "ru.12.wait: uncertain, and it decides\n"
                    "vn.data: uncertain, and it decides\n");
    CHECK_EQ(findings, 9);
    policy_text_free(text);
    struct policy_compiled c;
    struct policy_book *b;
    char why[POLICY_WHY_SIZE];
    CHECK_OK(compile_with(HEAD "lists: [{list: lonely, of: places, members: [NO]}]\nrules:\n" RULE(
                              "idle", "    effect: define\n") PERMIT("idle.permit", "all", "1")
                              DUTY("twice", "2") DUTY("twice.again", "2") DENY("all", "3"),
                          &c, why));
    CHECK_OK(policy_book_open(bytes_of(c.set, c.set_len), bytes_of(c.prose, c.prose_len),
                              suite_intl(), &b, why));
    CHECK_OK(policy_lint(b, &findings, &text));
    CHECK(strstr(text, "idle: a definition that no rule asks for\n") != NULL);
    CHECK(strstr(text, "idle.permit: a permit that lifts no requirement of its regime\n") != NULL);
    CHECK(strstr(text, "twice.again: says again what an earlier rule says\n") != NULL);
    CHECK(strstr(text, "all: denies everything\n") != NULL);
    CHECK(strstr(text, ": nobody asks for it\n") != NULL);
    policy_text_free(text);
    policy_book_close(b);
    policy_compiled_free(&c);
}

/* What the linter says of one rule `a` with these tests, after rules of other days; "" for nothing.
 */
static const char *linted(const char *when)
{
    static char out[512];
    static char pack[2048];
    struct policy_compiled c;
    struct policy_book *b;
    char why[POLICY_WHY_SIZE], *text = NULL;
    size_t findings = 0;
    snprintf(pack, sizeof pack,
             HEAD "rules:\n" RULE("early", "    effect: deny\n    cites: [\"X:9\"]\n"
                                           "    in_force: {from: 2000-01-01, to: 2019-12-31}\n"
                                           "    when: [necessary]\n")
                 DENY("a", "1") "    when: [%s]\n",
             when);
    if (compile_with(pack, &c, why) != ERR_NONE ||
        policy_book_open(bytes_of(c.set, c.set_len), bytes_of(c.prose, c.prose_len), suite_intl(),
                         &b, why) != ERR_NONE ||
        policy_lint(b, &findings, &text) != ERR_NONE) {
        return "!";
    }
    const char *said = strstr(text, "a: ");
    snprintf(out, sizeof out, "%.*s", said == NULL ? 0 : (int)strcspn(said, "\n"),
             said == NULL ? "" : said);
    policy_text_free(text);
    policy_book_close(b);
    policy_compiled_free(&c);
    return out;
}

TEST(the_linter_finds_rules_that_can_never_hold)
{
#define EXCLUDE "a: can never hold: two of its tests exclude each other"
    CHECK_STR(linted("necessary, not necessary"), EXCLUDE);
    CHECK_STR(linted("to is FR, to is NO"), EXCLUDE);
    CHECK_STR(linted("subjects < 5, subjects >= 5"), EXCLUDE);
    CHECK_STR(linted("subjects <= 5, subjects > 5"), EXCLUDE);
    CHECK_STR(linted("subjects <= 5, subjects >= 5"), "");
    CHECK_STR(linted("class has health, class has genomic"), "");
    CHECK_STR(linted("necessary, {any: [not necessary, to is FR]}"), "");
    CHECK_STR(linted("rule early"),
              "a: can never hold: it needs a rule that is not in force on any of its days");
    CHECK_STR(linted("not rule early"), "");
}
