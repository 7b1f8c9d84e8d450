#include "api/auth_internal.h"
#include "tests/test.h"

enum { NOW_MS = 1800000000 };

struct request {
    struct hash space;
    uint64_t time_ms;
    const char *method, *path, *body;
};

static const struct request ASKED = {
    .space = { { 0x11 } }, .time_ms = NOW_MS, .method = "POST", .path = "/v1/tx", .body = "abc"
};

static enum err bytes_of_request(const struct request *r, struct buf *out)
{
    return api_auth_bytes(suite_intl(), &r->space, r->time_ms, r->method, r->path,
                          bytes_of_str(r->body), out);
}

/* SHA-256 of "abc" is FIPS 180-4's own example. */
TEST(the_signed_bytes_are_space_time_method_path_and_the_digest_of_the_body)
{
    static const char WANT[] = "1100000000000000000000000000000000000000000000000000000000000000"
                               "000000006b49d200"
                               "04504f5354"
                               "00062f76312f7478"
                               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    uint8_t memory[256];
    char hex[2 * sizeof memory + 1];
    struct buf b = buf_over(memory, sizeof memory);
    CHECK_OK(bytes_of_request(&ASKED, &b));
    hex_encode(buf_bytes(&b), hex);
    CHECK_STR(hex, WANT);
}

TEST(signed_bytes_that_do_not_fit_leave_the_buffer_untouched)
{
    uint8_t memory[256];
    size_t exact = HASH_SIZE + 8 + 1 + 4 + 2 + 6 + HASH_SIZE;
    struct buf b = buf_over(memory, exact - 1);
    CHECK_ERR(bytes_of_request(&ASKED, &b), ERR_SIZE);
    CHECK_EQ(b.len, 0);
    CHECK(!b.full);
    b = buf_over(memory, exact);
    CHECK_OK(bytes_of_request(&ASKED, &b));
    CHECK_EQ(b.len, exact);
}

TEST(a_method_or_path_longer_than_its_length_field_is_refused)
{
    static uint8_t memory[70000];
    static char longest[65537];
    struct request r = ASKED;
    struct buf b = buf_over(memory, sizeof memory);
    memset(longest, 'a', 256);
    r.method = longest;
    CHECK_ERR(bytes_of_request(&r, &b), ERR_SIZE);
    longest[255] = '\0';
    CHECK_OK(bytes_of_request(&r, &b));
    r = ASKED;
    memset(longest, 'a', 65536);
    r.path = longest;
    b = buf_over(memory, sizeof memory);
    CHECK_ERR(bytes_of_request(&r, &b), ERR_SIZE);
    longest[65535] = '\0';
    CHECK_OK(bytes_of_request(&r, &b));
}

static const uint8_t SEED[SUITE_SECRET_SIZE] = { 7 };

/* Carnet-Auth of a request signed with SEED by participant {9}, key 3; its length. */
static size_t header_of(const struct request *r, char out[BASE64URL_SIZE(API_AUTH_SIZE_MAX) + 1])
{
    const struct suite *s = suite_intl();
    uint8_t text[256], raw[API_AUTH_SIZE_MAX], signature[SUITE_SIGNATURE_SIZE_MAX];
    struct buf b = buf_over(text, sizeof text), head = buf_over(raw, sizeof raw);
    struct hash did = { { 9 } };
    if (bytes_of_request(r, &b) != ERR_NONE) {
        return 0;
    }
    suite_sign_tagged(s, SEED, "carnet/request/v1", buf_bytes(&b), signature);
    buf_put_hash(&head, &did);
    buf_put_u32(&head, 3);
    buf_put_u64(&head, r->time_ms);
    buf_put(&head, bytes_of(signature, s->signature_size));
    base64url_encode(buf_bytes(&head), out);
    return BASE64URL_SIZE(head.len);
}

static struct bytes public_key(uint8_t out[SUITE_KEY_SIZE_MAX])
{
    suite_intl()->public_of(NULL, SEED, out);
    return bytes_of(out, suite_intl()->public_size);
}

static enum err verify_as(const struct auth_claim *c, const struct request *r)
{
    uint8_t key[SUITE_KEY_SIZE_MAX];
    struct auth_subject subject = { r->method, r->path, bytes_of_str(r->body) };
    return auth_verify(suite_intl(), &r->space, c, &subject, public_key(key));
}

TEST(a_header_says_who_with_which_key_and_when_and_its_signature_verifies)
{
    char text[BASE64URL_SIZE(API_AUTH_SIZE_MAX) + 1];
    struct auth_claim c;
    size_t len = header_of(&ASKED, text);
    CHECK_OK(auth_read(suite_intl(), text, len, &c));
    CHECK_EQ(c.did.b[0], 9);
    CHECK_EQ(c.key, 3);
    CHECK_EQ(c.time_ms, NOW_MS);
    CHECK_EQ(c.signature_len, 64);
    CHECK_OK(verify_as(&c, &ASKED));
}

TEST(a_change_of_any_field_breaks_the_signature)
{
    char text[BASE64URL_SIZE(API_AUTH_SIZE_MAX) + 1];
    struct auth_claim claim, c;
    struct request r;
    CHECK_OK(auth_read(suite_intl(), text, header_of(&ASKED, text), &claim));
    r = ASKED;
    r.space.b[31] = 1;
    CHECK_ERR(verify_as(&claim, &r), ERR_SIGNATURE);
    r = ASKED;
    r.method = "PUT";
    CHECK_ERR(verify_as(&claim, &r), ERR_SIGNATURE);
    r = ASKED;
    r.path = "/v1/tx?wait_ms=1";
    CHECK_ERR(verify_as(&claim, &r), ERR_SIGNATURE);
    r = ASKED;
    r.body = "abd";
    CHECK_ERR(verify_as(&claim, &r), ERR_SIGNATURE);
    r = ASKED;
    r.body = "";
    CHECK_ERR(verify_as(&claim, &r), ERR_SIGNATURE);
    c = claim;
    c.time_ms++;
    CHECK_ERR(verify_as(&c, &ASKED), ERR_SIGNATURE);
    c = claim;
    c.signature[0] ^= 1;
    CHECK_ERR(verify_as(&c, &ASKED), ERR_SIGNATURE);
    CHECK_OK(verify_as(&claim, &ASKED));
}

/* The boundary between method and path is fixed by lengths: "POST" "/v1" is not "POS" "T/v1". */
TEST(bytes_cannot_move_between_method_and_path)
{
    char text[BASE64URL_SIZE(API_AUTH_SIZE_MAX) + 1];
    struct auth_claim c;
    struct request moved = ASKED;
    CHECK_OK(auth_read(suite_intl(), text, header_of(&ASKED, text), &c));
    moved.method = "POS";
    moved.path = "T/v1/tx";
    CHECK_ERR(verify_as(&c, &moved), ERR_SIGNATURE);
}

TEST(a_header_that_is_not_exactly_a_claim_is_refused)
{
    char text[BASE64URL_SIZE(API_AUTH_SIZE_MAX) + 1];
    struct auth_claim c = { .key = 77 };
    size_t len = header_of(&ASKED, text);
    CHECK_ERR(auth_read(suite_intl(), text, 0, &c), ERR_ENCODING);
    CHECK_ERR(auth_read(suite_intl(), text, len - 4, &c), ERR_ENCODING);
    CHECK_ERR(auth_read(suite_intl(), text, len - 1, &c), ERR_ENCODING);
    text[5] = '+';
    CHECK_ERR(auth_read(suite_intl(), text, len, &c), ERR_ENCODING);
    char longer[2 * sizeof text];
    memset(longer, 'A', sizeof longer);
    CHECK_ERR(auth_read(suite_intl(), longer, sizeof longer, &c), ERR_ENCODING);
    CHECK_EQ(c.key, 77);
}

TEST(a_claim_is_good_for_as_long_as_clocks_may_differ_and_no_longer)
{
    struct auth_claim c = { .time_ms = NOW_MS };
    CHECK_OK(auth_in_time(&c, NOW_MS));
    CHECK_OK(auth_in_time(&c, NOW_MS + API_CLOCK_SKEW_MS));
    CHECK_OK(auth_in_time(&c, NOW_MS - API_CLOCK_SKEW_MS));
    CHECK_ERR(auth_in_time(&c, NOW_MS + API_CLOCK_SKEW_MS + 1), ERR_STALE);
    CHECK_ERR(auth_in_time(&c, NOW_MS - API_CLOCK_SKEW_MS - 1), ERR_STALE);
    c.time_ms = UINT64_MAX;
    CHECK_ERR(auth_in_time(&c, NOW_MS), ERR_STALE);
}
