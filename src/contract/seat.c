/* seat — membership: who sits on the committee, changed one seat at a time (FORMATS 5, 13).
 *
 * SEAT puts a change on the ledger under its hash, PROPOSE and APPROVE decide on it, and the ledger
 * begins it where an epoch is closed. Who is to sit signs SEAT, and so for the root in it. */
#include "contract/contract_internal.h"
#include "ledger/trust.h"

#include <string.h>

enum { SEATS_MIN = 4 }; /* of a committee that had as many: fewer bear no fault at all */

static bool change_is_sound(const struct seat_change *x)
{
    bool keys = !hash_is_zero(&x->root);
    switch (x->verb) {
    case SEAT_ADD:
        return keys && x->weight > 0;
    case SEAT_NEW_KEYS:
        return keys && x->weight == 0;
    case SEAT_REMOVE:
        return !keys && x->weight == 0;
    }
    return false;
}

enum err seat_put(struct contract_call *k, const struct seat_change *x)
{
    struct seat_change_record r = { x->verb, x->participant, x->root, x->weight };
    const struct genesis *g = ctx_genesis(k->ctx);
    struct hash name;
    TRY(contract_need(k, change_is_sound(x), RECEIPT_ARGS));
    /* Whoever came later has a document, but no node that the transport knows. */
    TRY(contract_need(k, genesis_participant(g, &x->participant) != NULL, RECEIPT_NOT_FOUND));
    if (x->verb == SEAT_REMOVE) {
        TRY(contract_need_founder(k));
    } else {
        TRY(contract_need(k, hash_equal(k->author, &x->participant), RECEIPT_FORBIDDEN));
    }
    contract_seat_change_hash(ctx_suite(k->ctx), k->tx->body.args, &name);
    return seat_change_record_store(k, contract_key_seat_change(&name), &r);
}

/* The seats as they are with the change made; STATE when it does not fit them. */
static enum err changed(struct contract_call *k, const struct seat_change_record *r,
                        struct committee_change *out)
{
    const struct committee *now = ctx_committee(k->ctx);
    uint32_t seat = committee_seat_of(now, &r->participant);
    bool seated = seat != GENESIS_SEATS_MAX;
    out->count = now->count;
    memcpy(out->seat, now->seat, now->count * sizeof now->seat[0]);
    TRY(contract_need(k, seated == (r->verb != SEAT_ADD), RECEIPT_STATE));
    /* A proof has room for so many hand-overs: one more, and nothing could be proved any more. */
    TRY(contract_need(k, now->number < PROOF_HAND_OVERS_MAX, RECEIPT_LIMIT));
    switch ((enum contract_seat_verb)r->verb) {
    case SEAT_ADD:
        TRY(contract_need(k, now->count < GENESIS_SEATS_MAX, RECEIPT_LIMIT));
        out->seat[out->count++] = (struct seat){ r->participant, r->root, r->weight };
        break;
    case SEAT_NEW_KEYS: /* the same ones would be a change that never begins */
        TRY(contract_need(k, !hash_equal(&out->seat[seat].root, &r->root), RECEIPT_STATE));
        out->seat[seat].root = r->root;
        break;
    case SEAT_REMOVE:
        TRY(contract_need(k, now->count != SEATS_MIN && now->count > 1, RECEIPT_LIMIT));
        out->count--;
        memmove(&out->seat[seat], &out->seat[seat + 1], (out->count - seat) * sizeof out->seat[0]);
        break;
    }
    return contract_need(
        k, committee_seats_check(ctx_genesis(k->ctx), out->seat, out->count) == ERR_NONE,
        RECEIPT_STATE);
}

enum err seat_decide(struct contract_call *k, const struct hash *change, uint64_t height)
{
    struct seat_change_record r;
    struct committee_change *next = ARENA_NEW(k->arena, struct committee_change);
    if (next == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(seat_change_record_load(k, contract_key_seat_change(change), &r));
    next->height = height;
    TRY(changed(k, &r, next));
    enum err e = ctx_committee_change(k->ctx, next);
    return e == ERR_DUPLICATE ? contract_refuse(k, RECEIPT_STATE) : e;
}
