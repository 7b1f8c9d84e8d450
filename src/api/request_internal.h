/* request — one call of the API between its arrival and its answer, without a socket.
 *
 * A handler reads `args`, `body` and `actor`, asks the node, and leaves its answer in `reply`. What
 * it allocates from `arena` is gone when it returns; the reply's bytes are malloc'ed and owned by
 * the request. */
#ifndef CARNET_API_REQUEST_INTERNAL_H
#define CARNET_API_REQUEST_INTERNAL_H

#include "api/auth_internal.h"
#include "api/names_internal.h"
#include "api/route_internal.h"
#include "api/sessions_internal.h"
#include "api/stream_internal.h"
#include "api/words_internal.h"
#include "base/json.h"

enum { API_MESSAGE_SIZE = 240, API_REPLY_SIZE_MAX = 32 * 1024 * 1024 };
enum { API_REPLY_HEADROOM = 32 }; /* free bytes before the reply, for whoever frames it */

enum api_keep { API_KEEP_NEVER, API_KEEP_FOREVER }; /* may a browser keep the answer? */

struct api_reply {
    int status;
    const char *type;
    uint8_t *memory; /* API_REPLY_HEADROOM ‖ len bytes */
    size_t len;
    enum api_keep keep;
    bool page; /* of the console: with the headers that fence it in */
};

/* What the requests of one server share. */
struct api_shared {
    struct sessions sessions;
    struct stream_seats seats;
    struct words words;
    struct names names;
};

struct api_request {
    struct node *node;
    struct api_shared *shared;
    const struct api_route *route;
    struct api_args args;
    struct bytes body;
    struct hash actor; /* participant and own routes */
    bool has_word;     /* it came with a session's word, which is good for reading */
    struct session_word word;
    struct stream stream; /* on: the reply is only the beginning, request_more gives the rest */
    struct arena arena;
    bool may_wait;   /* the answer may be "not yet" */
    bool not_yet;    /* set by the handler instead of a reply */
    bool has_ticket; /* of a batch whose signatures are being verified */
    uint32_t ticket;
    uint32_t looked; /* so many of a batch's transactions are known to be committed */
    bool seen;       /* a fetch's state at the first look is in `first` */
    struct node_fetch first;
    char message[API_MESSAGE_SIZE]; /* of the error that the handler returns; empty: its text */
    const char *hint;
    uint64_t retry_ms; /* with a 429 or 503: Retry-After; 0: it is not known */
    const char *allow; /* with a 405: a method that the path does take */
    struct api_reply reply;
};

/* Run the route's handler once; afterwards there is a reply, or not_yet is set. */
void request_run(struct api_request *q);
/* An error as the reply, `{"error":{"code","message","hint"}}`; status 0: that of err.h. */
void request_refuse(struct api_request *q, enum err e, int status);
/* Say more than the error's text; gives back `e`. */
__attribute__((format(printf, 4, 5))) enum err request_fail(struct api_request *q, enum err e,
                                                            const char *hint, const char *format,
                                                            ...);
void request_free_reply(struct api_request *q);
void request_end(struct api_request *q); /* nobody waits for it any more */

/* Who asks: sets q->actor or says why not. `claim` is NULL without Carnet-Auth, `peer` is the
 * participant of a TLS client certificate, or NULL. */
MUST_USE enum err request_actor(struct api_request *q, const struct auth_claim *claim,
                                const struct hash *peer, const struct auth_subject *subject);

/* The next piece of a stream as the reply; no reply: nothing to say now. ERR_NOT_FOUND: the session
 * has ended or the stream is too old; any error ends the stream. */
MUST_USE enum err request_more(struct api_request *q);

/* Answers for handlers. reply_json takes `j`. */
MUST_USE enum err reply_json(struct api_request *q, int status, json_t *j);
MUST_USE enum err reply_bytes(struct api_request *q, struct bytes body);
MUST_USE enum err reply_typed(struct api_request *q, const char *type, struct bytes body);

/* Handlers, one a row of the table. */
api_handler get_status, get_genesis, post_tx, post_txs, post_proofs, get_tx, get_tx_proof,
    get_state, get_state_proof, get_block, get_events, get_txs, get_pending, put_attachment,
    get_attachment, put_manifest, put_chunk, get_manifest, get_chunk, get_scrub, post_fetch,
    get_fetch, post_session, delete_session, get_space, get_words, get_tokens, get_token, get_right,
    get_lock, get_stream, get_console;

/* transport.c: SHA-256 of the node's certificate and of its public key (SubjectPublicKeyInfo). */
MUST_USE enum err transport_pins(const struct node *n, struct hash *certificate, struct hash *key);

#endif
