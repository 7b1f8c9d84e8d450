/* carnet-fuzz: libFuzzer's program. CARNET_FUZZ names the target. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "fuzz/fuzz_internal.h"

/* libFuzzer's own names. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

void fuzz_seed_write(struct bytes head, struct bytes x)
{
    (void)head;
    (void)x;
    ASSERT(false); /* corpora are written by carnet-fuzz-seeds */
}

static const struct fuzz_target *target(void)
{
    static const struct fuzz_target *found;
    if (found == NULL) {
        found = fuzz_find(getenv("CARNET_FUZZ"));
        if (found == NULL) {
            (void)fprintf(stderr, "carnet-fuzz: CARNET_FUZZ names no target\n");
            exit(2);
        }
    }
    return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size <= target()->size_max) {
        target()->run(bytes_of(data, size));
    }
    return 0;
}

/* Room for one more operation at `at`, filled with the one at `from`. */
static size_t copy_op(uint8_t *data, size_t size, size_t from, size_t at)
{
    uint8_t op[FUZZ_OP_SIZE];
    memcpy(op, data + from, sizeof op);
    memmove(data + at + FUZZ_OP_SIZE, data + at, size - at);
    memcpy(data + at, op, sizeof op);
    return size + FUZZ_OP_SIZE;
}

static size_t bend_op(uint8_t *data, size_t size, size_t at, unsigned seed)
{
    if (seed % 2 == 0) {
        data[at + seed / 2 % FUZZ_OP_SIZE] =
            (uint8_t)(seed / 16 % 16); /* small numbers mean more */
    } else {
        (void)LLVMFuzzerMutate(data + at, FUZZ_OP_SIZE, FUZZ_OP_SIZE);
    }
    return size;
}

/* Operations stay whole: one is bent, copied to another place, made up, or left out. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    if (!fuzz_of_ops(target()) || size < 2 * FUZZ_OP_SIZE) {
        return LLVMFuzzerMutate(data, size, max);
    }
    size -= size % FUZZ_OP_SIZE;
    size_t count = size / FUZZ_OP_SIZE;
    size_t at = seed / 8 % count * FUZZ_OP_SIZE, other = seed / 4096 % count * FUZZ_OP_SIZE;
    bool room = size + FUZZ_OP_SIZE <= max;
    switch (seed % 8) {
    case 0:
        memmove(data + at, data + at + FUZZ_OP_SIZE, size - at - FUZZ_OP_SIZE);
        return size - FUZZ_OP_SIZE;
    case 1:
    case 2:
        return room ? copy_op(data, size, other, at) : bend_op(data, size, at, seed / 8);
    case 3:
        size = room ? copy_op(data, size, other, at) : size;
        memset(data + at, 0, FUZZ_OP_SIZE);
        data[at] = (uint8_t)(seed / 64 % 32);
        return bend_op(data, size, at, seed / 2048 * 2);
    case 4:
        return LLVMFuzzerMutate(data, size, max);
    default:
        return bend_op(data, size, at, seed / 8);
    }
}
