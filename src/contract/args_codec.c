/* Rows of the arguments of methods (args.proto). */
#include "base/canon.h"
#include "carnet/v1/args.pb-c.h"
#include "contract/codec_internal.h"

static const struct field FIELDS_attachment_point[] = { FHASH(attachment_point, transaction),
                                                        FU32(attachment_point, index) };
SHAPE_OF(attachment_point);

static const struct field FIELDS_did_create[] = { FMESSAGE(did_create, document,
                                                           SHAPE_did_document) };
static const struct field FIELDS_token_mint[] = {
    FHASH(token_mint, token),
    FHASH(token_mint, asset),
    FHASH_OPT(token_mint, template_hash),
    FU32_LIST(token_mint, classes),
    FU32(token_mint, grade),
    FU32_LIST(token_mint, jurisdictions),
    FU64(token_mint, valid_from_ms),
    FU64(token_mint, valid_until_ms),
    FHASH(token_mint, pack_set),
    FHASH_OPT(token_mint, owner_tag),
};
static const struct field FIELDS_token_seal[] = {
    FHASH(token_seal, token),         FHASH(token_seal, seal),       FU32(token_seal, suite),
    FU32(token_seal, chunk_size),     FU32(token_seal, chunk_count), FHASH(token_seal, sealed_root),
    FHASH(token_seal, manifest_hash),
};
static const struct field FIELDS_token_state[] = { FHASH(token_state, token),
                                                   FU32(token_state, reason) };
static const struct field FIELDS_right_grant[] = {
    FHASH(right_grant, token),   FHASH(right_grant, holder),   FHASH(right_grant, seal),
    FU32(right_grant, kind),     FU32(right_grant, custody),   FU32(right_grant, uses),
    FU64(right_grant, until_ms), FU32(right_grant, purpose),   FU32_LIST(right_grant, places),
    FBYTES(right_grant, facts),  FHASH_OPT(right_grant, lock), FHASH_OPT(right_grant, wrap),
};
static const struct field FIELDS_right_use[] = { FHASH(right_use, right), FU32(right_use, use) };
static const struct field FIELDS_right_release[] = { FHASH(right_release, right),
                                                     FU32(right_release, use),
                                                     FHASH(right_release, wrap) };
static const struct field FIELDS_right_revoke[] = { FHASH(right_revoke, right),
                                                    FU32(right_revoke, reason) };
static const struct field FIELDS_attachment_ack[] = { FMESSAGE_LIST(attachment_ack, points,
                                                                    SHAPE_attachment_point) };
static const struct field FIELDS_attachment_reject[] = {
    FMESSAGE(attachment_reject, point, SHAPE_attachment_point), FU32(attachment_reject, code)
};
static const struct field FIELDS_money_issue[] = { FHASH(money_issue, to),
                                                   FMESSAGE(money_issue, amount, SHAPE_amount) };
static const struct field FIELDS_money_pay[] = { FHASH(money_pay, to),
                                                 FMESSAGE(money_pay, amount, SHAPE_amount) };
static const struct field FIELDS_money_quote[] = {
    FHASH(money_quote, space),        FHASH(money_quote, oracle),  FU32(money_quote, key),
    FU32(money_quote, from),          FU32(money_quote, to),       FU64(money_quote, num),
    FU64(money_quote, den),           FFIXED(money_quote, max),    FU64(money_quote, until_ms),
    FU64(money_quote, hold_until_ms), FFIXED(money_quote, serial),
};
static const struct field FIELDS_money_lock[] = {
    FHASH(money_lock, payee),  FMESSAGE(money_lock, amount, SHAPE_amount),
    FHASH(money_lock, token),  FU64(money_lock, until_ms),
    FBYTES(money_lock, quote), FBYTES(money_lock, signature),
};
static const struct field FIELDS_money_settle[] = { FHASH(money_settle, lock) };
static const struct field FIELDS_money_refund[] = { FHASH(money_refund, lock) };
static const struct field FIELDS_pack_put[] = { FHASH(pack_put, set), FU32(pack_put, index),
                                                FU32(pack_put, count), FBYTES(pack_put, piece) };
static const struct field FIELDS_proposal_make[] = { FU32(proposal_make, subject),
                                                     FHASH(proposal_make, value),
                                                     FU64(proposal_make, height) };
static const struct field FIELDS_proposal_approve[] = { FHASH(proposal_approve, proposal) };
static const struct field FIELDS_seat_change[] = { FU32(seat_change, verb),
                                                   FHASH(seat_change, participant),
                                                   FHASH_OPT(seat_change, root),
                                                   FU64(seat_change, weight) };
static const struct field FIELDS_evidence_anchor[] = { FHASH(evidence_anchor, value),
                                                       FU32(evidence_anchor, kind) };

#define X(name) SHAPE_OF(name);
CONTRACT_ARGS(X)
#undef X
CONTRACT_ARGS(CODEC_OF)
