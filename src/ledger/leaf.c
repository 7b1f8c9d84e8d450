#include "ledger/proof.h"

#include <string.h>

/* The header's hash is H('carnet/header/v1', header) already: what merkle_leaf would compute from
 * the bytes, of which only the hash is kept. */
void proof_header_leaf(const struct suite *s, const struct hash *header, struct hash *out)
{
    uint8_t leaf[1 + HASH_SIZE] = { 0x00 };
    memcpy(leaf + 1, header->b, HASH_SIZE);
    hash_plain(s, bytes_of(leaf, sizeof leaf), out);
}

void proof_receipt_leaf(const struct suite *s, struct bytes receipt, struct hash *out)
{
    merkle_leaf(s, "carnet/receipt/v1", receipt, out);
}
