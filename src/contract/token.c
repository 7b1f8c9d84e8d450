/* token — the data token of an asset: minted, sealed, frozen, thawed, revoked, archived (FORMATS
 * 18). */
#include "contract/contract_internal.h"

/* The whole life of a token: [state][verb] is the state it leads to. An empty cell refuses, with
 * what the state itself says. */
static const uint8_t TOKEN_NEXT[TOKEN_ARCHIVED + 1][TOKEN_VERB_END] = {
    [TOKEN_ACTIVE] = { [TOKEN_SEAL] = TOKEN_ACTIVE,
                       [TOKEN_FREEZE] = TOKEN_FROZEN,
                       [TOKEN_REVOKE] = TOKEN_REVOKED,
                       [TOKEN_ARCHIVE] = TOKEN_ARCHIVED,
                       [TOKEN_GRANT] = TOKEN_ACTIVE,
                       [TOKEN_USE] = TOKEN_ACTIVE,
                       [TOKEN_LOCK] = TOKEN_ACTIVE,
                       [TOKEN_SETTLE] = TOKEN_ACTIVE },
    [TOKEN_FROZEN] = { [TOKEN_THAW] = TOKEN_ACTIVE, [TOKEN_REVOKE] = TOKEN_REVOKED },
    [TOKEN_ARCHIVED] = { [TOKEN_SETTLE] = TOKEN_ARCHIVED },
};
static const enum receipt_status TOKEN_REFUSAL[TOKEN_ARCHIVED + 1] = {
    [TOKEN_ACTIVE] = RECEIPT_STATE,
    [TOKEN_FROZEN] = RECEIPT_FROZEN,
    [TOKEN_REVOKED] = RECEIPT_REVOKED,
    [TOKEN_ARCHIVED] = RECEIPT_STATE,
};

enum err token_step(struct contract_call *k, const struct token_record *t, enum token_verb verb,
                    uint32_t *next)
{
    ASSERT(t->state >= TOKEN_ACTIVE && t->state <= TOKEN_ARCHIVED);
    ASSERT(verb < TOKEN_VERB_END);
    uint32_t to = TOKEN_NEXT[t->state][verb];
    TRY(contract_need(k, to != 0, TOKEN_REFUSAL[t->state]));
    *next = to;
    return ERR_NONE;
}

/* Classes and places must be words of the law in force, or nobody could ever judge them; and what
 * the law of the owner's place lets go nowhere is no asset of this space (FORMATS 8). Nothing but
 * the classes is declared yet, so this is the law of their kind, not of a transfer. */
static enum err need_lawful_kind(struct contract_call *k, const struct policy_set *set,
                                 const struct token_mint *x)
{
    uint32_t day;
    bool refused = true;
    struct did_view owner;
    struct policy_facts facts = { .class_count = x->classes_count };
    for (uint32_t i = 0; i < x->classes_count; i++) {
        facts.classes[i] = x->classes[i];
    }
    for (uint32_t i = 0; i < x->jurisdictions_count; i++) {
        enum err known = policy_set_day(set, x->jurisdictions[i], k->now_ms, &day);
        TRY(contract_need(k, known == ERR_NONE, RECEIPT_ARGS));
    }
    TRY(did_view_load(k, k->author, &owner));
    facts.from = owner.jurisdiction;
    enum err e = policy_set_day(set, facts.from, k->now_ms, &day);
    e = e != ERR_NONE ? e : policy_refused_everywhere(set, &facts, day, &refused);
    TRY(contract_need(k, e == ERR_NONE, RECEIPT_ARGS));
    return contract_need(k, !refused, RECEIPT_LAW);
}

static bool mint_is_sound(const struct contract_call *k, const struct token_mint *x)
{
    return x->classes_count > 0 && u32_ascending(x->classes, x->classes_count) &&
           x->jurisdictions_count > 0 && u32_ascending(x->jurisdictions, x->jurisdictions_count) &&
           x->grade >= 1 && x->grade <= 3 && x->valid_from_ms < x->valid_until_ms &&
           x->valid_until_ms > k->now_ms;
}

static enum err need_template(struct contract_call *k, const struct hash *template_hash)
{
    const struct genesis *g = ctx_genesis(k->ctx);
    bool known =
        hash_is_zero(template_hash) || hash_in(g->template_hash, g->template_count, template_hash);
    return contract_need(k, known, RECEIPT_NOT_FOUND);
}

static struct token_record token_of_mint(const struct hash *owner, const struct token_mint *x)
{
    struct token_record t = { .token = x->token,
                              .owner = *owner,
                              .asset = x->asset,
                              .template_hash = x->template_hash,
                              .classes_count = x->classes_count,
                              .grade = x->grade,
                              .jurisdictions_count = x->jurisdictions_count,
                              .valid_from_ms = x->valid_from_ms,
                              .valid_until_ms = x->valid_until_ms,
                              .pack_set = x->pack_set,
                              .owner_tag = x->owner_tag,
                              .state = TOKEN_ACTIVE };
    for (uint32_t i = 0; i < x->classes_count; i++) {
        t.classes[i] = x->classes[i];
    }
    for (uint32_t i = 0; i < x->jurisdictions_count; i++) {
        t.jurisdictions[i] = x->jurisdictions[i];
    }
    return t;
}

enum err token_mint(struct contract_call *k, const struct token_mint *x)
{
    const struct policy_set *set;
    const struct tx_body *body = &k->tx->body;
    struct token_minted minted = { .asset = x->asset, .owner = *k->author };
    TRY(contract_need(k, mint_is_sound(k, x), RECEIPT_ARGS));
    TRY(contract_need_role(k, ROLE_MEMBER));
    TRY(contract_need_absent(k, contract_key_token(&x->token)));
    TRY(contract_need(k,
                      body->attachment_count > 0 && body->attachment[0].kind == ATTACHMENT_METADATA,
                      RECEIPT_ATTACHMENT));
    TRY(need_template(k, &x->template_hash));
    TRY(pack_in_force(k, &set));
    TRY(contract_need(k, hash_equal(policy_set_hash(set), &x->pack_set), RECEIPT_STATE));
    TRY(need_lawful_kind(k, set, x));
    struct token_record t = token_of_mint(k->author, x);
    struct event e = { .contract = CONTRACT_TOKEN,
                       .type = EVENT_TOKEN_MINTED,
                       .subject_count = 2,
                       .subject = { t.token, t.owner } };
    TRY(token_minted_encode(&minted, k->arena, &e.body));
    TRY(contract_attach(k, &t.token, NULL));
    TRY(contract_emit(k, e, &t, NULL));
    return token_record_store(k, contract_key_token(&t.token), &t);
}

static bool seal_is_sound(const struct token_seal *x)
{
    return x->suite != 0 && x->chunk_size >= CONTRACT_CHUNK_SIZE_MIN &&
           x->chunk_size <= CONTRACT_CHUNK_SIZE_MAX && x->chunk_count >= 1 &&
           x->chunk_count <= CONTRACT_CHUNKS_MAX;
}

static enum err seal_append(struct contract_call *k, struct token_record *t,
                            const struct token_seal *x)
{
    for (uint32_t i = 0; i < t->seals_count; i++) {
        TRY(contract_need(k, !hash_equal(&t->seals[i].seal, &x->seal), RECEIPT_EXISTS));
    }
    TRY(contract_need(k, t->seals_count < CONTRACT_SEALS_MAX, RECEIPT_LIMIT));
    t->seals[t->seals_count++] = (struct seal_entry){ .seal = x->seal,
                                                      .suite = x->suite,
                                                      .chunk_size = x->chunk_size,
                                                      .chunk_count = x->chunk_count,
                                                      .sealed_root = x->sealed_root,
                                                      .manifest_hash = x->manifest_hash,
                                                      .height = k->height };
    return ERR_NONE;
}

enum err token_seal(struct contract_call *k, const struct token_seal *x)
{
    struct token_record t;
    struct token_sealed sealed = { x->seal, x->chunk_count, x->sealed_root };
    uint32_t next;
    TRY(contract_need(k, seal_is_sound(x), RECEIPT_ARGS));
    TRY(token_record_load(k, contract_key_token(&x->token), &t));
    TRY(contract_need(k, hash_equal(&t.owner, k->author), RECEIPT_FORBIDDEN));
    TRY(token_step(k, &t, TOKEN_SEAL, &next));
    TRY(contract_need(k, k->now_ms < t.valid_until_ms, RECEIPT_EXPIRED));
    TRY(seal_append(k, &t, x));
    struct event e = { .contract = CONTRACT_TOKEN,
                       .type = EVENT_TOKEN_SEALED,
                       .subject_count = 2,
                       .subject = { t.token, t.owner } };
    TRY(token_sealed_encode(&sealed, k->arena, &e.body));
    TRY(contract_attach(k, &t.token, NULL));
    TRY(contract_emit(k, e, &t, NULL));
    return token_record_store(k, contract_key_token(&t.token), &t);
}

enum token_actor { ACTOR_OWNER = 1, ACTOR_REGULATOR = 2, ACTOR_FREEZER = 4 };

/* Who may do what: a freeze is undone by who made it or by a regulator, never by an owner alone
 * whom somebody else has stopped. */
static const uint8_t TOKEN_ACTORS[TOKEN_VERB_END] = {
    [TOKEN_FREEZE] = ACTOR_OWNER | ACTOR_REGULATOR,
    [TOKEN_THAW] = ACTOR_FREEZER | ACTOR_REGULATOR,
    [TOKEN_REVOKE] = ACTOR_OWNER | ACTOR_REGULATOR,
    [TOKEN_ARCHIVE] = ACTOR_OWNER,
};

static enum err need_actor(struct contract_call *k, const struct token_record *t,
                           enum token_verb verb)
{
    bool regulator;
    TRY(contract_is_regulator(k, &regulator));
    unsigned is = (hash_equal(&t->owner, k->author) ? ACTOR_OWNER : 0u) |
                  (regulator ? ACTOR_REGULATOR : 0u) |
                  (hash_equal(&t->frozen_by, k->author) ? ACTOR_FREEZER : 0u);
    /* Of a token that is not frozen there is nobody who froze it: its state says no, not the actor.
     */
    if (verb == TOKEN_THAW && t->state != TOKEN_FROZEN && (is & ACTOR_OWNER) != 0) {
        return ERR_NONE;
    }
    return contract_need(k, (is & TOKEN_ACTORS[verb]) != 0, RECEIPT_FORBIDDEN);
}

static enum err token_move(struct contract_call *k, const struct token_state *x,
                           enum token_verb verb)
{
    struct token_record t;
    struct token_moved moved = { .reason = x->reason };
    TRY(token_record_load(k, contract_key_token(&x->token), &t));
    TRY(need_actor(k, &t, verb));
    moved.from = t.state;
    TRY(token_step(k, &t, verb, &moved.to));
    t.state = moved.to;
    t.frozen_by = moved.to == TOKEN_FROZEN ? *k->author : (struct hash){ { 0 } };
    struct event e = { .contract = CONTRACT_TOKEN,
                       .type = EVENT_TOKEN_MOVED,
                       .subject_count = 2,
                       .subject = { t.token, *k->author } };
    TRY(token_moved_encode(&moved, k->arena, &e.body));
    TRY(contract_attach(k, &t.token, NULL));
    TRY(contract_emit(k, e, &t, NULL));
    return token_record_store(k, contract_key_token(&t.token), &t);
}

enum err token_freeze(struct contract_call *k, const struct token_state *x)
{
    return token_move(k, x, TOKEN_FREEZE);
}

enum err token_thaw(struct contract_call *k, const struct token_state *x)
{
    return token_move(k, x, TOKEN_THAW);
}

enum err token_revoke(struct contract_call *k, const struct token_state *x)
{
    return token_move(k, x, TOKEN_REVOKE);
}

enum err token_archive(struct contract_call *k, const struct token_state *x)
{
    return token_move(k, x, TOKEN_ARCHIVE);
}
