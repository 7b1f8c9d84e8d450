/* events — what happened, asked of the index of a node by token, participant, kind and time.
 *
 * A page costs a bounded piece of one turn of the loop, whatever the ledger holds: only so much is
 * looked at, and `next` says where to go on. Page: docs/node.md */
#ifndef CARNET_NODE_EVENTS_H
#define CARNET_NODE_EVENTS_H

#include "node/node.h"

enum {
    NODE_EVENTS_MAX = 1000,         /* a page ends with the transaction in which it has so many, */
    NODE_EVENTS_LOOK_MAX = 4096,    /* or has looked at so many entries of the index, */
    NODE_EVENTS_SIZE_MAX = 1 << 20, /* or has so many bytes of receipts */
    NODE_EVENTS_TX_MAX = 64         /* of one transaction (FORMATS 16) */
};

/* All that is set must hold; the narrowest list that the index has is walked. */
struct node_filter {
    const struct hash *subject, *author; /* NULL: any. A token, a party; who signed first */
    bool of_kind;
    uint32_t contract, type;     /* of the event: of_kind */
    uint32_t method;             /* of the transaction; 0: any */
    uint64_t since_ms, until_ms; /* time of the block, from since on and before until; 0: open */
};
struct node_place {
    uint64_t height;
    uint32_t index;
};
struct node_event {
    uint64_t height, time_ms;
    uint32_t index, event_index;
    struct hash tx;
    struct event event;
};
struct node_events {
    struct node_event *event; /* oldest first, of whole transactions */
    uint32_t count;
    bool more;              /* a limit ended the page */
    struct node_place next; /* behind the last transaction that was looked at */
};
/* From transaction `from` on; `max` 0: NODE_EVENTS_MAX. ERR_NO_SPACE, ERR_CORRUPT. */
MUST_USE enum err node_events(struct node *n, const struct node_filter *f, struct node_place from,
                              uint32_t max, struct arena *a, struct node_events *out);

/* The same of transactions, those that failed too: `of_kind` and `subject` are of events, and here
 * they must not be set. */
struct node_listed {
    uint64_t height, time_ms;
    uint32_t index, status, method;
    struct hash tx, author;
};
struct node_txs {
    struct node_listed *tx;
    uint32_t count;
    bool more;
    struct node_place next;
};
MUST_USE enum err node_txs(struct node *n, const struct node_filter *f, struct node_place from,
                           uint32_t max, struct arena *a, struct node_txs *out);

#endif
