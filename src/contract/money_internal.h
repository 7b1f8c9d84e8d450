/* money_internal — what locks and quotes share: accounts, and the taking of a quote. */
#ifndef CARNET_CONTRACT_MONEY_INTERNAL_H
#define CARNET_CONTRACT_MONEY_INTERNAL_H

#include "contract/contract_internal.h"

/* Judge and use up the quote of a lock and set aside its oracle's leg: canonical money_exchange. */
MUST_USE enum err money_quote_take(struct contract_call *k, const struct money_lock *x,
                                   struct bytes *exchange);
/* A positive amount in and out of an account: LIMIT; FUNDS. */
MUST_USE enum err money_credit(struct contract_call *k, const struct hash *did,
                               const struct amount *a);
MUST_USE enum err money_debit(struct contract_call *k, const struct hash *did,
                              const struct amount *a);

#endif
