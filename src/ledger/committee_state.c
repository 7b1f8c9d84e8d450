/* Committees as the ledger's own state (contract 0): the one that sits, those that sat, and the
 * change that waits. A space whose committee never changed has none of these values. */
#include "ledger/ledger_internal.h"

enum { KEY_SITS = 1, KEY_SAT = 2, KEY_WAITS = 3, KEY_SIZE = 9 };

struct committee_key {
    uint8_t b[KEY_SIZE];
};

static struct bytes key_of(struct committee_key *k, uint8_t kind, uint64_t number)
{
    struct buf b = buf_over(k->b, sizeof k->b);
    buf_put_u8(&b, kind);
    if (kind == KEY_SAT) {
        buf_put_u64(&b, number);
    }
    return buf_bytes(&b);
}

static enum err read_value(struct ledger *l, enum ctx_view view, uint8_t kind, uint64_t number,
                           struct bytes *out)
{
    struct committee_key k;
    struct bytes key = key_of(&k, kind, number);
    return view == CTX_NEWEST ? state_get(l->state, SYSTEM_CONTRACT, key, out)
                              : state_get_committed(l->state, SYSTEM_CONTRACT, key, out);
}

static enum err write_committee(struct ledger *l, uint8_t kind, const struct committee *c)
{
    struct committee_key k;
    struct bytes value = { NULL, 0 };
    size_t mark = arena_mark(&l->scratch);
    enum err e = committee_encode(c, &l->scratch, &value);
    if (e == ERR_NONE) {
        e = state_put(l->state, SYSTEM_CONTRACT, key_of(&k, kind, c->number), value);
    }
    arena_release(&l->scratch, mark);
    return e;
}

/* ERR_NOT_FOUND: none is stored under it. What is stored and does not decode is damage. */
static enum err read_committee(struct ledger *l, enum ctx_view view, uint8_t kind, uint64_t number,
                               struct committee *out)
{
    struct bytes value;
    size_t mark = arena_mark(&l->scratch);
    TRY(read_value(l, view, kind, number, &value));
    enum err e = committee_decode(l->suite, value, &l->scratch, out);
    arena_release(&l->scratch, mark);
    return e == ERR_ENCODING || e == ERR_SIZE ? ERR_CORRUPT : e;
}

/* The change that waits; count 0 when there is none. */
static enum err read_change(struct ledger *l, enum ctx_view view, struct committee_change *out)
{
    struct bytes value;
    enum err e = read_value(l, view, KEY_WAITS, 0, &value);
    if (e == ERR_NOT_FOUND) {
        out->count = 0;
        return ERR_NONE;
    }
    TRY(e);
    size_t mark = arena_mark(&l->scratch);
    e = committee_change_decode(value, &l->scratch, out);
    arena_release(&l->scratch, mark);
    return e == ERR_ENCODING || e == ERR_SIZE ? ERR_CORRUPT : e;
}

void committee_after(const struct ledger *l, const struct link *parent, struct committee *out)
{
    if (committee_closes(l->genesis, &parent->header)) {
        committee_follow(l->suite, l->genesis, &parent->committee, &parent->header,
                         parent->next.seat, parent->next.count, out);
    } else {
        *out = parent->committee;
    }
}

enum err committee_begin(struct ledger *l, const struct link *parent, struct link *link)
{
    struct committee_key k;
    committee_after(l, parent, &link->committee);
    if (link->committee.number == parent->committee.number) {
        return ERR_NONE;
    }
    if (parent->committee.number > 0) {
        TRY(write_committee(l, KEY_SAT, &parent->committee));
    }
    TRY(write_committee(l, KEY_SITS, &link->committee));
    return state_del(l->state, SYSTEM_CONTRACT, key_of(&k, KEY_WAITS, 0));
}

/* A change is named by a header from the block on whose child could begin it. */
static enum err next_of(struct ledger *l, enum ctx_view view, struct link *link, uint64_t height,
                        struct hash *next)
{
    TRY(read_change(l, view, &link->next));
    if (link->next.count == 0 || height + 1 < link->next.height) {
        link->next.count = 0;
        *next = link->committee.hash;
    } else {
        committee_hash(l->suite, link->next.seat, link->next.count, next);
    }
    return ERR_NONE;
}

enum err committee_end(struct ledger *l, struct link *link, struct header *h)
{
    h->committee_hash = link->committee.hash;
    return next_of(l, CTX_NEWEST, link, l->ctx.height, &h->next_committee_hash);
}

enum err committee_resume(struct ledger *l, struct link *link)
{
    struct hash next;
    enum err e = read_committee(l, CTX_COMMITTED, KEY_SITS, 0, &link->committee);
    if (e == ERR_NOT_FOUND) {
        committee_of_genesis(l->genesis, &link->committee);
    } else {
        TRY(e);
    }
    TRY(next_of(l, CTX_COMMITTED, link, link->header.height, &next));
    return hash_equal(&link->header.committee_hash, &link->committee.hash) &&
                   hash_equal(&link->header.next_committee_hash, &next)
               ? ERR_NONE
               : ERR_CORRUPT;
}

/* Down from `newest` to the one that sat in this epoch. */
enum err committee_at(struct ledger *l, enum ctx_view view, const struct committee *newest,
                      uint64_t epoch, struct committee *out)
{
    *out = *newest;
    while (epoch < out->since_epoch) {
        ASSERT(out->number > 0);
        uint64_t number = out->number - 1;
        if (number == 0) {
            committee_of_genesis(l->genesis, out);
            break;
        }
        TRY(read_committee(l, view, KEY_SAT, number, out));
    }
    return ERR_NONE;
}

void ledger_committee_next(const struct ledger *l, struct committee *out)
{
    ASSERT(l->started);
    committee_after(l, l->chain[0], out);
}

enum err ledger_committee(struct ledger *l, uint64_t epoch, struct committee *out)
{
    struct committee next, found;
    ledger_committee_next(l, &next);
    if (epoch >= next.since_epoch || next.number == l->chain[0]->committee.number) {
        TRY(committee_at(l, CTX_COMMITTED, &next, epoch, &found));
    } else {
        TRY(committee_at(l, CTX_COMMITTED, &l->chain[0]->committee, epoch, &found));
    }
    *out = found;
    return ERR_NONE;
}

const struct committee *ctx_committee(const struct contract_ctx *c)
{
    return c->committee;
}

enum err ctx_committee_change(struct contract_ctx *c, const struct committee_change *change)
{
    struct committee_key k;
    struct bytes value;
    struct bytes key = key_of(&k, KEY_WAITS, 0);
    enum err e = ctx_get(c, SYSTEM_CONTRACT, key, &value);
    if (e != ERR_NOT_FOUND) {
        return e == ERR_NONE ? ERR_DUPLICATE : e;
    }
    TRY(committee_change_encode(change, c->arena, &value));
    return ctx_put(c, SYSTEM_CONTRACT, key, value);
}
