/* contract_table — how the ledger reaches contracts: rows of methods, given at start.
 *
 * The ledger knows no DID document and no contract. A method decodes its own args, reads and writes
 * state through the context, and answers with a receipt status. Anything but RECEIPT_OK undoes
 * all it wrote and emitted. Methods are pure: time, height and ids come in the context. Page:
 * docs/ledger.md */
#ifndef CARNET_LEDGER_CONTRACT_TABLE_H
#define CARNET_LEDGER_CONTRACT_TABLE_H

#include "ledger/committee.h"
#include "ledger/tx.h"

/* Stored for ever: append, never renumber. number, name, text */
#define RECEIPT_TABLE(X)                                                                           \
    X(0, OK, "done")                                                                               \
    X(1, ARGS, "the arguments are not what the method takes")                                      \
    X(2, METHOD, "no such method in this version set")                                             \
    X(3, QUOTA, "the author's quota of this epoch is used up")                                     \
    X(4, NOT_FOUND, "what the arguments name does not exist")                                      \
    X(5, EXISTS, "it exists already")                                                              \
    X(6, FORBIDDEN, "the signers may not do this")                                                 \
    X(7, STATE, "not possible in its present state")                                               \
    X(8, FROZEN, "the token is frozen")                                                            \
    X(9, REVOKED, "the right or token is revoked")                                                 \
    X(10, EXPIRED, "it has expired")                                                               \
    X(11, EXHAUSTED, "no use is left")                                                             \
    X(12, LAW, "the law as declared forbids it or asks for more first")                            \
    X(13, FUNDS, "the balance does not suffice")                                                   \
    X(14, NOT_ACKED, "the reader has not acknowledged the attachment")                             \
    X(15, TOO_EARLY, "its deadline has not come")                                                  \
    X(16, LIMIT, "a named limit is reached")                                                       \
    X(17, SIGNERS, "too few or too many signers")                                                  \
    X(18, ATTACHMENT, "the attachments are not what the method takes")                             \
    X(19, SUITE, "not implemented in a space of this suite")

enum receipt_status {
#define X(number, name, text) RECEIPT_##name = (number),
    RECEIPT_TABLE(X)
#undef X
    RECEIPT_END
};
const char *receipt_name(uint32_t status); /* "law"; "unknown" past the table */
const char *receipt_text(uint32_t status);

enum { EVENT_SUBJECTS_MAX = 4, EVENT_BODY_SIZE_MAX = 4096, STATE_KEY_SIZE_MAX = 128 };
enum { STATE_VALUE_SIZE_MAX = 56 * 1024 };

struct event {
    uint32_t contract, type, version;
    uint32_t subject_count;
    struct hash subject[EVENT_SUBJECTS_MAX];
    struct bytes body;
};

struct contract_ctx; /* opaque: ledger/execute_internal.h */

/* State of one contract. `get`: ERR_NOT_FOUND when absent; the value lives until the method
 * returns. `put` and `del` act on the block's overlay. ERR_NO_SPACE ends the block, not the
 * transaction. */
MUST_USE enum err ctx_get(struct contract_ctx *c, uint16_t contract, struct bytes key,
                          struct bytes *value);
MUST_USE enum err ctx_put(struct contract_ctx *c, uint16_t contract, struct bytes key,
                          struct bytes value);
MUST_USE enum err ctx_del(struct contract_ctx *c, uint16_t contract, struct bytes key);
MUST_USE enum err ctx_emit(struct contract_ctx *c, const struct event *e); /* ERR_SIZE: too many */

const struct tx *ctx_tx(const struct contract_ctx *c); /* NULL while genesis is written */
uint64_t ctx_time_ms(const struct contract_ctx *c);
uint64_t ctx_height(const struct contract_ctx *c);
const struct genesis *ctx_genesis(const struct contract_ctx *c);
const struct suite *ctx_suite(const struct contract_ctx *c);
/* Who certifies this block; and another committee, from the end of the epoch that is closed at
 * `height` or above: ERR_DUPLICATE while a change waits. */
const struct committee *ctx_committee(const struct contract_ctx *c);
MUST_USE enum err ctx_committee_change(struct contract_ctx *c,
                                       const struct committee_change *change);
struct arena *ctx_arena(struct contract_ctx *c); /* reset after each transaction */
void *ctx_user(struct contract_ctx *c);          /* contract_table.user: caches, open packs */
/* Canonical bytes of an event, as the event chain covers them. */
MUST_USE enum err event_encode(const struct event *e, struct arena *a, struct bytes *out);

struct contract_method {
    uint32_t number; /* contract * 256 + method */
    const char *name; /* "token.mint": for people, never on the ledger */
    uint32_t version; /* the version set in which this row came; it holds until a later one */
    uint32_t cost; /* units of quota, attachments and bytes not counted */
    uint32_t order_class; /* 0 governance and regulators, 1 settlement, 2 the rest (FORMATS 10) */
    uint32_t signers_min, signers_max;
    uint32_t attachments_max;
    enum receipt_status (*apply)(struct contract_ctx *c); /* reads ctx_tx(c)->body.args */
};

/* The versions of all that decides, as one number, and who knows it first (DESIGN 4). */
struct version_set {
    uint32_t number;
    uint32_t major, minor; /* the release that brings it; 0.0: that of genesis */
    uint64_t height;       /* from which it is in force */
};

struct contract_table {
    const struct contract_method *method; /* ascending by number, then by version */
    size_t count;
    void *user;
    /* State of height 0 from genesis, through the same calls. */
    enum err (*genesis)(struct contract_ctx *c);
    /* The public key of a signer in the parent's state: ERR_NOT_FOUND when there is none. What was
     * found by reading one value of state follows from that value alone, whatever the time and the
     * transaction: it is asked for again when the value changes. */
    enum err (*signer_key)(struct contract_ctx *c, const struct hash *did, uint32_t key,
                           struct bytes *public_key);
    uint32_t version_set_max; /* the newest that the rows know; 0: VERSION_SET */
    /* What the state says of a block at this height: the set in force, and the one decided and
     * still to come (number 0: none). NULL: that of genesis for ever. */
    enum err (*version_sets)(struct contract_ctx *c, uint64_t height, struct version_set *now,
                             struct version_set *next);
};

#endif
