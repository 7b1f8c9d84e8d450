/* law_internal — the rule packs that a command judges by. */
#ifndef CARNET_CLI_LAW_INTERNAL_H
#define CARNET_CLI_LAW_INTERNAL_H

#include "cli/cli.h"
#include "policy/compile/policy_compile.h"

/* --rules DIR, else what this release carries. No space is needed. policy_book_close. */
MUST_USE enum err law_book(struct cli *c, struct policy_book **out);
MUST_USE enum err law_book_dir(struct cli *c, const char *dir, struct policy_book **out);
/* --lang; English without it. ERR_USAGE for a language that there is no text in. */
MUST_USE enum err law_language(struct cli *c, enum policy_language *out);
#define LAW_LANGUAGE_ROW                                                   \
    {                                                                      \
        "--lang", "en|zh", "language of questions and answers (en)"        \
    }
/* What a check is answered, into c->answer and c->text. Without a date: today, in UTC. */
MUST_USE enum err law_answer(struct cli *c, const struct policy_book *book,
                             struct policy_check *check, enum policy_language language,
                             bool explain);
#define LAW_RULES_ROW                                                      \
    {                                                                      \
        "--rules", "DIR", "rule packs to use (else those of this release)" \
    }

#endif
