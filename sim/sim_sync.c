#include "sim/sim_parts_internal.h"

/* Nodes that begin anew: one loses its disk, all but its keys, and comes back by snapshot; nodes
 * that keep no more than they must; and servers of blocks and snapshots that lie. */

enum { LIE_TAG_CHAIN = 10, LIE_TAG_SNAPSHOT = 23, LIE_TAG_PIECE = 25, LIE_SIZE_MIN = 64 };

void sim_wipe(struct world *w)
{
    struct sim_node *n = &w->node[1];
    if (w->options.wipe_ms == 0 || w->wiped || w->nodes < 2 || !n->up ||
        w->now_ms < w->start_ms + w->options.wipe_ms) {
        return;
    }
    w->wiped = true;
    sim_node_crash(w, 1);
    for (uint32_t i = 0; w->options.prune && i < w->nodes; i++) {
        if (w->node[i].up) {
            sim_node_crash(w, i); /* and is pruned before it starts */
        }
    }
    sim_wipe_disk(n);
    sim_line(w, "n1 loses its disk");
}

/* A new machine under the old keys. */
void sim_wipe_disk(struct sim_node *n)
{
    bool sync_lies = n->disk.sync_lies;
    sim_disk_free(&n->disk);
    sim_store_free(&n->store);
    enum err e = sim_store_open(&n->store);
    ASSERT(e == ERR_NONE);
    ASSERT(!n->up);
    n->disk.sync_lies = sync_lies;
}

/* One honest server is enough (among them the one whom nobody falsifies). */
void sim_choose_server(struct world *w)
{
    if (!sim_asked(w, SIM_FALSE_SYNC)) {
        return;
    }
    uint32_t i = (uint32_t)sim_below(&w->random, w->seats);
    while (w->node[i].liar != NULL || w->node[i].victim) {
        i = (i + 1) % w->seats;
    }
    w->true_server = i;
}

/* Tag 22 and above take two bytes: number << 3 | 2. */
static uint32_t number_of(struct bytes message)
{
    if (message.len < 2) {
        return 0;
    }
    uint32_t high = message.ptr[0] < 0x80 ? 0 : (uint32_t)message.ptr[1] << 7;
    return ((message.ptr[0] & 0x7fU) | high) >> 3;
}

/* With lying_servers all but the last lie to node 1 about snapshots; as a fault, all but one drawn
 * server to everybody else, about blocks too, and not every time. */
static bool falsifies(struct world *w, uint32_t from, uint32_t to, uint32_t number)
{
    bool snapshot = number == LIE_TAG_SNAPSHOT || number == LIE_TAG_PIECE;
    if (w->options.lying_servers) {
        return snapshot && to == 1 && from != w->nodes - 1;
    }
    return (snapshot || number == LIE_TAG_CHAIN) && w->false_thousandths > 0 &&
           from != w->true_server && to != w->true_server &&
           sim_chance(&w->random, w->false_thousandths);
}

bool sim_tamper(struct world *w, uint32_t from, uint32_t to, uint8_t *message, size_t len)
{
    if (len < LIE_SIZE_MIN || !falsifies(w, from, to, number_of(bytes_of(message, len)))) {
        return false;
    }
    uint64_t at = 16 + sim_below(&w->random, len - 16);
    message[at] = (uint8_t)(message[at] ^ 1U << sim_below(&w->random, 8));
    w->told_lies += w->options.lying_servers ? 1 : 0;
    return true;
}

/* A node drops what it need not keep, at its start or while it runs. */
void sim_prune(struct world *w, struct sim_node *n)
{
    uint64_t base = 0;
    bool row = w->options.prune && w->wiped && n->index != 1;
    if (!n->up || n->liar != NULL) {
        return;
    }
    if (!row && (!sim_asked(w, SIM_PRUNE) || !sim_chance(&w->random, 500))) {
        return;
    }
    uint64_t old = replica_status(n->replica).base;
    struct sim_node *before = sim_enter(w, n);
    enum err e = replica_prune(n->replica, 1, &base);
    sim_leave(w, before);
    if (e == ERR_NONE && base > old) {
        w->pruned++;
        w->result->delivered[SIM_PRUNE]++;
        sim_line(w, "n%u keeps blocks above %llu", n->index, (unsigned long long)base);
    }
}

/* Invariant "snapshot": wherever a node starts, it stands on what the others committed. */
void sim_check_stand(struct world *w, uint32_t node)
{
    struct replica_status s = replica_status(w->node[node].replica);
    uint64_t height = s.tip.height;
    if (s.snapshots > 0) {
        w->result->snapshots++;
        sim_line(w, "n%u begins from a snapshot at height %llu", node, (unsigned long long)height);
    }
    if (height > 0 && height <= w->height &&
        (!hash_equal(&s.tip.hash, &w->block[height].hash) ||
         !hash_equal(&s.tip.state_root, &w->block[height].state_root))) {
        sim_violation(w, SIM_SNAPSHOT,
                      "n%u starts at height %llu from a state that nobody committed", node,
                      (unsigned long long)height);
    }
}

/* Invariant "liar": lies told to a node that was up to hear them were found. */
void sim_check_lies(struct world *w)
{
    uint32_t found = w->liars_found;
    for (uint32_t i = 0; i < w->nodes; i++) {
        found += w->node[i].up ? replica_status(w->node[i].replica).liars : 0;
    }
    w->result->lies_found = found;
    if (w->told_lies > 0 && found == 0) {
        sim_violation(w, SIM_LIAR, "%u lies about a snapshot were told and none was found",
                      (unsigned)w->told_lies);
    }
}
