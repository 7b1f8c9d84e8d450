/* openssl — the first OpenSSL headers, without the one name that is also ours.
 *
 * OpenSSL has a type ERR_STATE, declared in types.h and used in err.h; we have an error of that
 * name (base/err.h). Whoever needs OpenSSL, or a library whose headers include it (libwebsockets),
 * includes this before them. Page: docs/crypto.md */
#ifndef CARNET_CRYPTO_OPENSSL_H
#define CARNET_CRYPTO_OPENSSL_H

#define ERR_STATE OPENSSL_ERR_STATE
#include <openssl/err.h>
#include <openssl/types.h>
#undef ERR_STATE

#endif
