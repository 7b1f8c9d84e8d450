/* session — a participant at the command line: its space, its keys, its nodes, its transactions.
 *
 * Transactions are signed here, never by a node. Requests go to --node, else to the nodes of
 * nodes.json in turn, re-sent under the same id. Page: docs/cli.md */
#ifndef CARNET_CLI_SESSION_INTERNAL_H
#define CARNET_CLI_SESSION_INTERNAL_H

#include "base/clock.h"
#include "cli/cli.h"
#include "contract/contract.h"
#include "ledger/proof.h"
#include "transfer/transfer.h"

enum {
    SESSION_ARENA_SIZE = 96 * 1024 * 1024,
    SESSION_WAIT_TEXT = 64,
    SESSION_WAIT_MS = 60000,
    SESSION_SILENCE_MS = 10000,
    SESSION_OWN_PATIENCE_MS = 10000 /* the own node may be starting again */
};

struct session_node {
    uint32_t index;
    struct hash participant;
    char peer[64], api[64];
};

struct session {
    struct cli *cli;
    struct arena arena; /* lives as long as the command */
    struct genesis genesis;
    const struct suite *suite;
    uint32_t node_count;
    struct session_node node[CLI_NODES_MAX];
    uint32_t preferred; /* index into node[] tried first */
    uint32_t own;       /* index of the participant's own node; CLI_NODES_MAX: none */
    bool has_keys;
    struct hash did;
    char name[64];
    uint8_t *secret;             /* locked: signing seed 32 ‖ sealing seed 32 */
    uint32_t sign_key, seal_key; /* key ids in the document */
    void *http;                  /* cli/http.c */
    int64_t events_base; /* of the last walk over events: what is older is not known there */
};

/* Reads genesis, ca.pem, nodes.json; with `keys` also keys/NAME.key of --as (CARNET_AS, the only
 * key). The node of the participant itself is preferred. */
MUST_USE enum err session_open(struct cli *c, bool keys, struct session *out);
void session_close(struct session *s);
/* Opens a session with keys, acts in it, closes it: what most commands are. */
MUST_USE enum err session_act(struct cli *c, enum err (*act)(struct session *));

struct session_reply {
    int status;        /* HTTP */
    struct bytes body; /* in the session's arena */
};
/* One request, signed when keys are there. Tries nodes in turn while they cannot be reached;
 * ERR_UNAVAILABLE when none can. An HTTP error becomes its enum err, with the server's message
 * in cli's why. */
MUST_USE enum err session_request(struct session *s, const char *method, const char *path,
                                  struct bytes body, struct session_reply *out);
/* The same, only at the participant's own node. */
MUST_USE enum err session_request_own(struct session *s, const char *method, const char *path,
                                      struct bytes body, struct session_reply *out);
/* After a failed request: a path of the API tells a person nothing, `what` was asked for does; and
 * where it is not found, what to do, if the node did not say. Gives `e` back. */
enum err session_about(struct session *s, enum err e, const char *what, const char *hint);
MUST_USE enum err session_get_json(struct session *s, const char *path, json_t **out);
/* The height of the ledger, as the node that is asked has it. */
MUST_USE enum err session_height(struct session *s, uint64_t *out);

/* A transaction by this participant alone. nonce is drawn by session_draw; ids that depend on it
 * (rights, locks) can so be known before. */
struct session_tx {
    struct tx_body body;
    struct tx_attachment attachment[TX_ATTACHMENTS_MAX];
    struct hash id;
    struct bytes wire;
    uint64_t height, time_ms;
    uint32_t status; /* receipt */
    struct bytes receipt;
};
void session_draw(struct session *s, uint32_t method, struct session_tx *t);
/* Signs, submits, waits until it is committed, and re-sends. ERR_NONE: committed; look at
 * t->status. ERR_TIMEOUT, ERR_NO_QUORUM, or the refusal of the pool. */
MUST_USE enum err session_commit(struct session *s, struct session_tx *t, struct bytes args);
/* The parts of session_commit: sign it, submit it once (ERR_NONE also when the pool has it), and
 * look for its receipt without waiting (ERR_NOT_FOUND: in no block that the node has). */
MUST_USE enum err session_sign(struct session *s, struct session_tx *t, struct bytes args);
MUST_USE enum err session_submit(struct session *s, struct bytes wire);
MUST_USE enum err session_receipt(struct session *s, struct session_tx *t);
/* session_commit, and a receipt that is not OK becomes ERR_REFUSED (ERR_NOT_FOUND, ERR_REVOKED
 * …) with the receipt's text as why. */
MUST_USE enum err session_do(struct session *s, struct session_tx *t, struct bytes args);

/* A record of committed state as stored (without its key). ERR_NOT_FOUND. */
MUST_USE enum err session_state(struct session *s, uint16_t contract, struct bytes key,
                                struct bytes *value);
/* A participant named on the command line: a DID (64 hex or did:carnet:…), or the NAME of a key in
 * keys/NAME.did of this space directory. */
MUST_USE enum err session_party(struct session *s, const char *text, struct hash *did);
MUST_USE enum err session_did_document(struct session *s, const struct hash *did,
                                       struct did_document *out);
/* The attachment readers' sealing keys. */
MUST_USE enum err session_reader(struct session *s, const struct hash *did,
                                 struct attachment_reader *out);
/* Own X25519 sealing private key (32 bytes into locked memory given by the caller). */
void session_sealing_private(const struct session *s, uint8_t out[32]);
/* What nodes say of themselves, one after the other: seats are those of the newest committee. */
struct session_standing {
    uint32_t answer, vote, seats;
    int64_t height;
};
void session_hear_status(const json_t *status, struct session_standing *out);
/* "; there is room in 3 s", never too early; empty: it is not known. */
void session_say_wait(int64_t ms, char out[SESSION_WAIT_TEXT]);
void session_random(struct session *s, void *out, size_t size);
uint64_t session_now_ms(void);

#endif
