/* What a header must say whatever its transactions do (FORMATS 10, 11). */
#include "ledger/ledger_internal.h"

/* Far enough for any space, near enough that no sum of times overflows. */
static const uint64_t TIME_MS_MAX = (uint64_t)1 << 50;

/* While a change waits, an epoch ends on the block that closes it and nowhere else; and that block
 * holds no transaction, because its time is not the proposer's to choose. */
static enum err boundary_check(const struct ledger *l, const struct link *parent,
                               const struct header *h)
{
    uint64_t epoch = genesis_epoch(l->genesis, h->time_ms);
    if (!committee_changes(&parent->header) || committee_closes(l->genesis, &parent->header)) {
        return ERR_NONE;
    }
    return epoch == parent->tip.epoch && (!must_be_empty(l, h) || h->tx_count == 0) ? ERR_NONE
                                                                                    : ERR_RANGE;
}

bool must_be_empty(const struct ledger *l, const struct header *h)
{
    const struct link *parent = ledger_top(l);
    return committee_changes(&parent->header) &&
           h->time_ms == committee_epoch_end_ms(l->genesis, parent->tip.epoch);
}

enum err header_check(struct ledger *l, const struct header *h)
{
    const struct genesis *g = l->genesis;
    const struct link *parent = ledger_top(l);
    ASSERT(hash_equal(&h->previous, &parent->tip.hash));
    uint32_t version_set = 0;
    TRY(version_set_next(l, &version_set));
    if (h->version_set != version_set) {
        return ERR_VERSION;
    }
    l->version_set = version_set;
    if (h->height != parent->tip.height + 1 || h->time_ms <= parent->tip.time_ms ||
        h->time_ms > TIME_MS_MAX) {
        return ERR_RANGE;
    }
    struct committee sits;
    committee_after(l, parent, &sits);
    if (h->tx_count > g->param[PARAM_BLOCK_TXS_MAX] ||
        committee_seat_of(&sits, &h->proposer) == GENESIS_SEATS_MAX) {
        return ERR_RANGE;
    }
    TRY(boundary_check(l, parent, h));
    struct hash history;
    merkle_frontier_root(l->suite, &parent->history, &history);
    if (!hash_equal(&h->history_root, &history) || !hash_equal(&h->committee_hash, &sits.hash)) {
        return ERR_PROOF;
    }
    return ERR_NONE;
}

enum err last_commit_of(struct ledger *l, struct bytes certificate, struct last_commit *out)
{
    if (certificate.len == 0) {
        *out = (struct last_commit){ 0 };
        return ERR_NONE;
    }
    size_t mark = arena_mark(&l->scratch);
    struct certificate c;
    enum err e = certificate_decode(certificate, &l->scratch, &c);
    arena_release(&l->scratch, mark);
    TRY(e);
    *out = (struct last_commit){ .height = c.height, .seats = c.seats };
    certificate_hash(l->suite, certificate, &out->certificate_hash);
    return ERR_NONE;
}

/* The block at that height on the way down from the newest. */
static bool ancestor_at(const struct ledger *l, uint64_t height, struct ancestor *out)
{
    for (uint32_t i = 0; i <= l->open_count; i++) {
        const struct ledger_tip *tip = &l->chain[i]->tip;
        if (tip->height == height) {
            *out = (struct ancestor){ height, tip->time_ms, tip->hash, tip->hash, true };
            return true;
        }
    }
    *out = l->ancestor[height % ANCESTORS_MAX];
    return out->known && out->height == height;
}

static bool same_last_commit(const struct last_commit *a, const struct last_commit *b)
{
    return a->height == b->height && a->seats == b->seats &&
           hash_equal(&a->certificate_hash, &b->certificate_hash);
}

static enum err certificate_check(struct ledger *l, const struct certificate *c,
                                  const struct hash *hash)
{
    struct ancestor a;
    if (c->kind != VOTE_COMMIT || !ancestor_at(l, c->height, &a) ||
        !hash_equal(&a.hash, &c->block) || c->epoch != genesis_epoch(l->genesis, a.time_ms)) {
        return ERR_PROOF;
    }
    if (hash_equal(hash, &l->verified)) {
        return ERR_NONE;
    }
    struct committee sat;
    TRY(committee_at(l, CTX_NEWEST, &ledger_top(l)->committee, c->epoch, &sat));
    TRY(certificate_verify(l->suite, &l->genesis->space, c, sat.count, &l->keys, &l->scratch));
    l->verified = *hash;
    return ERR_NONE;
}

/* Its height never goes down, is at least height - 4, and equal heights are equal certificates.
 * None is carried only while the first blocks have none to carry. */
enum err last_commit_check(struct ledger *l, const struct header *h, struct bytes certificate)
{
    const struct last_commit *before = &ledger_top(l)->header.last_commit;
    struct last_commit own;
    enum err e = last_commit_of(l, certificate, &own);
    if (e != ERR_NONE) {
        return e == ERR_UNSUPPORTED ? e : ERR_PROOF;
    }
    if (!same_last_commit(&own, &h->last_commit) || own.height >= h->height ||
        own.height + LAST_COMMIT_DEPTH_MAX < h->height || own.height < before->height) {
        return ERR_PROOF;
    }
    if (own.height == before->height) {
        return same_last_commit(&own, before) ? ERR_NONE : ERR_PROOF;
    }
    size_t mark = arena_mark(&l->scratch);
    struct certificate c;
    e = certificate_decode(certificate, &l->scratch, &c);
    if (e == ERR_NONE) {
        e = certificate_check(l, &c, &own.certificate_hash);
    }
    arena_release(&l->scratch, mark);
    return e;
}
