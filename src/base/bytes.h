/* bytes — borrowed bytes, a bounded writer, a poisoning reader, and the text forms of bytes.
 *
 * `struct bytes` borrows: it is valid for the call unless a function says otherwise. Nothing here
 * allocates. Hex is lowercase only, base64url has no padding and zero spare bits (FORMATS 2): what
 * is decoded encodes back to the same text. Page: docs/base.md */
#ifndef CARNET_BASE_BYTES_H
#define CARNET_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct bytes {
    const uint8_t *ptr;
    size_t len;
};

/* A hash, an id, a commitment: 32 bytes whatever the suite. */
enum { HASH_SIZE = 32 };
struct hash {
    uint8_t b[HASH_SIZE];
};

struct bytes bytes_of(const void *ptr, size_t len);
struct bytes bytes_of_str(const char *text); /* without its final zero */
struct bytes bytes_of_hash(const struct hash *h);
bool bytes_equal(struct bytes a, struct bytes b); /* not constant time: never for secrets */
int bytes_compare(struct bytes a, struct bytes b); /* lexicographic, shorter first: <0, 0, >0 */
bool hash_equal(const struct hash *a, const struct hash *b);
int hash_compare(const struct hash *a, const struct hash *b);
bool hash_is_zero(const struct hash *h);

/* A writer over caller's memory. Past `cap` it poisons itself: `full` is set, nothing more is
 * written, and `buf_done` says ERR_SIZE. All integers are big-endian. */
struct buf {
    uint8_t *ptr;
    size_t len;
    size_t cap;
    bool full;
};
struct buf buf_over(void *memory, size_t cap);
void buf_put(struct buf *b, struct bytes x);
void buf_put_u8(struct buf *b, uint8_t x);
void buf_put_u16(struct buf *b, uint16_t x);
void buf_put_u32(struct buf *b, uint32_t x);
void buf_put_u64(struct buf *b, uint64_t x);
void buf_put_hash(struct buf *b, const struct hash *h);
struct bytes buf_bytes(const struct buf *b);
MUST_USE enum err buf_done(const struct buf *b);

/* A reader. On short input it poisons itself: every later read gives zeros and `reader_done` says
 * ERR_ENCODING; `reader_done` also refuses bytes left over. */
struct reader {
    const uint8_t *ptr;
    size_t left;
    bool bad;
};
struct reader reader_over(struct bytes x);
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
struct hash reader_hash(struct reader *r);
struct bytes reader_take(struct reader *r, size_t len); /* borrows from the input */
MUST_USE enum err reader_done(const struct reader *r);

/* Text forms. `*_encode` write `*_encoded_size(n)` characters and a final zero; `out` must hold
 * both. `*_decode` refuse with ERR_ENCODING anything that would not encode back to the same text,
 * and with ERR_SIZE what does not fit `cap`. */
#define HEX_SIZE(n) (2 * (n))
#define BASE64URL_SIZE(n) (((n) * 4 + 2) / 3)
void hex_encode(struct bytes x, char *out);
MUST_USE enum err hex_decode(const char *text, size_t len, uint8_t *out, size_t cap,
                             size_t *out_len);
MUST_USE enum err hash_from_hex(const char *text, struct hash *out); /* exactly 64 digits */
void base64url_encode(struct bytes x, char *out);
MUST_USE enum err base64url_decode(const char *text, size_t len, uint8_t *out, size_t cap,
                                   size_t *out_len);

/* UTF-8 as RFC 3629: no surrogates, no overlong forms, at most U+10FFFF. */
bool utf8_valid(struct bytes x);
/* How many bytes from the start are UTF-8: x.len, or where the first sequence that is not begins.
 * */
size_t utf8_prefix(struct bytes x);

/* CRC-32C (Castagnoli, reflected 0x82F63B78), as in RFC 3720 B.4; start with crc = 0. */
uint32_t crc32c(uint32_t crc, struct bytes x);

#endif
