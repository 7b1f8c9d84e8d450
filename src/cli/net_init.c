#include "cli/net_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/embedded_internal.h"
#include "crypto/epoch_key.h"
#include "crypto/keyfile.h"
#include "crypto/secret.h"
#include "crypto/wrap.h"
#include "data/data.h"

/* Who founds a space made by one command: names and places of a border and its bank, then more
 * validators. The regulator comes last, at the exporter's place; observers have no seat. */
static const struct founder {
    const char *name;
    uint32_t jurisdiction; /* ISO 3166-1 numeric */
    uint32_t role;
} FOUNDERS[] = {
    { "exporter", 156, ROLE_MEMBER }, /* CN */
    { "importer", 276, ROLE_MEMBER }, /* DE */
    { "bank", 702, ROLE_BANK },       /* SG */
    { "carrier", 458, ROLE_MEMBER },  /* MY */
};
/* Settlement money of the bank; the first is what an amount without a currency is in. */
static const struct currency CURRENCIES[] = {
    { .code = 156, .exponent = 2 }, /* CNY */
    { .code = 978, .exponent = 2 }, /* EUR */
    { .code = 702, .exponent = 2 }, /* SGD */
    { .code = 840, .exponent = 2 }, /* USD */
};
static const uint32_t MORE_PLACES[] = { 764, 360, 704, 608, 96, 116, 418, 104 }; /* ASEAN */

/* The law of this release. */
static enum err compile_law(struct net_plan *p)
{
    struct policy_source source[POLICY_SOURCE_MAX];
    char why[POLICY_WHY_SIZE];
    ASSERT(EMBEDDED_RULES_COUNT <= POLICY_SOURCE_MAX);
    for (size_t i = 0; i < EMBEDDED_RULES_COUNT; i++) {
        source[i].name = EMBEDDED_RULES[i].name;
        source[i].text = bytes_of(EMBEDDED_RULES[i].ptr, EMBEDDED_RULES[i].len);
    }
    enum err e = policy_compile(source, EMBEDDED_RULES_COUNT, p->suite, &p->law, why);
    return e == ERR_NONE ? e : cli_fail(p->cli, e, "rule packs", "%s", why);
}

static uint32_t people(const struct net_plan *p)
{
    return p->nodes + p->observers;
}

static void net_founder(const struct net_plan *p, uint32_t i, struct net_participant *out)
{
    memset(out, 0, sizeof *out);
    if (i < COUNT(FOUNDERS)) {
        snprintf(out->name, sizeof out->name, "%s", FOUNDERS[i].name);
        out->jurisdiction = FOUNDERS[i].jurisdiction;
        out->role = FOUNDERS[i].role;
    } else {
        snprintf(out->name, sizeof out->name, "validator%u", i);
        out->jurisdiction = MORE_PLACES[i % COUNT(MORE_PLACES)];
        out->role = ROLE_MEMBER;
    }
    if (p->observers > 0 && i == people(p) - 1) {
        snprintf(out->name, sizeof out->name, "regulator");
        out->jurisdiction = p->who[0].jurisdiction;
        out->role = ROLE_REGULATOR;
    }
}

/* --places CN,DE,SG,…: of the founders in their order, as far as it goes. */
static enum err take_places(struct net_plan *p, const struct policy_book *book)
{
    const char *text = cli_option(p->cli, "--places");
    uint32_t founders = people(p) - (p->observers > 0 ? 1 : 0);
    for (uint32_t i = 0; text != NULL; i++) {
        char code[8];
        size_t len = strcspn(text, ",");
        snprintf(code, sizeof code, "%.*s", (int)len, text);
        uint32_t place = len < sizeof code ? policy_book_place_number(book, code) : 0;
        if (place == 0) {
            cli_hint(p->cli, "two letters of ISO 3166-1, as in CN,DE,SG,MY");
            return cli_fail(p->cli, ERR_UNKNOWN_WORD, "--places", "\"%.*s\" is no place", (int)len,
                            text);
        }
        if (i == founders) {
            return cli_fail(p->cli, ERR_USAGE, "--places", "more places than the %u participants",
                            founders);
        }
        p->who[i].jurisdiction = place;
        text = text[len] == ',' ? text + len + 1 : NULL;
    }
    if (p->observers > 0) {
        p->who[founders].jurisdiction = p->who[0].jurisdiction;
    }
    return ERR_NONE;
}

enum err net_plan_people(struct net_plan *p)
{
    struct policy_book *book;
    char why[POLICY_WHY_SIZE];
    TRY(compile_law(p));
    for (uint32_t i = 0; i < people(p); i++) {
        net_founder(p, i, &p->who[i]);
    }
    enum err e = policy_book_open(bytes_of(p->law.set, p->law.set_len),
                                  bytes_of(p->law.prose, p->law.prose_len), p->suite, &book, why);
    if (e != ERR_NONE) {
        return cli_fail(p->cli, e, "rule packs", "%s", why);
    }
    e = take_places(p, book);
    policy_book_close(book);
    return e;
}

/* Secrets, public keys and the epoch keys of one participant. */
static enum err draw_keys(struct net_plan *p, struct net_participant *who)
{
    who->secret = secret_alloc(64);
    who->epoch_seed = secret_alloc(SUITE_SECRET_SIZE);
    struct hash *leaf = calloc((size_t)1 << EPOCH_KEY_LOG2, sizeof *leaf);
    if (who->secret == NULL || who->epoch_seed == NULL || leaf == NULL) {
        free(leaf);
        return ERR_NO_SPACE;
    }
    uint8_t private_key[32];
    secret_random(who->secret, 64);
    secret_random(who->epoch_seed, SUITE_SECRET_SIZE);
    p->suite->public_of(p->suite->ctx, who->secret, who->sign_public);
    wrap_x25519_keys(who->secret + 32, private_key, who->seal_public);
    secret_wipe(private_key, sizeof private_key);
    epoch_key_generate(p->suite, who->epoch_seed, EPOCH_KEY_LOG2, leaf, &who->root);
    free(leaf);
    return ERR_NONE;
}

/* Who issues: the bank, or the first where there is none. */
static uint32_t issuer_index(const struct net_plan *p)
{
    return people(p) - (p->observers > 0 ? 1 : 0) > 2 ? 2 : 0;
}

static void document_of(const struct net_plan *p, const struct net_participant *who,
                        struct did_document *d)
{
    memset(d, 0, sizeof *d);
    d->key_count = 2;
    d->key[0] = (struct did_key){ 1, p->suite->number, DID_SIGN,
                                  bytes_of(who->sign_public, p->suite->public_size) };
    d->key[1] = (struct did_key){ 2, WRAP_X25519, DID_SEAL, bytes_of(who->seal_public, 32) };
    d->jurisdiction = who->jurisdiction;
    d->role[d->role_count++] = ROLE_MEMBER;
    if (who->role == ROLE_REGULATOR) {
        d->role[d->role_count++] = ROLE_REGULATOR;
    }
    /* The bank of a space made by one command also quotes: it exchanges what it issues. */
    if (who == &p->who[issuer_index(p)]) {
        d->role[d->role_count++] = ROLE_BANK;
        d->role[d->role_count++] = ROLE_ORACLE;
    }
}

/* The templates of this release, by ascending hash: a genesis has them in that order alone. */
static enum err first_templates(struct net_plan *p, struct genesis *g)
{
    g->template_hash = ARENA_ARRAY(&p->arena, struct hash, EMBEDDED_TEMPLATES_COUNT);
    for (uint32_t i = 0; i < EMBEDDED_TEMPLATES_COUNT; i++) {
        const struct embedded_file *f = &EMBEDDED_TEMPLATES[i];
        char why[CSV_WHY_SIZE];
        struct template_ *t;
        struct hash h;
        uint32_t at = g->template_count++;
        TRY(template_read(bytes_of(f->ptr, f->len), &t, why));
        template_hash(p->suite, t, &h);
        template_free(t);
        for (; at > 0 && hash_compare(&g->template_hash[at - 1], &h) > 0; at--) {
            g->template_hash[at] = g->template_hash[at - 1];
        }
        g->template_hash[at] = h;
    }
    return ERR_NONE;
}

static enum err first_law(struct net_plan *p, struct genesis *g)
{
    g->pack_set = bytes_of(p->law.set, p->law.set_len);
    return first_templates(p, g);
}

static enum err found(struct net_plan *p, struct genesis *g)
{
    uint32_t count = people(p), crowd = p->crowd == NULL ? 0 : p->crowd->count;
    g->participant = ARENA_ARRAY(&p->arena, struct did_document, count + crowd);
    g->seat = ARENA_ARRAY(&p->arena, struct seat, p->nodes);
    g->currency = ARENA_ARRAY(&p->arena, struct currency, COUNT(CURRENCIES));
    g->ca_key = ARENA_ARRAY(&p->arena, struct bytes, 1);
    for (uint32_t i = 0; i < count; i++) {
        TRY(draw_keys(p, &p->who[i]));
        document_of(p, &p->who[i], &g->participant[i]);
        TRY(did_derive(p->suite, &g->participant[i], &p->arena, &p->who[i].did));
        if (i < p->nodes) {
            g->seat[i] = (struct seat){ p->who[i].did, p->who[i].root, 1 };
        }
        fprintf(p->cli->progress, "\rkeys %u/%u", i + 1, count);
        fflush(p->cli->progress);
    }
    fprintf(p->cli->progress, "\r             \r");
    for (uint32_t i = 0; i < crowd; i++) {
        TRY(bench_crowd_document(p->suite, p->crowd, i, &p->arena, &g->participant[count + i]));
    }
    g->participant_count = count + crowd;
    g->seat_count = p->nodes;
    for (size_t i = 0; i < COUNT(CURRENCIES); i++) {
        g->currency[i] = CURRENCIES[i];
        g->currency[i].issuer = p->who[issuer_index(p)].did;
    }
    g->currency_count = COUNT(CURRENCIES);
    g->ca_key[0] = p->ca_spki;
    g->ca_key_count = 1;
    return ERR_NONE;
}

enum err net_make_genesis(struct net_plan *p)
{
    struct genesis g = { 0 };
    g.format = GENESIS_FORMAT;
    g.version_set = VERSION_SET;
    g.suite = p->suite->number;
    g.flags = p->nodes == 1 ? GENESIS_DEVELOPMENT : 0;
    g.start_ms = p->now_ms;
    g.epoch_ms = p->epoch_ms;
    g.trust_ms = 365 * g.epoch_ms;
    g.param[PARAM_RELEASE_DEADLINE_MS] = p->release_ms;
    g.param[PARAM_TX_WINDOW_MS] = p->window_ms;
    g.param[PARAM_QUOTA_PER_EPOCH] = p->quota;
    if (p->signer_quota < p->quota) {
        g.param[PARAM_QUOTA_PER_SIGNER] = p->signer_quota;
    }
    g.param[PARAM_IDLE_BLOCK_MS] = p->idle_ms;
    secret_random(g.salt, sizeof g.salt);
    TRY(found(p, &g));
    TRY(first_law(p, &g));
    TRY(genesis_encode(&g, &p->arena, &p->genesis_bytes));
    return genesis_decode(p->suite, p->genesis_bytes, &p->arena, &p->genesis);
}
