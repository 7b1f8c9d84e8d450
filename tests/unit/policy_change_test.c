/* The law as it changes: the days on which an answer is another, what differs between two folders
 * of packs, and the page that is made of each. */
#include <sys/stat.h>

#include "base/clock.h"
#include "tests/unit/policy_mini.h"

/* "2027-05-14 allow_with_obligations": the changes of a check up to a day, one after another. */
static const char *changes(const char *check, const char *until)
{
    static char out[512];
    char why[POLICY_WHY_SIZE] = "";
    struct policy_check read;
    uint32_t day = 0;
    json_t *list = NULL;
    enum err err = rig_check(check, &read, why);
    err = err == ERR_NONE ? clock_parse_day(until, &day) : err;
    err = err == ERR_NONE ? policy_days(rig_book(), &read, day, &list) : err;
    size_t len = (size_t)snprintf(out, sizeof out, "%s", err == ERR_NONE ? "" : err_name(err));
    for (size_t i = 0; list != NULL && i < json_size(list); i++) {
        const char *from = "?", *verdict = "?";
        if (json_get_str(json_at(list, i), "from", &from) == ERR_NONE &&
            json_get_str(json_at(list, i), "verdict", &verdict) == ERR_NONE) {
            len += (size_t)snprintf(out + len, sizeof out - len, "%s%s %s", i == 0 ? "" : "; ",
                                    from, verdict);
        }
    }
    json_free(list);
    return out;
}

TEST(each_day_on_which_the_answer_changes_is_told)
{
    CHECK(rig_book() != NULL);
    CHECK_STR(changes("{'date':'2026-11-20','from':'IN','to':'US','classes':['personal'],"
                      "'subjects':1}",
                      "2027-12-31"),
              "2027-05-14 allow_with_obligations");
    CHECK_STR(changes("{'date':'2023-01-01','from':'CN','to':'DE','classes':['personal'],"
                      "'subjects':10}",
                      "2026-12-31"),
              "2024-03-22 allow_with_obligations");
    CHECK_STR(changes("{'date':'2026-11-20','from':'DE','to':'GB','classes':['personal'],"
                      "'subjects':1}",
                      "2031-12-27"),
              "");
    CHECK_STR(changes("{'date':'2026-11-20','from':'DE','to':'GB','classes':['personal'],"
                      "'subjects':1}",
                      "2031-12-28"),
              "2031-12-28 needs_mechanism");
}

/* What was sent earlier this year is of this year: the count of China begins again on 1 January. */
TEST(a_count_of_the_calendar_year_begins_again_with_it)
{
    CHECK_STR(changes("{'date':'2026-11-20','from':'CN','to':'DE','classes':['personal'],"
                      "'subjects':500,'prior_subjects':120000}",
                      "2027-12-31"),
              "2027-01-01 allow_with_obligations");
    /* an assessment runs out, and the year that begins does not help who sends a million at once */
    CHECK_STR(changes("{'date':'2026-11-20','from':'CN','to':'DE','classes':['personal'],"
                      "'subjects':1000000,'mechanisms':['cn_security_assessment'],"
                      "'facts':{'mechanism_date':'2024-06-15'}}",
                      "2027-12-31"),
              "2027-06-15 needs_mechanism");
    /* twelve months are not a calendar year */
    CHECK_STR(changes("{'date':'2026-11-20','from':'US','to':'CN','classes':['health'],"
                      "'subjects':1,'prior_subjects':10000}",
                      "2027-12-31"),
              "");
}

TEST(a_day_before_the_check_or_after_a_century_is_refused)
{
#define ANY "{'date':'2026-11-20','from':'CN','to':'DE','classes':['personal'],'subjects':1}"
    CHECK_STR(changes(ANY, "2026-11-20"), "");
    CHECK_STR(changes(ANY, "2026-11-19"), err_name(ERR_RANGE));
    CHECK_STR(changes(ANY, "2126-11-21"), "");
    CHECK_STR(changes(ANY, "2126-11-22"), err_name(ERR_RANGE));
}

/* Compiles two made-up packs and says what differs, names only. */
static const char *differs(const char *before, const char *after)
{
    static char out[1024];
    const char *packs[] = { before, after };
    struct policy_book *book[2] = { NULL, NULL };
    char why[POLICY_WHY_SIZE] = "";
    for (size_t i = 0; i < 2; i++) {
        struct policy_compiled c;
        if (compile_with(packs[i], &c, why) != ERR_NONE ||
            policy_book_open(bytes_of(c.set, c.set_len), bytes_of(c.prose, c.prose_len),
                             suite_intl(), &book[i], why) != ERR_NONE) {
            return "!";
        }
        policy_compiled_free(&c);
    }
    json_t *parts = NULL;
    char *text = NULL;
    out[0] = '\0';
    if (policy_diff(book[0], book[1], &parts, &text) == ERR_NONE) {
        size_t len = 0;
        for (const char *line = text; *line != '\0';) {
            size_t size = strcspn(line, "\n");
            if (line[0] != ' ') {
                len += (size_t)snprintf(out + len, sizeof out - len, "%s%.*s", len == 0 ? "" : "; ",
                                        (int)size, line);
            }
            line += size + 1;
        }
    }
    json_free(parts);
    policy_text_free(text);
    policy_book_close(book[0]);
    policy_book_close(book[1]);
    return out;
}

TEST(what_two_folders_of_packs_do_not_share_is_named)
{
#define ONE  HEAD "lists: [{list: north, of: places, members: [NO]}]\nrules:\n"
#define MORE HEAD "lists: [{list: north, of: places, members: [NO, IS]}]\nrules:\n"
#define ASKS RULE("asks", "    effect: define\n    when: [to in north]\n")
    CHECK_STR(differs(ONE ASKS DUTY("a", "1"), ONE ASKS DUTY("a", "1")), "");
    CHECK_STR(differs(ONE ASKS DUTY("a", "1"), MORE ASKS DUTY("a", "1")), "list north");
    CHECK_STR(differs(ONE ASKS DUTY("a", "1"), ONE ASKS DUTY("a", "2")), "rule a");
    CHECK_STR(differs(ONE ASKS DUTY("a", "1"), ONE ASKS DENY("b", "1")), "rule a; rule b");
    CHECK_STR(differs(HEAD "rules: []\n",
                      "pack: DE\ncoverage: partial\nplaces: [DE]\nsource: 2026-11-20\n"
                      "articles_read: [X:1]\nrules: []\n"),
              "pack DE");
}

/* "mechanism cn_certification allow_with_obligations": what alone would give another verdict. */
static const char *would(const char *check)
{
    static const char *const KEYS[] = { "mechanism", "subjects", "sensitive_subjects", "fact" };
    static char out[1024];
    char why[POLICY_WHY_SIZE] = "";
    struct policy_check read;
    struct policy_verdict v;
    json_t *answer = NULL;
    enum err err = rig_check(check, &read, why);
    err = err == ERR_NONE ? policy_answer(rig_book(), &read, &v, &answer, why) : err;
    size_t len = (size_t)snprintf(out, sizeof out, "%s", err == ERR_NONE ? "" : err_name(err));
    const json_t *list = answer == NULL ? NULL : json_member(answer, "would_change");
    for (size_t i = 0; list != NULL && i < json_size(list); i++) {
        const json_t *one = json_at(list, i);
        const char *verdict = "?", *value = "?";
        for (size_t k = 0; k < COUNT(KEYS); k++) {
            if (json_get_str(one, KEYS[k], &value) == ERR_NONE &&
                json_get_str(one, "verdict", &verdict) == ERR_NONE && value[0] != '?') {
                len += (size_t)snprintf(out + len, sizeof out - len, "%s%s %s %s",
                                        len == 0 ? "" : "; ", KEYS[k], value, verdict);
                break;
            }
        }
    }
    json_free(answer);
    return out;
}

TEST(an_answer_says_what_alone_would_give_another_verdict)
{
#define AT "'date':'2026-11-20',"
    CHECK_STR(would("{" AT "'from':'US','to':'CN','classes':['health'],'subjects':5000}"),
              "subjects 10001 needs_mechanism; fact government_related needs_mechanism; "
              "fact hipaa_covered needs_mechanism");
    CHECK_STR(would("{" AT "'from':'CN','to':'DE','classes':['personal'],'subjects':500,"
                    "'prior_subjects':99000}"),
              "sensitive_subjects 1 needs_mechanism; subjects 1000 needs_mechanism; "
              "fact origin_overseas allow; fact important_notified needs_mechanism; "
              "fact recipient_restricted deny");
    CHECK_STR(would("{" AT "'from':'SG','to':'JP','classes':['personal'],'subjects':5}"),
              "mechanism contract allow_with_obligations; mechanism cbpr allow_with_obligations; "
              "mechanism mcc allow_with_obligations");
    CHECK_STR(would("{" AT "'from':'CN','to':'CN','classes':['personal'],'subjects':5}"), "");
}

/* A page is made from its pack, and kept in docs/rules: who changes a pack makes the page again. */
TEST(the_page_of_each_pack_is_the_one_that_is_made_of_it)
{
    CHECK(rig_book() != NULL);
    size_t count = 0;
    for (const char *name; (name = policy_page_name(rig_book(), count)) != NULL; count++) {
        char path[4096];
        uint8_t *kept = NULL;
        size_t len = 0;
        char *page = policy_page(rig_book(), count);
        snprintf(path, sizeof path, "%s/docs/rules/%s.md", CARNET_SOURCE_DIR, name);
        bool same = test_read_file(path, &kept, &len) && page != NULL && len == strlen(page) &&
                    memcmp(kept, page, len) == 0;
        if (!same) {
            printf("# docs/rules/%s.md: carnet rules show --rules rules --pages docs/rules\n",
                   name);
        }
        CHECK(same);
        free(kept);
        policy_text_free(page);
    }
    CHECK(count >= 32);
    CHECK(policy_page(rig_book(), count) == NULL);
}
