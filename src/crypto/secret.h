/* secret — locked, wiped memory for secrets, and randomness for them. Wraps libsodium.
 *
 * Page: docs/crypto.md */
#ifndef CARNET_CRYPTO_SECRET_H
#define CARNET_CRYPTO_SECRET_H

#include "base/bytes.h"

/* Call once before anything else here; ERR_FAILED if the library cannot start. */
MUST_USE enum err secret_init(void);
/* Locked memory with guard pages, or NULL. */
MUST_USE void *secret_alloc(size_t size);
void secret_free(void *p); /* wipes; NULL is fine */
void secret_wipe(void *p, size_t size);
void secret_random(void *out, size_t size); /* the kernel's generator: the shell's random port */
bool secret_equal(const void *a, const void *b, size_t size); /* constant time */

#endif
