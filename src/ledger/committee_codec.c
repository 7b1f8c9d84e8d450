/* Committees and their changes, as state holds them (FORMATS 2, 13). */
#include "base/canon.h"
#include "carnet/v1/genesis.pb-c.h"
#include "ledger/committee.h"

static enum err seats_to(const struct seat *seat, uint32_t count, struct arena *a,
                         Carnet__V1__Seat ***out)
{
    Carnet__V1__Seat *row = ARENA_ARRAY(a, Carnet__V1__Seat, count);
    Carnet__V1__Seat **list = ARENA_ARRAY(a, Carnet__V1__Seat *, count);
    if (row == NULL || list == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t i = 0; i < count; i++) {
        carnet__v1__seat__init(&row[i]);
        row[i].participant = field_of_hash(&seat[i].participant);
        row[i].root = field_of_hash(&seat[i].root);
        row[i].weight = seat[i].weight;
        list[i] = &row[i];
    }
    *out = list;
    return ERR_NONE;
}

static enum err seats_from(size_t count, Carnet__V1__Seat *const *list, struct seat *out)
{
    if (count == 0 || count > GENESIS_SEATS_MAX) {
        return ERR_ENCODING;
    }
    for (size_t i = 0; i < count; i++) {
        TRY(hash_of_field(list[i]->participant, &out[i].participant));
        TRY(hash_of_field(list[i]->root, &out[i].root));
        out[i].weight = list[i]->weight;
    }
    return ERR_NONE;
}

enum err committee_encode(const struct committee *c, struct arena *a, struct bytes *out)
{
    Carnet__V1__Committee m = CARNET__V1__COMMITTEE__INIT;
    m.number = c->number;
    m.since_epoch = c->since_epoch;
    m.since_height = c->since_height;
    m.n_seats = c->count;
    TRY(seats_to(c->seat, c->count, a, &m.seats));
    return canon_encode(&m.base, COMMITTEE_SIZE_MAX, a, out);
}

enum err committee_decode(const struct suite *s, struct bytes wire, struct arena *a,
                          struct committee *out)
{
    ProtobufCMessage *base;
    struct committee c = { .count = 0 };
    TRY(canon_decode(&carnet__v1__committee__descriptor, wire, COMMITTEE_SIZE_MAX, a, &base));
    const Carnet__V1__Committee *m = (const Carnet__V1__Committee *)base;
    TRY(seats_from(m->n_seats, m->seats, c.seat));
    c.count = (uint32_t)m->n_seats;
    c.number = m->number;
    c.since_epoch = m->since_epoch;
    c.since_height = m->since_height;
    committee_hash(s, c.seat, c.count, &c.hash);
    *out = c;
    return ERR_NONE;
}

enum err committee_change_encode(const struct committee_change *c, struct arena *a,
                                 struct bytes *out)
{
    Carnet__V1__CommitteeChange m = CARNET__V1__COMMITTEE_CHANGE__INIT;
    m.height = c->height;
    m.n_seats = c->count;
    TRY(seats_to(c->seat, c->count, a, &m.seats));
    return canon_encode(&m.base, COMMITTEE_SIZE_MAX, a, out);
}

enum err committee_change_decode(struct bytes wire, struct arena *a, struct committee_change *out)
{
    ProtobufCMessage *base;
    struct committee_change c = { .count = 0 };
    TRY(canon_decode(&carnet__v1__committee_change__descriptor, wire, COMMITTEE_SIZE_MAX, a,
                     &base));
    const Carnet__V1__CommitteeChange *m = (const Carnet__V1__CommitteeChange *)base;
    TRY(seats_from(m->n_seats, m->seats, c.seat));
    c.count = (uint32_t)m->n_seats;
    c.height = m->height;
    *out = c;
    return ERR_NONE;
}
