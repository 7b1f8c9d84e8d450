/* What the two programs of fuzz/ give to the table: where seeds go. */
#ifndef CARNET_FUZZ_FUZZ_INTERNAL_H
#define CARNET_FUZZ_FUZZ_INTERNAL_H

#include "base/bytes.h"

void fuzz_seed_write(struct bytes head, struct bytes x);

#endif
