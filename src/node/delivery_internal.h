/* delivery_internal — what goes from node to node beside the ledger: attachments, and the chunks of
 * seals (FORMATS 7, 18). Parts of the daemon, called from its loop. */
#ifndef CARNET_NODE_DELIVERY_INTERNAL_H
#define CARNET_NODE_DELIVERY_INTERNAL_H

#include "node/node.h"
#include "node/peer_internal.h"
#include "node/scrub.h"

enum {
    ATTACH_TASKS_A_TICK = 16,
    ATTACH_RETRY_MS = 5000,
    ATTACH_ORPHAN_MS = 60 * 60 * 1000, /* put but not committed: kept this long */
    BULK_FETCHES_MAX = 16,
    BULK_TIMEOUT_MS = 5000
};

/* One right's seal on its way here (bulk.c). Its memory is sized by the manifest. */
struct bulk_fetch {
    bool used, manifest_known, failed, linked;
    struct hash right, seal, manifest_hash;
    uint32_t provider, reconnects, chunk_count;
    enum err why; /* failed: what ended it */
    uint64_t asked_ms, bytes;
    uint8_t *memory;
    struct manifest manifest;
    struct fetch *fetch;
};

/* What the scrub has found, and where its walk stands (scrub.c): all zero at first. */
struct scrub {
    struct hash cursor; /* the seal that it looks at, or looked at last */
    uint32_t next;      /* its next chunk; 0: it is done */
    uint64_t rest_until_ms, checked, walks;
    uint32_t wrong_count;
    struct scrub_wrong {
        struct hash seal;
        uint32_t index;
    } wrong[SCRUB_WRONG_MAX];
};

/* attach.c */
MUST_USE enum err attach_open(struct node *n);
void attach_committed(struct node *n, const struct block *b, const struct replica_commit *c);
void attach_message(struct node *n, uint32_t peer, const struct wire_message *m);
void attach_peer_up(struct node *n, uint32_t peer);
void attach_tick(struct node *n, uint64_t now_ms);

/* bulk.c, bulk_serve.c */
MUST_USE enum err bulk_open(struct node *n);
void bulk_close(struct node *n);
void bulk_link(struct node *n, uint32_t peer, enum peer_link link, bool up);
void bulk_message(struct node *n, uint32_t peer, enum peer_link link, struct bytes message);
void bulk_tick(struct node *n, uint64_t now_ms);
void bulk_serve(struct node *n, uint32_t peer, const struct wire_message *m);
/* The records of a right and its token, and the seal's entry. The structs are large. */
struct bulk_right {
    struct right_record right;
    struct token_record token;
    const struct seal_entry *seal;
};
MUST_USE enum err bulk_right(struct node *n, const struct hash *right, struct arena *a,
                             struct bulk_right **out);

/* scrub.c. A manifest borrows from the work arena. */
void scrub_tick(struct node *n, uint64_t now_ms);
MUST_USE enum err scrub_manifest(struct node *n, const struct hash *seal, struct manifest *m,
                                 struct hash *hash);
/* A chunk as it lies on the disk, into the work arena, and only if the manifest vouches for it:
 * ERR_NOT_FOUND, ERR_INTEGRITY (and remembered), ERR_RANGE. */
MUST_USE enum err scrub_read(struct node *n, const struct manifest *m, uint32_t index,
                             struct bytes *out);
MUST_USE enum err scrub_chunk_fits(struct node *n, const struct manifest *m, uint32_t index,
                                   struct bytes chunk);
void scrub_remember(struct node *n, const struct hash *seal, uint32_t index, bool wrong);

#endif
