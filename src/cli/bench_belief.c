/* Whose word the clients of a measured cluster take. */
#include <stdio.h>
#include <string.h>

#include "cli/bench_client_internal.h"

enum { BELIEF_SIZE = 1024 * 1024 }; /* committees: 65 of 31 seats are 150 KB */

enum err bench_belief_open(struct session *s, struct bench_belief *b)
{
    enum proof_step step;
    uint8_t *memory = arena_alloc(&s->arena, BELIEF_SIZE);
    if (memory == NULL) {
        return ERR_NO_SPACE;
    }
    b->arena = arena_over(memory, BELIEF_SIZE);
    return proof_follow(s->suite, &s->genesis, NULL, 0, &b->arena, &b->trust, &step);
}

static void keep(struct bench_belief *b, const struct trust *t)
{
    arena_reset(&b->arena);
    struct committee *committee = ARENA_ARRAY(&b->arena, struct committee, t->count);
    uint64_t *closed = ARENA_ARRAY(&b->arena, uint64_t, t->count);
    ASSERT(committee != NULL && closed != NULL);
    memcpy(committee, t->committee, t->count * sizeof *committee);
    memcpy(closed, t->closed_ms, t->count * sizeof *closed);
    b->trust = (struct trust){ t->count, committee, closed };
}

/* What the proof of this transaction follows; it may be in no block yet. */
static enum err follow(struct session *s, struct bench_belief *b, const struct hash *tx,
                       const struct proof_caller *now)
{
    char path[120], hex[HEX_SIZE(HASH_SIZE) + 1];
    struct session_reply r;
    struct trust t;
    enum proof_step step;
    hex_encode(bytes_of_hash(tx), hex);
    snprintf(path, sizeof path, "/v1/tx/%s/proof", hex);
    TRY(session_request(s, "GET", path, bytes_of(NULL, 0), &r));
    TRY(proof_tx_trust(s->suite, &s->genesis, now, r.body, &s->arena, &t, &step));
    keep(b, &t);
    return ERR_NONE;
}

enum err bench_believe(struct session *s, struct bench_belief *b, struct bytes proof,
                       const struct hash *asked, struct proved_block *out)
{
    struct proof_caller now = { .now_ms = session_now_ms() };
    enum proof_step step;
    enum err e =
        proof_verify_block_by(s->suite, &s->genesis, &b->trust, &now, proof, &s->arena, out, &step);
    if (e != ERR_PROOF || step != PROOF_COMMITTEE) {
        return e;
    }
    TRY(follow(s, b, asked, &now));
    return proof_verify_block_by(s->suite, &s->genesis, &b->trust, &now, proof, &s->arena, out,
                                 &step);
}
