#include "crypto/sm3.h"

#include <string.h>

#include "crypto/secret.h"

enum { EXPANDED = 68, LENGTH_SIZE = 8 };

static inline uint32_t rotate(uint32_t x, unsigned n)
{
    return x << (n % 32) | x >> ((32 - n) % 32);
}

static inline uint32_t p0(uint32_t x)
{
    return x ^ rotate(x, 9) ^ rotate(x, 17);
}

static inline uint32_t p1(uint32_t x)
{
    return x ^ rotate(x, 15) ^ rotate(x, 23);
}

static inline uint32_t load(const uint8_t *in)
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

static inline void store(uint8_t *out, uint32_t x)
{
    for (unsigned i = 0; i < 4; i++) {
        out[i] = (uint8_t)(x >> (24 - 8 * i));
    }
}

/* 5.3.3 for one round; `a` and `e` of the next one are written over `d` and `h`, and the callers
 * turn the names instead of the values. t is T_j rotated by j. */
#define ROUND(a, b, c, d, e, f, g, h, ff, gg, t, j)                        \
    do {                                                                   \
        uint32_t a12 = rotate(a, 12), ss1 = rotate((a12 + (t)) + (e), 7);  \
        uint32_t tt1 = (ss1 ^ a12) + ((ff) + ((d) + (w[j] ^ w[(j) + 4]))); \
        uint32_t tt2 = ss1 + ((gg) + ((h) + w[j]));                        \
        (b) = rotate(b, 9);                                                \
        (d) = tt1;                                                         \
        (f) = rotate(f, 19);                                               \
        (h) = p0(tt2);                                                     \
    } while (0)
#define XOR(x, y, z)      ((x) ^ (y) ^ (z))
#define MAJORITY(x, y, z) (((x) & (y)) | (((x) | (y)) & (z)))
#define CHOICE(x, y, z)   ((((y) ^ (z)) & (x)) ^ (z))
#define EARLY(a, b, c, d, e, f, g, h, j) \
    ROUND(a, b, c, d, e, f, g, h, XOR(a, b, c), XOR(e, f, g), rotate(0x79cc4519, j), j)
#define LATE(a, b, c, d, e, f, g, h, j)                               \
    ROUND(a, b, c, d, e, f, g, h, MAJORITY(a, b, c), CHOICE(e, f, g), \
          rotate(0x7a879d8a, (j) % 32), j)
/* After four rounds the names are where they were. */
#define FOUR(KIND, j)                          \
    do {                                       \
        w[(j) + 4] = expanded(w, (j) + 4);     \
        w[(j) + 5] = expanded(w, (j) + 5);     \
        w[(j) + 6] = expanded(w, (j) + 6);     \
        w[(j) + 7] = expanded(w, (j) + 7);     \
        KIND(a, b, c, d, e, f, g, h, j);       \
        KIND(d, a, b, c, h, e, f, g, (j) + 1); \
        KIND(c, d, a, b, g, h, e, f, (j) + 2); \
        KIND(b, c, d, a, f, g, h, e, (j) + 3); \
    } while (0)

/* 5.3.2: the word that four rounds from now first needs. */
static inline uint32_t expanded(const uint32_t *w, unsigned j)
{
    if (j < 16) {
        return w[j];
    }
    return p1(w[j - 16] ^ w[j - 9] ^ rotate(w[j - 3], 15)) ^ rotate(w[j - 13], 7) ^ w[j - 6];
}

static void compress(uint32_t v[SM3_WORDS], const uint8_t *block)
{
    uint32_t w[EXPANDED];
    for (unsigned j = 0; j < 16; j++) {
        w[j] = load(block + (size_t)4 * j);
    }
    uint32_t a = v[0], b = v[1], c = v[2], d = v[3], e = v[4], f = v[5], g = v[6], h = v[7];
    FOUR(EARLY, 0);
    FOUR(EARLY, 4);
    FOUR(EARLY, 8);
    FOUR(EARLY, 12);
    FOUR(LATE, 16);
    FOUR(LATE, 20);
    FOUR(LATE, 24);
    FOUR(LATE, 28);
    FOUR(LATE, 32);
    FOUR(LATE, 36);
    FOUR(LATE, 40);
    FOUR(LATE, 44);
    FOUR(LATE, 48);
    FOUR(LATE, 52);
    FOUR(LATE, 56);
    FOUR(LATE, 60);
    v[0] ^= a;
    v[1] ^= b;
    v[2] ^= c;
    v[3] ^= d;
    v[4] ^= e;
    v[5] ^= f;
    v[6] ^= g;
    v[7] ^= h;
}

void sm3_init(struct sm3 *s)
{
    *s = (struct sm3){ .v = { 0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc,
                              0x163138aa, 0xe38dee4d, 0xb0fb0e4e } };
}

void sm3_update(struct sm3 *s, struct bytes x)
{
    size_t held = s->size % SM3_BLOCK_SIZE, room = SM3_BLOCK_SIZE - held;
    s->size += x.len;
    if (x.len < room) {
        if (x.len > 0) {
            memcpy(s->block + held, x.ptr, x.len);
        }
        return;
    }
    size_t at = 0;
    if (held > 0) {
        memcpy(s->block + held, x.ptr, room);
        compress(s->v, s->block);
        at = room;
    }
    for (; x.len - at >= SM3_BLOCK_SIZE; at += SM3_BLOCK_SIZE) {
        compress(s->v, x.ptr + at);
    }
    memcpy(s->block, x.ptr + at, x.len - at);
}

void sm3_final(struct sm3 *s, struct hash *out)
{
    static const uint8_t PADDING[SM3_BLOCK_SIZE] = { 0x80 };
    uint64_t bits = s->size * 8;
    uint8_t length[LENGTH_SIZE];
    store(length, (uint32_t)(bits >> 32));
    store(length + 4, (uint32_t)bits);
    size_t held = s->size % SM3_BLOCK_SIZE;
    size_t pad = held < SM3_BLOCK_SIZE - LENGTH_SIZE ? SM3_BLOCK_SIZE - LENGTH_SIZE - held
                                                     : 2 * SM3_BLOCK_SIZE - LENGTH_SIZE - held;
    sm3_update(s, (struct bytes){ PADDING, pad });
    sm3_update(s, (struct bytes){ length, sizeof length });
    for (unsigned i = 0; i < SM3_WORDS; i++) {
        store(out->b + (size_t)4 * i, s->v[i]);
    }
    secret_wipe(s, sizeof *s);
}
