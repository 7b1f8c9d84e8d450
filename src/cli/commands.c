#include "cli/actions_internal.h"

/* Every command is a row of one of these tables; each file of commands brings its own. */
const struct cli_table *const CLI_TABLES[] = {
    &CLI_DEMO,      &CLI_NET,        &CLI_DID,      &CLI_ASSET,   &CLI_TOKEN,  &CLI_SEAL,
    &CLI_RIGHT,     &CLI_ATTACHMENT, &CLI_MONEY,    &CLI_FETCH,   &CLI_OPEN,   &CLI_TRACE,
    &CLI_TX,        &CLI_AUDIT,      &CLI_COMPLY,   &CLI_RULES,   &CLI_LAW,    &CLI_WIZARD,
    &CLI_SIM,       &CLI_BENCH,      &CLI_VERIFY,   &CLI_CONSOLE, &CLI_BROKER, &CLI_LEDGER,
    &CLI_COMMITTEE, &CLI_ANCHOR,     &CLI_VERSIONS,
};
const size_t CLI_TABLE_COUNT = COUNT(CLI_TABLES);
