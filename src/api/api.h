/* api — the HTTP face of a node: one TLS 1.3 port, REST with JSON and canonical protobuf.
 *
 * Routes are a table; docs/api.md is their contract. It asks for a request signed by a
 * participant, or a TLS client certificate of the space. The one wrapper of libwebsockets, on
 * the node's loop. Page: docs/api.md */
#ifndef CARNET_API_API_H
#define CARNET_API_API_H

#include "base/json.h"
#include "node/node.h"

enum {
    API_BODY_SIZE_MAX = 17 * 1024 * 1024,
    API_CONNECTIONS_MAX = 256,
    API_WAIT_MS_MAX = 30000,
    API_CLOCK_SKEW_MS = 60000
};
/* The console's sessions, and streams of events (docs/console.md). */
enum {
    API_SESSION_WORD_SIZE = 32, /* 256 random bits */
    API_SESSIONS_MAX = 64,
    API_SESSIONS_EACH_MAX = 8,          /* of one participant */
    API_SESSION_IDLE_MS = 3600 * 1000,  /* nothing asked for that long */
    API_SESSION_LIFE_MS = 28800 * 1000, /* and never longer */
    API_STREAMS_MAX = 32,
    API_STREAMS_EACH_MAX = 8,           /* of one participant */
    API_STREAM_PIECE_SIZE = 512 * 1024, /* said at once: the memory of one stream */
    API_STREAM_QUIET_MS = 15000,        /* after that a sign of life */
    API_STREAM_STALL_MS = 20000         /* bytes not taken for that long: it is dropped */
};

struct api; /* opaque */
/* Listens at the node's api address of nodes.json (port 0 picks one). why as node_open.
 * ERR_PORT_IN_USE, ERR_UNREADABLE (address), ERR_FAILED (TLS, or the loop's plug-in is missing). */
MUST_USE enum err api_open(struct node *n, struct api **out, char why[NODE_WHY_SIZE]);
uint16_t api_port(const struct api *a);
/* Before node_close: it lets the node's loop go on until all connections are closed. After it the
 * node may not run again, for a watcher cannot be taken back. */
void api_close(struct api *a);

/* The routes as an OpenAPI 3.1 document; json_free it. */
void api_openapi(json_t **out);

/* Request signature, shared with the command line's client: bytes that are signed under
 * 'carnet/request/v1': space ‖ u64 time_ms ‖ u8 length of method ‖ method ‖ u16 length of path
 * with query ‖ path ‖ SHA-256 of the body. Header: Carnet-Auth: base64url(did 32 ‖ key u32 ‖
 * time_ms u64 ‖ signature). */
enum { API_AUTH_SIZE_MAX = 32 + 4 + 8 + SUITE_SIGNATURE_SIZE_MAX };
MUST_USE enum err api_auth_bytes(const struct suite *s, const struct hash *space, uint64_t time_ms,
                                 const char *method, const char *path, struct bytes body,
                                 struct buf *out);

#endif
