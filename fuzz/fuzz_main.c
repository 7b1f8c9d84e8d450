/* carnet-fuzz: libFuzzer's program. CARNET_FUZZ names the target. */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "fuzz/fuzz_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void fuzz_seed_write(struct bytes head, struct bytes x)
{
    (void)head;
    (void)x;
    ASSERT(false); /* corpora are written by carnet-fuzz-seeds */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct fuzz_target *target;
    if (target == NULL) {
        target = fuzz_find(getenv("CARNET_FUZZ"));
        if (target == NULL) {
            (void)fprintf(stderr, "carnet-fuzz: CARNET_FUZZ names no target\n");
            exit(2);
        }
    }
    if (size <= target->size_max) {
        target->run(bytes_of(data, size));
    }
    return 0;
}
