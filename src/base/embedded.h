/* embedded — a file of the source tree that the binary carries; tools/embed writes the tables. */
#ifndef CARNET_BASE_EMBEDDED_H
#define CARNET_BASE_EMBEDDED_H

#include <stddef.h>
#include <stdint.h>

struct embedded_file {
    const char *name; /* "CN.yaml" */
    const uint8_t *ptr;
    size_t len;
};

#endif
