/* policy/compile — rule packs from YAML to canonical bytes, and the words around a verdict.
 *
 * Offline and for the shell only: it reads files, allocates, and knows words; the engine in
 * policy/policy.h knows numbers. Nothing here decides. Page: docs/policy.md */
#ifndef CARNET_POLICY_COMPILE_POLICY_COMPILE_H
#define CARNET_POLICY_COMPILE_POLICY_COMPILE_H

#include "base/json.h"
#include "policy/policy.h"

enum {
    POLICY_WHY_SIZE = 512,
    POLICY_SOURCE_MAX = 80, /* rule files of one set */
    POLICY_PROSE_SIZE_MAX = 4 << 20,
    POLICY_CHOICE_MAX = 64,
    POLICY_NAME_SIZE_MAX = 128, /* id of a check */
    POLICY_DAYS_MAX = 36525     /* one call looks at a century: half a second */
};

struct policy_source {
    const char *name; /* as errors name it; "words.yaml" and "places.yaml" are read first */
    struct bytes text;
};
struct policy_compiled {
    uint8_t *set;   /* canonical PackSet bytes; malloc'ed, as is prose */
    uint8_t *prose; /* canonical JSON: words, rule ids, citations, notes */
    size_t set_len, prose_len;
};

/* Compile. `suite` hashes the prose file. On error *why is "file:line: reason": ERR_UNREADABLE,
 * ERR_UNKNOWN_WORD, ERR_RANGE, ERR_SIZE. The order of the sources does not matter. */
MUST_USE enum err policy_compile(const struct policy_source *sources, size_t count,
                                 const struct suite *suite, struct policy_compiled *out,
                                 char why[POLICY_WHY_SIZE]);
/* Every *.yaml of a directory. ERR_NOT_FOUND, ERR_UNREADABLE besides. */
MUST_USE enum err policy_compile_dir(const char *dir, const struct suite *suite,
                                     struct policy_compiled *out, char why[POLICY_WHY_SIZE]);
void policy_compiled_free(struct policy_compiled *c);
/* A set with its words. ERR_INTEGRITY: the prose is not the one that the set names. */
struct policy_book;
MUST_USE enum err policy_book_open(struct bytes set, struct bytes prose, const struct suite *suite,
                                   struct policy_book **out, char why[POLICY_WHY_SIZE]);
MUST_USE enum err policy_book_dir(const char *dir, const struct suite *suite,
                                  struct policy_book **out, char why[POLICY_WHY_SIZE]);
void policy_book_close(struct policy_book *b);
enum policy_language { POLICY_ENGLISH, POLICY_CHINESE };
/* A word of the vocabulary as explanations say it; itself when it is none. */
const char *policy_book_said(const struct policy_book *b, const char *word,
                             enum policy_language language);
const struct policy_set *policy_book_set(const struct policy_book *b);
/* "CN" of 156; NULL: no such place. Lives as long as the book. */
const char *policy_book_place(const struct policy_book *b, uint32_t numeric);
/* 156 of "CN", 826 of "GB" and of "UK"; 0: no such place. */
uint32_t policy_book_place_number(const struct policy_book *b, const char *code);
/* What compiles but looks wrong: definitions nobody asks, lists nobody asks, permits that lift
 * nothing, rules that say the same twice. One line each into *out (policy_text_free). */
MUST_USE enum err policy_lint(const struct policy_book *b, size_t *findings, char **out);

/* One check in the words of the vocabulary. */
struct policy_check {
    char id[POLICY_NAME_SIZE_MAX + 1];
    struct policy_facts facts;
    uint32_t day;
    bool day_given, strict;
};
/* `expect` and `why` are read past. ERR_UNKNOWN_WORD (*why lists the known ones), ERR_RANGE,
 * ERR_UNREADABLE. Without `date` day_given is false and the caller puts the day. */
MUST_USE enum err policy_check_read(const struct policy_book *b, const json_t *check,
                                    struct policy_check *out, char why[POLICY_WHY_SIZE]);
/* Evaluate, and answer as DESIGN 7 has it. would_change: single mechanisms, facts and numbers of
 * persons that would give another verdict. *out: json_free. */
MUST_USE enum err policy_answer(const struct policy_book *b, const struct policy_check *check,
                                struct policy_verdict *verdict, json_t **out,
                                char why[POLICY_WHY_SIZE]);
json_t *policy_verdict_json(const struct policy_book *b, const struct policy_check *check,
                            const struct policy_verdict *v);
/* The next question whose answer can matter, for a check that says at least from and to: some value
 * of the member gives another verdict, requirement or article. `asked` lists members not to ask
 * again. ERR_NOT_FOUND: nothing that is left can matter. choices live as long as the book. */
enum policy_question_kind {
    POLICY_ASK_YES, POLICY_ASK_NUMBER, POLICY_ASK_WORD, POLICY_ASK_WORDS, POLICY_ASK_DAY,
    POLICY_ASK_PLACE
};
struct policy_question {
    const char *member;
    bool fact; /* a member of `facts` */
    enum policy_question_kind kind;
    const char *choices[POLICY_CHOICE_MAX]; /* values that change the answer; not all there are */
    size_t choice_count;
};
MUST_USE enum err policy_ask(const struct policy_book *b, const json_t *check, uint32_t day,
                             const json_t *asked, struct policy_question *out,
                             char why[POLICY_WHY_SIZE]);
/* What is asked, as a person is told it: "the recipient is a foreign body". */
const char *policy_question_said(const struct policy_book *b, const struct policy_question *q,
                                 enum policy_language language);
/* The word that answers it, of a text that is the word or what is said of it; else text. */
const char *policy_question_word(const struct policy_book *b, const struct policy_question *q,
                                 enum policy_language language, const char *text);
/* Each day after the check's, up to `until`, on which verdict, required or citations change. Counts
 * of a calendar year begin again with it. ERR_RANGE: until is earlier, or beyond POLICY_DAYS_MAX.
 */
MUST_USE enum err policy_days(const struct policy_book *b, const struct policy_check *check,
                              uint32_t until, json_t **out);
/* Packs, rules and lists that two books do not share, as JSON and as text (policy_text_free). */
MUST_USE enum err policy_diff(const struct policy_book *before, const struct policy_book *after,
                              json_t **out, char **text);
/* The page of a pack, from 0, and whose it is ("CN"); NULL beyond the last, and without memory. */
char *policy_page(const struct policy_book *b, size_t pack);
const char *policy_page_name(const struct policy_book *b, size_t pack);
/* The reasoning as a person reads it, with the articles and what to do next. */
MUST_USE enum err policy_explain(const struct policy_book *b, const struct policy_check *check,
                                 const struct policy_verdict *v, enum policy_language language,
                                 char **out);
/* The packs, their rules, citations and dates as `rules show` prints them. */
json_t *policy_book_json(const struct policy_book *b);
void policy_text_free(char *text);

#endif
