/* What a second evaluator of the packs, which had not seen this one, said otherwise and rightly. */
#include "tests/unit/policy_rig.h"

#include <string.h>

#define DAY "'date':'2026-11-20',"

/* Whether a list of the answer names the word; false, and said, when there is no answer. */
static bool names(const char *list, const char *word, const char *text)
{
    struct policy_check check;
    struct policy_verdict v;
    char why[POLICY_WHY_SIZE];
    json_t *answer;
    enum err err = rig_check(text, &check, why);
    err = err == ERR_NONE ? policy_answer(rig_book(), &check, &v, &answer, why) : err;
    if (err != ERR_NONE) {
        printf("# %s: %s\n", text, why);
        return false;
    }
    bool found = false;
    const json_t *words = json_member(answer, list);
    for (size_t i = 0; i < json_size(words); i++) {
        found = found || strcmp(json_text_of(json_at(words, i)), word) == 0;
    }
    json_free(answer);
    return found;
}

/* "CN small volume: exempt" rests on there being no larger whole, and "a contract is in place" on
 * its having taken effect: another value of either gives another verdict. */
TEST(an_assumption_is_named_wherever_another_value_would_change_the_answer)
{
    CHECK(names("assumed", "split_total_subjects",
                "{" DAY "'from':'CN','to':'SG','classes':['personal'],'subjects':500}"));
    CHECK(!names("assumed", "split_total_subjects",
                 "{" DAY "'from':'CN','to':'SG','classes':['personal'],'subjects':500,"
                 "'facts':{'split_total_subjects':500}}"));
    CHECK(names("assumed", "mechanism_date",
                "{" DAY "'from':'CN','to':'SG','classes':['personal'],'subjects':200000,"
                "'mechanisms':['cn_standard_contract']}"));
    CHECK(!names("assumed", "mechanism_date",
                 "{" DAY "'from':'CN','to':'SG','classes':['personal'],'subjects':500}"));
}

/* Government-related data is covered at any volume, so whose the rest is bears on nothing. */
TEST(what_is_true_on_declared_facts_alone_assumes_nothing)
{
    static const char *const GOVERNMENT =
        "{" DAY "'from':'US','to':'TK','classes':['personal'],'subjects':1354914,'facts':{"
        "'activity':'vendor_agreement','recipient_covered_person':false,%s}}";
    char text[400];
    snprintf(text, sizeof text, GOVERNMENT, "'government_related':true");
    CHECK(!names("assumed", "citizens_of", text));
    snprintf(text, sizeof text, GOVERNMENT, "'government_related':false");
    CHECK(names("assumed", "citizens_of", text));
}

/* Vocabulary: "`subjects` absent with a personal class is listed in `assumed[]`". */
TEST(a_check_of_persons_that_does_not_count_them_says_so)
{
    CHECK(names("assumed", "subjects", "{" DAY "'from':'TR','to':'US','classes':['personal']}"));
    CHECK(names("assumed", "subjects", "{" DAY "'from':'TR','to':'US'}"));
    CHECK(!names("assumed", "subjects",
                 "{" DAY "'from':'TR','to':'US','classes':['personal'],'subjects':0}"));
    CHECK(!names("assumed", "subjects", "{" DAY "'from':'TR','to':'US','classes':['core']}"));
}

/* Of whom more is said, there are at least so many. */
TEST(sensitive_persons_are_persons_whether_or_not_these_were_counted)
{
    CHECK_STR(rig_verdict("{" DAY "'from':'US','to':'CN','classes':['genomic'],"
                          "'sensitive_subjects':100}"),
              "allow");
    CHECK_STR(rig_verdict("{" DAY "'from':'US','to':'CN','classes':['genomic'],"
                          "'sensitive_subjects':101}"),
              "deny");
    CHECK_STR(rig_verdict("{" DAY "'from':'US','to':'CN','classes':['genomic'],"
                          "'prior_sensitive_subjects':101}"),
              "deny");
}

/* Each hop is judged (facts 7.6), and a border is one that is crossed. */
TEST(what_reaches_across_borders_looks_at_each_that_is_crossed)
{
    CHECK(names("rules", "cptpp.note",
                "{" DAY "'from':'GB','to':'US','via':['BN'],'classes':['non_personal']}"));
    CHECK(names("rules", "rcep.note",
                "{" DAY
                "'from':'KR','to':'DE','via':['US','TH','VN'],'classes':['non_personal']}"));
    CHECK(names("rules", "rcep.note",
                "{" DAY "'from':'CN','to':'CN','classes':['core'],'facts':{'onward':['JP']}}"));
    CHECK(!names("rules", "rcep.note",
                 "{" DAY "'from':'CN','to':'CN','classes':['core'],'facts':{'onward':['US']}}"));
}

TEST(what_stays_at_home_is_judged_by_those_who_will_receive_it_too)
{
    CHECK(names("rules", "eu.import",
                "{" DAY "'from':'CN','to':'CN','classes':['personal'],'subjects':5,"
                "'facts':{'onward':['DE']}}"));
    CHECK(!names("rules", "eu.import",
                 "{" DAY "'from':'CN','to':'SG','classes':['personal'],'subjects':5,"
                 "'facts':{'onward':['DE']}}"));
}

TEST(who_passes_it_on_inside_one_place_is_no_exporter_of_that_place)
{
    CHECK_STR(rig_trace("{" DAY "'from':'CN','to':'BT','via':['BT'],'classes':['non_personal']}"),
              "allow: | CN-CBDF:2");
    CHECK_STR(rig_trace("{" DAY "'from':'CN','to':'KR','via':['BT','BT'],"
                        "'classes':['non_personal']}"),
              "allow_with_obligations: legal_review | CN-CBDF:2");
}

/* A ground that the transfer does not need brings no notice to the authority (MO-PDPA:20). */
TEST(consent_beside_the_greater_bay_contract_asks_macao_for_nothing_more)
{
    static const char *const BAY = "{" DAY "'from':'MO','to':'CN','classes':['personal'],"
                                   "'subjects':5,'mechanisms':[%s],'facts':{"
                                   "'exporter_in_gba':true,'recipient_in_gba':true}}";
    char text[400];
    snprintf(text, sizeof text, BAY, "'gba_standard_contract'");
    CHECK_STR(rig_verdict(text), "allow_with_obligations");
    snprintf(text, sizeof text, BAY, "'gba_standard_contract','consent'");
    CHECK_STR(rig_verdict(text), "allow_with_obligations");
    snprintf(text, sizeof text, BAY, "'consent'");
    CHECK_STR(rig_verdict(text), "needs_mechanism");
}

/* CN-CBDF:9, and 38 of the law: what is no more, or is still to come, is no route, whichever of the
 * three stands in for the contract. */
TEST(an_assessment_that_has_expired_or_is_to_come_is_no_route_in_the_band_of_the_contract)
{
    static const struct {
        const char *held, *day, *want;
    } ROWS[] = {
        { "'cn_security_assessment'", "2023-11-20", "needs_mechanism" },
        { "'cn_security_assessment'", "2023-11-21", "allow_with_obligations" },
        { "'cn_security_assessment'", "2026-11-20", "allow_with_obligations" },
        { "'cn_security_assessment'", "2026-11-21", "needs_mechanism" },
        { "'cn_certification'", "2026-11-20", "allow_with_obligations" },
        { "'cn_certification'", "2026-11-21", "needs_mechanism" },
        { "'cn_certification','cn_security_assessment'", "2020-01-01", "needs_mechanism" },
        { "'cn_standard_contract','cn_security_assessment'", "2020-01-01",
          "allow_with_obligations" },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        char text[400];
        snprintf(text, sizeof text,
                 "{" DAY "'from':'CN','to':'SG','classes':['personal'],'subjects':200000,"
                 "'mechanisms':[%s],'facts':{'mechanism_date':'%s'}}",
                 ROWS[i].held, ROWS[i].day);
        CHECK_STR(rig_verdict(text), ROWS[i].want);
    }
}

TEST(corporate_rules_that_nobody_approved_take_nothing_from_the_clauses)
{
    static const char *const BOTH = "{" DAY "'from':'DE','to':'IN','classes':['personal'],"
                                    "'subjects':5,'mechanisms':[%s],'facts':{'tia':'pass'}}";
    char text[400];
    snprintf(text, sizeof text, BOTH, "'scc'");
    CHECK_STR(rig_verdict(text), "allow_with_obligations");
    snprintf(text, sizeof text, BOTH, "'scc','bcr'");
    CHECK_STR(rig_verdict(text), "allow_with_obligations");
    snprintf(text, sizeof text, BOTH, "'bcr'");
    CHECK_STR(rig_verdict(text), "needs_mechanism");
}
