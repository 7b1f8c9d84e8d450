/* trust — whom a light client believes: committees, one handed over by the other (FORMATS 13).
 *
 * The committee of genesis is believed because the genesis file is; each later one because the one
 * before it certified, as its last header, who follows. Pure. Page: docs/ledger.md */
#ifndef CARNET_LEDGER_TRUST_H
#define CARNET_LEDGER_TRUST_H

#include "ledger/ledger.h"

enum {
    PROOF_HAND_OVERS_MAX = 64, /* of one proof: with four seats about 200 KiB */
    PROOF_HAND_OVER_SIZE_MAX = 32 * 1024,
    TRUST_ANCHORS_MAX = 16 /* of one verifier or node: each costs it a certificate */
};

/* Which step of a proof failed: for people and tests. */
enum proof_step {
    PROOF_OK,
    PROOF_ENCODING,
    PROOF_EPOCH_KEY,
    PROOF_CERTIFICATE,
    PROOF_COMMITTEE,
    PROOF_HISTORY,
    PROOF_TX,
    PROOF_RECEIPT,
    PROOF_SIGNATURE,
    PROOF_STATE,
    PROOF_HAND_OVER, /* from one committee to the next */
    PROOF_ANCHOR,    /* an anchor says otherwise */
    PROOF_TRUST      /* a hand-over is past the trust period: a newer anchor is needed */
};
const char *proof_step_name(enum proof_step s);

/* The committees of a space as hand-overs prove them one from the other, the first from genesis:
 * nothing between is read (FORMATS 13). */
struct trust {
    uint32_t count;
    const struct committee *committee;
    const uint64_t *closed_ms; /* when the one before it closed its epoch; [0]: 0 */
};
/* What an offline verifier asks of its caller once a committee has changed: the present time, and
 * pinned certified headers. Who sat once can still sign for later epochs, so a hand-over older than
 * the trust period counts only if an anchor of that committee or a later one is among them. */
struct proof_caller {
    uint64_t now_ms;
    uint32_t anchor_count;
    const struct bytes *anchor; /* canonical CertifiedHeader each */
};

/* hand_over: canonical HandOver, in order. ERR_PROOF, ERR_ENCODING, ERR_SIZE (too many). */
MUST_USE enum err proof_follow(const struct suite *s, const struct genesis *g,
                               const struct bytes *hand_over, uint32_t count, struct arena *a,
                               struct trust *out, enum proof_step *step);
/* ... and a header that the last of these committees certified. `caller` NULL: no hand-over may be
 * among them, as in proof_verify_header and proof_verify_tx. */
MUST_USE enum err proof_verify_header_by(const struct suite *s, const struct genesis *g,
                                         const struct trust *t, const struct proof_caller *caller,
                                         struct bytes certified_header, struct arena *a,
                                         struct header *out, struct hash *hash,
                                         enum proof_step *step);
/* The block that an anchor pins. */
struct trust_anchor {
    uint64_t height, time_ms;
    struct hash hash, previous;
};
/* What the genesis file alone tells of anchors: each is certified in this space, by the committee
 * of genesis or one that is not known yet, and one chain can hold them all. Of two that contradict
 * each other *which is the later in the list and *against the other one, and *step PROOF_OK: both
 * are certified (ERR_INTEGRITY). Else ERR_ENCODING, ERR_SIZE, ERR_PROOF of *which; ERR_NO_SPACE.
 * `out` holds `count`, at most TRUST_ANCHORS_MAX. */
MUST_USE enum err trust_anchors_read(const struct suite *s, const struct genesis *g,
                                     const struct bytes *anchor, uint32_t count, struct arena *a,
                                     struct trust_anchor *out, uint32_t *which, uint32_t *against,
                                     enum proof_step *step);
MUST_USE enum err proof_encode_hand_over(struct bytes certified_header,
                                         const struct committee *next, struct arena *a,
                                         struct bytes *out);

#endif
