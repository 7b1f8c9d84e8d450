/* The wizard's questions: only those whose answer can matter, and all of them come to an end. */
#include "tests/unit/policy_rig.h"

static json_t *json_of(const char *text)
{
    char copy[1024];
    json_t *j = NULL;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *c = copy; *c != '\0'; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    return json_read(bytes_of_str(copy), sizeof copy, &j, NULL) == ERR_NONE ? j : NULL;
}

enum { DAY = 20777 /* 2026-11-20 */ };

/* The members asked for one after another when nobody answers. */
static const char *asked_of(const char *text)
{
    static char out[1024];
    char why[POLICY_WHY_SIZE] = "";
    json_t *check = json_of(text), *asked = json_new_array();
    struct policy_question q;
    size_t len = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < 100; i++) {
        enum err err = policy_ask(rig_book(), check, DAY, asked, &q, why);
        if (err != ERR_NONE) {
            snprintf(out + len, sizeof out - len, "%s", err == ERR_NOT_FOUND ? "." : err_name(err));
            break;
        }
        len += (size_t)snprintf(out + len, sizeof out - len, "%s ", q.member);
        json_push(asked, json_new_str(q.member));
    }
    json_free(check);
    json_free(asked);
    return out;
}

TEST(nothing_is_asked_when_no_answer_can_matter)
{
    CHECK(rig_book() != NULL);
    CHECK_STR(asked_of("{'from':'KH','to':'LA'}"), ".");
    CHECK_STR(asked_of("{'from':'BT','to':'KH'}"), ".");
    CHECK_STR(asked_of("{'from':'CN','to':'QQ'}"), "unknown_word");
}

TEST(what_is_asked_depends_on_the_law_of_the_two_places)
{
    CHECK_STR(asked_of("{'from':'PH','to':'SG','classes':['personal']}"), ".");
    CHECK_STR(asked_of("{'from':'LA','to':'TH','classes':['personal']}"), "mechanisms .");
    CHECK_STR(asked_of("{'from':'SA','to':'US','classes':['personal']}"), "mechanisms .");
    CHECK_STR(asked_of("{'from':'SA','to':'US','classes':['personal'],"
                       "'mechanisms':['sa_standard_contract']}"),
              "tia .");
    CHECK_STR(asked_of("{'from':'RU','to':'TR','classes':['personal']}"),
              "authority_notified collection_database .");
}

/* Whatever the places: every question names a value that changes the answer, none comes twice, and
 * there is an end to it. */
TEST(every_question_names_a_value_that_changes_the_answer)
{
    static const char *const PLACES[] = { "CN", "DE", "GB", "US", "SG", "JP", "HK", "IN", "AU" };
    char why[POLICY_WHY_SIZE] = "", text[200];
    unsigned questions = 0;
    for (size_t i = 0; i < COUNT(PLACES) * COUNT(PLACES); i++) {
        const char *from = PLACES[i / COUNT(PLACES)], *to = PLACES[i % COUNT(PLACES)];
        snprintf(text, sizeof text,
                 "{'from':'%s','to':'%s','classes':['personal'],'subjects':5000}", from, to);
        json_t *check = json_of(text), *asked = json_new_array();
        struct policy_question q;
        enum err err;
        while ((err = policy_ask(rig_book(), check, DAY, asked, &q, why)) == ERR_NONE) {
            CHECK(q.choice_count > 0);
            json_push(asked, json_new_str(q.member));
            CHECK(json_size(asked) < 60);
            questions++;
        }
        CHECK_ERR(err, ERR_NOT_FOUND);
        json_free(check);
        json_free(asked);
    }
    printf("# %u questions for %zu pairs of places\n", questions, COUNT(PLACES) * COUNT(PLACES));
    CHECK(questions > 200);
}

/* `comply wizard --lang zh` asks in Chinese, and takes an answer in Chinese for the word it says.
 */
TEST(a_question_is_said_and_answered_in_both_languages)
{
    static const struct {
        const char *member;
        bool fact;
        const char *zh, *typed, *word;
    } CASES[] = {
        { "classes", false, "数据的种类", "健康医疗", "health" },
        { "mechanisms", false, "已具备的出境机制或者依据", "取得个人同意", "consent" },
        { "role", false, "出境方的身份", "公共机构", "public_body" },
        { "recipient_role", true, "接收方的角色", "转委托的受托人", "subprocessor" },
        { "subjects", false, "本次传输涉及的自然人数量", "5", "5" },
        { "tia", true, "传输影响评估的结论", "pass", "pass" },
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct policy_question q = { .member = CASES[i].member, .fact = CASES[i].fact };
        CHECK_STR(policy_question_said(rig_book(), &q, POLICY_CHINESE), CASES[i].zh);
        CHECK_STR(policy_question_word(rig_book(), &q, POLICY_CHINESE, CASES[i].typed),
                  CASES[i].word);
    }
    struct policy_question role = { .member = "role" };
    CHECK_STR(policy_question_said(rig_book(), &role, POLICY_ENGLISH), "the role of the exporter");
    CHECK_STR(policy_question_word(rig_book(), &role, POLICY_ENGLISH, "a public body"),
              "public_body");
    CHECK_STR(policy_question_word(rig_book(), &role, POLICY_CHINESE, "健康医疗"),
              "健康医疗"); /* a class is no role */
    CHECK_STR(policy_book_said(rig_book(), "health", POLICY_CHINESE), "健康医疗");
    CHECK_STR(policy_book_said(rig_book(), "gardening", POLICY_CHINESE), "gardening");
}
