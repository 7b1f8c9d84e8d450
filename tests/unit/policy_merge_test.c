/* Facts 7: how what several laws say becomes one, and where nobody obeys both. Made-up packs, so
 * that each rule of merging stands alone; then the shipped ones. */
#include "tests/unit/policy_mini.h"

#define PACK(place)                                                                            \
    "pack: " place "\ncoverage: full\nplaces: [" place                                         \
    "]\nsource: 2026-11-20\narticles_read: [X:1]\nlists:\n"                                    \
    "  - {list: " place "_p, of: words, members: [trade, treatment]}\n"                        \
    "  - {list: " place "_q, of: words, members: [payment, treatment]}\n"                      \
    "  - {list: " place "_r, of: words, members: [payment, trade]}\n"                          \
    "  - {list: " place "_none, of: words, members: [claims_processing]}\n"                    \
    "  - {list: " place "_north, of: places, members: [NO, SE, {is: IS, from: 2027-01-01}]}\n" \
    "  - {list: " place "_east, of: places, members: [IS, SE, JP]}\n"                          \
    "  - {list: " place "_south, of: places, members: [ZA]}\n"                                 \
    "rules:\n"
#define SAYS(id, side, terms, article)                                        \
    RULE(id, "    effect: note\n    side: " side "\n    terms: {" terms "}\n" \
             "    cites: [\"X:" article "\"]\n" FROM)
#define HERE(terms)  SAYS("de.a", "export", terms, "1")
#define THERE(terms) SAYS("fr.b", "import", terms, "2")

/* DE, its packs' rules and FR's, compiled; NULL, with the reason printed. */
static struct policy_book *book_of(const char *de, const char *fr)
{
    char one[8192], two[8192], why[POLICY_WHY_SIZE] = "";
    snprintf(one, sizeof one, "%s%s", PACK("DE"), de);
    snprintf(two, sizeof two, "%s%s", PACK("FR"), fr[0] != '\0' ? fr : DUTY("fr.duty", "9"));
    struct policy_source sources[4] = { file_of("words.yaml"),
                                        file_of("places.yaml"),
                                        { "DE.yaml", bytes_of_str(one) },
                                        { "FR.yaml", bytes_of_str(two) } };
    struct policy_compiled c;
    struct policy_book *b = NULL;
    enum err err = policy_compile(sources, 4, suite_intl(), &c, why);
    free((void *)(uintptr_t)sources[0].text.ptr);
    free((void *)(uintptr_t)sources[1].text.ptr);
    if (err == ERR_NONE) {
        err = policy_book_open(bytes_of(c.set, c.set_len), bytes_of(c.prose, c.prose_len),
                               suite_intl(), &b, why);
        policy_compiled_free(&c);
    }
    if (err != ERR_NONE) {
        printf("# %s\n", why);
    }
    return b;
}

static size_t say(char *out, size_t cap, size_t len, const char *before, const json_t *list)
{
    for (size_t i = 0; list != NULL && i < json_size(list); i++) {
        len += (size_t)snprintf(out + len, cap - len, "%s%s", i == 0 ? before : ",",
                                json_text_of(json_at(list, i)));
    }
    return len;
}

static size_t say_term(char *out, size_t cap, size_t len, const json_t *t)
{
    const char *name = "?", *text = "";
    int64_t number = 0;
    (void)!json_get_str(t, "term", &name);
    len += (size_t)snprintf(out + len, cap - len, "; %s", name);
    if (json_member(t, "value") != NULL && json_get_int(t, "value", &number) == ERR_NONE) {
        len += (size_t)snprintf(out + len, cap - len, " %lld", (long long)number);
    } else if (json_member(t, "value") != NULL && json_get_str(t, "value", &text) == ERR_NONE) {
        len += (size_t)snprintf(out + len, cap - len, " %s", text);
    }
    len = say(out, cap, len, " ", json_member(t, "places"));
    len = say(out, cap, len, " ", json_member(t, "words"));
    if (json_member(t, "until") != NULL && json_get_str(t, "until", &text) == ERR_NONE) {
        len += (size_t)snprintf(out + len, cap - len, " until %s", text);
    }
    return say(out, cap, len, " by ", json_member(t, "rules"));
}

/* "allow; breach_hours 72 by de.a,fr.b": verdict, terms, conflicts and citations. */
static const char *answer_with(const struct policy_book *b, const char *text)
{
    static char out[2048];
    char copy[1024], why[POLICY_WHY_SIZE] = "";
    struct policy_check check;
    struct policy_verdict v;
    json_t *in = NULL, *answer = NULL;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *c = copy; *c != '\0'; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    enum err err = b == NULL ? ERR_FAILED : json_read(bytes_of_str(copy), sizeof copy, &in, why);
    err = err == ERR_NONE ? policy_check_read(b, in, &check, why) : err;
    err = err == ERR_NONE ? policy_answer(b, &check, &v, &answer, why) : err;
    json_free(in);
    if (err != ERR_NONE) {
        snprintf(out, sizeof out, "!%s %s", err_name(err), why);
        return out;
    }
    const char *verdict = "?";
    (void)!json_get_str(answer, "verdict", &verdict);
    size_t len = (size_t)snprintf(out, sizeof out, "%s", verdict);
    const json_t *terms = json_member(answer, "terms");
    for (size_t i = 0; terms != NULL && i < json_size(terms); i++) {
        len = say_term(out, sizeof out, len, json_at(terms, i));
    }
    const json_t *conflicts = json_member(answer, "conflicts");
    for (size_t i = 0; i < json_size(conflicts); i++) {
        const char *rule = "?", *against = "?";
        (void)!json_get_str(json_at(conflicts, i), "rule", &rule);
        (void)!json_get_str(json_at(conflicts, i), "against_rule", &against);
        len += (size_t)snprintf(out + len, sizeof out - len, "; %s against %s", rule, against);
    }
    if (json_size(conflicts) > 0) {
        (void)say(out, sizeof out, len, " | ", json_member(answer, "cites"));
    }
    json_free(answer);
    return out;
}

static const char *merged(const char *de, const char *fr, const char *more)
{
    char check[512];
    struct policy_book *b = book_of(de, fr);
    snprintf(check, sizeof check, "{'from':'DE','to':'FR','date':'2026-06-01'%s}", more);
    const char *out = answer_with(b, check);
    policy_book_close(b);
    return out;
}

TEST(a_copy_is_kept_in_every_place_that_asks_for_one)
{
    CHECK_STR(merged(HERE("copy_in: DE"), THERE("copy_in: FR"), ""),
              "allow; copy_in FR,DE by de.a,fr.b");
    CHECK_STR(merged(HERE("copy_in: FR"), THERE("copy_in: FR"), ""),
              "allow; copy_in FR by de.a,fr.b");
    CHECK_STR(merged(HERE("copy_in: DE, stays_in: DE"), "", ""),
              "allow; copy_in DE by de.a; stays_in DE by de.a");
}

TEST(a_copy_there_and_none_outside_here_is_a_conflict_that_names_both)
{
    CHECK_STR(merged(HERE("stays_in: DE"), THERE("copy_in: FR"), ""),
              "deny; copy_in FR by fr.b; stays_in DE by de.a; de.a against fr.b | X:1,X:2");
    CHECK_STR(merged(HERE("stays_in: DE"), THERE("stays_in: FR"), ""),
              "deny; stays_in FR,DE by de.a,fr.b; de.a against fr.b | X:1,X:2");
    CHECK_STR(merged(HERE("stays_in: DE"), THERE("copy_in: DE"), ""),
              "allow; copy_in DE by fr.b; stays_in DE by de.a");
}

TEST(it_is_kept_for_the_shortest_maximum_and_the_longest_minimum)
{
    CHECK_STR(merged(HERE("keep_at_most_days: 90")
                         SAYS("de.c", "export", "keep_at_most_days: 60", "3"),
                     THERE("keep_at_least_days: 30"), ""),
              "allow; keep_at_most_days 60 by de.c; keep_at_least_days 30 by fr.b");
    CHECK_STR(merged(HERE("keep_at_least_days: 30")
                         SAYS("de.c", "export", "keep_at_least_days: 60", "3"),
                     THERE("keep_at_most_days: 60"), ""),
              "allow; keep_at_most_days 60 by fr.b; keep_at_least_days 60 by de.c");
}

TEST(a_minimum_above_a_maximum_is_a_conflict_from_the_first_day)
{
    CHECK_STR(merged(HERE("keep_at_most_days: 30"), THERE("keep_at_least_days: 29"), ""),
              "allow; keep_at_most_days 30 by de.a; keep_at_least_days 29 by fr.b");
    CHECK_STR(merged(HERE("keep_at_most_days: 30"), THERE("keep_at_least_days: 30"), ""),
              "allow; keep_at_most_days 30 by de.a; keep_at_least_days 30 by fr.b");
    CHECK_STR(merged(HERE("keep_at_most_days: 30"), THERE("keep_at_least_days: 31"), ""),
              "deny; keep_at_most_days 30 by de.a; keep_at_least_days 31 by fr.b; "
              "de.a against fr.b | X:1,X:2");
    CHECK_STR(merged(HERE("keep_at_least_days: 31"), THERE("keep_at_most_days: 30"), ""),
              "deny; keep_at_most_days 30 by fr.b; keep_at_least_days 31 by de.a; "
              "de.a against fr.b | X:1,X:2");
}

TEST(clocks_run_by_the_shortest_records_by_the_longest_and_consent_takes_the_strongest_form)
{
    CHECK_STR(
        merged(HERE("breach_hours: 72, records_months: 36, consent: explicit"),
               THERE("breach_hours: 0, records_months: 120, consent: separate"), ""),
        "allow; records_months 120 by fr.b; breach_hours 0 by fr.b; consent separate by fr.b");
    CHECK_STR(merged(HERE("breach_hours: 72, consent: separate"),
                     THERE("breach_hours: 72, consent: opt_out"), ""),
              "allow; breach_hours 72 by de.a,fr.b; consent separate by de.a");
}

TEST(what_is_in_place_is_valid_until_the_first_of_its_ends)
{
    CHECK_STR(merged(HERE("valid_months: 36"), THERE("valid_months: 24"), ""),
              "allow; valid_months 24 by fr.b");
    CHECK_STR(merged(HERE("valid_months: 36"), THERE("valid_months: 24"),
                     ",'facts':{'mechanism_date':'2026-02-01'}"),
              "allow; valid_months 24 until 2028-01-31 by fr.b");
}

TEST(purposes_and_recipients_are_what_all_laws_let_through)
{
    CHECK_STR(merged(HERE("purposes: DE_p, recipients: DE_p"),
                     THERE("purposes: FR_q, recipients: FR_r"), ""),
              "allow; purposes treatment by de.a,fr.b; recipients trade by de.a,fr.b");
    CHECK_STR(merged(HERE("purposes: DE_p"), "", ""), "allow; purposes trade,treatment by de.a");
}

TEST(purposes_that_have_nothing_in_common_are_a_conflict)
{
    CHECK_STR(merged(HERE("purposes: DE_p"), THERE("purposes: FR_none"), ""),
              "deny; purposes by de.a,fr.b; de.a against fr.b | X:1,X:2");
    CHECK_STR(merged(HERE("recipients: DE_p"), THERE("recipients: FR_none"), ""),
              "deny; recipients by de.a,fr.b; de.a against fr.b | X:1,X:2");
    /* each two share a word, all three none: the first and the last are named */
    CHECK_STR(merged(HERE("purposes: DE_p") SAYS("de.c", "export", "purposes: DE_q", "3"),
                     THERE("purposes: FR_r"), ""),
              "deny; purposes by de.a,de.c,fr.b; de.a against fr.b | X:1,X:2");
}

TEST(it_may_go_on_to_the_places_that_all_laws_name_on_that_day)
{
    CHECK_STR(merged(HERE("onward: DE_north"), THERE("onward: FR_east"), ""),
              "allow; onward SE by de.a,fr.b");
    struct policy_book *b = book_of(HERE("onward: DE_north"), THERE("onward: FR_east"));
    CHECK_STR(answer_with(b, "{'from':'DE','to':'FR','date':'2026-12-31'}"),
              "allow; onward SE by de.a,fr.b");
    CHECK_STR(answer_with(b, "{'from':'DE','to':'FR','date':'2027-01-01'}"),
              "allow; onward IS,SE by de.a,fr.b");
    policy_book_close(b);
    /* nowhere is an answer, no conflict: nobody must send it on */
    CHECK_STR(merged(HERE("onward: DE_north"), THERE("onward: FR_south"), ""),
              "allow; onward by de.a,fr.b");
}

/* Facts 7.2 and 7.3. */
TEST(an_exemption_lifts_its_own_regime_only_and_never_a_deny)
{
#define OTHER(id, rest) "  - id: " id "\n    regime: eu_chapter_v\n    note: {en: e, zh: z}\n" rest
#define NEED_IN_OTHER                                                                \
    OTHER("de.other", "    effect: require\n    rank: contract\n    any_of: [scc]\n" \
                      "    cites: [\"X:7\"]\n" FROM)
    CHECK_STR(
        merged(NEED("de.n", "assessment", "contract", "1") PERMIT("de.p", "all", "2"), "", ""),
        "allow");
    CHECK_STR(merged(NEED("de.n", "assessment", "contract", "1") PERMIT("de.p", "all", "2")
                         NEED_IN_OTHER,
                     "", ""),
              "needs_mechanism");
    CHECK_STR(merged(PERMIT("de.p", "all", "2") DENY("de.d", "3"), "", ""), "deny");
}

TEST(the_strictest_of_exporter_and_importer_is_the_verdict)
{
#define IMPORT "    side: import\n"
    static const struct {
        const char *de, *fr, *want;
    } ROWS[] = {
        { DUTY("de.o", "1"), DENY("fr.d", "2") IMPORT, "deny" },
        { NEED("de.n", "contract", "scc", "1"), DUTY("fr.o", "2") IMPORT, "needs_mechanism" },
        { DUTY("de.o", "1"), NEED("fr.n", "contract", "scc", "2") IMPORT, "needs_mechanism" },
        { PERMIT("de.p", "all", "1"), DUTY("fr.o", "2") IMPORT, "allow_with_obligations" },
        { PERMIT("de.p", "all", "1"), PERMIT("fr.p", "all", "2") IMPORT, "allow" },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        CHECK_STR(merged(ROWS[i].de, ROWS[i].fr, ""), ROWS[i].want);
    }
}

TEST(terms_that_are_no_law_are_refused)
{
    static const struct {
        const char *rule, *why;
    } ROWS[] = {
        { "    effect: note\n    terms: {breach_hours: 72}\n",
          "\"terms\" belong to a note, a duty or a permit that has a citation" },
        { "    effect: deny\n    cites: [\"X:1\"]\n    terms: {breach_hours: 72}\n" FROM,
          "\"terms\" belong to a note, a duty or a permit that has a citation" },
        { "    effect: require\n    rank: contract\n    any_of: [scc]\n    cites: [\"X:1\"]\n"
          "    terms: {breach_hours: 72}\n" FROM,
          "\"terms\" belong to a note, a duty or a permit that has a citation" },
        { "    effect: note\n    cites: [\"X:1\"]\n    terms: {colour: red}\n",
          "unknown key \"colour\"" },
        { "    effect: note\n    cites: [\"X:1\"]\n    terms: {copy_in: QQ}\n",
          "unknown place \"QQ\"" },
        { "    effect: note\n    cites: [\"X:1\"]\n    terms: {onward: nowhere}\n",
          "unknown list of places \"nowhere\"" },
        { "    effect: note\n    cites: [\"X:1\"]\n    terms: {onward: known_class}\n",
          "unknown list of places \"known_class\"" },
        { "    effect: note\n    cites: [\"X:1\"]\n    terms: {keep_at_most_days: 36501}\n",
          "\"keep_at_most_days\" is a number up to 36500" },
        { "    effect: note\n    cites: [\"X:1\"]\n    terms: {breach_hours: -1}\n",
          "\"breach_hours\" is a number up to 36500" },
        { "    effect: note\n    cites: [\"X:1\"]\n    terms: {consent: tacit}\n",
          "consent is opt_out, consent, explicit or separate, not \"tacit\"" },
        { "    effect: note\n    cites: [\"X:1\"]\n    terms: {copy_in: [DE]}\n",
          "\"copy_in\" has one value" },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        char pack[1024], why[POLICY_WHY_SIZE] = "accepted";
        struct policy_compiled c;
        snprintf(pack, sizeof pack, HEAD "rules:\n" RULE("a", "%s"), ROWS[i].rule);
        if (compile_with(pack, &c, why) == ERR_NONE) {
            policy_compiled_free(&c);
        }
        const char *reason = strstr(why, ": ");
        CHECK_STR(reason == NULL ? why : reason + 2, ROWS[i].why);
    }
}

/* On the wire a term is {kind, value}; what the compiler would not write does not open. */
TEST(formats_9_terms_out_of_order_or_without_sense_do_not_open)
{
    static const uint8_t TERMS[] = { 0x72, 5, 8, 1, 16, 0x94, 2, /* copy_in 276, which is DE */
                                     0x72, 4, 8, 6, 16, 72 };    /* breach_hours 72 */
    static const struct {
        uint8_t bytes[sizeof TERMS];
        enum err want;
    } ROWS[] = {
        { { 0x72, 5, 8, 1, 16, 0x94, 2, 0x72, 4, 8, 6, 16, 72 }, ERR_NONE },
        { { 0x72, 5, 8, 1, 16, 0x94, 2, 0x72, 4, 8, 11, 16, 72 }, ERR_RANGE }, /* no such list */
        { { 0x72, 5, 8, 1, 16, 0x94, 2, 0x72, 4, 8, 12, 16, 72 }, ERR_RANGE }, /* no such kind */
        { { 0x72, 5, 8, 1, 16, 0x94, 2, 0x72, 4, 8, 8, 16, 5 }, ERR_RANGE },   /* no such form */
        { { 0x72, 5, 8, 1, 16, 0x95, 2, 0x72, 4, 8, 6, 16, 72 }, ERR_RANGE },  /* no such place */
        { { 0x72, 4, 8, 6, 16, 72, 0x72, 5, 8, 1, 16, 0x94, 2 }, ERR_RANGE },  /* descending */
        { { 0x72, 5, 8, 6, 16, 0x94, 2, 0x72, 4, 8, 6, 16, 72 }, ERR_RANGE },  /* twice */
    };
    struct policy_compiled c;
    char why[POLICY_WHY_SIZE] = "";
    CHECK_OK(compile_with(
        HEAD "rules:\n" SAYS("de.a", "export", "breach_hours: 72, copy_in: DE", "1"), &c, why));
    uint8_t *at = memmem(c.set, c.set_len, TERMS, sizeof TERMS);
    CHECK(at != NULL);
    for (size_t i = 0; i < COUNT(ROWS) && at != NULL; i++) {
        static _Alignas(16) uint8_t memory[1 << 20];
        struct arena a = arena_over(memory, sizeof memory);
        const struct policy_set *set;
        memcpy(at, ROWS[i].bytes, sizeof TERMS);
        CHECK_ERR(policy_set_open(bytes_of(c.set, c.set_len), suite_intl(), &a, &set),
                  ROWS[i].want);
    }
    policy_compiled_free(&c);
}

/* The shipped packs: from China by an operator of critical infrastructure, assessed in 2025. */
TEST(the_shipped_laws_leave_terms_of_their_own)
{
    CHECK_STR(answer_with(rig_book(),
                          "{'from':'CN','to':'DE','date':'2026-11-20','classes':['personal'],"
                          "'subjects':5,'role':'ciio','mechanisms':['cn_security_assessment'],"
                          "'facts':{'mechanism_date':'2025-03-10'}}"),
              "allow_with_obligations; copy_in CN by cn.pipl.40.store; "
              "records_months 36 by cn.pipl.56; "
              "breach_hours 0 by cn.pipl.57; "
              "valid_months 36 until 2028-03-09 by cn.cbdf.9");
    CHECK_STR(answer_with(rig_book(),
                          "{'from':'DE','to':'FR','date':'2026-11-20','classes':['personal'],"
                          "'subjects':5}"),
              "allow; breach_hours 72 by eu.33");
}

/* Data of Indian payments that comes to China and is sent on by an operator that must keep it. */
TEST(two_shipped_laws_that_nobody_obeys_together_are_both_named)
{
    const char *got = answer_with(
        rig_book(), "{'from':'IN','via':['CN'],'to':'SG','date':'2026-11-20','role':'ciio',"
                    "'classes':['payment_data','financial'],'subjects':5,'purpose':'payment'}");
    CHECK(strncmp(got, "deny", 4) == 0);
    CHECK(strstr(got, "in.rbi.store against cn.pipl.40.store") != NULL ||
          strstr(got, "cn.pipl.40.store against in.rbi.store") != NULL);
    CHECK(strstr(got, "CN-PIPL:40") != NULL && strstr(got, "IN-RBI:2018") != NULL);
}
