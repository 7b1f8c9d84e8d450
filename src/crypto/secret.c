#include "crypto/secret.h"

#include <sodium.h>

enum err secret_init(void)
{
    return sodium_init() < 0 ? ERR_FAILED : ERR_NONE;
}

void *secret_alloc(size_t size)
{
    return sodium_malloc(size);
}

void secret_free(void *p)
{
    sodium_free(p);
}

void secret_wipe(void *p, size_t size)
{
    sodium_memzero(p, size);
}

void secret_random(void *out, size_t size)
{
    randombytes_buf(out, size);
}

bool secret_equal(const void *a, const void *b, size_t size)
{
    return sodium_memcmp(a, b, size) == 0;
}
