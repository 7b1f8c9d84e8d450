#include <stdlib.h>
#include <string.h>

#include "sim/sim_parts_internal.h"

enum {
    FORGE_EVERY = 512, /* events, from the middle of the first phase on */
    CALM_LIMIT_MS =
        180 * 1000, /* all waiting transactions are committed this long after the healing */
    SAFETY_LIMIT_MS = 5 * 60 * 1000, /* the first phase ends here at the latest */
    CALM_EVENTS_MAX = 400000,
    FEW_NODES = 8 /* with an observer */
};

static bool level(struct world *w)
{
    for (uint32_t i = 0; i < w->nodes; i++) {
        struct sim_node *n = &w->node[i];
        if (n->liar == NULL && !n->stays_down &&
            (!n->up || n->told != w->height || !sim_log_reaches(w, n))) {
            return false;
        }
    }
    return true;
}

static bool step(struct world *w)
{
    struct sim_event e;
    if (!sim_pop(w, &e)) {
        return false;
    }
    sim_handle(w, &e);
    sim_guard_look(w);
    w->result->steps++;
    return true;
}

static bool delivered(const struct world *w)
{
    const struct sim_result *r = w->result;
    bool all = true;
    for (uint32_t f = 0; f < SIM_FAULT_END; f++) {
        all = all && ((w->options.faults >> f & 1) == 0 || r->delivered[f] > 0);
    }
    for (uint32_t l = 0; l < SIM_LIE_END && w->liars > 0; l++) {
        all = all && r->lies[l] > 0;
    }
    return all;
}

/* As many events as were asked for, and while a fault has not come yet up to twice as many, of many
 * nodes half as many more. */
static void harmful_phase(struct world *w)
{
    uint64_t steps = w->options.steps;
    uint64_t most = steps + (w->nodes > FEW_NODES ? steps / 2 : steps);
    for (uint64_t i = 0; i < most && w->result->violation_count == 0; i++) {
        bool look = i >= steps && i % 64 == 0;
        if (look && delivered(w)) {
            return;
        }
        if (look && !w->late) {
            sim_harm_late(w);
        }
        if (i >= steps / 2 && (i - steps / 2) % FORGE_EVERY == 0) {
            sim_forge(w);
        }
        if (w->now_ms > w->start_ms + SAFETY_LIMIT_MS || !step(w)) {
            return;
        }
    }
}

/* Liveness after the network calms: everything accepted commits, and every node gets there. */
static void calm_phase(struct world *w)
{
    uint64_t until = w->now_ms + CALM_LIMIT_MS;
    sim_heal(w);
    for (uint32_t i = 0; i < CALM_EVENTS_MAX && w->result->violation_count == 0; i++) {
        bool done = i % 16 == 0 && sim_probed(w) && sim_waiting(w) == 0 && level(w);
        if (done || w->now_ms > until || !step(w)) {
            break;
        }
    }
    sim_forge(w); /* who was down is up now */
    if (w->result->violation_count > 0) {
        return;
    }
    uint32_t waiting = sim_waiting(w);
    if (!sim_probed(w)) {
        sim_violation(w, SIM_LIVENESS, "nothing new commits %u ms after the network calmed",
                      (unsigned)(w->now_ms + CALM_LIMIT_MS - until));
    } else if (waiting > 0) {
        sim_violation(w, SIM_LIVENESS, "%u transactions wait %u ms after the network calmed",
                      waiting, (unsigned)(w->now_ms + CALM_LIMIT_MS - until));
    } else if (!level(w)) {
        sim_violation(w, SIM_LIVENESS, "not every node reaches height %llu",
                      (unsigned long long)w->height);
    }
}

static void count_views(struct world *w)
{
    for (uint32_t i = 0; i < w->nodes; i++) {
        if (w->node[i].liar == NULL && w->node[i].view_changes > w->result->view_changes) {
            w->result->view_changes = w->node[i].view_changes;
        }
    }
}

static void keep_lines(struct world *w)
{
    uint32_t count = w->line_count < SIM_LINES_MAX ? w->line_count : SIM_LINES_MAX;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = (w->line_count - count + i) % SIM_LINES_MAX;
        memcpy(w->result->line[i], w->line[at], SIM_LINE_SIZE);
    }
    w->result->line_count = count;
}

static enum err judge(struct world *w)
{
    struct sim_result *r = w->result;
    if (r->violation_count > 0) {
        return ERR_INTEGRITY;
    }
    if (!delivered(w)) {
        return ERR_UNAVAILABLE;
    }
    r->ok = true;
    return ERR_NONE;
}

enum err sim_world_run(struct world *w)
{
    for (uint32_t i = 0; i < w->slots; i++) {
        sim_node_start(w, i);
    }
    for (uint32_t i = 0; i < w->liars; i++) {
        sim_liar_acts(w, i);
    }
    sim_schedule(w, (struct sim_event){ .at_ms = w->now_ms + 20, .kind = SIM_CLIENT });
    sim_schedule(w, (struct sim_event){ .at_ms = w->now_ms + 30, .kind = SIM_CHAOS });
    harmful_phase(w);
    if (w->result->violation_count == 0) {
        calm_phase(w);
    }
    sim_check_end(w);
    count_views(w);
    keep_lines(w);
    w->result->suite = w->suite->number;
    w->result->law = !hash_is_zero(&w->law);
    w->result->height = w->height;
    w->result->txs = w->tx_count;
    w->result->virtual_ms = w->now_ms - w->start_ms;
    hasher_final(&w->trace, &w->result->trace_hash);
    return judge(w);
}

enum err sim_run(const struct sim_options *o, struct sim_result *result)
{
    *result = (struct sim_result){ .seed = o->seed,
                                   .nodes = o->nodes,
                                   .faults = o->faults,
                                   .liars = o->liars,
                                   .orders = o->orders == 0 ? SIM_ORDERS_DEFAULT : o->orders };
    if (o->nodes == 0 || o->nodes > SIM_NODES_MAX || o->steps == 0 || o->steps > SIM_STEPS_MAX ||
        o->faults >> SIM_FAULT_END != 0 || o->liars > committee_faulty_max(o->nodes) ||
        ((o->faults >> SIM_BYZANTINE & 1) != 0) != (o->liars > 0) ||
        ((o->faults & SIM_AMONG_F) != 0 && o->liars == committee_faulty_max(o->nodes))) {
        return ERR_USAGE;
    }
    struct world *w = malloc(sizeof *w);
    if (w == NULL) {
        return ERR_NO_SPACE;
    }
    enum err e = sim_world_open(w, o, result);
    if (e == ERR_NONE) {
        e = sim_world_run(w);
    }
    sim_world_close(w);
    free(w);
    return e;
}
