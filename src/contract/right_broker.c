/* Brokered custody: USE opens a use, RELEASE by the grantor makes it, and until then it has cost
 * nothing (FORMATS 19). A use opens only when the wrap of the one before was answered, so that at
 * most one released key is under way. */
#include "contract/right_internal.h"

/* The attachment of the newest wrap: of the grant, or of the newest RELEASE. */
static struct contract_key newest_wrap(const struct right_record *r)
{
    return contract_key_attachment(hash_is_zero(&r->release) ? &r->grant : &r->release,
                                   r->wrap_index);
}

enum err right_is_delivered(struct contract_call *k, const struct right_record *r, bool *out)
{
    struct attachment_record a;
    if (r->delivered != 0 || hash_is_zero(&r->wrap)) {
        *out = r->delivered != 0;
        return ERR_NONE;
    }
    TRY(attachment_record_load(k, newest_wrap(r), &a));
    *out = hash_in(a.acked, a.acked_count, &r->holder);
    return ERR_NONE;
}

/* The holder has said what became of the wrap before: ACK, or REJECT when it was none. */
static enum err need_answered(struct contract_call *k, struct right_record *r)
{
    struct attachment_record a;
    if (hash_is_zero(&r->release)) {
        return ERR_NONE;
    }
    TRY(attachment_record_load(k, newest_wrap(r), &a));
    bool acked = hash_in(a.acked, a.acked_count, &r->holder);
    TRY(contract_need(k, acked || hash_in(a.rejected, a.rejected_count, &r->holder),
                      RECEIPT_NOT_ACKED));
    r->delivered = acked ? 1 : r->delivered;
    return ERR_NONE;
}

static bool is_pending(const struct contract_call *k, const struct right_record *r)
{
    return r->pending != 0 && k->now_ms < r->pending_until_ms;
}

static enum err store(struct contract_call *k, const struct token_record *t,
                      const struct right_record *r)
{
    TRY(token_record_store(k, contract_key_token(&t->token), t));
    return right_record_store(k, contract_key_right(&r->right), r);
}

enum err right_use_pending(struct contract_call *k, struct token_record *t, struct right_record *r,
                           uint32_t use)
{
    struct event e = { .contract = CONTRACT_RIGHT,
                       .type = EVENT_RIGHT_PENDING,
                       .subject_count = 4,
                       .subject = { t->token, r->right, r->holder, r->grantor } };
    TRY(contract_need(k, !is_pending(k, r), RECEIPT_STATE));
    TRY(money_need_standing(k, r));
    TRY(need_answered(k, r));
    r->pending = use;
    r->pending_until_ms = k->now_ms + ctx_genesis(k->ctx)->param[PARAM_RELEASE_DEADLINE_MS];
    struct right_pending body = { use, r->pending_until_ms };
    TRY(right_pending_encode(&body, k->arena, &e.body));
    TRY(contract_emit(k, e, t, r));
    return store(k, t, r);
}

/* Who may answer, and to what: the order says which status a wrong RELEASE gets. */
static enum err need_releasable(struct contract_call *k, const struct token_record *t,
                                const struct right_record *r, uint32_t use)
{
    TRY(contract_need(k, r->custody == CUSTODY_BROKERED && r->pending != 0, RECEIPT_STATE));
    TRY(contract_need(k, use == r->pending, RECEIPT_ARGS));
    TRY(right_need_usable(k, t, r));
    TRY(money_need_standing(k, r));
    return contract_need(k, is_pending(k, r), RECEIPT_EXPIRED);
}

enum err right_release(struct contract_call *k, const struct right_release *x)
{
    struct right_record r;
    struct token_record t;
    TRY(right_record_load(k, contract_key_right(&x->right), &r));
    TRY(contract_need(k, hash_equal(&r.grantor, k->author), RECEIPT_FORBIDDEN));
    TRY(token_record_load(k, contract_key_token(&r.token), &t));
    TRY(need_releasable(k, &t, &r, x->use));
    TRY(right_find_wrap(k, &x->wrap, &r.holder, &r.wrap_index));
    r.pending = 0;
    r.pending_until_ms = 0;
    r.used++;
    ASSERT(r.used == x->use);
    r.wrap = x->wrap;
    r.release = k->tx->id;
    struct right_released body = { r.used, r.uses == 0 ? 0 : r.uses - r.used, x->wrap };
    struct event e = { .contract = CONTRACT_RIGHT,
                       .type = EVENT_RIGHT_RELEASED,
                       .subject_count = 4,
                       .subject = { t.token, r.right, r.holder, r.grantor } };
    TRY(contract_attach(k, &t.token, &r.right));
    TRY(right_released_encode(&body, k->arena, &e.body));
    TRY(contract_emit(k, e, &t, &r));
    return store(k, &t, &r);
}
