#include "crypto/aead.h"

#include "tests/vectors.h"

static const uint8_t KEY[AEAD_KEY_SIZE] = { 1, 2, 3 };
static const uint8_t NONCE[AEAD_NONCE_SIZE] = { 4, 5, 6 };

static bool is_zero(const uint8_t *x, size_t len)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++) {
        any |= x[i];
    }
    return any == 0;
}

static bool aes_vector(const json_t *test)
{
    struct bytes key = vectors_bytes(test, "key"), iv = vectors_bytes(test, "iv");
    struct bytes aad = vectors_bytes(test, "aad"), plain = vectors_bytes(test, "msg");
    struct bytes ct = vectors_bytes(test, "ct"), tag = vectors_bytes(test, "tag");
    bool valid = strcmp(vectors_text(test, "result"), "valid") == 0;
    uint8_t *sealed = malloc(ct.len + tag.len), *out = malloc(ct.len + 1);
    memcpy(sealed, ct.ptr, ct.len);
    memcpy(sealed + ct.len, tag.ptr, tag.len);
    enum err e = aead_open(key.ptr, iv.ptr, aad, bytes_of(sealed, ct.len + tag.len), out);
    bool good = vectors_expect(test, e == ERR_NONE, valid);
    if (valid) {
        good = good && bytes_equal(bytes_of(out, ct.len), plain);
        memset(sealed, 0, ct.len + tag.len);
        good = good && aead_seal(key.ptr, iv.ptr, aad, plain, sealed) == ERR_NONE;
        good = good && memcmp(sealed, ct.ptr, ct.len) == 0;
        good = good && memcmp(sealed + ct.len, tag.ptr, tag.len) == 0;
    } else {
        good = good && e == ERR_INTEGRITY && is_zero(out, ct.len);
    }
    free(sealed);
    free(out);
    const struct bytes all[] = { key, iv, aad, plain, ct, tag };
    for (size_t i = 0; i < COUNT(all); i++) {
        vectors_free(all[i]);
    }
    return good;
}

/* Suite intl has one key size and one nonce size; groups of others cannot be expressed. */
TEST(wycheproof_aes_256_gcm_with_96_bit_nonces)
{
    json_t *file = vectors_load("aes_gcm_test.json"), *group, *test;
    if (file == NULL) {
        SKIP("../shared/vectors is not there");
    }
    size_t i, j, count = 0;
    json_array_foreach(json_object_get(file, "testGroups"), i, group)
    {
        if (json_integer_value(json_object_get(group, "keySize")) != 256 ||
            json_integer_value(json_object_get(group, "ivSize")) != 96) {
            continue;
        }
        json_array_foreach(json_object_get(group, "tests"), j, test)
        {
            CHECK(aes_vector(test));
            count++;
        }
    }
    CHECK(count >= 60);
    json_decref(file);
}

TEST(wycheproof_hkdf_sha_256)
{
    json_t *file = vectors_load("hkdf_sha256_test.json"), *group, *test;
    if (file == NULL) {
        SKIP("../shared/vectors is not there");
    }
    static uint8_t out[HKDF_SIZE_MAX];
    size_t i, j;
    json_array_foreach(json_object_get(file, "testGroups"), i, group)
    {
        json_array_foreach(json_object_get(group, "tests"), j, test)
        {
            struct bytes ikm = vectors_bytes(test, "ikm"), salt = vectors_bytes(test, "salt");
            struct bytes info = vectors_bytes(test, "info"), okm = vectors_bytes(test, "okm");
            size_t size = (size_t)json_integer_value(json_object_get(test, "size"));
            bool valid = strcmp(vectors_text(test, "result"), "valid") == 0;
            enum err e = hkdf_sha256(ikm, salt, info, out, size);
            CHECK(vectors_expect(test, e == ERR_NONE, valid));
            CHECK(valid ? bytes_equal(bytes_of(out, size), okm) : e == ERR_SIZE);
            vectors_free(ikm);
            vectors_free(salt);
            vectors_free(info);
            vectors_free(okm);
        }
    }
    json_decref(file);
}

TEST(hkdf_gives_at_most_255_blocks)
{
    static uint8_t out[HKDF_SIZE_MAX + 1];
    struct bytes x = bytes_of_str("x");
    CHECK_OK(hkdf_sha256(x, x, x, out, HKDF_SIZE_MAX));
    CHECK_ERR(hkdf_sha256(x, x, x, out, HKDF_SIZE_MAX + 1), ERR_SIZE);
}

/* RFC 4231 4.2 to 4.4 and 4.7. */
TEST(hmac_sha_256_gives_the_vectors_of_rfc_4231)
{
    uint8_t ones[131], data[50];
    struct hash got, want;
    memset(ones, 0x0b, 20);
    hmac_sha256(bytes_of(ones, 20), bytes_of_str("Hi There"), &got);
    CHECK_OK(
        hash_from_hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7", &want));
    CHECK(hash_equal(&got, &want));
    hmac_sha256(bytes_of_str("Jefe"), bytes_of_str("what do ya want for nothing?"), &got);
    CHECK_OK(
        hash_from_hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", &want));
    CHECK(hash_equal(&got, &want));
    memset(ones, 0xaa, sizeof ones);
    memset(data, 0xdd, sizeof data);
    hmac_sha256(bytes_of(ones, 20), bytes_of(data, sizeof data), &got);
    CHECK_OK(
        hash_from_hex("773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe", &want));
    CHECK(hash_equal(&got, &want));
    hmac_sha256(bytes_of(ones, 131),
                bytes_of_str("Test Using Larger Than Block-Size Key - Hash Key First"), &got);
    CHECK_OK(
        hash_from_hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", &want));
    CHECK(hash_equal(&got, &want));
}

TEST(nothing_sealed_is_still_a_tag)
{
    uint8_t sealed[AEAD_TAG_SIZE], out[1] = { 7 };
    struct bytes none = bytes_of(NULL, 0);
    CHECK_OK(aead_seal(KEY, NONCE, none, none, sealed));
    CHECK_OK(aead_open(KEY, NONCE, none, bytes_of(sealed, sizeof sealed), out));
    CHECK_EQ(out[0], 7);
    CHECK_ERR(aead_open(KEY, NONCE, none, bytes_of(sealed, sizeof sealed - 1), out), ERR_INTEGRITY);
    CHECK_ERR(aead_open(KEY, NONCE, none, none, out), ERR_INTEGRITY);
}

TEST(a_changed_byte_of_anything_does_not_open_and_leaves_zeros)
{
    const char text[] = "a chunk of plaintext that is longer than one block of AES";
    uint8_t sealed[sizeof text + AEAD_TAG_SIZE] = { 0 }, out[sizeof text], key[32], nonce[12],
                                 aad[5] = "aad";
    struct bytes body = bytes_of(sealed, sizeof sealed);
    memcpy(key, KEY, sizeof key);
    memcpy(nonce, NONCE, sizeof nonce);
    CHECK_OK(aead_seal(key, nonce, bytes_of(aad, 5), bytes_of(text, sizeof text), sealed));
    uint8_t *parts[] = { key, nonce, aad, sealed };
    const size_t sizes[] = { sizeof key, sizeof nonce, 5, sizeof sealed };
    for (unsigned p = 0; p < COUNT(parts); p++) {
        for (size_t i = 0; i < sizes[p]; i++) {
            parts[p][i] ^= 0x10;
            memset(out, 0xee, sizeof out);
            CHECK_ERR(aead_open(key, nonce, bytes_of(aad, 5), body, out), ERR_INTEGRITY);
            CHECK(is_zero(out, sizeof out));
            parts[p][i] ^= 0x10;
        }
    }
    CHECK_ERR(aead_open(key, nonce, bytes_of(aad, 4), body, out), ERR_INTEGRITY);
    CHECK_OK(aead_open(key, nonce, bytes_of(aad, 5), body, out));
    CHECK_BYTES(bytes_of(out, sizeof out), bytes_of(text, sizeof text));
}

/* The length is judged before a byte is read, so no such memory needs to be. */
TEST(more_than_evp_can_count_is_refused)
{
    uint8_t out[1];
    struct bytes huge = { KEY, (size_t)INT32_MAX - AEAD_TAG_SIZE + 1 };
    CHECK_ERR(aead_seal(KEY, NONCE, bytes_of(NULL, 0), huge, out), ERR_SIZE);
    CHECK_ERR(aead_seal(KEY, NONCE, huge, bytes_of(NULL, 0), out), ERR_SIZE);
    CHECK_ERR(aead_open(KEY, NONCE, bytes_of(NULL, 0), huge, out), ERR_SIZE);
    CHECK_ERR(aead_open(KEY, NONCE, huge, bytes_of(KEY, 16), out), ERR_SIZE);
}
