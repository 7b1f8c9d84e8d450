/* What the files of audit share: the proofs of a report once they are believed, and its parts. */
#ifndef CARNET_AUDIT_AUDIT_INTERNAL_H
#define CARNET_AUDIT_AUDIT_INTERNAL_H

#include "audit/audit.h"

enum { AUDIT_VERSION = 1 };
#define AUDIT_SIGNATURE_TAG "carnet/audit/v1"

struct audit_facts {
    const struct audit_input *in;
    struct header header;
    uint32_t seats; /* that signed it: a bitmap */
    struct trust trust;
    const struct committee *committee; /* that certified it: the last that is trusted */
    struct did_document reporter;
    struct token_record *token;
    struct right_record *right;
    struct lock_record *lock;
    struct proved_tx *tx;
    uint64_t receipts, proofs, signatures;
    uint64_t committed; /* attachments that the listed transactions carry, disclosed or not */
};

/* Believes nothing but the genesis. ERR_INTEGRITY with a reason in `why`; ERR_NO_SPACE. */
MUST_USE enum err audit_check(const struct audit_input *in, struct arena *a,
                              struct audit_facts *out, char why[AUDIT_REASON_SIZE]);
/* The numbers of `checked`, from the lists. */
void audit_count(struct audit_facts *f);
/* What an event says of a listed token, else of none: NULL. */
const struct token_record *audit_event_token(const struct audit_facts *f, const struct event *e);
bool audit_event_of_right(const struct event *e, const struct right_record *r);

/* ERR_NONE and a new JSON value; ERR_ENCODING when a proved body is not what its type says. */
MUST_USE enum err audit_statements(const struct audit_facts *f, struct arena *a, json_t **out);
/* The canonical body, malloc'ed (json_text_free). */
MUST_USE enum err audit_body(const struct audit_facts *f, struct arena *a, char **out, size_t *len);
/* {"body":…,"signature":{"did","key","value"}} and a newline, malloc'ed. */
MUST_USE enum err audit_wrap(struct bytes body, const struct hash *did, uint32_t key,
                             struct bytes signature, char **out, size_t *len);
/* The report of a file and the words of its page; a file that does not begin with '<' is the report
 * itself. ERR_UNREADABLE: a page without its two data scripts, or with one twice. */
MUST_USE enum err audit_unpack(struct bytes file, struct bytes *report, struct bytes *words);

#endif
