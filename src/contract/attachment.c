/* attachment — readers' signed words: I hold it (ACK), or it is at odds with args (REJECT) (FORMATS
 * 7). */
#include "contract/contract_internal.h"

static int point_compare(const struct attachment_point *a, const struct attachment_point *b)
{
    int order = hash_compare(&a->transaction, &b->transaction);
    return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

/* The reader has not answered yet, and may. */
static enum err need_open(struct contract_call *k, const struct attachment_record *r)
{
    TRY(contract_need(k, hash_in(r->readers, r->readers_count, k->author), RECEIPT_FORBIDDEN));
    TRY(contract_need(k, !hash_in(r->acked, r->acked_count, k->author), RECEIPT_EXISTS));
    return contract_need(k, !hash_in(r->rejected, r->rejected_count, k->author), RECEIPT_STATE);
}

/* Emit about an attachment, in the chains of the token and right it belongs to. */
static enum err emit_about(struct contract_call *k, const struct attachment_record *r,
                           struct event e)
{
    struct token_record token;
    struct right_record right;
    bool about_token = !hash_is_zero(&r->token), about_right = !hash_is_zero(&r->right);
    if (about_token) {
        TRY(token_record_load(k, contract_key_token(&r->token), &token));
        e.subject[e.subject_count++] = r->token;
    }
    if (about_right) {
        TRY(right_record_load(k, contract_key_right(&r->right), &right));
        e.subject[e.subject_count++] = r->right;
    }
    e.subject[e.subject_count++] = *k->author;
    TRY(contract_emit(k, e, about_token ? &token : NULL, about_right ? &right : NULL));
    if (about_token) {
        TRY(token_record_store(k, contract_key_token(&r->token), &token));
    }
    if (about_right) {
        TRY(right_record_store(k, contract_key_right(&r->right), &right));
    }
    return ERR_NONE;
}

static enum err ack_one(struct contract_call *k, const struct attachment_point *p,
                        struct attachment_record *r)
{
    struct contract_key key = contract_key_attachment(&p->transaction, p->index);
    TRY(attachment_record_load(k, key, r));
    TRY(need_open(k, r));
    r->acked[r->acked_count++] = *k->author;
    return attachment_record_store(k, key, r);
}

/* All points of one transaction are one event, so that 256 points do not ask for 256 events.
 * Attachments of one transaction are about the same token and right. */
static enum err ack_transaction(struct contract_call *k, const struct attachment_point *p,
                                uint32_t count)
{
    struct attachment_record r;
    struct attachment_acked acked = { .transaction = p[0].transaction };
    struct event e = { .contract = CONTRACT_ATTACHMENT, .type = EVENT_ATTACHMENT_ACKED };
    TRY(contract_need(k, count <= TX_ATTACHMENTS_MAX, RECEIPT_NOT_FOUND));
    for (uint32_t i = 0; i < count; i++) {
        TRY(ack_one(k, &p[i], &r));
        acked.indexes[acked.indexes_count++] = p[i].index;
    }
    TRY(attachment_acked_encode(&acked, k->arena, &e.body));
    return emit_about(k, &r, e);
}

enum err attachment_ack(struct contract_call *k, const struct attachment_ack *x)
{
    TRY(contract_need(k, x->points_count > 0, RECEIPT_ARGS));
    for (uint32_t i = 1; i < x->points_count; i++) {
        TRY(contract_need(k, point_compare(&x->points[i - 1], &x->points[i]) < 0, RECEIPT_ARGS));
    }
    uint32_t from = 0;
    while (from < x->points_count) {
        uint32_t to = from + 1;
        while (to < x->points_count &&
               hash_equal(&x->points[to].transaction, &x->points[from].transaction)) {
            to++;
        }
        size_t mark = arena_mark(k->arena);
        TRY(ack_transaction(k, &x->points[from], to - from));
        arena_release(k->arena, mark);
        from = to;
    }
    return ERR_NONE;
}

enum err attachment_reject(struct contract_call *k, const struct attachment_reject *x)
{
    struct contract_key key = contract_key_attachment(&x->point.transaction, x->point.index);
    struct attachment_record r;
    struct attachment_rejected rejected = { x->point.transaction, x->point.index, x->code };
    struct event e = { .contract = CONTRACT_ATTACHMENT, .type = EVENT_ATTACHMENT_REJECTED };
    TRY(contract_need(k, x->code != 0, RECEIPT_ARGS));
    TRY(attachment_record_load(k, key, &r));
    TRY(need_open(k, &r));
    r.rejected[r.rejected_count++] = *k->author;
    TRY(attachment_record_store(k, key, &r));
    TRY(attachment_rejected_encode(&rejected, k->arena, &e.body));
    return emit_about(k, &r, e);
}
