/* law_space — which rule packs a space is judged by, and the words behind their numbers.
 *
 * A set travels in pieces through state and is in force from a height on (FORMATS 9); its words
 * do not: they lie beside the genesis, or in the release that brought the set. */
#ifndef CARNET_CLI_LAW_SPACE_INTERNAL_H
#define CARNET_CLI_LAW_SPACE_INTERNAL_H

#include "cli/actions_internal.h"

struct law_space {
    struct hash set; /* what the next block is judged by */
    uint64_t since, height;
    struct hash next; /* zero: none is decided */
    uint64_t next_height;
};
/* ERR_NOT_FOUND, and said: a space without law. */
MUST_USE enum err law_space(struct session *s, struct law_space *out);
/* This very piece of the set is in state already. */
bool law_piece_there(struct session *s, const struct hash *set, uint32_t index, uint32_t count,
                     struct bytes piece);
/* The words of a set into the space directory, where action_book finds them. */
MUST_USE enum err law_words_keep(struct session *s, const struct policy_compiled *law);

#endif
