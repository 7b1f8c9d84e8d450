/* epoch_file — file "epoch-keys" of a space: public keys of epochs with their paths, a CRC-32C at
 * the end. A cache of public things: each key is believed for its path, and a file that does not
 * read well is forgotten (FORMATS 13). */
#ifndef CARNET_NODE_EPOCH_FILE_INTERNAL_H
#define CARNET_NODE_EPOCH_FILE_INTERNAL_H

#include "ledger/proof.h"

#define EPOCH_FILE "epoch-keys"

size_t epoch_file_size_max(const struct suite *s, uint32_t keys);
void epoch_file_put(struct buf *b, const struct epoch_key_proof *k);
void epoch_file_end(struct buf *b);
/* Visit every key; its bytes are the file's. ERR_CORRUPT. */
typedef void epoch_file_visit(void *user, const struct epoch_key_proof *k);
MUST_USE enum err epoch_file_each(const struct suite *s, struct bytes file, void *user,
                                  epoch_file_visit *visit);

#endif
