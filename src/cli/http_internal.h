/* http — the one wrapper of libcurl: one blocking HTTPS request at a time, TLS 1.3, the space's
 * CA only. */
#ifndef CARNET_CLI_HTTP_INTERNAL_H
#define CARNET_CLI_HTTP_INTERNAL_H

#include "base/arena.h"

enum { HTTP_REPLY_SIZE_MAX = 20 * 1024 * 1024, HTTP_CONNECT_MS = 3000, HTTP_TOTAL_MS = 45000 };

struct http; /* opaque: a connection cache and the CA */

MUST_USE enum err http_open(const char *ca_file, struct http **out);
void http_close(struct http *h);

struct http_request {
    const char *method; /* "GET", "POST", "PUT" */
    const char *url;
    const char *auth;   /* value of Carnet-Auth, or NULL */
    struct bytes body;
};
struct http_reply {
    long status;
    struct bytes body; /* in the arena */
};
/* ERR_UNAVAILABLE: no connection or no answer in time (why says which); ERR_PEER: the server's
 * certificate is not of this space; ERR_NO_SPACE. An HTTP error status is ERR_NONE. */
MUST_USE enum err http_send(struct http *h, const struct http_request *q, struct arena *a,
                            struct http_reply *out, char *why, size_t why_size);

#endif
