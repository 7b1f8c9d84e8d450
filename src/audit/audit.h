/* audit — reports built from proofs, and verified offline by anybody who has the genesis file.
 *
 * A report is one JSON file {"body": {...}, "signature": {...}}: the signature is over the bytes of
 * the body's member as they stand. Nothing is believed because it is signed: `audit_verify`
 * recomputes every number and statement from the proofs inside (FORMATS 15, 16, 22). For a time
 * range it says that completeness is proved for the tokens listed, not that the list is complete.
 *
 * The file is RFC 8785 JSON and a final newline, so that it has one form: what is read is built
 * again from the proofs inside and compared byte for byte. Body: {version, space, pack_set, height,
 * made (RFC 3339: the reporter's word), header (base64url CertifiedHeader), hand_overs (only
 * where committees have changed: [base64url HandOver]), committee {quorum, time, seats
 * [{participant, signed}]}, parties [{did, jurisdiction, roles}], reporter {did, record
 * (StateProof)}, tokens [{id, record, events, chain, rights}], rights and locks [{id, record}],
 * transactions [{id, proof (TxProof)}], attachments [{transaction, index, commitment, salt,
 * media_type, content}], statements [{kind, tx, time, height, text {en, zh}, values}], checked
 * {receipts, proofs, signatures, attachments (committed to), disclosed}}; of
 * a time range also range {from, to (days)}. Page: docs/audit.md */
#ifndef CARNET_AUDIT_AUDIT_H
#define CARNET_AUDIT_AUDIT_H

#include "base/json.h"
#include "contract/contract.h"
#include "ledger/proof.h"
#include "transfer/transfer.h"

enum {
    AUDIT_REPORT_SIZE_MAX = 64 * 1024 * 1024,
    AUDIT_TXS_MAX = 4096,
    AUDIT_RECORDS_MAX = 4096, /* of tokens, of rights, of locks */
    AUDIT_REASONS_MAX = 16,
    AUDIT_REASON_SIZE = 200,
    AUDIT_ARENA_SIZE = 192 * 1024 * 1024
};

/* What a report is made of; the command line gathers it through a node's API. */
struct audit_tx {
    struct hash id;
    struct bytes proof; /* canonical TxProof */
};
struct audit_record {
    struct hash id;
    struct bytes proof; /* canonical StateProof at the report's header */
};
struct audit_attachment {
    struct hash transaction;
    uint32_t index;
    uint8_t salt[COMMIT_SALT_SIZE];
    uint32_t media_type;
    struct bytes content;
};
struct audit_input {
    const struct suite *suite;
    const struct genesis *genesis;
    uint64_t made_ms;
    struct bytes certified;        /* canonical CertifiedHeader at the report's height */
    const struct bytes *hand_over; /* canonical HandOver each, to who certified it */
    size_t hand_over_count;
    const struct proof_caller *caller; /* NULL: no committee may have changed */
    struct hash reporter;
    struct bytes reporter_record; /* StateProof of its DID record */
    /* Of a time range: something happened to each token on these days (UTC, of its blocks, both
     * included). It says nothing of other tokens. */
    bool ranged;
    uint32_t from_day, to_day;
    /* Ascending by id: all rights granted under the tokens, all locks their events name. */
    const struct audit_record *token, *right, *lock;
    size_t token_count, right_count, lock_count;
    const struct audit_tx *tx; /* ascending by (height, index in the block) */
    size_t tx_count;
    const struct audit_attachment *attachment; /* ascending by (transaction, index) */
    size_t attachment_count;
};
/* Builds the body and checks it as audit_verify would, so that a report that does not verify is
 * never written. sign(ctx, body bytes) gives the signature under 'carnet/audit/v1'. *out is
 * malloc'ed. */
struct audit_signer {
    void *ctx;
    uint32_t key;
    void (*sign)(void *ctx, struct bytes body, uint8_t *signature);
};
MUST_USE enum err audit_build(const struct audit_input *in, const struct audit_signer *signer,
                              char **out, size_t *len, char why[AUDIT_REASON_SIZE]);

struct audit_result {
    bool ok;
    uint32_t reason_count;
    char reason[AUDIT_REASONS_MAX][AUDIT_REASON_SIZE];
    uint64_t height, receipts, proofs, signatures;
    struct hash space;
};
/* ERR_NONE whatever the verdict: result->ok says it. Only memory can fail (ERR_NO_SPACE). Takes the
 * JSON file, or the page around it: then the words in it must be the genesis file's and the page
 * the one that audit_html writes, because another might show something else than its report says.
 */
MUST_USE enum err audit_verify(struct bytes report, struct bytes genesis,
                               struct audit_result *result);
/* The same where committees have changed: what the caller says of the time, and pins (FORMATS 13).
 */
MUST_USE enum err audit_verify_by(struct bytes report, struct bytes genesis,
                                  const struct proof_caller *caller, struct audit_result *result);
/* Whether an event of this contract and type with that many subjects is part of the chain of the
 * token that its first subject names. */
bool audit_event_chained(uint32_t contract, uint32_t type, size_t subjects);
/* The same bytes in a page that shows them, malloc'ed. `words`: the prose of the genesis file's
 * pack set, or empty; audit_verify refuses a page with other words. ERR_ENCODING: one of them holds
 * "<", which no report does. */
MUST_USE enum err audit_html(struct bytes report, struct bytes words, char **out, size_t *len);

#endif
