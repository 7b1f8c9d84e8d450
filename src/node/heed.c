#include <stdio.h>

#include "node/heed_internal.h"

static void tell_version(const struct version_set *v, const char *effect)
{
    LOG("version_set", LOG_NUM("number", v->number), LOG_NUM("from_height", v->height),
        LOG_NUM("release_major", v->major), LOG_NUM("release_minor", v->minor),
        LOG_STR("effect", effect));
}

enum err heed_versions(struct node *n, char why[NODE_WHY_SIZE])
{
    struct version_set now, next;
    struct ledger *l = replica_ledger(n->replica);
    uint32_t known = ledger_version_known(l);
    enum err e = ledger_versions(l, &now, &next);
    if (e != ERR_NONE) {
        return node_said(why, e, "the version set in force", "");
    }
    if (next.number != 0 && n->version_told != next.number) {
        n->version_told = next.number;
        tell_version(&next, next.number > known ? "this release stops before that height"
                                                : "this release knows it");
    }
    if (now.number <= known) {
        return ERR_NONE;
    }
    tell_version(&now, "this release does not know it");
    (void)snprintf(why, NODE_WHY_SIZE,
                   "from block %llu on version set %u is in force and this release knows %u: "
                   "Carnet %u.%u knows it",
                   (unsigned long long)now.height, now.number, known, now.major, now.minor);
    return ERR_VERSION;
}

/* Before the first block of a set that it does not know the node ends: a validator that is here
 * and refuses what the others accept would be one of those that may be faulty. */
void heed_tip(struct node *n)
{
    char why[NODE_WHY_SIZE];
    uint64_t height = replica_status(n->replica).tip.height;
    if (height == n->heeded || n->stopping) {
        return;
    }
    n->heeded = height;
    if (heed_versions(n, why) == ERR_VERSION) {
        LOG("stopped", LOG_STR("reason", why));
        n->exit_code = err_exit_code(ERR_VERSION);
        node_stop(n);
    }
}
