/* Headers, votes and certificates to and from our structs (FORMATS 2, 10, 11). */
#include "base/canon.h"
#include "carnet/v1/block.pb-c.h"
#include "ledger/block.h"

/* Seat 0 is bit 0 of byte 0. */
static void bitmap_put(uint32_t seats, uint8_t out[SEAT_BITMAP_SIZE])
{
    for (unsigned i = 0; i < SEAT_BITMAP_SIZE; i++) {
        out[i] = (uint8_t)(seats >> (8 * i));
    }
}

static enum err bitmap_take(ProtobufCBinaryData f, uint32_t *seats)
{
    if (f.len != SEAT_BITMAP_SIZE) {
        return ERR_ENCODING;
    }
    uint32_t x = 0;
    for (unsigned i = 0; i < SEAT_BITMAP_SIZE; i++) {
        x |= (uint32_t)f.data[i] << (8 * i);
    }
    *seats = x;
    return x == 0 || x >> GENESIS_SEATS_MAX != 0 ? ERR_ENCODING : ERR_NONE;
}

static uint32_t bits(uint32_t x)
{
    uint32_t n = 0;
    for (; x != 0; x &= x - 1) {
        n++;
    }
    return n;
}

enum err header_encode(const struct header *h, struct arena *a, struct bytes *out)
{
    Carnet__V1__Header m = CARNET__V1__HEADER__INIT;
    Carnet__V1__LastCommit last = CARNET__V1__LAST_COMMIT__INIT;
    uint8_t bitmap[SEAT_BITMAP_SIZE];
    m.version_set = h->version_set;
    m.height = h->height;
    m.time_ms = h->time_ms;
    m.cost = h->cost;
    m.tx_count = h->tx_count;
    m.previous = field_of_hash(&h->previous);
    m.tx_root = field_of_hash(&h->tx_root);
    m.receipt_root = field_of_hash(&h->receipt_root);
    m.state_root = field_of_hash(&h->state_root);
    m.history_root = field_of_hash(&h->history_root);
    m.committee_hash = field_of_hash(&h->committee_hash);
    m.next_committee_hash = field_of_hash(&h->next_committee_hash);
    m.proposer = field_of_hash(&h->proposer);
    if (h->last_commit.height > 0) {
        bitmap_put(h->last_commit.seats, bitmap);
        last.height = h->last_commit.height;
        last.seats = field_of_bytes(bytes_of(bitmap, sizeof bitmap));
        last.certificate_hash = field_of_hash(&h->last_commit.certificate_hash);
        m.last_commit = &last;
    }
    return canon_encode(&m.base, HEADER_SIZE_MAX, a, out);
}

static enum err last_commit_from(const Carnet__V1__LastCommit *m, struct last_commit *out)
{
    if (m == NULL) {
        return ERR_NONE;
    }
    if (m->height == 0) {
        return ERR_ENCODING; /* "none" has one form: absent */
    }
    out->height = m->height;
    TRY(bitmap_take(m->seats, &out->seats));
    return hash_of_field(m->certificate_hash, &out->certificate_hash);
}

static enum err header_roots_from(const Carnet__V1__Header *m, struct header *h)
{
    TRY(hash_of_field(m->previous, &h->previous));
    TRY(hash_of_field(m->tx_root, &h->tx_root));
    TRY(hash_of_field(m->receipt_root, &h->receipt_root));
    TRY(hash_of_field(m->state_root, &h->state_root));
    TRY(hash_of_field(m->history_root, &h->history_root));
    TRY(hash_of_field(m->committee_hash, &h->committee_hash));
    TRY(hash_of_field(m->next_committee_hash, &h->next_committee_hash));
    return hash_of_field(m->proposer, &h->proposer);
}

enum err header_decode(struct bytes wire, struct arena *a, struct header *out)
{
    ProtobufCMessage *base;
    TRY(canon_decode(&carnet__v1__header__descriptor, wire, HEADER_SIZE_MAX, a, &base));
    const Carnet__V1__Header *m = (const Carnet__V1__Header *)base;
    struct header h = { .version_set = m->version_set,
                        .tx_count = m->tx_count,
                        .height = m->height,
                        .time_ms = m->time_ms,
                        .cost = m->cost };
    TRY(header_roots_from(m, &h));
    TRY(last_commit_from(m->last_commit, &h.last_commit));
    *out = h;
    return ERR_NONE;
}

enum err vote_encode(const struct vote *v, struct arena *a, struct bytes *out)
{
    Carnet__V1__Vote m = CARNET__V1__VOTE__INIT;
    m.space = field_of_hash(&v->space);
    m.epoch = v->epoch;
    m.kind = v->kind;
    m.view = v->view;
    m.height = v->height;
    m.block = field_of_hash(&v->block);
    return canon_encode(&m.base, VOTE_SIZE_MAX, a, out);
}

static bool kind_known(uint32_t kind)
{
    return kind == VOTE_PREPARE || kind == VOTE_COMMIT;
}

enum err vote_decode(struct bytes wire, struct arena *a, struct vote *out)
{
    ProtobufCMessage *base;
    TRY(canon_decode(&carnet__v1__vote__descriptor, wire, VOTE_SIZE_MAX, a, &base));
    const Carnet__V1__Vote *m = (const Carnet__V1__Vote *)base;
    struct vote v = { .epoch = m->epoch, .kind = m->kind, .view = m->view, .height = m->height };
    TRY(hash_of_field(m->space, &v.space));
    TRY(hash_of_field(m->block, &v.block));
    if (!kind_known(v.kind)) {
        return ERR_ENCODING;
    }
    *out = v;
    return ERR_NONE;
}

enum err certificate_encode(const struct certificate *c, struct arena *a, struct bytes *out)
{
    ASSERT(c->count <= GENESIS_SEATS_MAX);
    Carnet__V1__Certificate m = CARNET__V1__CERTIFICATE__INIT;
    Carnet__V1__CommitteeCertificate own = CARNET__V1__COMMITTEE_CERTIFICATE__INIT;
    ProtobufCBinaryData signatures[GENESIS_SEATS_MAX];
    uint8_t bitmap[SEAT_BITMAP_SIZE];
    for (uint32_t i = 0; i < c->count; i++) {
        signatures[i] = field_of_bytes(c->signature[i]);
    }
    bitmap_put(c->seats, bitmap);
    own.epoch = c->epoch;
    own.kind = c->kind;
    own.view = c->view;
    own.height = c->height;
    own.block = field_of_hash(&c->block);
    own.seats = field_of_bytes(bytes_of(bitmap, sizeof bitmap));
    own.n_signatures = c->count;
    own.signatures = signatures;
    m.type_case = CARNET__V1__CERTIFICATE__TYPE_COMMITTEE;
    m.committee = &own;
    return canon_encode(&m.base, CERTIFICATE_SIZE_MAX, a, out);
}

static enum err signatures_from(const Carnet__V1__CommitteeCertificate *m, struct certificate *c)
{
    if (m->n_signatures != bits(c->seats)) {
        return ERR_ENCODING;
    }
    c->count = (uint32_t)m->n_signatures;
    for (uint32_t i = 0; i < c->count; i++) {
        c->signature[i] = bytes_of_field(m->signatures[i]);
        if (c->signature[i].len == 0 || c->signature[i].len > SUITE_SIGNATURE_SIZE_MAX) {
            return ERR_ENCODING;
        }
    }
    return ERR_NONE;
}

enum err certificate_decode(struct bytes wire, struct arena *a, struct certificate *out)
{
    ProtobufCMessage *base;
    TRY(canon_decode(&carnet__v1__certificate__descriptor, wire, CERTIFICATE_SIZE_MAX, a, &base));
    const Carnet__V1__Certificate *m = (const Carnet__V1__Certificate *)base;
    if (m->type_case == CARNET__V1__CERTIFICATE__TYPE_COMET) {
        return ERR_UNSUPPORTED;
    }
    if (m->type_case != CARNET__V1__CERTIFICATE__TYPE_COMMITTEE) {
        return ERR_ENCODING;
    }
    const Carnet__V1__CommitteeCertificate *own = m->committee;
    struct certificate c = {
        .epoch = own->epoch, .kind = own->kind, .view = own->view, .height = own->height
    };
    if (!kind_known(c.kind)) {
        return ERR_ENCODING;
    }
    TRY(hash_of_field(own->block, &c.block));
    TRY(bitmap_take(own->seats, &c.seats));
    TRY(signatures_from(own, &c));
    *out = c;
    return ERR_NONE;
}
