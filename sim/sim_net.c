#include <stdlib.h>

#include "sim/sim_parts_internal.h"

/* The network: what becomes of a message between who sends it and who hears it. */

static void put_on_wire(struct world *w, const struct sim_event *what, struct bytes message,
                        uint64_t at_ms)
{
    uint8_t *copy = malloc(message.len + 1);
    ASSERT(copy != NULL);
    for (size_t i = 0; i < message.len; i++) {
        copy[i] = message.ptr[i];
    }
    struct sim_event e = *what;
    e.tampered = sim_tamper(w, what->from, what->to, copy, message.len);
    e.at_ms = at_ms;
    e.kind = SIM_DELIVER;
    e.message = copy;
    e.len = message.len;
    sim_schedule(w, e);
}

/* Some receivers never hear the votes for one view, height and phase, however often they are said:
 * what a quorum has prepared is then not committed by everybody. */
static bool deaf_to(struct world *w, uint32_t to, struct bytes message)
{
    struct sim_seen s;
    size_t mark = arena_mark(&w->scratch);
    bool vote = message.len > 0 && message.ptr[0] >> 3 == SIM_KIND_VOTE &&
                sim_see(w->suite, message, &w->scratch, &s) == ERR_NONE && s.has_vote;
    arena_release(&w->scratch, mark);
    if (!vote) {
        return false;
    }
    struct sim_random dice = { w->options.seed ^ (s.vote.view << 40) ^ (s.vote.height << 12) ^
                               (uint64_t)to << 4 ^ s.vote.kind };
    return sim_chance(&dice, w->deaf_thousandths);
}

/* ---- the lonely seat ---------------------------------------------------------------------------
 */

enum { LONELY_HEARS_MS = 600, LONELY_CUT_MS = 1500, LONELY_CUT_MORE_MS = 8000, LONELY_VIEWS = 3 };

/* Not the primary: others would read in its next proposal what it alone has committed. */
void sim_make_lonely(struct world *w)
{
    struct sim_random *r = &w->random;
    struct sim_lonely *l = &w->lonely;
    uint64_t hears = 100 + sim_below(r, LONELY_HEARS_MS);
    uint64_t cut = LONELY_CUT_MS + sim_below(r, LONELY_CUT_MORE_MS);
    uint32_t seat = (uint32_t)sim_below(r, w->seats);
    if (l->seat != UINT32_MAX && w->now_ms < l->until_ms) {
        return;
    }
    uint64_t view = 0;
    for (uint32_t i = 0; i < w->seats; i++) {
        if (w->node[i].up) {
            struct pbft_status s = replica_status(w->node[i].replica).pbft;
            view = s.view > view ? s.view : view;
            seat = s.primary == seat ? (seat + 1) % w->seats : seat;
        }
    }
    uint64_t views = sim_below(r, LONELY_VIEWS);
    *l = (struct sim_lonely){ .seat = seat,
                              .view = view,
                              .tips_until_view = view + views,
                              .hears_until_ms = w->now_ms + hears,
                              .until_ms = w->now_ms + hears + cut };
    sim_line(w, "only n%u hears of commits", seat);
}

/* The next views may get certificates for the lowest block that is not committed and for none above
 * it: what stands in later views must be the chain that the lonely seat knows all the same. */
static bool tip_is_lost(const struct world *w, const struct vote *v)
{
    const struct sim_lonely *l = &w->lonely;
    uint64_t lowest = 0;
    if (v->kind != VOTE_PREPARE || v->view <= l->view || v->view > l->tips_until_view) {
        return false;
    }
    for (uint32_t i = 0; i < w->seats; i++) {
        const struct sim_node *n = &w->node[i];
        if (n->up && n->liar == NULL && i != l->seat) {
            uint64_t height = replica_status(n->replica).tip.height;
            lowest = height > lowest ? height : lowest;
        }
    }
    return v->height > lowest + 1;
}

/* First it hears and says nothing but its prepare votes; then it neither hears nor says anything,
 * and the votes that it heard stay lost. */
static bool lost_to_the_lonely(struct world *w, uint32_t from, uint32_t to, struct bytes message)
{
    const struct sim_lonely *l = &w->lonely;
    struct sim_seen s;
    if (l->seat == UINT32_MAX || w->now_ms >= l->until_ms) {
        return false;
    }
    bool cut = w->now_ms >= l->hears_until_ms;
    if (cut && (from == l->seat || to == l->seat)) {
        return true;
    }
    size_t mark = arena_mark(&w->scratch);
    bool vote = message.len > 0 && message.ptr[0] >> 3 == SIM_KIND_VOTE &&
                sim_see(w->suite, message, &w->scratch, &s) == ERR_NONE && s.has_vote;
    arena_release(&w->scratch, mark);
    if (from == l->seat) {
        return !vote || s.vote.kind != VOTE_PREPARE;
    }
    bool commit = vote && s.vote.kind == VOTE_COMMIT && s.vote.view <= l->view && to != l->seat;
    if (!commit && !(vote && tip_is_lost(w, &s.vote))) {
        return false;
    }
    w->result->delivered[SIM_LONELY] += w->node[to].up ? 1 : 0;
    return true;
}

/* A loss is one when somebody would have heard. */
static void lose(struct world *w, const struct sim_event *what, enum sim_fault f)
{
    w->result->delivered[f] += w->node[what->to].up ? 1 : 0;
}

/* Ordinary latency is a few milliseconds; `delay` adds seconds, and with it disorder and doubles.
 */
static void send_one(struct world *w, const struct sim_event *what, struct bytes message)
{
    uint64_t latency = 1 + sim_below(&w->random, 5);
    uint32_t to = w->node[what->to].index;
    struct sim_event e = *what;
    if (w->cut_until_ms[what->from][to] > w->now_ms) {
        bool both = w->cut_until_ms[to][what->from] > w->now_ms;
        lose(w, what, both ? SIM_PARTITION : SIM_ONEWAY);
        return;
    }
    if (sim_chance(&w->random, w->drop_thousandths)) {
        lose(w, what, SIM_DROP);
        return;
    }
    if (lost_to_the_lonely(w, what->from, to, message)) {
        return;
    }
    if (w->deaf_thousandths > 0 && deaf_to(w, to, message)) {
        lose(w, what, SIM_DEAF);
        return;
    }
    if (w->jitter_ms > 0) {
        uint64_t late = sim_below(&w->random, w->jitter_ms);
        latency += late;
        e.faults |= late > 0 ? 1u << SIM_REORDER : 0;
    }
    if (w->double_thousandths > 0 && sim_chance(&w->random, w->double_thousandths)) {
        struct sim_event again = *what;
        again.faults = 1u << SIM_DUPLICATE;
        put_on_wire(w, &again, message, w->now_ms + 1 + sim_below(&w->random, 400));
    }
    if (w->delay_max_ms > 0) {
        bool slow = sim_chance(&w->random, 300);
        latency += slow ? sim_below(&w->random, w->delay_max_ms) : 0;
        e.faults |= slow ? 1u << SIM_DELAY : 0;
        if (sim_chance(&w->random, 50)) {
            put_on_wire(w, what, message,
                        w->now_ms + latency + 1 + sim_below(&w->random, w->delay_max_ms));
        }
    }
    put_on_wire(w, &e, message, w->now_ms + latency);
}

void sim_send(struct world *w, uint32_t from, uint32_t to, struct bytes message, uint32_t lie)
{
    const struct sim_liar *l = w->node[to].liar;
    uint32_t copies = l == NULL ? 1 : sim_liar_copies(l, from);
    for (uint32_t copy = 0; copies >> copy != 0; copy++) {
        if ((copies >> copy & 1) != 0) {
            uint32_t slot = l == NULL ? to : sim_liar_slot(l, copy);
            send_one(w, &(struct sim_event){ .from = from, .to = slot, .lie = lie }, message);
        }
    }
}
