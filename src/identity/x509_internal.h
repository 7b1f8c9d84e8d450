/* x509_internal — what the X.509 files of identity share. */
#ifndef CARNET_IDENTITY_X509_INTERNAL_H
#define CARNET_IDENTITY_X509_INTERNAL_H

#include "crypto/openssl.h"
#include <openssl/x509.h>

#include "identity/identity.h"

EVP_PKEY *x509_private(struct bytes pkcs8);                        /* NULL: not a key */
MUST_USE enum err x509_put_public(EVP_PKEY *key, struct buf *out); /* SPKI DER */
X509 *x509_decode(struct bytes der); /* NULL: not one certificate and nothing after it */

/* "carnet://" ‖ 64 hex ‖ "/" ‖ 64 hex ‖ 0 */
enum { X509_URI_SIZE = 9 + 64 + 1 + 64 + 1 };
void x509_uri(const struct hash *space, const struct hash *participant, char out[X509_URI_SIZE]);

#endif
