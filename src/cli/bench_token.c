#include <string.h>

#include "cli/bench_space_internal.h"

/* Words of the vocabulary by number. Counted persons add up in a space, so that a fresh one is
 * taken long before the law asks for more than it does at the beginning. */
enum { WORD_PERSONAL = 5, WORD_RETAIL = 22, STORIES = 64, ROUNDS_MAX = 150 };
static const uint64_t YEAR_MS = UINT64_C(365) * 86400000;

/* STORIES tokens that are minted, sealed, granted and used side by side, a block for each step. */
struct stories {
    struct bench_space *s;
    uint64_t until_ms;
    struct hash token[STORIES], seal[STORIES], right[STORIES];
    uint64_t drawn;
};

static struct hash draw(struct stories *t)
{
    struct hash h;
    uint64_t number = ++t->drawn;
    hash_plain(suite_intl(), bytes_of(&number, sizeof number), &h);
    return h;
}

static enum err add(struct stories *t, uint32_t author, struct tx_body *body,
                    enum attachment_kind kind, const struct hash *commitment, uint32_t reader)
{
    struct tx_attachment a = { .commitment = *commitment,
                               .size = 100,
                               .reader_count = 1,
                               .keep_until_ms = t->until_ms,
                               .kind = kind };
    a.reader[0] = t->s->did[reader];
    body->attachment_count = 1;
    body->attachment = &a;
    return bench_space_add(t->s, author, body);
}

static enum err mint(struct stories *t, uint32_t i)
{
    struct bench_space *s = t->s;
    struct hash metadata = draw(t);
    t->token[i] = draw(t);
    struct token_mint x = { .token = t->token[i],
                            .asset = draw(t),
                            .classes_count = 1,
                            .classes = { WORD_PERSONAL },
                            .grade = 1,
                            .jurisdictions_count = 2,
                            .jurisdictions = { 156, 276 },
                            .valid_from_ms = s->genesis.start_ms,
                            .valid_until_ms = t->until_ms,
                            .pack_set = s->pack_set };
    struct bytes args;
    TRY(token_mint_encode(&x, &s->work, &args));
    struct tx_body body = bench_space_body(s, SPACE_OWNER, METHOD_TOKEN_MINT, args);
    return add(t, SPACE_OWNER, &body, ATTACHMENT_METADATA, &metadata, SPACE_REGULATOR);
}

static enum err seal(struct stories *t, uint32_t i)
{
    struct bench_space *s = t->s;
    t->seal[i] = draw(t);
    struct token_seal x = { .token = t->token[i],
                            .seal = t->seal[i],
                            .suite = 1,
                            .chunk_size = CONTRACT_CHUNK_SIZE_MIN,
                            .chunk_count = 8,
                            .sealed_root = draw(t),
                            .manifest_hash = draw(t) };
    struct bytes args;
    TRY(token_seal_encode(&x, &s->work, &args));
    struct tx_body body = bench_space_body(s, SPACE_OWNER, METHOD_TOKEN_SEAL, args);
    return bench_space_add(s, SPACE_OWNER, &body);
}

static enum err grant(struct stories *t, uint32_t i)
{
    struct bench_space *s = t->s;
    struct policy_facts *f = ARENA_NEW(&s->work, struct policy_facts);
    ASSERT(f != NULL);
    f->from = 156;
    f->to = 276;
    f->class_count = 1;
    f->classes[0] = WORD_PERSONAL;
    f->sector = WORD_RETAIL;
    f->subjects_given = true;
    f->subjects = 1;
    struct right_grant x = { .token = t->token[i],
                             .holder = s->did[SPACE_HOLDER],
                             .seal = t->seal[i],
                             .kind = RIGHT_PROCESS_AND_USE,
                             .custody = CUSTODY_RELEASED,
                             .uses = 2,
                             .until_ms = t->until_ms,
                             .places_count = 1,
                             .places = { 276 },
                             .wrap = draw(t) };
    struct bytes args;
    TRY(policy_facts_encode(f, &s->work, &x.facts));
    TRY(right_grant_encode(&x, &s->work, &args));
    struct tx_body body = bench_space_body(s, SPACE_OWNER, METHOD_RIGHT_GRANT, args);
    contract_right_id(s->suite, &x.token, &x.holder, body.nonce, &t->right[i]);
    return add(t, SPACE_OWNER, &body, ATTACHMENT_WRAP, &x.wrap, SPACE_HOLDER);
}

static enum err use(struct stories *t, uint32_t i)
{
    struct right_use x = { .right = t->right[i], .use = 1 };
    struct bytes args;
    TRY(right_use_encode(&x, &t->s->work, &args));
    struct tx_body body = bench_space_body(t->s, SPACE_HOLDER, METHOD_RIGHT_USE, args);
    return bench_space_add(t->s, SPACE_HOLDER, &body);
}

static enum err (*const STEPS[])(struct stories *t, uint32_t i) = { mint, seal, grant, use };
static const char *const NAMES[] = { "mint", "seal", "grant", "use" };

static enum err round_of(struct stories *t, struct bench_meters *const m[COUNT(STEPS)])
{
    for (size_t k = 0; k < COUNT(STEPS); k++) {
        t->s->m = m[k];
        for (uint32_t i = 0; i < STORIES; i++) {
            TRY(STEPS[k](t, i));
        }
        TRY(bench_space_block(t->s));
    }
    return ERR_NONE;
}

static enum err measure(struct bench *b, struct bench_meters *const m[COUNT(STEPS)],
                        struct bench_meters *other, char why[POLICY_WHY_SIZE])
{
    uint64_t until = bench_now_ns() + (uint64_t)(b->seconds * 1e9);
    enum err e = ERR_NONE;
    do {
        struct stories t = { 0 };
        TRY(bench_space_open(suite_intl(), 1, other, &t.s, why));
        t.until_ms = t.s->genesis.start_ms + YEAR_MS;
        for (uint32_t k = 0; e == ERR_NONE && k < ROUNDS_MAX &&
                             (m[COUNT(STEPS) - 1]->commit.count == 0 || bench_now_ns() < until);
             k++) {
            e = round_of(&t, m);
        }
        bench_space_close(t.s);
    } while (e == ERR_NONE && bench_now_ns() < until);
    return e;
}

static void answer(struct bench *b, struct bench_meters *const m[COUNT(STEPS)])
{
    const size_t steps = COUNT(STEPS);
    double all_cpu = 0, all_wall = 0, cpu, wall;
    for (size_t k = 0; k < COUNT(STEPS); k++) {
        bench_meters_rows(b, m[k], NAMES[k], &cpu, &wall);
        all_cpu += cpu;
        all_wall += wall;
    }
    bench_put(b->cli->answer, "tps", (double)steps * 1e6 / all_wall);
    bench_put(b->cli->answer, "stories_per_s", 1e6 / all_wall);
    bench_put(b->cli->answer, "p50_ms", (double)b->row[13].p50_ns / 1e6);
    bench_put(b->cli->answer, "p99_ms", (double)b->row[13].p99_ns / 1e6);
    bench_put(b->cli->answer, "cpu_us_per_tx", all_cpu / (double)steps);
}

enum err bench_token(struct bench *b)
{
    struct bench_meters *m[COUNT(STEPS)], *other = bench_meters_new();
    char why[POLICY_WHY_SIZE] = "";
    for (size_t k = 0; k < COUNT(STEPS); k++) {
        m[k] = bench_meters_new();
    }
    enum err e = measure(b, m, other, why);
    if (e == ERR_NONE) {
        answer(b, m);
    } else if (why[0] != '\0') {
        e = cli_fail(b->cli, e, "token", "%s", why);
    }
    for (size_t k = 0; k < COUNT(STEPS); k++) {
        bench_meters_free(m[k]);
    }
    bench_meters_free(other);
    return e;
}
