#include "node/replica_parts_internal.h"
#include "node/verify_internal.h"

/* What a message will make the ledger verify, asked before it is handled. Nothing changes here. */

static uint32_t ask_txs(struct replica *r, struct bytes message, struct ledger_signature *out,
                        uint32_t max)
{
    struct peer_message m;
    uint32_t n = 0;
    if (peer_decode(message, r->message_max, &r->work, &m) != ERR_NONE) {
        return 0;
    }
    for (uint32_t i = 0; i < m.txs->count && n + TX_SIGNERS_MAX <= max; i++) {
        uint32_t asked = 0;
        if (ledger_admission(r->ledger, m.txs->tx[i], r->now_ms, out + n, &asked) == ERR_NONE) {
            n += asked;
        }
    }
    return n;
}

/* From another seat than the one that leads a block is refused before anything of it is verified.
 */
static uint32_t ask_block(struct replica *r, uint32_t peer, struct bytes message,
                          struct ledger_signature *out, uint32_t max)
{
    enum { PROPOSE_BLOCK = 2 }; /* the field of Propose in proto/carnet/v1/peer.proto */
    uint32_t n = 0;
    struct bytes block = peer_field(peer_field(message, PEER_PROPOSE), PROPOSE_BLOCK);
    if (!r->started || r->seat_of[peer] != pbft_status(r->pbft).primary || block.len == 0 ||
        ledger_block_admission(r->ledger, block, out, max, &n) != ERR_NONE) {
        return 0;
    }
    return n;
}

void replica_questions(struct replica *r, uint64_t now_ms, uint32_t peer, struct bytes message,
                       struct ledger_signature *out, uint32_t max, uint32_t *count)
{
    *count = 0;
    if (peer >= r->peer_count || r->broken) {
        return;
    }
    r->now_ms = now_ms;
    arena_reset(&r->work);
    enum peer_kind kind = peer_kind_of(message);
    if (kind == PEER_TRANSACTIONS) {
        *count = ask_txs(r, message, out, max);
    } else if (kind == PEER_PROPOSE) {
        *count = ask_block(r, peer, message, out, max);
    }
    arena_reset(&r->work);
}
