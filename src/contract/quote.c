/* quote — two currencies at an oracle's word (FORMATS 20).
 *
 * The oracle stands behind its rate: its signature names the rate and lets its own account be drawn
 * on, once, up to a maximum, for a lock that ends by a moment it names. So LOCK has the consent
 * of both sides, and reserves both legs or none. */
#include "contract/money_internal.h"

#include <string.h>

#define MS_OF_HOUR UINT64_C(3600000)

/* The quote speaks of this space, this money and these parties. */
static enum err need_fitting(struct contract_call *k, const struct money_lock *x,
                             const struct money_quote *q)
{
    const struct genesis *g = ctx_genesis(k->ctx);
    struct amount max = { .currency = q->from };
    int order;
    memcpy(max.value, q->max, sizeof max.value);
    TRY(contract_need(k, hash_equal(&q->space, &g->space), RECEIPT_ARGS));
    TRY(contract_need(k, q->from == x->amount.currency && q->to != q->from, RECEIPT_ARGS));
    TRY(contract_need(k, q->to < g->currency_count && q->num > 0 && q->den > 0, RECEIPT_ARGS));
    TRY(amount_compare(&x->amount, &max, &order));
    TRY(contract_need(k, order <= 0, RECEIPT_ARGS));
    /* The oracle is the other side of both: it would pay itself. */
    bool apart = !hash_equal(&q->oracle, k->author) && !hash_equal(&q->oracle, &x->payee);
    return contract_need(k, apart, RECEIPT_ARGS);
}

/* Taken in time, and for no longer than the oracle said. The bound on `until_ms` bounds how long a
 * used quote is remembered. */
static enum err need_timely(struct contract_call *k, const struct money_lock *x,
                            const struct money_quote *q)
{
    TRY(contract_need(k, k->now_ms < q->until_ms, RECEIPT_EXPIRED));
    TRY(contract_need(k, q->until_ms - k->now_ms <= CONTRACT_QUOTE_HOURS_MAX * MS_OF_HOUR,
                      RECEIPT_ARGS));
    return contract_need(k, x->until_ms <= q->hold_until_ms, RECEIPT_ARGS);
}

static enum err need_signed(struct contract_call *k, const struct money_lock *x,
                            const struct money_quote *q)
{
    struct did_view oracle;
    struct bytes key;
    TRY(did_view_load(k, &q->oracle, &oracle));
    TRY(contract_need(k, did_view_has_role(&oracle, ROLE_ORACLE), RECEIPT_FORBIDDEN));
    enum err e = contract_signer_key(k->ctx, &q->oracle, q->key, &key);
    TRY(contract_need(k, e != ERR_NOT_FOUND, RECEIPT_FORBIDDEN));
    TRY(e);
    bool good = contract_quote_verify(ctx_suite(k->ctx), key, x->quote, x->signature);
    return contract_need(k, good, RECEIPT_FORBIDDEN);
}

/* Used quotes of an oracle stand in a ring. The slot that comes next is free, or held by a quote
 * that has expired and is forgotten here (the clock refuses it from now on), or the ring is full:
 * state holds at most CONTRACT_QUOTES_MAX of an oracle, and nothing is swept (FORMATS 21). */
static enum err use_up(struct contract_call *k, const struct money_quote *q, const struct hash *id)
{
    struct contract_key mark = contract_key_quote(id), ring_key;
    struct quote_ring_record ring = { 0 };
    struct quote_record old, used = { *id, q->until_ms };
    enum err e = quote_record_load(k, mark, &old);
    TRY(contract_need(k, e != ERR_NONE, RECEIPT_EXHAUSTED));
    ring_key = contract_key_quote_ring(&q->oracle);
    e = e == ERR_NOT_FOUND ? quote_ring_record_load(k, ring_key, &ring) : e;
    if (e != ERR_NONE && e != ERR_NOT_FOUND) {
        return e;
    }
    struct contract_key slot =
        contract_key_quote_slot(&q->oracle, (uint32_t)(ring.used % CONTRACT_QUOTES_MAX));
    e = quote_record_load(k, slot, &old);
    if (e == ERR_NONE) {
        struct contract_key expired = contract_key_quote(&old.quote);
        TRY(contract_need(k, k->now_ms >= old.until_ms, RECEIPT_LIMIT));
        e = ctx_del(k->ctx, expired.contract, contract_key_bytes(&expired));
    }
    if (e != ERR_NONE && e != ERR_NOT_FOUND) {
        return e;
    }
    ring.used++;
    TRY(quote_record_store(k, mark, &used));
    TRY(quote_record_store(k, slot, &used));
    return quote_ring_record_store(k, ring_key, &ring);
}

enum err money_quote_take(struct contract_call *k, const struct money_lock *x,
                          struct bytes *exchange)
{
    struct money_quote q;
    struct money_exchange leg;
    if (x->quote.len == 0) {
        return contract_need(k, x->signature.len == 0, RECEIPT_ARGS);
    }
    TRY(money_quote_decode(x->quote, k->arena, &q));
    TRY(need_fitting(k, x, &q));
    TRY(need_timely(k, x, &q));
    TRY(need_signed(k, x, &q));
    leg = (struct money_exchange){ .oracle = q.oracle, .num = q.num, .den = q.den };
    contract_quote_id(ctx_suite(k->ctx), &q, &leg.quote);
    TRY(use_up(k, &q, &leg.quote));
    /* Rounded half-even once, here: what is carried from now on is the whole amount, and the
     * remainder, less than half a unit either way, is the oracle's. */
    TRY(amount_convert(&x->amount, q.to, q.num, q.den, &leg.amount));
    TRY(contract_need(k, amount_sign(&leg.amount) > 0, RECEIPT_ARGS));
    TRY(money_debit(k, &q.oracle, &leg.amount));
    return money_exchange_encode(&leg, k->arena, exchange);
}
