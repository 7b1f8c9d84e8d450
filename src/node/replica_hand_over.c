#include "node/hand_over_file_internal.h"
#include "node/replica_parts_internal.h"

/* Hand-overs (FORMATS 13), kept when they happen. A snapshot brings those before it; what is
 * missing otherwise is made from the block log. */

static enum err read_all(struct replica *r, struct arena *a, struct bytes *list, uint32_t *count)
{
    return hand_over_file_read(&r->config.ports.disk, r->genesis, a, list, count);
}

enum err replica_hand_overs_write(struct replica *r, const struct bytes *list, uint32_t count)
{
    TRY(hand_over_file_write(&r->config.ports.disk, list, count, &r->work));
    r->seating.hand_overs = count;
    return ERR_NONE;
}

/* The closing header of the committee before this one. */
static enum err make_one(struct replica *r, const struct committee *c, struct bytes *out)
{
    struct bytes certified;
    uint64_t at = 0;
    if (c->since_height <= r->blocks.base + 1) {
        return ERR_PRUNED;
    }
    TRY(replica_certified(r, c->since_height - 1, &r->work, &certified, &at));
    return at == c->since_height - 1 ? proof_encode_hand_over(certified, c, &r->work, out)
                                     : ERR_NOT_FOUND;
}

/* Those of the committees above what is kept, the oldest first: one step down at a time. */
static enum err make_missing(struct replica *r)
{
    struct bytes *list = ARENA_ARRAY(&r->work, struct bytes, PROOF_HAND_OVERS_MAX);
    struct committee *c = ARENA_NEW(&r->work, struct committee);
    uint32_t count = 0;
    if (list == NULL || c == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(read_all(r, &r->work, list, &count));
    if (r->seating.now.number > PROOF_HAND_OVERS_MAX) {
        return ERR_SIZE;
    }
    for (uint64_t number = r->seating.now.number; number > count; number--) {
        *c = r->seating.now;
        while (c->number > number) {
            TRY(ledger_committee(r->ledger, c->since_epoch - 1, c));
        }
        TRY(make_one(r, c, &list[number - 1]));
    }
    return replica_hand_overs_write(r, list, (uint32_t)r->seating.now.number);
}

void replica_hand_over_tick(struct replica *r)
{
    if (r->seating.hand_overs >= r->seating.now.number || r->now_ms < r->seating.hand_over_ms ||
        !r->started) {
        return;
    }
    size_t mark = arena_mark(&r->work);
    (void)!make_missing(r);
    arena_release(&r->work, mark);
    r->seating.hand_over_ms = r->now_ms + (uint64_t)REPLICA_HELLO_REPEAT * r->config.resend_ms;
}

enum err replica_load_hand_overs(struct replica *r)
{
    struct bytes list[PROOF_HAND_OVERS_MAX];
    size_t mark = arena_mark(&r->work);
    enum err e = read_all(r, &r->work, list, &r->seating.hand_overs);
    arena_release(&r->work, mark);
    return e;
}

enum err replica_hand_overs(struct replica *r, uint64_t epoch, struct arena *a,
                            const struct bytes **out, uint32_t *count)
{
    uint64_t need = replica_committee_at(r, epoch)->number;
    struct bytes kept[PROOF_HAND_OVERS_MAX];
    uint32_t have = 0;
    size_t mark = arena_mark(&r->work);
    ASSERT(a != &r->work);
    struct bytes *list = ARENA_ARRAY(a, struct bytes, PROOF_HAND_OVERS_MAX);
    enum err e = list == NULL ? ERR_NO_SPACE : ERR_NONE;
    if (e == ERR_NONE && need > 0) {
        e = read_all(r, &r->work, kept, &have);
    }
    if (e == ERR_NONE && have < need) {
        e = ERR_NOT_FOUND;
    }
    for (uint64_t i = 0; e == ERR_NONE && i < need; i++) {
        e = arena_copy(a, kept[i], &list[i]);
    }
    arena_release(&r->work, mark);
    TRY(e);
    *out = list;
    *count = (uint32_t)need;
    return ERR_NONE;
}
