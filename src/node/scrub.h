/* scrub — sealed bytes read back from the disk and compared with the manifest that vouches for
 * them.
 *
 * A node looks at all that it holds, slowly and for ever, and says what it found in its log and its
 * status; the owner asks for one seal at once (`token verify`). It changes nothing on the ledger:
 * only an owner signs. Page: docs/daemon.md */
#ifndef CARNET_NODE_SCRUB_H
#define CARNET_NODE_SCRUB_H

#include "node/node.h"

enum {
    SCRUB_CALL_BYTES = 16 * 1024 * 1024, /* of one call: the loop stands still for as long */
    SCRUB_CALL_BAD_MAX = 64,             /* wrong chunks that one call tells */
    SCRUB_TICK_BYTES = 1024 * 1024,      /* in the background: two of them a second */
    SCRUB_REST_MS = 60 * 1000,           /* between two walks over everything */
    SCRUB_WRONG_MAX = 256                /* wrong chunks that a node remembers */
};

struct scrub_report {
    struct hash manifest;                        /* hash of the one that is here */
    uint32_t chunks, next;                       /* of the seal; the first that was not looked at */
    uint32_t bad_count, bad[SCRUB_CALL_BAD_MAX]; /* missing, or not what the manifest vouches for */
};
/* Looks at the chunks of a seal from `from` on. ERR_NOT_FOUND: no manifest here; ERR_RANGE: no such
 * chunk; ERR_ENCODING: the manifest is damaged. */
MUST_USE enum err scrub_seal(struct node *n, const struct hash *seal, uint32_t from,
                             struct scrub_report *out);
struct scrub_status {
    uint64_t checked; /* chunks looked at since this start */
    uint64_t walks;   /* over everything that is here */
    uint32_t wrong;   /* chunks known to be wrong now; a chunk that is put again leaves the count */
};
struct scrub_status scrub_status(const struct node *n);

#endif
