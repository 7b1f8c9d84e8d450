#include <stdio.h>

#include "api/render_internal.h"
#include "api/request_internal.h"

#include "ledger/proof.h"
#include "node/batch.h"
#include "node/scrub.h"

/* The participant of the seat that leads, as its index in genesis: -1 when it is not there. */
static int64_t primary_index(const struct node *n, uint32_t seat)
{
    const struct genesis *g = node_genesis(n);
    const struct committee *c = node_committee(n);
    for (uint32_t i = 0; seat < c->count && i < g->participant_count; i++) {
        if (hash_equal(&g->participant[i].id, &c->seat[seat].participant)) {
            return i;
        }
    }
    return -1;
}

static const char *role_of(const struct node *n, uint32_t index)
{
    const struct hash *did = &node_genesis(n)->participant[index].id;
    bool seated = committee_seat_of(node_committee(n), did) != GENESIS_SEATS_MAX;
    return seated ? "validator" : "observer";
}

/* Which version set the next block stands under, and one that is decided for a later height. */
static void put_versions(json_t *j, const struct replica_status *st)
{
    const struct version_set *next = &st->version_next;
    char release[32];
    json_put(j, "version_set", json_new_int(st->version.number));
    if (next->number != 0) {
        json_t *coming = json_new_object();
        (void)snprintf(release, sizeof release, "%u.%u", next->major, next->minor);
        json_put(coming, "version_set", json_new_int(next->number));
        json_put(coming, "height", json_new_int((int64_t)next->height));
        json_put(coming, "release", json_new_str(release));
        json_put(j, "version_next", coming);
    }
}

static void put_activity(json_t *j, const struct node *n)
{
    uint64_t us[ACTIVITY_END];
    json_t *by = json_new_object();
    node_activity(n, us);
    for (int a = 0; a < ACTIVITY_END; a++) {
        json_put(by, activity_name((enum activity)a), json_new_int((int64_t)us[a]));
    }
    json_put(j, "processor_us", by);
}

enum err get_status(struct api_request *q)
{
    struct replica_status st = node_status(q->node);
    const struct genesis *g = node_genesis(q->node);
    uint32_t index = node_index(q->node);
    json_t *j = json_new_object();
    json_put(j, "space", json_new_hash(&g->space));
    json_put(j, "index", json_new_int(index));
    json_put(j, "participant", json_new_hash(&g->participant[index].id));
    json_put(j, "height", json_new_int((int64_t)st.tip.height));
    json_put(j, "time", json_new_time(st.tip.time_ms));
    json_put(j, "hash", json_new_hash(&st.tip.hash));
    json_put(j, "view", json_new_int((int64_t)st.pbft.view));
    json_put(j, "primary", json_new_int(primary_index(q->node, st.pbft.primary)));
    json_put(j, "role", json_new_str(role_of(q->node, index)));
    json_put(j, "seats", json_new_int(node_committee(q->node)->count));
    json_put(j, "voting", json_new_bool(st.voting));
    json_put(j, "syncing", json_new_bool(st.syncing));
    json_put(j, "peers", json_new_int(st.peers_up));
    json_put(j, "pending", json_new_int(st.pending));
    json_put(j, "signatures_verified", json_new_int((int64_t)st.verified));
    json_put(j, "signatures_remembered", json_new_int((int64_t)st.remembered));
    struct node_syncs syncs = node_syncs(q->node);
    json_put(j, "syncs", json_new_int((int64_t)syncs.count));
    json_put(j, "sync_p50_us", json_new_int((int64_t)syncs.p50_us));
    json_put(j, "sync_p99_us", json_new_int((int64_t)syncs.p99_us));
    put_activity(j, q->node);
    struct scrub_status scrub = scrub_status(q->node);
    json_put(j, "scrubbed", json_new_int((int64_t)scrub.checked));
    json_put(j, "wrong_chunks", json_new_int(scrub.wrong));
    json_put(j, "index_base", json_new_int((int64_t)st.index_base));
    put_versions(j, &st);
    json_put(j, "version", json_new_str(CARNET_VERSION));
    return reply_json(q, 200, j);
}

enum err get_genesis(struct api_request *q)
{
    return reply_bytes(q, node_genesis(q->node)->wire);
}

enum err post_tx(struct api_request *q)
{
    struct hash id;
    enum err e = node_submit(q->node, q->body, &id);
    if (e == ERR_BUSY) {
        q->retry_ms = node_status(q->node).retry_ms;
        return request_fail(q, e, "retry_ms says when there is room again",
                            "this author has its share of the pool or of the epoch's quota");
    }
    TRY(e);
    json_t *j = json_new_object();
    json_put(j, "tx", json_new_hash(&id));
    return reply_json(q, 202, j);
}

/* A node that has not seen all blocks does not say that something never happened. */
static enum err not_denied(struct api_request *q, enum err e)
{
    uint64_t base = node_status(q->node).index_base;
    if (e == ERR_NOT_FOUND && base > 0) {
        return request_fail(q, e, "ask a node that has all blocks",
                            "not in this node's index, which begins above height %llu",
                            (unsigned long long)base);
    }
    return e;
}

enum err get_tx(struct api_request *q)
{
    struct node_tx t;
    struct tx tx;
    enum err e = node_tx(q->node, &q->args.id, &q->arena, &t);
    if (e == ERR_NOT_FOUND && q->may_wait) {
        q->not_yet = true;
        return ERR_NONE;
    }
    if (e == ERR_NOT_FOUND && (q->args.present & API_QUERY_WAIT) != 0) {
        return request_fail(q, ERR_TIMEOUT, "ask again: it may still commit",
                            "not committed within %llu ms", (unsigned long long)q->args.wait_ms);
    }
    TRY(not_denied(q, e));
    TRY(tx_decode(node_suite(q->node), t.tx, &q->arena, &tx));
    json_t *j = json_new_object();
    json_put(j, "tx", json_new_hash(&q->args.id));
    json_put(j, "height", json_new_int((int64_t)t.height));
    json_put(j, "index", json_new_int(t.index));
    json_put(j, "status", json_new_int(t.status));
    json_put(j, "status_text", json_new_str(receipt_text(t.status)));
    json_put(j, "time", json_new_time(t.time_ms));
    json_put(j, "method", json_new_str(contract_method_name(tx.body.method)));
    json_put(j, "receipt", json_new_base64url(t.receipt));
    json_put(j, "body", json_new_base64url(t.tx));
    return reply_json(q, 200, j);
}

enum err get_tx_proof(struct api_request *q)
{
    struct bytes proof;
    TRY(not_denied(q, node_tx_proof(q->node, &q->args.id, &q->arena, &proof)));
    return reply_bytes(q, proof);
}

enum err get_state(struct api_request *q)
{
    struct bytes key = bytes_of(q->args.key, q->args.key_len), value;
    TRY(node_state(q->node, q->args.contract, key, &value));
    json_t *j = json_new_object();
    json_put(j, "contract", json_new_int(q->args.contract));
    json_put(j, "key", json_new_hex(key));
    json_put(j, "value", json_new_base64url(value));
    json_put(j, "height", json_new_int((int64_t)node_status(q->node).tip.height));
    return reply_json(q, 200, j);
}

enum err get_state_proof(struct api_request *q)
{
    struct bytes key = bytes_of(q->args.key, q->args.key_len), proof, certified;
    const struct bytes *hand_over = NULL;
    uint32_t count = 0;
    TRY(node_state_proof(q->node, q->args.contract, key, &q->arena, &proof, &certified));
    TRY(node_hand_overs(q->node, certified, &q->arena, &hand_over, &count));
    json_t *j = json_new_object(), *list = json_new_array();
    for (uint32_t i = 0; i < count; i++) {
        json_push(list, json_new_base64url(hand_over[i]));
    }
    json_put(j, "certified", json_new_base64url(certified));
    json_put(j, "hand_overs", list);
    json_put(j, "proof", json_new_base64url(proof));
    return reply_json(q, 200, j);
}

/* The ids of a block's transactions; each is decoded and forgotten, for there may be thousands. */
static enum err block_txs(struct api_request *q, const struct block *b, json_t *txs)
{
    for (uint32_t i = 0; i < b->tx_count; i++) {
        struct tx tx;
        size_t mark = arena_mark(&q->arena);
        TRY(tx_decode(node_suite(q->node), b->tx[i], &q->arena, &tx));
        json_push(txs, json_new_hash(&tx.id));
        arena_release(&q->arena, mark);
    }
    return ERR_NONE;
}

enum err get_block(struct api_request *q)
{
    struct bytes wire, certificate;
    struct block b;
    TRY(node_block(q->node, q->args.number, &q->arena, &wire, &certificate));
    TRY(block_decode(node_suite(q->node), wire, &q->arena, &b));
    json_t *txs = json_new_array();
    enum err e = block_txs(q, &b, txs);
    if (e != ERR_NONE) {
        json_free(txs);
        return e;
    }
    json_t *j = json_new_object();
    json_put(j, "height", json_new_int((int64_t)b.header.height));
    json_put(j, "hash", json_new_hash(&b.hash));
    json_put(j, "time", json_new_time(b.header.time_ms));
    json_put(j, "txs", txs);
    json_put(j, "block", json_new_base64url(wire));
    return reply_json(q, 200, j);
}

static struct node_filter filter_of(const struct api_args *args)
{
    struct node_filter f = { .method = args->method,
                             .since_ms = args->since_ms,
                             .until_ms = args->until_ms,
                             .contract = args->event_contract,
                             .type = args->event_type };
    f.of_kind = (args->present & API_QUERY_TYPE) != 0;
    f.subject = (args->present & API_QUERY_SUBJECT) != 0 ? &args->subject : NULL;
    f.author = (args->present & API_QUERY_AUTHOR) != 0 ? &args->author : NULL;
    return f;
}

/* Beside the list: where to go on, if there is more, and what this node knows nothing of. */
static enum err reply_page(struct api_request *q, json_t *j, bool more, struct node_place next)
{
    if (more) {
        json_put(j, "next", render_place(next));
    }
    json_put(j, "base", json_new_int((int64_t)node_status(q->node).index_base));
    return reply_json(q, 200, j);
}

enum err get_events(struct api_request *q)
{
    struct node_filter f = filter_of(&q->args);
    struct node_place from = { q->args.from, (uint32_t)q->args.index };
    struct node_events page;
    TRY(node_events(q->node, &f, from, (uint32_t)q->args.max, &q->arena, &page));
    json_t *j = json_new_object(), *events = json_new_array();
    for (uint32_t i = 0; i < page.count; i++) {
        size_t mark = arena_mark(&q->arena);
        json_push(events, render_event(q->node, &page.event[i], &q->arena));
        arena_release(&q->arena, mark);
    }
    json_put(j, "events", events);
    return reply_page(q, j, page.more, page.next);
}

enum err get_txs(struct api_request *q)
{
    struct node_filter f = filter_of(&q->args);
    struct node_place from = { q->args.from, (uint32_t)q->args.index };
    struct node_txs page;
    TRY(node_txs(q->node, &f, from, (uint32_t)q->args.max, &q->arena, &page));
    json_t *j = json_new_object(), *txs = json_new_array();
    for (uint32_t i = 0; i < page.count; i++) {
        json_push(txs, render_listed(&page.tx[i]));
    }
    json_put(j, "txs", txs);
    return reply_page(q, j, page.more, page.next);
}

/* The right as it stands now, if this event is about a use that is pending still. */
static bool still_pending(struct api_request *q, const struct node_event *e, uint64_t now_ms,
                          struct right_record *out)
{
    struct right_pending body;
    struct bytes value;
    struct contract_key key = contract_key_right(&e->event.subject[1]);
    return e->event.contract == CONTRACT_RIGHT && e->event.type == EVENT_RIGHT_PENDING &&
           right_pending_decode(e->event.body, &q->arena, &body) == ERR_NONE &&
           node_state(q->node, CONTRACT_RIGHT, contract_key_bytes(&key), &value) == ERR_NONE &&
           right_record_decode(value, &q->arena, out) == ERR_NONE &&
           hash_equal(&out->grantor, &q->actor) && out->state == RIGHT_ACTIVE &&
           out->pending == body.use && out->pending_until_ms == body.until_ms &&
           now_ms < out->pending_until_ms;
}

static json_t *pending_use(const struct node_event *e, const struct right_record *r)
{
    json_t *j = json_new_object();
    json_put(j, "right", json_new_hash(&r->right));
    json_put(j, "holder", json_new_hash(&r->holder));
    json_put(j, "use", json_new_int(r->pending));
    json_put(j, "until", json_new_time(r->pending_until_ms));
    json_put(j, "height", json_new_int((int64_t)e->height));
    return j;
}

/* A bounded look at the asker's events: `next` is where the one after begins, and what is pending
 * there is found again. A height is left behind only when there was more behind it. */
enum err get_pending(struct api_request *q)
{
    struct node_filter f = { .subject = &q->actor,
                             .of_kind = true,
                             .contract = CONTRACT_RIGHT,
                             .type = EVENT_RIGHT_PENDING };
    struct node_place from = { q->args.from, 0 };
    struct node_events page;
    struct ledger_tip tip = node_status(q->node).tip;
    TRY(node_events(q->node, &f, from, 0, &q->arena, &page));
    json_t *j = json_new_object(), *pending = json_new_array();
    for (uint32_t i = 0; i < page.count; i++) {
        struct right_record r;
        size_t mark = arena_mark(&q->arena);
        if (still_pending(q, &page.event[i], tip.time_ms, &r)) {
            json_push(pending, pending_use(&page.event[i], &r));
        }
        arena_release(&q->arena, mark);
    }
    uint64_t next = page.next.height;
    if (page.more && next == q->args.from) {
        next++;
    }
    json_put(j, "pending", pending);
    json_put(j, "next", json_new_int((int64_t)next));
    json_put(j, "more", json_new_bool(page.more));
    json_put(j, "time", json_new_time(tip.time_ms));
    return reply_json(q, 200, j);
}
