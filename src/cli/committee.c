#include <string.h>

#include "cli/actions_internal.h"
#include "cli/committee_internal.h"
#include "cli/proposal_internal.h"

/* Membership: who is to sit puts the change, a founder proposes it, the founders approve, and it
 * begins where an epoch ends. */

enum { HEIGHTS_AHEAD = 20, SYSTEM_CONTRACT = 0 };

/* The committee as state has it; before the first change it is that of genesis. */
static enum err sitting(struct session *s, struct committee *out)
{
    static const uint8_t KEY[] = { 1 };
    struct bytes value;
    enum err e = session_state(s, SYSTEM_CONTRACT, bytes_of(KEY, sizeof KEY), &value);
    if (e == ERR_NOT_FOUND) {
        committee_of_genesis(&s->genesis, out);
        return ERR_NONE;
    }
    TRY(e);
    return committee_decode(s->suite, value, &s->arena, out);
}

static enum err waiting(struct session *s, struct committee_change *out)
{
    static const uint8_t KEY[] = { 3 };
    struct bytes value;
    enum err e = session_state(s, SYSTEM_CONTRACT, bytes_of(KEY, sizeof KEY), &value);
    out->count = 0;
    return e == ERR_NOT_FOUND ? ERR_NONE
           : e != ERR_NONE    ? e
                              : committee_change_decode(value, &s->arena, out);
}

static json_t *seats_json(const struct seat *seat, uint32_t count)
{
    json_t *list = json_new_array();
    for (uint32_t i = 0; i < count; i++) {
        json_t *x = json_new_object();
        json_put(x, "participant", json_new_hash(&seat[i].participant));
        json_put(x, "root", json_new_hash(&seat[i].root));
        json_put(x, "weight", json_new_u64(seat[i].weight));
        json_push(list, x);
    }
    return list;
}

static enum err show(struct session *s)
{
    struct committee c;
    struct committee_change next;
    TRY(sitting(s, &c));
    TRY(waiting(s, &next));
    s->cli->what[0] = s->cli->why[0] = s->cli->hint[0] = '\0';
    json_put(s->cli->answer, "number", json_new_u64(c.number));
    json_put(s->cli->answer, "since_epoch", json_new_u64(c.since_epoch));
    json_put(s->cli->answer, "since_height", json_new_u64(c.since_height));
    json_put(s->cli->answer, "seats", seats_json(c.seat, c.count));
    json_put(s->cli->answer, "next", seats_json(next.seat, next.count));
    fprintf(s->cli->text, "committee %llu, since epoch %llu: %u seats%s\n",
            (unsigned long long)c.number, (unsigned long long)c.since_epoch, c.count,
            next.count > 0 ? "; a change waits for the end of an epoch" : "");
    return ERR_NONE;
}

static enum err run_show(struct cli *c)
{
    return session_act(c, show);
}

static enum err put(struct session *s, const struct seat_change *x)
{
    struct session_tx t;
    struct bytes args;
    struct hash change;
    session_draw(s, METHOD_GOVERNANCE_SEAT, &t);
    TRY(seat_change_encode(x, &s->arena, &args));
    TRY(session_do(s, &t, args));
    contract_seat_change_hash(s->suite, args, &change);
    action_answer_tx(s->cli, &t);
    json_put(s->cli->answer, "change", json_new_hash(&change));
    if (x->verb != SEAT_REMOVE) {
        json_put(s->cli->answer, "root", json_new_hash(&x->root));
    }
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    hex_encode(bytes_of_hash(&change), hex);
    fprintf(s->cli->text, "change %s\na founder may now propose it\n", hex);
    return ERR_NONE;
}

static enum err add(struct session *s)
{
    struct seat_change x = { .verb = SEAT_ADD, .participant = s->did, .weight = 1 };
    TRY(cli_flag(s->cli, "--new-keys") ? committee_new_root(s, &x.root)
                                       : committee_own_root(s, &x.root));
    return put(s, &x);
}

static enum err run_add(struct cli *c)
{
    return session_act(c, add);
}

/* Asked before keys are drawn: what the contract would refuse later leaves no file behind. */
static enum err new_keys(struct session *s)
{
    struct seat_change x = { .verb = SEAT_NEW_KEYS, .participant = s->did };
    struct committee c;
    TRY(sitting(s, &c));
    s->cli->what[0] = s->cli->why[0] = s->cli->hint[0] = '\0';
    uint32_t seat = committee_seat_of(&c, &s->did);
    if (seat == GENESIS_SEATS_MAX) {
        cli_hint(s->cli, "ask for a seat with carnet committee add");
        return cli_fail(s->cli, ERR_STATE, s->name, "has no seat");
    }
    TRY(committee_new_root(s, &x.root));
    if (hash_equal(&x.root, &c.seat[seat].root)) {
        return cli_fail(s->cli, ERR_STATE, s->name,
                        "has the new keys: its node takes them over when it runs");
    }
    TRY(put(s, &x));
    fprintf(s->cli->text, "node %u has them already, and signs with them when the committee does\n",
            s->node[s->own].index);
    return ERR_NONE;
}

static enum err run_keys(struct cli *c)
{
    return session_act(c, new_keys);
}

static enum err take_away(struct session *s)
{
    struct seat_change x = { .verb = SEAT_REMOVE };
    TRY(session_party(s, s->cli->arg[0], &x.participant));
    return put(s, &x);
}

static enum err run_remove(struct cli *c)
{
    return session_act(c, take_away);
}

static enum err propose(struct session *s)
{
    struct proposal_make x = { .subject = SUBJECT_SEAT };
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    uint64_t tip;
    TRY(cli_hash(s->cli, "change", s->cli->arg[0], &x.value));
    TRY(session_height(s, &tip));
    TRY(cli_number(s->cli, "--height", 1, INT64_MAX, tip + HEIGHTS_AHEAD, &x.height));
    TRY(proposal_put(s, &x, hex));
    json_put(s->cli->answer, "from_height", json_new_u64(x.height));
    fprintf(s->cli->text, "proposal %s\nto be approved before height %llu\n", hex,
            (unsigned long long)x.height);
    return ERR_NONE;
}

static enum err run_propose(struct cli *c)
{
    return session_act(c, propose);
}

static enum err approve(struct session *s)
{
    struct proposal_record r;
    struct hash id;
    TRY(proposal_named(s, SUBJECT_SEAT, &id, &r));
    return proposal_vote(s, &id, "with the first epoch that ends at height", &r);
}

static enum err run_approve(struct cli *c)
{
    return session_act(c, approve);
}

static const struct cli_option ADD_OPTIONS[] = {
    { "--new-keys", NULL, "with keys drawn now, where those of the node were lost" },
    { NULL, NULL, NULL },
};
static const struct cli_option PROPOSE_OPTIONS[] = {
    { "--height", "H", "in force with the first epoch that ends at H or later (in 20 blocks)" },
    { NULL, NULL, NULL },
};
static const struct cli_command COMMANDS[] = {
    { "committee", "show", "", 0, 0, "who validates, and what waits for the end of the epoch",
      "carnet committee show --as regulator", NULL, run_show },
    { "committee", "add", "", 0, 0, "ask for a seat with the keys of the own node",
      "carnet committee add --as regulator", ADD_OPTIONS, run_add },
    { "committee", "keys", "", 0, 0, "ask for new keys for the own seat, drawn now",
      "carnet committee keys --as importer", NULL, run_keys },
    { "committee", "remove", "PARTY", 1, 1, "ask that a seat be taken away (founders)",
      "carnet committee remove carrier --as exporter", NULL, run_remove },
    { "committee", "propose", "CHANGE", 1, 1, "put a change to the vote (founders)",
      "carnet committee propose $CHANGE --as exporter", PROPOSE_OPTIONS, run_propose },
    { "committee", "approve", "PROPOSAL", 1, 1, "one vote; more than two thirds decide (founders)",
      "carnet committee approve $PROPOSAL --as importer", NULL, run_approve },
};
const struct cli_table CLI_COMMITTEE = { COMMANDS, COUNT(COMMANDS) };
