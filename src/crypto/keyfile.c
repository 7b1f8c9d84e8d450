#include "crypto/keyfile.h"

#include <sodium.h>
#include <string.h>

static const char MAGIC[] = "carnet-key/1";

enum {
    MAGIC_SIZE = sizeof MAGIC - 1,
    SALT_SIZE = crypto_pwhash_SALTBYTES,
    NONCE_SIZE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    KEY_SIZE = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
    TAG_SIZE = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    HEADER_SIZE = MAGIC_SIZE + 1 + 4 + 4 + SALT_SIZE + NONCE_SIZE
};
_Static_assert(SALT_SIZE == 16 && NONCE_SIZE == 24, "the layout of the header");
_Static_assert(HEADER_SIZE + KEYFILE_PLAIN_SIZE_MAX + TAG_SIZE <= KEYFILE_SIZE_MAX, "it fits");
_Static_assert(KEYFILE_OPS <= KEYFILE_OPS_MAX, "what we write we open");
_Static_assert(KEYFILE_MEM_KIB <= KEYFILE_MEM_KIB_MAX, "what we write we open");
/* Argon2's own floor: 8 blocks of 1 KiB. */
enum { MEM_KIB_MIN = 8 };

struct header {
    uint8_t kind;
    uint32_t ops, mem_kib;
    uint8_t salt[SALT_SIZE];
    uint8_t nonce[NONCE_SIZE];
};

static void header_encode(const struct header *h, uint8_t out[HEADER_SIZE])
{
    struct buf b = buf_over(out, HEADER_SIZE);
    buf_put(&b, bytes_of(MAGIC, MAGIC_SIZE));
    buf_put_u8(&b, h->kind);
    buf_put_u32(&b, h->ops);
    buf_put_u32(&b, h->mem_kib);
    buf_put(&b, bytes_of(h->salt, SALT_SIZE));
    buf_put(&b, bytes_of(h->nonce, NONCE_SIZE));
    ASSERT(buf_done(&b) == ERR_NONE);
}

static enum err header_decode(struct bytes file, struct header *h)
{
    if (file.len < HEADER_SIZE + TAG_SIZE ||
        file.len > HEADER_SIZE + KEYFILE_PLAIN_SIZE_MAX + TAG_SIZE) {
        return ERR_ENCODING;
    }
    struct reader r = reader_over(bytes_of(file.ptr, HEADER_SIZE));
    if (!bytes_equal(reader_take(&r, MAGIC_SIZE), bytes_of(MAGIC, MAGIC_SIZE))) {
        return ERR_ENCODING;
    }
    h->kind = reader_u8(&r);
    h->ops = reader_u32(&r);
    h->mem_kib = reader_u32(&r);
    memcpy(h->salt, reader_take(&r, SALT_SIZE).ptr, SALT_SIZE);
    memcpy(h->nonce, reader_take(&r, NONCE_SIZE).ptr, NONCE_SIZE);
    TRY(reader_done(&r));
    if (h->ops < 1 || h->ops > KEYFILE_OPS_MAX || h->mem_kib < MEM_KIB_MIN ||
        h->mem_kib > KEYFILE_MEM_KIB_MAX) {
        return ERR_RANGE;
    }
    return ERR_NONE;
}

/* The one way in which Argon2id fails after its limits were checked is memory. */
static enum err derive(const struct header *h, struct bytes passphrase, uint8_t key[KEY_SIZE])
{
    int failed = crypto_pwhash(key, KEY_SIZE, (const char *)passphrase.ptr, passphrase.len, h->salt,
                               h->ops, (size_t)h->mem_kib * 1024, crypto_pwhash_ALG_ARGON2ID13);
    return failed == 0 ? ERR_NONE : ERR_NO_SPACE;
}

enum err keyfile_seal(uint8_t kind, struct bytes passphrase, struct bytes plain, uint8_t *out,
                      size_t *out_len)
{
    if (plain.len > KEYFILE_PLAIN_SIZE_MAX || passphrase.len == 0 ||
        passphrase.len > KEYFILE_PASSPHRASE_SIZE_MAX) {
        return ERR_SIZE;
    }
    struct header h = { .kind = kind, .ops = KEYFILE_OPS, .mem_kib = KEYFILE_MEM_KIB };
    randombytes_buf(h.salt, sizeof h.salt);
    randombytes_buf(h.nonce, sizeof h.nonce);
    uint8_t key[KEY_SIZE];
    TRY(derive(&h, passphrase, key));
    header_encode(&h, out);
    unsigned long long sealed = 0;
    int failed = crypto_aead_xchacha20poly1305_ietf_encrypt(
        out + HEADER_SIZE, &sealed, plain.ptr, plain.len, out, HEADER_SIZE, NULL, h.nonce, key);
    sodium_memzero(key, sizeof key);
    ASSERT(failed == 0);
    *out_len = HEADER_SIZE + (size_t)sealed;
    return ERR_NONE;
}

enum err keyfile_open(uint8_t kind, struct bytes passphrase, struct bytes file, uint8_t *plain,
                      size_t cap, size_t *plain_len)
{
    struct header h;
    TRY(header_decode(file, &h));
    if (h.kind != kind) {
        return ERR_STATE;
    }
    if (file.len - HEADER_SIZE - TAG_SIZE > cap) {
        return ERR_SIZE;
    }
    if (passphrase.len == 0 || passphrase.len > KEYFILE_PASSPHRASE_SIZE_MAX) {
        return ERR_PASSPHRASE;
    }
    uint8_t key[KEY_SIZE], t[KEYFILE_PLAIN_SIZE_MAX];
    TRY(derive(&h, passphrase, key));
    unsigned long long len = 0;
    int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(t, &len, NULL, file.ptr + HEADER_SIZE,
                                                            file.len - HEADER_SIZE, file.ptr,
                                                            HEADER_SIZE, h.nonce, key);
    if (failed == 0) {
        memcpy(plain, t, (size_t)len);
        *plain_len = (size_t)len;
    }
    sodium_memzero(key, sizeof key);
    sodium_memzero(t, sizeof t);
    return failed == 0 ? ERR_NONE : ERR_PASSPHRASE;
}
