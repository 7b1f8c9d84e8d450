/* asset_internal — the commands that look into a table: classify and deidentify. */
#ifndef CARNET_CLI_ASSET_INTERNAL_H
#define CARNET_CLI_ASSET_INTERNAL_H

#include "cli/actions_internal.h"

enum { ASSET_SCRATCH_SIZE = 64 * 1024 * 1024, ASSET_KEY_SIZE = 32 };

/* A table in memory with its profile: large, so it lives on the heap for the length of a command.
 */
struct asset_table {
    uint8_t *file, *memory;
    size_t len;
    struct arena scratch;
    struct profile profile;
    struct deidentified report;
};
/* cli_read_file of what is not empty. */
MUST_USE enum err asset_read_input(struct cli *c, const char *path, uint8_t **file, size_t *len);
MUST_USE enum err asset_table_open(struct cli *c, const char *path, struct asset_table **out);
void asset_table_free(struct asset_table *t);

MUST_USE enum err asset_run_classify(struct cli *c);
MUST_USE enum err asset_run_deidentify(struct cli *c);

/* What the metadata of a token says of a table that a template with quasi-identifiers speaks of: k
 * over the very bytes that are minted, columns, classes and what was done to them; no value.
 * ERR_REFUSED when k is below the template's, or a column is there that must not leave. *out is
 * owned; untouched when the template names no quasi-identifier. */
MUST_USE enum err asset_facts(struct cli *c, const char *path, const struct template_ *t,
                              json_t **out);

#endif
