/* sim_member — the committee changes (sim_member.c). */
#ifndef CARNET_SIM_SIM_MEMBER_INTERNAL_H
#define CARNET_SIM_SIM_MEMBER_INTERNAL_H

#include "sim/sim_parts_internal.h"

MUST_USE enum err sim_members_open(struct world *w);
void sim_members(struct world *w);
MUST_USE enum err sim_member_order(struct world *w, struct arena *a, struct sim_order *out);
void sim_member_began(struct world *w, const struct header *h);
bool sim_committee(struct world *w, uint32_t node, uint64_t epoch, struct committee *out);
struct epoch_seed *sim_seed_of(struct world *w, uint32_t i, const struct hash *root);

#endif
