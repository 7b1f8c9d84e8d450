/* Under which versions of all that decides a block stands (DESIGN 4, "Versions"). */
#include "ledger/ledger_internal.h"

uint32_t ledger_version_known(const struct ledger *l)
{
    return l->contracts->version_set_max != 0 ? l->contracts->version_set_max
                                              : (uint32_t)VERSION_SET;
}

static enum err sets_at(struct ledger *l, enum ctx_view view, uint64_t height,
                        struct version_set *now, struct version_set *next)
{
    *now = (struct version_set){ .number = l->genesis->version_set };
    *next = (struct version_set){ .number = 0 };
    if (l->contracts->version_sets == NULL) {
        return ERR_NONE;
    }
    arena_reset(&l->tx_arena);
    ledger_context(l, view, l->chain[0]->tip.time_ms, height);
    enum err e = l->contracts->version_sets(&l->ctx, height, now, next);
    return l->ctx.fatal != ERR_NONE ? l->ctx.fatal : e;
}

enum err version_set_next(struct ledger *l, uint32_t *out)
{
    struct version_set now, next;
    TRY(sets_at(l, CTX_NEWEST, ledger_top(l)->tip.height + 1, &now, &next));
    if (now.number > ledger_version_known(l)) {
        return ERR_VERSION;
    }
    *out = now.number;
    return ERR_NONE;
}

enum err ledger_versions(struct ledger *l, struct version_set *now, struct version_set *next)
{
    struct version_set in_force, coming;
    ASSERT(l->started);
    TRY(sets_at(l, CTX_COMMITTED, l->chain[0]->tip.height + 1, &in_force, &coming));
    *now = in_force;
    *next = coming;
    return ERR_NONE;
}
