/* seal_internal — the messages of proto/carnet/v1/seal.proto as structs of ours.
 *
 * Only seal_codec.c and manifest_codec.c know the generated types. Encoded bytes and what a decoder
 * gives live in the arena, which is given back on an error. */
#ifndef CARNET_TRANSFER_SEAL_INTERNAL_H
#define CARNET_TRANSFER_SEAL_INTERNAL_H

#include "transfer/transfer.h"

struct reader_wrap {
    struct hash reader;
    uint32_t key, kind;
    struct bytes wrapped;
};
struct attachment_envelope {
    uint32_t suite;
    struct hash commitment;
    uint32_t wrap_count;
    struct reader_wrap wrap[TX_READERS_MAX];
    struct bytes sealed;
};

MUST_USE enum err plain_encode(const struct attachment_plain *p, struct arena *a,
                               struct bytes *out);
MUST_USE enum err plain_decode(struct bytes wire, struct arena *a, struct attachment_plain *out);
MUST_USE enum err envelope_encode(const struct attachment_envelope *e, struct arena *a,
                                  struct bytes *out);
/* ERR_ENCODING also when there are no readers, more than TX_READERS_MAX, or one of them twice. */
MUST_USE enum err envelope_decode(struct bytes wire, struct arena *a,
                                  struct attachment_envelope *out);
/* The AAD of w's key: token, right, holder, seal and use. */
MUST_USE enum err wrap_aad_encode(const struct content_wrap *w, struct arena *a, struct bytes *out);
MUST_USE enum err content_wrap_encode(const struct content_wrap *w, struct arena *a,
                                      struct bytes *out);
MUST_USE enum err content_wrap_decode(struct bytes wire, struct arena *a, struct content_wrap *out);

/* Whether the numbers of a manifest fit together: chunk size and count, sealed sizes. ERR_RANGE. */
MUST_USE enum err manifest_check(const struct manifest *m);
MUST_USE enum err chunk_aad_encode(const struct manifest *m, uint32_t index, bool final,
                                   struct arena *a, struct bytes *out);

#endif
