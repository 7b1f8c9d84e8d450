/* The messages of a snapshot, decoded and not yet believed: between the codec and the checks. */
#ifndef CARNET_LEDGER_SNAPSHOT_INTERNAL_H
#define CARNET_LEDGER_SNAPSHOT_INTERNAL_H

#include "ledger/snapshot.h"

struct peaks {
    uint32_t count;
    struct hash peak[MERKLE_PATH_MAX]; /* the smallest tree first */
};
struct snapshot_parts {
    struct bytes certified, first;
    struct merkle_path first_path;
    struct peaks before, history; /* below `first`; below the certified header */
    uint32_t depth;
    struct bytes roots, singles;
    uint32_t hand_over_count;
    struct bytes hand_over[PROOF_HAND_OVERS_MAX];
};
MUST_USE enum err snapshot_parts_encode(const struct snapshot_parts *p, struct arena *a,
                                        struct bytes *out);
MUST_USE enum err snapshot_parts_decode(struct bytes wire, struct arena *a,
                                        struct snapshot_parts *out);
/* contract and stored only. */
MUST_USE enum err snapshot_entries_decode(struct bytes wire, size_t size_max, struct arena *a,
                                          struct snapshot_entry **out, uint32_t *count);

#endif
