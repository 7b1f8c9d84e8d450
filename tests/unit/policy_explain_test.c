/* What a person reads: checks of those that came with the law, two of them whole. */
#include "tests/unit/policy_rig.h"

/* The note on a check; lives until the next call. */
static const char *note(const char *text, enum policy_language language)
{
    static char out[8192];
    char why[POLICY_WHY_SIZE] = "", *said = NULL;
    struct policy_check check;
    struct policy_verdict v;
    enum err err = rig_check(text, &check, why);
    if (err == ERR_NONE) {
        err = policy_evaluate(policy_book_set(rig_book()), &check.facts, check.day, NULL, 0, &v);
    }
    if (err == ERR_NONE) {
        err = policy_explain(rig_book(), &check, &v, language, &said);
    }
    snprintf(out, sizeof out, "%s", err == ERR_NONE ? said : why);
    policy_text_free(said);
    return out;
}

static bool says(const char *text, const char *const *lines)
{
    bool all = true;
    for (size_t i = 0; lines[i] != NULL; i++) {
        if (strstr(text, lines[i]) == NULL) {
            printf("# nothing says: %s\n", lines[i]);
            all = false;
        }
    }
    return all;
}

/* An assessment that has run out: its rule is missing, the one that it met is in place, and the
 * weaker route gives way. */
#define EXPIRED                                                                      \
    "{'from': 'CN', 'to': 'SG', 'sector': 'retail', 'classes': ['personal'], 'subje" \
    "cts': 1500000, 'sensitive_subjects': 0, 'role': 'ordinary', 'purpose': 'crm', " \
    "'mechanisms': ['cn_security_assessment'], 'facts': {'mechanism_date': '2023-10" \
    "-01'}, 'date': '2026-11-20'}"
TEST(a_note_on_an_assessment_that_has_run_out_reads_as_a_whole)
{
    CHECK_STR(
        note(EXPIRED, POLICY_ENGLISH),
        "May this data go from China (CN) to Singapore (SG) on 2026-11-20?\n"
        "Not yet: something must exist before anything is sent [CN-CBDF:9].\n"
        "\n"
        "On these facts, as declared\n"
        "  - persons in this transfer: 1,500,000, with sensitive data: 0\n"
        "  - data: personal data\n"
        "  - sector: retail\n"
        "  - in place: a security assessment by the CAC\n"
        "  - the day on which what is in place took effect: 2023-10-01\n"
        "\n"
        "What is missing\n"
        "  - a security assessment by the CAC\n"
        "\n"
        "Why\n"
        "  - 1,000,000 persons or more, or 10,000 with sensitive data, since 1 January: a security "
        "assessment [CN-CBDF:7(1)(2)]; required, and in place\n"
        "  - 100,000 persons or more since 1 January, or any sensitive data: the standard contract "
        "or a certificate [CN-CBDF:8]; lifted, or replaced by a stronger route\n"
        "  - the assessment has run out: it is valid for three years [CN-CBDF:9]; required, and "
        "missing\n"
        "  - one that has expired is no route for the smaller volumes either [CN-CBDF:9]; lifted, "
        "or replaced by a stronger route\n"
        "  - tell the persons who receives what and why [CN-PIPL:39]; a duty\n"
        "  - assess the impact before sending [CN-PIPL:55]; a duty\n"
        "  - stay within the purpose, scope and volume that were assessed [CN-NDSMR:38]; a duty\n"
        "\n"
        "Also to be known; it decides nothing here\n"
        "  - both places are parties: the agreement binds the states, and opens no route for "
        "private parties [RCEP:12.14, RCEP:12.15]\n"
        "\n"
        "What to do\n"
        "  - tell the persons who receives what, why, and how to use their rights\n"
        "  - assess the impact on personal information before sending, and keep the report three "
        "years\n"
        "  - stay within the purpose, scope and volume assessed, and renew sixty working days "
        "before expiry\n"
        "\n"
        "What the laws together leave\n"
        "  - the records of the transfer are kept for 36 months [CN-PIPL:56]\n"
        "  - a breach is notified at once [CN-PIPL:57]\n"
        "  - what is in place is valid for 36 months, until 2026-09-30 [CN-CBDF:9]\n"
        "  - the transfer adds to the count of persons without sensitive data: 1,500,000; the "
        "count is then 1,500,000\n"
        "\n"
        "What alone would change the answer\n"
        "  - if the data was collected abroad and only processed here: yes\n"
        "  - if the recipient is on a list of restricted recipients: no\n"
        "  - if a treaty provides for it: yes, with duties\n"
        "\n"
        "Assumed, because nobody said so: correct what is wrong, and ask again\n"
        "  - the total of parts that belong together: not known (split_total_subjects)\n"
        "  - the data was collected abroad and only processed here: no (origin_overseas)\n"
        "  - the data was notified or published as important: no (important_notified)\n"
        "  - the exporter is registered in a free-trade zone: no (ftz_registered)\n"
        "  - the recipient is on a list of restricted recipients: no (recipient_restricted)\n"
        "  - the role of the recipient: a controller of its own (recipient_role)\n"
        "  - who asks for the data: business as usual (requester)\n"
        "  - a treaty provides for it: no (treaty)\n"
        "\n"
        "The rules read for China, Singapore are full.\n"
        "\n"
        "This applies rules to declared facts. It is not legal advice.\n");
}

/* The contract of the Greater Bay Area, and data that goes on outside it. */
#define AREA                                                                         \
    "{'from': 'CN', 'to': 'HK', 'sector': 'finance', 'classes': ['personal'], 'subj" \
    "ects': 300000, 'sensitive_subjects': 0, 'role': 'ordinary', 'purpose': 'busine" \
    "ss', 'mechanisms': ['gba_standard_contract'], 'facts': {'exporter_in_gba': tru" \
    "e, 'recipient_in_gba': true, 'onward': ['UK']}, 'date': '2026-11-20'}"
TEST(a_note_in_chinese_reads_as_a_whole)
{
    CHECK_STR(note(AREA, POLICY_CHINESE),
              "该数据可否于2026-11-20自中国(CN)提供至香港(HK)?\n"
              "暂不可以:提供之前须先具备下列条件〔CN-CBDF:8、CN-GBA:guideline〕。\n"
              "\n"
              "依据所声明的下列事实\n"
              "  - 本次涉及自然人300,000名,其中敏感个人信息0名\n"
              "  - 数据:个人信息\n"
              "  - 行业:金融\n"
              "  - 已具备的机制:订立粤港澳大湾区标准合同\n"
              "  - 再提供至:英国\n"
              "  - 出境方位于粤港澳大湾区:是\n"
              "  - 接收方位于粤港澳大湾区:是\n"
              "\n"
              "尚缺\n"
              "  - 订立个人信息出境标准合同;或者通过个人信息保护认证\n"
              "\n"
              "理由\n"
              "  - 自当年1月1日起累计10万人以上,或者含敏感个人信息的,应当订立标准合同或者通过认证"
              "〔CN-CBDF:8〕;要求具备,尚缺\n"
              "  - 大湾区标准合同不允许向大湾区以外提供〔CN-GBA:guideline〕;要求具备,尚缺\n"
              "  - 向个人告知接收方等事项〔CN-PIPL:39〕;义务\n"
              "  - 事前进行个人信息保护影响评估〔CN-PIPL:55〕;义务\n"
              "\n"
              "应当履行\n"
              "  - 向个人告知接收方、目的、方式、种类和行权途径\n"
              "  - 事前开展个人信息保护影响评估,报告至少保存三年\n"
              "\n"
              "各法合并适用的结果\n"
              "  - 须在下列地点保存副本:中国〔CN-FIN:2011-17、CN-FIN:24〕\n"
              "  - 传输记录至少保存36个月〔CN-PIPL:56〕\n"
              "  - 发生泄露的,应当立即通知〔CN-PIPL:57〕\n"
              "  - 本次传输使非敏感个人信息主体累计增加300,000,合计300,000\n"
              "\n"
              "仅改变下列一项即可改变结论\n"
              "  - 如订立个人信息出境标准合同:可以,但须履行义务\n"
              "  - 如通过个人信息保护认证:可以,但须履行义务\n"
              "  - 如数据系境外收集、仅在境内处理:可以\n"
              "  - 如接收方被列入限制或者禁止提供清单:不可以\n"
              "  - 如有条约依据:可以,但须履行义务\n"
              "\n"
              "未说明而按缺省值处理,如有不符请更正后重新查询\n"
              "  - 属于同一整体、分次提供的总人数:未说明(split_total_subjects)\n"
              "  - 数据系境外收集、仅在境内处理:否(origin_overseas)\n"
              "  - 该数据已被告知或者公开发布为重要数据:否(important_notified)\n"
              "  - 出境方在自由贸易试验区登记:否(ftz_registered)\n"
              "  - 接收方被列入限制或者禁止提供清单:否(recipient_restricted)\n"
              "  - 接收方的角色:自行决定处理目的的处理者(recipient_role)\n"
              "  - 提出请求的一方:一般商业活动(requester)\n"
              "  - 有条约依据:否(treaty)\n"
              "\n"
              "中国、香港的规则包完整。\n"
              "\n"
              "以上仅是将规则适用于所声明的事实,不构成法律意见。\n");
}

TEST(a_note_says_what_permits_what_forbids_and_what_is_a_duty)
{
    static const char *const STAFF[] = {
        "Yes, with duties that attach to the transfer [CN-CBDF:5(1)(2), CN-PIPL:39, CN-PIPL:55].",
        "  - there are lawful labour rules or a collective contract: yes\n",
        "or a collective contract [CN-CBDF:5(1)(2)]; permits it\n",
        "  - assess the impact before sending [CN-PIPL:55]; a duty\n", NULL
    };
    static const char *const BROKER[] = {
        "No, and nothing in the exporter's own hands cures it [US-DSP:202.301].",
        "  - the kind of transaction: data brokerage\n",
        "is prohibited [US-DSP:202.301]; forbids it\n", NULL
    };
    static const char *const TRIPS[] = {
        "Not yet: something must exist before anything is sent "
        "[EU-GDPR:44, EU-GDPR:46, EU-GDPR:49(1)].",
        "  - the EU standard contractual clauses; or binding corporate rules\n",
        "  - a breach is notified within 72 hours [EU-GDPR:33]\n",
        "The rules read for Spain are full.\n",
        "The rules read for Australia are not full: have the rest checked.\n",
        NULL
    };
    CHECK(says(note("{'from': 'CN', 'to': 'NL', 'sector': 'manufacturing', 'classes': ['personal', "
                    "'employee', 'financial'], 'subjects': 12000, 'sensitive_subjects': 12000, 'rol"
                    "e': 'ordinary', 'purpose': 'cross_border_hr', 'mechanisms': ['hr_necessity'], "
                    "'facts': {'labour_rules': true, 'necessary': true}, 'date': '2026-11-20'}",
                    POLICY_ENGLISH),
               STAFF));
    CHECK(says(note("{'from': 'US', 'to': 'HK', 'sector': 'advertising', 'classes': ['personal', 'g"
                    "eolocation'], 'subjects': 1001, 'sensitive_subjects': 1001, 'role': 'ordinary'"
                    ", 'purpose': 'business', 'mechanisms': [], 'facts': {'citizens_of': 'US', 'act"
                    "ivity': 'data_brokerage'}, 'date': '2026-11-20'}",
                    POLICY_ENGLISH),
               BROKER));
    CHECK(says(note("{'from': 'ES', 'to': 'AU', 'sector': 'travel', 'classes': ['personal'], 'subje"
                    "cts': 60000, 'sensitive_subjects': 0, 'role': 'ordinary', 'purpose': 'business"
                    "', 'mechanisms': ['contract_necessity'], 'facts': {'occasional': false}, 'date"
                    "': '2026-11-20'}",
                    POLICY_ENGLISH),
               TRIPS));
}

TEST(a_conflict_is_told_in_both_languages)
{
#define ORDER                                                                         \
    "{'date':'2026-11-20','from':'CN','to':'US','classes':['personal'],'subjects':3," \
    "'facts':{'requester':'foreign_judicial'}}"
    static const char *const ENGLISH[] = {
        "A true conflict, which a person decides: the articles above stand against the order of a "
        "court or authority abroad (the United States)\n",
        "  - if the competent authority has approved it: yes, with duties\n", NULL
    };
    static const char *const CHINESE[] = { "存在真实的法律冲突", "〔CN-PIPL:41、CN-DSL:36〕;禁止\n",
                                           "  - 如已经主管机关批准:可以,但须履行义务\n", NULL };
    CHECK(says(note(ORDER, POLICY_ENGLISH), ENGLISH));
    CHECK(says(note(ORDER, POLICY_CHINESE), CHINESE));
    static const char *const BOTH[] = {
        "\nA true conflict, which a person decides: nobody obeys both\n",
        "[CN-PIPL:40], against: data of payment systems is stored in India, and nowhere else "
        "[IN-RBI:2018]\n",
        NULL
    };
    CHECK(says(note("{'date':'2026-11-20','from':'IN','via':['CN'],'to':'SG','role':'ciio',"
                    "'classes':['payment_data','financial'],'subjects':5,'purpose':'payment'}",
                    POLICY_ENGLISH),
               BOTH));
}

/* Where all defaults of a fact agree the value is told, whatever route and data say; of persons it
 * is at least as many as have sensitive data. */
TEST(an_assumption_names_the_value_that_was_taken)
{
#define UNSAID "{'from': 'CN', 'to': 'SG', 'classes': ['personal'], 'date': '2026-11-20'"
    CHECK(strstr(note(UNSAID "}", POLICY_ENGLISH),
                 "  - the number of persons in this transfer: 0 (subjects)\n") != NULL);
    CHECK(strstr(note(UNSAID "}", POLICY_CHINESE), "  - 本次传输涉及的自然人数量:0(subjects)\n") !=
          NULL);
    CHECK(strstr(note(UNSAID ", 'sensitive_subjects': 50}", POLICY_ENGLISH),
                 "  - the number of persons in this transfer: 50 (subjects)\n") != NULL);
    CHECK(strstr(note("{'from': 'US', 'to': 'DE', 'classes': ['health'], 'subjects': 20000, "
                      "'date': '2026-11-20'}",
                      POLICY_ENGLISH),
                 "whose citizens the persons are: the United States (citizens_of)\n") != NULL);
    CHECK(strstr(note(UNSAID "}", POLICY_ENGLISH), "important: no (important_notified)\n") != NULL);
    CHECK(strstr(note("{'from': 'CN', 'to': 'SG', 'classes': ['personal'], 'subjects': 5, "
                      "'important_data': true, 'date': '2026-11-20'}",
                      POLICY_CHINESE),
                 "该数据已被告知或者公开发布为重要数据:是(important_notified)\n") == NULL);
    CHECK(strstr(note("{'from': 'CN', 'to': 'SG', 'classes': ['minors'], 'subjects': 5, "
                      "'date': '2026-11-20'}",
                      POLICY_ENGLISH),
                 "the age of the youngest person: 0 (youngest_age)\n") != NULL);
}
