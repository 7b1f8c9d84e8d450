/* hand_over_file — file "hand-overs" of a space (FORMATS 13): the closing header of each committee
 * that has changed, certified, with the keys of its signers. These are known for some epochs only,
 * so it is kept when it happens. Per committee {length u32, canonical HandOver}, from genesis on,
 * then a CRC-32C. A file that does not read well is made again from the block log. */
#ifndef CARNET_NODE_HAND_OVER_FILE_INTERNAL_H
#define CARNET_NODE_HAND_OVER_FILE_INTERNAL_H

#include "base/storage.h"
#include "ledger/trust.h"

/* The list lives in the arena; empty where there is no file, or none that reads well. */
MUST_USE enum err hand_over_file_read(const struct storage *d, const struct genesis *g,
                                      struct arena *a, struct bytes list[PROOF_HAND_OVERS_MAX],
                                      uint32_t *count);
MUST_USE enum err hand_over_file_write(const struct storage *d, const struct bytes *list,
                                       uint32_t count, struct arena *a);

#endif
