/* err — every way in which something can go wrong, in one table.
 *
 * Errors are values. Every fallible function returns `enum err` and leaves its outputs untouched on
 * error. One X-macro gives the name, whose fault it is, the text a person reads, the exit code of
 * the command line (DESIGN 7) and the HTTP status of the API. What a transaction's receipt says is
 * a table of its own (ledger/ledger.h), because receipts are stored for ever and this table is not.
 * Page: docs/base.md */
#ifndef CARNET_BASE_ERR_H
#define CARNET_BASE_ERR_H

#include <stdbool.h>

#define MUST_USE __attribute__((warn_unused_result))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The only macro that may return. */
#define TRY(expr)                                                                                  \
    do {                                                                                           \
        enum err try_err_ = (expr);                                                                \
        if (try_err_ != ERR_NONE) {                                                                \
            return try_err_;                                                                       \
        }                                                                                          \
    } while (0)

/* name, the name as users see it, fault, exit code, HTTP status, text */
#define ERR_TABLE(X)                                                                               \
    X(NONE, "none", NOBODY, 0, 200, "ok")                                                          \
    X(FAILED, "failed", IO, 1, 500, "the operation failed")                                        \
    X(UNREADABLE, "unreadable", USER, 1, 400, "the input cannot be read as what it should be")     \
    X(UNSUPPORTED, "unsupported", USER, 1, 501, "not implemented")                                 \
    X(USAGE, "usage", USER, 2, 400, "wrong usage")                                                 \
    X(UNKNOWN_WORD, "unknown_word", USER, 2, 400, "a word that this version does not know")        \
    X(REFUSED, "refused", POLICY, 3, 403, "refused by policy or law")                              \
    X(PASSPHRASE, "passphrase", POLICY, 3, 401, "the passphrase does not open this key")           \
    X(FORBIDDEN, "forbidden", POLICY, 3, 403, "this party may not do that")                        \
    X(REVOKED, "revoked", POLICY, 3, 403, "revoked, expired or frozen")                            \
    X(INTEGRITY, "integrity", CORRUPT, 4, 422, "the bytes do not match what vouches for them")     \
    X(SIGNATURE, "signature", CORRUPT, 4, 401, "a signature does not verify")                      \
    X(PROOF, "proof", CORRUPT, 4, 422, "a proof does not verify")                                  \
    X(CORRUPT, "corrupt", CORRUPT, 4, 500, "stored data is damaged")                               \
    X(NOT_FOUND, "not_found", USER, 5, 404, "not found")                                           \
    X(PRUNED, "pruned", USER, 5, 410, "no longer kept here")                                       \
    X(TIMEOUT, "timeout", IO, 6, 504, "timed out")                                                 \
    X(NO_QUORUM, "no_quorum", IO, 6, 503, "fewer than a quorum of validators answer")              \
    X(UNAVAILABLE, "unavailable", IO, 6, 503, "not available now")                                 \
    X(BUSY, "busy", LIMIT, 6, 429, "a limit is reached: try again later")                          \
    X(PORT_IN_USE, "port_in_use", IO, 6, 503, "the port is in use")                                \
    X(DISK_FULL, "disk_full", IO, 6, 507, "the disk is full")                                      \
    X(VERSION, "version", IO, 6, 505, "a version that this release does not know")                 \
    X(ENCODING, "encoding", PEER, 1, 400, "bytes are not the canonical encoding of a message")     \
    X(SIZE, "size", LIMIT, 1, 413, "larger or smaller than the limit allows")                      \
    X(NO_SPACE, "no_space", LIMIT, 6, 507, "a memory region sized at start is full")               \
    X(RANGE, "range", PEER, 1, 400, "a number is out of range")                                    \
    X(STATE, "state", PEER, 1, 409, "not possible in the present state")                           \
    X(DUPLICATE, "duplicate", PEER, 1, 409, "already there")                                       \
    X(STALE, "stale", PEER, 1, 409, "too old to matter")                                           \
    X(PEER, "peer", PEER, 3, 403, "the peer is not who it should be")

enum err {
#define X(name, lower, fault, exit_code, http, text) ERR_##name,
    ERR_TABLE(X)
#undef X
    ERR_END
};

enum err_fault {
    ERR_FAULT_NOBODY,
    ERR_FAULT_USER,
    ERR_FAULT_PEER,
    ERR_FAULT_POLICY,
    ERR_FAULT_LIMIT,
    ERR_FAULT_IO,
    ERR_FAULT_CORRUPT
};

/* All take any enum err below ERR_END; the strings live for ever. */
const char *err_name(enum err e); /* "not_found": used as "code" in JSON */
const char *err_text(enum err e);
int err_exit_code(enum err e);
int err_http_status(enum err e);
enum err_fault err_fault(enum err e);

/* Our own mistake: on in every build. Prints file, line and condition on stderr and aborts. */
#define ASSERT(cond) ((cond) ? (void)0 : assert_failed(#cond, __FILE__, __LINE__))
__attribute__((noreturn, cold)) void assert_failed(const char *cond, const char *file, int line);

#endif
