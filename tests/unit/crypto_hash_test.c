#include "crypto/hash.h"

#include <openssl/sha.h>
#include <sodium.h>

#include "crypto/suite.h"
#include "tests/test.h"

/* Known answers were computed with Python's hashlib, which shares nothing with this code:
 *   def H(tag, x): return sha256(bytes([len(tag)]) + tag + len(x).to_bytes(8, 'big') +
 * x).hexdigest()
 */
static void check_hex(const struct hash *got, const char *want)
{
    char text[HEX_SIZE(HASH_SIZE) + 1];
    hex_encode(bytes_of_hash(got), text);
    CHECK_STR(text, want);
}

TEST(formats_1_a_tagged_hash_is_of_tag_length_tag_length_and_bytes)
{
    const struct suite *s = suite_intl();
    struct hash h;
    hash_tagged(s, "carnet/tx/v1", bytes_of_str("abc"), &h);
    check_hex(&h, "53ca6a4b6bdcf74c3de0244f005b6bb301fb755c4a18b9bb5f202ca938d1941b");
    hash_tagged(s, "carnet/tx/v1", bytes_of(NULL, 0), &h);
    check_hex(&h, "5d7e6ae742099364993b3a83b264af14584e4a6e215662f21926db6655b3a98a");
    uint8_t long_bytes[300];
    memset(long_bytes, 'x', sizeof long_bytes);
    hash_tagged(s, "t", bytes_of(long_bytes, sizeof long_bytes), &h);
    check_hex(&h, "b312afa2a469e5ea3d3dcd54e87b02ad1900192f72d94485ffad49d5a748064b");
}

TEST(formats_1_a_commitment_is_of_salt_and_bytes)
{
    uint8_t salt[COMMIT_SALT_SIZE];
    struct hash h, other;
    for (unsigned i = 0; i < sizeof salt; i++) {
        salt[i] = (uint8_t)i;
    }
    hash_commit(suite_intl(), salt, bytes_of_str("hello"), &h);
    check_hex(&h, "025499ac86e0d6415ea6d4de891bf6b9f57d244607948eedcb316340d9416368");
    salt[31] ^= 1;
    hash_commit(suite_intl(), salt, bytes_of_str("hello"), &other);
    CHECK(!hash_equal(&h, &other));
}

TEST(formats_1_no_byte_moves_between_tag_and_bytes)
{
    struct hash a, b;
    hash_tagged(suite_intl(), "ab", bytes_of_str("c"), &a);
    hash_tagged(suite_intl(), "a", bytes_of_str("bc"), &b);
    CHECK(!hash_equal(&a, &b));
}

TEST(two_parts_hash_as_their_concatenation)
{
    const char text[] = "the quick brown fox jumps over the lazy dog, twice and once more again";
    for (size_t cut = 0; cut < sizeof text; cut++) {
        struct hash whole, parts;
        hash_tagged(suite_intl(), "tag", bytes_of(text, sizeof text), &whole);
        hash_tagged2(suite_intl(), "tag", bytes_of(text, cut),
                     bytes_of(text + cut, sizeof text - cut), &parts);
        CHECK(hash_equal(&whole, &parts));
    }
}

/* FIPS 180-4's own examples. */
TEST(the_plain_hash_of_intl_is_sha_256)
{
    struct hash h;
    hash_plain(suite_intl(), bytes_of(NULL, 0), &h);
    check_hex(&h, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash_plain(suite_intl(), bytes_of_str("abc"), &h);
    check_hex(&h, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(every_length_cut_anywhere_hashes_as_libsodium_hashes_it)
{
    uint8_t x[300], want[32];
    struct hasher h;
    struct hash got;
    for (size_t i = 0; i < sizeof x; i++) {
        x[i] = (uint8_t)(7 * i + i / 256);
    }
    for (size_t len = 0; len <= sizeof x; len++) {
        size_t cut = len * 3 / 7;
        crypto_hash_sha256(want, x, len);
        hasher_init(&h, suite_intl());
        hasher_update(&h, bytes_of(x, cut));
        hasher_update(&h, bytes_of(x + cut, len - cut));
        hasher_final(&h, &got);
        CHECK_BYTES(bytes_of_hash(&got), bytes_of(want, 32));
        for (size_t i = 0; i < sizeof(SHA256_CTX); i++) {
            CHECK_EQ(h.state[i], 0); /* nothing of what was hashed stays */
        }
    }
}

TEST(a_copied_hasher_goes_its_own_way)
{
    struct hasher one, two;
    struct hash a, b, want;
    hasher_init(&one, suite_intl());
    hasher_update(&one, bytes_of_str("ab"));
    two = one;
    hasher_update(&one, bytes_of_str("c"));
    hasher_update(&two, bytes_of_str("d"));
    hasher_final(&one, &a);
    hasher_final(&two, &b);
    hash_plain(suite_intl(), bytes_of_str("abc"), &want);
    CHECK(hash_equal(&a, &want));
    hash_plain(suite_intl(), bytes_of_str("abd"), &want);
    CHECK(hash_equal(&b, &want));
}

TEST(the_longest_tag_is_64_characters)
{
    const char tag[] = "0123456789012345678901234567890123456789012345678901234567890123";
    _Static_assert(sizeof tag - 1 == HASH_TAG_SIZE_MAX, "one more aborts");
    struct hash h;
    hash_tagged(suite_intl(), tag, bytes_of_str("x"), &h);
    check_hex(&h, "89aa8ec89f33985b3a428df3a0e53c48c0535aaae138f0a4db6dbcd28f568031");
}

TEST(only_the_suites_of_the_product_have_numbers)
{
    CHECK(suite_by_number(SUITE_INTL) == suite_intl());
    CHECK(suite_by_number(0) == NULL);
    CHECK(suite_by_number(SUITE_GM) == suite_gm());
    CHECK(suite_by_number(SUITE_GM + 1) == NULL);
    CHECK(suite_by_number(127) == NULL); /* FORMATS 23 */
    CHECK(suite_by_number(UINT32_MAX) == NULL);
}

TEST(a_tagged_signature_is_of_one_tag_and_message)
{
    const struct suite *s = suite_intl();
    uint8_t seed[SUITE_SECRET_SIZE] = { 9 }, key[32], signature[64], want[64];
    struct hash h;
    s->public_of(s->ctx, seed, key);
    suite_sign_tagged(s, seed, "carnet/vote/v1", bytes_of_str("m"), signature);
    hash_tagged(s, "carnet/vote/v1", bytes_of_str("m"), &h);
    s->sign(s->ctx, seed, bytes_of_hash(&h), want);
    CHECK_BYTES(bytes_of(signature, 64), bytes_of(want, 64));
    struct bytes k = bytes_of(key, 32), sig = bytes_of(signature, 64);
    CHECK(suite_verify_tagged(s, k, "carnet/vote/v1", bytes_of_str("m"), sig));
    CHECK(!suite_verify_tagged(s, k, "carnet/vote/v2", bytes_of_str("m"), sig));
    CHECK(!suite_verify_tagged(s, k, "carnet/vote/v1", bytes_of_str("n"), sig));
}
