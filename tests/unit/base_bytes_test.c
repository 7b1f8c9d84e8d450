#include "base/bytes.h"
#include "tests/test.h"

TEST(bytes_compare_lexicographically_and_shorter_first)
{
    CHECK(bytes_compare(bytes_of_str("abc"), bytes_of_str("abd")) < 0);
    CHECK(bytes_compare(bytes_of_str("b"), bytes_of_str("abd")) > 0);
    CHECK(bytes_compare(bytes_of_str("ab"), bytes_of_str("abc")) < 0);
    CHECK(bytes_compare(bytes_of_str("abc"), bytes_of_str("ab")) > 0);
    CHECK(bytes_compare(bytes_of(NULL, 0), bytes_of_str("")) == 0);
    CHECK(bytes_compare(bytes_of("\xff", 1), bytes_of("\x01", 1)) > 0);
    CHECK(bytes_equal(bytes_of(NULL, 0), bytes_of_str("")));
    CHECK(!bytes_equal(bytes_of_str("a"), bytes_of_str("b")));
    CHECK(!bytes_equal(bytes_of_str("a"), bytes_of_str("ab")));
}

TEST(a_hash_compares_by_all_its_bytes)
{
    struct hash a = { { 0 } }, b = { { 0 } };
    CHECK(hash_is_zero(&a) && hash_equal(&a, &b) && hash_compare(&a, &b) == 0);
    b.b[31] = 1;
    CHECK(!hash_is_zero(&b) && !hash_equal(&a, &b));
    CHECK(hash_compare(&a, &b) < 0 && hash_compare(&b, &a) > 0);
}

TEST(a_writer_is_big_endian_and_a_reader_gives_it_back)
{
    uint8_t memory[64];
    struct hash h = { { 7, 8, 9 } }, again;
    struct buf b = buf_over(memory, sizeof memory);
    buf_put_u8(&b, 0x01);
    buf_put_u16(&b, 0x0203);
    buf_put_u32(&b, 0x04050607);
    buf_put_u64(&b, UINT64_C(0x08090a0b0c0d0e0f));
    CHECK_BYTES(buf_bytes(&b),
                bytes_of("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f", 15));
    buf_put_hash(&b, &h);
    CHECK_OK(buf_done(&b));
    struct reader r = reader_over(buf_bytes(&b));
    CHECK_EQ(reader_u8(&r), 1);
    CHECK_EQ(reader_u16(&r), 0x0203);
    CHECK_EQ(reader_u32(&r), 0x04050607);
    CHECK_EQ(reader_u64(&r), UINT64_C(0x08090a0b0c0d0e0f));
    CHECK_ERR(reader_done(&r), ERR_ENCODING);
    again = reader_hash(&r);
    CHECK(hash_equal(&h, &again));
    CHECK_OK(reader_done(&r));
}

TEST(a_full_writer_writes_nothing_more_not_even_what_would_fit)
{
    uint8_t memory[4] = { 0 };
    struct buf b = buf_over(memory, 3);
    buf_put_u16(&b, 0x0102);
    buf_put_u16(&b, 0x0304);
    buf_put_u8(&b, 5);
    CHECK_ERR(buf_done(&b), ERR_SIZE);
    CHECK_EQ(buf_bytes(&b).len, 2);
    CHECK_EQ(memory[2], 0);
    b = buf_over(memory, 4);
    buf_put_u32(&b, 1);
    CHECK_OK(buf_done(&b));
    b = buf_over(NULL, 0);
    buf_put(&b, bytes_of(NULL, 0));
    CHECK_OK(buf_done(&b));
}

TEST(a_reader_poisons_itself_on_short_input)
{
    struct reader r = reader_over(bytes_of("\x01\x02\x03", 3));
    CHECK_EQ(reader_u32(&r), 0);
    CHECK_EQ(reader_u8(&r), 0);
    CHECK_EQ(reader_take(&r, 1).len, 0);
    CHECK_ERR(reader_done(&r), ERR_ENCODING);
    r = reader_over(bytes_of("\x01\x02\x03", 3));
    CHECK_EQ(reader_take(&r, SIZE_MAX).len, 0);
    CHECK_ERR(reader_done(&r), ERR_ENCODING);
}

TEST(formats_2_hex_is_lowercase_only)
{
    char text[HEX_SIZE(4) + 1];
    uint8_t out[4] = { 9 };
    size_t len = 77;
    hex_encode(bytes_of("\x00\x1f\xab\xff", 4), text);
    CHECK_STR(text, "001fabff");
    CHECK_OK(hex_decode(text, 8, out, sizeof out, &len));
    CHECK_BYTES(bytes_of(out, len), bytes_of("\x00\x1f\xab\xff", 4));
    static const char *const REFUSED[] = { "A0", "0A", "0", "0g", " 0", "0x", "00 ", "0\xc3" };
    for (size_t i = 0; i < COUNT(REFUSED); i++) {
        len = 77;
        CHECK_ERR(hex_decode(REFUSED[i], strlen(REFUSED[i]), out, sizeof out, &len), ERR_ENCODING);
        CHECK(len == 77 && out[1] == 0x1f);
    }
    CHECK_ERR(hex_decode("0011223344", 10, out, sizeof out, &len), ERR_SIZE);
    CHECK_OK(hex_decode("", 0, out, 0, &len));
    CHECK_EQ(len, 0);
}

TEST(a_hash_is_exactly_64_digits)
{
    char text[HEX_SIZE(HASH_SIZE) + 2] = { 0 };
    struct hash h;
    memset(text, 'e', 64);
    CHECK_OK(hash_from_hex(text, &h));
    CHECK_EQ(h.b[31], 0xee);
    text[64] = 'e';
    CHECK_ERR(hash_from_hex(text, &h), ERR_ENCODING);
    text[63] = '\0';
    CHECK_ERR(hash_from_hex(text, &h), ERR_ENCODING);
}

/* RFC 4648 section 10, without its padding. */
TEST(formats_2_base64url_has_no_padding_and_zero_spare_bits)
{
    static const char *const PAIRS[][2] = { { "", "" },
                                            { "f", "Zg" },
                                            { "fo", "Zm8" },
                                            { "foo", "Zm9v" },
                                            { "foob", "Zm9vYg" },
                                            { "fooba", "Zm9vYmE" },
                                            { "foobar", "Zm9vYmFy" },
                                            { "\xfb\xff", "-_8" } };
    char text[16];
    uint8_t out[16];
    size_t len;
    for (size_t i = 0; i < COUNT(PAIRS); i++) {
        struct bytes plain = bytes_of_str(PAIRS[i][0]);
        base64url_encode(plain, text);
        CHECK_STR(text, PAIRS[i][1]);
        CHECK_EQ(strlen(text), BASE64URL_SIZE(plain.len));
        CHECK_OK(base64url_decode(text, strlen(text), out, sizeof out, &len));
        CHECK_BYTES(bytes_of(out, len), plain);
    }
    static const char *const REFUSED[] = { "Zg==", "Zh",  "Zm9", "Z",     "Zm9vY",
                                           "-_8=", "+_8", "-/8", "Zm 9v", "Zg\n" };
    for (size_t i = 0; i < COUNT(REFUSED); i++) {
        len = 77;
        CHECK_ERR(base64url_decode(REFUSED[i], strlen(REFUSED[i]), out, sizeof out, &len),
                  ERR_ENCODING);
        CHECK_EQ(len, 77);
    }
    CHECK_OK(base64url_decode("Zm9v", 4, out, 3, &len));
    CHECK_ERR(base64url_decode("Zm9v", 4, out, 2, &len), ERR_SIZE);
}

TEST(utf8_is_that_of_rfc_3629)
{
    static const struct {
        const char *text;
        size_t prefix;
        bool valid;
    } ROWS[] = {
        { "", 0, true },
        { "plain", 5, true },
        { "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf", 11, true },
        { "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8, true },
        { "\xed\x9f\xbf\xee\x80\x80", 6, true },
        { "a\xc0\x80", 1, false }, /* overlong */
        { "a\xc1\xbf", 1, false },
        { "a\xe0\x9f\xbf", 1, false },
        { "a\xf0\x8f\xbf\xbf", 1, false },
        { "a\xed\xa0\x80", 1, false },     /* a surrogate */
        { "a\xf4\x90\x80\x80", 1, false }, /* above U+10FFFF */
        { "a\xf5\x80\x80\x80", 1, false },
        { "ab\x80", 2, false },
        { "ab\xe2\x82", 2, false }, /* cut short */
        { "ab\xe2\x28\xa1", 2, false },
        { "ab\xff", 2, false },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct bytes x = bytes_of_str(ROWS[i].text);
        CHECK_EQ(utf8_prefix(x), ROWS[i].prefix);
        CHECK(utf8_valid(x) == ROWS[i].valid);
    }
    CHECK(utf8_valid(bytes_of("a\0b", 3)));
}

TEST(crc32c_gives_the_values_of_rfc_3720)
{
    uint8_t x[32] = { 0 };
    CHECK_EQ(crc32c(0, bytes_of(x, 32)), 0x8a9136aa);
    memset(x, 0xff, 32);
    CHECK_EQ(crc32c(0, bytes_of(x, 32)), 0x62a8ab43);
    for (size_t i = 0; i < 32; i++) {
        x[i] = (uint8_t)i;
    }
    CHECK_EQ(crc32c(0, bytes_of(x, 32)), 0x46dd794e);
    CHECK_EQ(crc32c(crc32c(0, bytes_of(x, 11)), bytes_of(x + 11, 21)), 0x46dd794e);
    CHECK_EQ(crc32c(0, bytes_of_str("123456789")), 0xe3069283);
    CHECK_EQ(crc32c(0, bytes_of(NULL, 0)), 0);
}

/* The polynomial bit by bit. */
static uint32_t naive_crc32c(uint32_t crc, const uint8_t *x, size_t len)
{
    crc = ~crc;
    for (size_t i = 0; i < 8 * len; i++) {
        uint32_t low = (crc ^ (uint32_t)x[i / 8] >> i % 8) & 1;
        crc = crc >> 1 ^ (low != 0 ? 0x82F63B78u : 0);
    }
    return ~crc;
}

TEST(crc32c_is_the_same_at_every_length_and_place)
{
    uint8_t x[80];
    for (size_t i = 0; i < sizeof x; i++) {
        x[i] = (uint8_t)(i * i * 7 + 3 * i + 1);
    }
    for (size_t from = 0; from < 9; from++) {
        for (size_t len = 0; from + len <= sizeof x; len++) {
            CHECK_EQ(crc32c(0, bytes_of(x + from, len)), naive_crc32c(0, x + from, len));
            CHECK_EQ(crc32c(0x1234567, bytes_of(x + from, len)),
                     naive_crc32c(0x1234567, x + from, len));
        }
    }
}
