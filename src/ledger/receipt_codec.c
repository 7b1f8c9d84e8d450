/* Receipts, events and the quota record (FORMATS 2, 16). */
#include "base/canon.h"
#include "carnet/v1/receipt.pb-c.h"
#include "carnet/v1/record.pb-c.h"
#include "ledger/execute_internal.h"
#include "ledger/proof.h"

enum { QUOTA_SIZE_MAX = 32, RECEIPT_SIZE_MAX = 16384, RECEIPT_EVENTS_MAX = 64 };
enum { EVENT_SIZE_MAX = EVENT_BODY_SIZE_MAX + EVENT_SUBJECTS_MAX * (HASH_SIZE + 2) + 32 };
_Static_assert((int)RECEIPT_EVENTS_MAX == (int)EVENTS_PER_TX_MAX, "one limit, two places");

static void event_to(const struct event *e, Carnet__V1__Event *m, ProtobufCBinaryData *subjects)
{
    ASSERT(e->subject_count <= EVENT_SUBJECTS_MAX);
    carnet__v1__event__init(m);
    m->contract = e->contract;
    m->type = e->type;
    m->version = e->version;
    m->body = field_of_bytes(e->body);
    m->n_subjects = e->subject_count;
    m->subjects = subjects;
    for (uint32_t i = 0; i < e->subject_count; i++) {
        subjects[i] = field_of_hash(&e->subject[i]);
    }
}

enum err event_encode(const struct event *e, struct arena *a, struct bytes *out)
{
    Carnet__V1__Event m;
    ProtobufCBinaryData subjects[EVENT_SUBJECTS_MAX];
    event_to(e, &m, subjects);
    return canon_encode(&m.base, EVENT_SIZE_MAX, a, out);
}

enum err receipt_encode(const struct receipt *r, size_t size_max, struct arena *a,
                        struct bytes *out)
{
    ASSERT(r->event_count <= RECEIPT_EVENTS_MAX);
    Carnet__V1__Receipt m = CARNET__V1__RECEIPT__INIT;
    Carnet__V1__Event event[RECEIPT_EVENTS_MAX];
    Carnet__V1__Event *events[RECEIPT_EVENTS_MAX];
    ProtobufCBinaryData subjects[RECEIPT_EVENTS_MAX][EVENT_SUBJECTS_MAX];
    for (uint32_t i = 0; i < r->event_count; i++) {
        event_to(&r->event[i], &event[i], subjects[i]);
        events[i] = &event[i];
    }
    m.transaction = field_of_hash(&r->transaction);
    m.index = r->index;
    m.status = r->status;
    m.cost = r->cost;
    m.n_events = r->event_count;
    m.events = events;
    return canon_encode(&m.base, size_max, a, out);
}

static enum err event_from(const Carnet__V1__Event *m, struct event *e)
{
    if (m->n_subjects > EVENT_SUBJECTS_MAX || m->body.len > EVENT_BODY_SIZE_MAX) {
        return ERR_ENCODING;
    }
    e->contract = m->contract;
    e->type = m->type;
    e->version = m->version;
    e->subject_count = (uint32_t)m->n_subjects;
    for (uint32_t i = 0; i < e->subject_count; i++) {
        TRY(hash_of_field(m->subjects[i], &e->subject[i]));
    }
    e->body = bytes_of_field(m->body);
    return ERR_NONE;
}

enum err receipt_decode(struct bytes wire, struct arena *a, struct receipt *out)
{
    ProtobufCMessage *base;
    TRY(canon_decode(&carnet__v1__receipt__descriptor, wire, RECEIPT_SIZE_MAX, a, &base));
    const Carnet__V1__Receipt *m = (const Carnet__V1__Receipt *)base;
    struct receipt r = { .index = m->index, .status = m->status, .cost = m->cost, .wire = wire };
    if (m->n_events > RECEIPT_EVENTS_MAX || (m->status != RECEIPT_OK && m->n_events > 0)) {
        return ERR_ENCODING;
    }
    struct event *event = ARENA_ARRAY(a, struct event, m->n_events);
    if (event == NULL) {
        return ERR_NO_SPACE;
    }
    for (size_t i = 0; i < m->n_events; i++) {
        TRY(event_from(m->events[i], &event[i]));
    }
    r.event_count = (uint32_t)m->n_events;
    r.event = event;
    TRY(hash_of_field(m->transaction, &r.transaction));
    *out = r;
    return ERR_NONE;
}

enum err quota_encode(const struct quota *q, struct arena *a, struct bytes *out)
{
    Carnet__V1__QuotaRecord m = CARNET__V1__QUOTA_RECORD__INIT;
    m.epoch = q->epoch;
    m.used = q->used;
    return canon_encode(&m.base, QUOTA_SIZE_MAX, a, out);
}

enum err quota_decode(struct bytes wire, struct arena *a, struct quota *out)
{
    ProtobufCMessage *base;
    TRY(canon_decode(&carnet__v1__quota_record__descriptor, wire, QUOTA_SIZE_MAX, a, &base));
    const Carnet__V1__QuotaRecord *m = (const Carnet__V1__QuotaRecord *)base;
    *out = (struct quota){ m->epoch, m->used };
    return ERR_NONE;
}
