#include "api/render_internal.h"

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

/* Zero stands for "none" in records; a reader of JSON sees null-like emptiness instead. */
static void put_id(json_t *out, const char *key, const struct hash *h)
{
    json_put(out, key, hash_is_zero(h) ? json_new_str("") : json_new_hash(h));
}

static const char *word_of(const char *const *names, size_t count, uint32_t number)
{
    return names[number < count ? number : 0];
}

static const char *token_state(uint32_t s)
{
    static const char *const N[] = { "unknown", "active", "frozen", "revoked", "archived" };
    return word_of(N, COUNT(N), s);
}

static json_t *duties(const struct policy_verdict *v)
{
    json_t *list = json_new_array();
    for (size_t i = 0; i < v->obligation_count; i++) {
        const struct policy_duty *d = &v->obligations[i];
        json_t *j = json_new_object();
        put_u32(j, "duty", d->duty);
        put_u32(j, "days", d->days);
        put_u32(j, "working", d->working);
        put_u32(j, "every_months", d->every_months);
        put_u32(j, "rule", d->rule);
        json_push(list, j);
    }
    return list;
}

static json_t *conjuncts(const struct policy_verdict *v)
{
    json_t *list = json_new_array();
    for (size_t i = 0; i < v->required_count; i++) {
        json_push(list, numbers(v->required[i].any_of, v->required[i].count));
    }
    return list;
}

static json_t *coverage(const struct policy_verdict *v)
{
    static const char *const N[] = { "none", "stub", "partial", "full" };
    json_t *list = json_new_array();
    for (size_t i = 0; i < v->coverage_count; i++) {
        json_t *j = json_new_object();
        put_u32(j, "place", v->coverage[i].place);
        json_put(j, "coverage", json_new_str(word_of(N, COUNT(N), v->coverage[i].coverage)));
        json_push(list, j);
    }
    return list;
}

static json_t *verdict_of(const struct policy_verdict *v)
{
    static const char *const N[] = { "unknown", "allow", "allow_with_obligations",
                                     "needs_mechanism", "deny" };
    json_t *j = json_new_object();
    json_put(j, "code", json_new_str(word_of(N, COUNT(N), (uint32_t)v->code)));
    json_put(j, "set", json_new_hash(&v->set));
    put_u32(j, "day", v->day);
    json_put(j, "no_border", json_new_bool(v->no_border));
    json_put(j, "rules", numbers(v->rules, v->rule_count));
    json_put(j, "required", conjuncts(v));
    json_put(j, "obligations", duties(v));
    json_put(j, "cites", numbers(v->cites, v->cite_count));
    json_put(j, "assumed", numbers(v->assumed, v->assumed_count));
    json_put(j, "coverage", coverage(v));
    return j;
}

/* No verdict at all: the space began without law. */
static enum err put_verdict(json_t *out, struct bytes wire, struct arena *a)
{
    if (wire.len == 0) {
        return ERR_NONE;
    }
    struct policy_verdict *v = ARENA_NEW(a, struct policy_verdict);
    if (v == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(policy_verdict_decode(wire, a, v));
    json_put(out, "verdict", verdict_of(v));
    return ERR_NONE;
}

static void put_amount(json_t *out, const struct genesis *g, const struct amount *a)
{
    char text[AMOUNT_TEXT_SIZE_MAX];
    unsigned exponent = a->currency < g->currency_count ? g->currency[a->currency].exponent : 0;
    amount_format(a, exponent, text);
    json_put(out, "amount", json_new_str(text));
    put_u32(out, "currency", a->currency);
}

/* The other leg, in another currency: what the payee gets, and from which oracle. */
static enum err put_exchange(json_t *out, const struct genesis *g, struct bytes wire,
                             struct arena *a)
{
    struct money_exchange x;
    if (wire.len == 0) {
        return ERR_NONE;
    }
    TRY(money_exchange_decode(wire, a, &x));
    json_t *j = json_new_object();
    put_amount(j, g, &x.amount);
    json_put(j, "oracle", json_new_hash(&x.oracle));
    json_put(out, "exchange", j);
    return ERR_NONE;
}

static enum err minted(const struct genesis *g, struct bytes body, struct arena *a, json_t *out)
{
    struct token_minted x;
    (void)g;
    TRY(token_minted_decode(body, a, &x));
    put_id(out, "asset", &x.asset);
    put_id(out, "owner", &x.owner);
    return ERR_NONE;
}

static enum err sealed(const struct genesis *g, struct bytes body, struct arena *a, json_t *out)
{
    struct token_sealed x;
    (void)g;
    TRY(token_sealed_decode(body, a, &x));
    put_id(out, "seal", &x.seal);
    put_u32(out, "chunks", x.chunk_count);
    return ERR_NONE;
}

static enum err moved(const struct genesis *g, struct bytes body, struct arena *a, json_t *out)
{
    struct token_moved x;
    (void)g;
    TRY(token_moved_decode(body, a, &x));
    json_put(out, "from", json_new_str(token_state(x.from)));
    json_put(out, "to", json_new_str(token_state(x.to)));
    put_u32(out, "reason", x.reason);
    return ERR_NONE;
}

static enum err granted(const struct genesis *g, struct bytes body, struct arena *a, json_t *out)
{
    struct right_granted x;
    (void)g;
    TRY(right_granted_decode(body, a, &x));
    put_u32(out, "kind", x.kind);
    put_u32(out, "custody", x.custody);
    put_u32(out, "uses", x.uses);
    json_put(out, "until", json_new_time(x.until_ms));
    put_id(out, "lock", &x.lock);
    return put_verdict(out, x.verdict, a);
}

static enum err used(const struct genesis *g, struct bytes body, struct arena *a, json_t *out)
{
    struct right_used x;
    (void)g;
    TRY(right_used_decode(body, a, &x));
    put_u32(out, "use", x.use);
    put_u32(out, "left", x.left);
    return ERR_NONE;
}

static enum err pending(const struct genesis *g, struct bytes body, struct arena *a, json_t *out)
{
    struct right_pending x;
    (void)g;
    TRY(right_pending_decode(body, a, &x));
    put_u32(out, "use", x.use);
    json_put(out, "until", json_new_time(x.until_ms));
    return ERR_NONE;
}

static enum err released(const struct genesis *g, struct bytes body, struct arena *a, json_t *out)
{
    struct right_released x;
    (void)g;
    TRY(right_released_decode(body, a, &x));
    put_u32(out, "use", x.use);
    put_u32(out, "left", x.left);
    return ERR_NONE;
}

static enum err revoked(const struct genesis *g, struct bytes body, struct arena *a, json_t *out)
{
    struct right_revoked x;
    (void)g;
    TRY(right_revoked_decode(body, a, &x));
    put_u32(out, "reason", x.reason);
    return ERR_NONE;
}

static enum err acked(const struct genesis *g, struct bytes body, struct arena *a, json_t *out)
{
    struct attachment_acked x;
    (void)g;
    TRY(attachment_acked_decode(body, a, &x));
    put_id(out, "transaction", &x.transaction);
    json_put(out, "indexes", numbers(x.indexes, x.indexes_count));
    return ERR_NONE;
}

static enum err rejected(const struct genesis *g, struct bytes body, struct arena *a, json_t *out)
{
    struct attachment_rejected x;
    (void)g;
    TRY(attachment_rejected_decode(body, a, &x));
    put_id(out, "transaction", &x.transaction);
    put_u32(out, "index", x.index);
    put_u32(out, "code", x.code);
    return ERR_NONE;
}

static enum err money(const struct genesis *g, struct bytes body, struct arena *a, json_t *out)
{
    struct money_moved x;
    TRY(money_moved_decode(body, a, &x));
    put_amount(out, g, &x.amount);
    put_id(out, "lock", &x.lock);
    return put_exchange(out, g, x.exchange, a);
}

/* An event's body by its contract and type; others have an empty body, or one not shown. */
static const struct {
    uint32_t contract, type;
    enum err (*members)(const struct genesis *g, struct bytes body, struct arena *a, json_t *out);
} BODIES[] = {
    { CONTRACT_TOKEN, EVENT_TOKEN_MINTED, minted },
    { CONTRACT_TOKEN, EVENT_TOKEN_SEALED, sealed },
    { CONTRACT_TOKEN, EVENT_TOKEN_MOVED, moved },
    { CONTRACT_RIGHT, EVENT_RIGHT_GRANTED, granted },
    { CONTRACT_RIGHT, EVENT_RIGHT_USED, used },
    { CONTRACT_RIGHT, EVENT_RIGHT_PENDING, pending },
    { CONTRACT_RIGHT, EVENT_RIGHT_RELEASED, released },
    { CONTRACT_RIGHT, EVENT_RIGHT_REVOKED, revoked },
    { CONTRACT_ATTACHMENT, EVENT_ATTACHMENT_ACKED, acked },
    { CONTRACT_ATTACHMENT, EVENT_ATTACHMENT_REJECTED, rejected },
    { CONTRACT_MONEY, EVENT_MONEY_ISSUED, money },
    { CONTRACT_MONEY, EVENT_MONEY_PAID, money },
    { CONTRACT_MONEY, EVENT_MONEY_LOCKED, money },
    { CONTRACT_MONEY, EVENT_MONEY_SETTLED, money },
    { CONTRACT_MONEY, EVENT_MONEY_REFUNDED, money },
};

static json_t *detail_of(const struct genesis *g, const struct event *e, struct arena *scratch)
{
    json_t *detail = json_new_object();
    for (size_t i = 0; i < COUNT(BODIES); i++) {
        if (BODIES[i].contract == e->contract && BODIES[i].type == e->type) {
            size_t mark = arena_mark(scratch);
            enum err err = BODIES[i].members(g, e->body, scratch, detail);
            arena_release(scratch, mark);
            if (err != ERR_NONE) {
                json_free(detail);
                return json_new_object();
            }
        }
    }
    return detail;
}

json_t *render_event(const struct node *n, const struct node_event *e, struct arena *scratch)
{
    json_t *j = json_new_object(), *subjects = json_new_array();
    for (uint32_t i = 0; i < e->event.subject_count; i++) {
        json_push(subjects, json_new_hash(&e->event.subject[i]));
    }
    json_put(j, "height", json_new_int((int64_t)e->height));
    json_put(j, "index", json_new_int(e->index));
    json_put(j, "event", json_new_int(e->event_index));
    json_put(j, "time", json_new_time(e->time_ms));
    json_put(j, "tx", json_new_hash(&e->tx));
    json_put(j, "contract", json_new_int(e->event.contract));
    json_put(j, "type", json_new_int(e->event.type));
    json_put(j, "name", json_new_str(contract_event_name(e->event.contract, e->event.type)));
    json_put(j, "subjects", subjects);
    json_put(j, "body", json_new_base64url(e->event.body));
    json_put(j, "detail", detail_of(node_genesis(n), &e->event, scratch));
    return j;
}

json_t *render_token(const struct token_record *t)
{
    json_t *j = json_new_object(), *seals = json_new_array();
    for (uint32_t i = 0; i < t->seals_count; i++) {
        json_t *one = json_new_object();
        put_id(one, "seal", &t->seals[i].seal);
        put_u32(one, "chunks", t->seals[i].chunk_count);
        put_u32(one, "chunk_size", t->seals[i].chunk_size);
        json_put(one, "height", json_new_int((int64_t)t->seals[i].height));
        json_push(seals, one);
    }
    json_put(j, "id", json_new_hash(&t->token));
    json_put(j, "status", json_new_str(token_state(t->state)));
    json_put(j, "owner", json_new_hash(&t->owner));
    json_put(j, "asset", json_new_hash(&t->asset));
    put_id(j, "template", &t->template_hash);
    json_put(j, "classes", numbers(t->classes, t->classes_count));
    put_u32(j, "grade", t->grade);
    json_put(j, "jurisdictions", numbers(t->jurisdictions, t->jurisdictions_count));
    json_put(j, "valid_from", json_new_time(t->valid_from_ms));
    json_put(j, "valid_until", json_new_time(t->valid_until_ms));
    put_id(j, "pack_set", &t->pack_set);
    put_id(j, "frozen_by", &t->frozen_by);
    json_put(j, "rights", json_new_u64(t->rights));
    json_put(j, "events", json_new_u64(t->events.count));
    json_put(j, "seals", seals);
    return j;
}

enum err render_right(const struct right_record *r, struct arena *scratch, json_t **out)
{
    json_t *j = json_new_object();
    json_put(j, "id", json_new_hash(&r->right));
    json_put(j, "token", json_new_hash(&r->token));
    json_put(j, "grantor", json_new_hash(&r->grantor));
    json_put(j, "holder", json_new_hash(&r->holder));
    put_id(j, "seal", &r->seal);
    put_u32(j, "kind", r->kind);
    put_u32(j, "custody", r->custody);
    put_u32(j, "uses", r->uses);
    put_u32(j, "used", r->used);
    put_u32(j, "left", r->uses > r->used ? r->uses - r->used : 0);
    json_put(j, "until", json_new_time(r->until_ms));
    put_u32(j, "purpose", r->purpose);
    json_put(j, "places", numbers(r->places, r->places_count));
    json_put(j, "status", json_new_str(r->state == RIGHT_REVOKED ? "revoked" : "active"));
    put_id(j, "lock", &r->lock);
    enum err e = put_verdict(j, r->verdict, scratch);
    if (e != ERR_NONE) {
        json_free(j);
        return e;
    }
    *out = j;
    return ERR_NONE;
}

enum err render_lock(const struct genesis *g, const struct lock_record *l, struct arena *scratch,
                     json_t **out)
{
    static const char *const N[] = { "unknown", "open", "settled", "refunded" };
    json_t *j = json_new_object();
    json_put(j, "id", json_new_hash(&l->lock));
    json_put(j, "payer", json_new_hash(&l->payer));
    json_put(j, "payee", json_new_hash(&l->payee));
    put_id(j, "token", &l->token);
    put_id(j, "right", &l->right);
    put_amount(j, g, &l->amount);
    json_put(j, "until", json_new_time(l->until_ms));
    json_put(j, "status", json_new_str(word_of(N, COUNT(N), l->state)));
    enum err e = put_exchange(j, g, l->exchange, scratch);
    if (e != ERR_NONE) {
        json_free(j);
        return e;
    }
    *out = j;
    return ERR_NONE;
}
