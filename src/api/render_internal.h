/* render — records and events as JSON: numbers and ids as the ledger has them, no words.
 *
 * Words of the law are in the prose of the pack set, which the node gives as it is (words.c);
 * words of the page are the page's own. */
#ifndef CARNET_API_RENDER_INTERNAL_H
#define CARNET_API_RENDER_INTERNAL_H

#include "api/names_internal.h"
#include "node/events.h"

/* An event as GET /v1/events has it: its place, name, subjects, body, and the body's members as
 * `detail`. What does not decode has no detail: it is shown as what it is. */
json_t *render_event(const struct node *n, const struct node_event *e, struct arena *scratch);
/* A transaction as GET /v1/txs has it, and a place of the ledger as `next` has it. */
json_t *render_listed(const struct node_listed *tx);
json_t *render_place(struct node_place p);
json_t *render_token(const struct token_record *t);
/* ERR_ENCODING: the verdict, or the exchange, in it is not one. */
MUST_USE enum err render_right(const struct right_record *r, struct arena *scratch, json_t **out);
MUST_USE enum err render_lock(const struct genesis *g, const struct lock_record *l,
                              struct arena *scratch, json_t **out);
/* The participants with their nodes as this node sees them. */
json_t *render_nodes(const struct node *n);
/* `names` NULL: none are told. */
json_t *render_participants(const struct genesis *g, const struct names *names);
json_t *render_currencies(const struct genesis *g);

#endif
