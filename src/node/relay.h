/* relay — a user-space TCP relay that delays, throttles and cuts: weather for demo and tests.
 *
 * Its own process (`carnet net relay`). It writes one JSON line for each thing that happens:
 * {"t":ms,"event":"listen|open|bytes|cut|heal|close","conn":n,"up":bytes,"down":bytes}; "bytes"
 * lines give running totals of a connection, at least each 100 ms while it moves. SIGUSR1 cuts
 * (closes all connections and refuses new ones), SIGUSR2 heals, SIGTERM ends. Page: docs/node.md */
#ifndef CARNET_NODE_RELAY_H
#define CARNET_NODE_RELAY_H

#include "base/err.h"

/* At one time; one more sees its connection end at once. */
enum { RELAY_CONNS_MAX = 256 };

struct relay_options {
    const char *listen; /* host:port; port 0 picks one, printed in the "listen" line */
    const char *to;
    const char *log;       /* file, or NULL for stdout */
    unsigned delay_ms;     /* one way */
    unsigned rate_bytes_s; /* each direction of each connection; 0: no limit */
};
MUST_USE enum err relay_run(const struct relay_options *o);

#endif
