/* money — settlement accounts: issue, pay, lock, settle, refund (FORMATS 20). No coin, no fees. */
#include "contract/money_internal.h"
#include "contract/right_internal.h"

#include <string.h>

#define MS_OF_DAY UINT64_C(86400000)

/* A balance of zero has no record: absent and zero are one state. */
static enum err balance_read(struct contract_call *k, struct contract_key key, uint32_t currency,
                             struct amount *out)
{
    struct balance_record r;
    enum err e = balance_record_load(k, key, &r);
    struct amount a = amount_zero(currency);
    if (e == ERR_NONE) {
        memcpy(a.value, r.value, sizeof(a.value));
    } else if (e != ERR_NOT_FOUND) {
        return e;
    }
    *out = a;
    return ERR_NONE;
}

static enum err balance_write(struct contract_call *k, struct contract_key key,
                              const struct amount *a)
{
    struct balance_record r;
    ASSERT(amount_sign(a) >= 0);
    if (amount_sign(a) == 0) {
        return ctx_del(k->ctx, key.contract, contract_key_bytes(&key));
    }
    memcpy(r.value, a->value, sizeof(r.value));
    return balance_record_store(k, key, &r);
}

static enum err add_to(struct contract_call *k, struct contract_key key, const struct amount *a)
{
    struct amount balance, sum;
    TRY(balance_read(k, key, a->currency, &balance));
    TRY(contract_need(k, amount_add(&balance, a, &sum) == ERR_NONE, RECEIPT_LIMIT));
    return balance_write(k, key, &sum);
}

enum err money_credit(struct contract_call *k, const struct hash *did, const struct amount *a)
{
    return add_to(k, contract_key_balance(did, a->currency), a);
}

enum err money_debit(struct contract_call *k, const struct hash *did, const struct amount *a)
{
    struct contract_key key = contract_key_balance(did, a->currency);
    struct amount balance, rest;
    TRY(balance_read(k, key, a->currency, &balance));
    bool covered = amount_sub(&balance, a, &rest) == ERR_NONE && amount_sign(&rest) >= 0;
    TRY(contract_need(k, covered, RECEIPT_FUNDS));
    return balance_write(k, key, &rest);
}

static enum err need_amount(struct contract_call *k, const struct amount *a)
{
    bool known = a->currency < ctx_genesis(k->ctx)->currency_count;
    return contract_need(k, known && amount_sign(a) > 0, RECEIPT_ARGS);
}

static enum err need_did(struct contract_call *k, const struct hash *did)
{
    struct contract_key key = contract_key_did(did);
    struct bytes there;
    return ctx_get(k->ctx, key.contract, contract_key_bytes(&key), &there);
}

static enum err emit_moved(struct contract_call *k, struct event e, struct money_moved moved,
                           struct token_record *token, struct right_record *right)
{
    e.contract = CONTRACT_MONEY;
    TRY(money_moved_encode(&moved, k->arena, &e.body));
    return contract_emit(k, e, token, right);
}

static struct money_moved moved_of(const struct lock_record *l)
{
    return (struct money_moved){ .amount = l->amount, .lock = l->lock, .exchange = l->exchange };
}

/* Both legs of an open lock leave it together, or neither does: the savepoint of the transaction
 * undoes the first when the second is refused (FORMATS 5). */
static enum err pay_out(struct contract_call *k, const struct lock_record *l, bool settled)
{
    struct money_exchange x;
    const struct hash *to = settled ? &l->payee : &l->payer;
    if (l->exchange.len == 0) {
        return money_credit(k, to, &l->amount);
    }
    TRY(money_exchange_decode(l->exchange, k->arena, &x));
    TRY(money_credit(k, settled ? &x.oracle : &l->payer, &l->amount));
    return money_credit(k, settled ? &l->payee : &x.oracle, &x.amount);
}

enum err money_issue(struct contract_call *k, const struct money_issue *x)
{
    struct event e = { .type = EVENT_MONEY_ISSUED,
                       .subject_count = 2,
                       .subject = { x->to, *k->author } };
    TRY(need_amount(k, &x->amount));
    const struct currency *c = &ctx_genesis(k->ctx)->currency[x->amount.currency];
    TRY(contract_need(k, hash_equal(&c->issuer, k->author), RECEIPT_FORBIDDEN));
    TRY(need_did(k, &x->to));
    TRY(add_to(k, contract_key_issued(x->amount.currency), &x->amount));
    TRY(money_credit(k, &x->to, &x->amount));
    return emit_moved(k, e, (struct money_moved){ .amount = x->amount }, NULL, NULL);
}

enum err money_pay(struct contract_call *k, const struct money_pay *x)
{
    struct event e = { .type = EVENT_MONEY_PAID,
                       .subject_count = 2,
                       .subject = { x->to, *k->author } };
    TRY(need_amount(k, &x->amount));
    TRY(contract_need(k, !hash_equal(&x->to, k->author), RECEIPT_ARGS));
    TRY(need_did(k, &x->to));
    TRY(money_debit(k, k->author, &x->amount));
    TRY(money_credit(k, &x->to, &x->amount));
    return emit_moved(k, e, (struct money_moved){ .amount = x->amount }, NULL, NULL);
}

enum err money_lock(struct contract_call *k, const struct money_lock *x)
{
    struct token_record t;
    uint32_t next;
    struct lock_record l = { .payer = *k->author,
                             .payee = x->payee,
                             .amount = x->amount,
                             .token = x->token,
                             .until_ms = x->until_ms,
                             .state = LOCK_OPEN };
    struct event e = { .type = EVENT_MONEY_LOCKED,
                       .subject_count = 3,
                       .subject = { x->token, x->payee, *k->author } };
    TRY(need_amount(k, &x->amount));
    TRY(contract_need(k, !hash_equal(&x->payee, k->author), RECEIPT_ARGS));
    TRY(contract_need(k, x->until_ms > k->now_ms, RECEIPT_ARGS));
    TRY(contract_need(k, x->until_ms - k->now_ms <= CONTRACT_LOCK_DAYS_MAX * MS_OF_DAY,
                      RECEIPT_ARGS));
    TRY(token_record_load(k, contract_key_token(&x->token), &t));
    TRY(contract_need(k, hash_equal(&t.owner, &x->payee), RECEIPT_ARGS));
    TRY(token_step(k, &t, TOKEN_LOCK, &next));
    TRY(contract_need(k, k->now_ms < t.valid_until_ms, RECEIPT_EXPIRED));
    TRY(money_debit(k, k->author, &x->amount));
    TRY(money_quote_take(k, x, &l.exchange));
    contract_lock_id(ctx_suite(k->ctx), k->author, &x->payee, k->tx->body.nonce, &l.lock);
    TRY(contract_need_absent(k, contract_key_lock(&l.lock)));
    TRY(emit_moved(k, e, moved_of(&l), &t, NULL));
    TRY(token_record_store(k, contract_key_token(&t.token), &t));
    return lock_record_store(k, contract_key_lock(&l.lock), &l);
}

enum err money_bind(struct contract_call *k, const struct hash *lock,
                    const struct right_record *right)
{
    struct lock_record l;
    TRY(lock_record_load(k, contract_key_lock(lock), &l));
    bool meant = hash_equal(&l.payee, &right->grantor) && hash_equal(&l.payer, &right->holder) &&
                 hash_equal(&l.token, &right->token);
    TRY(contract_need(k, meant, RECEIPT_ARGS));
    TRY(contract_need(k, l.state == LOCK_OPEN && hash_is_zero(&l.right), RECEIPT_STATE));
    TRY(contract_need(k, k->now_ms < l.until_ms, RECEIPT_EXPIRED));
    l.right = right->right;
    return lock_record_store(k, contract_key_lock(lock), &l);
}

enum err money_need_standing(struct contract_call *k, const struct right_record *r)
{
    struct lock_record l;
    if (hash_is_zero(&r->lock)) {
        return ERR_NONE;
    }
    TRY(lock_record_load(k, contract_key_lock(&r->lock), &l));
    TRY(contract_need(k, l.state != LOCK_REFUNDED, RECEIPT_STATE));
    return contract_need(k, l.state == LOCK_SETTLED || k->now_ms < l.until_ms, RECEIPT_EXPIRED);
}

enum err money_is_refunded(struct contract_call *k, const struct right_record *r, bool *out)
{
    struct lock_record l;
    if (hash_is_zero(&r->lock)) {
        *out = false;
        return ERR_NONE;
    }
    TRY(lock_record_load(k, contract_key_lock(&r->lock), &l));
    *out = l.state == LOCK_REFUNDED;
    return ERR_NONE;
}

enum err money_settle(struct contract_call *k, const struct money_settle *x)
{
    struct lock_record l;
    struct right_record r;
    struct token_record t;
    uint32_t next;
    bool delivered;
    TRY(lock_record_load(k, contract_key_lock(&x->lock), &l));
    TRY(contract_need(k, hash_equal(&l.payee, k->author), RECEIPT_FORBIDDEN));
    TRY(contract_need(k, l.state == LOCK_OPEN && !hash_is_zero(&l.right), RECEIPT_STATE));
    TRY(contract_need(k, k->now_ms < l.until_ms, RECEIPT_EXPIRED));
    TRY(right_record_load(k, contract_key_right(&l.right), &r));
    TRY(token_record_load(k, contract_key_token(&l.token), &t));
    TRY(token_step(k, &t, TOKEN_SETTLE, &next));
    TRY(contract_need(k, r.state == RIGHT_ACTIVE, RECEIPT_REVOKED));
    TRY(right_is_delivered(k, &r, &delivered));
    TRY(contract_need(k, delivered, RECEIPT_NOT_ACKED));
    l.state = LOCK_SETTLED;
    TRY(pay_out(k, &l, true));
    struct event e = { .type = EVENT_MONEY_SETTLED,
                       .subject_count = 4,
                       .subject = { l.token, l.right, l.payee, l.payer } };
    TRY(emit_moved(k, e, moved_of(&l), &t, &r));
    TRY(token_record_store(k, contract_key_token(&t.token), &t));
    TRY(right_record_store(k, contract_key_right(&r.right), &r));
    return lock_record_store(k, contract_key_lock(&l.lock), &l);
}

static enum err emit_refunded(struct contract_call *k, const struct lock_record *l)
{
    struct token_record t;
    struct right_record r;
    bool bound = !hash_is_zero(&l->right);
    struct event e = { .type = EVENT_MONEY_REFUNDED, .subject_count = 1, .subject = { l->token } };
    TRY(token_record_load(k, contract_key_token(&l->token), &t));
    if (bound) {
        TRY(right_record_load(k, contract_key_right(&l->right), &r));
        TRY(right_refunded(k, &r));
        e.subject[e.subject_count++] = l->right;
    }
    e.subject[e.subject_count++] = l->payer;
    e.subject[e.subject_count++] = *k->author;
    TRY(emit_moved(k, e, moved_of(l), &t, bound ? &r : NULL));
    TRY(token_record_store(k, contract_key_token(&t.token), &t));
    return bound ? right_record_store(k, contract_key_right(&r.right), &r) : ERR_NONE;
}

/* By anybody, after the deadline: nobody needs the payer awake, and nobody sweeps (FORMATS 21). */
enum err money_refund(struct contract_call *k, const struct money_refund *x)
{
    struct lock_record l;
    TRY(lock_record_load(k, contract_key_lock(&x->lock), &l));
    TRY(contract_need(k, l.state == LOCK_OPEN, RECEIPT_STATE));
    TRY(contract_need(k, k->now_ms >= l.until_ms, RECEIPT_TOO_EARLY));
    l.state = LOCK_REFUNDED;
    TRY(pay_out(k, &l, false));
    TRY(emit_refunded(k, &l));
    return lock_record_store(k, contract_key_lock(&l.lock), &l);
}
