/* right_internal — what the files about rights, and the money that pays for them, share. */
#ifndef CARNET_CONTRACT_RIGHT_INTERNAL_H
#define CARNET_CONTRACT_RIGHT_INTERNAL_H

#include "contract/contract_internal.h"

/* No use after freeze, revoke or expiry, of the token or of the right (DESIGN 8). */
MUST_USE enum err right_need_usable(struct contract_call *k, const struct token_record *t,
                                    const struct right_record *r);
/* The transaction's attachment that carries a wrap for this holder. */
MUST_USE enum err right_find_wrap(struct contract_call *k, const struct hash *wrap,
                                  const struct hash *holder, uint32_t *index);
/* What USE is on a brokered right: it opens the use, RELEASE makes it (FORMATS 19). */
MUST_USE enum err right_use_pending(struct contract_call *k, struct token_record *t,
                                    struct right_record *r, uint32_t use);
/* The holder has acknowledged a wrap of this right; `newest` looks at the newest one alone. */
MUST_USE enum err right_is_delivered(struct contract_call *k, const struct right_record *r,
                                     bool *out);
/* The lock of a right was paid back, or the right revoked: what its grant reserved in counters is
 * given back, once, when nothing was handed over under it. Revoking gives back under brokered
 * custody only: a wrap that went with the grant may have been read without a word (ADR 0026). */
MUST_USE enum err right_refunded(struct contract_call *k, const struct right_record *r);
MUST_USE enum err right_ended(struct contract_call *k, const struct right_record *r, bool refunded);
MUST_USE enum err money_is_refunded(struct contract_call *k, const struct right_record *r,
                                    bool *out);
/* A lock that pays for this right, if there is one, can still be or is settled. */
MUST_USE enum err money_need_standing(struct contract_call *k, const struct right_record *r);

#endif
