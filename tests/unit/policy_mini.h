/* policy_mini — made-up packs on the shipped vocabulary: head, rules, and their compilation. */
#ifndef CARNET_TESTS_UNIT_POLICY_MINI_H
#define CARNET_TESTS_UNIT_POLICY_MINI_H

#include "tests/unit/policy_rig.h"

#define HEAD                                                                                       \
    "pack: DE\ncoverage: full\nplaces: [DE]\nsource: 2026-11-20\narticles_read: [X:1]\n"
#define RULE(id, rest) "  - id: " id "\n    regime: eu_gdpr\n    note: {en: e, zh: z}\n" rest
#define FROM           "    in_force: {from: 2020-01-01}\n"
#define DUTY(id, article)                                         \
    RULE(id, "    effect: oblige\n    duties: [{duty: notice}]\n" \
             "    cites: [\"X:" article "\"]\n" FROM)
#define NEED(id, rank, word, article)                    \
    RULE(id, "    effect: require\n    rank: " rank "\n" \
             "    any_of: [" word "]\n    cites: [\"X:" article "\"]\n" FROM)
#define DENY(id, article) RULE(id, "    effect: deny\n    cites: [\"X:" article "\"]\n" FROM)
#define PERMIT(id, lifts, article)                        \
    RULE(id, "    effect: permit\n    lifts: " lifts "\n" \
             "    cites: [\"X:" article "\"]\n" FROM)

static inline struct policy_source file_of(const char *name)
{
    char path[4096];
    uint8_t *text = NULL;
    size_t len = 0;
    snprintf(path, sizeof path, "%s/%s", RULES_DIR, name);
    bool there = test_read_file(path, &text, &len);
    return (struct policy_source){ name, { text, there ? len : 0 } };
}

static inline enum err compile_with(const char *pack, struct policy_compiled *out,
                                    char why[POLICY_WHY_SIZE])
{
    struct policy_source sources[3] = { file_of("words.yaml"),
                                        file_of("places.yaml"),
                                        { "T.yaml", bytes_of_str(pack) } };
    enum err err = policy_compile(sources, 3, suite_intl(), out, why);
    free((void *)(uintptr_t)sources[0].text.ptr);
    free((void *)(uintptr_t)sources[1].text.ptr);
    return err;
}

#endif
