#include "tests/fixtures/consensus_cluster.h"
#include "tests/test.h"

#include <stdlib.h>

/* A view change, message by message, as a text from which a reader learns the protocol:
 * tests/golden/consensus_lesson.txt. Its lines with # explain; the others are what four real state
 * machines say, and must not change by themselves. */

enum { TEXT_SIZE = 32 * 1024, LINE_SIZE = 200 };

struct lesson {
    struct cluster *c;
    uint64_t told; /* messages up to this order have been spoken of */
    uint32_t dead; /* bitmap */
    uint64_t height[CLUSTER_NODES_MAX];
    struct hash name[26];
    uint32_t names;
    size_t len;
    char text[TEXT_SIZE];
};

static char letter(struct lesson *l, const struct hash *h)
{
    uint32_t i = 0;
    while (i < l->names && !hash_equal(&l->name[i], h)) {
        i++;
    }
    ASSERT(i < COUNT(l->name));
    l->name[i] = *h;
    l->names += i == l->names ? 1 : 0;
    return (char)('A' + i);
}

static void put(struct lesson *l, const char *line)
{
    int n = snprintf(l->text + l->len, TEXT_SIZE - l->len, "%s\n", line);
    ASSERT(n > 0 && (size_t)n < TEXT_SIZE - l->len);
    l->len += (size_t)n;
}

static void describe_change(struct lesson *l, const struct view_change *v, char *out, size_t size)
{
    struct certificate c;
    if (v->prepared.len == 0) {
        (void)snprintf(out, size, "nothing prepared");
        return;
    }
    CHECK_OK(certificate_decode(v->prepared, &l->c->scratch, &c));
    (void)snprintf(out, size, "prepared %c at height %llu in view %llu", letter(l, &c.block),
                   (unsigned long long)c.height, (unsigned long long)c.view);
}

static void describe(struct lesson *l, const struct message *m, char *out, size_t size)
{
    const struct vote *v = &m->vote.vote;
    unsigned long long view = v->view, height = v->height;
    char change[LINE_SIZE] = "";
    struct block b;
    switch (m->kind) {
    case MESSAGE_PROPOSE:
        CHECK_OK(block_decode(&l->c->suite, m->block, &l->c->scratch, &b));
        (void)snprintf(out, size, "PROPOSE %c height %llu view %llu", letter(l, &b.hash),
                       (unsigned long long)b.header.height, (unsigned long long)m->view);
        return;
    case MESSAGE_VOTE:
        (void)snprintf(out, size, "%s %c height %llu view %llu",
                       v->kind == VOTE_PREPARE ? "PREPARE" : "COMMIT", letter(l, &v->block), height,
                       view);
        return;
    case MESSAGE_VIEW_CHANGE:
        describe_change(l, &m->change[0], change, sizeof change);
        (void)snprintf(out, size, "VIEW-CHANGE to %llu: %s", (unsigned long long)m->change[0].view,
                       change);
        return;
    case MESSAGE_NEW_VIEW:
        (void)snprintf(out, size, "NEW-VIEW %llu out of %u view changes%s",
                       (unsigned long long)m->view, m->change_count,
                       m->voted ? ", with its prepare vote for their highest" : "");
        return;
    case MESSAGE_GET_BLOCK:
        (void)snprintf(out, size, "GET-BLOCK %c", letter(l, &m->hash));
        return;
    case MESSAGE_BLOCK:
    case MESSAGE_KIND_END:
        (void)snprintf(out, size, "BLOCK");
    }
}

/* Each message once, with all who will hear it. */
static void tell_sent(struct lesson *l)
{
    struct cluster *c = l->c;
    for (uint32_t i = 0; i < c->queued; i++) {
        const struct cluster_message *q = &c->queue[i];
        char line[LINE_SIZE * 2], what[LINE_SIZE], to[32] = "";
        if (q->order < l->told || (l->dead >> q->from & 1) != 0) {
            continue;
        }
        uint64_t last = q->order;
        for (uint32_t k = i; k < c->queued; k++) {
            const struct cluster_message *o = &c->queue[k];
            if (o->from == q->from && o->order == last && bytes_equal(o->bytes, q->bytes)) {
                (void)snprintf(to + strlen(to), sizeof to - strlen(to), " %u", o->to);
                last++;
            }
        }
        l->told = last;
        struct message m = { .kind = MESSAGE_KIND_END };
        CHECK_OK(message_decode(q->bytes, &c->scratch, &m));
        describe(l, &m, what, sizeof what);
        (void)snprintf(line, sizeof line, "%u >%s: %s", q->from, to, what);
        put(l, line);
    }
}

static void tell_commits(struct lesson *l)
{
    for (uint32_t i = 0; i < l->c->nodes; i++) {
        const struct cluster_node *n = &l->c->node[i];
        while (l->height[i] < n->tip.height) {
            char line[LINE_SIZE];
            uint64_t h = ++l->height[i];
            (void)snprintf(line, sizeof line, "%u commits %c at height %llu", i,
                           letter(l, &n->chain[h]), (unsigned long long)h);
            put(l, line);
        }
    }
}

/* What is under way now arrives, in the order in which it was said; `lost`: commit votes, to all
 * but seat 0. */
static void wave(struct lesson *l, bool lost)
{
    struct cluster *c = l->c;
    uint64_t end = c->order;
    tell_sent(l);
    while (c->queued > 0 && c->queue[0].order < end) {
        const struct cluster_message *q = &c->queue[0];
        struct message m = { .kind = MESSAGE_KIND_END };
        CHECK_OK(message_decode(q->bytes, &c->scratch, &m));
        bool commit = m.kind == MESSAGE_VOTE && m.vote.vote.kind == VOTE_COMMIT;
        uint32_t to = q->to;
        bool gone = (l->dead >> to & 1) != 0 || (l->dead >> q->from & 1) != 0;
        c->node[to].up = !gone && !(lost && commit && to != 0);
        (void)cluster_deliver(c, 0);
        c->node[to].up = true;
    }
    tell_commits(l);
}

static void settle(struct lesson *l)
{
    while (l->c->queued > 0) {
        put(l, "-");
        wave(l, false);
    }
}

static void tick(struct lesson *l, uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i <= last; i++) {
        cluster_tick(l->c, i);
    }
}

/* Given two blocks in the pipeline, prepared everywhere and committed by the primary alone; when it
 * dies; then the next primary proposes them again as they are, and the others commit them too. */
static void teach(struct lesson *l)
{
    struct cluster *c = l->c;
    put(l, "== view 0, as it should be");
    cluster_submit(c, 1);
    tick(l, 0, 0);
    settle(l);
    put(l, "== two blocks at once; the commit votes reach seat 0 alone");
    cluster_submit(c, 4);
    tick(l, 0, 0);
    for (int i = 0; i < 3; i++) {
        put(l, "-");
        wave(l, true);
    }
    put(l, "== seat 0 is dead, and time is up");
    l->dead = 1;
    c->now_ms += c->view_timeout_max_ms + 1;
    tick(l, 1, 3);
    settle(l);
    put(l, "== view 1 goes on");
    cluster_submit(c, 1);
    tick(l, 1, 3);
    settle(l);
}

/* The text without its explanations. */
static size_t strip(char *text)
{
    char *out = text;
    for (char *at = text; *at != '\0';) {
        size_t len = strcspn(at, "\n") + 1;
        if (at[0] != '#') {
            memmove(out, at, len);
            out += len;
        }
        at += len;
    }
    *out = '\0';
    return (size_t)(out - text);
}

TEST(a_view_change_reads_as_in_the_golden_lesson)
{
    static struct lesson l;
    uint8_t *file;
    size_t len;
    l.c = cluster_new(4, 0, 1);
    l.c->manual = true;
    l.c->delay_ms = 1;
    for (uint32_t i = 0; i < 4; i++) {
        cluster_start(l.c, i, true);
    }
    teach(&l);
    CHECK_EQ(l.c->forks + l.c->contradictions + l.c->unwritten, 0);
    cluster_free(l.c);
    CHECK(test_read_file(CARNET_SOURCE_DIR "/tests/golden/consensus_lesson.txt", &file, &len));
    char *want = malloc(len + 1);
    CHECK(want != NULL);
    memcpy(want, file, len);
    want[len] = '\0';
    free(file);
    len = strip(want);
    if (l.len != len || memcmp(l.text, want, len) != 0) {
        printf("%s", l.text);
    }
    CHECK_BYTES(bytes_of(l.text, l.len), bytes_of(want, len));
    free(want);
}
