/* Replacing the law of a running space: pieces into state, a proposal, approvals (FORMATS 5, 9). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/events_internal.h"
#include "cli/law_space_internal.h"
#include "cli/proposal_internal.h"

/* A folder of packs, compiled for this space. */
struct change {
    struct policy_compiled law;
    struct bytes set;
    struct hash hash;
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    uint32_t pieces;
};

static enum err change_compile(struct session *s, const char *dir, struct change *out)
{
    char why[POLICY_WHY_SIZE] = "";
    enum err e = policy_compile_dir(dir, s->suite, &out->law, why);
    if (e != ERR_NONE) {
        return cli_fail(s->cli, e, dir, "%s", why[0] != '\0' ? why : err_text(e));
    }
    out->set = bytes_of(out->law.set, out->law.set_len);
    contract_pack_hash(s->suite, out->set, &out->hash);
    hex_encode(bytes_of_hash(&out->hash), out->hex);
    out->pieces =
        (uint32_t)((out->set.len + CONTRACT_PIECE_SIZE_MAX - 1) / CONTRACT_PIECE_SIZE_MAX);
    return ERR_NONE;
}

static struct bytes piece_at(const struct change *x, uint32_t index)
{
    size_t from = (size_t)index * CONTRACT_PIECE_SIZE_MAX, left = x->set.len - from;
    return bytes_of(x->set.ptr + from,
                    left < CONTRACT_PIECE_SIZE_MAX ? left : CONTRACT_PIECE_SIZE_MAX);
}

static enum err put_piece(struct session *s, const struct change *x, uint32_t index)
{
    struct pack_put args = {
        .set = x->hash, .index = index, .count = x->pieces, .piece = piece_at(x, index)
    };
    struct session_tx t;
    struct bytes wire;
    session_draw(s, METHOD_PACK_PUT, &t);
    TRY(pack_put_encode(&args, &s->arena, &wire));
    fprintf(s->cli->progress, "\rpiece %u of %u ", index + 1, x->pieces);
    fflush(s->cli->progress);
    return session_do(s, &t, wire);
}

/* What is in state already stays: a proposal that broke off goes on where it stood. */
static enum err put_pieces(struct session *s, const struct change *x, const bool there[])
{
    enum err e = ERR_NONE;
    uint32_t put = 0;
    for (uint32_t i = 0; e == ERR_NONE && i < x->pieces; i++) {
        if (!there[i]) {
            e = put_piece(s, x, i);
            put++;
        }
    }
    if (put > 0) {
        fprintf(s->cli->progress, "\r                    \r");
    }
    json_put(s->cli->answer, "pieces", json_new_int(x->pieces));
    json_put(s->cli->answer, "pieces_put", json_new_int(put));
    return e;
}

/* A set that is in force, or already decided, needs no proposal. */
static enum err need_new(struct session *s, const struct change *x, const struct law_space *l)
{
    if (hash_equal(&x->hash, &l->set)) {
        return cli_fail(s->cli, ERR_DUPLICATE, s->cli->arg[0],
                        "is the law in force since height %" PRIu64, l->since);
    }
    if (!hash_is_zero(&l->next)) {
        return cli_fail(s->cli, ERR_STATE, "rules",
                        "a change is decided for height %" PRIu64 " already: one change at a time",
                        l->next_height);
    }
    return ERR_NONE;
}

/* Each piece may take a block of its own. */
static enum err need_time(struct session *s, const struct change *x, const struct law_space *l,
                          bool there[], uint64_t *at)
{
    uint64_t missing = 0;
    for (uint32_t i = 0; i < x->pieces; i++) {
        there[i] = law_piece_there(s, &x->hash, i, x->pieces, piece_at(x, i));
        missing += there[i] ? 0 : 1;
    }
    return proposal_at(s, l->height, missing, "pieces, proposal and approvals", at);
}

static enum err make_proposal(struct session *s, const struct change *x, uint64_t at)
{
    struct proposal_make args = { SUBJECT_PACK_SET, x->hash, at };
    uint32_t needed = proposal_needed(&s->genesis);
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    TRY(proposal_put(s, &args, hex));
    json_put(s->cli->answer, "packs_hash", json_new_hash(&x->hash));
    json_put(s->cli->answer, "at", json_new_int((int64_t)at));
    json_put(s->cli->answer, "needed", json_new_int(needed));
    fprintf(s->cli->text,
            "proposal  %s\nset       %s\n"
            "in force from height %" PRIu64 " once %u of %u founders approve, each after reading:\n"
            "  carnet rules approve %s --rules DIR\n",
            hex, x->hex, at, needed, proposal_founders(&s->genesis), hex);
    return ERR_NONE;
}

static enum err propose_change(struct session *s, struct change *x)
{
    bool there[CONTRACT_PIECES_MAX] = { false };
    struct law_space law;
    uint64_t at;
    ASSERT(x->pieces <= CONTRACT_PIECES_MAX);
    TRY(law_space(s, &law));
    TRY(need_new(s, x, &law));
    TRY(need_time(s, x, &law, there, &at));
    TRY(law_words_keep(s, &x->law));
    TRY(put_pieces(s, x, there));
    return make_proposal(s, x, at);
}

static enum err propose(struct session *s)
{
    struct change x = { 0 };
    TRY(proposal_need_founder(s, "its law"));
    TRY(change_compile(s, s->cli->arg[0], &x));
    enum err e = propose_change(s, &x);
    policy_compiled_free(&x.law);
    return e;
}

static enum err approve_change(struct session *s, const struct change *x, const struct hash *id,
                               struct proposal_record *r)
{
    if (!hash_equal(&r->value, &x->hash)) {
        return cli_fail(s->cli, ERR_INTEGRITY, "--rules",
                        "the folder compiles to %s, which is not the set proposed", x->hex);
    }
    TRY(law_words_keep(s, &x->law));
    TRY(proposal_vote(s, id, "from height", r));
    json_put(s->cli->answer, "packs_hash", json_new_hash(&r->value));
    return ERR_NONE;
}

static enum err approve(struct session *s)
{
    struct change x = { 0 };
    struct proposal_record r;
    struct hash id;
    const char *dir;
    TRY(cli_required(s->cli, "--rules", &dir));
    TRY(proposal_need_founder(s, "its law"));
    TRY(proposal_named(s, SUBJECT_PACK_SET, &id, &r));
    TRY(change_compile(s, dir, &x));
    enum err e = approve_change(s, &x, &id, &r);
    policy_compiled_free(&x.law);
    return e;
}

struct listing {
    json_t *list;
    uint64_t height;
};

static enum err list_proposal(struct session *s, const struct hash *id,
                              const struct proposal_record *r, void *work)
{
    struct listing *l = work;
    char hex[HEX_SIZE(HASH_SIZE) + 1], set[HEX_SIZE(HASH_SIZE) + 1];
    json_t *o = proposal_json(s, id, r, l->height);
    json_put(o, "packs_hash", json_new_hash(&r->value));
    hex_encode(bytes_of_hash(id), hex);
    hex_encode(bytes_of_hash(&r->value), set);
    fprintf(s->cli->text, "proposal %s\n  set %s at height %" PRIu64 ": %u of %u approvals, %s\n",
            hex, set, r->height, r->approvals_count, proposal_needed(&s->genesis),
            proposal_state(s, r, l->height));
    json_push(l->list, o);
    return ERR_NONE;
}

static enum err status(struct session *s)
{
    struct law_space law;
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    TRY(law_space(s, &law));
    json_t *o = s->cli->answer;
    hex_encode(bytes_of_hash(&law.set), hex);
    json_put(o, "height", json_new_int((int64_t)law.height));
    json_put(o, "packs_hash", json_new_hash(&law.set));
    json_put(o, "since", json_new_int((int64_t)law.since));
    json_put(o, "founders", json_new_int(proposal_founders(&s->genesis)));
    json_put(o, "needed", json_new_int(proposal_needed(&s->genesis)));
    fprintf(s->cli->text, "height   %" PRIu64 "\nin force %s since height %" PRIu64 "\n",
            law.height, hex, law.since);
    if (!hash_is_zero(&law.next)) {
        json_t *next = json_new_object();
        json_put(next, "packs_hash", json_new_hash(&law.next));
        json_put(next, "at", json_new_int((int64_t)law.next_height));
        json_put(o, "next", next);
        hex_encode(bytes_of_hash(&law.next), hex);
        fprintf(s->cli->text, "decided  %s from height %" PRIu64 "\n", hex, law.next_height);
    }
    struct listing l = { json_new_array(), law.height };
    enum err e = proposal_each(s, SUBJECT_PACK_SET, list_proposal, &l);
    json_put(o, "proposals", l.list);
    return e;
}

/* Who did not propose and did not approve has the folder from somebody, and checks it. */
static enum err keep_words(struct session *s)
{
    struct change x = { 0 };
    struct law_space law;
    TRY(law_space(s, &law));
    TRY(change_compile(s, s->cli->arg[0], &x));
    bool known = hash_equal(&x.hash, &law.set) || hash_equal(&x.hash, &law.next);
    enum err e = known ? law_words_keep(s, &x.law)
                       : cli_fail(s->cli, ERR_INTEGRITY, s->cli->arg[0],
                                  "compiles to %s, which is not the law of this space", x.hex);
    policy_compiled_free(&x.law);
    TRY(e);
    json_put(s->cli->answer, "packs_hash", json_new_hash(&x.hash));
    json_put(s->cli->answer, "ok", json_new_bool(true));
    fprintf(s->cli->text, "words of %s kept\n", x.hex);
    return ERR_NONE;
}

static enum err run_propose(struct cli *c)
{
    return session_act(c, propose);
}

static enum err run_approve(struct cli *c)
{
    return session_act(c, approve);
}

static enum err run_status(struct cli *c)
{
    return session_act(c, status);
}

static enum err run_words(struct cli *c)
{
    return session_act(c, keep_words);
}

static const struct cli_option PROPOSE_OPTIONS[] = {
    { "--at", "HEIGHT", "the height from which on the set is the law" },
    { NULL, NULL, NULL },
};
static const struct cli_option APPROVE_OPTIONS[] = {
    { "--rules", "DIR", "the folder that you have read: it must compile to the set proposed" },
    { NULL, NULL, NULL },
};
static const struct cli_command COMMANDS[] = {
    { "rules", "propose", "DIR", 1, 1, "put a set of rule packs into state, and propose it as law",
      "carnet rules propose rules-2027 --at 500 --as exporter", PROPOSE_OPTIONS, run_propose },
    { "rules", "approve", "PROPOSAL", 1, 1, "approve a proposed set, as a founder who has read it",
      "carnet rules approve 5be0... --rules rules-2027 --as importer", APPROVE_OPTIONS,
      run_approve },
    { "rules", "status", "", 0, 0, "the law in force, what is decided, and all proposals",
      "carnet rules status --as exporter", NULL, run_status },
    { "rules", "words", "DIR", 1, 1, "keep the words of the law in force, from its folder",
      "carnet rules words rules-2027 --as exporter", NULL, run_words },
};
const struct cli_table CLI_LAW = { COMMANDS, COUNT(COMMANDS) };
