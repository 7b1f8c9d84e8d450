/* stream — the ledger's events as server-sent events, in order, as they are committed.
 *
 * There is no queue. A stream is a place in the ledger, (height, index); when its socket can take
 * more, what stands at that place is read from the node's index. A client that reads slowly only
 * falls behind, one that reads nothing is dropped, and either goes on from the last (height, index)
 * it has seen. ADR 0014. */
#ifndef CARNET_API_STREAM_INTERNAL_H
#define CARNET_API_STREAM_INTERNAL_H

#include "api/api.h"

struct stream_seats {
    struct hash participant[API_STREAMS_MAX]; /* zero: free */
};

struct stream {
    bool on;
    uint32_t seat; /* in stream_seats */
    uint64_t from; /* the next transaction to say is at (from, index) or later */
    uint32_t index;
    uint64_t opened_ms, said_ms;
    char *nodes; /* the last state of the nodes that was said; malloc'ed */
};

/* ERR_BUSY: API_STREAMS_MAX are open, or API_STREAMS_EACH_MAX of this participant's. */
MUST_USE enum err stream_open(struct stream *s, struct stream_seats *seats,
                              const struct hash *participant, uint64_t from, uint32_t index,
                              uint64_t now_ms);
void stream_close(struct stream *s, struct stream_seats *seats);
/* What there is to say now, at most API_STREAM_PIECE_SIZE bytes; *out is malloc'ed and NULL when
 * there is nothing. Moves the stream past it. */
MUST_USE enum err stream_next(struct stream *s, struct node *n, uint64_t now_ms, uint8_t **out,
                              size_t headroom, size_t *len);

#endif
