/* compile_internal — the tables that grow while rule files are read, and how errors are said. */
#ifndef CARNET_POLICY_COMPILE_COMPILE_INTERNAL_H
#define CARNET_POLICY_COMPILE_COMPILE_INTERNAL_H

#include "policy/compile/policy_compile.h"
#include "policy/compile/yaml_internal.h"
#include "policy/set_internal.h"

struct word_row {
    const char *text, *en, *zh;
    uint32_t uses;
};
struct fact_row {
    const char *name;
    const struct yaml *node; /* its defaults are read when lists are known */
};
struct place_row {
    const char *code; /* ISO 3166-1 alpha-2 */
    const char *name, *zh;
};
struct list_row {
    const char *name;
};
struct pack_row {
    const struct yaml *node;
    const char *file;
};
struct rule_row {
    const char *id;
    const struct yaml *node;
    size_t pack;
};

struct compile {
    struct arena *arena;
    char *why; /* POLICY_WHY_SIZE */
    const char *file;
    struct policy_set set;
    struct word_row words[SET_WORD_MAX + 1]; /* by number */
    uint32_t word_uses[SET_WORD_MAX];
    struct fact_row facts[FACT_NUMBER_MAX + 1]; /* by number */
    struct place_row places[SET_PLACE_MAX];     /* beside set.places */
    struct list_row lists[SET_LIST_MAX];
    struct pack_row packs[SET_PACK_MAX];
    struct rule_row rules[SET_PACK_MAX * 64]; /* by number - 1 */
    const char *cites[SET_CITE_MAX];          /* by number - 1 */
    size_t rule_count, cite_count;
};
enum { COMPILE_RULE_MAX = SET_PACK_MAX * 64 };

/* Writes "file:line: text" and gives the error; the first error is the one that is told. */
__attribute__((format(printf, 4, 5))) MUST_USE enum err say(struct compile *c,
                                                            const struct yaml *at, enum err err,
                                                            const char *format, ...);

/* Typed members of a map; `need` refuses absence. */
MUST_USE enum err members_only(struct compile *c, const struct yaml *map, const char *const *known);
MUST_USE enum err member_text(struct compile *c, const struct yaml *map, const char *key, bool need,
                              const char **out);
MUST_USE enum err member_number(struct compile *c, const struct yaml *map, const char *key,
                                bool need, uint64_t max, uint64_t *out);
MUST_USE enum err member_list(struct compile *c, const struct yaml *map, const char *key, bool need,
                              const struct yaml **out);
MUST_USE enum err day_of(struct compile *c, const struct yaml *at, const char *text, uint32_t *out);
bool number_of_text(const char *text, uint64_t max, uint64_t *out);

/* Names to numbers; 0 or NULL when unknown. */
uint32_t word_number(const struct compile *c, const char *text);
uint32_t fact_number(const struct compile *c, const char *name);
uint32_t place_number(const struct compile *c, const char *code);
uint32_t list_number(const struct compile *c, const char *name);
MUST_USE enum err word_of(struct compile *c, const struct yaml *at, const char *text, uint32_t use,
                          uint32_t *out);
MUST_USE enum err cite_of(struct compile *c, const struct yaml *at, const char *text,
                          uint32_t *out);

/* compile_words.c */
MUST_USE enum err words_read(struct compile *c, const struct yaml *file);
MUST_USE enum err lists_read(struct compile *c, const struct yaml *lists);
MUST_USE enum err facts_finish(struct compile *c);
/* compile_tests.c: `pack` NULL in a default; its rules so far are those with numbers known. */
MUST_USE enum err tests_read(struct compile *c, const struct yaml *when,
                             const struct set_pack *pack, size_t first_rule, struct set_tests *out);
/* compile_pack.c */
MUST_USE enum err pack_read(struct compile *c, const struct yaml *file);
/* compile_terms.c */
MUST_USE enum err terms_read(struct compile *c, const struct yaml *rule, struct set_rule *out);
/* compile_prose.c */
MUST_USE enum err prose_write(struct compile *c, char **out, size_t *len);

#endif
