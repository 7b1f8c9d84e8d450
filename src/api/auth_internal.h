/* auth — the header Carnet-Auth taken apart, and who it says is asking.
 *
 * A claim names a participant, one of its signing keys and an instant; the signature covers them
 * with the space, the method, the path and the body. The instant must be within API_CLOCK_SKEW_MS
 * of the node's clock. A request seen twice inside that window is answered twice, by design: what
 * changes anything is idempotent (a transaction by its id, attachments and chunks by their
 * commitments, a fetch by its right), so there is no memory of what was seen. */
#ifndef CARNET_API_AUTH_INTERNAL_H
#define CARNET_API_AUTH_INTERNAL_H

#include "api/api.h"

struct auth_claim {
    struct hash did;
    uint32_t key;
    uint64_t time_ms;
    size_t signature_len;
    uint8_t signature[SUITE_SIGNATURE_SIZE_MAX];
};

/* What a signature covers beside the space and the instant. `path` is with its query. */
struct auth_subject {
    const char *method;
    const char *path;
    struct bytes body;
};

/* ERR_ENCODING unless the header is exactly a claim of this suite. */
MUST_USE enum err auth_read(const struct suite *s, const char *text, size_t len,
                            struct auth_claim *out);
/* ERR_STALE: more than API_CLOCK_SKEW_MS from now, on either side. */
MUST_USE enum err auth_in_time(const struct auth_claim *c, uint64_t now_ms);
/* ERR_SIGNATURE: not made with this key over this. */
MUST_USE enum err auth_verify(const struct suite *s, const struct hash *space,
                              const struct auth_claim *c, const struct auth_subject *subject,
                              struct bytes public_key);

#endif
