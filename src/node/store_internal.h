/* store — what LMDB holds of a space: the folded state and the index, each an environment.
 *
 * Both are views of the block log, rebuilt from it. A write transaction is always open: changes go
 * into it and reads see them at once; a mark makes it durable with one sync. A crash loses what
 * came after the last mark, and replay brings it back. After a failed mark nothing moves until the
 * node starts again: a view must never be marked without its changes. LMDB: no WRITEMAP. */
#ifndef CARNET_NODE_STORE_INTERNAL_H
#define CARNET_NODE_STORE_INTERNAL_H

#include "ledger/state.h"

enum { STORE_TABLES_MAX = 7, STORE_KEY_SIZE_MAX = 128, STORE_META_SIZE_MAX = 4096 };

/* kv — one environment with a few ordered tables. */
struct kv; /* opaque */
MUST_USE enum err kv_open(const char *folder, const char *const *tables, uint32_t count,
                          size_t map_size, struct kv **out);
void kv_close(struct kv *kv); /* what is not marked is lost; NULL is fine */
/* Bytes live until the next put, del or mark. ERR_NOT_FOUND. */
MUST_USE enum err kv_get(struct kv *kv, uint32_t table, struct bytes key, struct bytes *value);
/* ERR_DISK_FULL (the map is full too), ERR_FAILED. */
MUST_USE enum err kv_put(struct kv *kv, uint32_t table, struct bytes key, struct bytes value);
MUST_USE enum err kv_del(struct kv *kv, uint32_t table, struct bytes key); /* absent is fine */
MUST_USE enum err kv_mark(struct kv *kv);
/* Visit entries from this key on, in order, until *more turns false. No writing meanwhile. */
typedef enum err kv_visit(void *user, struct bytes key, struct bytes value, bool *more);
MUST_USE enum err kv_each(struct kv *kv, uint32_t table, struct bytes from, kv_visit *visit,
                          void *user);

MUST_USE enum err kv_clear(struct kv *kv, uint32_t table); /* with the next mark */
/* A view of the last mark that stands still while writing goes on; one at a time. It holds pages
 * back from being used again, so it is to be given back soon. */
MUST_USE enum err kv_pin(struct kv *kv);
void kv_unpin(struct kv *kv); /* nothing pinned is fine */
MUST_USE enum err kv_pinned_get(struct kv *kv, uint32_t table, struct bytes key,
                                struct bytes *value);
MUST_USE enum err kv_pinned_each(struct kv *kv, uint32_t table, struct bytes from, kv_visit *visit,
                                 void *user);

/* store — the folded state (store.c): values by contract ‖ tree key, and where it stands. */
struct store;
MUST_USE enum err store_open(const char *folder, size_t map_size, struct store **out);
void store_close(struct store *s);
struct state_store store_reads(struct store *s);
MUST_USE enum err store_change(struct store *s, const struct state_change *c);
/* Writes where the view stands; it is durable after store_commit. */
MUST_USE enum err store_mark(struct store *s, uint64_t height, struct bytes header,
                             const struct merkle_frontier *history);
/* Forget all values and where they stand: with the next mark. */
MUST_USE enum err store_clear(struct store *s);
/* For snapshots (replica_ports.h). */
MUST_USE enum err store_pin(struct store *s, uint64_t *height);
MUST_USE enum err store_piece(struct store *s, uint32_t depth, uint32_t piece, void *user,
                              enum err (*visit)(void *user, uint16_t contract,
                                                const struct hash *tree_key, struct bytes stored));
void store_unpin(struct store *s);
MUST_USE enum err store_commit(struct store *s);
MUST_USE enum err store_tip(struct store *s, uint64_t *height, struct bytes *header,
                            struct merkle_frontier *history);

#endif
