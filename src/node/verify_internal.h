/* verify — signatures of what peers sent, verified in worker threads before the replica reads it.
 *
 * The loop asks the ledger which signatures of a message are not known as good, workers answer in
 * batches, the loop vouches for the good ones and then handles the message as if it had come just
 * now. A worker sees questions and nothing else: no ledger, no node. Verdicts are the replica's
 * own: what was not asked, or is bad, it verifies by itself. Page: docs/node.md */
#ifndef CARNET_NODE_VERIFY_INTERNAL_H
#define CARNET_NODE_VERIFY_INTERNAL_H

#include <uv.h>

#include "ledger/admission.h"
#include "node/replica.h"

enum {
    VERIFY_MESSAGES_MAX = 64,            /* with the workers at one time */
    VERIFY_BLOCKS_ROOM = 8,              /* places of those that transactions never take */
    VERIFY_TXS_WAITING = 4096,           /* questions of transactions: from so many on no more */
    VERIFY_BYTES_MAX = 32 * 1024 * 1024, /* of those messages and their questions */
    VERIFY_QUESTIONS_MAX = 16 * 1024,    /* of one message: a whole block of one-signer tx twice */
    VERIFY_PIECE = 256,                  /* questions a worker takes at once: about 5 ms */
    VERIFY_PIECES_OUT = 4,               /* with libuv at one time: its threads, none ahead */
    VERIFY_NICE = 4,                     /* of those threads: consensus goes on beside them */
    VERIFY_QUESTIONS_MIN = 4             /* fewer are verified where they are */
};

/* What consensus waits for goes before what merely wants to come in. */
enum verify_order { VERIFY_BLOCK, VERIFY_TXS, VERIFY_ORDERS };

/* The signatures that handling this message would verify. Count 0: it is no message of that kind,
 * it cannot be read, or all is known; a block is asked about only if the seat that leads sent it.
 */
void replica_questions(struct replica *r, uint64_t now_ms, uint32_t peer, struct bytes message,
                       struct ledger_signature *out, uint32_t max, uint32_t *count);

struct verify_pool;
struct verify_config {
    uv_loop_t *loop;
    const struct suite *suite;
    void *user;
    /* On the loop, in the order in which messages are done; `good` beside each question. What an
     * earlier message asks was told with that one, and stands here no more. */
    void (*done)(void *user, uint32_t peer, struct bytes message, const struct ledger_signature *x,
                 const bool *good, uint32_t count);
};
MUST_USE enum err verify_open(const struct verify_config *config, struct verify_pool **out);
/* Room for the questions of one message, VERIFY_QUESTIONS_MAX, until the loop goes on. */
struct ledger_signature *verify_room(struct verify_pool *p);
/* As much of that order as may be is with the workers: another message of it is ERR_BUSY. */
bool verify_full(const struct verify_pool *p, enum verify_order order);
/* Copies message and questions. ERR_BUSY: full, or no memory for it. */
MUST_USE enum err verify_start(struct verify_pool *p, enum verify_order order, uint32_t peer,
                               struct bytes message, const struct ledger_signature *x,
                               uint32_t count);
/* Nothing is told any more. The pool goes when its last message is done: turn the loop. */
void verify_close(struct verify_pool *p);

struct verify_status {
    uint32_t messages;   /* with the workers now */
    uint32_t txs_waiting; /* questions of transactions among them */
    uint64_t signatures; /* verified by workers since start */
    uint64_t shared;     /* not asked again, because another message asked already */
    uint64_t busy;       /* messages that were turned away */
};
struct verify_status verify_status(const struct verify_pool *p);

#endif
