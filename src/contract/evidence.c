/* evidence — any hash anchored on the ledger, once. */
#include "contract/contract_internal.h"

enum err evidence_anchor(struct contract_call *k, const struct evidence_anchor *x)
{
    struct contract_key key = contract_key_evidence(&x->value);
    struct evidence_record r = { .author = *k->author, .kind = x->kind, .height = k->height };
    struct evidence_anchored anchored = { x->kind };
    struct event e = { .contract = CONTRACT_EVIDENCE,
                       .type = EVENT_EVIDENCE_ANCHORED,
                       .subject_count = 2,
                       .subject = { x->value, *k->author } };
    TRY(contract_need(k, x->kind != 0, RECEIPT_ARGS));
    TRY(contract_need_absent(k, key));
    TRY(contract_attach(k, NULL, NULL));
    TRY(evidence_record_store(k, key, &r));
    TRY(evidence_anchored_encode(&anchored, k->arena, &e.body));
    return contract_emit(k, e, NULL, NULL);
}
