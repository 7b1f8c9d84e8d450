/* Whom a light client believes: the committee of genesis, and whoever it handed over to (FORMATS
 * 13).
 */
#include "crypto/epoch_key.h"
#include "ledger/proof_internal.h"

#include <string.h>

static struct bytes proved_key(void *ctx, uint32_t seat, uint64_t epoch)
{
    const struct certified_header *c = ctx;
    for (uint32_t i = 0; i < c->key_count; i++) {
        if (c->key[i].seat == seat && c->key[i].epoch == epoch) {
            return c->key[i].public_key;
        }
    }
    return bytes_of(NULL, 0);
}

/* One key for each signer, in seat order and no more: a proof has one form. */
static enum err epoch_keys_check(const struct suite *s, const struct genesis *g,
                                 const struct committee *sat, const struct certified_header *c)
{
    uint32_t next = 0;
    for (uint32_t seat = 0; seat < sat->count; seat++) {
        if ((c->certificate.seats >> seat & 1) == 0) {
            continue;
        }
        if (next == c->key_count || c->key[next].seat != seat ||
            c->key[next].epoch != c->certificate.epoch ||
            c->key[next].public_key.len != s->public_size) {
            return ERR_PROOF;
        }
        TRY(epoch_key_verify(s, &sat->seat[seat].root, (unsigned)g->param[PARAM_EPOCH_KEY_LOG2],
                             c->certificate.epoch, c->key[next].public_key, &c->key[next].path));
        next++;
    }
    return next == c->key_count ? ERR_NONE : ERR_PROOF;
}

static enum err certificate_fits(const struct suite *s, const struct genesis *g,
                                 const struct certified_header *c, struct hash *hash)
{
    const struct certificate *own = &c->certificate;
    header_hash(s, c->header_bytes, hash);
    if (own->kind != VOTE_COMMIT || own->height != c->header.height ||
        own->epoch != genesis_epoch(g, c->header.time_ms) || !hash_equal(&own->block, hash)) {
        return ERR_PROOF;
    }
    return ERR_NONE;
}

/* Every check names its step before it is made, so that the step stands when it fails. */

static enum err certified_by(const struct suite *s, const struct genesis *g,
                             const struct committee *sat, struct certified_header *c,
                             struct arena *a, struct hash *hash, enum proof_step *step)
{
    const struct certificate *own = &c->certificate;
    *step = PROOF_COMMITTEE;
    if (!hash_equal(&c->header.committee_hash, &sat->hash) ||
        c->header.height < sat->since_height || own->epoch < sat->since_epoch) {
        return ERR_PROOF;
    }
    *step = PROOF_CERTIFICATE;
    TRY(certificate_fits(s, g, c, hash));
    *step = PROOF_EPOCH_KEY;
    TRY(epoch_keys_check(s, g, sat, c));
    *step = PROOF_CERTIFICATE;
    struct key_source keys = { c, proved_key };
    enum err e = certificate_verify(s, &g->space, own, sat->count, &keys, a);
    return e == ERR_NOT_FOUND ? ERR_PROOF : e;
}

/* The committee of an epoch, as far as it is proved. */
static const struct committee *sat_in(const struct trust *t, uint64_t epoch)
{
    uint32_t i = t->count - 1;
    while (i > 0 && epoch < t->committee[i].since_epoch) {
        i--;
    }
    return &t->committee[i];
}

/* By the last committee that is proved: a proof has one form, with no hand-over too many. */
enum err trust_certified(const struct suite *s, const struct genesis *g, const struct trust *t,
                         struct certified_header *c, struct arena *a, struct hash *hash,
                         enum proof_step *step)
{
    return certified_by(s, g, &t->committee[t->count - 1], c, a, hash, step);
}

static enum err follow_one(const struct suite *s, const struct genesis *g, struct hand_over *h,
                           const struct committee *before, struct arena *a, struct committee *next,
                           enum proof_step *step)
{
    struct hash hash, seats;
    TRY(certified_by(s, g, before, &h->closing, a, &hash, step));
    *step = PROOF_HAND_OVER;
    committee_hash(s, h->seat, h->count, &seats);
    if (!committee_closes(g, &h->closing.header) ||
        !hash_equal(&seats, &h->closing.header.next_committee_hash) ||
        committee_seats_check(g, h->seat, h->count) != ERR_NONE) {
        return ERR_PROOF;
    }
    committee_follow(s, g, before, &h->closing.header, h->seat, h->count, next);
    return ERR_NONE;
}

enum err proof_follow(const struct suite *s, const struct genesis *g, const struct bytes *hand_over,
                      uint32_t count, struct arena *a, struct trust *out, enum proof_step *step)
{
    *step = PROOF_ENCODING;
    if (count > PROOF_HAND_OVERS_MAX) {
        return ERR_SIZE;
    }
    struct committee *committee = ARENA_ARRAY(a, struct committee, (size_t)count + 1);
    uint64_t *closed = ARENA_ARRAY(a, uint64_t, (size_t)count + 1);
    if (committee == NULL || closed == NULL) {
        return ERR_NO_SPACE;
    }
    committee_of_genesis(g, &committee[0]);
    for (uint32_t i = 0; i < count; i++) {
        struct hand_over h;
        size_t mark = arena_mark(a);
        *step = PROOF_ENCODING;
        TRY(hand_over_decode(hand_over[i], a, &h));
        TRY(follow_one(s, g, &h, &committee[i], a, &committee[i + 1], step));
        arena_release(a, mark);
        closed[i + 1] = h.closing.header.time_ms;
    }
    *out = (struct trust){ count + 1, committee, closed };
    *step = PROOF_OK;
    return ERR_NONE;
}

/* The number of the committee that an anchor pins. One of a later committee than all that are
 * proved says nothing of them; any other must have been certified by the one that sat then, and be
 * the very header where both are of one height. */
static enum err anchor_pins(const struct suite *s, const struct genesis *g, const struct trust *t,
                            struct bytes anchor, const struct header *certified,
                            const struct hash *hash, struct arena *a, uint32_t *pinned)
{
    struct certified_header c;
    struct hash own;
    enum proof_step step;
    TRY(certified_header_decode(anchor, a, &c));
    uint64_t epoch = genesis_epoch(g, c.header.time_ms);
    bool above = c.header.height > certified->height;
    const struct committee *sat = sat_in(t, epoch);
    if (above && !hash_equal(&c.header.committee_hash, &sat->hash)) {
        return ERR_NONE;
    }
    TRY(certified_by(s, g, sat, &c, a, &own, &step));
    if (c.header.height == certified->height && !hash_equal(&own, hash)) {
        return ERR_PROOF;
    }
    *pinned = *pinned > sat->number ? *pinned : (uint32_t)sat->number;
    return ERR_NONE;
}

/* Whose keys they are nobody knows here, nor how many sit: as many as the highest seat that signed
 * says at least. What is asked is that the certificate is this header's, and of this space. */
static enum err certified_by_somebody(const struct suite *s, const struct genesis *g,
                                      struct certified_header *c, struct arena *a,
                                      struct hash *hash, enum proof_step *step)
{
    uint32_t seats = GENESIS_SEATS_MAX;
    *step = PROOF_CERTIFICATE;
    TRY(certificate_fits(s, g, c, hash));
    for (uint32_t i = 0; i < c->key_count; i++) {
        TRY(c->key[i].public_key.len == s->public_size ? ERR_NONE : ERR_PROOF);
    }
    while (seats > 1 && c->certificate.seats >> (seats - 1) == 0) {
        seats--;
    }
    struct key_source keys = { c, proved_key };
    enum err e = certificate_verify(s, &g->space, &c->certificate, seats, &keys, a);
    return e == ERR_NOT_FOUND ? ERR_PROOF : e;
}

static enum err anchor_read(const struct suite *s, const struct genesis *g, struct bytes wire,
                            struct arena *a, struct trust_anchor *out, enum proof_step *step)
{
    struct certified_header c;
    struct committee first;
    struct hash hash;
    *step = PROOF_ENCODING;
    TRY(certified_header_decode(wire, a, &c));
    committee_of_genesis(g, &first);
    TRY(hash_equal(&c.header.committee_hash, &first.hash)
            ? certified_by(s, g, &first, &c, a, &hash, step)
            : certified_by_somebody(s, g, &c, a, &hash, step));
    *out = (struct trust_anchor){ c.header.height, c.header.time_ms, hash, c.header.previous };
    return ERR_NONE;
}

/* Times rise with heights, and a block names the one before it. */
static bool anchors_agree(const struct trust_anchor *x, const struct trust_anchor *y)
{
    const struct trust_anchor *low = x->height < y->height ? x : y;
    const struct trust_anchor *high = x->height < y->height ? y : x;
    if (low->height == high->height) {
        return hash_equal(&low->hash, &high->hash);
    }
    return low->time_ms < high->time_ms &&
           (low->height + 1 < high->height || hash_equal(&high->previous, &low->hash));
}

enum err trust_anchors_read(const struct suite *s, const struct genesis *g,
                            const struct bytes *anchor, uint32_t count, struct arena *a,
                            struct trust_anchor *out, uint32_t *which, uint32_t *against,
                            enum proof_step *step)
{
    struct trust_anchor own[TRUST_ANCHORS_MAX];
    ASSERT(count <= TRUST_ANCHORS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        size_t mark = arena_mark(a);
        *which = i;
        enum err e = anchor_read(s, g, anchor[i], a, &own[i], step);
        arena_release(a, mark);
        TRY(e);
        *step = PROOF_OK;
        for (*against = 0; *against < i; *against += 1) {
            TRY(anchors_agree(&own[i], &own[*against]) ? ERR_NONE : ERR_INTEGRITY);
        }
    }
    memcpy(out, own, count * sizeof own[0]);
    return ERR_NONE;
}

enum err trust_allows(const struct suite *s, const struct genesis *g, const struct trust *t,
                      const struct proof_caller *caller, const struct header *certified,
                      const struct hash *hash, struct arena *a, enum proof_step *step)
{
    uint32_t pinned = 0;
    *step = PROOF_TRUST;
    if (caller == NULL) {
        return t->count == 1 ? ERR_NONE : ERR_PROOF;
    }
    *step = PROOF_ANCHOR;
    for (uint32_t i = 0; i < caller->anchor_count; i++) {
        size_t mark = arena_mark(a);
        TRY(anchor_pins(s, g, t, caller->anchor[i], certified, hash, a, &pinned));
        arena_release(a, mark);
    }
    *step = PROOF_TRUST;
    for (uint32_t i = pinned + 1; i < t->count; i++) {
        if (caller->now_ms > t->closed_ms[i] && caller->now_ms - t->closed_ms[i] > g->trust_ms) {
            return ERR_PROOF;
        }
    }
    return ERR_NONE;
}

enum err proof_verify_header_by(const struct suite *s, const struct genesis *g,
                                const struct trust *t, const struct proof_caller *caller,
                                struct bytes certified_header, struct arena *a, struct header *out,
                                struct hash *hash, enum proof_step *step)
{
    struct certified_header c;
    struct hash own;
    *step = PROOF_ENCODING;
    TRY(certified_header_decode(certified_header, a, &c));
    TRY(trust_certified(s, g, t, &c, a, &own, step));
    TRY(trust_allows(s, g, t, caller, &c.header, &own, a, step));
    *step = PROOF_OK;
    *out = c.header;
    *hash = own;
    return ERR_NONE;
}

enum err proof_verify_header(const struct suite *s, const struct genesis *g,
                             struct bytes certified_header, struct arena *a, struct header *out,
                             struct hash *hash, enum proof_step *step)
{
    struct trust genesis_only;
    TRY(proof_follow(s, g, NULL, 0, a, &genesis_only, step));
    return proof_verify_header_by(s, g, &genesis_only, NULL, certified_header, a, out, hash, step);
}
