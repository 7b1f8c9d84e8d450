#include "node/hand_over_file_internal.h"

static const char FILE_NAME[] = "hand-overs";
enum {
    HEAD_SIZE = 1024, /* of a hand-over: a header … */
    SEAT_SIZE = 1024, /* … and each seat with its key */
    CRC_SIZE = 4
};

static size_t size_max(const struct genesis *g)
{
    size_t seats =
        g->participant_count < GENESIS_SEATS_MAX ? g->participant_count : GENESIS_SEATS_MAX;
    return PROOF_HAND_OVERS_MAX * (HEAD_SIZE + seats * SEAT_SIZE) + CRC_SIZE;
}

enum err hand_over_file_read(const struct storage *d, const struct genesis *g, struct arena *a,
                             struct bytes list[PROOF_HAND_OVERS_MAX], uint32_t *count)
{
    size_t len = 0;
    uint8_t *memory = arena_alloc(a, size_max(g));
    *count = 0;
    if (memory == NULL) {
        return ERR_NO_SPACE;
    }
    enum err e = d->read(d->ctx, FILE_NAME, 0, memory, size_max(g), &len);
    if (e == ERR_NOT_FOUND || (e == ERR_NONE && len < CRC_SIZE)) {
        return ERR_NONE;
    }
    TRY(e);
    struct bytes all = bytes_of(memory, len - CRC_SIZE);
    struct reader crc = reader_over(bytes_of(memory + all.len, CRC_SIZE)), in = reader_over(all);
    if (reader_u32(&crc) != crc32c(0, all)) {
        return ERR_NONE;
    }
    while (in.left > 0 && *count < PROOF_HAND_OVERS_MAX) {
        struct bytes one = reader_take(&in, reader_u32(&in));
        if (in.bad) {
            break;
        }
        list[(*count)++] = one;
    }
    return ERR_NONE;
}

enum err hand_over_file_write(const struct storage *d, const struct bytes *list, uint32_t count,
                              struct arena *a)
{
    size_t size = CRC_SIZE;
    for (uint32_t i = 0; i < count; i++) {
        size += 4 + list[i].len;
    }
    uint8_t *memory = arena_alloc(a, size);
    if (memory == NULL) {
        return ERR_NO_SPACE;
    }
    struct buf b = buf_over(memory, size);
    for (uint32_t i = 0; i < count; i++) {
        buf_put_u32(&b, (uint32_t)list[i].len);
        buf_put(&b, list[i]);
    }
    buf_put_u32(&b, crc32c(0, buf_bytes(&b)));
    return d->replace(d->ctx, FILE_NAME, buf_bytes(&b));
}
