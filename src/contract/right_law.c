/* The law inside GRANT: facts that the ledger itself knows, counters, the verdict (FORMATS 8). */
#include "base/clock.h"
#include "contract/right_internal.h"

enum {
    MONTHS = 12,
    /* A counter that appears only because of another one's value needs one more round. */
    JUDGE_ROUNDS_MAX = 4
};

/* What a grant declares must be what the ledger knows: whose data, where from, where to, of which
 * classes, for which purpose. */
static enum err need_facts_agree(struct contract_call *k, const struct token_record *t,
                                 const struct right_grant *x, const struct policy_facts *f)
{
    struct did_view owner, holder;
    TRY(did_view_load(k, &t->owner, &owner));
    TRY(did_view_load(k, &x->holder, &holder));
    TRY(contract_need(k, f->from == owner.jurisdiction, RECEIPT_ARGS));
    TRY(contract_need(k, f->to == holder.jurisdiction, RECEIPT_ARGS));
    TRY(contract_need(k, f->purpose == x->purpose, RECEIPT_ARGS));
    TRY(contract_need(k, f->class_count == t->classes_count, RECEIPT_ARGS));
    for (uint32_t i = 0; i < t->classes_count; i++) {
        TRY(contract_need(k, f->classes[i] == t->classes[i], RECEIPT_ARGS));
    }
    return ERR_NONE;
}

/* A calendar year has one slot. Twelve months have one slot a month: the month of the day and the
 * twelve before it are summed, which is never less than the exact window. */
static uint32_t slot_of(uint32_t period, uint32_t day)
{
    struct date d = clock_date(day);
    uint32_t year = (uint32_t)d.year;
    return period == POLICY_TWELVE_MONTHS ? year * MONTHS + (uint32_t)d.month - 1 : year;
}

static enum err counter_read(struct contract_call *k, struct contract_key key, uint64_t *out)
{
    struct counter_record r;
    enum err e = counter_record_load(k, key, &r);
    if (e == ERR_NOT_FOUND) {
        *out = 0;
        return ERR_NONE;
    }
    TRY(e);
    *out = r.value;
    return ERR_NONE;
}

static enum err counter_sum(struct contract_call *k, const struct hash *entity,
                            const struct policy_add *add, uint32_t day, uint64_t *out)
{
    uint32_t slots = add->period == POLICY_TWELVE_MONTHS ? MONTHS + 1 : 1;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < slots; i++) {
        uint64_t value;
        TRY(counter_read(k,
                         contract_key_counter(entity, add->regime, add->kind, add->period,
                                              slot_of(add->period, day) - i),
                         &value));
        TRY(contract_need(k, sum <= UINT64_MAX - value, RECEIPT_LIMIT));
        sum += value;
    }
    *out = sum;
    return ERR_NONE;
}

static enum err policy_refusal(struct contract_call *k, enum err e)
{
    if (e == ERR_SIZE) {
        return contract_refuse(k, RECEIPT_LIMIT);
    }
    return contract_need(k, e == ERR_NONE, RECEIPT_ARGS);
}

/* The set says which counters a transfer touches only by judging it, so it is judged until it names
 * no counter that has not been read from state. */
static enum err evaluate(struct contract_call *k, const struct policy_set *set,
                         const struct policy_facts *f, const struct hash *entity, uint32_t day,
                         struct policy_verdict *v)
{
    struct policy_counter counter[POLICY_COUNTED_MAX];
    size_t known = 0;
    for (int round = 0; round < JUDGE_ROUNDS_MAX; round++) {
        TRY(policy_refusal(k, policy_evaluate(set, f, day, counter, known, v)));
        size_t before = known;
        for (size_t i = 0; i < v->counted_count; i++) {
            const struct policy_add *add = &v->counted[i];
            size_t j = 0;
            while (j < known &&
                   (counter[j].regime != add->regime || counter[j].kind != add->kind)) {
                j++;
            }
            if (j == known) {
                TRY(contract_need(k, known < POLICY_COUNTED_MAX, RECEIPT_LIMIT));
                counter[j] = (struct policy_counter){ .regime = add->regime, .kind = add->kind };
                TRY(counter_sum(k, entity, add, day, &counter[j].value));
                known++;
            }
        }
        if (known == before) {
            return ERR_NONE;
        }
    }
    return contract_refuse(k, RECEIPT_LIMIT);
}

static enum err reserve(struct contract_call *k, const struct hash *entity, uint32_t day,
                        const struct policy_verdict *v)
{
    for (size_t i = 0; i < v->counted_count; i++) {
        const struct policy_add *add = &v->counted[i];
        struct contract_key key = contract_key_counter(entity, add->regime, add->kind, add->period,
                                                       slot_of(add->period, day));
        struct counter_record r;
        if (add->adds == 0) {
            continue;
        }
        TRY(counter_read(k, key, &r.value));
        TRY(contract_need(k, r.value <= UINT64_MAX - add->adds, RECEIPT_LIMIT));
        r.value += add->adds;
        TRY(counter_record_store(k, key, &r));
    }
    return ERR_NONE;
}

enum err right_judge(struct contract_call *k, const struct token_record *token,
                     const struct right_grant *x, struct bytes *verdict)
{
    const struct policy_set *set;
    uint32_t day;
    struct policy_facts *f = ARENA_NEW(k->arena, struct policy_facts);
    struct policy_verdict *v = ARENA_NEW(k->arena, struct policy_verdict);
    if (f == NULL || v == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(policy_refusal(k, policy_facts_decode(x->facts, k->arena, f)));
    TRY(need_facts_agree(k, token, x, f));
    TRY(pack_in_force(k, &set));
    TRY(policy_refusal(k, policy_set_day(set, f->from, k->now_ms, &day)));
    TRY(evaluate(k, set, f, &token->owner, day, v));
    TRY(contract_need(k, v->code == POLICY_ALLOW || v->code == POLICY_ALLOW_WITH_OBLIGATIONS,
                      RECEIPT_LAW));
    TRY(reserve(k, &token->owner, day, v));
    return policy_verdict_encode(v, k->arena, verdict);
}

/* What the verdict of a grant reserved, taken back from the slot it was put into. */
static enum err unreserve(struct contract_call *k, const struct right_record *r)
{
    struct policy_verdict *v = ARENA_NEW(k->arena, struct policy_verdict);
    if (v == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(policy_refusal(k, policy_verdict_decode(r->verdict, k->arena, v)));
    for (size_t i = 0; i < v->counted_count; i++) {
        const struct policy_add *add = &v->counted[i];
        struct contract_key key = contract_key_counter(&r->grantor, add->regime, add->kind,
                                                       add->period, slot_of(add->period, v->day));
        struct counter_record c;
        TRY(counter_read(k, key, &c.value));
        TRY(contract_need(k, c.value >= add->adds, RECEIPT_LIMIT)); /* damage: it was put there */
        c.value -= add->adds;
        TRY(counter_record_store(k, key, &c));
    }
    return ERR_NONE;
}

/* The ledger knows of no key that reached the holder: no wrap acknowledged, none released, no use.
 */
static enum err nothing_went(struct contract_call *k, const struct right_record *r, bool *out)
{
    bool delivered;
    TRY(right_is_delivered(k, r, &delivered));
    *out = !delivered && r->used == 0;
    return ERR_NONE;
}

enum err right_refunded(struct contract_call *k, const struct right_record *r)
{
    bool nothing;
    TRY(nothing_went(k, r, &nothing));
    bool before = r->state == RIGHT_REVOKED && r->custody == CUSTODY_BROKERED;
    return nothing && !before ? unreserve(k, r) : ERR_NONE;
}

enum err right_ended(struct contract_call *k, const struct right_record *r, bool refunded)
{
    bool nothing;
    TRY(nothing_went(k, r, &nothing));
    return nothing && !refunded && r->custody == CUSTODY_BROKERED ? unreserve(k, r) : ERR_NONE;
}
