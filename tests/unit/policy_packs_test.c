/* The packs of Singapore and the United States: known answers, thresholds, dates, and every rule
 * that speaks is heard. Expectations are typed by hand from the law, not from the packs. */
#include "policy/set_internal.h"
#include "tests/unit/policy_rig.h"

#define DAY "'date':'2026-11-20',"

/* From the United States to a place: classes, persons, and the rest of the check. */
static const char *us(const char *to, const char *classes, unsigned persons, const char *more)
{
    static char text[1024];
    snprintf(text, sizeof text, "{" DAY "'from':'US','to':'%s','classes':[%s],'subjects':%u%s}", to,
             classes, persons, more);
    return rig_trace(text);
}

static const char *sg(const char *more)
{
    static char text[1024];
    snprintf(text, sizeof text,
             "{" DAY "'from':'SG','to':'US','sector':'finance','subjects':30000,"
             "'classes':['personal','financial','pseudonymised']%s}",
             more);
    return rig_trace(text);
}

/* The verdict alone, of the traces above. */
static const char *word(const char *trace)
{
    static char out[64];
    snprintf(out, sizeof out, "%.*s", (int)strcspn(trace, ":"), trace);
    return out;
}

#define LIMITED_SET                                                             \
    ",'sector':'health','sensitive_subjects':303,'purpose':'medical_research'," \
    "'facts':{'hipaa_covered':true}"
#define MEDICAL "'personal','health','pseudonymised'"

TEST(a_limited_data_set_leaves_the_hospital_under_a_data_use_agreement)
{
    CHECK(rig_book() != NULL);
    CHECK_STR(us("SG", MEDICAL, 303, LIMITED_SET),
              "needs_mechanism: data_use_agreement/consent | US-HIPAA:164.514(e) US-HIPAA:164.508");
    CHECK_STR(us("SG", MEDICAL, 303, LIMITED_SET ",'mechanisms':['data_use_agreement']"),
              "allow_with_obligations: contract_record | US-HIPAA:164.514(e) US-HIPAA:164.508");
    CHECK_STR(us("SG", MEDICAL, 303, LIMITED_SET ",'mechanisms':['contract']"),
              "needs_mechanism: data_use_agreement/consent | US-HIPAA:164.514(e) US-HIPAA:164.508");
    CHECK_STR(
        us("SG", "'personal','health'", 303, LIMITED_SET ",'mechanisms':['data_use_agreement']"),
        "needs_mechanism: consent | US-HIPAA:164.508");
}

TEST(health_information_that_is_no_hospitals_or_names_nobody_needs_no_instrument)
{
    CHECK_STR(us("SG", MEDICAL, 303, ",'purpose':'medical_research'"), "allow:");
    CHECK_STR(us("SG", "'health'", 303, ",'facts':{'hipaa_covered':true,'deidentified':true}"),
              "allow: | US-HIPAA:164.514(a)");
    CHECK_STR(word(us("SG", "'health','anonymised'", 303,
                      ",'facts':{'hipaa_covered':true,'restorable':true}")),
              "needs_mechanism");
    CHECK_STR(
        us("SG", "'health'", 1, ",'purpose':'emergency_treatment','facts':{'hipaa_covered':true}"),
        "allow:");
}

TEST(a_business_associate_is_bound_by_contract)
{
#define COVERED ",'facts':{'hipaa_covered':true,'recipient_role':'processor'}"
    CHECK_STR(us("IN", "'personal','health'", 500, COVERED),
              "needs_mechanism: contract/consent | US-HIPAA:164.504(e)");
    CHECK_STR(us("IN", "'personal','health'", 500, COVERED ",'mechanisms':['contract']"),
              "allow_with_obligations: contract; security_measures | US-HIPAA:164.504(e)");
    /* who processes for the hospital does not research on its own account */
    CHECK_STR(us("IN", "'personal','health'", 500,
                 COVERED ",'purpose':'medical_research','mechanisms':['contract']"),
              "allow_with_obligations: contract; security_measures | US-HIPAA:164.504(e)");
}

/* 28 CFR 202.205: "more than N" excludes N. The lowest threshold of the kinds present counts. */
TEST(the_united_states_count_bulk_to_the_person)
{
    static const struct {
        const char *classes;
        unsigned most; /* the largest number that is not bulk */
        const char *above;
    } ROWS[] = {
        { "'genomic'", 100, "deny" },
        { "'biospecimen'", 100, "deny" },
        { "'omic'", 1000, "deny" },
        { "'hgr'", 100, "deny" },
        { "'biometric'", 1000, "needs_mechanism" },
        { "'personal','geolocation'", 1000, "needs_mechanism" },
        { "'personal','health'", 10000, "needs_mechanism" },
        { "'financial'", 10000, "needs_mechanism" },
        { "'personal'", 100000, "needs_mechanism" },
        { "'pseudonymised'", 100000, "needs_mechanism" },
        { "'identity_number','passport'", 100000, "needs_mechanism" },
        { "'anonymised'", 100000, "needs_mechanism" },
        { "'anonymised','health'", 10000, "needs_mechanism" },
        { "'health','geolocation'", 1000, "needs_mechanism" },
        { "'health','genomic','biometric'", 100, "deny" },
        { "", 100000, "needs_mechanism" },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        CHECK_STR(us("CN", ROWS[i].classes, ROWS[i].most - 1, ""), "allow: | US-DSP:202.205");
        CHECK_STR(us("CN", ROWS[i].classes, ROWS[i].most, ""), "allow: | US-DSP:202.205");
        CHECK_STR(word(us("CN", ROWS[i].classes, ROWS[i].most + 1, "")), ROWS[i].above);
        /* twelve months with the same recipient are one volume, and parts that belong together */
        char more[200];
        snprintf(more, sizeof more, ",'prior_subjects':%u", ROWS[i].most);
        CHECK_STR(word(us("CN", ROWS[i].classes, 1, more)), ROWS[i].above);
        snprintf(more, sizeof more, ",'facts':{'split_total_subjects':%u}", ROWS[i].most + 1);
        CHECK_STR(word(us("CN", ROWS[i].classes, 1, more)), ROWS[i].above);
        CHECK_STR(word(us("SG", ROWS[i].classes, ROWS[i].most + 1, "")), "allow");
    }
    CHECK_STR(us("CN", "'non_personal'", 1000000, ""), "allow:");
}

TEST(a_country_of_concern_is_one_however_it_is_reached)
{
#define HEALTH "'personal','health'"
    static const char *const PLACES[] = { "CN", "HK", "MO", "CU", "IR", "KP", "RU", "VE" };
    for (size_t i = 0; i < COUNT(PLACES); i++) {
        CHECK_STR(us(PLACES[i], HEALTH, 10001, ""),
                  "needs_mechanism: cisa_security_requirements | US-DSP:202.401");
    }
    CHECK_STR(us("SG", HEALTH, 10001, ",'facts':{'onward':['CN']}"),
              "needs_mechanism: cisa_security_requirements | US-DSP:202.401");
    CHECK_STR(us("SG", HEALTH, 10001, ",'facts':{'recipient_covered_person':true}"),
              "needs_mechanism: cisa_security_requirements | US-DSP:202.401 US-DSP:202.211");
    CHECK_STR(us("SG", "'genomic'", 101, ",'facts':{'recipient_covered_person':true}"),
              "deny: | US-DSP:202.303 US-DSP:202.205(a) US-DSP:202.211");
    CHECK_STR(us("SG", HEALTH, 10001, ",'facts':{'onward':['MY']}"),
              "allow: | US-DSP:202.601 US-DSP:202.211");
    CHECK_STR(word(us("CN", HEALTH, 10001, ",'via':['SG']")), "needs_mechanism");
    CHECK_STR(word(us("CN", HEALTH, 10001, ",'facts':{'citizens_of':'FR'}")), "allow");
}

TEST(what_is_restricted_is_lawful_under_the_security_requirements)
{
    CHECK_STR(us("CN", HEALTH, 25000, ",'facts':{'cisa_requirements':true}"),
              "allow_with_obligations: cisa_security_requirements; due_diligence; audit; "
              "records_10_years | US-DSP:202.401 US-DSP:202.1001 US-DSP:202.1002 US-DSP:202.1101");
    CHECK_STR(us("CN", "'health','anonymised'", 25000, ""),
              "needs_mechanism: cisa_security_requirements | US-DSP:202.401 US-DSP:202.206");
    CHECK_STR(us("CN", HEALTH, 9000, ",'facts':{'split_total_subjects':18000}"),
              "needs_mechanism: cisa_security_requirements | US-DSP:202.401 US-DSP:202.304");
    CHECK_STR(word(us("CN", HEALTH, 25000, ",'facts':{'activity':'research'}")), "allow");
    CHECK_STR(word(us("CN", HEALTH, 25000, ",'facts':{'activity':'business'}")), "needs_mechanism");
    CHECK_STR(word(us("CN", "'genomic'", 101, ",'facts':{'cisa_requirements':true}")), "deny");
    CHECK_STR(us("CN", HEALTH, 5, ",'facts':{'government_related':true}"),
              "needs_mechanism: cisa_security_requirements | US-DSP:202.401");
    static const char *const EXEMPT[][2] = { { "official_business", "504" },
                                             { "financial_services", "505" },
                                             { "corporate_group", "506" },
                                             { "federal_law", "507" },
                                             { "personal_communications", "501" },
                                             { "information_materials", "502" },
                                             { "ordinary_travel", "503" },
                                             { "investment_review", "508" },
                                             { "telecom", "509" },
                                             { "drug_approval", "510" },
                                             { "clinical_investigation", "511" } };
    for (size_t i = 0; i < COUNT(EXEMPT); i++) {
        char more[100], want[100];
        snprintf(more, sizeof more, ",'facts':{'exemption':'%s'}", EXEMPT[i][0]);
        snprintf(want, sizeof want, "allow: | US-DSP:202.%s", EXEMPT[i][1]);
        CHECK_STR(us("CN", "'genomic'", 5000, more), want);
    }
}

TEST(a_broker_sells_to_no_adversary_and_binds_everybody_else)
{
#define BROKER "'activity':'data_brokerage'"
    CHECK_STR(us("HK", HEALTH, 10001, ",'facts':{" BROKER "}"), "deny: | US-DSP:202.301");
    CHECK_STR(us("CN", HEALTH, 1, ",'facts':{" BROKER "}"), "deny: | US-PADFAA:2(a)");
    CHECK_STR(us("SG", HEALTH, 1, ",'facts':{" BROKER ",'onward':['RU']}"),
              "deny: | US-PADFAA:2(a)");
    CHECK_STR(us("HK", "'personal'", 1, ",'facts':{" BROKER ",'government_related':true}"),
              "deny: | US-DSP:202.301 US-DSP:202.222");
    CHECK_STR(us("SG", HEALTH, 10001, ",'facts':{" BROKER "}"),
              "needs_mechanism: onward_ban_to_country_of_concern | US-DSP:202.302");
    CHECK_STR(us("SG", HEALTH, 10001, ",'facts':{" BROKER ",'onward_ban_clause':true}"),
              "allow_with_obligations: onward_ban_to_country_of_concern; report_14_days | "
              "US-DSP:202.302");
    CHECK_STR(us("SG", HEALTH, 10000, ",'facts':{" BROKER "}"), "allow:");
}

TEST(banks_and_those_who_serve_children_have_rules_of_their_own)
{
    CHECK_STR(us("SG", "'personal','financial'", 10, ",'sector':'finance'"),
              "allow_with_obligations: security_measures | US-GLBA:314 US-GLBA:314.4");
    CHECK_STR(us("SG", "'minors'", 10, ",'facts':{'youngest_age':12}"),
              "needs_mechanism: parental_consent | US-COPPA:312 US-COPPA:312.5");
    CHECK_STR(us("SG", "'minors'", 10, ""),
              "needs_mechanism: parental_consent | US-COPPA:312 US-COPPA:312.5");
    CHECK_STR(us("SG", "'minors'", 10, ",'facts':{'youngest_age':13}"), "allow:");
    CHECK_STR(
        us("SG", "'minors'", 10, ",'facts':{'youngest_age':12,'parental_consent_given':true}"),
        "allow_with_obligations: contract | US-COPPA:312 US-COPPA:312.8");
}

#define SG_NEEDS "needs_mechanism: contract/bcr/cbpr/mcc/consent | SG-PDPA:s26 SG-PDPR:10"

TEST(singapore_asks_for_a_comparable_standard_and_takes_it_in_many_forms)
{
    static const struct {
        const char *more, *want;
    } ROWS[] = {
        { "", SG_NEEDS },
        { ",'mechanisms':['contract']", "allow_with_obligations: contract_record | SG-PDPA:s26 "
                                        "SG-PDPR:10(1) SG-PDPR:11" },
        { ",'mechanisms':['mcc'],'facts':{'mcc_module':'c2p'}",
          "allow_with_obligations: contract_record | SG-PDPA:s26 SG-PDPR:10(1) SG-PDPR:11" },
        { ",'mechanisms':['cbpr']", "allow_with_obligations: contract_record | SG-PDPA:s26 "
                                    "SG-PDPR:10(1) SG-PDPR:12" },
        { ",'mechanisms':['bcr']", SG_NEEDS },
        { ",'mechanisms':['bcr'],'facts':{'recipient_in_group':true}",
          "allow_with_obligations: contract_record | SG-PDPA:s26 SG-PDPR:10(1) SG-PDPR:11" },
        { ",'mechanisms':['scc']", SG_NEEDS },
        { ",'mechanisms':['adequacy']", SG_NEEDS },
        { ",'mechanisms':['consent'],'facts':{'notice_given':true}",
          "allow_with_obligations: notice | SG-PDPA:s26 SG-PDPR:10(2)" },
        { ",'mechanisms':['consent']", "needs_mechanism: notice/consent/contract/bcr/cbpr/mcc | "
                                       "SG-PDPA:s26 SG-PDPR:10" },
        { ",'mechanisms':['contract_necessity']", SG_NEEDS },
        { ",'mechanisms':['contract_necessity'],'facts':{'necessary':true}",
          "allow: | SG-PDPA:s26 SG-PDPR:10(2)" },
        { ",'mechanisms':['vital_interest']", SG_NEEDS },
        { ",'mechanisms':['vital_interest'],'facts':{'necessary':true}",
          "allow: | SG-PDPA:s26 SG-PDPR:10(2)" },
        { ",'purpose':'data_in_transit'", SG_NEEDS },
        { ",'purpose':'data_in_transit','facts':{'origin_overseas':true}",
          "allow: | SG-PDPR:10(2)" },
        { ",'purpose':'data_in_transit','facts':{'origin_overseas':true,"
          "'domestic_data_added':true}",
          SG_NEEDS },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        CHECK_STR(sg(ROWS[i].more), ROWS[i].want);
    }
    CHECK_STR(rig_trace("{" DAY "'from':'SG','to':'US','classes':['anonymised']}"),
              "allow: | SG-PDPA:s2");
    CHECK_STR(rig_trace("{" DAY "'from':'SG','to':'US','classes':['anonymised'],"
                        "'facts':{'restorable':true}}"),
              SG_NEEDS);
}

TEST(each_exporter_on_a_route_meets_its_own_law)
{
    CHECK_STR(rig_trace("{" DAY "'from':'DE','to':'US','via':['SG'],'classes':['personal'],"
                        "'subjects':10,'mechanisms':['scc'],'facts':{'tia':'pass'}}"),
              SG_NEEDS);
    CHECK_STR(word(rig_trace("{" DAY "'from':'DE','to':'US','via':['SG'],'classes':['personal'],"
                             "'subjects':10,'mechanisms':['contract'],'facts':{'tia':'pass'}}")),
              "needs_mechanism");
}

TEST(the_rules_of_both_places_begin_on_their_day)
{
    static const struct {
        const char *check, *before, *on, *day_before, *day;
    } ROWS[] = {
        { "'from':'SG','to':'US','classes':['personal']", "allow_with_obligations",
          "needs_mechanism", "2021-01-31", "2021-02-01" },
        { "'from':'US','to':'CN','classes':['genomic'],'subjects':101", "allow", "deny",
          "2025-04-07", "2025-04-08" },
        { "'from':'US','to':'CN','classes':['health'],'subjects':1,'facts':{" BROKER "}", "allow",
          "deny", "2024-06-22", "2024-06-23" },
        { "'from':'US','to':'SG','classes':['health'],'subjects':1,'facts':{'hipaa_covered':true}",
          "allow", "needs_mechanism", "2003-04-13", "2003-04-14" },
        { "'from':'US','to':'SG','classes':['minors'],'subjects':1", "allow", "needs_mechanism",
          "2000-04-20", "2000-04-21" },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        char text[512];
        snprintf(text, sizeof text, "{'date':'%s',%s}", ROWS[i].day_before, ROWS[i].check);
        CHECK_STR(rig_verdict(text), ROWS[i].before);
        snprintf(text, sizeof text, "{'date':'%s',%s}", ROWS[i].day, ROWS[i].check);
        CHECK_STR(rig_verdict(text), ROWS[i].on);
    }
#define HELD                                                                      \
    "'from':'US','to':'CN','classes':['health'],'subjects':10001,'facts':{'cisa_" \
    "requirements':true}}"
    CHECK_STR(rig_trace("{'date':'2025-10-05'," HELD),
              "allow_with_obligations: cisa_security_requirements | US-DSP:202.401");
    CHECK_STR(rig_trace("{'date':'2025-10-06'," HELD),
              "allow_with_obligations: cisa_security_requirements; due_diligence; audit; "
              "records_10_years | US-DSP:202.401 US-DSP:202.1001 US-DSP:202.1002 US-DSP:202.1101");
}

/* 202.205 counts what went to the same recipient in twelve months; nothing else adds to it. */
TEST(a_grant_adds_to_the_bulk_count_only_where_bulk_matters)
{
    static const struct {
        const char *check;
        size_t adds;
    } ROWS[] = {
        { "{" DAY "'from':'US','to':'CN','classes':['health'],'subjects':5}", 1 },
        { "{" DAY "'from':'US','to':'SG','classes':['health'],'subjects':5}", 0 },
        { "{" DAY "'from':'US','to':'SG','classes':['health'],'subjects':5,"
          "'facts':{" BROKER "}}",
          1 },
        { "{" DAY "'from':'US','to':'CN','classes':['non_personal'],'subjects':5}", 0 },
        { "{" DAY "'from':'SG','to':'CN','classes':['health'],'subjects':5}", 0 },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct policy_check check;
        struct policy_verdict v;
        char why[POLICY_WHY_SIZE];
        CHECK_OK(rig_check(ROWS[i].check, &check, why));
        CHECK_OK(
            policy_evaluate(policy_book_set(rig_book()), &check.facts, check.day, NULL, 0, &v));
        CHECK_EQ(v.counted_count, ROWS[i].adds);
        if (v.counted_count > 0) {
            CHECK_EQ(v.counted[0].period, POLICY_TWELVE_MONTHS);
            CHECK_EQ(v.counted[0].adds, 5);
        }
    }
}

static const char *const HEARD[] = {
    "'from':'SG','to':'US'",
    "'from':'SG','to':'US','mechanisms':['mcc']",
    "'from':'SG','to':'US','mechanisms':['bcr'],'facts':{'recipient_in_group':true}",
    "'from':'SG','to':'US','mechanisms':['cbpr']",
    "'from':'SG','to':'US','mechanisms':['consent']",
    "'from':'SG','to':'US','mechanisms':['consent'],'facts':{'notice_given':true}",
    "'from':'SG','to':'US','mechanisms':['contract_necessity','vital_interest'],"
    "'facts':{'necessary':true}",
    "'from':'SG','to':'US','purpose':'data_in_transit','facts':{'origin_overseas':true}",
    "'date':'2021-01-31','from':'SG','to':'US'",
    "'from':'SG','to':'US','classes':['anonymised']",
    "'from':'SG','to':'US','mechanisms':['public_interest','public_register'],"
    "'facts':{'necessary':true}",
    "'from':'US','to':'CN','classes':['omic']",
    "'from':'US','to':'CN','facts':{'activity':'research'}",
    "'from':'US','to':'CN','facts':{'exemption':'personal_communications'}",
    "'from':'US','to':'CN','facts':{'exemption':'information_materials'}",
    "'from':'US','to':'CN','facts':{'exemption':'ordinary_travel'}",
    "'from':'US','to':'CN','facts':{'exemption':'investment_review'}",
    "'from':'US','to':'CN','facts':{'exemption':'official_business'}",
    "'from':'US','to':'CN','facts':{'exemption':'financial_services'}",
    "'from':'US','to':'CN','facts':{'exemption':'corporate_group'}",
    "'from':'US','to':'CN','facts':{'exemption':'federal_law'}",
    "'from':'US','to':'CN','facts':{'exemption':'telecom'}",
    "'from':'US','to':'CN','facts':{'exemption':'drug_approval'}",
    "'from':'US','to':'CN','facts':{'exemption':'clinical_investigation'}",
    "'from':'US','to':'CN','classes':['genomic']",
    "'from':'US','to':'CN','facts':{" BROKER ",'government_related':true}",
    "'from':'US','to':'CN'",
    "'from':'US','to':'CN','facts':{'cisa_requirements':true}",
    "'from':'US','to':'SG','facts':{" BROKER "}",
    "'from':'US','to':'SG','facts':{" BROKER ",'onward_ban_clause':true}",
    "'from':'US','to':'SG','subjects':1,'facts':{'recipient_covered_person':true,"
    "'split_total_subjects':200000,'deidentified':true}",
    "'from':'US','to':'SG','subjects':1,'classes':['genomic'],'facts':{"
    "'recipient_covered_person':true,'split_total_subjects':200,'deidentified':true}",
    "'from':'US','to':'CN','subjects':1",
    "'from':'US','to':'SG','sector':'finance','classes':['financial']",
    "'from':'US','to':'SG','facts':{'hipaa_covered':true,'deidentified':true}",
    "'from':'US','to':'SG','facts':{'hipaa_covered':true}",
    "'from':'US','to':'SG','purpose':'medical_research','facts':{'hipaa_covered':true}",
    "'from':'US','to':'SG','purpose':'medical_research','facts':{'hipaa_covered':true},"
    "'classes':['health','pseudonymised']",
    "'from':'US','to':'SG','classes':['minors']",
};

/* A rule that no check reaches is a rule that nobody has read. */
TEST(every_rule_that_decides_is_heard_in_some_check)
{
    static bool fired[COUNT(HEARD) * POLICY_FIRED_MAX];
    const struct policy_set *set = policy_book_set(rig_book());
    for (size_t i = 0; i < COUNT(HEARD); i++) {
        char text[512], why[POLICY_WHY_SIZE];
        struct policy_check check;
        struct policy_verdict v;
        bool classes = strstr(HEARD[i], "'classes'") != NULL;
        bool subjects = strstr(HEARD[i], "'subjects'") != NULL;
        snprintf(text, sizeof text, "{%s%s%s%s}", strstr(HEARD[i], "'date'") != NULL ? "" : DAY,
                 HEARD[i], classes ? "" : ",'classes':['health']",
                 subjects ? "" : ",'subjects':200000");
        CHECK_OK(rig_check(text, &check, why));
        CHECK_OK(policy_evaluate(set, &check.facts, check.day, NULL, 0, &v));
        for (size_t k = 0; k < v.rule_count; k++) {
            ASSERT(v.rules[k] < COUNT(fired));
            fired[v.rules[k]] = true;
        }
    }
    unsigned deciding = 0;
    for (size_t i = 0; i < set->pack_count; i++) {
        const struct set_pack *p = &set->packs[i];
        bool ours = p->seat == 702 /* SG */ || p->seat == 840 /* US */;
        for (size_t k = 0; ours && k < p->rule_count; k++) {
            if (p->rules[k].effect != EFFECT_DEFINE) {
                deciding++;
                CHECK(fired[p->rules[k].number]);
            }
        }
    }
    CHECK_EQ(deciding, 13 + 37);
}
