#include "crypto/aead.h"
#include "data/deidentify_internal.h"

enum { DOMAIN_SIZE_MAX = 32 + 64 + DATA_COLUMN_NAME_SIZE };

/* One key for each template and column, so that neither two templates nor two columns of a table
 * can be joined over their pseudonyms. */
void pseudonym_key(struct bytes key, const char *template_name, const char *column,
                   struct hash *out)
{
    uint8_t domain[DOMAIN_SIZE_MAX];
    struct buf b = buf_over(domain, sizeof domain);
    buf_put(&b, bytes_of_str("carnet/pseudonym/v1"));
    buf_put_u8(&b, 0);
    buf_put(&b, bytes_of_str(template_name));
    buf_put_u8(&b, 0);
    buf_put(&b, bytes_of_str(column));
    ASSERT(!b.full);
    hmac_sha256(key, buf_bytes(&b), out);
}

void pseudonym_put(const struct hash *key, struct bytes value, int64_t length, struct buf *out)
{
    struct hash mac;
    char text[BASE32_SIZE(HASH_SIZE) + 1];
    ASSERT(length >= PSEUDONYM_LENGTH_MIN && length <= PSEUDONYM_LENGTH_MAX);
    hmac_sha256(bytes_of_hash(key), value, &mac);
    base32_put(bytes_of_hash(&mac), text);
    buf_put(out, bytes_of(text, (size_t)length));
}
