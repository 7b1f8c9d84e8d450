#include "crypto/peer_gm.h"
#include "crypto/sm2_field_internal.h"
#include "crypto/suite.h"
#include "tests/test.h"

static void from_hex(const char *hex, uint8_t *out, size_t len)
{
    size_t got = 0;
    if (hex_decode(hex, strlen(hex), out, len, &got) != ERR_NONE || got != len) {
        test_fail(__FILE__, __LINE__, hex);
    }
}

/* GB/T 32918.5-2017, annex A: digital signature. */
static const char EXAMPLE_PRIVATE[] =
    "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";
static const char EXAMPLE_PUBLIC[] =
    "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13";
static const char EXAMPLE_NONCE[] =
    "59276e27d506861a16680f3ad9c02dccef3cc1fa3cdbe4ce6d54b80deac1bc21";
static const char EXAMPLE_DIGEST[] =
    "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640";
static const char EXAMPLE_SIGNATURE[] =
    "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
    "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa";
static const char EXAMPLE_MESSAGE[] = "message digest";

struct example {
    uint8_t public_key[SM2_PUBLIC_SIZE], signature[SM2_SIGNATURE_SIZE];
    struct bytes msg;
};

static struct example example(void)
{
    struct example x = { .msg = bytes_of_str(EXAMPLE_MESSAGE) };
    from_hex(EXAMPLE_PUBLIC, x.public_key, sizeof x.public_key);
    from_hex(EXAMPLE_SIGNATURE, x.signature, sizeof x.signature);
    return x;
}

TEST(the_example_of_gb_t_32918_5_signs_and_verifies)
{
    uint8_t private_key[32], nonce[32], public_key[SM2_PUBLIC_SIZE], got[SM2_SIGNATURE_SIZE];
    struct example x = example();
    struct hash e, want;
    from_hex(EXAMPLE_PRIVATE, private_key, sizeof private_key);
    from_hex(EXAMPLE_NONCE, nonce, sizeof nonce);
    from_hex(EXAMPLE_DIGEST, want.b, sizeof want.b);
    sm2_public_from(private_key, public_key);
    CHECK_BYTES(bytes_of(public_key, sizeof public_key),
                bytes_of(x.public_key, sizeof x.public_key));
    sm2_digest(public_key, x.msg, &e);
    CHECK(hash_equal(&e, &want));
    CHECK(sm2_sign_with(private_key, nonce, &e, got));
    CHECK_BYTES(bytes_of(got, sizeof got), bytes_of(x.signature, sizeof x.signature));
    CHECK(sm2_verify(public_key, x.msg, got));
}

TEST(a_changed_bit_of_key_message_or_signature_is_refused)
{
    struct example x = example();
    uint8_t msg[sizeof EXAMPLE_MESSAGE];
    memcpy(msg, EXAMPLE_MESSAGE, sizeof msg);
    uint8_t *const part[] = { x.public_key, x.signature, msg };
    const size_t size[] = { sizeof x.public_key, sizeof x.signature, sizeof EXAMPLE_MESSAGE - 1 };
    for (unsigned p = 0; p < COUNT(part); p++) {
        for (size_t bit = 0; bit < 8 * size[p]; bit++) {
            part[p][bit / 8] ^= (uint8_t)(1U << (bit % 8));
            CHECK(!sm2_verify(x.public_key, bytes_of(msg, size[2]), x.signature));
            part[p][bit / 8] ^= (uint8_t)(1U << (bit % 8));
        }
    }
    CHECK(sm2_verify(x.public_key, bytes_of(msg, size[2]), x.signature));
}

/* Computed by a Python program of forty lines with hashlib's SM3 and numbers of any length. */
static const struct {
    uint8_t seed[2]; /* the first byte, and what each next one adds to it */
    const char *msg, *public_key, *signature;
} DERIVED[] = {
    { { 0, 1 },
      "",
      "04cb418d5d19a5ffcf590824a7f1df8af15a7f8b66d32756726795f30da2e15fbc"
      "90d54c8b2e5c7978c3b864eae39d1304c7e8ad59d0ff25bee0afdaa88d2274fa",
      "db2e1b9ec57b26b5ebed8eddf26b2c08e1dcea7684e889deef1b9de75af3b516"
      "6e53148d4ae37a348343386dbd7209a4224996de816eb9993c1a25a6ba677a68" },
    { { 255, 0 },
      "a carnet",
      "04f9134b1ca08701a447117a9ce97c034a2329c97cb15befdc0fca688010fec49a"
      "a8211ed963e62d7fd52a5acefbfa5c32e9596e581b913ffbe78a2a6ecad6dae8",
      "83908ee33793746448539be76fd2e6c70002704d55263e92fd9cf3aa7dc0d6c6"
      "c4a590d419e77ab17765ee910bb2be69ba2cd188cc1e8fb6b7fda4a5a3150a20" },
};

TEST(a_seed_gives_one_key_and_for_each_message_one_signature)
{
    for (size_t i = 0; i < COUNT(DERIVED); i++) {
        uint8_t seed[SM2_SEED_SIZE], key[SM2_PUBLIC_SIZE], signature[SM2_SIGNATURE_SIZE];
        uint8_t want_key[SM2_PUBLIC_SIZE], want[SM2_SIGNATURE_SIZE];
        for (unsigned b = 0; b < sizeof seed; b++) {
            seed[b] = (uint8_t)(DERIVED[i].seed[0] + b * DERIVED[i].seed[1]);
        }
        from_hex(DERIVED[i].public_key, want_key, sizeof want_key);
        from_hex(DERIVED[i].signature, want, sizeof want);
        for (unsigned turn = 0; turn < 2; turn++) {
            memset(signature, 0, sizeof signature);
            suite_gm()->public_of(NULL, seed, key);
            suite_gm()->sign(NULL, seed, bytes_of_str(DERIVED[i].msg), signature);
            CHECK_BYTES(bytes_of(key, sizeof key), bytes_of(want_key, sizeof want_key));
            CHECK_BYTES(bytes_of(signature, sizeof signature), bytes_of(want, sizeof want));
        }
    }
}

/* A private key below n for sure: the highest byte is small. */
static void private_of(unsigned i, uint8_t out[SM2_NUMBER_SIZE])
{
    struct hash h;
    hash_plain(suite_gm(), bytes_of(&i, sizeof i), &h);
    memcpy(out, h.b, SM2_NUMBER_SIZE);
    out[0] &= 0x7f;
}

TEST(what_openssl_signs_we_verify_and_what_we_sign_openssl_verifies)
{
    for (unsigned i = 0; i < 40; i++) {
        uint8_t private_key[SM2_NUMBER_SIZE], public_key[SM2_PUBLIC_SIZE], text[100];
        uint8_t signature[SM2_SIGNATURE_SIZE];
        struct peer_gm *signer, *verifier;
        memset(text, (int)i, sizeof text);
        struct bytes msg = bytes_of(text, i % sizeof text);
        private_of(i, private_key);
        sm2_public_from(private_key, public_key);
        CHECK_OK(peer_gm_open(private_key, NULL, &signer));
        CHECK_OK(peer_gm_sign(signer, msg, signature));
        CHECK(sm2_verify(public_key, msg, signature));
        CHECK_OK(peer_gm_verify(signer, msg, signature));
        signature[i] ^= 1;
        CHECK(!sm2_verify(public_key, msg, signature));
        CHECK_ERR(peer_gm_verify(signer, msg, signature), ERR_SIGNATURE);
        suite_gm()->public_of(NULL, private_key, public_key); /* as a seed */
        suite_gm()->sign(NULL, private_key, msg, signature);
        CHECK_OK(peer_gm_open(NULL, public_key, &verifier));
        CHECK_OK(peer_gm_verify(verifier, msg, signature));
        CHECK(sm2_verify(public_key, msg, signature));
        signature[i] ^= 1;
        CHECK_ERR(peer_gm_verify(verifier, msg, signature), ERR_SIGNATURE);
        CHECK_ERR(peer_gm_sign(verifier, msg, signature), ERR_FAILED); /* it has no secret */
        peer_gm_close(signer);
        peer_gm_close(verifier);
    }
    peer_gm_close(NULL);
}

/* X9.62's hybrid form names the same point; it is the one thing that OpenSSL takes and we do not.
 */
TEST(a_key_in_hybrid_form_is_openssls_alone)
{
    struct example x = example();
    struct peer_gm *p;
    x.public_key[0] = (uint8_t)(6 | (x.public_key[SM2_PUBLIC_SIZE - 1] & 1));
    CHECK_OK(peer_gm_open(NULL, x.public_key, &p));
    CHECK_OK(peer_gm_verify(p, x.msg, x.signature));
    CHECK(!sm2_verify(x.public_key, x.msg, x.signature));
    peer_gm_close(p);
    x.public_key[0] ^= 1; /* the other parity than that of y */
    CHECK_ERR(peer_gm_open(NULL, x.public_key, &p), ERR_RANGE);
}

static void write_number(const struct sm2_number *x, uint8_t out[SM2_NUMBER_SIZE])
{
    for (unsigned i = 0; i < SM2_NUMBER_SIZE; i++) {
        out[SM2_NUMBER_SIZE - 1 - i] = (uint8_t)(x->limb[i / 8] >> (8 * (i % 8)));
    }
}

/* One by its place and value, the rest that of the example. */
TEST(a_scalar_of_zero_of_n_or_above_is_refused_whichever_it_is)
{
    struct sm2_number r, s, more;
    struct example x = example();
    sm2_number_read(&r, x.signature);
    sm2_number_read(&s, x.signature + SM2_NUMBER_SIZE);
    for (unsigned place = 0; place < 2; place++) {
        static const uint8_t zero[SM2_NUMBER_SIZE], ones[SM2_NUMBER_SIZE] = { 255, 255, 255, 255 };
        struct example y = x;
        uint8_t *at = y.signature + (size_t)place * SM2_NUMBER_SIZE;
        memcpy(at, zero, sizeof zero);
        CHECK(!sm2_verify(y.public_key, y.msg, y.signature));
        write_number(&SM2_N, at);
        CHECK(!sm2_verify(y.public_key, y.msg, y.signature));
        memcpy(at, ones, sizeof ones);
        CHECK(!sm2_verify(y.public_key, y.msg, y.signature));
    }
    sm2_number_sub(&more, &SM2_N, &r); /* r + s = n: the key would be left out */
    write_number(&more, x.signature + SM2_NUMBER_SIZE);
    CHECK(!sm2_verify(x.public_key, x.msg, x.signature));
}

static bool point_is_read(const uint8_t in[SM2_PUBLIC_SIZE])
{
    struct sm2_affine p;
    return sm2_point_read(&p, in);
}

TEST(a_key_is_refused_unless_it_is_the_one_encoding_of_a_point_of_the_curve)
{
    struct example x = example();
    struct sm2_number number;
    uint8_t key[SM2_PUBLIC_SIZE];
    CHECK(point_is_read(x.public_key));
    for (unsigned head = 0; head < 256; head++) {
        memcpy(key, x.public_key, sizeof key);
        key[0] = (uint8_t)head;
        CHECK_EQ(point_is_read(key), head == 4);
    }
    memset(key, 0, sizeof key);
    CHECK(!point_is_read(key)); /* how SEC 1 begins infinity */
    key[0] = 4;
    CHECK(!point_is_read(key)); /* (0, 0) is on no curve with b */
    for (unsigned place = 0; place < 2; place++) {
        memcpy(key, x.public_key, sizeof key);
        write_number(&SM2_P, key + 1 + (size_t)place * SM2_NUMBER_SIZE);
        CHECK(!point_is_read(key));
    }
    /* The y of x = 0 is a root of b; x = p would be the same point by another name. */
    from_hex("040000000000000000000000000000000000000000000000000000000000000000"
             "fd4511e81736a60f07e88a83d6cf5a167fae6d1a9c9330e76e232e00f5cdc154",
             key, sizeof key);
    CHECK(point_is_read(key));
    write_number(&SM2_P, key + 1);
    CHECK(!point_is_read(key));
    sm2_number_read(&number, key + 1);
    CHECK(!sm2_number_below(&number, &SM2_P));
}

TEST(keys_and_signatures_of_another_length_are_refused)
{
    const struct suite *s = suite_gm();
    struct example x = example();
    uint8_t key[SM2_PUBLIC_SIZE + 1] = { 0 }, signature[SM2_SIGNATURE_SIZE + 1] = { 0 };
    memcpy(key, x.public_key, SM2_PUBLIC_SIZE);
    memcpy(signature, x.signature, SM2_SIGNATURE_SIZE);
    for (size_t k = 0; k <= sizeof key; k++) {
        bool good =
            s->verify(s->ctx, bytes_of(key, k), x.msg, bytes_of(signature, SM2_SIGNATURE_SIZE));
        CHECK_EQ(good, k == SM2_PUBLIC_SIZE);
    }
    for (size_t k = 0; k <= sizeof signature; k++) {
        bool good =
            s->verify(s->ctx, bytes_of(key, SM2_PUBLIC_SIZE), x.msg, bytes_of(signature, k));
        CHECK_EQ(good, k == SM2_SIGNATURE_SIZE);
    }
}

TEST(a_batch_of_suite_gm_names_its_bad_ones)
{
    enum { ITEMS = 5 };
    struct example x = example(), bad = example();
    struct suite_item item[ITEMS];
    bool good[ITEMS];
    bad.signature[63] ^= 1;
    for (unsigned i = 0; i < ITEMS; i++) {
        const struct example *from = i == 3 ? &bad : &x;
        item[i] = (struct suite_item){ bytes_of(from->public_key, SM2_PUBLIC_SIZE), x.msg,
                                       bytes_of(from->signature, SM2_SIGNATURE_SIZE) };
    }
    CHECK(!suite_verify_batch(suite_gm(), item, ITEMS, good));
    for (unsigned i = 0; i < ITEMS; i++) {
        CHECK_EQ(good[i], i != 3);
    }
    CHECK(suite_verify_batch(suite_gm(), item, 3, good));
}
