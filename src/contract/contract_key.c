/* Where records are, and the ids and chains that follow from what is known. */
#include "contract/key_internal.h"

#define QUOTE_TAG "carnet/quote/v1"

static struct contract_key key_of(uint16_t contract, enum contract_key_kind kind,
                                  const struct hash *h, const uint32_t *number, size_t count)
{
    struct contract_key k = { .contract = contract };
    struct buf b = buf_over(k.b, sizeof(k.b));
    buf_put_u8(&b, (uint8_t)kind);
    if (h != NULL) {
        buf_put_hash(&b, h);
    }
    for (size_t i = 0; i < count; i++) {
        buf_put_u32(&b, number[i]);
    }
    ASSERT(!b.full);
    k.len = (uint8_t)b.len;
    return k;
}

struct bytes contract_key_bytes(const struct contract_key *k)
{
    return bytes_of(k->b, k->len);
}
struct contract_key contract_key_did(const struct hash *did)
{
    return key_of(CONTRACT_DID, KEY_MAIN, did, NULL, 0);
}
struct contract_key contract_key_token(const struct hash *token)
{
    return key_of(CONTRACT_TOKEN, KEY_MAIN, token, NULL, 0);
}
struct contract_key contract_key_right(const struct hash *right)
{
    return key_of(CONTRACT_RIGHT, KEY_MAIN, right, NULL, 0);
}
struct contract_key contract_key_counter(const struct hash *entity, uint32_t regime, uint32_t kind,
                                         uint32_t period, uint32_t slot)
{
    return key_of(CONTRACT_RIGHT, KEY_COUNTER, entity,
                  (const uint32_t[]){ regime, kind, period, slot }, 4);
}
struct contract_key contract_key_attachment(const struct hash *transaction, uint32_t index)
{
    return key_of(CONTRACT_ATTACHMENT, KEY_MAIN, transaction, &index, 1);
}
struct contract_key contract_key_balance(const struct hash *did, uint32_t currency)
{
    return key_of(CONTRACT_MONEY, KEY_MAIN, did, &currency, 1);
}
struct contract_key contract_key_lock(const struct hash *lock)
{
    return key_of(CONTRACT_MONEY, KEY_LOCK, lock, NULL, 0);
}
struct contract_key contract_key_issued(uint32_t currency)
{
    return key_of(CONTRACT_MONEY, KEY_ISSUED, NULL, &currency, 1);
}
struct contract_key contract_key_quote(const struct hash *quote)
{
    return key_of(CONTRACT_MONEY, KEY_QUOTE, quote, NULL, 0);
}
struct contract_key contract_key_quote_ring(const struct hash *oracle)
{
    return key_of(CONTRACT_MONEY, KEY_QUOTE_RING, oracle, NULL, 0);
}
struct contract_key contract_key_quote_slot(const struct hash *oracle, uint32_t slot)
{
    return key_of(CONTRACT_MONEY, KEY_QUOTE_SLOT, oracle, &slot, 1);
}
struct contract_key contract_key_pack_active(void)
{
    return key_of(CONTRACT_PACK, KEY_MAIN, NULL, NULL, 0);
}
struct contract_key contract_key_versions(void)
{
    return key_of(CONTRACT_GOVERNANCE, KEY_VERSIONS, NULL, NULL, 0);
}
struct contract_key contract_key_pack_piece(const struct hash *set, uint32_t index)
{
    return key_of(CONTRACT_PACK, KEY_PIECE, set, &index, 1);
}
struct contract_key contract_key_proposal(const struct hash *proposal)
{
    return key_of(CONTRACT_GOVERNANCE, KEY_MAIN, proposal, NULL, 0);
}
struct contract_key contract_key_seat_change(const struct hash *change)
{
    return key_of(CONTRACT_GOVERNANCE, KEY_SEAT, change, NULL, 0);
}
struct contract_key contract_key_evidence(const struct hash *value)
{
    return key_of(CONTRACT_EVIDENCE, KEY_MAIN, value, NULL, 0);
}

static void derived_id(const struct suite *s, const char *tag, const struct hash *a,
                       const struct hash *b, const uint8_t nonce[TX_NONCE_SIZE], struct hash *out)
{
    uint8_t memory[2 * HASH_SIZE + TX_NONCE_SIZE];
    struct buf x = buf_over(memory, sizeof(memory));
    buf_put_hash(&x, a);
    buf_put_hash(&x, b);
    buf_put(&x, bytes_of(nonce, TX_NONCE_SIZE));
    hash_tagged(s, tag, buf_bytes(&x), out);
}

void contract_right_id(const struct suite *s, const struct hash *token, const struct hash *holder,
                       const uint8_t nonce[TX_NONCE_SIZE], struct hash *out)
{
    derived_id(s, "carnet/right/v1", token, holder, nonce, out);
}

void contract_lock_id(const struct suite *s, const struct hash *payer, const struct hash *payee,
                      const uint8_t nonce[TX_NONCE_SIZE], struct hash *out)
{
    derived_id(s, "carnet/lock/v1", payer, payee, nonce, out);
}

void contract_quote_id(const struct suite *s, const struct money_quote *q, struct hash *out)
{
    derived_id(s, "carnet/quote-id/v1", &q->space, &q->oracle, q->serial, out);
}

void contract_quote_sign(const struct suite *s, const uint8_t seed[SUITE_SECRET_SIZE],
                         struct bytes quote, uint8_t *signature)
{
    suite_sign_tagged(s, seed, QUOTE_TAG, quote, signature);
}

bool contract_quote_verify(const struct suite *s, struct bytes public_key, struct bytes quote,
                           struct bytes signature)
{
    return suite_verify_tagged(s, public_key, QUOTE_TAG, quote, signature);
}

void contract_proposal_id(const struct suite *s, const struct hash *proposer,
                          const struct hash *value, const uint8_t nonce[TX_NONCE_SIZE],
                          struct hash *out)
{
    derived_id(s, "carnet/proposal/v1", proposer, value, nonce, out);
}

void contract_chain_extend(const struct suite *s, struct event_chain *chain, struct bytes event)
{
    struct hash next;
    hash_tagged2(s, "carnet/events/v1", bytes_of_hash(&chain->chain), event, &next);
    chain->chain = next;
    chain->count++;
}

void contract_pack_hash(const struct suite *s, struct bytes set, struct hash *out)
{
    hash_tagged(s, "carnet/packset/v1", set, out);
}

void contract_seat_change_hash(const struct suite *s, struct bytes change, struct hash *out)
{
    hash_tagged(s, "carnet/seat-change/v1", change, out);
}

const struct hash *contract_pack_at(const struct pack_active_record *r, uint64_t height)
{
    bool pending = hash_is_zero(&r->next) || height < r->next_height;
    return pending ? &r->set : &r->next;
}
