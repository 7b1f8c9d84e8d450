/* committee — the roots of key trees that a seat is asked for with. Page: docs/daemon.md */
#ifndef CARNET_CLI_COMMITTEE_INTERNAL_H
#define CARNET_CLI_COMMITTEE_INTERNAL_H

#include "cli/session_internal.h"

/* Of the keys that the own node has had from its first start on: their leaves are public. */
MUST_USE enum err committee_own_root(struct session *s, struct hash *out);
/* Of new ones, beside the node's key file and under its passphrase: those that wait there already,
 * else drawn now. They are on disk before anybody hears of them. */
MUST_USE enum err committee_new_root(struct session *s, struct hash *out);

#endif
