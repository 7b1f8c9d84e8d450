#include "crypto/openssl.h"
#include "crypto/sm3.h"

#include <openssl/evp.h>

#include "crypto/suite.h"
#include "tests/vectors.h"

static void check_hex(const struct hash *got, const char *want)
{
    char text[HEX_SIZE(HASH_SIZE) + 1];
    hex_encode(bytes_of_hash(got), text);
    CHECK_STR(text, want);
}

TEST(the_examples_of_gb_t_32905_give_their_digests)
{
    struct hash h;
    char text[65] = { 0 };
    hash_plain(suite_gm(), bytes_of_str("abc"), &h);
    check_hex(&h, "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
    for (unsigned i = 0; i < 64; i++) {
        text[i] = "abcd"[i % 4];
    }
    hash_plain(suite_gm(), bytes_of_str(text), &h);
    check_hex(&h, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732");
}

/* Computed with Python's hashlib, as in crypto_hash_test. */
TEST(formats_1_a_tagged_hash_of_suite_gm_is_of_sm3)
{
    struct hash h;
    hash_tagged(suite_gm(), "carnet/tx/v1", bytes_of_str("abc"), &h);
    check_hex(&h, "4be90d4ee3a83a156d704d4c387643acb1f0c94bb48f457ff8c2cb2410464ac3");
}

static void openssl_sm3(struct bytes x, struct hash *out)
{
    unsigned len = 0;
    int done = EVP_Digest(x.ptr, x.len, out->b, &len, EVP_sm3(), NULL);
    ASSERT(done == 1 && len == HASH_SIZE);
}

TEST(each_length_around_the_blocks_gives_what_openssl_gives)
{
    uint8_t text[300];
    struct hash ours, theirs;
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (uint8_t)(i * 7 + 1);
    }
    for (size_t len = 0; len <= sizeof text; len++) {
        hash_plain(suite_gm(), bytes_of(text, len), &ours);
        openssl_sm3(bytes_of(text, len), &theirs);
        CHECK(hash_equal(&ours, &theirs));
    }
}

TEST(parts_hash_as_their_concatenation_and_a_copy_of_the_state_forks)
{
    uint8_t text[150];
    struct hash whole, parts, fork;
    memset(text, 'x', sizeof text);
    hash_plain(suite_gm(), bytes_of(text, sizeof text), &whole);
    for (size_t cut = 0; cut <= sizeof text; cut++) {
        struct hasher a, b;
        hasher_init(&a, suite_gm());
        hasher_update(&a, bytes_of(text, cut));
        b = a;
        hasher_update(&a, bytes_of(NULL, 0));
        hasher_update(&a, bytes_of(text + cut, sizeof text - cut));
        hasher_final(&a, &parts);
        CHECK(hash_equal(&whole, &parts));
        hasher_final(&b, &fork);
        hash_plain(suite_gm(), bytes_of(text, cut), &parts);
        CHECK(hash_equal(&fork, &parts));
    }
}

TEST(a_state_that_gave_its_digest_holds_nothing_of_it)
{
    static const struct sm3 zero;
    struct sm3 s;
    struct hash h;
    sm3_init(&s);
    sm3_update(&s, bytes_of_str("a secret"));
    sm3_final(&s, &h);
    CHECK(memcmp(&s, &zero, sizeof s) == 0);
}

/* RFC 2104, for the vectors alone. */
static void hmac(struct bytes key, struct bytes msg, struct hash *out)
{
    uint8_t pad[SM3_BLOCK_SIZE] = { 0 };
    struct hash inner;
    struct sm3 s;
    if (key.len > sizeof pad) {
        hash_plain(suite_gm(), key, &inner);
        key = bytes_of_hash(&inner);
    }
    if (key.len > 0) {
        memcpy(pad, key.ptr, key.len);
    }
    for (unsigned turn = 0; turn < 2; turn++) {
        for (size_t i = 0; i < sizeof pad; i++) {
            pad[i] ^= turn == 0 ? 0x36 : 0x36 ^ 0x5c;
        }
        sm3_init(&s);
        sm3_update(&s, bytes_of(pad, sizeof pad));
        sm3_update(&s, turn == 0 ? msg : bytes_of_hash(out));
        sm3_final(&s, out);
    }
}

TEST(wycheproof_macs_of_sm3_are_what_it_says)
{
    json_t *file = vectors_load("hmac_sm3_test.json");
    if (file == NULL) {
        SKIP("../shared/vectors is not there");
    }
    size_t group_at, test_at, seen = 0;
    json_t *group, *test;
    json_array_foreach(json_object_get(file, "testGroups"), group_at, group)
    {
        size_t size = (size_t)json_integer_value(json_object_get(group, "tagSize")) / 8;
        json_array_foreach(json_object_get(group, "tests"), test_at, test)
        {
            struct bytes key = vectors_bytes(test, "key"), msg = vectors_bytes(test, "msg"),
                         tag = vectors_bytes(test, "tag");
            struct hash got;
            hmac(key, msg, &got);
            bool good = tag.len == size && memcmp(got.b, tag.ptr, size) == 0;
            CHECK(vectors_expect(test, good, strcmp(vectors_text(test, "result"), "valid") == 0));
            vectors_free(key);
            vectors_free(msg);
            vectors_free(tag);
            seen++;
        }
    }
    json_decref(file);
    CHECK_EQ(seen, 174);
}
