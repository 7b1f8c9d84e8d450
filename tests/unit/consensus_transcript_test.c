/* Schedules in which a tempting reading of the protocol loses a committed block although nobody
 * lies (tests/golden/consensus_*.txt). The state machine is compiled here a second time, with its
 * mutants: the mutant must fork on the schedule, and the product's reading must not. */
#define PBFT_MUTANTS
#include "consensus/pbft.c"
#include "consensus/pbft_chain.c"
#include "consensus/pbft_log.c"
#include "consensus/pbft_pool.c"
#include "consensus/pbft_view.c"
#include "consensus/pbft_vote.c"

#include <stdlib.h>

#include "tests/fixtures/consensus_cluster.h"
#include "tests/test.h"

enum { TRACE_SIZE = 8192, WORDS_MAX = 8 };

struct play {
    struct cluster *c;
    uint32_t cut; /* bitmap of nodes that hear nothing and are not heard */
    char trace[TRACE_SIZE];
    size_t traced;
    struct hash name[26]; /* blocks by letter, as they are first committed or proposed */
    uint32_t names;
    uint64_t seen[CLUSTER_NODES_MAX], view[CLUSTER_NODES_MAX];
};

static enum pbft_mutant playing;

static void set_mutant(struct cluster *c, uint32_t node)
{
    c->node[node].pbft->mutant = playing;
}

static char letter(struct play *p, const struct hash *h)
{
    for (uint32_t i = 0; i < p->names; i++) {
        if (hash_equal(&p->name[i], h)) {
            return (char)('A' + i);
        }
    }
    ASSERT(p->names < COUNT(p->name));
    p->name[p->names] = *h;
    return (char)('A' + p->names++);
}

static void say(struct play *p, uint32_t node, const char *does, uint64_t number, const char *block)
{
    int n = snprintf(p->trace + p->traced, TRACE_SIZE - p->traced, "%u %s %llu%s\n", node, does,
                     (unsigned long long)number, block);
    ASSERT(n > 0 && p->traced + (size_t)n < TRACE_SIZE);
    p->traced += (size_t)n;
}

/* What has changed since the last command. */
static void observe(struct play *p)
{
    for (uint32_t i = 0; i < p->c->nodes; i++) {
        const struct cluster_node *n = &p->c->node[i];
        struct pbft_status s = pbft_status(n->pbft);
        if (s.view != p->view[i]) {
            p->view[i] = s.view;
            say(p, i, "is in view", s.view, "");
        }
        while (p->seen[i] < n->tip.height) {
            p->seen[i]++;
            char name[3] = { ' ', letter(p, &n->chain[p->seen[i]]), '\0' };
            say(p, i, "commits", p->seen[i], name);
        }
    }
}

struct filter {
    const char *kind;
    uint64_t height; /* 0: any */
    uint32_t to;     /* bitmap */
};

static const char *kind_of(const struct message *m)
{
    static const char *const NAME[MESSAGE_KIND_END] = {
        [MESSAGE_PROPOSE] = "propose",    [MESSAGE_VOTE] = "prepare",
        [MESSAGE_VIEW_CHANGE] = "change", [MESSAGE_NEW_VIEW] = "newview",
        [MESSAGE_GET_BLOCK] = "get",      [MESSAGE_BLOCK] = "block",
    };
    bool commit = m->kind == MESSAGE_VOTE && m->vote.vote.kind == VOTE_COMMIT;
    return commit ? "commit" : NAME[m->kind];
}

static bool matches(struct play *p, const struct filter *f, const struct cluster_message *q)
{
    struct message m = { .kind = MESSAGE_KIND_END };
    ASSERT(message_decode(q->bytes, &p->c->scratch, &m) == ERR_NONE);
    bool kind = strcmp(f->kind, "any") == 0 || strcmp(f->kind, kind_of(&m)) == 0;
    bool height = f->height == 0 || (m.kind == MESSAGE_VOTE && m.vote.vote.height == f->height);
    return kind && height && (f->to >> q->to & 1) != 0;
}

/* Deliver or drop what is now under way and matches, in the order in which it was sent. */
static uint32_t pass(struct play *p, const struct filter *f, bool deliver)
{
    uint64_t end = p->c->order;
    uint32_t count = 0;
    for (uint32_t i = 0; i < p->c->queued;) {
        const struct cluster_message *q = &p->c->queue[i];
        bool apart = (p->cut >> q->from & 1) != 0 || (p->cut >> q->to & 1) != 0;
        if (q->order >= end || (!apart && !matches(p, f, q))) {
            i++;
            continue;
        }
        bool up = p->c->node[q->to].up;
        uint32_t to = q->to;
        p->c->node[to].up = up && deliver && !apart;
        (void)cluster_deliver(p->c, i);
        p->c->node[to].up = up;
        count++;
    }
    return count;
}

static uint32_t number(const char *digits)
{
    uint32_t n = 0;
    for (; *digits != '\0'; digits++) {
        ASSERT(*digits >= '0' && *digits <= '9' && n < 1000);
        n = n * 10 + (uint32_t)(*digits - '0');
    }
    return n;
}

static struct filter filter_of(char *const *word, uint32_t words)
{
    struct filter f = { .kind = words > 1 ? word[1] : "any", .to = 0xff };
    for (uint32_t i = 2; i < words; i++) {
        if (word[i][0] == 'h') {
            f.height = number(word[i] + 1);
        } else if (strcmp(word[i], "to") == 0) {
            f.to = 0;
        } else {
            f.to |= 1u << number(word[i]);
        }
    }
    return f;
}

static void run_deliver(struct play *p, char *const *word, uint32_t words)
{
    struct filter f = filter_of(word, words);
    (void)pass(p, &f, true);
}

static void run_drop(struct play *p, char *const *word, uint32_t words)
{
    struct filter f = filter_of(word, words);
    (void)pass(p, &f, false);
}

static void run_settle(struct play *p, char *const *word, uint32_t words)
{
    (void)word;
    (void)words;
    struct filter f = { .kind = "any", .to = 0xff };
    while (pass(p, &f, true) > 0) {
    }
}

static void run_submit(struct play *p, char *const *word, uint32_t words)
{
    ASSERT(words == 2);
    cluster_submit(p->c, number(word[1]));
}

static void run_tick(struct play *p, char *const *word, uint32_t words)
{
    for (uint32_t i = 1; i < words; i++) {
        cluster_tick(p->c, number(word[i]));
    }
}

static void run_cut(struct play *p, char *const *word, uint32_t words)
{
    for (uint32_t i = 1; i < words; i++) {
        p->cut |= 1u << number(word[i]);
    }
}

/* Time passes for these nodes until they vote the primary out. */
static void run_timeout(struct play *p, char *const *word, uint32_t words)
{
    p->c->now_ms += p->c->view_timeout_max_ms + 1;
    run_tick(p, word, words);
}

static void run_line(struct play *p, char *line)
{
    static const struct {
        const char *name;
        void (*run)(struct play *, char *const *, uint32_t);
    } COMMAND[] = {
        { "submit", run_submit },   { "tick", run_tick },     { "deliver", run_deliver },
        { "drop", run_drop },       { "settle", run_settle }, { "cut", run_cut },
        { "timeout", run_timeout },
    };
    char *word[WORDS_MAX], *save = NULL;
    uint32_t words = 0;
    for (char *w = strtok_r(line, " \n", &save); w != NULL; w = strtok_r(NULL, " \n", &save)) {
        ASSERT(words < WORDS_MAX);
        word[words++] = w;
    }
    for (size_t i = 0; words > 0 && i < COUNT(COMMAND); i++) {
        if (strcmp(word[0], COMMAND[i].name) == 0) {
            COMMAND[i].run(p, word, words);
            observe(p);
            return;
        }
    }
    ASSERT(words == 0);
}

/* The schedule is every line before the first "==": what follows is what must be seen. */
static void play_text(struct play *p, const char *text, enum pbft_mutant mutant)
{
    playing = mutant;
    p->c = cluster_new(4, 0, 1);
    p->c->manual = true;
    p->c->prepare = set_mutant;
    for (uint32_t i = 0; i < 4; i++) {
        cluster_start(p->c, i, true);
    }
    char line[128];
    while (*text != '\0' && strncmp(text, "==", 2) != 0) {
        size_t len = strcspn(text, "\n");
        if (text[0] != '#') {
            ASSERT(len < sizeof(line));
            memcpy(line, text, len);
            line[len] = '\0';
            run_line(p, line);
        }
        text += len + (text[len] == '\n' ? 1 : 0);
    }
}

static void expect(const char *text, const char *section, const char *got)
{
    const char *at = strstr(text, section);
    CHECK(at != NULL);
    at += strlen(section);
    const char *end = strstr(at, "==");
    size_t len = end != NULL ? (size_t)(end - at) : strlen(at);
    if (strlen(got) != len || memcmp(at, got, len) != 0) {
        printf("%s", got);
    }
    CHECK(strlen(got) == len && memcmp(at, got, len) == 0);
}

static void transcript(const char *name, enum pbft_mutant mutant)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/tests/golden/%s", CARNET_SOURCE_DIR, name);
    uint8_t *file;
    size_t len;
    CHECK(test_read_file(path, &file, &len));
    char *text = malloc(len + 1);
    CHECK(text != NULL);
    memcpy(text, file, len);
    text[len] = '\0';
    free(file);
    static struct play real, wrong;
    memset(&real, 0, sizeof(real));
    memset(&wrong, 0, sizeof(wrong));
    play_text(&real, text, MUTANT_NONE);
    play_text(&wrong, text, mutant);
    uint64_t real_forks = real.c->forks, wrong_forks = wrong.c->forks;
    cluster_free(real.c);
    cluster_free(wrong.c);
    expect(text, "== safe\n", real.trace);
    expect(text, "== mutant\n", wrong.trace);
    free(text);
    CHECK_EQ(real_forks, 0);
    CHECK(wrong_forks > 0);
}

TEST(formats_12_the_tip_of_a_new_view_is_voted_for_and_nothing_below_it)
{
    transcript("consensus_ancestors_again.txt", MUTANT_ANCESTORS_AGAIN);
}

TEST(formats_12_the_chain_of_the_highest_certificate_comes_whole_and_not_height_by_height)
{
    transcript("consensus_per_height.txt", MUTANT_PER_HEIGHT);
}

/* The canary of the rig: seat 0 is the test's, proposes two blocks at one height and votes for
 * both. */
static struct cluster *two_proposals(enum pbft_mutant mutant)
{
    playing = mutant;
    struct cluster *c = cluster_new(4, 0, 7);
    c->manual = true;
    c->prepare = set_mutant;
    c->byzantine[0] = true;
    for (uint32_t i = 1; i < 4; i++) {
        cluster_start(c, i, true);
    }
    for (uint64_t salt = 1; salt <= 2; salt++) {
        struct message m = { .kind = MESSAGE_PROPOSE };
        struct hash hash;
        struct ledger_tip root = { .hash = c->genesis.space };
        m.block = cluster_block(c, 0, &root, c->now_ms, bytes_of(NULL, 0), salt, 1, &hash);
        m.vote = cluster_vote(c, 0, VOTE_PREPARE, 0, 1, c->now_ms, &hash);
        struct message commit = { .kind = MESSAGE_VOTE };
        commit.vote = cluster_vote(c, 0, VOTE_COMMIT, 0, 1, c->now_ms, &hash);
        struct message given = { .kind = MESSAGE_BLOCK, .block = m.block };
        for (uint32_t to = 1; to < 4; to++) {
            (void)cluster_propose(c, 0, to, &m);
            (void)cluster_send(c, 0, to, &given); /* a second block is asked for, if it is taken */
        }
        struct play p = { .c = c };
        struct filter prepare = { .kind = "prepare", .to = 0xff };
        (void)pass(&p, &prepare, true);
        for (uint32_t to = 1; to < 4; to++) {
            if ((salt == 1) == (to == 1)) {
                (void)cluster_send(c, 0, to, &commit);
            }
        }
        struct filter commits = { .kind = "commit", .to = salt == 1 ? 1u << 1 : 0xff };
        (void)pass(&p, &commits, true);
        struct filter rest = { .kind = "any", .to = 0xff };
        (void)pass(&p, &rest, false);
    }
    return c;
}

TEST(the_rig_catches_a_seat_that_votes_twice)
{
    struct cluster *c = two_proposals(MUTANT_VOTES_TWICE);
    CHECK(c->contradictions > 0);
    CHECK(c->forks > 0);
    cluster_free(c);
}

TEST(a_primary_that_proposes_twice_gets_one_vote_and_is_counted)
{
    struct cluster *c = two_proposals(MUTANT_NONE);
    CHECK_EQ(c->contradictions, 0);
    CHECK_EQ(c->forks, 0);
    CHECK_EQ(c->node[1].tip.height, 1);
    CHECK_EQ(pbft_status(c->node[2].pbft).equivocations, 1);
    cluster_free(c);
}
