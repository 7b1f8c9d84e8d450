/* yaml_internal — the small part of YAML that law is written in, as a tree.
 *
 * Every scalar is a string: `NO` is Norway and 2024-03-22 a text until a schema says day. Anchors,
 * aliases, tags, duplicate keys, several documents and nesting deeper than YAML_DEPTH_MAX are
 * refused. The one wrapper of libyaml. */
#ifndef CARNET_POLICY_COMPILE_YAML_INTERNAL_H
#define CARNET_POLICY_COMPILE_YAML_INTERNAL_H

#include "base/arena.h"

enum { YAML_DEPTH_MAX = 10, YAML_SOURCE_SIZE_MAX = 1 << 20 };
enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml {
    enum yaml_kind kind;
    size_t line;      /* from 1 */
    const char *text; /* of a scalar */
    const char *key;  /* when it is a member of a map */
    struct yaml *first, *last, *next;
    size_t count;
};

/* The tree lives in the arena. On error *line and *why say where and what: ERR_UNREADABLE,
 * ERR_SIZE, ERR_NO_SPACE. */
MUST_USE enum err yaml_read(struct bytes source, struct arena *arena, struct yaml **out,
                            size_t *line, const char **why);
const struct yaml *yaml_member(const struct yaml *map, const char *key); /* NULL when absent */

#endif
