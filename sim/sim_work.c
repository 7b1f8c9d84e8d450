#include "sim/sim_parts_internal.h"

/* What clients ask for: money moves, evidence is anchored, and under a law tokens are minted,
 * sealed, granted, paid for by locks, frozen and thawed. Some of it fails, as in life: too little
 * money, a token that does not exist yet. A failure must be the same failure on every node. */

enum { WORD_PERSONAL = 5, WORD_RETAIL = 22, YEAR_DAYS = 365 };
static const uint64_t DAY_MS = 86400000;

static struct hash random_hash(struct world *w)
{
    struct hash h;
    for (size_t i = 0; i < HASH_SIZE; i++) {
        h.b[i] = (uint8_t)sim_next(&w->random);
    }
    return h;
}

static uint32_t somebody(struct world *w)
{
    return (uint32_t)sim_below(&w->random, w->genesis.participant_count);
}

static const struct did_document *document(const struct world *w, uint32_t i)
{
    return &w->genesis.participant[i];
}

static struct sim_token *some_token(struct world *w)
{
    return &w->token[sim_below(&w->random, w->token_count)];
}

static enum err attach(struct sim_order *o, struct arena *a, enum attachment_kind kind,
                       const struct hash *commitment, const struct hash *reader, uint64_t until_ms)
{
    struct tx_attachment *t = ARENA_NEW(a, struct tx_attachment);
    if (t == NULL) {
        return ERR_NO_SPACE;
    }
    *t = (struct tx_attachment){ .commitment = *commitment,
                                 .size = 100,
                                 .reader_count = 1,
                                 .keep_until_ms = until_ms,
                                 .kind = (uint32_t)kind };
    t->reader[0] = *reader;
    o->body.attachment = t;
    o->body.attachment_count = 1;
    return ERR_NONE;
}

static enum err issue(struct world *w, struct arena *a, struct sim_order *o)
{
    struct money_issue x = { .to = document(w, somebody(w))->id };
    x.amount = amount_from_i64(0, (int64_t)sim_below(&w->random, 100000) + 1);
    o->from = w->seats; /* the bank */
    o->body.method = METHOD_MONEY_ISSUE;
    return money_issue_encode(&x, a, &o->body.args);
}

static enum err pay(struct world *w, struct arena *a, struct sim_order *o)
{
    struct money_pay x = { .to = document(w, somebody(w))->id };
    x.amount = amount_from_i64(0, (int64_t)sim_below(&w->random, 20000) + 1);
    o->body.method = METHOD_MONEY_PAY;
    return money_pay_encode(&x, a, &o->body.args);
}

static enum err anchor(struct world *w, struct arena *a, struct sim_order *o)
{
    struct evidence_anchor x = { .value = random_hash(w), .kind = 1 };
    o->body.method = METHOD_EVIDENCE_ANCHOR;
    return evidence_anchor_encode(&x, a, &o->body.args);
}

static enum err mint(struct world *w, struct arena *a, struct sim_order *o)
{
    if (w->token_count == SIM_TOKENS_MAX) {
        return anchor(w, a, o);
    }
    struct sim_token *t = &w->token[w->token_count++];
    *t = (struct sim_token){ .id = random_hash(w), .owner = o->from };
    struct token_mint x = { .token = t->id,
                            .asset = random_hash(w),
                            .classes_count = 1,
                            .classes = { WORD_PERSONAL },
                            .grade = 1,
                            .jurisdictions_count = 2,
                            .jurisdictions = { 156, 276 },
                            .valid_from_ms = w->start_ms,
                            .valid_until_ms = w->start_ms + YEAR_DAYS * DAY_MS,
                            .pack_set = w->law };
    struct hash metadata = random_hash(w);
    o->body.method = METHOD_TOKEN_MINT;
    TRY(attach(o, a, ATTACHMENT_METADATA, &metadata, &document(w, somebody(w))->id,
               w->start_ms + YEAR_DAYS * DAY_MS));
    return token_mint_encode(&x, a, &o->body.args);
}

static enum err seal(struct world *w, struct arena *a, struct sim_order *o)
{
    struct sim_token *t = some_token(w);
    t->seal = random_hash(w);
    struct token_seal x = { .token = t->id,
                            .seal = t->seal,
                            .suite = 1,
                            .chunk_size = CONTRACT_CHUNK_SIZE_MIN,
                            .chunk_count = 8,
                            .sealed_root = random_hash(w),
                            .manifest_hash = random_hash(w) };
    o->from = t->owner;
    o->body.method = METHOD_TOKEN_SEAL;
    return token_seal_encode(&x, a, &o->body.args);
}

static enum err grant(struct world *w, struct arena *a, struct sim_order *o)
{
    struct sim_token *t = some_token(w);
    const struct did_document *holder = document(w, somebody(w));
    struct policy_facts *f = ARENA_NEW(a, struct policy_facts);
    if (f == NULL) {
        return ERR_NO_SPACE;
    }
    f->from = document(w, t->owner)->jurisdiction;
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
                             .until_ms = w->start_ms + YEAR_DAYS * DAY_MS,
                             .places_count = 1,
                             .places = { holder->jurisdiction },
                             .wrap = random_hash(w) };
    o->from = t->owner;
    o->body.method = METHOD_RIGHT_GRANT;
    TRY(policy_facts_encode(f, a, &x.facts));
    TRY(attach(o, a, ATTACHMENT_WRAP, &x.wrap, &holder->id, x.until_ms));
    return right_grant_encode(&x, a, &o->body.args);
}

static enum err lock(struct world *w, struct arena *a, struct sim_order *o)
{
    struct sim_token *t = some_token(w);
    struct money_lock x = { .payee = document(w, t->owner)->id,
                            .amount = amount_from_i64(0, 1 + (int64_t)sim_below(&w->random, 5000)),
                            .token = t->id,
                            .until_ms = w->now_ms + 5000 + sim_below(&w->random, 20000) };
    t->payer = o->from;
    contract_lock_id(w->suite, &document(w, o->from)->id, &x.payee, o->body.nonce, &t->lock);
    o->body.method = METHOD_MONEY_LOCK;
    return money_lock_encode(&x, a, &o->body.args);
}

/* Before its deadline too early, after it anybody may. */
static enum err refund(struct world *w, struct arena *a, struct sim_order *o)
{
    struct money_refund x = { .lock = some_token(w)->lock };
    if (hash_is_zero(&x.lock)) {
        return pay(w, a, o);
    }
    o->body.method = METHOD_MONEY_REFUND;
    return money_refund_encode(&x, a, &o->body.args);
}

static enum err freeze(struct world *w, struct arena *a, struct sim_order *o)
{
    struct sim_token *t = some_token(w);
    struct token_state x = { .token = t->id, .reason = 1 };
    o->from = t->owner;
    o->body.method = sim_chance(&w->random, 500) ? METHOD_TOKEN_FREEZE : METHOD_TOKEN_THAW;
    return token_state_encode(&x, a, &o->body.args);
}

typedef enum err work_fn(struct world *w, struct arena *a, struct sim_order *o);

/* Out of a hundred orders; the later rows need a token to speak of. */
static const struct {
    uint32_t share;
    bool law;
    work_fn *make;
} WORK[] = {
    { 15, false, issue }, { 30, false, pay },  { 10, false, anchor },
    { 10, true, mint },   { 10, true, seal },  { 12, true, grant },
    { 6, true, lock },    { 4, true, refund }, { 3, true, freeze },
};

enum err sim_work(struct world *w, struct arena *a, struct sim_order *out)
{
    uint64_t die = sim_below(&w->random, 100);
    work_fn *make = pay;
    *out = (struct sim_order){ .from = somebody(w) };
    for (size_t i = 0; i < sizeof out->body.nonce; i++) {
        out->body.nonce[i] = (uint8_t)sim_next(&w->random);
    }
    for (size_t i = 0; i < COUNT(WORK); i++) {
        if (die < WORK[i].share) {
            bool possible = !WORK[i].law || !hash_is_zero(&w->law);
            make = possible ? WORK[i].make : pay;
            break;
        }
        die -= WORK[i].share;
    }
    if (w->token_count == 0 && make != issue && make != pay && make != anchor) {
        make = make == mint ? mint : pay;
    }
    return make(w, a, out);
}
