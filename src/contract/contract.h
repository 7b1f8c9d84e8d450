/* contract — the native contracts of a space: one file each, and one table that lists them all.
 *
 * Identity, token, right, attachment, money, pack, governance and evidence are rows of one table
 * that the ledger is given at start. Methods are pure: state, transaction, time and height come in
 * through the context, a receipt status goes out. Nothing here reads a clock, allocates, or holds a
 * string. What has expired is told from the block time when read, never swept (FORMATS 21); every
 * window is half-open, [from, until): at `until` it is over. Page: docs/contract.md */
#ifndef CARNET_CONTRACT_CONTRACT_H
#define CARNET_CONTRACT_CONTRACT_H

#include "contract/contract_verbs.h"
#include "policy/policy.h"

/* Contract numbers are part of state keys: append, never renumber. */
enum contract_number {
    CONTRACT_DID = 1,
    CONTRACT_TOKEN,
    CONTRACT_RIGHT,
    CONTRACT_ATTACHMENT,
    CONTRACT_MONEY,
    CONTRACT_PACK,
    CONTRACT_GOVERNANCE,
    CONTRACT_EVIDENCE
};

/* contract, number within it, method, args, name for people, cost, order class, signers min and
 * max, attachments. Class 0 before 1 before 2 in a block: what stops a use stands before what uses.
 */
#define CONTRACT_METHODS(X)                                                            \
    X(DID, 1, CREATE, did_create, "did.create", 100, 2, 2, 8, 0)                       \
    X(TOKEN, 1, MINT, token_mint, "token.mint", 100, 2, 1, 1, 16)                      \
    X(TOKEN, 2, SEAL, token_seal, "token.seal", 50, 2, 1, 1, 16)                       \
    X(TOKEN, 3, FREEZE, token_state, "token.freeze", 20, 0, 1, 1, 4)                   \
    X(TOKEN, 4, THAW, token_state, "token.thaw", 20, 0, 1, 1, 4)                       \
    X(TOKEN, 5, REVOKE, token_state, "token.revoke", 20, 0, 1, 1, 4)                   \
    X(TOKEN, 6, ARCHIVE, token_state, "token.archive", 20, 2, 1, 1, 4)                 \
    X(RIGHT, 1, GRANT, right_grant, "right.grant", 200, 2, 1, 2, 16)                   \
    X(RIGHT, 2, USE, right_use, "right.use", 20, 2, 1, 1, 0)                           \
    X(RIGHT, 3, REVOKE, right_revoke, "right.revoke", 20, 0, 1, 1, 4)                  \
    X(RIGHT, 4, RELEASE, right_release, "right.release", 50, 2, 1, 1, 1)               \
    X(ATTACHMENT, 1, ACK, attachment_ack, "attachment.ack", 20, 2, 1, 1, 0)            \
    X(ATTACHMENT, 2, REJECT, attachment_reject, "attachment.reject", 20, 2, 1, 1, 0)   \
    X(MONEY, 1, ISSUE, money_issue, "money.issue", 20, 1, 1, 1, 0)                     \
    X(MONEY, 2, PAY, money_pay, "money.pay", 20, 1, 1, 1, 0)                           \
    X(MONEY, 3, LOCK, money_lock, "money.lock", 30, 1, 1, 1, 0)                        \
    X(MONEY, 4, SETTLE, money_settle, "money.settle", 30, 1, 1, 1, 0)                  \
    X(MONEY, 5, REFUND, money_refund, "money.refund", 30, 1, 1, 1, 0)                  \
    X(PACK, 1, PUT, pack_put, "pack.put", 500, 0, 1, 1, 0)                             \
    X(GOVERNANCE, 1, PROPOSE, proposal_make, "governance.propose", 100, 0, 1, 1, 0)    \
    X(GOVERNANCE, 2, APPROVE, proposal_approve, "governance.approve", 500, 0, 1, 1, 0) \
    X(GOVERNANCE, 3, SEAT, seat_change, "governance.seat", 100, 0, 1, 1, 0)            \
    X(EVIDENCE, 1, ANCHOR, evidence_anchor, "evidence.anchor", 20, 2, 1, 1, 4)

enum contract_method_number {
#define X(contract, number, name, args, text, cost, order, min, max, attachments) \
    METHOD_##contract##_##name = CONTRACT_##contract * 256 + (number),
    CONTRACT_METHODS(X)
#undef X
};
/* What a proposal decides. */
enum contract_subject { SUBJECT_PACK_SET = 1, SUBJECT_SEAT, SUBJECT_VERSION_SET };

enum {
    DID_CREATE_KEYS_MAX = 8,       /* of a document that a transaction brings */
    CONTRACT_USES_MAX = 1000000,   /* of one right: a count beyond it is "not counted" */
    CONTRACT_CHUNKS_MAX = 1 << 24, /* of one seal: 16 TiB in chunks of 1 MiB */
    CONTRACT_CHUNK_SIZE_MIN = 64 * 1024,
    CONTRACT_CHUNK_SIZE_MAX = 4 * 1024 * 1024,
    CONTRACT_PIECES_MAX =
        (POLICY_SET_SIZE_MAX + CONTRACT_PIECE_SIZE_MAX - 1) / CONTRACT_PIECE_SIZE_MAX,
    /* The open pack set and the bytes it is opened from. */
    CONTRACT_CACHE_SIZE = POLICY_SET_ARENA + CONTRACT_PIECES_MAX * CONTRACT_PIECE_SIZE_MAX
};

/* The active pack set, opened once for each hash: a pure function of state. One a ledger. */
struct contract_env {
    struct arena cache;
    const struct policy_set *set; /* NULL: none open */
};
/* `memory` and `env` live as long as the table. CONTRACT_CACHE_SIZE holds any set; a simulator may
 * give less, the same to every node, because a set that does not open there is refused. */
void contract_table_init(struct contract_env *env, void *memory, size_t size,
                         struct contract_table *out);
const char *contract_method_name(uint32_t number); /* "token.mint"; "unknown" past the table */

/* Where a record is: the contract's number and the key in its state (state_get, node_state). */
struct contract_key {
    uint16_t contract;
    uint8_t len;
    uint8_t b[61];
};
struct bytes contract_key_bytes(const struct contract_key *k);
struct contract_key contract_key_did(const struct hash *did);
struct contract_key contract_key_token(const struct hash *token);
struct contract_key contract_key_right(const struct hash *right);
struct contract_key contract_key_counter(const struct hash *entity, uint32_t regime, uint32_t kind,
                                         uint32_t period, uint32_t slot);
struct contract_key contract_key_attachment(const struct hash *transaction, uint32_t index);
struct contract_key contract_key_balance(const struct hash *did, uint32_t currency);
struct contract_key contract_key_lock(const struct hash *lock);
struct contract_key contract_key_issued(uint32_t currency);
struct contract_key contract_key_quote(const struct hash *quote);
struct contract_key contract_key_quote_ring(const struct hash *oracle);
struct contract_key contract_key_quote_slot(const struct hash *oracle, uint32_t slot);
struct contract_key contract_key_pack_active(void);
struct contract_key contract_key_versions(void); /* a pack_active_record of version values */
struct contract_key contract_key_pack_piece(const struct hash *set, uint32_t index);
struct contract_key contract_key_proposal(const struct hash *proposal);
struct contract_key contract_key_seat_change(const struct hash *change);
struct contract_key contract_key_evidence(const struct hash *value);

#endif
