#include "sim/sim_liar_internal.h"
#include "sim/sim_member_internal.h"
#include "sim/sim_parts_internal.h"

/* In every run a vote and a view change under a wrong key are handed to every honest node (FORMATS
 * 23). All else about them is right: a seat of its committee whose keys it knows, its own epoch, a
 * height and a view that it still decides. So it must say no for the signature and for nothing
 * else. */

enum { VIEWS_AHEAD = 1 << 20 };

struct forgery {
    struct sim_node *to;
    uint32_t seat, holder; /* who is said to speak */
    uint64_t epoch;
    uint8_t secret[SUITE_SECRET_SIZE];
};

static enum err vote_message(struct world *w, const struct forgery *f, struct bytes *out)
{
    const struct pbft_status s = replica_status(f->to->replica).pbft;
    struct vote v = { .space = w->genesis.space,
                      .epoch = f->epoch,
                      .kind = VOTE_COMMIT,
                      .view = s.view + VIEWS_AHEAD,
                      .height = s.committed + 1,
                      .block = { { 9 } } };
    struct bytes vote = { NULL, 0 };
    uint8_t signature[SUITE_SIGNATURE_SIZE_MAX];
    TRY(vote_encode(&v, &w->scratch, &vote));
    suite_sign_tagged(w->suite, f->secret, "carnet/vote/v1", vote, signature);
    return sim_vote_message(&v, f->seat, bytes_of(signature, w->suite->signature_size), &w->scratch,
                            out);
}

static enum err change_message(struct world *w, const struct forgery *f, struct bytes *out)
{
    const struct pbft_status s = replica_status(f->to->replica).pbft;
    struct sim_change c = { f->epoch, s.view + VIEWS_AHEAD, s.committed, f->seat, { NULL, 0 } };
    struct bytes body = { NULL, 0 };
    uint8_t signature[SUITE_SIGNATURE_SIZE_MAX];
    TRY(sim_change_body(&w->genesis.space, &c, &w->scratch, &body));
    suite_sign_tagged(w->suite, f->secret, "carnet/view-change/v1", body, signature);
    return sim_change_message(body, bytes_of(signature, w->suite->signature_size), &w->scratch,
                              out);
}

typedef enum err forge_fn(struct world *w, const struct forgery *f, struct bytes *out);
static const struct {
    const char *name;
    forge_fn *make;
} FORGERY[SIM_FORGERIES] = { [SIM_FORGED_VOTE] = { "vote", vote_message },
                             [SIM_FORGED_CHANGE] = { "view change", change_message } };

/* It could not look: it has not begun, its disk takes nothing, or nobody told it that seat's keys.
 */
static bool could_not_look(enum err e)
{
    return e == ERR_STATE || e == ERR_DISK_FULL || e == ERR_FAILED || e == ERR_NOT_FOUND;
}

static void hand_over(struct world *w, const struct forgery *f, enum sim_forgery what)
{
    struct sim_node *n = f->to;
    struct bytes message = { NULL, 0 };
    arena_reset(&w->scratch);
    enum err made = FORGERY[what].make(w, f, &message);
    ASSERT(made == ERR_NONE);
    uint64_t now = (uint64_t)((int64_t)w->now_ms + n->skew_ms);
    struct sim_node *before = sim_enter(w, n);
    enum err e = replica_receive(n->replica, now, f->holder, message);
    sim_leave(w, before);
    if (e == ERR_SIGNATURE) {
        n->refused[what] = true;
        w->result->forged[what]++;
    } else if (e == ERR_NONE) {
        sim_violation(w, SIM_FORGERY, "n%u believes a forged %s", n->index, FORGERY[what].name);
    } else if (!could_not_look(e)) {
        sim_violation(w, SIM_FORGERY, "n%u refuses a forged %s, but for %s", n->index,
                      FORGERY[what].name, err_name(e));
    }
    sim_after(w, n);
}

/* Whose seat it is; the canary forges with that participant's true key. */
static bool choose_seat(struct world *w, struct forgery *f, const struct seat *seat)
{
    for (uint32_t i = 0; i < w->genesis.participant_count; i++) {
        if (i < w->nodes && i != f->to->index && w->node[i].liar == NULL &&
            hash_equal(&w->genesis.participant[i].id, &seat->participant)) {
            f->holder = i;
            if (w->options.mutant == SIM_MUTANT_TRUE_FORGER) {
                epoch_key_secret(w->suite, sim_seed_of(w, i, &seat->root), f->epoch, f->secret);
            }
            return true;
        }
    }
    return false;
}

/* Every seat, until the node has refused one for its signature: it may not know all keys. */
static void forge_to(struct world *w, struct sim_node *n)
{
    struct ledger_tip tip = replica_status(n->replica).tip;
    const struct committee c = *replica_committee(n->replica);
    struct forgery f = { .to = n, .epoch = tip.epoch, .secret = { 1, 2, 3 } };
    f.epoch = c.since_epoch > f.epoch ? c.since_epoch : f.epoch;
    for (f.seat = 0; f.seat < c.count; f.seat++) {
        if (!choose_seat(w, &f, &c.seat[f.seat])) {
            continue;
        }
        for (uint32_t what = 0; what < SIM_FORGERIES; what++) {
            if (n->up && !n->refused[what]) {
                hand_over(w, &f, (enum sim_forgery)what);
            }
        }
    }
}

static bool has_refused(const struct sim_node *n)
{
    return n->refused[SIM_FORGED_VOTE] && n->refused[SIM_FORGED_CHANGE];
}

void sim_forge(struct world *w)
{
    for (uint32_t i = 0; i < w->nodes && w->nodes > 1; i++) {
        struct sim_node *n = &w->node[i];
        if (n->up && n->liar == NULL && !has_refused(n)) {
            forge_to(w, n);
        }
    }
}

/* Those that run at the end have all been asked, were they down before as often as they like. */
void sim_check_forged(struct world *w)
{
    for (uint32_t i = 0; i < w->nodes && w->nodes > 1 && w->result->violation_count == 0; i++) {
        if (w->node[i].up && w->node[i].liar == NULL && !has_refused(&w->node[i])) {
            sim_violation(w, SIM_FORGERY, "n%u was never asked about a forged vote it could judge",
                          i);
        }
    }
}
