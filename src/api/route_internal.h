/* route — the API as a table: method, path, who may, what query, how large.
 *
 * Matching is pure. The same rows make the OpenAPI document. A pattern's {name} stands for one
 * segment of a named kind; members of a query are bits of a set. */
#ifndef CARNET_API_ROUTE_INTERNAL_H
#define CARNET_API_ROUTE_INTERNAL_H

#include "api/api.h"
#include "node/events.h"

enum { API_TARGET_SIZE_MAX = 1024 }; /* path and query: the longest of ours has 340 characters */

enum { API_FILE_SIZE_MAX = 40 };

#define API_HEIGHT_MAX UINT64_C(9007199254740991) /* 2^53 - 1: heights are integers of JSON */

enum api_access {
    API_OPEN,        /* anybody */
    API_PARTICIPANT, /* whoever signs as a participant of the space */
    API_OWN,         /* the node's own participant */
    API_SESSION      /* a session of the console, itself */
};
enum api_query {
    API_QUERY_WAIT = 1,
    API_QUERY_SUBJECT = 2,
    API_QUERY_FROM = 4,
    API_QUERY_MAX = 8,
    API_QUERY_INDEX = 16,
    API_QUERY_AUTHOR = 32,
    API_QUERY_TYPE = 64,
    API_QUERY_METHOD = 128,
    API_QUERY_SINCE = 256,
    API_QUERY_UNTIL = 512
};
enum api_content { API_NOTHING, API_JSON, API_BYTES, API_EVENTS, API_PAGE };

/* What a path and a query say, decoded. */
struct api_args {
    struct hash id;  /* of a transaction, attachment, seal or right */
    uint64_t number; /* a height, or the index of a chunk */
    uint16_t contract;
    size_t key_len;
    uint8_t key[STATE_KEY_SIZE_MAX];
    unsigned present; /* which members of the query are there */
    uint64_t wait_ms, from, index, max, since_ms, until_ms;
    struct hash subject, author;
    uint32_t event_contract, event_type, method; /* by their names */
    char file[API_FILE_SIZE_MAX + 1];            /* of the console */
};

struct api_request;
typedef enum err api_handler(struct api_request *q);

struct api_route {
    const char *method, *pattern;
    enum api_access access;
    enum api_content in, out;
    unsigned query;
    size_t body_size_max;
    size_t arena_size; /* of one call: virtual until touched */
    const char *summary;
    api_handler *handle;
};

/* The table; lives for ever. */
const struct api_route *api_routes(size_t *count);

struct api_match {
    const struct api_route *route;
    struct api_args args;
    const char *wrong; /* ERR_UNREADABLE, ERR_RANGE, ERR_UNKNOWN_WORD: which part, in words */
    const char *allow; /* ERR_UNSUPPORTED: one method that this path does take */
};
/* ERR_NOT_FOUND: no such path; ERR_UNSUPPORTED: not with this method; ERR_UNREADABLE: a segment or
 * member of the query is not of its kind, or stands twice; ERR_RANGE: out of its limits;
 * ERR_UNKNOWN_WORD: a member of the query that this route does not take. On error only `wrong` and
 * `allow` are set. */
MUST_USE enum err api_route_match(const struct api_route *table, size_t count, const char *method,
                                  const char *target, struct api_match *out);

#endif
