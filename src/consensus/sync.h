/* sync — taking a snapshot from peers that may lie, be slow, or go away: a pure state machine.
 *
 * One peer is asked for a snapshot. It is believed because a quorum certified its header, and then
 * asked for the pieces, each of which is checked against its own root: the first bad piece names
 * its liar, and another peer is asked. A snapshot of another height keeps every piece whose root is
 * the same. One honest peer is enough. Time comes in with events; what is to be sent and kept goes
 * out as effects. Which of snapshot or blocks to take is the caller's. Page: docs/consensus.md */
#ifndef CARNET_CONSENSUS_SYNC_H
#define CARNET_CONSENSUS_SYNC_H

#include "ledger/snapshot.h"

enum {
    SYNC_PEERS_MAX = GENESIS_PARTICIPANTS_MAX,
    SYNC_WINDOW_MAX = 4,  /* pieces asked for and not there yet */
    SYNC_TRIES_MAX = 3,   /* for one piece, of one peer */
    SYNC_ROUNDS_MAX = 40, /* over all peers, while one of them is still making a snapshot */
    SYNC_EFFECTS_MAX = 16
};

enum sync_phase {
    SYNC_IDLE,
    SYNC_ASKING,   /* one peer for a snapshot */
    SYNC_WAITING,  /* nobody has one yet: until the next round */
    SYNC_FETCHING, /* pieces */
    SYNC_COMPLETE, /* all of them are here */
    SYNC_PHASE_END
};
enum sync_event_kind {
    SYNC_WANT,   /* one above this height, or with blocks above `log` before it */
    SYNC_STOP,   /* not needed any more */
    SYNC_PEER,   /* from is up (yes) or down */
    SYNC_OFFER,  /* bytes: a snapshot, or none; taken up to height, whose blocks can be had */
    SYNC_PIECE,  /* bytes: a piece of the snapshot at height, or none */
    SYNC_RESUME, /* after a restart: bytes of the snapshot kept, then its pieces as SYNC_KEPT */
    SYNC_KEPT,
    SYNC_TICK,
    SYNC_EVENT_END
};
struct sync_event {
    enum sync_event_kind kind;
    uint64_t now_ms, height;
    uint64_t log; /* WANT: the newest block kept, which a lost log leaves below the state */
    uint32_t from, piece;
    bool yes;
    struct bytes bytes;
};

enum sync_effect_kind {
    SYNC_ASK_SNAPSHOT,  /* of `to`, above height */
    SYNC_ASK_PIECE,     /* of `to` */
    SYNC_KEEP_SNAPSHOT, /* durably, before any piece of it */
    SYNC_KEEP_PIECE,
    SYNC_LIAR,    /* `to` gave what does not check */
    SYNC_GIVE_UP, /* nobody has one: idle again */
    SYNC_DONE     /* every piece was kept */
};
struct sync_effect {
    enum sync_effect_kind kind;
    uint32_t to, piece;
    uint64_t height;
    struct bytes bytes;  /* for the call */
    enum proof_step why; /* LIAR: what its offer failed at; PROOF_OK: it was a piece */
};
struct sync_effects {
    uint32_t count;
    struct sync_effect effect[SYNC_EFFECTS_MAX];
};

struct sync_config {
    const struct suite *suite;
    const struct genesis *genesis;
    uint32_t self, peers;
    uint32_t retry_ms;
    size_t piece_max; /* bytes of a piece */
    /* Canonical CertifiedHeader each, which live as long: a snapshot that contradicts one is a lie,
     * and one handed over past the trust period needs one (ledger/trust.h). */
    uint32_t anchor_count;
    const struct bytes *anchor;
};
struct sync; /* opaque: lives in the arena */

size_t sync_memory(void);
MUST_USE enum err sync_init(const struct sync_config *c, struct arena *a, struct sync **out);
/* Effects are to be carried out in order. Work memory is the caller's and given back. ERR_STALE:
 * nobody waits for it; ERR_PROOF, ERR_ENCODING, …: a lie, see the effects; ERR_RANGE: no such peer.
 */
MUST_USE enum err sync_step(struct sync *s, const struct sync_event *ev, struct arena *work,
                            struct sync_effects *out);
enum sync_phase sync_phase_of(const struct sync *s);
uint64_t sync_deadline(const struct sync *s); /* UINT64_MAX: none */
/* The snapshot being fetched or complete; NULL: none. */
const struct snapshot *sync_snapshot(const struct sync *s);
uint32_t sync_missing(const struct sync *s); /* pieces */
uint32_t sync_liars(const struct sync *s);   /* lies found since init */

#endif
