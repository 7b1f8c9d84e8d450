/* Rows of records and of event bodies (record.proto). */
#include "base/canon.h"
#include "carnet/v1/record.pb-c.h"
#include "contract/codec_internal.h"

static const struct field FIELDS_event_chain[] = { FU64(event_chain, count),
                                                   FHASH_OPT(event_chain, chain) };
SHAPE_OF(event_chain);
static const struct field FIELDS_seal_entry[] = {
    FHASH(seal_entry, seal),       FU32(seal_entry, suite),        FU32(seal_entry, chunk_size),
    FU32(seal_entry, chunk_count), FHASH(seal_entry, sealed_root), FHASH(seal_entry, manifest_hash),
    FU64(seal_entry, height),
};
SHAPE_OF(seal_entry);

static const struct field FIELDS_did_record[] = {
    FMESSAGE(did_record, document, SHAPE_did_document), FU64(did_record, height)
};
static const struct field FIELDS_token_record[] = {
    FHASH(token_record, token),
    FHASH(token_record, owner),
    FHASH(token_record, asset),
    FHASH_OPT(token_record, template_hash),
    FU32_LIST(token_record, classes),
    FU32(token_record, grade),
    FU32_LIST(token_record, jurisdictions),
    FU64(token_record, valid_from_ms),
    FU64(token_record, valid_until_ms),
    FHASH(token_record, pack_set),
    FHASH_OPT(token_record, owner_tag),
    FU32(token_record, state),
    FMESSAGE_LIST(token_record, seals, SHAPE_seal_entry),
    FU64(token_record, rights),
    FMESSAGE(token_record, events, SHAPE_event_chain),
    FHASH_OPT(token_record, frozen_by),
};
static const struct field FIELDS_right_record[] = {
    FHASH(right_record, right),
    FHASH(right_record, token),
    FHASH(right_record, grantor),
    FHASH(right_record, holder),
    FHASH(right_record, seal),
    FU32(right_record, kind),
    FU32(right_record, custody),
    FU32(right_record, uses),
    FU32(right_record, used),
    FU64(right_record, until_ms),
    FU32(right_record, purpose),
    FU32_LIST(right_record, places),
    FU32(right_record, state),
    FHASH_OPT(right_record, lock),
    FHASH_OPT(right_record, wrap),
    FBYTES(right_record, verdict),
    FHASH(right_record, grant),
    FU32(right_record, wrap_index),
    FMESSAGE(right_record, events, SHAPE_event_chain),
    FU32(right_record, pending),
    FU64(right_record, pending_until_ms),
    FHASH_OPT(right_record, release),
    FU32(right_record, delivered),
};
static const struct field FIELDS_counter_record[] = { FU64(counter_record, value) };
static const struct field FIELDS_balance_record[] = { FFIXED(balance_record, value) };
static const struct field FIELDS_lock_record[] = {
    FHASH(lock_record, lock),      FHASH(lock_record, payer),
    FHASH(lock_record, payee),     FMESSAGE(lock_record, amount, SHAPE_amount),
    FHASH(lock_record, token),     FU64(lock_record, until_ms),
    FU32(lock_record, state),      FHASH_OPT(lock_record, right),
    FBYTES(lock_record, exchange),
};
static const struct field FIELDS_money_exchange[] = {
    FHASH(money_exchange, oracle), FMESSAGE(money_exchange, amount, SHAPE_amount),
    FU64(money_exchange, num),     FU64(money_exchange, den),
    FHASH(money_exchange, quote),
};
static const struct field FIELDS_quote_record[] = { FHASH(quote_record, quote),
                                                    FU64(quote_record, until_ms) };
static const struct field FIELDS_quote_ring_record[] = { FU64(quote_ring_record, used) };
static const struct field FIELDS_attachment_record[] = {
    FHASH(attachment_record, commitment), FHASH_LIST(attachment_record, readers),
    FHASH_LIST(attachment_record, acked), FU64(attachment_record, keep_until_ms),
    FU32(attachment_record, kind),        FHASH(attachment_record, author),
    FU32(attachment_record, size),        FHASH_OPT(attachment_record, token),
    FHASH_OPT(attachment_record, right),  FHASH_LIST(attachment_record, rejected),
};
static const struct field FIELDS_pack_piece_record[] = { FBYTES(pack_piece_record, piece),
                                                         FU32(pack_piece_record, count) };
static const struct field FIELDS_pack_active_record[] = { FHASH_OPT(pack_active_record, set),
                                                          FU64(pack_active_record, height),
                                                          FHASH_OPT(pack_active_record, next),
                                                          FU64(pack_active_record, next_height) };
static const struct field FIELDS_proposal_record[] = { FU32(proposal_record, subject),
                                                       FHASH(proposal_record, value),
                                                       FU64(proposal_record, height),
                                                       FHASH_LIST(proposal_record, approvals) };
static const struct field FIELDS_seat_change_record[] = { FU32(seat_change_record, verb),
                                                          FHASH(seat_change_record, participant),
                                                          FHASH_OPT(seat_change_record, root),
                                                          FU64(seat_change_record, weight) };
static const struct field FIELDS_evidence_record[] = { FHASH(evidence_record, author),
                                                       FU32(evidence_record, kind),
                                                       FU64(evidence_record, height) };

static const struct field FIELDS_token_minted[] = { FHASH(token_minted, asset),
                                                    FHASH(token_minted, owner) };
static const struct field FIELDS_token_sealed[] = { FHASH(token_sealed, seal),
                                                    FU32(token_sealed, chunk_count),
                                                    FHASH(token_sealed, sealed_root) };
static const struct field FIELDS_token_moved[] = { FU32(token_moved, from), FU32(token_moved, to),
                                                   FU32(token_moved, reason) };
static const struct field FIELDS_right_granted[] = {
    FU32(right_granted, kind),     FU32(right_granted, custody),   FU32(right_granted, uses),
    FU64(right_granted, until_ms), FBYTES(right_granted, verdict), FHASH_OPT(right_granted, lock),
};
static const struct field FIELDS_right_used[] = { FU32(right_used, use), FU32(right_used, left) };
static const struct field FIELDS_right_pending[] = { FU32(right_pending, use),
                                                     FU64(right_pending, until_ms) };
static const struct field FIELDS_right_released[] = { FU32(right_released, use),
                                                      FU32(right_released, left),
                                                      FHASH(right_released, wrap) };
static const struct field FIELDS_right_revoked[] = { FU32(right_revoked, reason) };
static const struct field FIELDS_money_moved[] = { FMESSAGE(money_moved, amount, SHAPE_amount),
                                                   FHASH_OPT(money_moved, lock),
                                                   FBYTES(money_moved, exchange) };
static const struct field FIELDS_attachment_acked[] = { FHASH(attachment_acked, transaction),
                                                        FU32_LIST(attachment_acked, indexes) };
static const struct field FIELDS_attachment_rejected[] = { FHASH(attachment_rejected, transaction),
                                                           FU32(attachment_rejected, index),
                                                           FU32(attachment_rejected, code) };
static const struct field FIELDS_proposal_made[] = { FU32(proposal_made, subject),
                                                     FHASH(proposal_made, value),
                                                     FU64(proposal_made, height) };
static const struct field FIELDS_evidence_anchored[] = { FU32(evidence_anchored, kind) };

#define X(name) SHAPE_OF(name);
CONTRACT_RECORDS(X)
CONTRACT_BODIES(X)
#undef X
CONTRACT_RECORDS(CODEC_OF)
CONTRACT_BODIES(CODEC_OF)
