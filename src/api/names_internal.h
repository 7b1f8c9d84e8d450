/* names — what this machine calls participants: the NAME.did files beside its keys.
 *
 * No name is on the ledger. These are the operator's own, and are told to nobody else. */
#ifndef CARNET_API_NAMES_INTERNAL_H
#define CARNET_API_NAMES_INTERNAL_H

#include "api/api.h"

enum { NAMES_MAX = 128, NAME_SIZE = 40 }; /* further files, and longer names, are passed over */

struct names {
    uint32_t count;
    struct {
        struct hash did;
        char name[NAME_SIZE];
    } row[NAMES_MAX];
};

void names_read(struct names *x, const char *space_dir);
const char *names_of(const struct names *x, const struct hash *did); /* NULL: none */

#endif
