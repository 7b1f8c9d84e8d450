/* did_internal — what contracts ask of a participant's document, read where it lies.
 *
 * A document is read by every signature, role and jurisdiction that is looked up, and holds up to
 * 128 keys of which one is wanted. The view walks its canonical bytes once and remembers where the
 * keys are; it takes exactly the values that did_record_decode takes, and says of them what that
 * would say. Page: docs/contract.md */
#ifndef CARNET_CONTRACT_DID_INTERNAL_H
#define CARNET_CONTRACT_DID_INTERNAL_H

#include "contract/contract.h"

struct did_view {
    struct hash id;
    struct bytes keys; /* encoded, in their order; borrowed from the value */
    uint32_t key_count;
    uint32_t jurisdiction;
    uint32_t role_count;
    uint32_t role[DID_ROLES_MAX];
};

/* `wire` is a did_record as state holds it. ERR_ENCODING: did_record_decode would refuse it. */
MUST_USE enum err did_view_read(struct bytes wire, struct did_view *out);
bool did_view_has_role(const struct did_view *v, enum did_role role);
/* The first key of this id that signs under this suite, borrowed: ERR_NOT_FOUND. */
MUST_USE enum err did_view_signing_key(const struct did_view *v, uint32_t suite, uint32_t key,
                                       struct bytes *public_key);

struct contract_call;
/* From state, with the errors of the typed loads. It lives as long as the value. */
MUST_USE enum err did_view_load(struct contract_call *k, const struct hash *did,
                                struct did_view *out);

#endif
