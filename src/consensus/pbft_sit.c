#include "consensus/pbft_parts_internal.h"

#include <string.h>

/* A committee begins where the one before it closed its epoch (FORMATS 13). What it does is a
 * protocol of its own: views begin at 0, and nothing that the seats before have signed counts in
 * it, for it names an earlier epoch. Nothing is lost by that: the closing block is committed, and
 * no block of the old committee can stand on it. */

/* Views of the committee before say nothing about this one's. */
bool pbft_has_last(const struct pbft *p)
{
    return p->last.size > 0 && p->last.height >= p->since_height;
}

static void fresh_seats(struct pbft *p, const struct committee *c, uint32_t seat)
{
    p->number = c->number;
    p->since_epoch = c->since_epoch;
    p->since_height = c->since_height;
    p->sits = c->hash;
    p->seats = c->count;
    p->quorum = committee_quorum(c->count);
    p->faulty = committee_faulty_max(c->count);
    p->config.self = seat;
    p->handing = false;
}

static void fresh_views(struct pbft *p)
{
    p->view = 0;
    p->changing = false;
    p->based = false;
    p->resolved = false;
    p->majority = false;
    p->waiting = false;
    p->ahead = 0;
    p->new_view_size = 0;
    p->prepared = (struct kept_certificate){ .size = 0 };
    p->view_ms = p->now_ms;
    memset(p->ballot, 0, sizeof p->ballot);
    memset(p->announced, 0, sizeof p->announced);
    memset(p->ask, 0, sizeof p->ask);
    memset(p->seat_view, 0, sizeof p->seat_view);
    memset(p->seat_height, 0, sizeof p->seat_height);
    memset(p->helped_ms, 0, sizeof p->helped_ms);
    memset(p->want, 0, sizeof p->want);
    p->spoilt = (struct want){ .open = false };
}

void pbft_sit(struct pbft *p, const struct committee *c, uint32_t seat)
{
    ASSERT(c->number >= p->number && (seat == PBFT_OBSERVER || seat < c->count));
    if (c->number == p->number) {
        p->config.self = seat;
        p->handing = false;
        return;
    }
    if (p->started) {
        pbft_chain_cut(p, 0);
    }
    fresh_seats(p, c, seat);
    fresh_views(p);
    if (!p->started) { /* the vote log is read, again, from its beginning */
        p->log_number = 0;
        p->log_ahead = false;
    }
    for (uint32_t i = 0; i < PBFT_BLOCKS_KEPT_MAX; i++) {
        p->kept[i].failed = false;
    }
    pbft_progress(p);
    if (p->started) {
        pbft_log_committee(p);
    }
}
