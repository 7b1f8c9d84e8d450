/* book_internal — a set with its words: numbers to texts and back, for the files that speak. */
#ifndef CARNET_POLICY_COMPILE_BOOK_INTERNAL_H
#define CARNET_POLICY_COMPILE_BOOK_INTERNAL_H

#include "policy/compile/policy_compile.h"
#include "policy/set_internal.h"

struct book_text {
    const char *name, *en, *zh;
};
struct book_place {
    const char *code, *en, *zh;
    uint32_t number;
};
struct book_rule {
    const char *id, *effect, *en, *zh;
    const json_t *cites, *conflict; /* conflict: NULL for most */
    size_t pack;
};

struct policy_book {
    void *memory;
    const struct policy_set *set;
    json_t *prose;                            /* owns every text below */
    struct book_text words[SET_WORD_MAX + 1]; /* by number */
    struct book_text facts[FACT_NUMBER_MAX + 1]; /* by number, name NULL when there is none */
    struct book_place places[SET_PLACE_MAX];
    struct book_rule *rules; /* by number - 1 */
    const char **cites;      /* by number - 1 */
    size_t place_count, rule_count, cite_count;
};

/* Texts of numbers; the engine gave them, so they exist: "?" for one that does not. */
const char *book_word(const struct policy_book *b, uint32_t number);
const char *book_said(const struct policy_book *b, uint32_t number, enum policy_language language);
const char *book_fact(const struct policy_book *b, uint32_t number);
const char *book_fact_said(const struct policy_book *b, uint32_t number,
                           enum policy_language language);
const char *book_place(const struct policy_book *b, uint32_t number);
const char *book_place_name(const struct policy_book *b, uint32_t number,
                            enum policy_language language);
const char *book_rule(const struct policy_book *b, uint32_t number);
const char *book_rule_note(const struct policy_book *b, uint32_t number,
                           enum policy_language language);
const char *book_cite(const struct policy_book *b, uint32_t number);
/* Numbers of texts, 0 when unknown. A word counts only where it may stand. */
uint32_t book_word_number(const struct policy_book *b, const char *text, uint32_t use);
uint32_t book_fact_number(const struct policy_book *b, const char *text);
uint32_t book_place_number(const struct policy_book *b, const char *code);
const char *policy_code_word(uint32_t code);
const char *policy_coverage_word(uint32_t coverage);

/* policy_would.c: what alone would give another verdict: a missing mechanism, an assumed fact the
 * other way round, as many persons as a threshold. At most WOULD_MAX evaluations. */
enum { WOULD_MAX = 64 };
json_t *would_change(const struct policy_book *b, const struct policy_check *check,
                     const struct policy_verdict *v);
/* Verdict, required and citations are the same; days and coverage may differ. */
bool policy_verdict_same(const struct policy_verdict *a, const struct policy_verdict *b);

/* compile_terms.c: the names of terms and of forms of consent in pack files. */
const char *term_name(uint32_t kind);
const char *term_consent(uint64_t form);

/* A note in words: what policy_explain is made of, in policy_explain_facts.c. */
struct text;
void explain_facts(struct text *t, const struct policy_book *b, const struct policy_check *check,
                   enum policy_language language);
void explain_assumed(struct text *t, const struct policy_book *b, const struct policy_check *check,
                     const struct policy_verdict *v, enum policy_language language);
void explain_changes(struct text *t, const struct policy_book *b, const struct policy_check *check,
                     const struct policy_verdict *v, enum policy_language language);
/* 1,234,567 */
void explain_count(struct text *t, uint64_t n);

/* Text that grows; `failed` when memory is out. */
struct text {
    char *at;
    size_t len, cap;
    bool failed;
};
__attribute__((format(printf, 2, 3))) void text_put(struct text *t, const char *format, ...);
/* policy_render.c: the tests of a rule, its effect, a list, in the words of the pack files. */
void render_tests(struct text *t, const struct policy_book *b, const struct set_pack *p,
                  struct set_tests tests);
void render_rule(struct text *t, const struct policy_book *b, const struct set_pack *p,
                 const struct set_rule *r);
void render_list(struct text *t, const struct policy_book *b, const struct set_list *list);
void render_days(struct text *t, uint32_t from, uint32_t to);
const char *render_effect(uint32_t effect);
const char *render_rank(uint32_t rank);
/* policy_terms.c: `terms` of an answer, when some rule has any; the conflicts between them. */
void terms_put(const struct policy_book *b, const struct policy_check *check,
               const struct policy_verdict *v, json_t *answer);
void terms_conflicts(const struct policy_book *b, const struct policy_verdict *v, json_t *list);
void terms_say(const struct policy_book *b, const struct policy_check *check,
               const struct policy_verdict *v, enum policy_language language, struct text *t);
void terms_conflicts_say(const struct policy_book *b, const struct policy_verdict *v,
                         enum policy_language language, struct text *t);

#endif
