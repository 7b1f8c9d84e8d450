/* right — a usage right under a token: granted under the law, used, revoked (FORMATS 8, 18, 19). */
#include "contract/right_internal.h"

/* The attachment that carries the content key: kind wrap, the commitment of the args, the holder
 * among its readers. */
enum err right_find_wrap(struct contract_call *k, const struct hash *wrap,
                         const struct hash *holder, uint32_t *index)
{
    for (uint32_t i = 0; i < k->tx->body.attachment_count; i++) {
        const struct tx_attachment *a = &k->tx->body.attachment[i];
        if (a->kind == ATTACHMENT_WRAP && hash_equal(&a->commitment, wrap) &&
            hash_in(a->reader, a->reader_count, holder)) {
            *index = i;
            return ERR_NONE;
        }
    }
    return contract_refuse(k, RECEIPT_ATTACHMENT);
}

static bool grant_is_sound(const struct contract_call *k, const struct right_grant *x)
{
    return x->kind >= RIGHT_HOLD && x->kind <= RIGHT_OPERATE && x->custody >= CUSTODY_RELEASED &&
           x->custody <= CUSTODY_BROKERED && x->uses <= CONTRACT_USES_MAX && x->places_count > 0 &&
           u32_ascending(x->places, x->places_count) && !hash_equal(&x->holder, k->author) &&
           hash_is_zero(&x->wrap) == (x->custody == CUSTODY_BROKERED);
}

/* The token may be granted from: owned, active, in its window, sealed as the grant says. */
static enum err need_grantable(struct contract_call *k, const struct token_record *t,
                               const struct right_grant *x)
{
    uint32_t next;
    bool sealed = false;
    TRY(contract_need(k, hash_equal(&t->owner, k->author), RECEIPT_FORBIDDEN));
    TRY(token_step(k, t, TOKEN_GRANT, &next));
    TRY(contract_need(k, k->now_ms < t->valid_until_ms, RECEIPT_EXPIRED));
    for (uint32_t i = 0; i < t->seals_count; i++) {
        sealed = sealed || hash_equal(&t->seals[i].seal, &x->seal);
    }
    return contract_need(k, sealed, RECEIPT_NOT_FOUND);
}

/* A right is never wider than its token: places, term. */
static enum err need_within(struct contract_call *k, const struct token_record *t,
                            const struct right_grant *x, const struct did_view *holder)
{
    for (uint32_t i = 0; i < x->places_count; i++) {
        TRY(contract_need(k, u32_in(t->jurisdictions, t->jurisdictions_count, x->places[i]),
                          RECEIPT_ARGS));
    }
    TRY(contract_need(k, u32_in(x->places, x->places_count, holder->jurisdiction), RECEIPT_ARGS));
    return contract_need(k, x->until_ms > k->now_ms && x->until_ms <= t->valid_until_ms,
                         RECEIPT_ARGS);
}

static struct right_record right_of_grant(const struct contract_call *k,
                                          const struct right_grant *x)
{
    struct right_record r = { .token = x->token,
                              .grantor = *k->author,
                              .holder = x->holder,
                              .seal = x->seal,
                              .kind = x->kind,
                              .custody = x->custody,
                              .uses = x->uses,
                              .until_ms = x->until_ms,
                              .purpose = x->purpose,
                              .places_count = x->places_count,
                              .state = RIGHT_ACTIVE,
                              .lock = x->lock,
                              .wrap = x->wrap,
                              .grant = k->tx->id };
    for (uint32_t i = 0; i < x->places_count; i++) {
        r.places[i] = x->places[i];
    }
    contract_right_id(ctx_suite(k->ctx), &x->token, &x->holder, k->tx->body.nonce, &r.right);
    return r;
}

static enum err emit_granted(struct contract_call *k, struct token_record *t,
                             struct right_record *r)
{
    struct right_granted granted = {
        r->kind, r->custody, r->uses, r->until_ms, r->verdict, r->lock
    };
    struct event e = { .contract = CONTRACT_RIGHT,
                       .type = EVENT_RIGHT_GRANTED,
                       .subject_count = 4,
                       .subject = { t->token, r->right, r->holder, r->grantor } };
    TRY(right_granted_encode(&granted, k->arena, &e.body));
    return contract_emit(k, e, t, r);
}

enum err right_grant(struct contract_call *k, const struct right_grant *x)
{
    struct token_record t;
    struct did_view holder;
    TRY(contract_need(k, grant_is_sound(k, x), RECEIPT_ARGS));
    TRY(token_record_load(k, contract_key_token(&x->token), &t));
    TRY(need_grantable(k, &t, x));
    TRY(did_view_load(k, &x->holder, &holder));
    TRY(contract_need(k, did_view_has_role(&holder, ROLE_MEMBER), RECEIPT_FORBIDDEN));
    TRY(need_within(k, &t, x, &holder));
    struct right_record r = right_of_grant(k, x);
    if (x->custody == CUSTODY_RELEASED) {
        TRY(right_find_wrap(k, &x->wrap, &x->holder, &r.wrap_index));
    }
    TRY(contract_need_absent(k, contract_key_right(&r.right)));
    TRY(right_judge(k, &t, x, &r.verdict));
    if (!hash_is_zero(&x->lock)) {
        TRY(money_bind(k, &x->lock, &r));
    }
    t.rights++;
    TRY(contract_attach(k, &t.token, &r.right));
    TRY(emit_granted(k, &t, &r));
    TRY(token_record_store(k, contract_key_token(&t.token), &t));
    return right_record_store(k, contract_key_right(&r.right), &r);
}

enum err right_need_usable(struct contract_call *k, const struct token_record *t,
                           const struct right_record *r)
{
    uint32_t next;
    TRY(token_step(k, t, TOKEN_USE, &next));
    TRY(contract_need(k, r->state == RIGHT_ACTIVE, RECEIPT_REVOKED));
    TRY(contract_need(k, k->now_ms >= t->valid_from_ms, RECEIPT_TOO_EARLY));
    TRY(contract_need(k, k->now_ms < t->valid_until_ms, RECEIPT_EXPIRED));
    TRY(contract_need(k, k->now_ms < r->until_ms, RECEIPT_EXPIRED));
    bool left = r->used < UINT32_MAX && (r->uses == 0 || r->used < r->uses);
    return contract_need(k, left, RECEIPT_EXHAUSTED);
}

enum err right_use(struct contract_call *k, const struct right_use *x)
{
    struct right_record r;
    struct token_record t;
    TRY(right_record_load(k, contract_key_right(&x->right), &r));
    TRY(contract_need(k, hash_equal(&r.holder, k->author), RECEIPT_FORBIDDEN));
    TRY(token_record_load(k, contract_key_token(&r.token), &t));
    TRY(right_need_usable(k, &t, &r));
    TRY(contract_need(k, x->use == r.used + 1, RECEIPT_ARGS));
    if (r.custody == CUSTODY_BROKERED) {
        return right_use_pending(k, &t, &r, x->use);
    }
    r.used++;
    struct right_used used = { r.used, r.uses == 0 ? 0 : r.uses - r.used };
    struct event e = { .contract = CONTRACT_RIGHT,
                       .type = EVENT_RIGHT_USED,
                       .subject_count = 3,
                       .subject = { t.token, r.right, r.holder } };
    TRY(right_used_encode(&used, k->arena, &e.body));
    TRY(contract_emit(k, e, &t, &r));
    TRY(token_record_store(k, contract_key_token(&t.token), &t));
    return right_record_store(k, contract_key_right(&r.right), &r);
}

enum err right_revoke(struct contract_call *k, const struct right_revoke *x)
{
    struct right_record r;
    struct token_record t;
    struct right_revoked revoked = { x->reason };
    bool regulator, refunded;
    TRY(right_record_load(k, contract_key_right(&x->right), &r));
    TRY(contract_is_regulator(k, &regulator));
    TRY(contract_need(k, regulator || hash_equal(&r.grantor, k->author), RECEIPT_FORBIDDEN));
    TRY(contract_need(k, r.state == RIGHT_ACTIVE, RECEIPT_REVOKED));
    TRY(token_record_load(k, contract_key_token(&r.token), &t));
    TRY(money_is_refunded(k, &r, &refunded));
    TRY(right_ended(k, &r, refunded));
    r.state = RIGHT_REVOKED;
    struct event e = { .contract = CONTRACT_RIGHT,
                       .type = EVENT_RIGHT_REVOKED,
                       .subject_count = 3,
                       .subject = { t.token, r.right, *k->author } };
    TRY(right_revoked_encode(&revoked, k->arena, &e.body));
    TRY(contract_attach(k, &t.token, &r.right));
    TRY(contract_emit(k, e, &t, &r));
    TRY(token_record_store(k, contract_key_token(&t.token), &t));
    return right_record_store(k, contract_key_right(&r.right), &r);
}
