#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/actions_internal.h"
#include "cli/trust_internal.h"
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
    uint64_t from = 0;
    TRY(index_of(c, &index));
    enum err e = offline_reindex(c->dir, index, cli_flag(c, "--forget"), &from, why);
    if (e != ERR_NONE) {
        return cli_fail(c, e, "reindex", "%s", why[0] != '\0' ? why : err_text(e));
    }
    json_put(c->answer, "from", json_new_u64(from));
    json_put(c->answer, "ok", json_new_bool(true));
    if (from > 0) {
        fprintf(c->text, "the index of node %u begins above block %llu, and its answers say so\n",
                index, (unsigned long long)from);
    } else {
        fprintf(c->text, "node %u makes its index and folded state again at its next start\n",
                index);
    }
    return ERR_NONE;
}

static void answer_archive(struct cli *c, const struct offline_archive *a, uint64_t height,
                           const char *verb)
{
    json_put(c->answer, "from", json_new_u64(a->from));
    json_put(c->answer, "to", json_new_u64(a->to));
    json_put(c->answer, "state", json_new_u64(a->state));
    json_put(c->answer, "height", json_new_u64(height));
    json_put(c->answer, "reasons", json_new_array());
    json_put(c->answer, "ok", json_new_bool(true));
    fprintf(c->text, "%s blocks %llu to %llu", verb, (unsigned long long)a->from,
            (unsigned long long)a->to);
    if (a->state > 0) {
        fprintf(c->text, " and the state after block %llu", (unsigned long long)a->state);
    }
    fputc('\n', c->text);
}

static enum err export_to(struct cli *c, uint32_t index, const struct offline_archive *want,
                          const char *path, struct offline_archive *made)
{
    char why[NODE_WHY_SIZE] = "";
    FILE *f = fopen(path, "wb");
    if (f == NULL) {
        return cli_fail(c, cli_errno(errno), path, "%s", strerror(errno));
    }
    enum err e = offline_export(c->dir, index, want, f, made, why);
    bool kept = fflush(f) == 0 && fsync(fileno(f)) == 0;
    int error = errno;
    kept = fclose(f) == 0 && kept;
    if (e != ERR_NONE) {
        return cli_fail(c, e, "export", "%s", why[0] != '\0' ? why : err_text(e));
    }
    return kept ? ERR_NONE : cli_fail(c, cli_errno(error), path, "%s", strerror(error));
}

/* Written aside and renamed: an archive that has its name is whole. */
static enum err run_export(struct cli *c)
{
    char part[CLI_DIR_SIZE_MAX + 16];
    struct offline_archive want = { 0 }, made = { 0 };
    uint32_t index = 0;
    TRY(index_of(c, &index));
    TRY(cli_number(c, "--from", 1, INT64_MAX, 0, &want.from));
    TRY(cli_number(c, "--to", 1, INT64_MAX, 0, &want.to));
    want.state = cli_flag(c, "--state") ? 1 : 0;
    int len = snprintf(part, sizeof part, "%s.part", c->arg[0]);
    if (len < 0 || (size_t)len >= sizeof part) {
        return cli_fail(c, ERR_SIZE, c->arg[0], "the name is too long");
    }
    enum err e = export_to(c, index, &want, part, &made);
    if (e == ERR_NONE && rename(part, c->arg[0]) != 0) {
        e = cli_fail(c, cli_errno(errno), c->arg[0], "%s", strerror(errno));
    }
    if (e != ERR_NONE) {
        (void)unlink(part);
        return e;
    }
    answer_archive(c, &made, made.to, "written:");
    return ERR_NONE;
}

/* A file that is refused is an answer, exit code 4 (DESIGN 7): {ok: false, reasons}. */
static enum err refused(struct cli *c, const char *why)
{
    json_t *reasons = json_new_array();
    json_push(reasons, json_new_str(why));
    json_put(c->answer, "ok", json_new_bool(false));
    json_put(c->answer, "reasons", reasons);
    fprintf(c->text, "refused, and nothing was written: %s\n", why);
    c->exit_code = err_exit_code(ERR_INTEGRITY);
    return ERR_NONE;
}

static enum err check_alone(struct cli *c, FILE *f, const struct proof_caller *caller,
                            struct offline_archive *a, char why[NODE_WHY_SIZE])
{
    char path[CLI_DIR_SIZE_MAX + 16];
    const char *genesis = cli_option(c, "--genesis");
    uint8_t *wire = NULL;
    size_t len = 0;
    cli_path(c, path, sizeof path, "genesis");
    TRY(cli_read_file(c, genesis != NULL ? genesis : path, &wire, &len));
    enum err e = offline_check(bytes_of(wire, len), f, caller, a, why);
    free(wire);
    return e;
}

/* It is read twice: to check it, and then to take it. */
static enum err open_archive(struct cli *c, FILE **out)
{
    struct stat st;
    const char *path = c->arg[0];
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return cli_fail(c, cli_errno(errno), path, "%s", strerror(errno));
    }
    if (fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode)) {
        (void)fclose(f);
        return cli_fail(c, ERR_FAILED, path,
                        S_ISDIR(st.st_mode) ? "is a directory" : "is not a plain file");
    }
    *out = f;
    return ERR_NONE;
}

static enum err run_import(struct cli *c)
{
    FILE *f = NULL;
    char why[NODE_WHY_SIZE] = "";
    struct offline_archive a = { 0 };
    struct trust_files trust;
    uint32_t index = 0;
    uint64_t height = 0;
    bool check = cli_flag(c, "--check");
    TRY(index_of(c, &index));
    if (!check && cli_option(c, "--genesis") != NULL) {
        return cli_fail(c, ERR_USAGE, "--genesis", "it goes with --check: a node has its own");
    }
    TRY(trust_open(c, &trust));
    enum err e = open_archive(c, &f);
    if (e != ERR_NONE) {
        trust_close(&trust);
        return e;
    }
    e = check ? check_alone(c, f, &trust.caller, &a, why)
              : offline_import(c->dir, index, f, &trust.caller, &a, &height, why);
    trust_close(&trust);
    (void)fclose(f);
    if (e == ERR_INTEGRITY) {
        return refused(c, why);
    }
    if (e != ERR_NONE) {
        return c->why[0] != '\0'
                   ? e
                   : cli_fail(c, e, "import", "%s", why[0] != '\0' ? why : err_text(e));
    }
    answer_archive(c, &a, check ? a.to : height, check ? "verified:" : "imported:");
    return ERR_NONE;
}

static const struct cli_option PRUNE_OPTIONS[] = {
    { "--index", "I", "which node of nodes.json (0)" },
    { "--keep", "N", "blocks that stay at least; whole files of 1,024 go" },
    { NULL, NULL, NULL },
};
static const struct cli_option REINDEX_OPTIONS[] = {
    { "--index", "I", "which node of nodes.json (0)" },
    { "--forget", NULL, "where old blocks are pruned: forget what is told of them" },
    { NULL, NULL, NULL },
};
static const struct cli_option EXPORT_OPTIONS[] = {
    { "--index", "I", "which node of nodes.json (0)" },
    { "--from", "H", "first block (the first that the node keeps)" },
    { "--to", "H", "last block, or the next one with a certificate (the newest)" },
    { "--state", NULL, "with the folded state, for a node that has nothing" },
    { NULL, NULL, NULL },
};
static const struct cli_option IMPORT_OPTIONS[] = {
    { "--index", "I", "which node of nodes.json (0)" },
    { "--check", NULL, "only verify the file; nothing is written, no node is needed" },
    { "--genesis", "FILE", "with --check: the genesis file that is trusted" },
    TRUST_OPTIONS,
    { NULL, NULL, NULL },
};
static const struct cli_command COMMANDS[] = {
    { "ledger", "export", "FILE", 1, 1, "certified blocks of a node that does not run, as a file",
      "carnet ledger export blocks.carnet --dir my-space --index 0", EXPORT_OPTIONS, run_export },
    { "ledger", "import", "FILE", 1, 1, "verify such a file and append it to a node's blocks",
      "carnet ledger import blocks.carnet --check --genesis my-space/genesis", IMPORT_OPTIONS,
      run_import },
    { "ledger", "prune", "", 0, 0, "drop old blocks of a node that does not run",
      "carnet ledger prune --dir my-space --index 0 --keep 100000", PRUNE_OPTIONS, run_prune },
    { "node", "reindex", "", 0, 0, "make index and folded state again from the block log",
      "carnet node reindex --dir my-space --index 0", REINDEX_OPTIONS, run_reindex },
};
const struct cli_table CLI_LEDGER = { COMMANDS, COUNT(COMMANDS) };
