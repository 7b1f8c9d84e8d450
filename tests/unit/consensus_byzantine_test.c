#include "tests/fixtures/consensus_cluster_internal.h"
#include "tests/test.h"

/* One seat of four that does what it likes with its own keys: votes for everything it hears of,
 * proposes two blocks at a height, asks for views with old certificates or none, and makes new
 * views of whichever view changes suit it. It cannot sign for others. */

enum { SEEN_MAX = 32 };

struct seen_block {
    struct ledger_tip tip;
    struct bytes certificate;
};

struct mind {
    uint32_t blocks, certificates;
    struct seen_block block[SEEN_MAX];
    struct bytes certificate[SEEN_MAX];
    bool asked[CLUSTER_NODES_MAX];
    struct view_change change[CLUSTER_NODES_MAX];
    uint64_t view, salt, lies;
};
static struct mind mind;

static struct bytes keep(struct cluster *c, struct bytes x)
{
    return x.len == 0 ? x : cluster_copy(c, x);
}

static void remember(struct cluster *c, const struct message *m)
{
    if (m->kind == MESSAGE_PROPOSE) {
        struct block b;
        if (block_decode(&c->suite, m->block, &c->scratch, &b) == ERR_NONE) {
            mind.block[mind.blocks++ % SEEN_MAX] = (struct seen_block){
                .tip = { .height = b.header.height, .time_ms = b.header.time_ms, .hash = b.hash },
                .certificate = keep(c, b.certificate_bytes)
            };
        }
    }
    if (m->kind == MESSAGE_PROPOSE || m->kind == MESSAGE_VOTE) {
        uint64_t view = m->kind == MESSAGE_VOTE ? m->vote.vote.view : m->view;
        mind.view = view > mind.view ? view : mind.view;
    }
    for (uint32_t i = 0; i < m->change_count; i++) {
        struct view_change v = m->change[i];
        v.body = keep(c, v.body);
        v.signature = keep(c, v.signature);
        v.prepared = keep(c, v.prepared);
        mind.view = v.view > mind.view ? v.view : mind.view;
        if (v.prepared.len > 0) {
            mind.certificate[mind.certificates++ % SEEN_MAX] = v.prepared;
        }
        if (v.seat < CLUSTER_NODES_MAX &&
            (!mind.asked[v.seat] || mind.change[v.seat].view < v.view)) {
            mind.asked[v.seat] = true;
            mind.change[v.seat] = v;
        }
    }
}

static void tell_some(struct cluster *c, uint32_t self, const struct message *m)
{
    for (uint32_t to = 0; to < c->seats; to++) {
        if (to != self && c->node[to].up && cluster_random(c, 3) != 0) {
            (void)cluster_send(c, self, to, m);
            mind.lies++;
        }
    }
}

static const struct seen_block *some_block(struct cluster *c)
{
    uint32_t n = mind.blocks < SEEN_MAX ? mind.blocks : SEEN_MAX;
    return n == 0 ? NULL : &mind.block[cluster_random(c, n)];
}

static void lie_vote(struct cluster *c, uint32_t self)
{
    const struct seen_block *b = some_block(c);
    if (b == NULL) {
        return;
    }
    struct message m = { .kind = MESSAGE_VOTE };
    uint32_t kind = cluster_random(c, 2) == 0 ? VOTE_PREPARE : VOTE_COMMIT;
    uint64_t view = mind.view - (mind.view > 0 ? cluster_random(c, 2) : 0);
    m.vote = cluster_vote(c, self, kind, view, b->tip.height, b->tip.time_ms, &b->tip.hash);
    tell_some(c, self, &m);
}

static void lie_propose(struct cluster *c, uint32_t self)
{
    const struct seen_block *b = some_block(c);
    struct ledger_tip parent = { .time_ms = CLUSTER_START_MS + 59000, .hash = c->genesis.space };
    struct bytes certificate = { NULL, 0 };
    if (b != NULL) {
        parent = b->tip;
        certificate = b->certificate;
    }
    uint64_t view = mind.view;
    while (pbft_primary(c->seats, view, 0) != self) {
        view++;
    }
    for (int twice = 0; twice < 2; twice++) {
        struct message m = { .kind = MESSAGE_PROPOSE, .view = view };
        struct hash hash;
        m.block =
            cluster_block(c, self, &parent, c->now_ms + 1, certificate, ++mind.salt, 1, &hash);
        struct message vote = { .kind = MESSAGE_VOTE };
        vote.vote = cluster_vote(c, self, VOTE_PREPARE, view, parent.height + 1, c->now_ms, &hash);
        remember(c, &m);
        tell_some(c, self, &m);
        tell_some(c, self, &vote);
    }
}

static struct view_change own_change(struct cluster *c, uint32_t self, uint64_t view)
{
    uint32_t n = mind.certificates < SEEN_MAX ? mind.certificates : SEEN_MAX;
    bool none = n == 0 || cluster_random(c, 2) == 0;
    struct bytes prepared = none ? bytes_of(NULL, 0) : mind.certificate[cluster_random(c, n)];
    return cluster_change(c, self, view, cluster_random(c, 9), prepared);
}

static void lie_change(struct cluster *c, uint32_t self)
{
    struct message m = { .kind = MESSAGE_VIEW_CHANGE, .change_count = 1 };
    m.change[0] = own_change(c, self, mind.view + cluster_random(c, 2));
    tell_some(c, self, &m);
}

static void lie_new_view(struct cluster *c, uint32_t self)
{
    for (uint64_t view = mind.view; view + 3 > mind.view && view > 0; view--) {
        if (pbft_primary(c->seats, view, 0) != self) {
            continue;
        }
        struct message m = { .kind = MESSAGE_NEW_VIEW, .view = view };
        uint32_t first = (uint32_t)cluster_random(c, c->seats);
        for (uint32_t i = 0; i < c->seats && m.change_count < committee_quorum(c->seats); i++) {
            uint32_t s = (first + i) % c->seats;
            if (s == self) {
                m.change[m.change_count++] = own_change(c, self, view);
            } else if (mind.asked[s] && mind.change[s].view == view) {
                m.change[m.change_count++] = mind.change[s];
            }
        }
        tell_some(c, self, &m);
    }
}

static void lie(struct cluster *c, uint32_t self, const struct message *m)
{
    static void (*const LIE[])(struct cluster *, uint32_t) = { lie_vote, lie_vote, lie_propose,
                                                               lie_change, lie_new_view };
    if (m != NULL) {
        remember(c, m);
    }
    if (m == NULL ? cluster_random(c, 4) == 0 : cluster_random(c, 12) == 0) {
        LIE[cluster_random(c, COUNT(LIE))](c, self);
    }
}

static bool survives(uint64_t seed)
{
    struct cluster *c = cluster_new(4, 0, seed);
    uint32_t liar = (uint32_t)(seed % 4);
    mind = (struct mind){ .salt = 900000 };
    c->byzantine[liar] = true;
    c->liar = lie;
    c->view_timeout_ms = 300;
    c->view_timeout_max_ms = 1200;
    c->drop_percent = (uint32_t)cluster_random(c, 25);
    c->delay_ms = 5 + (uint32_t)cluster_random(c, 60);
    c->deaf_percent = (uint32_t)cluster_random(c, 40);
    c->deaf_seed = seed;
    for (uint32_t i = 0; i < 4; i++) {
        if (i != liar) {
            cluster_start(c, i, true);
        }
    }
    for (int i = 0; i < 25; i++) {
        cluster_submit(c, (uint32_t)cluster_random(c, 6));
        cluster_run(c, 50 + cluster_random(c, 200));
    }
    c->drop_percent = c->deaf_percent = 0;
    c->delay_ms = 10;
    c->liar = NULL; /* from now on it is silent, and three of four must do */
    uint64_t target = c->top + 2;
    for (int i = 0; i < 60 && !cluster_all_at(c, target); i++) {
        cluster_submit(c, 1);
        cluster_run(c, 500);
    }
    bool good = cluster_all_at(c, target) && c->forks + c->contradictions + c->unwritten == 0;
    if (!good) {
        printf("# seed %llu: lowest %llu of %llu, forks %llu\n", (unsigned long long)seed,
               (unsigned long long)cluster_lowest(c), (unsigned long long)target,
               (unsigned long long)c->forks);
        for (uint32_t i = 0; i < 4; i++) {
            if (i != liar) {
                struct pbft_status s = pbft_status(c->node[i].pbft);
                printf("#   %u: view %llu%s committed %llu\n", i, (unsigned long long)s.view,
                       s.changing ? " changing" : "", (unsigned long long)s.committed);
            }
        }
    }
    cluster_free(c);
    return good && mind.lies > 20;
}

TEST(one_liar_of_four_breaks_neither_agreement_nor_what_comes_after_it)
{
    for (uint64_t seed = 0; seed < 200; seed++) {
        CHECK(survives(seed));
    }
}
