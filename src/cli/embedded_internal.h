/* embedded — files of the source tree that the binary carries: rule packs and templates. */
#ifndef CARNET_CLI_EMBEDDED_INTERNAL_H
#define CARNET_CLI_EMBEDDED_INTERNAL_H

#include "base/embedded.h"

extern const struct embedded_file EMBEDDED_RULES[];
extern const size_t EMBEDDED_RULES_COUNT;
extern const struct embedded_file EMBEDDED_TEMPLATES[];
extern const size_t EMBEDDED_TEMPLATES_COUNT;

#endif
