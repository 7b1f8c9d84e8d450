/* The file `genesis` to and from our struct (FORMATS 2, 3, 4). */
#include "base/canon.h"
#include "carnet/v1/genesis.pb-c.h"
#include "ledger/genesis_internal.h"

#include <string.h>

enum { DID_DOCUMENT_SIZE_MAX = 32 * 1024 };

static enum err document_from(const Carnet__V1__DidDocument *m, struct did_document *d)
{
    if (m->id.len != 0 || m->n_keys == 0 || m->n_keys > DID_KEYS_MAX ||
        m->n_roles > DID_ROLES_MAX) {
        return ERR_RANGE;
    }
    *d = (struct did_document){ .jurisdiction = m->jurisdiction,
                                .key_count = (uint32_t)m->n_keys,
                                .role_count = (uint32_t)m->n_roles };
    for (uint32_t i = 0; i < d->key_count; i++) {
        const Carnet__V1__DidKey *k = m->keys[i];
        d->key[i] = (struct did_key){ k->id, k->suite, k->use, bytes_of_field(k->public_key) };
    }
    for (uint32_t i = 0; i < d->role_count; i++) {
        d->role[i] = m->roles[i];
    }
    return hash_of_field_opt(m->also_known_as, &d->also_known_as);
}

/* The message of a document without its id; its arrays live in the arena. */
static enum err document_to(const struct did_document *d, struct arena *arena,
                            Carnet__V1__DidDocument **out)
{
    ASSERT(d->key_count <= DID_KEYS_MAX && d->role_count <= DID_ROLES_MAX);
    Carnet__V1__DidDocument *m = ARENA_NEW(arena, Carnet__V1__DidDocument);
    Carnet__V1__DidKey *key = ARENA_ARRAY(arena, Carnet__V1__DidKey, d->key_count);
    Carnet__V1__DidKey **keys = ARENA_ARRAY(arena, Carnet__V1__DidKey *, d->key_count);
    uint32_t *roles = ARENA_ARRAY(arena, uint32_t, DID_ROLES_MAX);
    if (m == NULL || key == NULL || keys == NULL || roles == NULL) {
        return ERR_NO_SPACE;
    }
    carnet__v1__did_document__init(m);
    for (uint32_t i = 0; i < d->key_count; i++) {
        carnet__v1__did_key__init(&key[i]);
        key[i].id = d->key[i].id;
        key[i].suite = d->key[i].suite;
        key[i].use = d->key[i].use;
        key[i].public_key = field_of_bytes(d->key[i].public_key);
        keys[i] = &key[i];
    }
    for (uint32_t i = 0; i < d->role_count; i++) {
        roles[i] = d->role[i];
    }
    m->n_keys = d->key_count;
    m->keys = keys;
    m->n_roles = d->role_count;
    m->roles = roles;
    m->jurisdiction = d->jurisdiction;
    if (!hash_is_zero(&d->also_known_as)) {
        m->also_known_as = field_of_hash(&d->also_known_as);
    }
    *out = m;
    return ERR_NONE;
}

enum err did_derive(const struct suite *s, const struct did_document *d, struct arena *arena,
                    struct hash *out)
{
    size_t mark = arena_mark(arena);
    Carnet__V1__DidDocument *m;
    struct bytes canonical;
    enum err e = document_to(d, arena, &m);
    if (e == ERR_NONE) {
        e = canon_encode(&m->base, DID_DOCUMENT_SIZE_MAX, arena, &canonical);
    }
    if (e == ERR_NONE) {
        hash_tagged(s, "carnet/did/v1", canonical, out);
    }
    arena_release(arena, mark);
    return e;
}

static enum err participants_from(const struct suite *s, const Carnet__V1__Genesis *m,
                                  struct arena *arena, struct genesis *g)
{
    g->participant_count = (uint32_t)m->n_participants;
    g->participant = ARENA_ARRAY(arena, struct did_document, m->n_participants);
    if (g->participant == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t i = 0; i < g->participant_count; i++) {
        TRY(document_from(m->participants[i], &g->participant[i]));
        TRY(did_derive(s, &g->participant[i], arena, &g->participant[i].id));
    }
    return ERR_NONE;
}

static enum err seats_from(const Carnet__V1__Genesis *m, struct arena *arena, struct genesis *g)
{
    g->seat_count = (uint32_t)m->n_seats;
    g->seat = ARENA_ARRAY(arena, struct seat, m->n_seats);
    g->currency_count = (uint32_t)m->n_currencies;
    g->currency = ARENA_ARRAY(arena, struct currency, m->n_currencies);
    if (g->seat == NULL || g->currency == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t i = 0; i < g->seat_count; i++) {
        TRY(hash_of_field(m->seats[i]->participant, &g->seat[i].participant));
        TRY(hash_of_field(m->seats[i]->root, &g->seat[i].root));
        g->seat[i].weight = m->seats[i]->weight;
    }
    for (uint32_t i = 0; i < g->currency_count; i++) {
        TRY(hash_of_field(m->currencies[i]->issuer, &g->currency[i].issuer));
        g->currency[i].code = m->currencies[i]->code;
        g->currency[i].exponent = m->currencies[i]->exponent;
    }
    return ERR_NONE;
}

static enum err lists_from(const Carnet__V1__Genesis *m, struct arena *arena, struct genesis *g)
{
    g->ca_key_count = (uint32_t)m->n_ca_keys;
    g->ca_key = ARENA_ARRAY(arena, struct bytes, m->n_ca_keys);
    g->template_count = (uint32_t)m->n_templates;
    g->template_hash = ARENA_ARRAY(arena, struct hash, m->n_templates);
    if (g->ca_key == NULL || g->template_hash == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t i = 0; i < g->ca_key_count; i++) {
        g->ca_key[i] = bytes_of_field(m->ca_keys[i]);
    }
    for (uint32_t i = 0; i < g->template_count; i++) {
        TRY(hash_of_field(m->templates[i], &g->template_hash[i]));
    }
    if (m->salt.len != sizeof g->salt) {
        return ERR_RANGE;
    }
    memcpy(g->salt, m->salt.data, sizeof g->salt);
    g->pack_set = bytes_of_field(m->pack_set);
    return ERR_NONE;
}

/* Absent parameters take their default; a file that names one at its default is another file. */
static enum err params_from(const Carnet__V1__Genesis *m, struct genesis *g)
{
    uint64_t initial, min, max;
    for (uint32_t n = 1; n < PARAM_END; n++) {
        ASSERT(genesis_param_known(n, &initial, &min, &max));
        g->param[n] = initial;
    }
    for (size_t i = 0; i < m->n_params; i++) {
        const Carnet__V1__Param *p = m->params[i];
        if (!genesis_param_known(p->number, &initial, &min, &max) || p->value < min ||
            p->value > max || (i > 0 && p->number <= m->params[i - 1]->number)) {
            return ERR_RANGE;
        }
        g->param[p->number] = p->value;
    }
    return ERR_NONE;
}

static enum err counts_check(const Carnet__V1__Genesis *m)
{
    return m->n_participants <= GENESIS_PARTICIPANTS_MAX && m->n_seats <= GENESIS_SEATS_MAX &&
                   m->n_currencies <= GENESIS_CURRENCIES_MAX &&
                   m->n_ca_keys <= GENESIS_CA_KEYS_MAX && m->n_templates <= GENESIS_TEMPLATES_MAX
               ? ERR_NONE
               : ERR_RANGE;
}

static enum err message_decode(struct bytes wire, struct arena *arena, Carnet__V1__Genesis **out)
{
    ProtobufCMessage *m;
    TRY(canon_decode(&carnet__v1__genesis__descriptor, wire, GENESIS_SIZE_MAX, arena, &m));
    *out = (Carnet__V1__Genesis *)m;
    return ERR_NONE;
}

enum err genesis_decode(const struct suite *s, struct bytes wire, struct arena *arena,
                        struct genesis *out)
{
    Carnet__V1__Genesis *m;
    TRY(message_decode(wire, arena, &m));
    if (m->format != GENESIS_FORMAT || m->version_set == 0 || m->version_set > VERSION_SET ||
        m->suite != s->number) {
        return ERR_VERSION;
    }
    TRY(counts_check(m));
    struct genesis g = { .wire = wire,
                         .format = m->format,
                         .version_set = m->version_set,
                         .suite = m->suite,
                         .flags = m->flags,
                         .start_ms = m->start_ms,
                         .epoch_ms = m->epoch_ms,
                         .trust_ms = m->trust_ms };
    TRY(params_from(m, &g));
    TRY(participants_from(s, m, arena, &g));
    TRY(seats_from(m, arena, &g));
    TRY(lists_from(m, arena, &g));
    TRY(genesis_check(s, &g));
    hash_tagged(s, "carnet/genesis/v1", wire, &g.space);
    committee_hash(s, g.seat, g.seat_count, &g.committee_hash);
    *out = g;
    return ERR_NONE;
}

enum err genesis_suite(struct bytes wire, struct arena *arena, uint32_t *out)
{
    size_t mark = arena_mark(arena);
    Carnet__V1__Genesis *m;
    enum err e = message_decode(wire, arena, &m);
    if (e == ERR_NONE && m->format == 0 && m->suite == 0) {
        e = ERR_ENCODING; /* as the empty file, which decodes to a message of nothing */
    }
    if (e == ERR_NONE) {
        *out = m->suite;
    }
    arena_release(arena, mark);
    return e;
}

/* Only what differs from the default is written. */
static enum err params_to(const struct genesis *g, struct arena *arena, Carnet__V1__Genesis *m)
{
    m->params = ARENA_ARRAY(arena, Carnet__V1__Param *, PARAM_END);
    Carnet__V1__Param *param = ARENA_ARRAY(arena, Carnet__V1__Param, PARAM_END);
    if (m->params == NULL || param == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t n = 1; n < PARAM_END; n++) {
        uint64_t initial, min, max;
        ASSERT(genesis_param_known(n, &initial, &min, &max));
        if (g->param[n] == initial || g->param[n] == 0) {
            continue;
        }
        carnet__v1__param__init(&param[n]);
        param[n].number = n;
        param[n].value = g->param[n];
        m->params[m->n_params++] = &param[n];
    }
    return ERR_NONE;
}

static enum err seats_to(const struct genesis *g, struct arena *arena, Carnet__V1__Genesis *m)
{
    Carnet__V1__Seat *seat = ARENA_ARRAY(arena, Carnet__V1__Seat, g->seat_count);
    Carnet__V1__Currency *currency = ARENA_ARRAY(arena, Carnet__V1__Currency, g->currency_count);
    m->seats = ARENA_ARRAY(arena, Carnet__V1__Seat *, g->seat_count);
    m->currencies = ARENA_ARRAY(arena, Carnet__V1__Currency *, g->currency_count);
    if (seat == NULL || currency == NULL || m->seats == NULL || m->currencies == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t i = 0; i < g->seat_count; i++) {
        carnet__v1__seat__init(&seat[i]);
        seat[i].participant = field_of_hash(&g->seat[i].participant);
        seat[i].root = field_of_hash(&g->seat[i].root);
        seat[i].weight = g->seat[i].weight;
        m->seats[m->n_seats++] = &seat[i];
    }
    for (uint32_t i = 0; i < g->currency_count; i++) {
        carnet__v1__currency__init(&currency[i]);
        currency[i].issuer = field_of_hash(&g->currency[i].issuer);
        currency[i].code = g->currency[i].code;
        currency[i].exponent = g->currency[i].exponent;
        m->currencies[m->n_currencies++] = &currency[i];
    }
    return ERR_NONE;
}

static enum err lists_to(const struct genesis *g, struct arena *arena, Carnet__V1__Genesis *m)
{
    m->participants = ARENA_ARRAY(arena, Carnet__V1__DidDocument *, g->participant_count);
    m->ca_keys = ARENA_ARRAY(arena, ProtobufCBinaryData, g->ca_key_count);
    m->templates = ARENA_ARRAY(arena, ProtobufCBinaryData, g->template_count);
    if (m->participants == NULL || m->ca_keys == NULL || m->templates == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t i = 0; i < g->participant_count; i++) {
        TRY(document_to(&g->participant[i], arena, &m->participants[i]));
    }
    for (uint32_t i = 0; i < g->ca_key_count; i++) {
        m->ca_keys[i] = field_of_bytes(g->ca_key[i]);
    }
    for (uint32_t i = 0; i < g->template_count; i++) {
        m->templates[i] = field_of_hash(&g->template_hash[i]);
    }
    m->n_participants = g->participant_count;
    m->n_ca_keys = g->ca_key_count;
    m->n_templates = g->template_count;
    return ERR_NONE;
}

enum err genesis_encode(const struct genesis *g, struct arena *arena, struct bytes *out)
{
    Carnet__V1__Genesis m = CARNET__V1__GENESIS__INIT;
    m.format = g->format;
    m.version_set = g->version_set;
    m.suite = g->suite;
    m.flags = g->flags;
    m.start_ms = g->start_ms;
    m.epoch_ms = g->epoch_ms;
    m.trust_ms = g->trust_ms;
    m.pack_set = field_of_bytes(g->pack_set);
    m.salt = field_of_bytes(bytes_of(g->salt, sizeof g->salt));
    TRY(params_to(g, arena, &m));
    TRY(seats_to(g, arena, &m));
    TRY(lists_to(g, arena, &m));
    return canon_encode(&m.base, GENESIS_SIZE_MAX, arena, out);
}
