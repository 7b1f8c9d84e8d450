#include "base/bytes.h"

#include <string.h>

struct bytes bytes_of(const void *ptr, size_t len)
{
    return (struct bytes){ ptr, len };
}

struct bytes bytes_of_str(const char *text)
{
    return bytes_of(text, strlen(text));
}

struct bytes bytes_of_hash(const struct hash *h)
{
    return bytes_of(h->b, HASH_SIZE);
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

int bytes_compare(struct bytes a, struct bytes b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.ptr, b.ptr, common);
    if (order != 0) {
        return order;
    }
    return a.len < b.len ? -1 : a.len > b.len;
}

bool hash_equal(const struct hash *a, const struct hash *b)
{
    return memcmp(a->b, b->b, HASH_SIZE) == 0;
}

int hash_compare(const struct hash *a, const struct hash *b)
{
    return memcmp(a->b, b->b, HASH_SIZE);
}

bool hash_is_zero(const struct hash *h)
{
    static const struct hash ZERO = { { 0 } };
    return hash_equal(h, &ZERO);
}

struct buf buf_over(void *memory, size_t cap)
{
    ASSERT(memory != NULL || cap == 0);
    return (struct buf){ .ptr = memory, .cap = cap };
}

void buf_put(struct buf *b, struct bytes x)
{
    ASSERT(b->len <= b->cap);
    if (b->full || x.len > b->cap - b->len) {
        b->full = true;
        return;
    }
    if (x.len > 0) {
        memcpy(b->ptr + b->len, x.ptr, x.len);
        b->len += x.len;
    }
}

static void put_big_endian(struct buf *b, uint64_t x, size_t size)
{
    uint8_t out[8];
    ASSERT(size <= sizeof out);
    for (size_t i = 0; i < size; i++) {
        out[i] = (uint8_t)(x >> (8 * (size - 1 - i)));
    }
    buf_put(b, bytes_of(out, size));
}

void buf_put_u8(struct buf *b, uint8_t x)
{
    put_big_endian(b, x, 1);
}

void buf_put_u16(struct buf *b, uint16_t x)
{
    put_big_endian(b, x, 2);
}

void buf_put_u32(struct buf *b, uint32_t x)
{
    put_big_endian(b, x, 4);
}

void buf_put_u64(struct buf *b, uint64_t x)
{
    put_big_endian(b, x, 8);
}

void buf_put_hash(struct buf *b, const struct hash *h)
{
    buf_put(b, bytes_of_hash(h));
}

struct bytes buf_bytes(const struct buf *b)
{
    return bytes_of(b->ptr, b->len);
}

enum err buf_done(const struct buf *b)
{
    return b->full ? ERR_SIZE : ERR_NONE;
}

struct reader reader_over(struct bytes x)
{
    return (struct reader){ .ptr = x.ptr, .left = x.len };
}

struct bytes reader_take(struct reader *r, size_t len)
{
    if (r->bad || len > r->left) {
        r->bad = true;
        return bytes_of(NULL, 0);
    }
    if (len == 0) {
        return bytes_of(r->ptr, 0);
    }
    struct bytes out = bytes_of(r->ptr, len);
    r->ptr += len;
    r->left -= len;
    return out;
}

static uint64_t read_big_endian(struct reader *r, size_t size)
{
    struct bytes x = reader_take(r, size);
    uint64_t out = 0;
    for (size_t i = 0; i < x.len; i++) {
        out = out << 8 | x.ptr[i];
    }
    return out;
}

uint8_t reader_u8(struct reader *r)
{
    return (uint8_t)read_big_endian(r, 1);
}

uint16_t reader_u16(struct reader *r)
{
    return (uint16_t)read_big_endian(r, 2);
}

uint32_t reader_u32(struct reader *r)
{
    return (uint32_t)read_big_endian(r, 4);
}

uint64_t reader_u64(struct reader *r)
{
    return read_big_endian(r, 8);
}

struct hash reader_hash(struct reader *r)
{
    struct hash out = { { 0 } };
    struct bytes x = reader_take(r, HASH_SIZE);
    if (x.len == HASH_SIZE) {
        memcpy(out.b, x.ptr, HASH_SIZE);
    }
    return out;
}

enum err reader_done(const struct reader *r)
{
    return r->bad || r->left > 0 ? ERR_ENCODING : ERR_NONE;
}

void hex_encode(struct bytes x, char *out)
{
    static const char DIGITS[] = "0123456789abcdef";
    for (size_t i = 0; i < x.len; i++) {
        out[2 * i] = DIGITS[x.ptr[i] >> 4];
        out[2 * i + 1] = DIGITS[x.ptr[i] & 15];
    }
    out[2 * x.len] = '\0';
}

/* 0..15, or 16 for what is no lowercase digit. */
static unsigned hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0');
    }
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

enum err hex_decode(const char *text, size_t len, uint8_t *out, size_t cap, size_t *out_len)
{
    if (len % 2 != 0) {
        return ERR_ENCODING;
    }
    for (size_t i = 0; i < len; i++) { /* before writing: outputs stay untouched on error */
        if (hex_value(text[i]) > 15) {
            return ERR_ENCODING;
        }
    }
    if (len / 2 > cap) {
        return ERR_SIZE;
    }
    for (size_t i = 0; i < len / 2; i++) {
        out[i] = (uint8_t)(hex_value(text[2 * i]) << 4 | hex_value(text[2 * i + 1]));
    }
    *out_len = len / 2;
    return ERR_NONE;
}

enum err hash_from_hex(const char *text, struct hash *out)
{
    size_t len = strnlen(text, HEX_SIZE(HASH_SIZE) + 1);
    if (len != HEX_SIZE(HASH_SIZE)) {
        return ERR_ENCODING;
    }
    return hex_decode(text, len, out->b, HASH_SIZE, &len);
}

void base64url_encode(struct bytes x, char *out)
{
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned bits = 0, held = 0;
    for (size_t i = 0; i < x.len; i++) {
        held = held << 8 | x.ptr[i];
        for (bits += 8; bits >= 6; bits -= 6) {
            *out++ = DIGITS[held >> (bits - 6) & 63];
        }
        held &= (1u << bits) - 1;
    }
    if (bits > 0) {
        *out++ = DIGITS[held << (6 - bits) & 63];
    }
    *out = '\0';
}

/* 0..63, or 64 for what is not of the alphabet of RFC 4648 section 5. */
static unsigned base64url_value(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (unsigned)(c - 'A');
    }
    if (c >= 'a' && c <= 'z') {
        return (unsigned)(c - 'a') + 26;
    }
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0') + 52;
    }
    if (c == '-') {
        return 62;
    }
    return c == '_' ? 63 : 64;
}

/* Every character of the alphabet, a possible length, and spare bits of the last one zero. */
static bool base64url_valid(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (base64url_value(text[i]) > 63) {
            return false;
        }
    }
    switch (len % 4) {
    case 0:
        return true;
    case 2:
        return (base64url_value(text[len - 1]) & 15) == 0;
    case 3:
        return (base64url_value(text[len - 1]) & 3) == 0;
    default: /* one character holds less than a byte */
        return false;
    }
}

enum err base64url_decode(const char *text, size_t len, uint8_t *out, size_t cap, size_t *out_len)
{
    if (!base64url_valid(text, len)) {
        return ERR_ENCODING;
    }
    size_t size = len / 4 * 3 + len % 4 * 3 / 4;
    if (size > cap) {
        return ERR_SIZE;
    }
    unsigned bits = 0, held = 0;
    for (size_t i = 0; i < len; i++) {
        held = held << 6 | base64url_value(text[i]);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            *out++ = (uint8_t)(held >> bits);
            held &= (1u << bits) - 1;
        }
    }
    *out_len = size;
    return ERR_NONE;
}

/* Bytes of the sequence that `lead` begins, and the range of its second byte (RFC 3629 section 4:
 * the range is where overlong forms, surrogates and what is above U+10FFFF are told apart). */
static size_t utf8_sequence(uint8_t lead, uint8_t *low, uint8_t *high)
{
    *low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    *high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (lead < 0x80) {
        return 1;
    }
    if (lead < 0xC2 || lead > 0xF4) {
        return 0;
    }
    return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

size_t utf8_prefix(struct bytes x)
{
    size_t at = 0;
    while (at < x.len) {
        uint8_t low, high;
        size_t size = utf8_sequence(x.ptr[at], &low, &high);
        if (size == 0 || size > x.len - at) {
            return at;
        }
        for (size_t i = 1; i < size; i++) {
            uint8_t c = x.ptr[at + i];
            if (c < (i == 1 ? low : 0x80) || c > (i == 1 ? high : 0xBF)) {
                return at;
            }
        }
        at += size;
    }
    return at;
}

bool utf8_valid(struct bytes x)
{
    return utf8_prefix(x) == x.len;
}

/* CRC32C[i] is the remainder of the byte i, one table for one byte a step. */
static const uint32_t CRC32C[256] = {
    0x00000000, 0xf26b8303, 0xe13b70f7, 0x1350f3f4, 0xc79a971f, 0x35f1141c, 0x26a1e7e8, 0xd4ca64eb,
    0x8ad958cf, 0x78b2dbcc, 0x6be22838, 0x9989ab3b, 0x4d43cfd0, 0xbf284cd3, 0xac78bf27, 0x5e133c24,
    0x105ec76f, 0xe235446c, 0xf165b798, 0x030e349b, 0xd7c45070, 0x25afd373, 0x36ff2087, 0xc494a384,
    0x9a879fa0, 0x68ec1ca3, 0x7bbcef57, 0x89d76c54, 0x5d1d08bf, 0xaf768bbc, 0xbc267848, 0x4e4dfb4b,
    0x20bd8ede, 0xd2d60ddd, 0xc186fe29, 0x33ed7d2a, 0xe72719c1, 0x154c9ac2, 0x061c6936, 0xf477ea35,
    0xaa64d611, 0x580f5512, 0x4b5fa6e6, 0xb93425e5, 0x6dfe410e, 0x9f95c20d, 0x8cc531f9, 0x7eaeb2fa,
    0x30e349b1, 0xc288cab2, 0xd1d83946, 0x23b3ba45, 0xf779deae, 0x05125dad, 0x1642ae59, 0xe4292d5a,
    0xba3a117e, 0x4851927d, 0x5b016189, 0xa96ae28a, 0x7da08661, 0x8fcb0562, 0x9c9bf696, 0x6ef07595,
    0x417b1dbc, 0xb3109ebf, 0xa0406d4b, 0x522bee48, 0x86e18aa3, 0x748a09a0, 0x67dafa54, 0x95b17957,
    0xcba24573, 0x39c9c670, 0x2a993584, 0xd8f2b687, 0x0c38d26c, 0xfe53516f, 0xed03a29b, 0x1f682198,
    0x5125dad3, 0xa34e59d0, 0xb01eaa24, 0x42752927, 0x96bf4dcc, 0x64d4cecf, 0x77843d3b, 0x85efbe38,
    0xdbfc821c, 0x2997011f, 0x3ac7f2eb, 0xc8ac71e8, 0x1c661503, 0xee0d9600, 0xfd5d65f4, 0x0f36e6f7,
    0x61c69362, 0x93ad1061, 0x80fde395, 0x72966096, 0xa65c047d, 0x5437877e, 0x4767748a, 0xb50cf789,
    0xeb1fcbad, 0x197448ae, 0x0a24bb5a, 0xf84f3859, 0x2c855cb2, 0xdeeedfb1, 0xcdbe2c45, 0x3fd5af46,
    0x7198540d, 0x83f3d70e, 0x90a324fa, 0x62c8a7f9, 0xb602c312, 0x44694011, 0x5739b3e5, 0xa55230e6,
    0xfb410cc2, 0x092a8fc1, 0x1a7a7c35, 0xe811ff36, 0x3cdb9bdd, 0xceb018de, 0xdde0eb2a, 0x2f8b6829,
    0x82f63b78, 0x709db87b, 0x63cd4b8f, 0x91a6c88c, 0x456cac67, 0xb7072f64, 0xa457dc90, 0x563c5f93,
    0x082f63b7, 0xfa44e0b4, 0xe9141340, 0x1b7f9043, 0xcfb5f4a8, 0x3dde77ab, 0x2e8e845f, 0xdce5075c,
    0x92a8fc17, 0x60c37f14, 0x73938ce0, 0x81f80fe3, 0x55326b08, 0xa759e80b, 0xb4091bff, 0x466298fc,
    0x1871a4d8, 0xea1a27db, 0xf94ad42f, 0x0b21572c, 0xdfeb33c7, 0x2d80b0c4, 0x3ed04330, 0xccbbc033,
    0xa24bb5a6, 0x502036a5, 0x4370c551, 0xb11b4652, 0x65d122b9, 0x97baa1ba, 0x84ea524e, 0x7681d14d,
    0x2892ed69, 0xdaf96e6a, 0xc9a99d9e, 0x3bc21e9d, 0xef087a76, 0x1d63f975, 0x0e330a81, 0xfc588982,
    0xb21572c9, 0x407ef1ca, 0x532e023e, 0xa145813d, 0x758fe5d6, 0x87e466d5, 0x94b49521, 0x66df1622,
    0x38cc2a06, 0xcaa7a905, 0xd9f75af1, 0x2b9cd9f2, 0xff56bd19, 0x0d3d3e1a, 0x1e6dcdee, 0xec064eed,
    0xc38d26c4, 0x31e6a5c7, 0x22b65633, 0xd0ddd530, 0x0417b1db, 0xf67c32d8, 0xe52cc12c, 0x1747422f,
    0x49547e0b, 0xbb3ffd08, 0xa86f0efc, 0x5a048dff, 0x8ecee914, 0x7ca56a17, 0x6ff599e3, 0x9d9e1ae0,
    0xd3d3e1ab, 0x21b862a8, 0x32e8915c, 0xc083125f, 0x144976b4, 0xe622f5b7, 0xf5720643, 0x07198540,
    0x590ab964, 0xab613a67, 0xb831c993, 0x4a5a4a90, 0x9e902e7b, 0x6cfbad78, 0x7fab5e8c, 0x8dc0dd8f,
    0xe330a81a, 0x115b2b19, 0x020bd8ed, 0xf0605bee, 0x24aa3f05, 0xd6c1bc06, 0xc5914ff2, 0x37faccf1,
    0x69e9f0d5, 0x9b8273d6, 0x88d28022, 0x7ab90321, 0xae7367ca, 0x5c18e4c9, 0x4f48173d, 0xbd23943e,
    0xf36e6f75, 0x0105ec76, 0x12551f82, 0xe03e9c81, 0x34f4f86a, 0xc69f7b69, 0xd5cf889d, 0x27a40b9e,
    0x79b737ba, 0x8bdcb4b9, 0x988c474d, 0x6ae7c44e, 0xbe2da0a5, 0x4c4623a6, 0x5f16d052, 0xad7d5351,
};

static uint32_t crc32c_by_table(uint32_t crc, struct bytes x)
{
    for (size_t i = 0; i < x.len; i++) {
        crc = crc >> 8 ^ CRC32C[(crc ^ x.ptr[i]) & 0xFF];
    }
    return crc;
}

/* The processor's own instruction is for this very polynomial, and eight bytes wide. */
#if defined(__x86_64__)
static bool has_crc32c(void)
{
    return __builtin_cpu_supports("sse4.2");
}

__attribute__((target("sse4.2"))) static uint32_t crc32c_by_machine(uint32_t crc, struct bytes x)
{
    uint64_t wide = crc, word;
    size_t at = 0;
    for (; x.len - at >= sizeof word; at += sizeof word) {
        memcpy(&word, x.ptr + at, sizeof word);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    crc = (uint32_t)wide;
    for (; at < x.len; at++) {
        crc = __builtin_ia32_crc32qi(crc, x.ptr[at]);
    }
    return crc;
}
#else
static bool has_crc32c(void)
{
    return false;
}

static uint32_t crc32c_by_machine(uint32_t crc, struct bytes x)
{
    return crc32c_by_table(crc, x);
}
#endif

uint32_t crc32c(uint32_t crc, struct bytes x)
{
    return ~(has_crc32c() ? crc32c_by_machine(~crc, x) : crc32c_by_table(~crc, x));
}
