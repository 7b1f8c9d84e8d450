#include "api/request_internal.h"

#include "node/batch.h"

/* Work memory of one call. It is virtual until it is touched; decoding amplifies (base/canon.h). */
enum {
    ARENA_SMALL = 256 * 1024,
    ARENA_TX = 8 * 1024 * 1024,
    ARENA_PROOF = 8 * PROOF_SIZE_MAX,
    ARENA_BLOCK = 4 * BLOCK_SIZE_MAX + ARENA_TX,
    ARENA_PROOFS = 64 * 1024 * 1024,
    ARENA_EVENTS = 16 * 1024 * 1024,
    ARENA_ATTACHMENT = 3 * TRANSFER_SEALED_ATTACHMENT_SIZE_MAX,
    ARENA_MANIFEST = 8 * TRANSFER_MANIFEST_SIZE_MAX,
    ARENA_CHUNK = 2 * SEALING_CHUNK_MAX
};
/* A chunk that does not shrink grows by its frame, its padding and its tag (crypto/sealing.h). */
enum { CHUNK_BODY_MAX = SEALING_CHUNK_MAX + 64 * 1024 };
_Static_assert((int)TRANSFER_SEALED_ATTACHMENT_SIZE_MAX <= (int)API_BODY_SIZE_MAX,
               "attachments fit");
_Static_assert((int)CHUNK_BODY_MAX <= (int)API_BODY_SIZE_MAX, "chunks fit a body");
/* With the length of each; the proofs are there, and once more in the reply, beside the ids. */
enum { PROOFS_REPLY_MAX = NODE_BATCH_PROOFS_SIZE_MAX + 4 * NODE_BATCH_PROOFS_BLOCKS_MAX };
_Static_assert((int)PROOFS_REPLY_MAX <= (int)API_REPLY_SIZE_MAX, "proofs fit a reply");
_Static_assert(2 * PROOFS_REPLY_MAX + 64 * NODE_BATCH_TXS_MAX <= ARENA_PROOFS, "and their arena");

/* What pages of transactions may be asked by. */
enum {
    QUERY_TXS = API_QUERY_FROM | API_QUERY_INDEX | API_QUERY_MAX | API_QUERY_AUTHOR |
                API_QUERY_METHOD | API_QUERY_SINCE | API_QUERY_UNTIL
};

static const struct api_route ROUTES[] = {
    { "GET", "/v1/status", API_OPEN, API_NOTHING, API_JSON, 0, 0, ARENA_SMALL,
      "how this node stands", get_status },
    { "GET", "/v1/genesis", API_PARTICIPANT, API_NOTHING, API_BYTES, 0, 0, ARENA_SMALL,
      "the genesis file", get_genesis },
    { "POST", "/v1/tx", API_PARTICIPANT, API_BYTES, API_JSON, 0, TX_SIZE_MAX, ARENA_SMALL,
      "submit a canonical Tx to the pool", post_tx },
    { "POST", "/v1/txs", API_PARTICIPANT, API_BYTES, API_JSON, 0, NODE_BATCH_SIZE_MAX, ARENA_SMALL,
      "submit several canonical Tx, each after its length in 4 bytes", post_txs },
    { "POST", "/v1/proofs", API_PARTICIPANT, API_BYTES, API_BYTES, API_QUERY_WAIT,
      NODE_BATCH_TXS_MAX *HASH_SIZE, ARENA_PROOFS,
      "several ids of 32 bytes: canonical BlockProofs, each after its length", post_proofs },
    { "GET", "/v1/tx/{tx}", API_PARTICIPANT, API_NOTHING, API_JSON, API_QUERY_WAIT, 0, ARENA_TX,
      "a committed transaction and its receipt", get_tx },
    { "GET", "/v1/tx/{tx}/proof", API_PARTICIPANT, API_NOTHING, API_BYTES, 0, 0, ARENA_PROOF,
      "its canonical TxProof", get_tx_proof },
    { "GET", "/v1/state/{contract}/{key}", API_PARTICIPANT, API_NOTHING, API_JSON, 0, 0,
      ARENA_SMALL, "a record of committed state", get_state },
    { "GET", "/v1/state/{contract}/{key}/proof", API_PARTICIPANT, API_NOTHING, API_JSON, 0, 0,
      ARENA_PROOF, "a record, or its absence, with its proof", get_state_proof },
    { "GET", "/v1/blocks/{height}", API_PARTICIPANT, API_NOTHING, API_JSON, 0, 0, ARENA_BLOCK,
      "a committed block", get_block },
    { "GET", "/v1/events", API_PARTICIPANT, API_NOTHING, API_JSON,
      API_QUERY_SUBJECT | API_QUERY_TYPE | QUERY_TXS, 0, ARENA_EVENTS,
      "events in order: of a subject, an author, a kind, a method, a time, or all", get_events },
    { "GET", "/v1/txs", API_PARTICIPANT, API_NOTHING, API_JSON, QUERY_TXS, 0, ARENA_SMALL,
      "transactions in order, those that failed too: of an author, a method, a time, or all",
      get_txs },
    { "GET", "/v1/pending", API_PARTICIPANT, API_NOTHING, API_JSON, API_QUERY_FROM, 0, ARENA_EVENTS,
      "pending uses of the brokered rights that the asker granted", get_pending },
    { "PUT", "/v1/attachments", API_OWN, API_BYTES, API_JSON, 0,
      TRANSFER_SEALED_ATTACHMENT_SIZE_MAX, ARENA_ATTACHMENT,
      "leave a canonical SealedAttachment before its transaction", put_attachment },
    { "GET", "/v1/attachments/{commitment}", API_PARTICIPANT, API_NOTHING, API_BYTES, 0, 0,
      ARENA_ATTACHMENT, "a SealedAttachment, only to a reader", get_attachment },
    { "PUT", "/v1/seals/{seal}/manifest", API_OWN, API_BYTES, API_JSON, 0,
      TRANSFER_MANIFEST_SIZE_MAX, ARENA_MANIFEST, "leave a canonical SealManifest", put_manifest },
    { "PUT", "/v1/seals/{seal}/chunks/{index}", API_OWN, API_BYTES, API_JSON, 0, CHUNK_BODY_MAX,
      ARENA_SMALL, "leave a sealed chunk", put_chunk },
    { "GET", "/v1/seals/{seal}/manifest", API_OWN, API_NOTHING, API_BYTES, 0, 0, ARENA_MANIFEST,
      "the manifest of a seal", get_manifest },
    { "GET", "/v1/seals/{seal}/chunks/{index}", API_OWN, API_NOTHING, API_BYTES, 0, 0, ARENA_CHUNK,
      "a sealed chunk", get_chunk },
    { "GET", "/v1/seals/{seal}/scrub/{index}", API_OWN, API_NOTHING, API_JSON, 0, 0, ARENA_SMALL,
      "read chunks back from the disk, from this one on, and say which are not whole", get_scrub },
    { "POST", "/v1/fetches/{right}", API_OWN, API_NOTHING, API_JSON, 0, 0, ARENA_SMALL,
      "fetch the sealed chunks of a right", post_fetch },
    { "GET", "/v1/fetches/{right}", API_OWN, API_NOTHING, API_JSON, API_QUERY_WAIT, 0, ARENA_SMALL,
      "how a fetch stands", get_fetch },
    { "POST", "/v1/sessions", API_PARTICIPANT, API_NOTHING, API_JSON, 0, 0, ARENA_SMALL,
      "open a session of the console, which only reads", post_session },
    { "DELETE", "/v1/sessions", API_SESSION, API_NOTHING, API_JSON, 0, 0, ARENA_SMALL,
      "end the session that asks", delete_session },
    { "GET", "/v1/space", API_PARTICIPANT, API_NOTHING, API_JSON, 0, 0, ARENA_SMALL,
      "the space: participants, currencies, nodes as this node sees them", get_space },
    { "GET", "/v1/words", API_PARTICIPANT, API_NOTHING, API_JSON, 0, 0, ARENA_SMALL,
      "the prose of the law that the space began with", get_words },
    { "GET", "/v1/tokens", API_PARTICIPANT, API_NOTHING, API_JSON, API_QUERY_FROM | API_QUERY_INDEX,
      0, ARENA_EVENTS, "tokens in the order of their minting", get_tokens },
    { "GET", "/v1/tokens/{token}", API_PARTICIPANT, API_NOTHING, API_JSON, 0, 0, ARENA_SMALL,
      "a token's record", get_token },
    { "GET", "/v1/rights/{right}", API_PARTICIPANT, API_NOTHING, API_JSON, 0, 0, ARENA_SMALL,
      "a right's record, with its verdict", get_right },
    { "GET", "/v1/locks/{lock}", API_PARTICIPANT, API_NOTHING, API_JSON, 0, 0, ARENA_SMALL,
      "a payment lock's record", get_lock },
    { "GET", "/v1/stream", API_PARTICIPANT, API_NOTHING, API_EVENTS,
      API_QUERY_FROM | API_QUERY_INDEX, 0, ARENA_SMALL,
      "events as they are committed, from a place of the ledger on", get_stream },
    { "GET", "/console", API_OPEN, API_NOTHING, API_PAGE, 0, 0, ARENA_SMALL, "the console",
      get_console },
    { "GET", "/console/", API_OPEN, API_NOTHING, API_PAGE, 0, 0, ARENA_SMALL, "the console",
      get_console },
    { "GET", "/console/{file}", API_OPEN, API_NOTHING, API_PAGE, 0, 0, ARENA_SMALL,
      "a file of the console", get_console },
};

const struct api_route *api_routes(size_t *count)
{
    *count = COUNT(ROUTES);
    return ROUTES;
}
