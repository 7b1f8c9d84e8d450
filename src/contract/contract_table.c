/* The one table: every method a row, every row decodes its own args before the method sees them. */
#include "contract/contract_internal.h"

static struct contract_call call_of(struct contract_ctx *c)
{
    const struct tx *tx = ctx_tx(c);
    ASSERT(tx != NULL && tx->body.signer_count > 0);
    return (struct contract_call){ .ctx = c,
                                   .tx = tx,
                                   .author = &tx->body.signer[0].did,
                                   .arena = ctx_arena(c),
                                   .now_ms = ctx_time_ms(c),
                                   .height = ctx_height(c) };
}

/* What an error of a method is in a receipt. A region that is full, damaged state: LIMIT, and
 * whoever holds other state disagrees on the root and stops there. */
static enum receipt_status status_of(const struct contract_call *k, enum err e)
{
    if (e == ERR_REFUSED) {
        return k->refused;
    }
    if (e == ERR_ENCODING || e == ERR_SIZE || e == ERR_RANGE) {
        return RECEIPT_ARGS;
    }
    if (e == ERR_NOT_FOUND) {
        return RECEIPT_NOT_FOUND;
    }
    return e == ERR_NONE ? RECEIPT_OK : RECEIPT_LIMIT;
}

/* Seals and attachments (metadata, wraps, documents) are sealed by ciphers of the space's suite,
 * and gm's are not there (FORMATS 3): what state says is sealed could be opened by nobody. Genesis
 * alone decides, so that every node says the same. */
static bool suite_has_it(const struct contract_call *k)
{
    const struct tx_body *b = &k->tx->body;
    return ctx_genesis(k->ctx)->suite != SUITE_GM ||
           (b->method != METHOD_TOKEN_SEAL && b->attachment_count == 0);
}

#define APPLY(id, message, method)                                  \
    static enum receipt_status apply_##id(struct contract_ctx *c)   \
    {                                                               \
        struct contract_call k = call_of(c);                        \
        if (!suite_has_it(&k)) {                                    \
            return RECEIPT_SUITE;                                   \
        }                                                           \
        struct message *x = ARENA_NEW(k.arena, struct message);     \
        if (x == NULL) {                                            \
            return RECEIPT_LIMIT;                                   \
        }                                                           \
        enum err e = message##_decode(k.tx->body.args, k.arena, x); \
        return status_of(&k, e == ERR_NONE ? method(&k, x) : e);    \
    }
APPLY(DID_CREATE, did_create, did_create)
APPLY(TOKEN_MINT, token_mint, token_mint)
APPLY(TOKEN_SEAL, token_seal, token_seal)
APPLY(TOKEN_FREEZE, token_state, token_freeze)
APPLY(TOKEN_THAW, token_state, token_thaw)
APPLY(TOKEN_REVOKE, token_state, token_revoke)
APPLY(TOKEN_ARCHIVE, token_state, token_archive)
APPLY(RIGHT_GRANT, right_grant, right_grant)
APPLY(RIGHT_USE, right_use, right_use)
APPLY(RIGHT_REVOKE, right_revoke, right_revoke)
APPLY(RIGHT_RELEASE, right_release, right_release)
APPLY(ATTACHMENT_ACK, attachment_ack, attachment_ack)
APPLY(ATTACHMENT_REJECT, attachment_reject, attachment_reject)
APPLY(MONEY_ISSUE, money_issue, money_issue)
APPLY(MONEY_PAY, money_pay, money_pay)
APPLY(MONEY_LOCK, money_lock, money_lock)
APPLY(MONEY_SETTLE, money_settle, money_settle)
APPLY(MONEY_REFUND, money_refund, money_refund)
APPLY(PACK_PUT, pack_put, pack_put)
APPLY(GOVERNANCE_PROPOSE, proposal_make, governance_propose)
APPLY(GOVERNANCE_APPROVE, proposal_approve, governance_approve)
APPLY(GOVERNANCE_SEAT, seat_change, seat_put)
APPLY(EVIDENCE_ANCHOR, evidence_anchor, evidence_anchor)

static const struct contract_method METHODS[] = {
#define X(contract, number, name, args, text, cost, order, min, max, attachments) \
    { METHOD_##contract##_##name, text, 1, cost, order, min, max, attachments,    \
      apply_##contract##_##name },
    CONTRACT_METHODS(X)
#undef X
};

struct event_row {
    uint32_t contract, type;
    const char *name;
};
static const struct event_row EVENTS[] = {
#define X(contract, name, number, text, body) { CONTRACT_##contract, number, text },
    CONTRACT_EVENTS(X)
#undef X
};

const char *contract_method_name(uint32_t number)
{
    for (size_t i = 0; i < COUNT(METHODS); i++) {
        if (METHODS[i].number == number) {
            return METHODS[i].name;
        }
    }
    return "unknown";
}

const char *contract_event_name(uint32_t contract, uint32_t type)
{
    for (size_t i = 0; i < COUNT(EVENTS); i++) {
        if (EVENTS[i].contract == contract && EVENTS[i].type == type) {
            return EVENTS[i].name;
        }
    }
    return "unknown";
}

void contract_table_init(struct contract_env *env, void *memory, size_t size,
                         struct contract_table *out)
{
    *env = (struct contract_env){ .cache = arena_over(memory, size) };
    *out = (struct contract_table){ .method = METHODS,
                                    .count = COUNT(METHODS),
                                    .user = env,
                                    .genesis = contract_genesis,
                                    .signer_key = contract_signer_key,
                                    .version_set_max = VERSION_SET,
                                    .version_sets = contract_version_sets };
}
