#include "api/request_internal.h"

#include "node/batch.h"

/* Many transactions in one request: submitted, and proved. */

static json_t *refused_one(uint32_t index, enum err e)
{
    json_t *j = json_new_object();
    json_put(j, "index", json_new_int(index));
    json_put(j, "code", json_new_str(err_name(e)));
    return j;
}

static enum err answer_fared(struct api_request *q, const enum err *fared, uint32_t count)
{
    uint32_t accepted = 0, busy = 0;
    json_t *refused = json_new_array();
    for (uint32_t i = 0; i < count; i++) {
        accepted += fared[i] == ERR_NONE ? 1 : 0;
        busy += fared[i] == ERR_BUSY ? 1 : 0;
        if (fared[i] != ERR_NONE) {
            json_push(refused, refused_one(i, fared[i]));
        }
    }
    uint64_t retry_ms = node_status(q->node).retry_ms;
    if (busy == count) {
        json_free(refused);
        q->retry_ms = retry_ms;
        return request_fail(q, ERR_BUSY, "retry_ms says when there is room again",
                            "their authors have their share of the pool or of the epoch's quota");
    }
    json_t *j = json_new_object();
    json_put(j, "accepted", json_new_int(accepted));
    json_put(j, "refused", refused);
    if (busy > 0) {
        json_put(j, "retry_ms", json_new_int((int64_t)retry_ms));
    }
    return reply_json(q, 202, j);
}

/* The signatures are verified in the workers: the request is run again when they are done. */
enum err post_txs(struct api_request *q)
{
    const enum err *fared;
    uint32_t count;
    if (!q->has_ticket) {
        enum err e = node_batch_submit(q->node, q->body, &q->ticket);
        if (e == ERR_BUSY) {
            q->retry_ms = NODE_BATCH_RETRY_MS;
            return request_fail(q, e, "retry_ms says when to come again",
                                "too many batches at once");
        }
        if (e == ERR_ENCODING || e == ERR_SIZE) {
            return request_fail(q, e, "each transaction stands after its length in 4 bytes",
                                "at most %d transactions", NODE_BATCH_TXS_MAX);
        }
        TRY(e);
        q->has_ticket = true;
    }
    enum err e = node_batch_result(q->node, q->ticket, &fared, &count);
    if (e == ERR_UNAVAILABLE) {
        q->not_yet = true;
        return ERR_NONE;
    }
    TRY(e);
    e = answer_fared(q, fared, count);
    node_batch_end(q->node, q->ticket);
    q->has_ticket = false;
    return e;
}

/* While it may wait, the request waits for the first that is not committed, then for the next. */
static bool all_committed(struct api_request *q, const struct hash *id, uint32_t count)
{
    while (q->looked < count && node_committed(q->node, &id[q->looked])) {
        q->looked++;
    }
    return q->looked == count;
}

static enum err reply_proofs(struct api_request *q, const struct node_proofs *p)
{
    size_t size = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        size += 4 + p->proof[i].len;
    }
    uint8_t *memory = arena_alloc(&q->arena, size);
    if (memory == NULL) {
        return ERR_NO_SPACE;
    }
    struct buf b = buf_over(memory, size);
    for (uint32_t i = 0; i < p->count; i++) {
        buf_put_u32(&b, (uint32_t)p->proof[i].len);
        buf_put(&b, p->proof[i]);
    }
    return reply_bytes(q, buf_bytes(&b));
}

enum err post_proofs(struct api_request *q)
{
    uint32_t count = (uint32_t)(q->body.len / HASH_SIZE);
    struct node_proofs p = { 0 };
    if (q->body.len % HASH_SIZE != 0 || count == 0 || count > NODE_BATCH_TXS_MAX) {
        return request_fail(q, ERR_ENCODING, NULL, "the body is 1 to %d ids of 32 bytes",
                            NODE_BATCH_TXS_MAX);
    }
    struct hash *id = ARENA_ARRAY(&q->arena, struct hash, count);
    if (id == NULL) {
        return ERR_NO_SPACE;
    }
    struct reader r = reader_over(q->body);
    for (uint32_t i = 0; i < count; i++) {
        id[i] = reader_hash(&r);
    }
    if (q->may_wait && !all_committed(q, id, count)) {
        q->not_yet = true;
        return ERR_NONE;
    }
    TRY(node_batch_proofs(q->node, id, count, &q->arena, &p));
    if (q->may_wait && p.later) {
        q->not_yet = true; /* the certificate comes with one of the next blocks */
        return ERR_NONE;
    }
    if (p.count == 0) {
        return (q->args.present & API_QUERY_WAIT) != 0 ? ERR_TIMEOUT : ERR_NOT_FOUND;
    }
    return reply_proofs(q, &p);
}
