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
