#include "consensus/pbft_parts_internal.h"

#include <string.h>

/* A record is one tag byte and a payload. The vote log holds what this seat has bound itself to: it
 * is durable before anybody hears of it, and replay gives the same seat back. An observer binds
 * itself to nothing and writes nothing. */

static void persist(struct pbft *p, struct bytes record)
{
    struct pbft_effect *e = pbft_emit(p, PBFT_PERSIST);
    e->bytes = record;
    p->log_records++;
    p->log_bytes += record.len;
}

static void persist_tagged(struct pbft *p, uint8_t tag, struct bytes payload)
{
    if (p->config.self == PBFT_OBSERVER) {
        return;
    }
    uint8_t *record = arena_alloc(&p->step, payload.len + 1);
    ASSERT(record != NULL);
    record[0] = tag;
    memcpy(record + 1, payload.ptr, payload.len);
    persist(p, bytes_of(record, payload.len + 1));
}

void pbft_log_block(struct pbft *p, struct kept *k)
{
    if (!k->persisted && p->config.self != PBFT_OBSERVER) {
        k->persisted = true;
        persist(p, bytes_of(p->pool + k->at, k->size));
    }
}

void pbft_log_vote(struct pbft *p, const struct signed_vote *v)
{
    struct bytes wire = { NULL, 0 };
    enum err e = signed_vote_encode(v, &p->step, &wire);
    ASSERT(e == ERR_NONE);
    persist_tagged(p, RECORD_VOTE, wire);
}

void pbft_log_prepared(struct pbft *p)
{
    persist_tagged(p, RECORD_PREPARED, bytes_of(p->prepared.wire, p->prepared.size));
}

void pbft_log_view(struct pbft *p)
{
    uint8_t memory[64];
    struct buf b = buf_over(memory, sizeof(memory));
    buf_put_u64(&b, p->view);
    buf_put_u8(&b, p->changing ? 1 : 0);
    buf_put_u8(&b, p->based ? 1 : 0);
    buf_put_u64(&b, p->base_height);
    buf_put_hash(&b, &p->base);
    buf_put_u64(&b, p->committed.height);
    persist_tagged(p, RECORD_VIEW, buf_bytes(&b));
}

void pbft_log_change(struct pbft *p)
{
    const struct ask *own = &p->ask[p->config.self];
    uint8_t memory[VIEW_CHANGE_BODY_SIZE_MAX + SUITE_SIGNATURE_SIZE_MAX];
    struct buf b = buf_over(memory, sizeof(memory));
    buf_put(&b, bytes_of(own->signature, p->config.suite->signature_size));
    buf_put(&b, bytes_of(own->body, own->size));
    ASSERT(!b.full);
    persist_tagged(p, RECORD_CHANGE, buf_bytes(&b));
}

void pbft_log_new_view(struct pbft *p)
{
    persist_tagged(p, RECORD_NEW_VIEW, bytes_of(p->new_view, p->new_view_size));
}

/* What stands below it in the log was signed for another committee, in an epoch before this one's.
 */
void pbft_log_committee(struct pbft *p)
{
    uint8_t memory[8];
    struct buf b = buf_over(memory, sizeof(memory));
    if (p->log_number != p->number && p->config.self != PBFT_OBSERVER) {
        buf_put_u64(&b, p->number);
        persist_tagged(p, RECORD_COMMITTEE, buf_bytes(&b));
        p->log_number = p->number;
    }
}

/* ---- cutting --------------------------------------------------------------------------------- */

static void log_own_votes(struct pbft *p)
{
    for (uint64_t h = p->committed.height + 1; h <= p->committed.height + PBFT_HEIGHTS; h++) {
        for (uint32_t kind = VOTE_PREPARE; kind <= VOTE_COMMIT; kind++) {
            struct signed_vote v;
            if (pbft_own_vote(p, kind, h, &v)) {
                pbft_log_vote(p, &v);
            }
        }
    }
    if (p->voted) {
        struct signed_vote v = { .vote = p->last_vote, .seat = p->config.self };
        enum err e = vote_encode(&v.vote, &p->step, &v.wire);
        ASSERT(e == ERR_NONE);
        v.signature = bytes_of(p->last_signature, p->config.suite->signature_size);
        pbft_log_vote(p, &v);
    }
}

void pbft_log_trim(struct pbft *p)
{
    bool full = p->log_records >= PBFT_TRIM_RECORDS || p->log_bytes >= PBFT_TRIM_BYTES;
    if (!full || p->config.self == PBFT_OBSERVER || p->out->count > PBFT_EFFECTS_MAX / 2) {
        return;
    }
    (void)pbft_emit(p, PBFT_TRIM);
    p->log_number = 0;
    pbft_log_committee(p);
    pbft_log_view(p);
    if (p->ask[p->config.self].heard) {
        pbft_log_change(p);
    }
    if (p->new_view_size > 0) {
        pbft_log_new_view(p);
    }
    for (uint32_t i = 0; i < PBFT_BLOCKS_KEPT_MAX; i++) {
        struct kept *k = &p->kept[i];
        bool again = k->used && k->persisted && k->height > p->committed.height;
        k->persisted = false;
        if (again) {
            pbft_log_block(p, k);
        }
    }
    if (p->prepared.size > 0) {
        pbft_log_prepared(p);
    }
    log_own_votes(p);
    p->log_records = 0;
    p->log_bytes = 0;
}

/* ---- replay ---------------------------------------------------------------------------------- */

static enum err replay_block(struct pbft *p, struct bytes payload)
{
    struct block b;
    TRY(pbft_decode_block(p, payload, &b));
    TRY(pbft_store(p, &b));
    pbft_keep(p, &b.hash)->persisted = true;
    return ERR_NONE;
}

static bool of_this_committee(const struct pbft *p)
{
    return p->log_number == p->number && p->config.self != PBFT_OBSERVER;
}

static enum err replay_committee(struct pbft *p, struct bytes payload)
{
    struct reader r = reader_over(payload);
    uint64_t number = reader_u64(&r);
    TRY(reader_done(&r));
    p->log_number = number;
    p->log_ahead = p->log_ahead || number > p->number;
    return ERR_NONE;
}

static enum err replay_vote(struct pbft *p, struct bytes payload)
{
    struct signed_vote v;
    TRY(signed_vote_decode(payload, &p->step, &v));
    if (v.signature.len > SUITE_SIGNATURE_SIZE_MAX ||
        (v.vote.kind != VOTE_PREPARE && v.vote.kind != VOTE_COMMIT)) {
        return ERR_CORRUPT;
    }
    if (!of_this_committee(p) || v.vote.epoch < p->since_epoch) {
        pbft_voted(p, &v); /* for HELLO only */
        return ERR_NONE;
    }
    if (v.seat != p->config.self) {
        return ERR_CORRUPT;
    }
    struct ballot *b = pbft_ballot(p, v.vote.kind, v.vote.height, v.seat);
    if (!b->cast || b->height < v.vote.height ||
        (b->height == v.vote.height && b->view <= v.vote.view)) {
        *b = (struct ballot){ .cast = true,
                              .epoch = v.vote.epoch,
                              .view = v.vote.view,
                              .height = v.vote.height,
                              .block = v.vote.block };
        memcpy(b->signature, v.signature.ptr, v.signature.len);
    }
    pbft_voted(p, &v);
    return ERR_NONE;
}

static enum err replay_prepared(struct pbft *p, struct bytes payload)
{
    struct certificate c;
    TRY(certificate_decode(payload, &p->step, &c));
    if (!of_this_committee(p)) {
        return ERR_NONE;
    }
    pbft_keep_certificate(&p->prepared, &c, payload);
    return ERR_NONE;
}

static enum err replay_view(struct pbft *p, struct bytes payload)
{
    struct reader r = reader_over(payload);
    uint64_t view = reader_u64(&r);
    bool changing = reader_u8(&r) != 0, based = reader_u8(&r) != 0;
    uint64_t base_height = reader_u64(&r);
    struct hash base = reader_hash(&r);
    uint64_t floor = reader_u64(&r);
    TRY(reader_done(&r));
    p->floor = floor > p->floor ? floor : p->floor;
    if (!of_this_committee(p)) {
        return ERR_NONE;
    }
    p->view = view;
    p->changing = changing;
    p->based = based;
    p->base_height = base_height;
    p->base = base;
    p->new_view_size = 0;
    p->seat_view[p->config.self] = view;
    return ERR_NONE;
}

static enum err replay_change(struct pbft *p, struct bytes payload)
{
    size_t head = p->config.suite->signature_size;
    if (payload.len <= head) {
        return ERR_CORRUPT;
    }
    struct view_change c;
    TRY(view_change_body_decode(bytes_of(payload.ptr + head, payload.len - head), &p->step, &c));
    c.signature = bytes_of(payload.ptr, head);
    return of_this_committee(p) ? pbft_keep_change(p, &c) : ERR_NONE;
}

static enum err replay_new_view(struct pbft *p, struct bytes payload)
{
    if (payload.len > sizeof(p->new_view)) {
        return ERR_CORRUPT;
    }
    if (of_this_committee(p)) {
        memcpy(p->new_view, payload.ptr, payload.len);
        p->new_view_size = payload.len;
    }
    return ERR_NONE;
}

enum err pbft_on_replay(struct pbft *p, const struct pbft_event *ev)
{
    static enum err (*const REPLAY[])(struct pbft *, struct bytes) = {
        [RECORD_BLOCK] = replay_block,         [RECORD_VOTE] = replay_vote,
        [RECORD_PREPARED] = replay_prepared,   [RECORD_VIEW] = replay_view,
        [RECORD_CHANGE] = replay_change,       [RECORD_NEW_VIEW] = replay_new_view,
        [RECORD_COMMITTEE] = replay_committee,
    };
    if (p->config.self == PBFT_OBSERVER && p->number == 0) {
        return ERR_STATE;
    }
    if (ev->bytes.len < 2 || ev->bytes.ptr[0] >= COUNT(REPLAY) ||
        REPLAY[ev->bytes.ptr[0]] == NULL) {
        return ERR_CORRUPT;
    }
    p->log_records++;
    p->log_bytes += ev->bytes.len;
    return REPLAY[ev->bytes.ptr[0]](p, bytes_of(ev->bytes.ptr + 1, ev->bytes.len - 1));
}
