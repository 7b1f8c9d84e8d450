/* log — one JSON line an event on stderr; the supervisor sends it to node.log.
 *
 * LOG("peer_refused", LOG_STR("reason", why), LOG_NUM("peer", 3)) writes
 * {"t":…,"event":"peer_refused","reason":"…","peer":3}. Strings are escaped and cut at
 * LOG_LINE_SIZE_MAX. Secrets and contents of attachments never go here. */
#ifndef CARNET_NODE_LOG_INTERNAL_H
#define CARNET_NODE_LOG_INTERNAL_H

#include "base/bytes.h"

enum { LOG_LINE_SIZE_MAX = 2048 };

enum log_kind { LOG_KIND_END, LOG_KIND_STR, LOG_KIND_NUM, LOG_KIND_HASH };
struct log_field {
    enum log_kind kind;
    const char *key;
    const char *str;
    uint64_t num;
    const struct hash *hash;
};
#define LOG_STR(k, v)        ((struct log_field){ .kind = LOG_KIND_STR, .key = (k), .str = (v) })
#define LOG_NUM(k, v)        ((struct log_field){ .kind = LOG_KIND_NUM, .key = (k), .num = (v) })
#define LOG_HASH(k, v)       ((struct log_field){ .kind = LOG_KIND_HASH, .key = (k), .hash = (v) })
#define LOG_ERR(e)           LOG_STR("error", err_name(e))
#define LOG(...)             LOG_WRITE(__VA_ARGS__, { .kind = LOG_KIND_END })
#define LOG_WRITE(name, ...) log_write((name), (const struct log_field[]){ __VA_ARGS__ })

/* One line of JSON into out, with its newline; the length. */
size_t log_format(char out[LOG_LINE_SIZE_MAX], uint64_t now_ms, const char *event,
                  const struct log_field *field);
void log_write(const char *event, const struct log_field *field);
uint64_t log_now_ms(void); /* the wall clock of the node */

#endif
