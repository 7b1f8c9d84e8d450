/* What the floods of a measured cluster consist of: payments, and token transactions among them. */
#include "cli/bench_cluster_internal.h"

/* What two floods and 60 % of one put into the state at most: the offer, however much of it is
 * committed. */
static uint64_t records_of_tokens(const struct cluster_options *o)
{
    uint64_t flood = o->rate * o->seconds, most = o->lanes * BENCH_SENT_MAX;
    flood = flood < most ? flood : most;
    return CLUSTER_TOKEN_RECORDS * (flood * 26 / 10 * o->tokens / 100);
}

/* `held`: what a kept space holds beside its records of state. A state that is full would stop its
 * nodes in the middle of a flood. */
static enum err need_room(struct cli *c, const struct cluster_options *o, uint64_t held)
{
    uint64_t more = o->tokens == 0 ? 0 : records_of_tokens(o), there = o->state + held;
    if (more == 0 || there + more <= CLUSTER_RECORDS_MAX) {
        return ERR_NONE;
    }
    cli_hint(c, "a smaller --tokens, --rate, --seconds or --state; or another --keep");
    return cli_fail(c, ERR_USAGE, "--tokens",
                    "up to %llu records of tokens beside %llu are more than the %d of a state",
                    (unsigned long long)more, (unsigned long long)there, (int)CLUSTER_RECORDS_MAX);
}

/* There is no cipher to seal metadata with, so a mint is answered `suite` there. */
enum err cluster_mix_suite(struct cli *c, const struct suite *s, struct cluster_options *o)
{
    if (s->number != SUITE_GM) {
        return ERR_NONE;
    }
    if (cli_option(c, "--tokens") != NULL && o->tokens > 0) {
        return cli_fail(c, ERR_USAGE, "--tokens", "a space of suite gm has no tokens");
    }
    o->tokens = 0;
    return ERR_NONE;
}

enum err cluster_mix_read(struct cli *c, struct cluster_options *o)
{
    const struct suite *suite;
    TRY(net_suite(c, &suite));
    TRY(cli_number(c, "--seconds", 1, 600, 3, &o->seconds));
    TRY(cli_number(c, "--tokens", 0, 100, CLUSTER_TOKENS, &o->tokens));
    TRY(cluster_mix_suite(c, suite, o));
    return need_room(c, o, 0);
}

enum err cluster_mix_open(struct cluster *k)
{
    const struct session *s = k->session;
    TRY(cluster_mix_suite(k->b->cli, s->suite, &k->o));
    contract_pack_hash(s->suite, s->genesis.pack_set, &k->crowd.law);
    uint64_t more = k->state > k->o.state ? k->state - k->o.state : 0;
    return need_room(k->b->cli, &k->o, more + k->minted * CLUSTER_TOKEN_RECORDS);
}

void cluster_mix_count(struct phase *p, const struct bench_sent *x)
{
    struct phase_sort *sort = x->token ? &p->token : &p->money;
    p->proven += 1;
    sort->proven += 1;
    sort->bytes += x->size;
}

static void say(struct cluster *k, const char *prefix, const char *name, const char *words,
                double x, const char *unit)
{
    char key[40];
    snprintf(key, sizeof key, "%s%s", prefix, name);
    cluster_say(k, key, words, x, unit);
}

void cluster_mix_say(struct cluster *k, const struct phase *p, const char *prefix)
{
    say(k, prefix, "money_receipts", "  receipts of money", p->money.proven, "tx");
    say(k, prefix, "token_receipts", "  receipts of tokens", p->token.proven, "tx");
    say(k, prefix, "failed", "  receipts that say the transaction failed", (double)p->failed, "tx");
}

static double mean_size(const struct phase_sort *sort)
{
    return sort->proven > 0 ? sort->bytes / sort->proven : 0;
}

void cluster_mix_sizes(struct cluster *k, const struct phase *p)
{
    cluster_say(k, "money_bytes", "a transaction of money on the wire", mean_size(&p->money), "B");
    cluster_say(k, "token_bytes", "a transaction of tokens on the wire", mean_size(&p->token), "B");
}
