/* events — what happened, asked of a node page by page (docs/api.md). */
#ifndef CARNET_CLI_EVENTS_INTERNAL_H
#define CARNET_CLI_EVENTS_INTERNAL_H

#include "cli/actions_internal.h"

/* What to ask a node's index by: all that is set must hold. */
struct action_filter {
    const char *subject;                  /* hex; NULL: any */
    char author[HEX_SIZE(HASH_SIZE) + 1]; /* empty: anybody */
    const char *type, *method;            /* "token.minted", "token.mint"; NULL: any */
    uint64_t since_ms, until_ms;          /* 0: open */
};
#define ACTION_FILTER_ROWS                                                           \
    { "--author", "NAME|ID", "only what this participant signed first" },            \
        { "--method", "METHOD", "only of this method (money.pay)" },                 \
        { "--since", "TIME", "from this time on (2026-01-31T12:00:00Z, or a day)" }, \
    {                                                                                \
        "--until", "TIME", "before this time"                                        \
    }
/* --author, --type, --method, --since, --until. ERR_USAGE, and said. */
MUST_USE enum err action_filter(struct session *s, struct action_filter *out);
/* Every event, or transaction, that the filter lets through (NULL: all), once each and in order. */
typedef enum err action_event_fn(struct session *s, const json_t *event, void *work);
MUST_USE enum err action_each_event(struct session *s, const struct action_filter *f,
                                    action_event_fn *take, void *work);
MUST_USE enum err action_each_tx(struct session *s, const struct action_filter *f,
                                 action_event_fn *take, void *work);

#endif
