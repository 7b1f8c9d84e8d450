#include "crypto/keyfile.h"

#include <sodium.h>
#include <time.h>

#include "crypto/secret.h"
#include "tests/test.h"

enum { HEADER_SIZE = 12 + 1 + 4 + 4 + 16 + 24 };
static const char PASSPHRASE[] = "correct horse battery staple";
static const uint8_t SECRET[64] = { 1, 2, 3, 4 };

static struct bytes passphrase(void)
{
    return bytes_of_str(PASSPHRASE);
}

/* A key file written from the layout in keyfile.h with libsodium alone; cheap limits, so that many
 * can be opened. Gives its size. */
static size_t cheap_file(uint8_t file[KEYFILE_SIZE_MAX], uint32_t ops, uint32_t mem_kib)
{
    uint8_t key[32];
    unsigned long long len = 0;
    memcpy(file, "carnet-key/1", 12);
    file[12] = KEYFILE_KIND_PARTICIPANT;
    for (unsigned i = 0; i < 4; i++) {
        file[13 + i] = (uint8_t)(ops >> (24 - 8 * i));
        file[17 + i] = (uint8_t)(mem_kib >> (24 - 8 * i));
    }
    memset(file + 21, 0x5a, 40);
    if (crypto_pwhash(key, sizeof key, PASSPHRASE, strlen(PASSPHRASE), file + 21, 1, 8192,
                      crypto_pwhash_ALG_ARGON2ID13) != 0) {
        test_fail(__FILE__, __LINE__, "Argon2id");
    }
    crypto_aead_xchacha20poly1305_ietf_encrypt(file + HEADER_SIZE, &len, SECRET, sizeof SECRET,
                                               file, HEADER_SIZE, NULL, file + 37, key);
    return HEADER_SIZE + (size_t)len;
}

static enum err try_open(const uint8_t *file, size_t len)
{
    uint8_t plain[sizeof SECRET];
    size_t plain_len = 0;
    enum err e = keyfile_open(KEYFILE_KIND_PARTICIPANT, passphrase(), bytes_of(file, len), plain,
                              sizeof plain, &plain_len);
    return e;
}

TEST(what_is_sealed_opens_with_its_passphrase_and_kind_only)
{
    uint8_t file[KEYFILE_SIZE_MAX], plain[sizeof SECRET];
    size_t len = 0, plain_len = 9;
    CHECK_OK(secret_init());
    CHECK_OK(keyfile_seal(KEYFILE_KIND_PARTICIPANT, passphrase(), bytes_of(SECRET, sizeof SECRET),
                          file, &len));
    CHECK_EQ(len, HEADER_SIZE + sizeof SECRET + 16);
    struct bytes x = bytes_of(file, len);
    memset(plain, 0xee, sizeof plain);
    CHECK_ERR(
        keyfile_open(KEYFILE_KIND_PARTICIPANT, bytes_of_str("wrong"), x, plain, 64, &plain_len),
        ERR_PASSPHRASE);
    CHECK_ERR(keyfile_open(KEYFILE_KIND_NODE, passphrase(), x, plain, 64, &plain_len), ERR_STATE);
    CHECK_ERR(keyfile_open(KEYFILE_KIND_PARTICIPANT, passphrase(), x, plain, 63, &plain_len),
              ERR_SIZE);
    CHECK(plain[0] == 0xee && plain[63] == 0xee && plain_len == 9);
    CHECK_OK(keyfile_open(KEYFILE_KIND_PARTICIPANT, passphrase(), x, plain, 64, &plain_len));
    CHECK_BYTES(bytes_of(plain, plain_len), bytes_of(SECRET, sizeof SECRET));
}

TEST(the_layout_is_as_documented)
{
    uint8_t file[KEYFILE_SIZE_MAX];
    size_t len = cheap_file(file, 1, 8);
    CHECK_OK(try_open(file, len));
}

TEST(a_changed_byte_anywhere_is_refused)
{
    uint8_t file[KEYFILE_SIZE_MAX];
    size_t len = cheap_file(file, 1, 8);
    for (size_t i = 0; i < len; i++) {
        file[i] ^= 1;
        enum err e = try_open(file, len);
        enum err want = i < 12              ? ERR_ENCODING
                        : i == 12           ? ERR_STATE
                        : i < 17 || i == 17 ? ERR_RANGE
                                            : ERR_PASSPHRASE;
        CHECK_ERR(e, want);
        file[i] ^= 1;
    }
    CHECK_OK(try_open(file, len));
}

TEST(a_file_cut_or_grown_is_refused)
{
    uint8_t file[KEYFILE_SIZE_MAX + 1] = { 0 };
    size_t len = cheap_file(file, 1, 8);
    for (size_t n = 0; n < HEADER_SIZE + 16; n++) {
        CHECK_ERR(try_open(file, n), ERR_ENCODING);
    }
    CHECK_ERR(try_open(file, len - 1), ERR_PASSPHRASE);
    CHECK_ERR(try_open(file, len + 1), ERR_SIZE); /* more than the caller has room for */
    CHECK_ERR(try_open(file, HEADER_SIZE + KEYFILE_PLAIN_SIZE_MAX + 17), ERR_ENCODING);
}

/* Refused before work is done: a second of Argon2id with 4 TiB would be noticed. */
TEST(hostile_limits_are_refused_before_any_work)
{
    static const uint32_t BAD[][2] = { { 0, 8 },
                                       { KEYFILE_OPS_MAX + 1, 8 },
                                       { UINT32_MAX, 8 },
                                       { 1, 0 },
                                       { 1, 7 },
                                       { 1, KEYFILE_MEM_KIB_MAX + 1 },
                                       { KEYFILE_OPS_MAX, UINT32_MAX } };
    uint8_t file[KEYFILE_SIZE_MAX];
    clock_t start = clock();
    for (size_t i = 0; i < COUNT(BAD); i++) {
        size_t len = cheap_file(file, BAD[i][0], BAD[i][1]);
        CHECK_ERR(try_open(file, len), ERR_RANGE);
    }
    CHECK(clock() - start < CLOCKS_PER_SEC / 2);
    size_t len =
        cheap_file(file, KEYFILE_OPS_MAX, 8); /* at the limit it is tried, and is another key */
    CHECK_ERR(try_open(file, len), ERR_PASSPHRASE);
}

TEST(passphrases_and_secrets_have_limits)
{
    static uint8_t big[KEYFILE_PLAIN_SIZE_MAX + 1], file[KEYFILE_SIZE_MAX], plain[sizeof big];
    size_t len = 0, plain_len = 0;
    struct bytes secret = bytes_of(SECRET, sizeof SECRET);
    memset(big, 'p', sizeof big);
    CHECK_ERR(keyfile_seal(KEYFILE_KIND_CA, bytes_of(NULL, 0), secret, file, &len), ERR_SIZE);
    CHECK_ERR(keyfile_seal(KEYFILE_KIND_CA, bytes_of(big, KEYFILE_PASSPHRASE_SIZE_MAX + 1), secret,
                           file, &len),
              ERR_SIZE);
    CHECK_ERR(keyfile_seal(KEYFILE_KIND_CA, passphrase(), bytes_of(big, sizeof big), file, &len),
              ERR_SIZE);
    CHECK_EQ(len, 0);
    struct bytes longest = bytes_of(big, KEYFILE_PASSPHRASE_SIZE_MAX);
    CHECK_OK(
        keyfile_seal(KEYFILE_KIND_CA, longest, bytes_of(big, KEYFILE_PLAIN_SIZE_MAX), file, &len));
    CHECK(len <= KEYFILE_SIZE_MAX);
    CHECK_OK(keyfile_open(KEYFILE_KIND_CA, longest, bytes_of(file, len), plain, sizeof plain,
                          &plain_len));
    CHECK_BYTES(bytes_of(plain, plain_len), bytes_of(big, KEYFILE_PLAIN_SIZE_MAX));
    CHECK_ERR(keyfile_open(KEYFILE_KIND_CA, bytes_of(big, KEYFILE_PASSPHRASE_SIZE_MAX + 1),
                           bytes_of(file, len), plain, sizeof plain, &plain_len),
              ERR_PASSPHRASE);
}

TEST(secret_memory_is_given_wiped_and_compared)
{
    CHECK_OK(secret_init());
    CHECK_OK(secret_init()); /* twice is fine */
    uint8_t *a = secret_alloc(100);
    CHECK(a != NULL);
    uint8_t b[100];
    secret_random(a, 100);
    memcpy(b, a, 100);
    CHECK(secret_equal(a, b, 100));
    b[99] ^= 0x80;
    CHECK(!secret_equal(a, b, 100));
    CHECK(secret_equal(a, b, 99));
    secret_wipe(a, 100);
    memset(b, 0, sizeof b);
    CHECK(secret_equal(a, b, 100));
    secret_free(a);
    secret_free(NULL);
}
