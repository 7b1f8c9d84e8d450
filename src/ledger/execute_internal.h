/* The context that a contract sees, and the running of one transaction in it. */
#ifndef CARNET_LEDGER_EXECUTE_INTERNAL_H
#define CARNET_LEDGER_EXECUTE_INTERNAL_H

#include "ledger/ledger.h"
#include "ledger/signers_internal.h"
#include "ledger/verified_internal.h"

enum {
    EVENTS_PER_TX_MAX = 64,
    /* Decoding and running one transaction: the same in every build, since running out of it is
     * part of a transaction's result. Decoding 64 KiB takes a quarter. */
    TX_ARENA_SIZE = 2 * 1024 * 1024,
    COST_BYTES_PER_UNIT = 1024, /* of the wire, begun units count */
    RECEIPT_EVENT_WEIGHT = 128, /* what an event weighs in memory besides its bytes */
    SYSTEM_CONTRACT = 0         /* state of the ledger's own: quotas */
};

enum ctx_view {
    CTX_NEWEST,    /* reads see the newest overlay */
    CTX_COMMITTED, /* reads see the store only; writing is our mistake */
};

struct contract_ctx {
    const struct suite *suite;
    const struct genesis *genesis;
    const struct contract_table *contracts;
    struct state *state;
    struct verified *verified;
    struct signers *signers;
    struct signer_source *source; /* while the key of a signer is looked up; else NULL */
    enum ctx_view view;
    const struct committee *committee;
    const struct tx *tx;
    uint64_t time_ms, height;
    uint32_t version_set; /* whose rows hold */
    struct arena *arena; /* the transaction's work memory */
    struct arena *keep;  /* bodies of events */
    uint32_t event_count;
    struct event event[EVENTS_PER_TX_MAX];
    enum err fatal; /* what ends the block: the first error that is no answer about the state */
};

struct quota {
    uint64_t epoch, used;
};
MUST_USE enum err quota_encode(const struct quota *q, struct arena *a, struct bytes *out);
MUST_USE enum err quota_decode(struct bytes wire, struct arena *a, struct quota *out);
MUST_USE enum err receipt_encode(const struct receipt *r, size_t size_max, struct arena *a,
                                 struct bytes *out);

/* One block being run: what its transactions add up to. */
struct run {
    struct contract_ctx *ctx;
    struct arena *keep; /* receipts live here */
    struct receipt *receipt;
    uint64_t *valid_until_ms;
    struct hash *tx_leaf, *receipt_leaf;
    uint32_t count, count_max;
    uint32_t order_class;
    uint64_t cost, weight, epoch;
};

/* The row that holds under a version set; NULL: there is no such method. */
const struct contract_method *method_find(const struct contract_table *t, uint32_t number,
                                          uint32_t version_set);
uint32_t method_class(const struct contract_method *m); /* NULL: the rest */

/* Units of quota: the method's, and one for each KiB begun. NULL: no such method. */
uint64_t tx_cost(const struct contract_method *m, const struct tx *tx);
/* Units used in an epoch, as the state of the context knows: by an author, and by one key of it,
 * which is counted only where a key's quota is narrower than its participant's. */
struct quota_use {
    uint64_t author, signer;
};
bool quota_of_signers(const struct genesis *g);
MUST_USE enum err quota_used(struct contract_ctx *c, const struct tx_signer *author, uint64_t epoch,
                             struct quota_use *out);
/* Whether so much more fits into both quotas. */
bool quota_fits(const struct genesis *g, const struct quota_use *used, uint64_t cost);

/* Whether ctx->tx may stand in a block of this time: ERR_ENCODING another space, ERR_STALE,
 * ERR_RANGE; and whether its signers signed it, as the state of the context knows them:
 * ERR_SIGNATURE. Between the two stands the replay window, so that the answer does not depend on
 * what has been forgotten. */
MUST_USE enum err tx_window_check(const struct contract_ctx *ctx);
MUST_USE enum err tx_signatures_check(struct contract_ctx *ctx);
/* The questions among them that are not remembered as good; and the same into the batch of a block,
 * which is verified when it is full and, by the caller, at the end. */
MUST_USE enum err tx_signatures_ask(struct contract_ctx *ctx,
                                    struct ledger_signature out[TX_SIGNERS_MAX], uint32_t *count);
MUST_USE enum err tx_signatures_gather(struct contract_ctx *ctx, struct signature_batch *b);

/* Run the next transaction of the block in the newest overlay and write its receipt. ERR_RANGE:
 * order, cost, quota or weight forbid it here, nothing has changed. Any other error ends the block.
 */
MUST_USE enum err run_tx(struct run *r, const struct tx *tx);

#endif
