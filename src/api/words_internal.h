/* words — the prose of the law this space began with: what a browser needs to say a verdict.
 *
 * The ledger holds numbers. prose.json of the space directory holds their words, and is given out
 * only if it is the file that the set of genesis names by its hash. */
#ifndef CARNET_API_WORDS_INTERNAL_H
#define CARNET_API_WORDS_INTERNAL_H

#include "api/api.h"

struct words {
    uint8_t *prose; /* NULL: none here */
    size_t len;
    struct hash set; /* whose numbers they are */
};

/* Never fails: without the right file there are no words, and verdicts are shown in numbers. */
void words_open(struct words *w, const struct node *n);
void words_close(struct words *w);

#endif
