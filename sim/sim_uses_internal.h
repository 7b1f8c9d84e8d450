/* sim_uses — tokens and rights, by the transactions that were committed and by nothing else.
 *
 * A model of its own: it reads what clients asked for and whether the receipt says ok, and never
 * what the contracts keep or say. From that it knows which use could not have been. */
#ifndef CARNET_SIM_SIM_USES_INTERNAL_H
#define CARNET_SIM_SIM_USES_INTERNAL_H

#include "contract/contract.h"

enum { SIM_USES_TOKENS_MAX = 256, SIM_USES_RIGHTS_MAX = 2048 };

struct sim_uses_token {
    struct hash id;
    uint64_t from_ms, until_ms; /* [from, until) */
    bool frozen, revoked;
};
struct sim_uses_right {
    struct hash id, grantor, holder;
    uint32_t token, custody, granted, used; /* granted 0: not counted */
    uint64_t until_ms;
    bool revoked;
};
struct sim_uses {
    uint64_t height; /* up to here all blocks were read */
    uint32_t token_count, right_count;
    struct sim_uses_token token[SIM_USES_TOKENS_MAX];
    struct sim_uses_right right[SIM_USES_RIGHTS_MAX];
};

struct world;
struct sim_order;
void sim_uses_told(struct world *w, uint64_t height, const struct receipt *receipt, uint32_t count);
/* Orders: a right is used; a right or its token is revoked. */
MUST_USE enum err sim_use(struct world *w, struct arena *a, struct sim_order *o);
MUST_USE enum err sim_stop(struct world *w, struct arena *a, struct sim_order *o);

#endif
