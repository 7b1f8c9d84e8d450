#include "sim/sim_parts_internal.h"

/* Money in two currencies, and one deal after another as people make them: somebody locks money for
 * a sealed token, most often at the bank's quote, the owner grants, the payer acknowledges the key,
 * the owner settles. A step may fail or come too late; then refunds return what was locked. */

enum { WORD_PERSONAL = 5, WORD_RETAIL = 22, CNY = 0, EUR = 1, PATIENCE_MS = 2500 };

const struct did_document *sim_document(const struct world *w, uint32_t i)
{
    return &w->genesis.participant[i];
}

static const struct hash *somebodys_id(struct world *w)
{
    return &sim_document(w, (uint32_t)sim_below(&w->random, w->genesis.participant_count))->id;
}

static struct amount some_amount(struct world *w, uint64_t most)
{
    uint32_t currency = sim_chance(&w->random, 500) ? CNY : EUR;
    return amount_from_i64(currency, 1 + (int64_t)sim_below(&w->random, most));
}

enum err sim_issue(struct world *w, struct arena *a, struct sim_order *o)
{
    struct money_issue x = { .to = *somebodys_id(w) };
    x.amount = some_amount(w, 100000);
    o->from = w->seats; /* the bank */
    o->body.method = METHOD_MONEY_ISSUE;
    return money_issue_encode(&x, a, &o->body.args);
}

enum err sim_pay(struct world *w, struct arena *a, struct sim_order *o)
{
    struct money_pay x = { .to = *somebodys_id(w) };
    x.amount = some_amount(w, 20000);
    o->body.method = METHOD_MONEY_PAY;
    return money_pay_encode(&x, a, &o->body.args);
}

enum err sim_grant(struct world *w, struct arena *a, struct sim_order *o, struct sim_token *t,
                   uint32_t to, const struct hash *lock)
{
    const struct did_document *holder = sim_document(w, to);
    struct policy_facts *f = ARENA_NEW(a, struct policy_facts);
    if (f == NULL) {
        return ERR_NO_SPACE;
    }
    f->from = sim_document(w, t->owner)->jurisdiction;
    f->to = holder->jurisdiction;
    f->class_count = 1;
    f->classes[0] = WORD_PERSONAL;
    f->sector = WORD_RETAIL;
    f->subjects_given = true;
    f->subjects = 1 + sim_below(&w->random, 20);
    struct right_grant x = { .token = t->id,
                             .holder = holder->id,
                             .seal = t->seal,
                             .kind = RIGHT_PROCESS_AND_USE,
                             .custody = CUSTODY_RELEASED,
                             .uses = 2,
                             .until_ms = t->until_ms,
                             .places_count = 1,
                             .places = { holder->jurisdiction },
                             .lock = *lock,
                             .wrap = sim_hash(w) };
    if (sim_chance(&w->random, 150)) {
        uint64_t brief = w->now_ms + 2000 + sim_below(&w->random, 15000);
        x.until_ms = brief < x.until_ms ? brief : x.until_ms;
    }
    o->from = t->owner;
    o->body.method = METHOD_RIGHT_GRANT;
    TRY(policy_facts_encode(f, a, &x.facts));
    /* Half of those that may well be granted are brokered: sealed, in the places of the token, for
     * no money. */
    bool likely = !hash_is_zero(&t->seal) && to != t->owner && hash_is_zero(lock) &&
                  (holder->jurisdiction == 156 || holder->jurisdiction == 276);
    if (likely && w->right_count < SIM_RIGHTS_MAX && sim_chance(&w->random, 500)) {
        x.custody = CUSTODY_BROKERED;
        x.wrap = (struct hash){ { 0 } };
        x.uses = 0;
        struct sim_right *r = &w->right[w->right_count++];
        *r = (struct sim_right){ .token = t->id, .grantor = t->owner, .holder = to };
        contract_right_id(w->suite, &t->id, &holder->id, o->body.nonce, &r->id);
        return right_grant_encode(&x, a, &o->body.args);
    }
    TRY(sim_attach(o, a, ATTACHMENT_WRAP, &x.wrap, &holder->id, x.until_ms));
    return right_grant_encode(&x, a, &o->body.args);
}

/* The bank's word, now and then the same twice: the serial is drawn from few. */
static enum err take_quote(struct world *w, struct arena *a, struct money_lock *x)
{
    /* Draws one after the other: compilers evaluate an initializer in orders of their own. */
    uint64_t num = 1 + sim_below(&w->random, 40);
    uint64_t den = 1 + sim_below(&w->random, 40);
    uint64_t valid_ms = 5000 + sim_below(&w->random, 60000);
    struct money_quote q = { .space = w->genesis.space,
                             .oracle = sim_document(w, w->seats)->id,
                             .key = 1,
                             .from = x->amount.currency,
                             .to = CNY + EUR - x->amount.currency,
                             .num = num,
                             .den = den,
                             .max = { 0x7f },
                             .until_ms = w->now_ms + valid_ms,
                             .hold_until_ms = x->until_ms };
    uint8_t *signature = arena_alloc(a, w->suite->signature_size);
    if (signature == NULL) {
        return ERR_NO_SPACE;
    }
    q.serial[0] = (uint8_t)sim_next(&w->random);
    TRY(money_quote_encode(&q, a, &x->quote));
    contract_quote_sign(w->suite, w->participant_seed[w->seats], x->quote, signature);
    x->signature = bytes_of(signature, w->suite->signature_size);
    return ERR_NONE;
}

/* A few tries: who buys looks for what is ready. */
static struct sim_token *some_sealed(struct world *w)
{
    struct sim_token *t = &w->token[sim_below(&w->random, w->token_count)];
    for (uint32_t i = 0; i < 8 && hash_is_zero(&t->seal); i++) {
        t = &w->token[sim_below(&w->random, w->token_count)];
    }
    return t;
}

/* The first two are from the two places that tokens may go to: one buys from the other. */
static enum err begin(struct world *w, struct arena *a, struct sim_order *o)
{
    struct sim_token *t = some_sealed(w);
    uint64_t most_ms = sim_chance(&w->random, 500) ? 10000 : 60000;
    struct amount amount = some_amount(w, 5000);
    uint64_t held_ms = 3000 + sim_below(&w->random, most_ms);
    struct money_lock x = { .payee = sim_document(w, t->owner)->id,
                            .amount = amount,
                            .token = t->id,
                            .until_ms = w->now_ms + held_ms };
    t->payer = t->owner == 0 && w->seats > 1 ? 1 : 0;
    o->from = t->payer;
    contract_lock_id(w->suite, &sim_document(w, o->from)->id, &x.payee, o->body.nonce, &t->lock);
    if (t->owner != w->seats && sim_chance(&w->random, 700)) {
        TRY(take_quote(w, a, &x));
    }
    w->deal = t;
    w->deal_step = 1;
    o->body.method = METHOD_MONEY_LOCK;
    return money_lock_encode(&x, a, &o->body.args);
}

/* Parties wait for the step before to be in a block, though not for ever. */
static bool waits(const struct world *w)
{
    return w->deal != NULL && !w->tx[w->deal_tx].committed && w->now_ms < w->deal_until_ms;
}

enum err sim_deal(struct world *w, struct arena *a, struct sim_order *o)
{
    struct sim_token *t = w->deal;
    struct attachment_ack ack = { .points_count = 1 };
    struct money_settle settle;
    if (waits(w)) {
        return sim_pay(w, a, o);
    }
    uint32_t before = w->deal_tx;
    w->deal_tx = w->tx_count; /* the one that is being made */
    bool goes_on = t != NULL && w->tx[before].applied == w->tx[before].committed;
    w->deal_until_ms = w->now_ms + PATIENCE_MS;
    switch (goes_on ? w->deal_step++ : 0) {
    case 1:
        o->granted = t;
        return sim_grant(w, a, o, t, t->payer, &t->lock);
    case 2:
        ack.points[0] = (struct attachment_point){ t->grant, 0 };
        o->from = t->payer;
        o->body.method = METHOD_ATTACHMENT_ACK;
        return attachment_ack_encode(&ack, a, &o->body.args);
    case 3:
        settle.lock = t->lock;
        o->from = t->owner;
        o->body.method = METHOD_MONEY_SETTLE;
        return money_settle_encode(&settle, a, &o->body.args);
    default:
        return begin(w, a, o);
    }
}

/* Before its deadline too early, after it anybody may. */
enum err sim_refund(struct world *w, struct arena *a, struct sim_order *o)
{
    struct money_refund x = { 0 };
    for (uint32_t i = 0; i < 4 && hash_is_zero(&x.lock); i++) {
        x.lock = w->token[sim_below(&w->random, w->token_count)].lock;
    }
    if (hash_is_zero(&x.lock)) {
        return sim_pay(w, a, o);
    }
    o->body.method = METHOD_MONEY_REFUND;
    return money_refund_encode(&x, a, &o->body.args);
}
