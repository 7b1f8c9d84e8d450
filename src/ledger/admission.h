/* admission — the signatures of transactions, verified once, and elsewhere than in the ledger if
 * the shell likes.
 *
 * Whether a signature is good depends on three things alone: the key's bytes, what was signed, the
 * signature. The ledger remembers the good ones by a hash of all three, so that a transaction
 * admitted, built into a block and executed is verified once. The key is looked up each time in the
 * state that FORMATS 5 names; another key asks another question. A shell with threads may ask
 * what is not remembered, verify it there, and vouch for what is good; the ledger then judges as it
 * would have. Nothing here changes a verdict. Page: docs/ledger.md */
#ifndef CARNET_LEDGER_ADMISSION_H
#define CARNET_LEDGER_ADMISSION_H

#include "ledger/ledger.h"

/* A question, whole in itself: it may be copied to another thread. Padding is zero. */
struct ledger_signature {
    struct hash message; /* what was signed: the transaction's id */
    uint32_t public_size, signature_size;
    uint8_t public_key[SUITE_KEY_SIZE_MAX], signature[SUITE_SIGNATURE_SIZE_MAX];
};

/* What admission would verify of this transaction: count 0 when all is remembered. Every cheaper
 * reason to refuse it is given now, with the errors of ledger_submit, among them ERR_SIGNATURE for
 * a signer without such a key. Nothing is kept. */
MUST_USE enum err ledger_admission(struct ledger *l, struct bytes tx, uint64_t now_ms,
                                   struct ledger_signature out[TX_SIGNERS_MAX], uint32_t *count);

/* What executing this block would verify, as far as the newest state knows its signers; at most max
 * of them. What it does not know, or what stands past max, is verified by execution itself.
 * ERR_ENCODING. */
MUST_USE enum err ledger_block_admission(struct ledger *l, struct bytes block,
                                         struct ledger_signature *out, uint32_t max,
                                         uint32_t *count);

/* After ERR_BUSY of ledger_submit or ledger_admission: when to try again, in milliseconds from
 * then. The next epoch when the author's quota is used up; a second when it has its share of the
 * pool. */
uint64_t ledger_retry_ms(const struct ledger *l);

/* good[i] for each. Touches nothing of a ledger: for any thread. */
void ledger_signatures_verify(const struct suite *s, const struct ledger_signature *x,
                              uint32_t count, bool *good);
/* The shell has verified this one and found it good. */
void ledger_vouch(struct ledger *l, const struct ledger_signature *x);

struct ledger_signature_counts {
    uint64_t verified;   /* by the ledger itself */
    uint64_t vouched;    /* by the shell */
    uint64_t remembered; /* asked again and known as good */
};
struct ledger_signature_counts ledger_signature_counts(const struct ledger *l);

#endif
