#include "cli/actions_internal.h"
#include "node/offline.h"

/* `carnet ledger …`, `carnet node reindex`: a node's files while it does not run. */

static enum err index_of(struct cli *c, uint32_t *out)
{
    uint64_t index = 0;
    TRY(cli_number(c, "--index", 0, CLI_NODES_MAX - 1, 0, &index));
    *out = (uint32_t)index;
    return ERR_NONE;
}

static enum err run_prune(struct cli *c)
{
    char why[NODE_WHY_SIZE] = "";
    struct offline_kept kept;
    uint32_t index = 0;
    uint64_t keep = 0;
    TRY(index_of(c, &index));
    TRY(cli_number(c, "--keep", 1, UINT32_MAX, UINT32_MAX, &keep));
    if (cli_option(c, "--keep") == NULL) {
        return cli_fail(c, ERR_USAGE, "--keep", "how many blocks are to stay?");
    }
    enum err e = offline_prune(c->dir, index, keep, &kept, why);
    if (e != ERR_NONE) {
        return cli_fail(c, e, "prune", "%s", why[0] != '\0' ? why : err_text(e));
    }
    json_put(c->answer, "base", json_new_u64(kept.base));
    json_put(c->answer, "height", json_new_u64(kept.tip));
    json_put(c->answer, "ok", json_new_bool(true));
    fprintf(c->text, "node %u keeps blocks %llu to %llu\n", index,
            (unsigned long long)kept.base + 1, (unsigned long long)kept.tip);
    return ERR_NONE;
}

static enum err run_reindex(struct cli *c)
{
    char why[NODE_WHY_SIZE] = "";
    uint32_t index = 0;
    TRY(index_of(c, &index));
    enum err e = offline_reindex(c->dir, index, why);
    if (e != ERR_NONE) {
        return cli_fail(c, e, "reindex", "%s", why[0] != '\0' ? why : err_text(e));
    }
    json_put(c->answer, "ok", json_new_bool(true));
    fprintf(c->text, "node %u makes its index and folded state again at its next start\n", index);
    return ERR_NONE;
}

static const struct cli_option PRUNE_OPTIONS[] = {
    { "--index", "I", "which node of nodes.json (0)" },
    { "--keep", "N", "blocks that stay at least; whole files of 1,024 go" },
    { NULL, NULL, NULL },
};
static const struct cli_option REINDEX_OPTIONS[] = {
    { "--index", "I", "which node of nodes.json (0)" },
    { NULL, NULL, NULL },
};
static const struct cli_command COMMANDS[] = {
    { "ledger", "prune", "", 0, 0, "drop old blocks of a node that does not run",
      "carnet ledger prune --dir my-space --index 0 --keep 100000", PRUNE_OPTIONS, run_prune },
    { "node", "reindex", "", 0, 0, "make index and folded state again from the block log",
      "carnet node reindex --dir my-space --index 0", REINDEX_OPTIONS, run_reindex },
};
const struct cli_table CLI_LEDGER = { COMMANDS, COUNT(COMMANDS) };
