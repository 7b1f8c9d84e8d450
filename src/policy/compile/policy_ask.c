#include <string.h>

#include "policy/compile/book_internal.h"

/* What is being asked of: the check as far as it goes, and the verdict on it. */
struct asking {
    const struct policy_book *book;
    const json_t *check, *asked;
    uint32_t day;
    struct policy_verdict base;
    struct policy_question *out;
};

static const char *const PERSONS[] = { "1", "101", "1001", "10001", "100001", "1000001" };
static const char *const NUMBERS[] = { "1", "2", "3", "4", "13", "15", "200000", "2000000" };
static const char *const PLACES[] = { "CN", "US", "IN", "RU", "DE" };
static const char *const DAYS[] = { "2000-01-01", "2100-01-01" };
static const char *const YES_NO[] = { "true", "false" };

/* The members of a check in the order in which a person is asked. */
static const struct core_question {
    const char *member;
    enum policy_question_kind kind;
    uint32_t use; /* of words; 0: the candidates are written out */
    const char *const *candidates;
    size_t count;
} CORE[] = {
    { "classes", POLICY_ASK_WORDS, WORD_CLASS, NULL, 0 },
    { "subjects", POLICY_ASK_NUMBER, 0, PERSONS, COUNT(PERSONS) },
    { "sensitive_subjects", POLICY_ASK_NUMBER, 0, PERSONS, COUNT(PERSONS) },
    { "prior_subjects", POLICY_ASK_NUMBER, 0, PERSONS, COUNT(PERSONS) },
    { "role", POLICY_ASK_WORD, WORD_ROLE, NULL, 0 },
    { "important_data", POLICY_ASK_YES, 0, YES_NO, COUNT(YES_NO) },
    { "sector", POLICY_ASK_WORD, WORD_SECTOR, NULL, 0 },
    { "purpose", POLICY_ASK_WORD, WORD_PURPOSE, NULL, 0 },
    { "mechanisms", POLICY_ASK_WORDS, WORD_MECHANISM, NULL, 0 },
};

static json_t *value_json(enum policy_question_kind kind, const char *text)
{
    json_t *list;
    switch (kind) {
    case POLICY_ASK_YES:
        return json_new_bool(strcmp(text, "true") == 0);
    case POLICY_ASK_WORDS:
        list = json_new_array();
        json_push(list, json_new_str(text));
        return list;
    case POLICY_ASK_NUMBER:
    case POLICY_ASK_WORD:
    case POLICY_ASK_DAY:
    case POLICY_ASK_PLACE:
        break;
    }
    return json_new_str(text); /* a count may be a decimal text (DESIGN 7) */
}

/* Would this value change verdict, requirements or articles? One that cannot be read would not. */
static bool changes(const struct asking *a, const char *member, bool fact,
                    enum policy_question_kind kind, const char *text)
{
    char why[POLICY_WHY_SIZE];
    struct policy_check check;
    struct policy_verdict v;
    json_t *with = json_copy_of(a->check);
    if (fact) {
        const json_t *old = json_member(a->check, "facts");
        json_t *facts = old == NULL ? json_new_object() : json_copy_of(old);
        json_put(facts, member, value_json(kind, text));
        json_put(with, "facts", facts);
    } else {
        json_put(with, member, value_json(kind, text));
    }
    bool readable = policy_check_read(a->book, with, &check, why) == ERR_NONE &&
                    policy_evaluate(a->book->set, &check.facts, a->day, NULL, 0, &v) == ERR_NONE;
    json_free(with);
    return readable && !policy_verdict_same(&a->base, &v);
}

static void choice_try(const struct asking *a, const char *text)
{
    struct policy_question *q = a->out;
    if (changes(a, q->member, q->fact, q->kind, text) && q->choice_count < POLICY_CHOICE_MAX) {
        q->choices[q->choice_count++] = text;
    }
}

static bool text_in(const json_t *list, const char *text)
{
    for (size_t i = 0; list != NULL && i < json_size(list); i++) {
        const char *one = json_text_of(json_at(list, i));
        if (one != NULL && strcmp(one, text) == 0) {
            return true;
        }
    }
    return false;
}

/* True when the question matters: some value of it gives another answer. */
static bool matters(const struct asking *a, const char *member, bool fact,
                    enum policy_question_kind kind, uint32_t use, const char *const *candidates,
                    size_t count)
{
    const json_t *in = fact ? json_member(a->check, "facts") : a->check;
    if (text_in(a->asked, member) || (in != NULL && json_member(in, member) != NULL)) {
        return false;
    }
    *a->out = (struct policy_question){ .member = member, .fact = fact, .kind = kind };
    for (size_t i = 0; i < count; i++) {
        choice_try(a, candidates[i]);
    }
    for (uint32_t n = 1; use != 0 && n <= a->book->set->word_uses.count; n++) {
        if (set_word_is(a->book->set, n, use)) {
            choice_try(a, book_word(a->book, n));
        }
    }
    return a->out->choice_count > 0;
}

static bool fact_matters(const struct asking *a, uint32_t number)
{
    const char *name = book_fact(a->book, number);
    if (number < FACT_FIRST_OPEN || number > FACT_NUMBER_MAX) {
        return false; /* a member of the check itself */
    }
    switch ((enum policy_type)a->book->set->facts[a->book->set->fact_row[number] - 1].type) {
    case POLICY_BOOL:
        return matters(a, name, true, POLICY_ASK_YES, 0, YES_NO, COUNT(YES_NO));
    case POLICY_U64:
        return matters(a, name, true, POLICY_ASK_NUMBER, 0, NUMBERS, COUNT(NUMBERS));
    case POLICY_DAY:
        return matters(a, name, true, POLICY_ASK_DAY, 0, DAYS, COUNT(DAYS));
    case POLICY_PLACE:
        return matters(a, name, true, POLICY_ASK_PLACE, 0, PLACES, COUNT(PLACES));
    case POLICY_WORD:
        return matters(a, name, true, POLICY_ASK_WORD, WORD_VALUE, NULL, 0);
    }
    return false;
}

enum err policy_ask(const struct policy_book *b, const json_t *check, uint32_t day,
                    const json_t *asked, struct policy_question *out, char why[POLICY_WHY_SIZE])
{
    struct policy_question found = { 0 };
    struct policy_check read;
    struct asking a = { .book = b, .check = check, .asked = asked, .day = day, .out = &found };
    TRY(policy_check_read(b, check, &read, why));
    TRY(policy_evaluate(b->set, &read.facts, day, NULL, 0, &a.base));
    bool matter = false;
    for (size_t i = 0; i < COUNT(CORE) && !matter; i++) {
        matter = matters(&a, CORE[i].member, false, CORE[i].kind, CORE[i].use, CORE[i].candidates,
                         CORE[i].count);
    }
    for (size_t i = 0; i < a.base.assumed_count && !matter; i++) {
        matter = fact_matters(&a, a.base.assumed[i]);
    }
    matter = matter || matters(&a, "onward", true, POLICY_ASK_WORDS, 0, PLACES, COUNT(PLACES));
    if (!matter) {
        why[0] = '\0';
        return ERR_NOT_FOUND;
    }
    *out = found;
    return ERR_NONE;
}

/* Members of a check that are no facts have no words in the book. */
static const struct {
    const char *member, *en, *zh;
} MEMBERS[] = {
    { "classes", "the kinds of data", "数据的种类" },
    { "role", "the role of the exporter", "出境方的身份" },
    { "sector", "the exporter's sector", "出境方所属行业" },
    { "purpose", "what the data is sent for", "提供数据的目的" },
    { "mechanisms", "what is in place for the transfer", "已具备的出境机制或者依据" },
    { "onward", "where the recipient will send it on", "接收方将再提供至的国家或者地区" },
};

const char *policy_question_said(const struct policy_book *b, const struct policy_question *q,
                                 enum policy_language language)
{
    for (size_t i = 0; i < COUNT(MEMBERS); i++) {
        if (strcmp(MEMBERS[i].member, q->member) == 0) {
            return language == POLICY_CHINESE ? MEMBERS[i].zh : MEMBERS[i].en;
        }
    }
    for (uint32_t n = 1; n <= FACT_NUMBER_MAX; n++) {
        if (strcmp(book_fact(b, n), q->member) == 0) {
            return book_fact_said(b, n, language);
        }
    }
    return q->member;
}

const char *policy_question_word(const struct policy_book *b, const struct policy_question *q,
                                 enum policy_language language, const char *text)
{
    uint32_t use = WORD_VALUE;
    for (size_t i = 0; i < COUNT(CORE) && !q->fact; i++) {
        use = strcmp(CORE[i].member, q->member) == 0 ? CORE[i].use : use;
    }
    for (uint32_t n = 1; n <= b->set->word_uses.count; n++) {
        if (set_word_is(b->set, n, use) && strcmp(book_said(b, n, language), text) == 0) {
            return book_word(b, n);
        }
    }
    return text;
}
