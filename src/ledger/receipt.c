#include "ledger/contract_table.h"

/* Names as they stand in JSON. */
static const char *const NAMES[] = {
    [RECEIPT_OK] = "ok",
    [RECEIPT_ARGS] = "args",
    [RECEIPT_METHOD] = "method",
    [RECEIPT_QUOTA] = "quota",
    [RECEIPT_NOT_FOUND] = "not_found",
    [RECEIPT_EXISTS] = "exists",
    [RECEIPT_FORBIDDEN] = "forbidden",
    [RECEIPT_STATE] = "state",
    [RECEIPT_FROZEN] = "frozen",
    [RECEIPT_REVOKED] = "revoked",
    [RECEIPT_EXPIRED] = "expired",
    [RECEIPT_EXHAUSTED] = "exhausted",
    [RECEIPT_LAW] = "law",
    [RECEIPT_FUNDS] = "funds",
    [RECEIPT_NOT_ACKED] = "not_acked",
    [RECEIPT_TOO_EARLY] = "too_early",
    [RECEIPT_LIMIT] = "limit",
    [RECEIPT_SIGNERS] = "signers",
    [RECEIPT_ATTACHMENT] = "attachment",
    [RECEIPT_SUITE] = "suite",
};
_Static_assert(COUNT(NAMES) == RECEIPT_END, "every status has a name");

static const char *const TEXTS[] = {
#define X(number, name, text) [number] = text,
    RECEIPT_TABLE(X)
#undef X
};
_Static_assert(COUNT(TEXTS) == RECEIPT_END, "every status has a text");

const char *receipt_name(uint32_t status)
{
    return status < RECEIPT_END ? NAMES[status] : "unknown";
}

const char *receipt_text(uint32_t status)
{
    return status < RECEIPT_END ? TEXTS[status] : "unknown";
}
