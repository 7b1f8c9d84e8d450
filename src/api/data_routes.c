#include "api/request_internal.h"
#include "node/scrub.h"

enum err put_attachment(struct api_request *q)
{
    struct sealed_attachment sealed;
    TRY(attachment_inspect(q->body, &q->arena, &sealed));
    TRY(node_attachment_put(q->node, q->body));
    json_t *j = json_new_object();
    json_put(j, "commitment", json_new_hash(&sealed.commitment));
    return reply_json(q, 200, j);
}

enum err get_attachment(struct api_request *q)
{
    struct bytes sealed;
    TRY(node_attachment_get(q->node, &q->args.id, &q->actor, &q->arena, &sealed));
    return reply_bytes(q, sealed);
}

enum err put_manifest(struct api_request *q)
{
    struct manifest m;
    TRY(manifest_decode(q->body, &q->arena, &m));
    if (!hash_equal(&m.seal, &q->args.id)) {
        return request_fail(q, ERR_INTEGRITY, NULL, "the manifest is of another seal");
    }
    TRY(node_seal_put_manifest(q->node, q->body));
    json_t *j = json_new_object();
    json_put(j, "seal", json_new_hash(&m.seal));
    return reply_json(q, 200, j);
}

enum err put_chunk(struct api_request *q)
{
    uint32_t index = (uint32_t)q->args.number;
    TRY(node_seal_put_chunk(q->node, &q->args.id, index, q->body));
    json_t *j = json_new_object();
    json_put(j, "seal", json_new_hash(&q->args.id));
    json_put(j, "index", json_new_int(index));
    return reply_json(q, 200, j);
}

enum err get_manifest(struct api_request *q)
{
    struct bytes manifest;
    TRY(node_seal_manifest(q->node, &q->args.id, &q->arena, &manifest));
    return reply_bytes(q, manifest);
}

enum err get_chunk(struct api_request *q)
{
    struct bytes chunk;
    TRY(node_seal_chunk(q->node, &q->args.id, (uint32_t)q->args.number, &q->arena, &chunk));
    return reply_bytes(q, chunk);
}

/* At most 16 MiB a call: the caller goes on at `next`, and the node does other things between. */
enum err get_scrub(struct api_request *q)
{
    struct scrub_report r;
    TRY(scrub_seal(q->node, &q->args.id, (uint32_t)q->args.number, &r));
    json_t *j = json_new_object(), *bad = json_new_array();
    for (uint32_t i = 0; i < r.bad_count; i++) {
        json_t *one = json_new_object();
        json_put(one, "index", json_new_int(r.bad[i]));
        json_push(bad, one);
    }
    json_put(j, "seal", json_new_hash(&q->args.id));
    json_put(j, "manifest", json_new_hash(&r.manifest));
    json_put(j, "chunks", json_new_int(r.chunks));
    json_put(j, "next", json_new_int(r.next));
    json_put(j, "bad", bad);
    return reply_json(q, 200, j);
}

static const char *state_name(enum fetch_state s)
{
    static const char *const NAME[] = { [FETCH_WAITING] = "waiting",
                                        [FETCH_RUNNING] = "running",
                                        [FETCH_DONE] = "done",
                                        [FETCH_FAILED] = "failed" };
    ASSERT((size_t)s < COUNT(NAME));
    return NAME[s];
}

enum err post_fetch(struct api_request *q)
{
    struct node_fetch f;
    TRY(node_fetch_start(q->node, &q->args.id));
    TRY(node_fetch_status(q->node, &q->args.id, &f));
    json_t *j = json_new_object();
    json_put(j, "right", json_new_hash(&f.right));
    json_put(j, "state", json_new_str(state_name(f.status.state)));
    return reply_json(q, 202, j);
}

static bool has_moved(const struct node_fetch *a, const struct node_fetch *b)
{
    return a->status.state != b->status.state || a->status.durable != b->status.durable ||
           a->reconnects != b->reconnects;
}

/* Waiting ends with the fetch, or as soon as it has moved since this request came: a caller that
 * shows progress asks again. When time is up it is told how things stand. */
enum err get_fetch(struct api_request *q)
{
    struct node_fetch f;
    TRY(node_fetch_status(q->node, &q->args.id, &f));
    if (!q->seen) {
        q->first = f;
        q->seen = true;
    }
    bool over = f.status.state == FETCH_DONE || f.status.state == FETCH_FAILED;
    if (q->may_wait && !over && !has_moved(&q->first, &f)) {
        q->not_yet = true;
        return ERR_NONE;
    }
    json_t *j = json_new_object();
    json_put(j, "right", json_new_hash(&f.right));
    json_put(j, "seal", json_new_hash(&f.seal));
    json_put(j, "state", json_new_str(state_name(f.status.state)));
    json_put(j, "chunks", json_new_int(f.status.chunks));
    json_put(j, "durable", json_new_int(f.status.durable));
    json_put(j, "resumed_from", json_new_int(f.status.resumed_from));
    json_put(j, "reconnects", json_new_int(f.reconnects));
    json_put(j, "bytes", json_new_u64(f.bytes));
    if (f.status.state == FETCH_FAILED && f.why != ERR_NONE) {
        json_put(j, "error", json_new_str(err_name(f.why)));
    }
    return reply_json(q, 200, j);
}
