/* keystore — a node's own secrets at rest: its epoch seed and transport key (FORMATS 13).
 *
 * The file is crypto/keyfile.h of kind NODE; plain is u64 epoch ‖ seed 32 ‖ PKCS#8 DER. It is
 * written anew when an epoch's seed is erased, so that no file keeps what memory forgot. Keys that
 * the seat is to be given lie in a second file of the same kind, which only `committee` writes,
 * until they take the place of the first; the addresses of both stay what they are. */
#ifndef CARNET_NODE_KEYSTORE_INTERNAL_H
#define CARNET_NODE_KEYSTORE_INTERNAL_H

#include "node/node.h"

/* Secrets in locked memory; one a node. */
struct keystore {
    struct disk *disk;  /* of `dir` */
    char name[64];      /* "keys/node-I.key" */
    char next_name[64]; /* "keys/node-I-next.key" */
    struct node_keys *keys;
    struct node_keys *next; /* no transport key: there are none */
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

/* The second file is there: whether it can be read is another question. */
bool keystore_next_waits(const struct keystore *k);
/* Reads it. ERR_NOT_FOUND; ERR_STATE: its seed has moved, so it is no new one; as keystore_open. */
MUST_USE enum err keystore_open_next(struct keystore *k);
bool keystore_has_next(const struct keystore *k);
/* The first file holds the new seed from now on, and the old one is wiped. */
MUST_USE enum err keystore_take_next(struct keystore *k);
/* Wipes what was read of the second file, and removes it. */
MUST_USE enum err keystore_drop_next(struct keystore *k);

#endif
