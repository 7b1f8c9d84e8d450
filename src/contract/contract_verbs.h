/* contract_verbs — encode and decode, ids, event chains and the conservation of money.
 *
 * Other modules include contract/contract.h, which brings this one. Page: docs/contract.md */
#ifndef CARNET_CONTRACT_CONTRACT_VERBS_H
#define CARNET_CONTRACT_CONTRACT_VERBS_H

#include "contract/contract_events.h"

/* token_mint_encode(const struct token_mint *, arena, bytes *out) and so on for every message:
 * canonical bytes in the arena. ERR_SIZE: a list longer than its array, or longer bytes than state
 * holds; ERR_NO_SPACE. Decode: also ERR_ENCODING; struct bytes members borrow from the arena. */
#define X(name)                                                                                 \
    MUST_USE enum err name##_encode(const struct name *in, struct arena *a, struct bytes *out); \
    MUST_USE enum err name##_decode(struct bytes wire, struct arena *a, struct name *out);
CONTRACT_ARGS(X)
CONTRACT_RECORDS(X)
CONTRACT_BODIES(X)
#undef X

/* Ids that follow from a transaction: a party knows them before it is committed. */
void contract_right_id(const struct suite *s, const struct hash *token, const struct hash *holder,
                       const uint8_t nonce[TX_NONCE_SIZE], struct hash *out);
void contract_lock_id(const struct suite *s, const struct hash *payer, const struct hash *payee,
                      const uint8_t nonce[TX_NONCE_SIZE], struct hash *out);
/* One use for each: of (space, oracle, serial). */
void contract_quote_id(const struct suite *s, const struct money_quote *q, struct hash *out);
void contract_proposal_id(const struct suite *s, const struct hash *proposer,
                          const struct hash *value, const uint8_t nonce[TX_NONCE_SIZE],
                          struct hash *out);

/* The oracle's signature over a quote's canonical bytes, under 'carnet/quote/v1' (FORMATS 20). */
void contract_quote_sign(const struct suite *s, const uint8_t seed[SUITE_SECRET_SIZE],
                         struct bytes quote, uint8_t *signature);
bool contract_quote_verify(const struct suite *s, struct bytes public_key, struct bytes quote,
                           struct bytes signature);

/* chain = H('carnet/events/v1', chain ‖ event), count + 1 (FORMATS 16). */
void contract_chain_extend(const struct suite *s, struct event_chain *chain, struct bytes event);

/* The hash of a pack set, as PACK_PUT and proposals name it: H('carnet/packset/v1', bytes). */
void contract_pack_hash(const struct suite *s, struct bytes set, struct hash *out);

/* A version set as a proposal's value: zeros, then major, minor and number, 4 bytes each. False: it
 * is not one. `height` is not part of it. */
void contract_version_value(const struct version_set *v, struct hash *out);
bool contract_version_read(const struct hash *value, struct version_set *out);
/* What the record says of a height; of what it does not say, *now and *next stay as they are. */
void contract_version_at(const struct pack_active_record *r, uint64_t height,
                         struct version_set *now, struct version_set *next);

/* The name of a change of a seat, of its canonical args: H('carnet/seat-change/v1', bytes). */
void contract_seat_change_hash(const struct suite *s, struct bytes change, struct hash *out);

/* What is in force at a height: a pending set counts from its height on. */
const struct hash *contract_pack_at(const struct pack_active_record *r, uint64_t height);

/* Conservation over a walk of all stored values: sum of balances and of both legs of open locks =
 * what was issued, in every currency (DESIGN 8). `add` takes each stored value (1-byte key length ‖
 * key ‖ value). */
struct contract_conservation {
    uint32_t currency_count;
    struct amount held[GENESIS_CURRENCIES_MAX], issued[GENESIS_CURRENCIES_MAX];
};
void contract_conservation_init(struct contract_conservation *w, uint32_t currency_count);
MUST_USE enum err contract_conservation_add(struct contract_conservation *w, uint16_t contract,
                                            struct bytes stored, struct arena *scratch);
/* ERR_INTEGRITY when value was made or lost. */
MUST_USE enum err contract_conservation_check(const struct contract_conservation *w);

#endif
