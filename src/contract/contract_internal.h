/* contract_internal — what the files of this module share: a call, typed state, events,
 * attachments.
 *
 * A method returns ERR_NONE, or `contract_refuse` with a status of the receipt's table, or any
 * other error, which the table maps. So TRY carries refusals as it carries errors. */
#ifndef CARNET_CONTRACT_CONTRACT_INTERNAL_H
#define CARNET_CONTRACT_CONTRACT_INTERNAL_H

#include "contract/did_internal.h"

struct contract_call {
    struct contract_ctx *ctx;
    const struct tx *tx;       /* NULL in the genesis hook and for signer keys */
    const struct hash *author; /* signer 0 */
    struct arena *arena;       /* of this transaction */
    uint64_t now_ms, height;
    enum receipt_status refused; /* meaningful with ERR_REFUSED */
};

MUST_USE enum err contract_refuse(struct contract_call *k, enum receipt_status why);
/* Refuse unless the condition holds. */
MUST_USE enum err contract_need(struct contract_call *k, bool holds, enum receipt_status why);

/* token_record_load(call, key, out), token_record_store(call, key, in) and so on: typed state. Load
 * says ERR_NOT_FOUND; a stored value that does not decode is ERR_CORRUPT. */
#define X(name)                                                                      \
    MUST_USE enum err name##_load(struct contract_call *k, struct contract_key key,  \
                                  struct name *out);                                 \
    MUST_USE enum err name##_store(struct contract_call *k, struct contract_key key, \
                                   const struct name *in);
CONTRACT_RECORDS(X)
#undef X
MUST_USE enum err contract_need_absent(struct contract_call *k, struct contract_key key);

/* The author's document must hold the role: FORBIDDEN. */
MUST_USE enum err contract_need_role(struct contract_call *k, enum did_role role);
MUST_USE enum err contract_is_regulator(struct contract_call *k, bool *out);
/* A founder is a genesis participant with a seat; `founders` counts each once. */
MUST_USE enum err contract_need_founder(struct contract_call *k);
uint32_t contract_founder_count(const struct genesis *g);

/* Emit, and extend the chains of the records given. The caller stores them afterwards. */
MUST_USE enum err contract_emit(struct contract_call *k, struct event e, struct token_record *token,
                                struct right_record *right);
/* Check and record the transaction's attachments; `token`, `right` say what they are about (NULL:
 * nothing). ATTACHMENT when one is not well formed, NOT_FOUND for a reader without a document. */
MUST_USE enum err contract_attach(struct contract_call *k, const struct hash *token,
                                  const struct hash *right);
bool hash_in(const struct hash *list, uint32_t count, const struct hash *x);
bool u32_ascending(const uint32_t *list, uint32_t count); /* strictly, none zero */
bool u32_in(const uint32_t *list, uint32_t count, uint32_t x);

/* What is done to a token, or because of it. */
enum token_verb {
    TOKEN_SEAL,
    TOKEN_FREEZE,
    TOKEN_THAW,
    TOKEN_REVOKE,
    TOKEN_ARCHIVE,
    TOKEN_GRANT,
    TOKEN_USE,
    TOKEN_LOCK,
    TOKEN_SETTLE,
    TOKEN_VERB_END
};
/* The state a verb leads to; refuses with what the present state says. */
MUST_USE enum err token_step(struct contract_call *k, const struct token_record *t,
                             enum token_verb verb, uint32_t *next);

/* The pack set in force at this block, opened. STATE when the space has none. */
MUST_USE enum err pack_in_force(struct contract_call *k, const struct policy_set **out);
/* All pieces are there and hash to the name, and the set opens. */
MUST_USE enum err pack_verify(struct contract_call *k, const struct hash *set);
/* version.c */
MUST_USE enum err version_propose(struct contract_call *k, const struct hash *value);
MUST_USE enum err version_activate(struct contract_call *k, const struct hash *value,
                                   uint64_t height);
enum err contract_version_sets(struct contract_ctx *c, uint64_t height, struct version_set *now,
                               struct version_set *next);
MUST_USE enum err pack_activate(struct contract_call *k, const struct hash *set, uint64_t height);
MUST_USE enum err pack_genesis(struct contract_call *k, const struct genesis *g);
/* The change of a seat that governance has decided becomes the committee's, from the end of an
 * epoch on. STATE: another one waits, or the committee is not what the change takes it for. */
MUST_USE enum err seat_decide(struct contract_call *k, const struct hash *change, uint64_t height);
/* Judge the declared facts of a grant, reserve what counts, and give the verdict's bytes. */
MUST_USE enum err right_judge(struct contract_call *k, const struct token_record *token,
                              const struct right_grant *x, struct bytes *verdict);
/* Bind an open lock to the right it pays for. */
MUST_USE enum err money_bind(struct contract_call *k, const struct hash *lock,
                             const struct right_record *right);
enum err contract_genesis(struct contract_ctx *c);
enum err contract_signer_key(struct contract_ctx *c, const struct hash *did, uint32_t key,
                             struct bytes *public_key);
/* Methods, named in the table. */
MUST_USE enum err did_create(struct contract_call *k, const struct did_create *x);
MUST_USE enum err token_mint(struct contract_call *k, const struct token_mint *x);
MUST_USE enum err token_seal(struct contract_call *k, const struct token_seal *x);
MUST_USE enum err token_freeze(struct contract_call *k, const struct token_state *x);
MUST_USE enum err token_thaw(struct contract_call *k, const struct token_state *x);
MUST_USE enum err token_revoke(struct contract_call *k, const struct token_state *x);
MUST_USE enum err token_archive(struct contract_call *k, const struct token_state *x);
MUST_USE enum err right_grant(struct contract_call *k, const struct right_grant *x);
MUST_USE enum err right_use(struct contract_call *k, const struct right_use *x);
MUST_USE enum err right_release(struct contract_call *k, const struct right_release *x);
MUST_USE enum err right_revoke(struct contract_call *k, const struct right_revoke *x);
MUST_USE enum err attachment_ack(struct contract_call *k, const struct attachment_ack *x);
MUST_USE enum err attachment_reject(struct contract_call *k, const struct attachment_reject *x);
MUST_USE enum err money_issue(struct contract_call *k, const struct money_issue *x);
MUST_USE enum err money_pay(struct contract_call *k, const struct money_pay *x);
MUST_USE enum err money_lock(struct contract_call *k, const struct money_lock *x);
MUST_USE enum err money_settle(struct contract_call *k, const struct money_settle *x);
MUST_USE enum err money_refund(struct contract_call *k, const struct money_refund *x);
MUST_USE enum err pack_put(struct contract_call *k, const struct pack_put *x);
MUST_USE enum err governance_propose(struct contract_call *k, const struct proposal_make *x);
MUST_USE enum err governance_approve(struct contract_call *k, const struct proposal_approve *x);
MUST_USE enum err seat_put(struct contract_call *k, const struct seat_change *x);
MUST_USE enum err evidence_anchor(struct contract_call *k, const struct evidence_anchor *x);

#endif
