#include "crypto/wrap.h"

#include "crypto/openssl.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sodium.h>

#include "crypto/aead.h"
#include "crypto/wrap_internal.h"
#include "tests/vectors.h"

static const uint8_t CONTENT_KEY[WRAP_KEY_SIZE] = { 0xc0, 0xff, 0xee };
static const uint8_t RANDOM[32] = { 0x11, 0x22 };

/* "acceptable" is our decision: twist and non-canonical public keys compute as RFC 7748 says, so
 * the exchange gives their shared secret; a zero shared secret is refused (RFC 7748 6.1 permits the
 * check). wrap_seal is stricter and refuses non-canonical keys, see below. */
TEST(wycheproof_x25519_gives_its_shared_secrets_and_refuses_zero)
{
    json_t *file = vectors_load("x25519_test.json"), *group, *test;
    if (file == NULL) {
        SKIP("../shared/vectors is not there");
    }
    size_t i, j, refused = 0;
    json_array_foreach(json_object_get(file, "testGroups"), i, group)
    {
        json_array_foreach(json_object_get(group, "tests"), j, test)
        {
            struct bytes public_key = vectors_bytes(test, "public");
            struct bytes private_key = vectors_bytes(test, "private");
            struct bytes want = vectors_bytes(test, "shared");
            uint8_t shared[32] = { 0 };
            enum err e = wrap_x25519_shared(private_key.ptr, public_key.ptr, shared);
            bool zero = vectors_has_flag(test, "ZeroSharedSecret");
            CHECK(vectors_expect(test, e == ERR_NONE, !zero));
            CHECK_BYTES(bytes_of(shared, 32), want); /* untouched when refused */
            refused += e == ERR_RANGE;
            vectors_free(public_key);
            vectors_free(private_key);
            vectors_free(want);
        }
    }
    CHECK(refused > 0);
    json_decref(file);
}

TEST(wycheproof_rsa_oaep_2048_with_sha_256)
{
    json_t *file = vectors_load("rsa_oaep_2048_sha256_mgf1sha256_test.json"), *group, *test;
    if (file == NULL) {
        SKIP("../shared/vectors is not there");
    }
    size_t i, j, count = 0;
    json_array_foreach(json_object_get(file, "testGroups"), i, group)
    {
        struct bytes private_key = vectors_bytes(group, "privateKeyPkcs8");
        json_array_foreach(json_object_get(group, "tests"), j, test)
        {
            struct bytes label = vectors_bytes(test, "label"), ct = vectors_bytes(test, "ct");
            struct bytes want = vectors_bytes(test, "msg");
            uint8_t plain[256];
            size_t len = 0;
            bool valid = strcmp(vectors_text(test, "result"), "valid") == 0;
            enum err e = wrap_rsa_decrypt(private_key, label, ct, plain, &len);
            CHECK(vectors_expect(test, e == ERR_NONE, valid));
            CHECK(valid ? bytes_equal(bytes_of(plain, len), want) : e == ERR_INTEGRITY);
            vectors_free(label);
            vectors_free(ct);
            vectors_free(want);
            count++;
        }
        vectors_free(private_key);
    }
    CHECK_EQ(count, (size_t)json_integer_value(json_object_get(file, "numberOfTests")));
    json_decref(file);
}

/* Key pairs of both kinds, so that a test runs over them alike. */
struct pair {
    enum wrap_kind kind;
    uint8_t public_key[2048], private_key[2048];
    size_t public_len, private_len;
};

static void x25519_pair(struct pair *p, uint8_t seed_byte)
{
    uint8_t seed[WRAP_SEED_SIZE] = { seed_byte };
    wrap_x25519_keys(seed, p->private_key, p->public_key);
    p->kind = WRAP_X25519;
    p->public_len = p->private_len = 32;
}

static void rsa_pair(struct pair *p, unsigned bits)
{
    EVP_PKEY *key = EVP_RSA_gen(bits);
    uint8_t *at = p->public_key;
    p->kind = WRAP_RSA_OAEP;
    p->public_len = (size_t)i2d_PUBKEY(key, &at);
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    at = p->private_key;
    p->private_len = (size_t)i2d_PKCS8_PRIV_KEY_INFO(info, &at);
    PKCS8_PRIV_KEY_INFO_free(info);
    EVP_PKEY_free(key);
}

static struct bytes public_of(const struct pair *p)
{
    return bytes_of(p->public_key, p->public_len);
}

static struct bytes private_of(const struct pair *p)
{
    return bytes_of(p->private_key, p->private_len);
}

static void check_opens_for_its_reader_only(const struct pair *p, const struct pair *stranger,
                                            size_t size)
{
    uint8_t out[WRAP_SIZE_MAX], key[WRAP_KEY_SIZE];
    size_t len = 0;
    struct bytes aad = bytes_of_str("token, right, holder, seal id");
    CHECK_OK(wrap_seal(p->kind, public_of(p), aad, CONTENT_KEY, RANDOM, out, sizeof out, &len));
    CHECK_EQ(len, size);
    CHECK_OK(wrap_open(p->kind, private_of(p), aad, bytes_of(out, len), key));
    CHECK_BYTES(bytes_of(key, sizeof key), bytes_of(CONTENT_KEY, sizeof CONTENT_KEY));

    memset(key, 0xab, sizeof key);
    CHECK_ERR(wrap_open(p->kind, private_of(stranger), aad, bytes_of(out, len), key),
              ERR_INTEGRITY);
    CHECK_ERR(wrap_open(p->kind, private_of(p), bytes_of_str("other"), bytes_of(out, len), key),
              ERR_INTEGRITY);
    CHECK_ERR(wrap_open(p->kind, private_of(p), aad, bytes_of(out, len - 1), key), ERR_INTEGRITY);
    CHECK_ERR(wrap_open(p->kind, private_of(p), aad, bytes_of(out, len + 1), key), ERR_INTEGRITY);
    CHECK_ERR(wrap_open(p->kind, private_of(p), aad, bytes_of(out, 0), key), ERR_INTEGRITY);
    for (size_t i = 0; i < len; i += p->kind == WRAP_X25519 ? 1 : 16) {
        out[i] ^= 0x40;
        CHECK_ERR(wrap_open(p->kind, private_of(p), aad, bytes_of(out, len), key), ERR_INTEGRITY);
        out[i] ^= 0x40;
    }
    CHECK(key[0] == 0xab && key[31] == 0xab); /* untouched by all of these */
    size_t untouched = 77;
    CHECK_ERR(wrap_seal(p->kind, public_of(p), aad, CONTENT_KEY, RANDOM, out, size - 1, &untouched),
              ERR_SIZE);
    CHECK_EQ(untouched, 77);
}

TEST(formats_18_an_x25519_wrap_opens_for_its_reader_with_its_aad_only)
{
    struct pair reader, stranger;
    x25519_pair(&reader, 1);
    x25519_pair(&stranger, 2);
    check_opens_for_its_reader_only(&reader, &stranger, 80);
}

/* The reader's side again, from docs/crypto.md and RFC 5869 with libsodium alone: both public keys
 * are in what the key is derived from. */
TEST(formats_18_an_x25519_wrap_is_made_as_documented)
{
    struct pair reader;
    uint8_t out[WRAP_SIZE_MAX], shared[32], prk[32], key[32], opened[32], zero[32] = { 0 };
    uint8_t info[21 + 64 + 1];
    size_t len = 0;
    struct bytes aad = bytes_of_str("aad");
    x25519_pair(&reader, 1);
    CHECK_OK(wrap_seal(WRAP_X25519, public_of(&reader), aad, CONTENT_KEY, RANDOM, out, 512, &len));
    crypto_scalarmult_base(shared, RANDOM);
    CHECK_BYTES(bytes_of(out, 32), bytes_of(shared, 32));
    CHECK(crypto_scalarmult(shared, reader.private_key, out) == 0);
    crypto_auth_hmacsha256(prk, shared, sizeof shared, zero);
    memcpy(info, "carnet/wrap/x25519/v1", 21);
    memcpy(info + 21, out, 32);
    memcpy(info + 53, reader.public_key, 32);
    info[85] = 1;
    crypto_auth_hmacsha256(key, info, sizeof info, prk);
    CHECK_OK(aead_open(key, zero, aad, bytes_of(out + 32, len - 32), opened));
    CHECK_BYTES(bytes_of(opened, 32), bytes_of(CONTENT_KEY, 32));
}

TEST(formats_18_an_rsa_oaep_wrap_opens_for_its_reader_with_its_aad_only)
{
    static struct pair reader, stranger;
    rsa_pair(&reader, 2048);
    rsa_pair(&stranger, 2048);
    check_opens_for_its_reader_only(&reader, &stranger, 256);
}

TEST(a_wrap_of_one_kind_does_not_open_as_another)
{
    static struct pair x, rsa;
    uint8_t out[WRAP_SIZE_MAX], key[WRAP_KEY_SIZE];
    size_t len = 0;
    x25519_pair(&x, 1);
    rsa_pair(&rsa, 2048);
    struct bytes aad = bytes_of_str("aad");
    CHECK_OK(wrap_seal(WRAP_X25519, public_of(&x), aad, CONTENT_KEY, RANDOM, out, 512, &len));
    CHECK_ERR(wrap_open(WRAP_RSA_OAEP, private_of(&x), aad, bytes_of(out, len), key), ERR_RANGE);
    CHECK_ERR(wrap_open(WRAP_RSA_OAEP, private_of(&rsa), aad, bytes_of(out, len), key),
              ERR_INTEGRITY);
    CHECK_OK(wrap_seal(WRAP_RSA_OAEP, public_of(&rsa), aad, CONTENT_KEY, RANDOM, out, 512, &len));
    CHECK_ERR(wrap_open(WRAP_X25519, private_of(&rsa), aad, bytes_of(out, len), key), ERR_RANGE);
    CHECK_ERR(wrap_open(WRAP_X25519, private_of(&x), aad, bytes_of(out, len), key), ERR_INTEGRITY);
}

TEST(kinds_of_a_later_release_are_not_implemented)
{
    uint8_t out[WRAP_SIZE_MAX], key[32];
    size_t len = 5;
    struct bytes x = bytes_of(RANDOM, 32);
    static const unsigned KINDS[] = { 0, WRAP_X25519_MLKEM768, WRAP_SM2, 5 };
    for (size_t i = 0; i < COUNT(KINDS); i++) {
        enum wrap_kind kind = (enum wrap_kind)KINDS[i];
        CHECK_ERR(wrap_seal(kind, x, x, CONTENT_KEY, RANDOM, out, sizeof out, &len),
                  ERR_UNSUPPORTED);
        CHECK_ERR(wrap_open(kind, x, x, x, key), ERR_UNSUPPORTED);
    }
    CHECK_EQ(len, 5);
}

/* Points of small order of Curve25519 and its twist (0, 1, p - 1, two of order 8), and what is not
 * canonical: p, p + 1, 2^255 - 1, and the base point with its top bit set. */
TEST(public_keys_of_small_order_or_not_canonical_are_refused)
{
    static const char *const BAD[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0900000000000000000000000000000000000000000000000000000000000080",
    };
    uint8_t out[WRAP_SIZE_MAX], public_key[33] = { 9 };
    size_t len = 0;
    struct bytes aad = bytes_of_str("aad");
    for (size_t i = 0; i < COUNT(BAD); i++) {
        CHECK_OK(hex_decode(BAD[i], 64, public_key, 32, &len));
        CHECK_ERR(wrap_seal(WRAP_X25519, bytes_of(public_key, 32), aad, CONTENT_KEY, RANDOM, out,
                            sizeof out, &len),
                  ERR_RANGE);
    }
    memset(public_key, 0, sizeof public_key);
    public_key[0] = 9;
    CHECK_OK(wrap_seal(WRAP_X25519, bytes_of(public_key, 32), aad, CONTENT_KEY, RANDOM, out,
                       sizeof out, &len));
    CHECK_ERR(wrap_seal(WRAP_X25519, bytes_of(public_key, 33), aad, CONTENT_KEY, RANDOM, out,
                        sizeof out, &len),
              ERR_RANGE);
    CHECK_ERR(wrap_seal(WRAP_X25519, bytes_of(public_key, 31), aad, CONTENT_KEY, RANDOM, out,
                        sizeof out, &len),
              ERR_RANGE);
}

TEST(a_wrap_whose_ephemeral_key_is_of_small_order_does_not_open)
{
    struct pair reader;
    uint8_t wrapped[80] = { 1 }, key[32];
    x25519_pair(&reader, 1);
    CHECK_ERR(wrap_open(WRAP_X25519, private_of(&reader), bytes_of_str("aad"),
                        bytes_of(wrapped, sizeof wrapped), key),
              ERR_INTEGRITY);
}

TEST(rsa_keys_must_be_exact_der_of_2048_bits)
{
    static struct pair p;
    uint8_t out[WRAP_SIZE_MAX], key[32];
    size_t len = 0;
    struct bytes aad = bytes_of_str("aad");
    rsa_pair(&p, 1024);
    CHECK_ERR(wrap_seal(WRAP_RSA_OAEP, public_of(&p), aad, CONTENT_KEY, RANDOM, out, 512, &len),
              ERR_RANGE);
    rsa_pair(&p, 2048);
    struct bytes longer = bytes_of(p.public_key, p.public_len + 1);
    struct bytes shorter = bytes_of(p.public_key, p.public_len - 1);
    CHECK_ERR(wrap_seal(WRAP_RSA_OAEP, longer, aad, CONTENT_KEY, RANDOM, out, 512, &len),
              ERR_RANGE);
    CHECK_ERR(wrap_seal(WRAP_RSA_OAEP, shorter, aad, CONTENT_KEY, RANDOM, out, 512, &len),
              ERR_RANGE);
    CHECK_ERR(wrap_seal(WRAP_RSA_OAEP, private_of(&p), aad, CONTENT_KEY, RANDOM, out, 512, &len),
              ERR_RANGE);
    CHECK_OK(wrap_seal(WRAP_RSA_OAEP, public_of(&p), aad, CONTENT_KEY, RANDOM, out, 512, &len));
    CHECK_ERR(wrap_open(WRAP_RSA_OAEP, public_of(&p), aad, bytes_of(out, len), key), ERR_RANGE);
}

/* Python: HKDF by RFC 5869 over hmac and hashlib, salt empty, info b'carnet/sealing/v1'. */
TEST(formats_7_a_sealing_key_is_derived_from_its_seed)
{
    uint8_t seed[WRAP_SEED_SIZE] = { 1 }, private_key[32], public_key[32];
    struct hash want;
    wrap_x25519_keys(seed, private_key, public_key);
    CHECK_OK(
        hash_from_hex("1fb725756d2212ccea9734699024b4ad6d55b39a1a5f4a123324cc52b8f39329", &want));
    CHECK_BYTES(bytes_of(private_key, 32), bytes_of_hash(&want));
}
