/* What peers say, and what a node reads back from its own logs. */
#include "consensus/pbft_codec_internal.h"
#include "fuzz/fuzz.h"
#include "fuzz/scene.h"
#include "node/reclog_internal.h"
#include "node/replica_codec_internal.h"
#include "node/wire_internal.h"
#include "sim/sim_disk_internal.h"

enum { PEER_FUZZ_MAX = 16384, RECORD_MAX = 512, PENDING_MAX = 4096 };

static void must(enum err e)
{
    ASSERT(e == ERR_NONE);
}

FUZZ_CODEC(consensus, message, message_decode, message_encode)
FUZZ_CODEC(signed_vote, signed_vote, signed_vote_decode, signed_vote_encode)

static void view_change(struct bytes in)
{
    struct arena *a = fuzz_arena();
    struct view_change c;
    struct bytes again = { NULL, 0 };
    if (view_change_body_decode(in, a, &c) == ERR_NONE) {
        must(view_change_body_encode(&c, a, &again));
        ASSERT(bytes_equal(again, in));
    }
}

static void replica(struct bytes in)
{
    struct arena *a = fuzz_arena();
    struct peer_message m;
    struct bytes again = { NULL, 0 }, vote;
    uint32_t seat = 0;
    enum peer_kind kind = peer_kind_of(in);
    if (peer_vote_of(in, &vote, &seat) == ERR_NONE) {
        ASSERT(vote.len <= in.len);
    }
    if (peer_decode(in, PEER_FUZZ_MAX, a, &m) == ERR_NONE) {
        /* The replica answers GET_BLOCK, and only consensus asks. */
        struct message get = { .kind = MESSAGE_GET_BLOCK, .hash = m.block };
        ASSERT(m.kind == kind);
        must(m.kind == PEER_GET_BLOCK ? message_encode(&get, a, &again)
                                      : peer_encode(&m, PEER_FUZZ_MAX, a, &again));
        ASSERT(bytes_equal(again, in));
    }
}

static void shell(struct bytes in)
{
    struct arena *a = fuzz_arena();
    struct wire_message m;
    struct bytes again = { NULL, 0 };
    if (wire_decode(in, a, &m) == ERR_NONE && m.kind != WIRE_OTHER && m.kind != WIRE_HELLO) {
        must(wire_encode(&m, a, &again));
        ASSERT(bytes_equal(again, in));
    }
}

static enum err count_record(void *user, uint64_t offset, uint64_t height, struct bytes body)
{
    uint32_t *count = user;
    (void)offset;
    (void)height;
    ASSERT(body.len <= RECORD_MAX);
    *count += 1;
    return ERR_NONE;
}

static enum reclog_end open_log(const struct storage *port, uint32_t *count)
{
    struct arena *a = fuzz_arena();
    struct reclog log;
    enum reclog_end end = RECLOG_CLEAN;
    *count = 0;
    must(reclog_init(&log, port, "fuzz.log", RECORD_MAX, PENDING_MAX, a));
    must(reclog_open(&log, a, count, count_record, &end));
    return end;
}

/* Whatever lies on the disk opens; opened again it is clean and has the same records. */
static void record_log(struct bytes in)
{
    struct sim_disk disk;
    struct storage port;
    uint32_t first, second;
    uint64_t size = 0;
    memset(&disk, 0, sizeof disk);
    sim_disk_port(&disk, &port);
    must(port.append(port.ctx, "fuzz.log", in, NULL));
    must(port.sync(port.ctx, "fuzz.log"));
    enum reclog_end end = open_log(&port, &first);
    must(port.size(port.ctx, "fuzz.log", &size));
    ASSERT(size <= in.len);
    ASSERT(end != RECLOG_CLEAN || size == in.len);
    end = open_log(&port, &second);
    ASSERT(end == RECLOG_CLEAN);
    ASSERT(first == second);
    sim_disk_free(&disk);
}

static const uint8_t SIGNATURE[64] = { 1, 2, 3 };

static struct signed_vote a_vote(void)
{
    struct signed_vote v = { .seat = 1, .signature = bytes_of(SIGNATURE, sizeof SIGNATURE) };
    v.vote = (struct vote){ .epoch = 1, .kind = VOTE_PREPARE, .view = 2, .height = 3 };
    v.vote.space = scene()->f->genesis.space;
    v.vote.block = scene()->header_hash;
    return v;
}

static struct view_change a_change(struct arena *a)
{
    struct view_change c = { .epoch = 1, .view = 2, .committed = 3, .seat = 1 };
    c.space = scene()->f->genesis.space;
    c.prepared = scene()->certificate;
    c.signature = bytes_of(SIGNATURE, sizeof SIGNATURE);
    must(view_change_body_encode(&c, a, &c.body));
    return c;
}

static void seed_consensus(void)
{
    for (uint32_t kind = 0; kind < MESSAGE_KIND_END; kind++) {
        struct arena *a = fuzz_arena();
        struct message m;
        struct bytes wire;
        memset(&m, 0, sizeof m);
        m.kind = (enum message_kind)kind;
        m.view = 2;
        m.block = scene()->block;
        m.hash = scene()->header_hash;
        m.voted = true;
        m.vote = a_vote();
        m.change_count = 1;
        m.change[0] = a_change(a);
        must(message_encode(&m, a, &wire));
        fuzz_seed(wire);
    }
}

static void seed_signed_vote(void)
{
    struct signed_vote v = a_vote();
    struct bytes wire;
    must(signed_vote_encode(&v, fuzz_arena(), &wire));
    fuzz_seed(wire);
}

static void seed_view_change(void)
{
    fuzz_seed(a_change(fuzz_arena()).body);
}

static void seed_get_block(void)
{
    struct message m = { .kind = MESSAGE_GET_BLOCK };
    struct bytes wire;
    m.hash = scene()->header_hash;
    must(message_encode(&m, fuzz_arena(), &wire));
    fuzz_seed(wire);
}

static void seed_replica(void)
{
    static const enum peer_kind KINDS[] = { PEER_HELLO,     PEER_HELLO_ANSWER, PEER_GET_BLOCK,
                                            PEER_GET_CHAIN, PEER_CHAIN,        PEER_TRANSACTIONS,
                                            PEER_EPOCH_KEYS };
    struct peer_hello hello = { .purpose = 1, .boot = 2, .height = 3 };
    struct peer_hello_answer answer = { .boot = 2, .vote = { 1, 2, 3, VOTE_COMMIT } };
    struct peer_chain chain = { .from = 2, .committed = 3, .count = 1 };
    struct peer_txs txs = { .count = 1 };
    struct peer_keys keys = { .count = 1 };
    must(epoch_key_decode(scene()->epoch_key, fuzz_arena(), &keys.key[0]));
    seed_get_block();
    hello.space = scene()->f->genesis.space;
    hello.node = scene()->f->did[1];
    hello.keys = keys;
    chain.block[0] = scene()->block;
    chain.certificate = scene()->certificate;
    chain.keys = keys;
    txs.tx[0] = scene()->tx;
    for (size_t i = 0; i < COUNT(KINDS); i++) {
        struct peer_message m = { .kind = KINDS[i], .from = 2, .count = 3, .hello = &hello };
        uint8_t memory[8192];
        struct arena a = arena_over(memory, sizeof memory);
        struct bytes wire;
        m.block = scene()->header_hash;
        m.answer = &answer;
        m.chain = &chain;
        m.txs = &txs;
        m.keys = &keys;
        if (peer_encode(&m, PEER_FUZZ_MAX, &a, &wire) == ERR_NONE) {
            fuzz_seed(wire);
        }
    }
}

static void seed_shell(void)
{
    for (uint32_t kind = WIRE_HELLO; kind <= WIRE_REFUSAL; kind++) {
        struct wire_message m = { .kind = (enum wire_kind)kind, .purpose = 2, .index = 1 };
        struct bytes wire;
        m.space = scene()->f->genesis.space;
        m.node = m.id = m.right = scene()->f->did[1];
        m.payload = scene()->tx;
        if (wire_encode(&m, fuzz_arena(), &wire) == ERR_NONE) {
            fuzz_seed(wire);
        }
    }
}

static void seed_record_log(void)
{
    struct sim_disk disk;
    struct storage port;
    struct reclog log;
    uint32_t count = 0;
    enum reclog_end end = RECLOG_CLEAN;
    struct arena *a = fuzz_arena();
    struct bytes part = bytes_of_str("a record");
    memset(&disk, 0, sizeof disk);
    sim_disk_port(&disk, &port);
    must(reclog_init(&log, &port, "fuzz.log", RECORD_MAX, PENDING_MAX, a));
    must(reclog_open(&log, a, &count, count_record, &end));
    for (uint64_t height = 1; height <= 3; height++) {
        uint64_t at = 0;
        must(reclog_append(&log, height, &part, 1, &at));
    }
    must(reclog_flush(&log));
    const struct sim_file *file = sim_disk_find(&disk, "fuzz.log");
    ASSERT(file != NULL);
    fuzz_seed(bytes_of(file->data, file->len));
    sim_disk_free(&disk);
}

static const struct fuzz_target ROWS[] = {
    { "consensus-message", PEER_FUZZ_MAX, consensus, seed_consensus },
    { "signed-vote", 512, signed_vote, seed_signed_vote },
    { "view-change", VIEW_CHANGE_BODY_SIZE_MAX, view_change, seed_view_change },
    { "replica-message", PEER_FUZZ_MAX, replica, seed_replica },
    { "shell-message", PEER_FUZZ_MAX, shell, seed_shell },
    { "record-log", 2048, record_log, seed_record_log },
};
const struct fuzz_family FUZZ_PEER = { ROWS, COUNT(ROWS) };
