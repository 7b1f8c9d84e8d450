/* node — the daemon: event loop, TLS peers, disk, folded store, index, attachments, chunks, around
 * the replica. One directory, one replica, one loop (libuv), whose workers verify signatures.
 *
 * Files under `dir`: docs/daemon.md. Logs are JSON lines on stderr. */
#ifndef CARNET_NODE_NODE_H
#define CARNET_NODE_NODE_H

#include "contract/contract.h"
#include "node/replica.h"
#include "transfer/transfer.h"

enum { NODE_WHY_SIZE = 300, NODE_SNAPSHOT_GAP = 4096 };

struct node_anchor {
    const char *name;       /* for people: its file's */
    struct bytes certified; /* canonical CertifiedHeader (ledger/trust.h) */
};
struct node_options {
    const char *dir;
    uint32_t index;
    struct bytes passphrase;
    uint32_t view_timeout_ms; /* 0: 2000 */
    uint32_t timer_scale;     /* 0: 1; sanitizer runs use 4 */
    uint64_t snapshot_gap;    /* replica_config; 0: 4,096 blocks */
    uint32_t anchor_count;    /* at most TRUST_ANCHORS_MAX, copied */
    const struct node_anchor *anchor;
    uint32_t sync_slower_ms; /* each sync of a log takes so much longer: for benchmarks */
    const struct contract_table *contracts; /* NULL: the release's; for tests of upgrades */
};
struct node; /* opaque */
/* Opens everything and listens on the peer port. On error *why says what, why and what to do:
 * ERR_NOT_FOUND, ERR_PASSPHRASE, ERR_PORT_IN_USE, ERR_DISK_FULL, ERR_CORRUPT, ERR_VERSION,
 * ERR_BUSY (another process holds the directory); ERR_UNREADABLE, ERR_PROOF (an anchor is
 * none of this space), ERR_INTEGRITY (anchors contradict each other, or the block log). */
MUST_USE enum err node_open(const struct node_options *o, struct node **out,
                            char why[NODE_WHY_SIZE]);
void *node_loop(struct node *n); /* uv_loop_t: the API server runs on it */
enum activity node_turn(struct node *n, enum activity to); /* on its thread; gives what it was */
int node_run(struct node *n); /* until SIGTERM or SIGINT; an exit code */
void node_close(struct node *n);
void node_stop(struct node *n);

/* After each durable commit and each progress of a fetch, on the loop. */
typedef void node_watcher(void *user, uint64_t height);
MUST_USE enum err node_watch(struct node *n, node_watcher *fn, void *user);

/* Queries: results live until the loop goes on, unless they are in the caller's arena. */
struct replica_status node_status(const struct node *n);
uint32_t node_index(const struct node *n);
const struct genesis *node_genesis(const struct node *n);
const struct suite *node_suite(const struct node *n);
const char *node_address(const struct node *n, uint32_t index, bool api); /* of nodes.json */
struct bytes node_tls_key(const struct node *n);         /* of the API's port: PKCS#8, a secret */
struct bytes node_tls_certificate(const struct node *n); /* DER */
uint64_t node_now_ms(const struct node *n);
const struct identity_trust *node_trust(const struct node *n); /* whose certificates it believes */
const char *node_dir(const struct node *n);                    /* the space directory */
struct replica_seen node_seen(const struct node *n, uint32_t participant); /* from here */
/* Committed state. ERR_NOT_FOUND. */
MUST_USE enum err node_state(struct node *n, uint16_t contract, struct bytes key,
                             struct bytes *value);
MUST_USE enum err node_state_proof(struct node *n, uint16_t contract, struct bytes key,
                                   struct arena *a, struct bytes *proof, struct bytes *certified);
const struct committee *node_committee(const struct node *n); /* who certifies the next block */
MUST_USE enum err node_submit(struct node *n, struct bytes tx, struct hash *id);
struct node_tx {
    uint64_t height, time_ms;
    uint32_t index, status;
    struct bytes tx, receipt; /* canonical */
};
/* ERR_NOT_FOUND: not committed (yet). */
MUST_USE enum err node_tx(struct node *n, const struct hash *id, struct arena *a,
                          struct node_tx *out);
MUST_USE enum err node_hand_overs(struct node *n, struct bytes certified, struct arena *a,
                                  const struct bytes **out, uint32_t *count);
/* Canonical TxProof; ERR_UNAVAILABLE until a later certificate covers it. */
MUST_USE enum err node_tx_proof(struct node *n, const struct hash *id, struct arena *a,
                                struct bytes *out);
MUST_USE enum err node_block(struct node *n, uint64_t height, struct arena *a, struct bytes *block,
                             struct bytes *certificate);
/* Sealed attachments: given by the author before it submits, pushed to the readers after commit. */
MUST_USE enum err node_attachment_put(struct node *n, struct bytes sealed);
/* ERR_FORBIDDEN unless `reader` is one; ERR_NOT_FOUND: not here, and asked for. */
MUST_USE enum err node_attachment_get(struct node *n, const struct hash *commitment,
                                      const struct hash *reader, struct arena *a,
                                      struct bytes *sealed);
/* Seals: the owner stores manifest and sealed chunks on its node before it commits SEAL. */
MUST_USE enum err node_seal_put_manifest(struct node *n, struct bytes manifest);
MUST_USE enum err node_seal_put_chunk(struct node *n, const struct hash *seal, uint32_t index,
                                      struct bytes chunk);
MUST_USE enum err node_seal_manifest(struct node *n, const struct hash *seal, struct arena *a,
                                     struct bytes *out);
MUST_USE enum err node_seal_chunk(struct node *n, const struct hash *seal, uint32_t index,
                                  struct arena *a, struct bytes *out);
/* A holder's node fetches all chunks of a right's seal from the provider's node. Idempotent. */
MUST_USE enum err node_fetch_start(struct node *n, const struct hash *right);
struct node_fetch {
    struct hash right, seal;
    struct fetch_status status;
    uint64_t bytes; /* sealed bytes durable */
    uint32_t reconnects;
    enum err why; /* FETCH_FAILED: what ended it */
};
MUST_USE enum err node_fetch_status(struct node *n, const struct hash *right,
                                    struct node_fetch *out);

/* Node key files: u64 epoch ‖ seed 32 ‖ PKCS#8 DER. `out` holds KEYFILE_SIZE_MAX; errors as
 * crypto/keyfile.h. `*out` of open is a secret: secret_alloc it. */
struct node_keys {
    struct epoch_seed seed;
    uint8_t transport[2048];
    size_t transport_len;
};
MUST_USE enum err node_keys_seal(const struct node_keys *keys, struct bytes passphrase,
                                 uint8_t *out, size_t *out_len);
MUST_USE enum err node_keys_open(struct bytes file, struct bytes passphrase, struct node_keys *out);

#endif
