/* policy_rig — what the tests of policy share: the shipped packs, compiled once, and short checks.
 */
#ifndef CARNET_TESTS_UNIT_POLICY_RIG_H
#define CARNET_TESTS_UNIT_POLICY_RIG_H

#include <stdlib.h>

#include "crypto/suite.h"
#include "policy/compile/policy_compile.h"
#include "tests/test.h"

#define RULES_DIR CARNET_SOURCE_DIR "/rules"

/* NULL, with the reason printed, when the shipped packs do not compile. */
static inline const struct policy_book *rig_book(void)
{
    static struct policy_book *book;
    char why[POLICY_WHY_SIZE];
    if (book == NULL && policy_book_dir(RULES_DIR, suite_intl(), &book, why) != ERR_NONE) {
        printf("# %s\n", why);
    }
    return book;
}

/* One check as a person writes it, single quotes for double ones. */
static inline enum err rig_check(const char *text, struct policy_check *check,
                                 char why[POLICY_WHY_SIZE])
{
    char copy[4096];
    if (rig_book() == NULL) {
        snprintf(why, POLICY_WHY_SIZE, "the shipped packs do not compile");
        return ERR_FAILED;
    }
    snprintf(copy, sizeof copy, "%s", text);
    for (char *c = copy; *c != '\0'; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    json_t *json;
    enum err err = json_read(bytes_of_str(copy), sizeof copy, &json, why);
    if (err == ERR_NONE) {
        err = policy_check_read(rig_book(), json, check, why);
        json_free(json);
    }
    return err;
}

/* "verdict: required; required | cites": a verdict compared whole. Lives until the next call. */
static inline const char *rig_trace(const char *text)
{
    static char out[2048];
    char why[POLICY_WHY_SIZE] = "";
    struct policy_check check;
    struct policy_verdict v;
    json_t *answer;
    enum err err = rig_check(text, &check, why);
    err = err == ERR_NONE ? policy_answer(rig_book(), &check, &v, &answer, why) : err;
    if (err != ERR_NONE) {
        snprintf(out, sizeof out, "!%s %s", err_name(err), why);
        return out;
    }
    const char *verdict = "";
    if (json_get_str(answer, "verdict", &verdict) != ERR_NONE) {
        verdict = "?";
    }
    size_t len = (size_t)snprintf(out, sizeof out, "%s:", verdict);
    const json_t *required = json_member(answer, "required");
    for (size_t i = 0; i < json_size(required); i++) {
        const json_t *c = json_at(required, i);
        const json_t *any = json_text_of(c) != NULL ? NULL : json_member(c, "any_of");
        len += (size_t)snprintf(out + len, sizeof out - len, i == 0 ? " " : "; ");
        if (any == NULL) {
            len += (size_t)snprintf(out + len, sizeof out - len, "%s", json_text_of(c));
        }
        for (size_t k = 0; any != NULL && k < json_size(any); k++) {
            len += (size_t)snprintf(out + len, sizeof out - len, "%s%s", k == 0 ? "" : "/",
                                    json_text_of(json_at(any, k)));
        }
    }
    const json_t *cites = json_member(answer, "cites");
    for (size_t i = 0; i < json_size(cites); i++) {
        len += (size_t)snprintf(out + len, sizeof out - len, "%s%s", i == 0 ? " | " : " ",
                                json_text_of(json_at(cites, i)));
    }
    json_free(answer);
    return out;
}

/* Only the verdict's word. */
static inline const char *rig_verdict(const char *text)
{
    static char out[64];
    const char *trace = rig_trace(text);
    snprintf(out, sizeof out, "%.*s", (int)strcspn(trace, ": "), trace);
    return out;
}

#endif
