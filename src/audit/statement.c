/* What a report says, event by event, in two languages; every number comes out of a receipt. */
#include <stdio.h>

#include "audit/audit_internal.h"

struct statement_row {
    uint32_t contract, type;
    const char *kind, *en, *zh;
    enum err (*values)(const struct audit_facts *f, const struct event *e, struct arena *a,
                       json_t *out);
};

static void put_u32(json_t *out, const char *key, uint32_t x)
{
    json_put(out, key, json_new_int(x));
}

static json_t *numbers(const uint32_t *x, size_t count)
{
    json_t *out = json_new_array();
    for (size_t i = 0; i < count; i++) {
        json_push(out, json_new_int(x[i]));
    }
    return out;
}

static enum err minted_values(const struct audit_facts *f, const struct event *e, struct arena *a,
                              json_t *out)
{
    struct token_minted x;
    (void)f;
    TRY(token_minted_decode(e->body, a, &x));
    json_put(out, "asset", json_new_hash(&x.asset));
    json_put(out, "owner", json_new_hash(&x.owner));
    return ERR_NONE;
}

static enum err sealed_values(const struct audit_facts *f, const struct event *e, struct arena *a,
                              json_t *out)
{
    struct token_sealed x;
    (void)f;
    TRY(token_sealed_decode(e->body, a, &x));
    json_put(out, "seal", json_new_hash(&x.seal));
    put_u32(out, "chunks", x.chunk_count);
    json_put(out, "sealed_root", json_new_hash(&x.sealed_root));
    return ERR_NONE;
}

static enum err moved_values(const struct audit_facts *f, const struct event *e, struct arena *a,
                             json_t *out)
{
    struct token_moved x;
    (void)f;
    TRY(token_moved_decode(e->body, a, &x));
    put_u32(out, "from", x.from);
    put_u32(out, "to", x.to);
    put_u32(out, "reason", x.reason);
    return ERR_NONE;
}

/* The law's answer in numbers of the pack set; words are its prose file's (FORMATS 8). */
static enum err verdict_values(struct bytes wire, struct arena *a, json_t *out)
{
    static const char *const CODES[] = { "unknown", "allow", "allow_with_obligations",
                                         "needs_mechanism", "deny" };
    struct policy_verdict *v = ARENA_NEW(a, struct policy_verdict);
    if (v == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(policy_verdict_decode(wire, a, v));
    json_t *duties = json_new_array();
    for (size_t i = 0; i < v->obligation_count; i++) {
        json_t *d = json_new_object();
        put_u32(d, "duty", v->obligations[i].duty);
        put_u32(d, "days", v->obligations[i].days);
        put_u32(d, "rule", v->obligations[i].rule);
        json_push(duties, d);
    }
    json_t *x = json_new_object();
    size_t code = (size_t)v->code;
    json_put(x, "code", json_new_str(CODES[code < COUNT(CODES) ? code : 0]));
    json_put(x, "pack_set", json_new_hash(&v->set));
    put_u32(x, "day", v->day);
    json_put(x, "rules", numbers(v->rules, v->rule_count));
    json_put(x, "cites", numbers(v->cites, v->cite_count));
    json_put(x, "assumed", numbers(v->assumed, v->assumed_count));
    json_put(x, "obligations", duties);
    json_put(out, "verdict", x);
    return ERR_NONE;
}

static enum err granted_values(const struct audit_facts *f, const struct event *e, struct arena *a,
                               json_t *out)
{
    struct right_granted x;
    (void)f;
    TRY(right_granted_decode(e->body, a, &x));
    put_u32(out, "right_kind", x.kind);
    put_u32(out, "custody", x.custody);
    put_u32(out, "uses", x.uses);
    json_put(out, "until", json_new_time(x.until_ms));
    json_put(out, "lock", json_new_hash(&x.lock));
    return x.verdict.len == 0 ? ERR_NONE : verdict_values(x.verdict, a, out);
}

/* What the grant declared and the rules were applied to: the exporter's words, proved by nobody. */
static enum err put_declared(const struct proved_tx *tx, struct arena *a, json_t *out)
{
    struct policy_facts *facts = ARENA_NEW(a, struct policy_facts);
    struct right_grant *grant = ARENA_NEW(a, struct right_grant);
    if (facts == NULL || grant == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(right_grant_decode(tx->tx.body.args, a, grant));
    TRY(policy_facts_decode(grant->facts, a, facts));
    json_t *x = json_new_object();
    put_u32(x, "from", facts->from);
    put_u32(x, "to", facts->to);
    json_put(x, "classes", numbers(facts->classes, facts->class_count));
    json_put(x, "mechanisms", numbers(facts->mechanisms, facts->mechanism_count));
    put_u32(x, "role", facts->role);
    put_u32(x, "sector", facts->sector);
    put_u32(x, "purpose", facts->purpose);
    if (facts->subjects_given) {
        json_put(x, "subjects", json_new_u64(facts->subjects));
    }
    json_put(out, "declared", x);
    return ERR_NONE;
}

static enum err used_values(const struct audit_facts *f, const struct event *e, struct arena *a,
                            json_t *out)
{
    struct right_used x;
    (void)f;
    TRY(right_used_decode(e->body, a, &x));
    put_u32(out, "use", x.use);
    put_u32(out, "left", x.left);
    return ERR_NONE;
}

static enum err pending_values(const struct audit_facts *f, const struct event *e, struct arena *a,
                               json_t *out)
{
    struct right_pending x;
    (void)f;
    TRY(right_pending_decode(e->body, a, &x));
    put_u32(out, "use", x.use);
    json_put(out, "until", json_new_time(x.until_ms));
    return ERR_NONE;
}

static enum err released_values(const struct audit_facts *f, const struct event *e, struct arena *a,
                                json_t *out)
{
    struct right_released x;
    (void)f;
    TRY(right_released_decode(e->body, a, &x));
    put_u32(out, "use", x.use);
    put_u32(out, "left", x.left);
    json_put(out, "wrap", json_new_hash(&x.wrap));
    return ERR_NONE;
}

static enum err revoked_values(const struct audit_facts *f, const struct event *e, struct arena *a,
                               json_t *out)
{
    struct right_revoked x;
    (void)f;
    TRY(right_revoked_decode(e->body, a, &x));
    put_u32(out, "reason", x.reason);
    return ERR_NONE;
}

static enum err acked_values(const struct audit_facts *f, const struct event *e, struct arena *a,
                             json_t *out)
{
    struct attachment_acked x;
    (void)f;
    TRY(attachment_acked_decode(e->body, a, &x));
    json_put(out, "transaction", json_new_hash(&x.transaction));
    json_put(out, "indexes", numbers(x.indexes, x.indexes_count));
    return ERR_NONE;
}

static enum err rejected_values(const struct audit_facts *f, const struct event *e, struct arena *a,
                                json_t *out)
{
    struct attachment_rejected x;
    (void)f;
    TRY(attachment_rejected_decode(e->body, a, &x));
    json_put(out, "transaction", json_new_hash(&x.transaction));
    put_u32(out, "index", x.index);
    put_u32(out, "code", x.code);
    return ERR_NONE;
}

static enum err put_amount(const struct genesis *g, const struct amount *x, json_t *out)
{
    char text[AMOUNT_TEXT_SIZE_MAX];
    if (x->currency >= g->currency_count) {
        return ERR_ENCODING;
    }
    amount_format(x, g->currency[x->currency].exponent, text);
    json_put(out, "amount", json_new_str(text));
    put_u32(out, "currency", x->currency);
    put_u32(out, "currency_code", g->currency[x->currency].code);
    return ERR_NONE;
}

/* The oracle's leg: what the payee receives, at num/den of smallest units. It is computed again. */
static enum err exchange_values(const struct genesis *g, const struct amount *paid,
                                struct bytes wire, struct arena *a, json_t *out)
{
    struct money_exchange x;
    struct amount again;
    int order;
    TRY(money_exchange_decode(wire, a, &x));
    TRY(amount_convert(paid, x.amount.currency, x.num, x.den, &again));
    TRY(amount_compare(&again, &x.amount, &order));
    TRY(put_amount(g, &x.amount, out));
    json_put(out, "num", json_new_u64(x.num));
    json_put(out, "den", json_new_u64(x.den));
    json_put(out, "oracle", json_new_hash(&x.oracle));
    json_put(out, "remainder", json_new_hash(&x.oracle));
    json_put(out, "quote", json_new_hash(&x.quote));
    return order == 0 ? ERR_NONE : ERR_INTEGRITY;
}

static enum err money_values(const struct audit_facts *f, const struct event *e, struct arena *a,
                             json_t *out)
{
    struct money_moved x;
    TRY(money_moved_decode(e->body, a, &x));
    TRY(put_amount(f->in->genesis, &x.amount, out));
    json_put(out, "lock", json_new_hash(&x.lock));
    if (x.exchange.len == 0) {
        return ERR_NONE;
    }
    json_t *exchange = json_new_object();
    json_put(out, "exchange", exchange);
    return exchange_values(f->in->genesis, &x.amount, x.exchange, a, exchange);
}

static const struct statement_row ROWS[] = {
    { CONTRACT_TOKEN, EVENT_TOKEN_MINTED, "minted", "The token was minted.", "数据通证已铸造。",
      minted_values },
    { CONTRACT_TOKEN, EVENT_TOKEN_SEALED, "sealed", "The asset was sealed for this token.",
      "资产已为该通证加密封装。", sealed_values },
    { CONTRACT_TOKEN, EVENT_TOKEN_MOVED, "moved", "The token's state changed.", "通证状态已变更。",
      moved_values },
    { CONTRACT_RIGHT, EVENT_RIGHT_GRANTED, "granted",
      "A right was granted: the rules allowed it on the facts declared.",
      "使用权已授予：依所申报事实，规则准许。", granted_values },
    { CONTRACT_RIGHT, EVENT_RIGHT_USED, "used", "The holder declared a use of the right.",
      "持有人申报了一次使用。", used_values },
    { CONTRACT_RIGHT, EVENT_RIGHT_PENDING, "pending",
      "The holder asked for a use, which counts only once it is released.",
      "持有人请求一次使用，放行后方才计数。", pending_values },
    { CONTRACT_RIGHT, EVENT_RIGHT_RELEASED, "released",
      "The grantor released the key for one use, and the use was counted.",
      "授予人已放行一次使用的密钥，该次使用已计数。", released_values },
    { CONTRACT_RIGHT, EVENT_RIGHT_REVOKED, "revoked", "The right was revoked.", "使用权已撤销。",
      revoked_values },
    { CONTRACT_ATTACHMENT, EVENT_ATTACHMENT_ACKED, "acknowledged",
      "A reader signed that it holds the attachment.", "读者已签署确认持有附件。", acked_values },
    { CONTRACT_ATTACHMENT, EVENT_ATTACHMENT_REJECTED, "rejected",
      "A reader rejected the attachment.", "读者拒收了附件。", rejected_values },
    { CONTRACT_MONEY, EVENT_MONEY_LOCKED, "locked", "Money was locked for this token.",
      "已为该通证锁定款项。", money_values },
    { CONTRACT_MONEY, EVENT_MONEY_SETTLED, "settled", "The locked money was settled.",
      "锁定款项已结算。", money_values },
    { CONTRACT_MONEY, EVENT_MONEY_REFUNDED, "refunded", "The locked money was refunded.",
      "锁定款项已退回。", money_values },
};

static json_t *statement_new(const char *kind, const char *en, const char *zh)
{
    json_t *out = json_new_object();
    json_t *text = json_new_object();
    json_put(text, "en", json_new_str(en));
    json_put(text, "zh", json_new_str(zh));
    json_put(out, "kind", json_new_str(kind));
    json_put(out, "text", text);
    return out;
}

static void rest_on(json_t *statement, const struct proved_tx *tx)
{
    json_t *list = json_new_array();
    json_push(list, json_new_hash(&tx->tx.id));
    json_put(statement, "tx", list);
    json_put(statement, "height", json_new_u64(tx->header.height));
    json_put(statement, "time", json_new_time(tx->header.time_ms));
}

static enum err event_statement(const struct audit_facts *f, const struct proved_tx *tx,
                                const struct event *e, struct arena *a, json_t *out)
{
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        if (ROWS[i].contract != e->contract || ROWS[i].type != e->type) {
            continue;
        }
        json_t *subjects = json_new_array();
        json_t *values = json_new_object();
        json_t *s = statement_new(ROWS[i].kind, ROWS[i].en, ROWS[i].zh);
        for (uint32_t j = 0; j < e->subject_count; j++) {
            json_push(subjects, json_new_hash(&e->subject[j]));
        }
        json_put(values, "subjects", subjects);
        enum err err = ROWS[i].values(f, e, a, values);
        if (err == ERR_NONE && tx->tx.body.method == METHOD_RIGHT_GRANT) {
            err = put_declared(tx, a, values);
        }
        json_put(s, "values", values);
        rest_on(s, tx);
        json_push(out, s);
        return err;
    }
    return ERR_ENCODING; /* a chained event that this release cannot put into words */
}

static void refused_statement(const struct proved_tx *tx, json_t *out)
{
    bool law = tx->receipt.status == RECEIPT_LAW;
    json_t *s = statement_new(law ? "refused" : "failed",
                              law ? "The rules refused it on the facts declared."
                                  : "The transaction failed and changed nothing.",
                              law ? "依所申报事实，规则予以拒绝。" : "交易失败，未作任何变更。");
    json_t *values = json_new_object();
    json_put(values, "method", json_new_str(contract_method_name(tx->tx.body.method)));
    json_put(values, "signer", json_new_hash(&tx->tx.body.signer[0].did));
    put_u32(values, "status", tx->receipt.status);
    json_put(values, "reason", json_new_str(receipt_name(tx->receipt.status)));
    json_put(s, "values", values);
    rest_on(s, tx);
    json_push(out, s);
}

/* What the records themselves say at this height. */
static void token_values(const struct token_record *t, json_t *out)
{
    json_put(out, "token", json_new_hash(&t->token));
    json_put(out, "owner", json_new_hash(&t->owner));
    json_put(out, "asset", json_new_hash(&t->asset));
    json_put(out, "classes", numbers(t->classes, t->classes_count));
    put_u32(out, "grade", t->grade);
    json_put(out, "jurisdictions", numbers(t->jurisdictions, t->jurisdictions_count));
    json_put(out, "valid_from", json_new_time(t->valid_from_ms));
    json_put(out, "valid_until", json_new_time(t->valid_until_ms));
    json_put(out, "pack_set", json_new_hash(&t->pack_set));
    put_u32(out, "seals", t->seals_count);
    put_u32(out, "state", t->state);
    json_put(out, "rights", json_new_u64(t->rights));
}

static void right_values(const struct right_record *r, json_t *out)
{
    json_put(out, "right", json_new_hash(&r->right));
    json_put(out, "under", json_new_hash(&r->token));
    json_put(out, "grantor", json_new_hash(&r->grantor));
    json_put(out, "holder", json_new_hash(&r->holder));
    put_u32(out, "right_kind", r->kind);
    put_u32(out, "custody", r->custody);
    put_u32(out, "uses", r->uses);
    put_u32(out, "used", r->used);
    json_put(out, "until", json_new_time(r->until_ms));
    put_u32(out, "purpose", r->purpose);
    json_put(out, "places", numbers(r->places, r->places_count));
    put_u32(out, "state", r->state);
}

/* The receipts above are all there are: their count and chain are the record's (FORMATS 16). */
static json_t *complete_statement(const struct audit_facts *f, const struct token_record *t,
                                  const struct right_record *r)
{
    const struct event_chain *chain = r == NULL ? &t->events : &r->events;
    json_t *values = json_new_object();
    json_t *list = json_new_array();
    json_t *s = statement_new("complete", "No event is missing up to this height.",
                              "截至该高度，事件无一遗漏。");
    for (size_t i = 0; i < f->in->tx_count; i++) {
        bool names = false;
        for (uint32_t j = 0; j < f->tx[i].receipt.event_count; j++) {
            const struct event *e = &f->tx[i].receipt.event[j];
            names = names ||
                    (audit_event_token(f, e) == t && (r == NULL || audit_event_of_right(e, r)));
        }
        if (names) {
            json_push(list, json_new_hash(&f->tx[i].tx.id));
        }
    }
    if (r == NULL) {
        token_values(t, values);
    } else {
        right_values(r, values);
    }
    json_put(values, "events", json_new_u64(chain->count));
    json_put(values, "chain", json_new_hash(&chain->chain));
    json_put(s, "tx", list);
    json_put(s, "height", json_new_u64(f->header.height));
    json_put(s, "time", json_new_time(f->header.time_ms));
    json_put(s, "values", values);
    return s;
}

enum err audit_statements(const struct audit_facts *f, struct arena *a, json_t **out)
{
    enum err e = ERR_NONE;
    json_t *list = json_new_array();
    for (size_t i = 0; i < f->in->tx_count && e == ERR_NONE; i++) {
        const struct receipt *r = &f->tx[i].receipt;
        if (r->status != RECEIPT_OK) {
            refused_statement(&f->tx[i], list);
        }
        for (uint32_t j = 0; j < r->event_count && e == ERR_NONE; j++) {
            size_t mark = arena_mark(a);
            if (audit_event_token(f, &r->event[j]) != NULL) {
                e = event_statement(f, &f->tx[i], &r->event[j], a, list);
            }
            arena_release(a, mark);
        }
    }
    for (size_t i = 0; i < f->in->token_count; i++) {
        json_push(list, complete_statement(f, &f->token[i], NULL));
    }
    for (size_t i = 0; i < f->in->right_count; i++) {
        for (size_t t = 0; t < f->in->token_count; t++) {
            if (hash_equal(&f->token[t].token, &f->right[i].token)) {
                json_push(list, complete_statement(f, &f->token[t], &f->right[i]));
            }
        }
    }
    if (e != ERR_NONE) {
        json_free(list);
        return e;
    }
    *out = list;
    return ERR_NONE;
}
