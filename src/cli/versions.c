/* Another version set for a running space: a proposal, and approvals (DESIGN 4, "Versions"). */
#include <inttypes.h>
#include <stdlib.h>

#include "cli/actions_internal.h"
#include "cli/proposal_internal.h"

/* Which sets the blocks above `height` stand under. */
struct versions {
    uint64_t height;
    struct version_set now, next; /* next.number 0: none is decided */
};

static enum err versions_of(struct session *s, struct versions *out)
{
    struct versions v = { .now.number = s->genesis.version_set };
    struct contract_key key = contract_key_versions();
    struct pack_active_record r;
    struct bytes value;
    TRY(session_height(s, &v.height));
    enum err e = session_state(s, key.contract, contract_key_bytes(&key), &value);
    s->cli->what[0] = s->cli->why[0] = s->cli->hint[0] = '\0';
    if (e == ERR_NONE) {
        TRY(pack_active_record_decode(value, &s->arena, &r));
        contract_version_at(&r, v.height + 1, &v.now, &v.next);
    } else if (e != ERR_NOT_FOUND) {
        return e;
    }
    *out = v;
    return ERR_NONE;
}

/* That of genesis came with no release. */
static json_t *set_json(const struct version_set *v)
{
    char release[32];
    json_t *o = json_new_object();
    json_put(o, "number", json_new_int(v->number));
    if (v->major != 0 || v->minor != 0) {
        snprintf(release, sizeof release, "%" PRIu32 ".%" PRIu32, v->major, v->minor);
        json_put(o, "release", json_new_str(release));
    }
    json_put(o, "at", json_new_int((int64_t)v->height));
    return o;
}

static void say_if_unknown(struct session *s, const struct version_set *v)
{
    if (v->number > VERSION_SET) {
        fprintf(s->cli->text,
                "this release knows sets up to %d: its nodes end before that height, and those of "
                "release %" PRIu32 ".%" PRIu32 " go on\n",
                VERSION_SET, v->major, v->minor);
    }
}

/* "1.2": nothing before, between or after. */
static enum err read_release(struct session *s, struct version_set *out)
{
    const char *text;
    char *end;
    TRY(cli_required(s->cli, "--release", &text));
    bool digit = text[0] >= '0' && text[0] <= '9';
    unsigned long major = strtoul(text, &end, 10), minor = 0;
    bool good = digit && major <= UINT32_MAX && end[0] == '.' && end[1] >= '0' && end[1] <= '9';
    if (good) {
        minor = strtoul(end + 1, &end, 10);
        good = minor <= UINT32_MAX && *end == '\0';
    }
    if (!good || (major == 0 && minor == 0)) {
        return cli_fail(s->cli, ERR_USAGE, "--release", "\"%s\" is not a release such as 1.2",
                        text);
    }
    out->major = (uint32_t)major;
    out->minor = (uint32_t)minor;
    return ERR_NONE;
}

static enum err read_number(struct session *s, struct version_set *out)
{
    char *end;
    const char *text = s->cli->arg[0];
    unsigned long number = strtoul(text, &end, 10);
    if (text[0] < '1' || text[0] > '9' || *end != '\0' || number > UINT32_MAX) {
        return cli_fail(s->cli, ERR_USAGE, text, "is not the number of a version set");
    }
    out->number = (uint32_t)number;
    return ERR_NONE;
}

static enum err need_later(struct session *s, const struct versions *v, uint32_t number)
{
    if (number <= v->now.number) {
        return cli_fail(s->cli, number == v->now.number ? ERR_DUPLICATE : ERR_STATE, s->cli->arg[0],
                        "set %" PRIu32 " is in force since height %" PRIu64
                        ", and makes room for later ones only",
                        v->now.number, v->now.height);
    }
    return v->next.number == 0 ? ERR_NONE
                               : cli_fail(s->cli, ERR_STATE, s->cli->arg[0],
                                          "set %" PRIu32 " is decided for height %" PRIu64
                                          " already: one change at a time",
                                          v->next.number, v->next.height);
}

static enum err propose(struct session *s)
{
    struct version_set set = { 0 };
    struct versions v;
    struct proposal_make x = { .subject = SUBJECT_VERSION_SET };
    uint32_t needed = proposal_needed(&s->genesis);
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    TRY(read_number(s, &set));
    TRY(read_release(s, &set));
    TRY(proposal_need_founder(s, "its versions"));
    TRY(versions_of(s, &v));
    TRY(need_later(s, &v, set.number));
    TRY(proposal_at(s, v.height, 0, "proposal and approvals", &x.height));
    set.height = x.height;
    contract_version_value(&set, &x.value);
    TRY(proposal_put(s, &x, hex));
    json_put(s->cli->answer, "set", set_json(&set));
    json_put(s->cli->answer, "needed", json_new_int(needed));
    fprintf(s->cli->text,
            "proposal %s\nset %" PRIu32 " of release %" PRIu32 ".%" PRIu32
            " is in force from height %" PRIu64 " once %u of %u founders approve\n",
            hex, set.number, set.major, set.minor, x.height, needed,
            proposal_founders(&s->genesis));
    say_if_unknown(s, &set);
    return ERR_NONE;
}

/* What a proposal names; only what is one gets onto the ledger. */
static enum err set_of(struct session *s, const struct proposal_record *r, struct version_set *out)
{
    if (!contract_version_read(&r->value, out)) {
        return cli_fail(s->cli, ERR_INTEGRITY, "proposal", "names no version set");
    }
    out->height = r->height;
    return ERR_NONE;
}

static enum err approve(struct session *s)
{
    struct proposal_record r;
    struct version_set set;
    struct hash id;
    TRY(proposal_need_founder(s, "its versions"));
    TRY(proposal_named(s, SUBJECT_VERSION_SET, &id, &r));
    TRY(set_of(s, &r, &set));
    fprintf(s->cli->text, "set %" PRIu32 " of release %" PRIu32 ".%" PRIu32 ": ", set.number,
            set.major, set.minor);
    TRY(proposal_vote(s, &id, "from height", &r));
    json_put(s->cli->answer, "set", set_json(&set));
    say_if_unknown(s, &set);
    return ERR_NONE;
}

struct listing {
    json_t *list;
    uint64_t height;
};

static enum err list_proposal(struct session *s, const struct hash *id,
                              const struct proposal_record *r, void *work)
{
    struct listing *l = work;
    struct version_set set;
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    TRY(set_of(s, r, &set));
    json_t *o = proposal_json(s, id, r, l->height);
    json_put(o, "set", set_json(&set));
    hex_encode(bytes_of_hash(id), hex);
    fprintf(s->cli->text,
            "proposal %s\n  set %" PRIu32 " of release %" PRIu32 ".%" PRIu32 " at height %" PRIu64
            ": %u of %u approvals, %s\n",
            hex, set.number, set.major, set.minor, set.height, r->approvals_count,
            proposal_needed(&s->genesis), proposal_state(s, r, l->height));
    json_push(l->list, o);
    return ERR_NONE;
}

static enum err show(struct session *s)
{
    struct versions v;
    TRY(versions_of(s, &v));
    json_t *o = s->cli->answer;
    json_put(o, "height", json_new_int((int64_t)v.height));
    json_put(o, "known", json_new_int(VERSION_SET));
    json_put(o, "in_force", set_json(&v.now));
    fprintf(s->cli->text, "in force  set %" PRIu32 " since height %" PRIu64 "\n", v.now.number,
            v.now.height);
    if (v.next.number != 0) {
        json_put(o, "next", set_json(&v.next));
        fprintf(s->cli->text,
                "decided   set %" PRIu32 " of release %" PRIu32 ".%" PRIu32 " from height %" PRIu64
                "\n",
                v.next.number, v.next.major, v.next.minor, v.next.height);
        say_if_unknown(s, &v.next);
    }
    struct listing l = { json_new_array(), v.height };
    enum err e = proposal_each(s, SUBJECT_VERSION_SET, list_proposal, &l);
    json_put(o, "proposals", l.list);
    return e;
}

static enum err run_propose(struct cli *c)
{
    return session_act(c, propose);
}

static enum err run_approve(struct cli *c)
{
    return session_act(c, approve);
}

static enum err run_show(struct cli *c)
{
    return session_act(c, show);
}

static const struct cli_option PROPOSE_OPTIONS[] = {
    { "--release", "M.N", "the release of Carnet that brings the set" },
    { "--at", "HEIGHT", "the height from which on blocks stand under it" },
    { NULL, NULL, NULL },
};
static const struct cli_command COMMANDS[] = {
    { "versions", "show", "", 0, 0, "which version set is in force, which comes, and all proposals",
      "carnet versions show --as exporter", NULL, run_show },
    { "versions", "propose", "NUMBER", 1, 1, "put another version set to the vote (founders)",
      "carnet versions propose 2 --release 1.1 --at 5000 --as exporter", PROPOSE_OPTIONS,
      run_propose },
    { "versions", "approve", "PROPOSAL", 1, 1, "one vote; more than two thirds decide (founders)",
      "carnet versions approve $PROPOSAL --as importer", NULL, run_approve },
};
const struct cli_table CLI_VERSIONS = { COMMANDS, COUNT(COMMANDS) };
