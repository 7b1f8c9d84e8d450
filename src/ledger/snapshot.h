/* snapshot — the whole state after a certified header, in pieces that are checked one by one.
 *
 * The state tree is cut by the first `depth` bits of its keys. A snapshot carries the root of each
 * piece; together they come to the state root that a quorum certified, so a piece that hashes to
 * its root is right, whoever gave it, and one that does not names its liar. Of the history it
 * carries frontiers, and the header of the oldest block that a joiner still needs (its replay
 * window, FORMATS 15), proved through the history root. Pure. Page: docs/ledger.md */
#ifndef CARNET_LEDGER_SNAPSHOT_H
#define CARNET_LEDGER_SNAPSHOT_H

#include "ledger/proof.h"

enum {
    SNAPSHOT_DEPTH_MAX = 12,
    SNAPSHOT_PIECES_MAX = 1 << SNAPSHOT_DEPTH_MAX,
    SNAPSHOT_SIZE_MAX = 768 * 1024, /* of what is certain before the first piece */
    SNAPSHOT_ENTRIES_MAX = 16384    /* of one piece */
};

struct snapshot {
    struct bytes wire;
    struct bytes certified; /* canonical CertifiedHeader */
    struct bytes header_bytes;
    struct header header;
    struct hash hash;
    struct bytes first_bytes; /* header of the oldest block that a joiner needs */
    struct header first;
    struct merkle_path first_path;
    struct merkle_frontier before;  /* over the headers below `first` */
    struct merkle_frontier history; /* over the headers up to and with this one */
    uint32_t depth;
    const struct state_subtree *piece; /* 2^depth */
    uint32_t hand_over_count;
    const struct bytes *hand_over; /* canonical HandOver each, to the committee that certified it */
};
struct snapshot_entry {
    uint16_t contract;
    struct hash tree_key;
    struct bytes stored; /* with its own key */
};

/* Takes certified, first_bytes, first_path, before, depth, piece, and as `history` the frontier
 * over the headers below this one. */
MUST_USE enum err snapshot_encode(const struct snapshot *s, struct arena *a, struct bytes *out);
/* Everything but the pieces themselves. `caller` and *step as in proof_verify_header_by. ERR_PROOF,
 * ERR_ENCODING, ERR_SIZE, ERR_NO_SPACE. */
MUST_USE enum err snapshot_verify(const struct suite *s, const struct genesis *g,
                                  const struct proof_caller *caller, struct bytes wire,
                                  struct arena *a, struct snapshot *out, enum proof_step *step);
/* The oldest block that whoever stands at `tip` needs, seen from `from` downwards: whether a block
 * of this time may hold a transaction whose window is still open, or be named by a last commit. */
bool snapshot_needs(const struct genesis *g, const struct header *tip, uint64_t height,
                    uint64_t time_ms);

/* Which piece a tree key is in. */
uint32_t snapshot_piece_of(const struct hash *tree_key, uint32_t depth);
/* Entries by ascending tree key. `piece` is what they come to: ERR_RANGE unless they are ascending
 * and all of one piece, ERR_SIZE. */
MUST_USE enum err snapshot_piece_root(const struct suite *s, const struct snapshot_entry *entry,
                                      uint32_t count, uint32_t depth, struct arena *a,
                                      struct state_subtree *piece);
MUST_USE enum err snapshot_piece_encode(const struct snapshot_entry *entry, uint32_t count,
                                        size_t size_max, struct arena *a, struct bytes *out);
/* Decode and check one piece. ERR_PROOF: it is not what the snapshot says. */
MUST_USE enum err snapshot_piece_verify(const struct suite *s, const struct snapshot *snapshot,
                                        uint32_t piece, struct bytes wire, size_t size_max,
                                        struct arena *a, struct snapshot_entry **out,
                                        uint32_t *count);

#endif
