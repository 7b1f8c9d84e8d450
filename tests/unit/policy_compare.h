/* policy_compare — an answer against what a scenario expects, compared as the vocabulary says: the
 * verdict is equal, every expected conjunct is met by one of the answer's, every expected citation
 * by itself or a longer one below it, with at most four conjuncts more than expected and at most
 * twelve citations. */
#ifndef CARNET_TESTS_UNIT_POLICY_COMPARE_H
#define CARNET_TESTS_UNIT_POLICY_COMPARE_H

#include "tests/unit/policy_rig.h"

static inline bool text_in(const json_t *list, const char *text)
{
    for (size_t i = 0; i < json_size(list); i++) {
        const char *one = json_text_of(json_at(list, i));
        if (one != NULL && strcmp(one, text) == 0) {
            return true;
        }
    }
    return false;
}

/* An answer's conjunct meets an expected one when it contains all of it. */
static inline bool conjunct_meets(const json_t *answer, const json_t *expected)
{
    const char *answer_text = json_text_of(answer), *text = json_text_of(expected);
    if (text != NULL) {
        return answer_text != NULL ? strcmp(answer_text, text) == 0
                                   : text_in(json_member(answer, "any_of"), text);
    }
    const json_t *any = json_member(expected, "any_of");
    for (size_t i = 0; i < json_size(any); i++) {
        if (answer_text != NULL ||
            !text_in(json_member(answer, "any_of"), json_text_of(json_at(any, i)))) {
            return false;
        }
    }
    return true;
}

/* Citations without what matching ignores: a leading `s` of the article, spaces, `Art.`. */
static inline void cite_plain(const char *cite, char out[128])
{
    size_t len = 0;
    bool article = false;
    for (const char *p = cite; *p != '\0' && len < 126; p++) {
        if (article && (p[-1] == ':' && *p == 's' && p[1] >= '0' && p[1] <= '9')) {
            continue;
        }
        article = article || *p == ':';
        if (*p != ' ') {
            out[len++] = *p;
        }
    }
    out[len] = '\0';
}

static inline bool cite_meets(const char *answer, const char *expected)
{
    char a[128], e[128];
    cite_plain(answer, a);
    cite_plain(expected, e);
    size_t len = strlen(e);
    if (len >= 2 && strcmp(e + len - 2, ":*") == 0) {
        return strncmp(a, e, len - 1) == 0;
    }
    bool below = strncmp(a, e, len) == 0;
    return below && (a[len] == '\0' || a[len] == '(');
}

/* NULL when the answer is what was expected, else why not. */
static inline const char *difference(const json_t *answer, const json_t *expect)
{
    const char *got = "", *want = "";
    if (json_get_str(answer, "verdict", &got) != ERR_NONE ||
        json_get_str(expect, "verdict", &want) != ERR_NONE || strcmp(got, want) != 0) {
        return "another verdict";
    }
    const json_t *required = json_member(answer, "required"), *cites = json_member(answer, "cites");
    const json_t *need = json_member(expect, "required"), *cited = json_member(expect, "cites");
    if (json_size(required) > json_size(need) + 4) {
        return "too many conjuncts";
    }
    if (json_size(cites) > POLICY_CITE_MAX) {
        return "too many citations";
    }
    for (size_t i = 0; i < json_size(need); i++) {
        bool met = false;
        for (size_t k = 0; k < json_size(required); k++) {
            met = met || conjunct_meets(json_at(required, k), json_at(need, i));
        }
        if (!met) {
            return "a requirement is missing";
        }
    }
    for (size_t i = 0; i < json_size(cited); i++) {
        bool met = false;
        for (size_t k = 0; k < json_size(cites); k++) {
            met =
                met || cite_meets(json_text_of(json_at(cites, k)), json_text_of(json_at(cited, i)));
        }
        if (!met) {
            return "a citation is missing";
        }
    }
    return NULL;
}

#endif
