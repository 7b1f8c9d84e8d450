#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/actions_internal.h"

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
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    hex_encode(bytes_of_hash(&change), hex);
    fprintf(s->cli->text, "change %s\na founder may now propose it\n", hex);
    return ERR_NONE;
}

/* The leaves of the own node's epoch keys are public and lie beside its key file; a node of an
 * earlier release has them in its folder of the space. */
static enum err leaves_path(struct session *s, char *out, size_t cap)
{
    char space[HEX_SIZE(HASH_SIZE) + 1], before[4096];
    uint32_t node = s->node[s->own].index;
    hex_encode(bytes_of_hash(&s->genesis.space), space);
    cli_path(s->cli, before, sizeof before, "node-%u/spaces/%s/epoch-leaves", node, space);
    cli_path(s->cli, out, cap, "keys/node-%u.leaves", node);
    if (access(out, F_OK) == 0) {
        return ERR_NONE;
    }
    if (access(before, F_OK) != 0) {
        return cli_fail(s->cli, ERR_NOT_FOUND, out,
                        "node %u makes it at its first start, here: start it, and ask again", node);
    }
    cli_path(s->cli, out, cap, "node-%u/spaces/%s/epoch-leaves", node, space);
    return ERR_NONE;
}

static enum err own_root(struct session *s, struct hash *out)
{
    char path[4096];
    uint8_t *file;
    size_t len;
    if (s->own == CLI_NODES_MAX) {
        return cli_fail(s->cli, ERR_NOT_FOUND, s->name, "has no node in nodes.json");
    }
    TRY(leaves_path(s, path, sizeof path));
    TRY(cli_read_file(s->cli, path, &file, &len));
    uint64_t count = (uint64_t)1 << s->genesis.param[PARAM_EPOCH_KEY_LOG2];
    struct hash *leaf = ARENA_ARRAY(&s->arena, struct hash, count);
    bool fits = leaf != NULL && len == count * HASH_SIZE;
    if (fits) {
        memcpy(leaf, file, len);
        merkle_root(s->suite, leaf, count, out);
    }
    free(file);
    return fits ? ERR_NONE : cli_fail(s->cli, ERR_SIZE, path, "is not the leaves of a key tree");
}

static enum err add(struct session *s)
{
    struct seat_change x = { .verb = SEAT_ADD, .participant = s->did, .weight = 1 };
    TRY(own_root(s, &x.root));
    return put(s, &x);
}

static enum err run_add(struct cli *c)
{
    return session_act(c, add);
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

static enum err default_height(struct session *s, uint64_t *out)
{
    json_t *j;
    int64_t height = 0;
    TRY(session_get_json(s, "/v1/status", &j));
    enum err e = json_get_int(j, "height", &height);
    json_free(j);
    *out = (uint64_t)height + HEIGHTS_AHEAD;
    return e;
}

static enum err propose(struct session *s)
{
    struct session_tx t;
    struct proposal_make x = { .subject = SUBJECT_SEAT };
    struct bytes args;
    struct hash proposal;
    TRY(cli_hash(s->cli, "change", s->cli->arg[0], &x.value));
    TRY(default_height(s, &x.height));
    TRY(cli_number(s->cli, "--height", 1, INT64_MAX, x.height, &x.height));
    session_draw(s, METHOD_GOVERNANCE_PROPOSE, &t);
    contract_proposal_id(s->suite, &s->did, &x.value, t.body.nonce, &proposal);
    TRY(proposal_make_encode(&x, &s->arena, &args));
    TRY(session_do(s, &t, args));
    action_answer_tx(s->cli, &t);
    json_put(s->cli->answer, "proposal", json_new_hash(&proposal));
    json_put(s->cli->answer, "from_height", json_new_u64(x.height));
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    hex_encode(bytes_of_hash(&proposal), hex);
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
    struct session_tx t;
    struct proposal_approve x;
    struct bytes args;
    TRY(cli_hash(s->cli, "proposal", s->cli->arg[0], &x.proposal));
    session_draw(s, METHOD_GOVERNANCE_APPROVE, &t);
    TRY(proposal_approve_encode(&x, &s->arena, &args));
    TRY(session_do(s, &t, args));
    action_answer_tx(s->cli, &t);
    fprintf(s->cli->text, "approved\n");
    return ERR_NONE;
}

static enum err run_approve(struct cli *c)
{
    return session_act(c, approve);
}

static const struct cli_option PROPOSE_OPTIONS[] = {
    { "--height", "H", "in force with the first epoch that ends at H or later (in 20 blocks)" },
    { NULL, NULL, NULL },
};
static const struct cli_command COMMANDS[] = {
    { "committee", "show", "", 0, 0, "who validates, and what waits for the end of the epoch",
      "carnet committee show --as regulator", NULL, run_show },
    { "committee", "add", "", 0, 0, "ask for a seat with the keys of the own node",
      "carnet committee add --as regulator", NULL, run_add },
    { "committee", "remove", "PARTY", 1, 1, "ask that a seat be taken away (founders)",
      "carnet committee remove carrier --as exporter", NULL, run_remove },
    { "committee", "propose", "CHANGE", 1, 1, "put a change to the vote (founders)",
      "carnet committee propose $CHANGE --as exporter", PROPOSE_OPTIONS, run_propose },
    { "committee", "approve", "PROPOSAL", 1, 1, "one vote; more than two thirds decide (founders)",
      "carnet committee approve $PROPOSAL --as importer", NULL, run_approve },
};
const struct cli_table CLI_COMMITTEE = { COMMANDS, COUNT(COMMANDS) };
