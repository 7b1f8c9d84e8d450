#include "fuzz/signed_input.h"

#include <string.h>

static bool read_raw(const struct signed_input_suite *s, struct bytes in, uint8_t *packed,
                     struct bytes *msg)
{
    if (in.len < 1 + s->packed_size) {
        return false;
    }
    memcpy(packed, in.ptr + 1, s->packed_size);
    *msg = bytes_of(in.ptr + 1 + s->packed_size, in.len - 1 - s->packed_size);
    return true;
}

bool signed_input_read(const struct signed_input_suite *s, struct bytes in, uint8_t *packed,
                       struct bytes *msg)
{
    if (in.len < 2) {
        return false;
    }
    if (in.ptr[0] == SIGNED_INPUT_RAW) {
        return read_raw(s, in, packed, msg);
    }
    size_t edits = in.ptr[1] % (SIGNED_INPUT_EDITS_MAX + 1);
    edits = edits <= (in.len - 2) / 2 ? edits : 0;
    *msg = bytes_of(in.ptr + 2 + 2 * edits, in.len - 2 - 2 * edits);
    s->sign(in.ptr[0], *msg, packed);
    bool good = s->verify(packed, *msg);
    ASSERT(good);
    for (size_t i = 0; i < edits; i++) {
        s->edit(packed, in.ptr[2 + 2 * i], in.ptr[3 + 2 * i]);
    }
    return true;
}
