/* governance — a decision of many: one PROPOSE, one APPROVE a founder (FORMATS 5). */
#include "contract/contract_internal.h"

static enum err emit_governance(struct contract_call *k, enum contract_event_type type,
                                const struct hash *proposal, const struct hash *subject,
                                const struct proposal_made *made)
{
    struct event e = { .contract = CONTRACT_GOVERNANCE,
                       .type = type,
                       .subject_count = 2,
                       .subject = { *proposal, *subject } };
    if (made != NULL) {
        TRY(proposal_made_encode(made, k->arena, &e.body));
    }
    return contract_emit(k, e, NULL, NULL);
}

enum err governance_propose(struct contract_call *k, const struct proposal_make *x)
{
    struct proposal_record r = { .subject = x->subject, .value = x->value, .height = x->height };
    struct proposal_made made = { x->subject, x->value, x->height };
    struct pack_piece_record piece;
    struct seat_change_record change;
    struct hash id;
    bool versions = x->subject == SUBJECT_VERSION_SET;
    bool seats = x->subject == SUBJECT_SEAT;
    TRY(contract_need(k, versions || seats || x->subject == SUBJECT_PACK_SET, RECEIPT_ARGS));
    TRY(contract_need(k, x->height > k->height, RECEIPT_EXPIRED));
    TRY(contract_need_founder(k));
    if (versions) {
        TRY(version_propose(k, &x->value));
    } else if (seats) {
        TRY(seat_change_record_load(k, contract_key_seat_change(&x->value), &change));
    } else {
        TRY(pack_piece_record_load(k, contract_key_pack_piece(&x->value, 0), &piece));
    }
    contract_proposal_id(ctx_suite(k->ctx), k->author, &x->value, k->tx->body.nonce, &id);
    TRY(contract_need_absent(k, contract_key_proposal(&id)));
    TRY(proposal_record_store(k, contract_key_proposal(&id), &r));
    return emit_governance(k, EVENT_GOVERNANCE_PROPOSED, &id, k->author, &made);
}

static bool is_decided(const struct contract_call *k, const struct proposal_record *r)
{
    return 3 * r->approvals_count > 2 * contract_founder_count(ctx_genesis(k->ctx));
}

static enum err decide(struct contract_call *k, const struct hash *id,
                       const struct proposal_record *r)
{
    struct proposal_made made = { r->subject, r->value, r->height };
    if (r->subject == SUBJECT_VERSION_SET) {
        TRY(version_activate(k, &r->value, r->height));
    } else if (r->subject == SUBJECT_SEAT) {
        TRY(seat_decide(k, &r->value, r->height));
    } else {
        TRY(pack_verify(k, &r->value));
        TRY(pack_activate(k, &r->value, r->height));
    }
    return emit_governance(k, EVENT_GOVERNANCE_ACTIVATED, id, &r->value, &made);
}

enum err governance_approve(struct contract_call *k, const struct proposal_approve *x)
{
    struct contract_key key = contract_key_proposal(&x->proposal);
    struct proposal_record r;
    TRY(contract_need_founder(k));
    TRY(proposal_record_load(k, key, &r));
    TRY(contract_need(k, !hash_in(r.approvals, r.approvals_count, k->author), RECEIPT_EXISTS));
    TRY(contract_need(k, !is_decided(k, &r), RECEIPT_STATE));
    TRY(contract_need(k, k->height < r.height, RECEIPT_EXPIRED));
    ASSERT(r.approvals_count < CONTRACT_APPROVALS_MAX);
    r.approvals[r.approvals_count++] = *k->author;
    TRY(proposal_record_store(k, key, &r));
    TRY(emit_governance(k, EVENT_GOVERNANCE_APPROVED, &x->proposal, k->author, NULL));
    return is_decided(k, &r) ? decide(k, &x->proposal, &r) : ERR_NONE;
}
