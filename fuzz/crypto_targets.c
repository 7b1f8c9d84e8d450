/* Signatures: what libsodium accepts we accept, and a batch says what each says alone. */
#include <sodium.h>

#include "crypto/ed25519_verify.h"
#include "crypto/suite.h"
#include "fuzz/fuzz.h"
#include "fuzz/signed_input.h"

enum { RAW = SIGNED_INPUT_RAW, RECORD = 3, PACKED = 32 + 64, INPUT_MAX = 256 };

/* A signature of a key that `which` chooses, and three bytes a change: of a byte of key ‖ signature
 * another value, or (from PACKED on) L added to S. */
static void signed_by(uint8_t which, struct bytes msg, uint8_t packed[PACKED])
{
    uint8_t seed[32] = { which };
    suite_intl()->public_of(NULL, seed, packed);
    suite_intl()->sign(NULL, seed, msg, packed + 32);
}

static void add_order(uint8_t s[32])
{
    static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
                                       0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10 };
    unsigned carry = 0;
    for (unsigned i = 0; i < 32; i++) {
        carry += (unsigned)s[i] + order[i];
        s[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

static void edit(uint8_t packed[PACKED], uint8_t at, uint8_t value)
{
    if (at < PACKED) {
        packed[at] ^= value;
    } else {
        add_order(packed + PACKED - 32);
    }
}

static bool ours(const uint8_t packed[PACKED], struct bytes msg)
{
    return ed25519_verify(packed, msg, packed + 32);
}

static void ed25519(struct bytes in)
{
    static const struct signed_input_suite suite = { PACKED, signed_by, ours, edit };
    uint8_t packed[PACKED];
    struct bytes msg;
    if (!signed_input_read(&suite, in, packed, &msg)) {
        return;
    }
    bool theirs = crypto_sign_verify_detached(packed + 32, msg.ptr, msg.len, packed) == 0;
    ASSERT(!theirs || ours(packed, msg));
}

/* Three bytes an item: its key, where it is changed, how (0: not at all). */
static void ed25519_batch(struct bytes in)
{
    enum { ITEMS = 24 };
    uint8_t packed[ITEMS][PACKED];
    struct ed25519_item item[ITEMS];
    bool good[ITEMS], all = true;
    size_t count = in.len / RECORD < ITEMS ? in.len / RECORD : ITEMS;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *r = in.ptr + RECORD * i;
        struct bytes msg = bytes_of(r, 1);
        signed_by(r[0], msg, packed[i]);
        if (r[2] != 0) {
            edit(packed[i], r[1], r[2]);
        }
        item[i] = (struct ed25519_item){ packed[i], packed[i] + 32, msg };
    }
    bool said = ed25519_verify_batch(item, count, good);
    for (size_t i = 0; i < count; i++) {
        ASSERT(good[i] == ours(packed[i], item[i].msg));
        all = all && good[i];
    }
    ASSERT(said == all);
}

static void seed_ed25519(void)
{
    uint8_t in[1 + PACKED + 5] = { RAW, [32] = 0, [PACKED + 1] = 'Z', 'c', 'a', 's', 'h' };
    in[1] = in[33] = 1; /* A and R of order 1, S = 0 */
    fuzz_seed(bytes_of(in, sizeof in));
    signed_by(1, bytes_of(in + 1 + PACKED, 5), in + 1);
    fuzz_seed(bytes_of(in, sizeof in));
    fuzz_seed(bytes_of((const uint8_t[]){ 1, 0, 'm' }, 3));
    fuzz_seed(bytes_of((const uint8_t[]){ 2, 2, 31, 0x80, 63, 0x80, 'm' }, 7));
    fuzz_seed(bytes_of((const uint8_t[]){ 3, 1, PACKED, 0, 'm' }, 5));
}

static void seed_batch(void)
{
    fuzz_seed(bytes_of((const uint8_t[]){ 1, 0, 0, 2, 0, 0, 3, 0, 0, 4, 0, 0, 5, 0, 0 }, 15));
    fuzz_seed(bytes_of((const uint8_t[]){ 1, 0, 0, 2, 64, 1, 3, 32, 1, 4, 0, 1, 4, 96, 1 }, 15));
}

static const struct fuzz_target ROWS[] = {
    { "ed25519", INPUT_MAX, ed25519, seed_ed25519 },
    { "ed25519-batch", INPUT_MAX, ed25519_batch, seed_batch },
};
const struct fuzz_family FUZZ_CRYPTO = { ROWS, COUNT(ROWS) };
