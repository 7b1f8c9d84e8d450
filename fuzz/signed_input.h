/* signed_input — a key, a signature and a message, as the bytes of a fuzzer say: the shape that the
 * targets of all suites of signatures share. Page: docs/testing.md */
#ifndef CARNET_FUZZ_SIGNED_INPUT_H
#define CARNET_FUZZ_SIGNED_INPUT_H

#include "base/bytes.h"

enum { SIGNED_INPUT_RAW = 0xff, SIGNED_INPUT_EDITS_MAX = 4 };

struct signed_input_suite {
    size_t packed_size; /* key ‖ signature */
    /* By a key that `which` chooses. */
    void (*sign)(uint8_t which, struct bytes msg, uint8_t *packed);
    bool (*verify)(const uint8_t *packed, struct bytes msg);
    /* A change of two bytes: past packed_size `at` says what a byte at a time would not find. */
    void (*edit)(uint8_t *packed, uint8_t at, uint8_t value);
};

/* First byte RAW: key ‖ signature ‖ message as they are. Else it chooses the key, the next how many
 * changes follow, and what is left is the message; what is signed so verifies before it is changed,
 * by ASSERT. False: too short for either. */
bool signed_input_read(const struct signed_input_suite *s, struct bytes in, uint8_t *packed,
                       struct bytes *msg);

#endif
