/* What the bench measures beside ours does the same work: else its ratios would compare nothing. */
#include "crypto/hash.h"
#include "crypto/peer.h"
#include "crypto/peer_gm.h"
#include "crypto/secret.h"
#include "crypto/suite.h"
#include "tests/test.h"

static const uint8_t SEED[32] = { 1, 2, 3 }, KEY[AEAD_KEY_SIZE] = { 4, 5, 6 };
static const uint8_t NONCE[AEAD_NONCE_SIZE] = { 7 };

/* NULL, and said, on a machine whose processor has no AES. */
static struct peer *opened(enum peer_library l)
{
    struct peer *p = NULL;
    ASSERT(secret_init() == ERR_NONE);
    enum err e = peer_open(l, SEED, KEY, &p);
    if (e == ERR_UNSUPPORTED) {
        printf("# %s has no AES-256-GCM here\n", peer_name(l));
        return NULL;
    }
    ASSERT(e == ERR_NONE);
    return p;
}

TEST(each_library_signs_what_ours_verifies_and_refuses_what_is_changed)
{
    uint8_t public_key[32], signature[PEER_SIGNATURE_SIZE];
    struct bytes msg = bytes_of_str("a carnet"), other = bytes_of_str("A carnet");
    const struct suite *s = suite_intl();
    s->public_of(s->ctx, SEED, public_key);
    for (int l = 0; l < PEER_END; l++) {
        struct peer *p = opened((enum peer_library)l);
        if (p == NULL) {
            continue;
        }
        CHECK_OK(peer_sign(p, msg, signature));
        CHECK(s->verify(s->ctx, bytes_of(public_key, sizeof public_key), msg,
                        bytes_of(signature, sizeof signature)));
        CHECK_OK(peer_verify(p, msg, signature));
        CHECK_ERR(peer_verify(p, other, signature), ERR_SIGNATURE);
        signature[40] ^= 1;
        CHECK_ERR(peer_verify(p, msg, signature), ERR_SIGNATURE);
        peer_close(p);
    }
}

TEST(each_library_hashes_and_seals_to_the_bytes_that_ours_gives)
{
    uint8_t plain[100] = { 9 }, own[sizeof plain + AEAD_TAG_SIZE], theirs[sizeof own];
    struct hash a, b;
    hash_plain(suite_intl(), bytes_of(plain, sizeof plain), &a);
    CHECK_OK(aead_seal(KEY, NONCE, bytes_of(NULL, 0), bytes_of(plain, sizeof plain), own));
    for (int l = 0; l < PEER_END; l++) {
        struct peer *p = opened((enum peer_library)l);
        if (p == NULL) {
            continue;
        }
        CHECK_OK(peer_sha256(p, bytes_of(plain, sizeof plain), &b));
        CHECK(hash_equal(&a, &b));
        CHECK_OK(peer_aead_seal(p, NONCE, bytes_of(plain, sizeof plain), theirs));
        CHECK_BYTES(bytes_of(theirs, sizeof theirs), bytes_of(own, sizeof own));
        peer_close(p);
    }
    peer_close(NULL);
}

TEST(openssl_hashes_by_sm3_to_the_bytes_that_ours_gives)
{
    uint8_t plain[100] = { 9 };
    struct peer_gm *p;
    struct hash a, b;
    hash_plain(suite_gm(), bytes_of(plain, sizeof plain), &a);
    CHECK_OK(peer_gm_open(SEED, NULL, &p));
    for (int i = 0; i < 2; i++) { /* a context is used again */
        CHECK_OK(peer_gm_sm3(p, bytes_of(plain, sizeof plain), &b));
        CHECK(hash_equal(&a, &b));
    }
    peer_gm_close(p);
}
