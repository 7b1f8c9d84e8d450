#include "cli/proposal_internal.h"

#include <inttypes.h>

#include "cli/actions_internal.h"
#include "cli/events_internal.h"

static bool founder(const struct genesis *g, const struct hash *did)
{
    for (uint32_t i = 0; i < g->seat_count; i++) {
        if (hash_equal(&g->seat[i].participant, did)) {
            return true;
        }
    }
    return false;
}

uint32_t proposal_founders(const struct genesis *g)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < g->participant_count; i++) {
        count += founder(g, &g->participant[i].id) ? 1 : 0;
    }
    return count;
}

uint32_t proposal_needed(const struct genesis *g)
{
    return 2 * proposal_founders(g) / 3 + 1;
}

enum err proposal_need_founder(struct session *s, const char *what)
{
    return founder(&s->genesis, &s->did) ? ERR_NONE
                                         : cli_fail(s->cli, ERR_REFUSED, s->name,
                                                    "only who founded the space changes %s", what);
}

/* The proposal and each approval may take a block of its own. */
enum err proposal_at(struct session *s, uint64_t tip, uint64_t more, const char *what,
                     uint64_t *out)
{
    const char *text;
    uint64_t at, least = tip + 2 + proposal_needed(&s->genesis) + more;
    TRY(cli_required(s->cli, "--at", &text));
    TRY(cli_number(s->cli, "--at", 0, INT64_MAX, 0, &at));
    if (at < least) {
        return cli_fail(s->cli, ERR_USAGE, "--at",
                        "the space stands at height %" PRIu64 ", and %s take blocks: %" PRIu64
                        " at least",
                        tip, what, least);
    }
    *out = at;
    return ERR_NONE;
}

enum err proposal_put(struct session *s, const struct proposal_make *x,
                      char hex[HEX_SIZE(HASH_SIZE) + 1])
{
    struct session_tx t;
    struct bytes wire;
    struct hash id;
    session_draw(s, METHOD_GOVERNANCE_PROPOSE, &t);
    contract_proposal_id(s->suite, &s->did, &x->value, t.body.nonce, &id);
    TRY(proposal_make_encode(x, &s->arena, &wire));
    TRY(session_do(s, &t, wire));
    action_answer_tx(s->cli, &t);
    json_put(s->cli->answer, "proposal", json_new_hash(&id));
    hex_encode(bytes_of_hash(&id), hex);
    return ERR_NONE;
}

static enum err proposal_read(struct session *s, const struct hash *id, struct proposal_record *out)
{
    struct contract_key key = contract_key_proposal(id);
    struct bytes value;
    TRY(session_state(s, key.contract, contract_key_bytes(&key), &value));
    return proposal_record_decode(value, &s->arena, out);
}

/* What is voted on is seen first: law by who has its folder, the others by what they name. */
static enum err another_subject(struct session *s, uint32_t subject)
{
    static const char *const ABOUT[] = {
        [SUBJECT_PACK_SET] = "it is about law: carnet rules approve",
        [SUBJECT_SEAT] = "it is about a seat: carnet committee approve",
        [SUBJECT_VERSION_SET] = "it is about a version set: carnet versions approve",
    };
    bool known = subject < COUNT(ABOUT) && ABOUT[subject] != NULL;
    return cli_fail(s->cli, ERR_STATE, s->cli->arg[0], "%s",
                    known ? ABOUT[subject] : "it is about what this release does not know");
}

enum err proposal_named(struct session *s, enum contract_subject subject, struct hash *id,
                        struct proposal_record *out)
{
    TRY(cli_hash(s->cli, "proposal", s->cli->arg[0], id));
    enum err e = proposal_read(s, id, out);
    if (e != ERR_NONE) {
        return cli_fail(s->cli, e, s->cli->arg[0], "%s",
                        e == ERR_NOT_FOUND ? "no such proposal in this space" : err_text(e));
    }
    return out->subject == subject ? ERR_NONE : another_subject(s, out->subject);
}

bool proposal_decided(const struct session *s, const struct proposal_record *r)
{
    return r->approvals_count >= proposal_needed(&s->genesis);
}

const char *proposal_state(const struct session *s, const struct proposal_record *r,
                           uint64_t height)
{
    bool late = r->height <= height + 1;
    return proposal_decided(s, r) ? "decided" : late ? "late" : "open";
}

static json_t *approvals_json(const struct proposal_record *r)
{
    json_t *by = json_new_array();
    for (uint32_t i = 0; i < r->approvals_count; i++) {
        json_push(by, json_new_hash(&r->approvals[i]));
    }
    return by;
}

json_t *proposal_json(const struct session *s, const struct hash *id,
                      const struct proposal_record *r, uint64_t height)
{
    json_t *o = json_new_object();
    json_put(o, "proposal", json_new_hash(id));
    json_put(o, "at", json_new_int((int64_t)r->height));
    json_put(o, "approvals", approvals_json(r));
    json_put(o, "state", json_new_str(proposal_state(s, r, height)));
    return o;
}

enum err proposal_vote(struct session *s, const struct hash *id, const char *force,
                       struct proposal_record *r)
{
    struct proposal_approve args = { *id };
    struct session_tx t;
    struct bytes wire;
    json_t *o = s->cli->answer;
    session_draw(s, METHOD_GOVERNANCE_APPROVE, &t);
    TRY(proposal_approve_encode(&args, &s->arena, &wire));
    TRY(session_do(s, &t, wire));
    TRY(proposal_read(s, id, r));
    action_answer_tx(s->cli, &t);
    json_put(o, "proposal", json_new_hash(id));
    json_put(o, "at", json_new_int((int64_t)r->height));
    json_put(o, "approvals", approvals_json(r));
    json_put(o, "state", json_new_str(proposal_state(s, r, t.height)));
    json_put(o, "needed", json_new_int(proposal_needed(&s->genesis)));
    fprintf(s->cli->text, "%u of %u founders have approved, %u decide", r->approvals_count,
            proposal_founders(&s->genesis), proposal_needed(&s->genesis));
    if (proposal_decided(s, r)) {
        fprintf(s->cli->text, ": in force %s %" PRIu64, force, r->height);
    }
    fprintf(s->cli->text, "\n");
    return ERR_NONE;
}

struct walk {
    enum contract_subject subject;
    proposal_fn *take;
    void *work;
};

static enum err take_event(struct session *s, const json_t *event, void *work)
{
    const struct walk *w = work;
    struct proposal_record r;
    int64_t contract = 0, type = 0;
    struct hash id;
    TRY(json_get_int(event, "contract", &contract));
    TRY(json_get_int(event, "type", &type));
    if (contract != CONTRACT_GOVERNANCE || type != EVENT_GOVERNANCE_PROPOSED) {
        return ERR_NONE;
    }
    const char *text = json_text_of(json_at(json_member(event, "subjects"), 0));
    TRY(text == NULL ? ERR_UNREADABLE : hash_from_hex(text, &id));
    TRY(proposal_read(s, &id, &r));
    return r.subject == w->subject ? w->take(s, &id, &r, w->work) : ERR_NONE;
}

enum err proposal_each(struct session *s, enum contract_subject subject, proposal_fn *take,
                       void *work)
{
    struct walk w = { subject, take, work };
    return action_each_event(s, NULL, take_event, &w);
}
