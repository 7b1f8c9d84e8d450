/* actions — what the commands on tokens, rights, attachments and files share. */
#ifndef CARNET_CLI_ACTIONS_INTERNAL_H
#define CARNET_CLI_ACTIONS_INTERNAL_H

#include "cli/session_internal.h"
#include "data/data.h"
#include "policy/compile/policy_compile.h"

/* Records of committed state; an id that is not there is ERR_NOT_FOUND and says so. */
MUST_USE enum err action_token(struct session *s, const char *text, struct token_record *out);
MUST_USE enum err action_right(struct session *s, const char *text, struct right_record *out);
/* As DESIGN 7 has them. */
json_t *action_token_json(const struct token_record *t);
/* FORMATS 19: what stands against a holder that keeps a key it once received. */
#define ACTION_CUSTODY_ANSWER "one seal for all uses; open --use keeps the key in memory only"
json_t *action_right_json(const struct right_record *r);
const char *action_token_status(uint32_t state);
const char *action_right_status(uint32_t state);
/* answer.tx and answer.height of a committed transaction. */
void action_answer_tx(struct cli *c, const struct session_tx *t);

/* The law that the next block is judged by, with its words (cli/law_space_internal.h). */
MUST_USE enum err action_book(struct session *s, struct policy_book **out);
/* A check from --check FILE and the options of `comply check`; `from` and `to` are given by the
 * places of exporter and importer when not NULL. day is the block's day when the date is absent. */
MUST_USE enum err action_check(struct cli *c, const struct policy_book *book, const char *from,
                               const char *to, struct policy_check *out);
/* The code of a check that cannot be read: its words and numbers are the user's. */
enum err action_check_code(enum err e);
#define ACTION_CHECK_ROWS                                                               \
    { "--check", "FILE", "the check as one JSON object in the vocabulary" },            \
        { "--sector", "S", "sector, such as ecommerce" },                               \
        { "--classes", "A,B", "classes of data, such as personal,health" },             \
        { "--subjects", "N", "natural persons in this transfer" },                      \
        { "--sensitive-subjects", "N", "of them with sensitive data" },                 \
        { "--prior-subjects", "N", "persons sent earlier in the counting period" },     \
        { "--prior-sensitive-subjects", "N", "of them with sensitive data" },           \
        { "--role", "R", "ordinary, ciio, processor, public_body" },                    \
        { "--purpose", "P", "why, such as cross_border_shopping" },                     \
        { "--mechanisms", "A,B", "what is in place, such as cn_standard_contract" },    \
        { "--via", "A,B", "places where a party receives the data and sends it on" },   \
        { "--important-data", NULL, "the data is notified or published as important" }, \
        { "--fact", "K=V...", "a further declared fact; may be repeated" },             \
    {                                                                                   \
        "--date", "D", "day of the transfer (ISO 8601)"                                 \
    }

/* Attachments: made for readers, kept at the own node, opened by a reader. */
MUST_USE enum err action_attach(struct session *s, struct session_tx *t, enum attachment_kind kind,
                                uint32_t media_type, struct bytes content,
                                const struct hash *reader, uint32_t readers,
                                struct hash *commitment);
MUST_USE enum err action_attachment_open(struct session *s, const struct hash *transaction,
                                         uint32_t index, struct attachment_record *record,
                                         struct attachment_plain *out);
/* The same without the node: the sealed bytes, to be put there when their time has come. */
MUST_USE enum err action_attach_keep(struct session *s, struct session_tx *t,
                                     enum attachment_kind kind, uint32_t media_type,
                                     struct bytes content, const struct hash *reader,
                                     uint32_t readers, struct hash *commitment,
                                     struct bytes *sealed);
/* The content key of a right's seal, wrapped for its holder and one use (0: released). */
MUST_USE enum err action_content_wrap(struct session *s, const struct right_record *r, uint32_t use,
                                      struct bytes *wire);
/* Declares the next use of a right. */
MUST_USE enum err action_use(struct session *s, const struct right_record *r, struct session_tx *t);
/* Opens the wrap of a right: use 0 is the one of its grant. */
MUST_USE enum err action_wrap_open(struct session *s, const struct right_record *r,
                                   const struct hash *transaction, uint32_t use,
                                   uint8_t key[AEAD_KEY_SIZE]);
/* A use of a brokered right: asked for, or taken up where it was left; its key when it has been
 * released. ERR_TIMEOUT: nobody answered, and it cost nothing; or the wrap is still to come. */
MUST_USE enum err action_brokered_use(struct session *s, struct right_record *r,
                                      uint8_t key[AEAD_KEY_SIZE]);
/* The holder's word that the wrap of the newest RELEASE is here and opens. */
MUST_USE enum err action_brokered_ack(struct session *s, const struct right_record *r);
/* All participants of the space with the regulator's role. */
uint32_t action_regulators(struct session *s, struct hash *out, uint32_t cap);

/* ERR_UNSUPPORTED, and said, where seals, wraps and attachments are not there: suite gm. */
MUST_USE enum err action_can_seal(struct session *s);
/* The content key of a seal follows from the owner's sealing seed: nothing to store, nothing to
 * lose. */
MUST_USE enum err action_content_key(struct session *s, const struct hash *seal,
                                     uint8_t key[AEAD_KEY_SIZE]);

/* Reasons above 1000 are the program's own: --reason gives none of them. */
enum { ACTION_REASON_INTEGRITY = 1001 };
/* ERR_INTEGRITY: it was frozen for damaged bytes, and the owner's node still has them. */
MUST_USE enum err action_may_thaw(struct session *s, const char *token);

/* An asset of the local catalogue: local/NAME/assets/<asset>.{json,bin}. */
struct action_asset {
    struct hash asset, sha256, plain_root;
    uint64_t bytes;
    uint32_t chunk_size;
    char path[4096]; /* of its bytes */
};
MUST_USE enum err action_asset_read(struct session *s, const char *text, struct action_asset *out);
/* A template of this release by its name; template_free. ERR_UNKNOWN_WORD, and said. */
MUST_USE enum err action_template(struct cli *c, const char *name, struct template_ **out);

/* Files of sealed bytes: "carnet-seal/1" ‖ u32 manifest size ‖ manifest ‖ sealed chunks in
 * order. */
#define ACTION_BUNDLE_MAGIC "carnet-seal/1"

extern const struct cli_table CLI_ANCHOR, CLI_COMMITTEE;
extern const struct cli_table CLI_ASSET, CLI_ATTACHMENT, CLI_AUDIT, CLI_BENCH, CLI_BROKER,
    CLI_LEDGER, CLI_COMPLY, CLI_CONSOLE, CLI_DEMO, CLI_DID, CLI_FETCH, CLI_MONEY, CLI_NET, CLI_OPEN,
    CLI_LAW, CLI_RIGHT, CLI_RULES, CLI_SEAL, CLI_SIM, CLI_TOKEN, CLI_TRACE, CLI_TX, CLI_VERIFY,
    CLI_VERSIONS, CLI_WIZARD;

#endif
