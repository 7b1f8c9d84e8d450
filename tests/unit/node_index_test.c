#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "ledger/execute_internal.h"
#include "node/events.h"
#include "node/node_internal.h"
#include "tests/fixtures/space_fixture.h"
#include "tests/test.h"

/* The index by itself, filled with made-up blocks; and at the end one of a real space. */

static struct node n;
static uint8_t work[96 << 20], scratch[48 << 20];
static char folder[64];

static struct hash name_of(uint8_t kind, uint32_t number)
{
    struct hash h = { { kind, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number } };
    return h;
}

/* One transaction of a made-up block, and what a filter has to find of it. */
struct made {
    uint64_t height, time_ms;
    uint32_t index, author, method, status, event_count, kind, subject;
    size_t body; /* bytes in each event */
    struct hash id;
};

static struct bytes made_tx(const struct made *m, struct arena *a, struct hash *id)
{
    static const uint8_t signature[64];
    struct tx_body b = {
        .signer_count = 1, .method = m->method, .valid_until_ms = 1, .args = bytes_of_str("x")
    };
    struct bytes body, wire, s = bytes_of(signature, sizeof signature);
    struct hash nonce = name_of((uint8_t)m->height, m->index);
    memcpy(b.nonce, nonce.b, sizeof b.nonce);
    b.nonce[4] = (uint8_t)(m->height >> 8);
    b.signer[0] = (struct tx_signer){ name_of('a', m->author), 1 };
    space_must(tx_encode_body(&b, a, &body), "body");
    space_must(tx_encode(body, &s, 1, a, &wire), "tx");
    tx_id(n.suite, body, id);
    return wire;
}

static struct receipt made_receipt(struct made *m, struct arena *a)
{
    struct event *e = ARENA_ARRAY(a, struct event, NODE_EVENTS_TX_MAX);
    struct receipt r = { .transaction = m->id, .index = m->index, .status = m->status };
    for (uint32_t i = 0; i < m->event_count; i++) {
        e[i] = (struct event){ .contract = 1 + m->kind, .type = 1 + i % 2, .version = 1 };
        e[i].subject_count = 2;
        e[i].subject[0] = name_of('s', m->subject);
        e[i].subject[1] = name_of('s', 100 + i);
        e[i].body = bytes_of(arena_alloc(a, m->body), m->body);
    }
    r.event = e;
    r.event_count = m->event_count;
    space_must(receipt_encode(&r, 16384, a, &r.wire), "receipt");
    return r;
}

/* A block of these transactions; ids, heights and indexes are filled in. */
static void put_block(uint64_t height, uint64_t time_ms, struct made *m, uint32_t count)
{
    struct arena a = arena_over(scratch, sizeof scratch);
    struct bytes *tx = ARENA_ARRAY(&a, struct bytes, count), head;
    struct receipt *receipt = ARENA_ARRAY(&a, struct receipt, count);
    struct header h = { .version_set = 1, .tx_count = count, .height = height, .time_ms = time_ms };
    struct replica_commit c = { .tip = { .height = height, .time_ms = time_ms } };
    for (uint32_t i = 0; i < count; i++) {
        m[i].height = height;
        m[i].time_ms = time_ms;
        m[i].index = i;
        tx[i] = made_tx(&m[i], &a, &m[i].id);
        receipt[i] = made_receipt(&m[i], &a);
    }
    space_must(header_encode(&h, &a, &head), "header");
    space_must(block_encode(head, bytes_of(NULL, 0), tx, count, &a, &c.block), "block");
    c.receipt = receipt;
    c.receipt_count = count;
    space_must(index_block(&n.book, n.suite, &c, &n.work), "index");
}

static void open_index(void)
{
    (void)snprintf(folder, sizeof folder, "/tmp/carnet-index-XXXXXX");
    space_must(mkdtemp(folder) != NULL ? ERR_NONE : ERR_FAILED, "folder");
    n = (struct node){ .suite = suite_by_number(SUITE_INTL) };
    n.work = arena_over(work, sizeof work);
    space_must(index_open(&n.book, folder, (size_t)1 << 30), "index");
}

static void close_index(void)
{
    char path[128];
    index_close(&n.book);
    (void)snprintf(path, sizeof path, "%s/data.mdb", folder);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/lock.mdb", folder);
    (void)unlink(path);
    (void)rmdir(folder);
}

enum { BLOCKS = 40, EACH = 3, HISTORY = BLOCKS * EACH };
static struct made history[HISTORY];

/* Times go on by a second every other block, so that some blocks share theirs. */
static void fill_history(void)
{
    for (uint32_t i = 0; i < HISTORY; i++) {
        history[i] = (struct made){ .author = i % 4,
                                    .method = 257 + i % 3,
                                    .status = i % 5 == 0 ? RECEIPT_FROZEN : RECEIPT_OK,
                                    .event_count = i % 5 == 0 ? 0 : 1 + i % 3,
                                    .kind = i % 2,
                                    .subject = i % 7 };
    }
    for (uint32_t b = 0; b < BLOCKS; b++) {
        put_block(b + 1, 1000 * (10 + b / 2), &history[b * EACH], EACH);
    }
}

/* What a reader who knows the whole history finds: a number that names events in order. */
static uint32_t naive_events(const struct node_filter *f, uint64_t *found)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < HISTORY; i++) {
        const struct made *m = &history[i];
        struct hash author = name_of('a', m->author), subject = name_of('s', m->subject);
        for (uint32_t k = 0; k < m->event_count; k++) {
            if ((f->author == NULL || hash_equal(f->author, &author)) &&
                (f->subject == NULL || hash_equal(f->subject, &subject)) &&
                (!f->of_kind || (f->contract == 1 + m->kind && f->type == 1 + k % 2)) &&
                (f->method == 0 || f->method == m->method) && m->time_ms >= f->since_ms &&
                (f->until_ms == 0 || m->time_ms < f->until_ms)) {
                found[count++] = m->height * 1000 + m->index * 100 + k;
            }
        }
    }
    return count;
}

static uint32_t paged_events(const struct node_filter *f, uint32_t max, uint64_t *found)
{
    struct node_place from = { 0, 0 };
    uint32_t count = 0;
    for (bool more = true; more;) {
        struct arena a = arena_over(scratch, sizeof scratch);
        struct node_events page;
        space_must(node_events(&n, f, from, max, &a, &page), "page");
        for (uint32_t i = 0; i < page.count; i++) {
            const struct node_event *e = &page.event[i];
            found[count++] = e->height * 1000 + e->index * 100 + e->event_index;
        }
        more = page.more;
        from = page.next;
    }
    return count;
}

static uint32_t paged_txs(const struct node_filter *f, uint32_t max, uint32_t *wrong)
{
    struct node_place from = { 0, 0 };
    uint32_t at = 0, count = 0;
    for (bool more = true; more;) {
        struct arena a = arena_over(scratch, sizeof scratch);
        struct node_txs page;
        space_must(node_txs(&n, f, from, max, &a, &page), "page");
        for (uint32_t i = 0; i < page.count; i++, at++, count++) {
            struct hash author;
            for (; at < HISTORY; at++) { /* the next that the filter lets through */
                author = name_of('a', history[at].author);
                if ((f->author == NULL || hash_equal(f->author, &author)) &&
                    (f->method == 0 || f->method == history[at].method) &&
                    history[at].time_ms >= f->since_ms &&
                    (f->until_ms == 0 || history[at].time_ms < f->until_ms)) {
                    break;
                }
            }
            *wrong += at == HISTORY || !hash_equal(&page.tx[i].tx, &history[at].id) ||
                      page.tx[i].status != history[at].status;
        }
        more = page.more;
        from = page.next;
    }
    return count;
}

/* Every combination of what may be asked, against a reader who looks at everything. */
TEST(pages_by_token_author_kind_method_and_time_say_what_the_whole_history_says)
{
    static uint64_t want[HISTORY * 4], got[HISTORY * 4];
    struct hash subject = name_of('s', 3), author = name_of('a', 1);
    open_index();
    fill_history();
    for (uint32_t set = 0; set < 64; set++) {
        struct node_filter f = { .subject = (set & 1) != 0 ? &subject : NULL,
                                 .author = (set & 2) != 0 ? &author : NULL,
                                 .of_kind = (set & 4) != 0,
                                 .contract = 2,
                                 .type = 1,
                                 .method = (set & 8) != 0 ? 258 : 0,
                                 .since_ms = (set & 16) != 0 ? 14000 : 0,
                                 .until_ms = (set & 32) != 0 ? 24000 : 0 };
        for (uint32_t max = 1; max <= 1000; max = max * 4 + 1) {
            uint32_t count = naive_events(&f, want);
            CHECK_EQ(paged_events(&f, max, got), count);
            CHECK_BYTES(bytes_of(got, count * sizeof *got), bytes_of(want, count * sizeof *want));
            if ((set & 5) == 0) {
                uint32_t wrong = 0, all = paged_txs(&f, max, &wrong);
                CHECK_EQ(wrong, 0);
                CHECK(all > 0);
            }
        }
    }
    struct node_filter later = { .since_ms = 30001 };
    CHECK_EQ(paged_events(&later, 5, got), 0); /* no block has come since */
    close_index();
}

TEST(a_page_ends_after_so_many_events_and_never_within_a_transaction)
{
    enum { MANY = 20 };
    static struct made m[MANY];
    struct node_filter all = { 0 };
    struct node_events page;
    struct arena a;
    open_index();
    for (uint32_t i = 0; i < MANY; i++) {
        m[i] = (struct made){ .method = 257, .event_count = NODE_EVENTS_TX_MAX };
    }
    put_block(1, 1000, m, MANY);
    a = arena_over(scratch, sizeof scratch);
    CHECK_OK(node_events(&n, &all, (struct node_place){ 0, 0 }, 0, &a, &page));
    CHECK_EQ(page.count, 16 * NODE_EVENTS_TX_MAX); /* the first multiple from 1,000 on */
    CHECK(page.count >= NODE_EVENTS_MAX && page.more);
    CHECK_EQ(page.next.index, 16);
    CHECK_OK(node_events(&n, &all, page.next, 0, &a, &page));
    CHECK_EQ(page.count, 4 * NODE_EVENTS_TX_MAX);
    CHECK(!page.more);
    close_index();
}

TEST(a_page_looks_at_so_many_entries_and_says_where_to_go_on)
{
    static struct made m[NODE_EVENTS_LOOK_MAX + 1];
    struct node_filter all = { 0 };
    struct node_events page;
    struct arena a;
    open_index();
    for (uint32_t i = 0; i < COUNT(m); i++) {
        m[i] = (struct made){ .method = 257, .status = RECEIPT_FROZEN };
    }
    m[NODE_EVENTS_LOOK_MAX].status = RECEIPT_OK;
    m[NODE_EVENTS_LOOK_MAX].event_count = 1;
    put_block(1, 1000, m, COUNT(m));
    a = arena_over(scratch, sizeof scratch);
    CHECK_OK(node_events(&n, &all, (struct node_place){ 0, 0 }, 0, &a, &page));
    CHECK(page.count == 0 && page.more);
    CHECK_EQ(page.next.index, NODE_EVENTS_LOOK_MAX);
    CHECK_OK(node_events(&n, &all, page.next, 0, &a, &page));
    CHECK_EQ(page.count, 1);
    CHECK(!page.more);
    close_index();
}

TEST(a_page_holds_so_many_bytes_of_receipts)
{
    enum { LARGE = 90, BODY = 4000 };
    static struct made m[LARGE];
    struct node_filter all = { 0 };
    struct node_events page;
    struct arena a;
    open_index();
    for (uint32_t i = 0; i < LARGE; i++) {
        m[i] = (struct made){ .method = 257, .event_count = 3, .body = BODY };
    }
    put_block(1, 1000, m, LARGE);
    a = arena_over(scratch, sizeof scratch);
    CHECK_OK(node_events(&n, &all, (struct node_place){ 0, 0 }, 0, &a, &page));
    CHECK(page.more && page.count < 3 * LARGE);
    CHECK(page.count * BODY <= NODE_EVENTS_SIZE_MAX);
    CHECK(page.count * BODY > NODE_EVENTS_SIZE_MAX / 10 * 9);
    CHECK_OK(node_events(&n, &all, page.next, 0, &a, &page));
    CHECK(page.count > 0);
    close_index();
}

TEST(an_index_of_another_layout_is_none)
{
    static const char *const TABLES[] = { "receipts", "txs",  "events", "attachments",
                                          "tasks",    "meta", "lists" };
    struct kv *kv = NULL;
    uint8_t height[8] = { 0 };
    open_index();
    fill_history();
    CHECK_OK(index_commit(&n.book));
    index_close(&n.book);
    CHECK_OK(kv_open(folder, TABLES, COUNT(TABLES), (size_t)1 << 30, &kv));
    CHECK_OK(kv_put(kv, 5, bytes_of_str("height"), bytes_of(height, sizeof height)));
    CHECK_OK(kv_mark(kv));
    kv_close(kv);
    CHECK_ERR(index_open(&n.book, folder, (size_t)1 << 30), ERR_CORRUPT);
    close_index();
}

/* A real space: what its node answers, before its index was lost and after it was made again. */

enum { NODES = 4, TXS = 40 };
static struct space sp;
static struct node *node[NODES];
static struct hash id[TXS];
static char told[2][1 << 20];

static void start(uint32_t i)
{
    char why[NODE_WHY_SIZE];
    struct node_options o = {
        .dir = sp.dir, .index = i, .passphrase = bytes_of_str("secret"), .view_timeout_ms = 1000
    };
    space_must(node_open(&o, &node[i], why), "node");
}

static void turn(void)
{
    for (uint32_t i = 0; i < NODES; i++) {
        (void)uv_run(node_loop(node[i]), UV_RUN_NOWAIT);
    }
    (void)usleep(200);
}

/* Anchors of four authors; every fifth has arguments that are none, every third an attachment. */
static void submit(uint32_t i)
{
    struct arena a = arena_over(scratch, sizeof scratch);
    struct evidence_anchor args = { .value = name_of('v', i / 2), .kind = 1 };
    struct tx_attachment t = { .commitment = name_of('c', i % 4), .size = 10, .kind = 1 };
    struct tx_body b = { .space = sp.genesis.space,
                         .valid_until_ms = log_now_ms() + 500000,
                         .signer_count = 1,
                         .method = METHOD_EVIDENCE_ANCHOR };
    struct bytes body, wire;
    uint8_t signature[SUITE_SIGNATURE_SIZE_MAX];
    uint32_t author = i % NODES;
    memset(b.nonce, (int)i + 1, sizeof b.nonce);
    b.signer[0] = (struct tx_signer){ sp.participant[author].id, 1 };
    space_must(evidence_anchor_encode(&args, &a, &b.args), "args");
    b.args = i % 5 == 0 ? bytes_of_str("none") : b.args;
    t.reader_count = 1;
    t.reader[0] = sp.participant[(author + 1) % NODES].id;
    t.keep_until_ms = log_now_ms() + 3600000;
    b.attachment = &t;
    b.attachment_count = i % 3 == 0;
    space_must(tx_encode_body(&b, &a, &body), "body");
    suite_sign_tagged(sp.suite, sp.signing[author], "carnet/tx/v1", body, signature);
    struct bytes s = bytes_of(signature, sp.suite->signature_size);
    space_must(tx_encode(body, &s, 1, &a, &wire), "tx");
    space_must(node_submit(node[author], wire, &id[i]), "submit");
}

struct text {
    char *at;
    size_t left;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *t, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int len = vsnprintf(t->at, t->left, format, list);
    va_end(list);
    space_must(len >= 0 && (size_t)len < t->left ? ERR_NONE : ERR_NO_SPACE, "text");
    t->at += len;
    t->left -= (size_t)len;
}

static void say_bytes(struct text *t, struct bytes x)
{
    for (size_t i = 0; i < x.len; i++) {
        say(t, "%02x", x.ptr[i]);
    }
    say(t, "\n");
}

static void say_events(struct text *t, const struct node_filter *f)
{
    struct node_place from = { 0, 0 };
    for (bool more = true; more;) {
        struct arena a = arena_over(scratch, sizeof scratch);
        struct node_events page;
        space_must(node_events(node[2], f, from, 3, &a, &page), "events");
        for (uint32_t i = 0; i < page.count; i++) {
            const struct node_event *e = &page.event[i];
            say(t, "%llu.%u.%u %llu %u.%u ", (unsigned long long)e->height, e->index,
                e->event_index, (unsigned long long)e->time_ms, e->event.contract, e->event.type);
            for (uint32_t s = 0; s < e->event.subject_count; s++) {
                say_bytes(t, bytes_of_hash(&e->event.subject[s]));
            }
            say_bytes(t, bytes_of_hash(&e->tx));
            say_bytes(t, e->event.body);
        }
        more = page.more;
        from = page.next;
    }
    say(t, "--\n");
}

static void say_txs(struct text *t, const struct node_filter *f)
{
    struct arena a = arena_over(scratch, sizeof scratch);
    struct node_txs page;
    space_must(node_txs(node[2], f, (struct node_place){ 0, 0 }, 0, &a, &page), "txs");
    for (uint32_t i = 0; i < page.count; i++) {
        say(t, "%u %u ", page.tx[i].status, page.tx[i].method);
        say_bytes(t, bytes_of_hash(&page.tx[i].tx));
    }
}

static enum err say_mention(void *user, const struct index_attachment *x, bool *more)
{
    struct text *t = user;
    say(t, "%llu.%u.%u %llu %u ", (unsigned long long)x->height, x->index, x->number,
        (unsigned long long)x->keep_until_ms, x->kind);
    say_bytes(t, bytes_of_hash(&x->author));
    for (uint32_t i = 0; i < x->reader_count; i++) {
        say_bytes(t, bytes_of_hash(&x->reader[i]));
    }
    *more = true;
    return ERR_NONE;
}

/* Every transaction, every list, every mention. */
static void say_all(char *memory, size_t size)
{
    struct text t = { memory, size };
    struct node_filter all = { 0 }, kind = { .of_kind = true, .contract = CONTRACT_EVIDENCE };
    kind.type = EVENT_EVIDENCE_ANCHORED;
    for (uint32_t i = 0; i < TXS; i++) {
        struct arena a = arena_over(scratch, sizeof scratch);
        struct node_tx tx;
        space_must(node_tx(node[2], &id[i], &a, &tx), "tx");
        say(&t, "%llu.%u %llu %u ", (unsigned long long)tx.height, tx.index,
            (unsigned long long)tx.time_ms, tx.status);
        say_bytes(&t, tx.receipt);
        struct node_filter second = { .since_ms = tx.time_ms, .until_ms = tx.time_ms + 1 };
        say_events(&t, &second);
    }
    say_events(&t, &all);
    say_events(&t, &kind);
    say_txs(&t, &all);
    for (uint32_t i = 0; i < TXS / 2; i++) {
        struct hash subject = name_of('v', i);
        struct node_filter of = { .subject = &subject };
        say_events(&t, &of);
    }
    for (uint32_t i = 0; i < NODES; i++) {
        struct hash commitment = name_of('c', i);
        struct node_filter by = { .author = &sp.participant[i].id };
        say_events(&t, &by);
        by.method = METHOD_EVIDENCE_ANCHOR;
        say_txs(&t, &by);
        space_must(index_each_attachment(&node[2]->book, &commitment, say_mention, &t), "mentions");
    }
}

TEST(an_index_that_is_dropped_is_made_again_with_equal_answers_byte_for_byte)
{
    char path[320], hex[65];
    space_make(&sp, NODES, NODES, log_now_ms());
    for (uint32_t i = 0; i < NODES; i++) {
        start(i);
    }
    for (uint32_t i = 0; i < TXS; i++) {
        submit(i);
        turn();
    }
    for (uint32_t i = 0; i < TXS; i++) {
        for (int k = 0; k < 20000 && !node_committed(node[2], &id[i]); k++) {
            turn();
        }
        CHECK(node_committed(node[2], &id[i]));
    }
    say_all(told[0], sizeof told[0]);
    CHECK(strlen(told[0]) > 20000);
    node_close(node[2]);
    hex_encode(bytes_of_hash(&sp.genesis.space), hex);
    (void)snprintf(path, sizeof path, "%s/node-2/spaces/%s/index/data.mdb", sp.dir, hex);
    CHECK_EQ(unlink(path), 0);
    start(2);
    say_all(told[1], sizeof told[1]); /* at once: from its own log */
    CHECK_STR(told[0], told[1]);
    for (uint32_t i = 0; i < NODES; i++) {
        node_close(node[i]);
    }
    space_drop(&sp);
}
