/* transfer — attachments, seals, wraps and fetching, as formats and pure state machines
 * (FORMATS 7, 18, 19). Randomness comes in as bytes, time as a number. Page: docs/transfer.md */
#ifndef CARNET_TRANSFER_TRANSFER_H
#define CARNET_TRANSFER_TRANSFER_H

#include "crypto/merkle.h"
#include "crypto/sealing.h"
#include "crypto/wrap.h"
#include "ledger/genesis.h"
#include "ledger/tx.h"

enum media_type { MEDIA_BYTES = 1, MEDIA_JSON = 2, MEDIA_CONTENT_WRAP = 3, MEDIA_TEXT = 4 };
enum {
    TRANSFER_MANIFEST_SIZE_MAX = 4 * 1024 * 1024,
    TRANSFER_SEALED_ATTACHMENT_SIZE_MAX = TX_ATTACHMENT_SIZE_MAX + 16 * 1024,
    FETCH_WINDOW = 4,     /* chunks asked for or being stored at once: 16 MiB of the largest */
    FETCH_BLAMES_MAX = 8, /* wrong chunks of one fetch: at the last one it fails */
    FETCH_EFFECTS_MAX = 32
};

struct attachment_reader { /* a reader's sealing key, from its DID document */
    struct hash did;
    uint32_t key, kind; /* key id, wrap kind */
    struct bytes public_key;
};
struct attachment_plain {
    uint8_t salt[COMMIT_SALT_SIZE];
    uint32_t media_type;
    struct bytes content;
};

/* commitment = H('carnet/commit/v1', salt ‖ u32 media type ‖ content). Below, `a` needs about four
 * times the content, which is what a result may borrow; it is given back on an error. */
void attachment_commit(const struct suite *s, const struct attachment_plain *p, struct hash *out);
/* random: 32 bytes of content key, then 32 for each reader. ERR_SIZE: content or readers over their
 * limits; ERR_RANGE: no reader, a media type or key that is none, not that many random bytes;
 * ERR_DUPLICATE: a reader twice. */
MUST_USE enum err attachment_seal(const struct suite *s, const struct hash *space,
                                  const struct attachment_plain *p,
                                  const struct attachment_reader *reader, uint32_t readers,
                                  struct bytes random, struct arena *a, struct bytes *out);
struct sealed_attachment { /* everything a holder may know without a key */
    struct hash commitment;
    uint32_t reader_count;
    struct hash reader[TX_READERS_MAX];
};
MUST_USE enum err attachment_inspect(struct bytes sealed, struct arena *a,
                                     struct sealed_attachment *out);
/* ERR_FORBIDDEN: not a reader; ERR_VERSION: another suite's; ERR_UNSUPPORTED: suite gm;
 * ERR_INTEGRITY: does not open or is not what the commitment covers. */
MUST_USE enum err attachment_open(const struct suite *s, const struct hash *space,
                                  struct bytes sealed, const struct hash *reader,
                                  struct bytes private_key, struct arena *a,
                                  struct attachment_plain *out);

struct manifest {
    struct hash seal, asset, plain_root, plain_sha256;
    uint32_t suite, chunk_size, chunk_count;
    uint64_t plain_size;
    uint32_t *sealed_size;    /* chunk_count of each */
    struct hash *sealed_leaf; /* merkle leaves, tag 'carnet/chunk/v1', of the sealed chunks */
};
/* ERR_RANGE: chunk size and count, plain size and sealed sizes do not fit together. */
MUST_USE enum err manifest_encode(const struct manifest *m, struct arena *a, struct bytes *out);
MUST_USE enum err manifest_decode(struct bytes wire, struct arena *a, struct manifest *out);
void manifest_hash(const struct suite *s, struct bytes wire, struct hash *out); /* tagged */
void manifest_root(const struct suite *s, const struct manifest *m, struct hash *out);
MUST_USE enum err manifest_chunk_aad(const struct manifest *m, uint32_t index, struct arena *a,
                                     struct bytes *out);

struct content_wrap {
    struct hash token, right, seal, holder;
    uint32_t use, key, kind;
    struct bytes wrapped;
};
MUST_USE enum err content_wrap_seal(const struct content_wrap *w, struct bytes public_key,
                                    const uint8_t key[WRAP_KEY_SIZE], const uint8_t random[32],
                                    struct arena *a, struct bytes *out); /* canonical ContentWrap */
MUST_USE enum err content_wrap_open(struct bytes wire, struct bytes private_key, struct arena *a,
                                    struct content_wrap *what, uint8_t key[WRAP_KEY_SIZE]);

/* fetch — getting all sealed chunks of a manifest, surviving cuts: a bitmap of those verified and
 * durable, at most FETCH_WINDOW asked for, again after a cut or a timeout, never once durable. */
enum fetch_state { FETCH_WAITING, FETCH_RUNNING, FETCH_DONE, FETCH_FAILED };
enum fetch_event_kind { FETCH_LINK_UP, FETCH_LINK_DOWN, FETCH_CHUNK, FETCH_STORED, FETCH_TICK };
struct fetch_event {
    enum fetch_event_kind kind;
    uint64_t now_ms;
    uint32_t index;     /* CHUNK, STORED */
    struct bytes chunk; /* CHUNK */
};
enum fetch_effect_kind { FETCH_ASK, FETCH_STORE, FETCH_ACK, FETCH_FINISH, FETCH_BLAME };
struct fetch_effects {
    uint32_t count;
    struct fetch_effect {
        enum fetch_effect_kind kind;
        uint32_t index;
        struct bytes chunk; /* STORE: verified against its leaf */
    } effect[FETCH_EFFECTS_MAX];
};
struct fetch; /* opaque */
/* `have` (may be NULL) marks chunks already durable from before: a bitmap of chunk_count bits, the
 * lowest bit of a byte first. The manifest's tables must outlive the fetch. ERR_RANGE: no chunk or
 * too many, no timeout. */
MUST_USE enum err fetch_init(const struct suite *s, const struct manifest *m, const uint8_t *have,
                             uint32_t timeout_ms, struct arena *a, struct fetch **out);
/* STORED says that a STORE is durable, link or no link; an ACK that finds no link may be dropped.
 * On an error there are no effects and nothing moved: ERR_STATE no meaning here (any event once
 * DONE or FAILED), ERR_STALE a chunk that is not asked for now, ERR_RANGE an index past the last.
 */
MUST_USE enum err fetch_step(struct fetch *f, const struct fetch_event *ev,
                             struct fetch_effects *out);
struct fetch_status {
    enum fetch_state state;
    uint32_t chunks, durable, asked, resumed_from; /* resumed_from: durable at the last reconnect */
    uint64_t deadline_ms;                          /* a TICK is due then; 0: nothing is asked for */
};
struct fetch_status fetch_status(const struct fetch *f);

#endif
