/* keystore — a node's own secrets at rest: its epoch seed and transport key (FORMATS 13).
 *
 * The file is crypto/keyfile.h of kind NODE; plain is u64 epoch ‖ seed 32 ‖ PKCS#8 DER. It is
 * written anew when an epoch's seed is erased, so that no file keeps what memory forgot. */
#ifndef CARNET_NODE_KEYSTORE_INTERNAL_H
#define CARNET_NODE_KEYSTORE_INTERNAL_H

#include "node/node.h"

/* Secrets in locked memory; one a node. */
struct keystore {
    struct disk *disk; /* of `dir` */
    char name[64];     /* "keys/node-I.key" */
    struct node_keys *keys;
    uint8_t *passphrase;
    size_t passphrase_len;
    uint64_t saved_epoch;
};
/* ERR_NOT_FOUND, ERR_PASSPHRASE, ERR_ENCODING. */
MUST_USE enum err keystore_open(struct keystore *k, struct disk *disk, uint32_t index,
                                struct bytes passphrase);
void keystore_close(struct keystore *k); /* wipes */
/* Writes the file anew if the seed has moved since. */
MUST_USE enum err keystore_save(struct keystore *k);

#endif
