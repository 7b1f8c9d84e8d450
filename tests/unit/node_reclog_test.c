#include "node/reclog_internal.h"

#include "sim/sim_disk_internal.h"
#include "tests/test.h"

enum { RECORD_MAX = 64, PENDING_MAX = 400, MEMORY = 8192, RECORDS = 4 };

static const char *const BODY[RECORDS] = { "first", "the second record", "", "and the last" };

struct bench {
    uint8_t memory[MEMORY];
    struct arena arena;
    struct sim_disk disk;
    struct storage port;
    struct reclog log;
    uint64_t offset[RECORDS];
    /* What a scan saw. */
    uint32_t seen;
    uint64_t height[16];
    char text[16][RECORD_MAX + 1];
    uint64_t refuse; /* a visit of this height says ERR_CORRUPT; 0: none */
};

static enum err open_log(struct bench *b, enum reclog_end *end);

static void start(struct bench *b)
{
    memset(b, 0, sizeof *b);
    b->arena = arena_over(b->memory, sizeof b->memory);
    sim_disk_port(&b->disk, &b->port);
    enum reclog_end end;
    CHECK_OK(open_log(b, &end));
    CHECK_EQ(end, RECLOG_CLEAN);
}

static enum err visit(void *user, uint64_t offset, uint64_t height, struct bytes body)
{
    struct bench *b = user;
    (void)offset;
    if (b->refuse == height && height != 0) {
        return ERR_CORRUPT;
    }
    b->height[b->seen] = height;
    memcpy(b->text[b->seen], body.ptr, body.len);
    b->text[b->seen][body.len] = 0;
    b->seen++;
    return ERR_NONE;
}

/* As after a restart: a new reclog over the same disk. */
static enum err open_log(struct bench *b, enum reclog_end *end)
{
    arena_reset(&b->arena);
    b->seen = 0;
    TRY(reclog_init(&b->log, &b->port, "test.log", RECORD_MAX, PENDING_MAX, &b->arena));
    return reclog_open(&b->log, &b->arena, b, visit, end);
}

static enum err append(struct bench *b, uint64_t height, const char *text, uint64_t *offset)
{
    struct bytes part[2] = { bytes_of_str(text), { NULL, 0 } };
    return reclog_append(&b->log, height, part, 2, offset);
}

static void fill(struct bench *b)
{
    start(b);
    for (uint32_t i = 0; i < RECORDS; i++) {
        CHECK_OK(append(b, i + 1, BODY[i], &b->offset[i]));
    }
    CHECK_OK(reclog_flush(&b->log));
}

TEST(formats_17_records_come_back_in_order_with_their_heights)
{
    struct bench b;
    enum reclog_end end;
    fill(&b);
    CHECK_OK(open_log(&b, &end));
    CHECK_EQ(end, RECLOG_CLEAN);
    CHECK_EQ(b.seen, RECORDS);
    for (uint32_t i = 0; i < RECORDS; i++) {
        uint64_t height = 0;
        struct bytes body;
        CHECK_EQ(b.height[i], i + 1);
        CHECK_STR(b.text[i], BODY[i]);
        CHECK_OK(reclog_read(&b.log, b.offset[i], &b.arena, &height, &body));
        CHECK_EQ(height, i + 1);
        CHECK_BYTES(body, bytes_of_str(BODY[i]));
    }
    sim_disk_free(&b.disk);
}

TEST(formats_17_a_torn_tail_is_cut_wherever_it_was_torn)
{
    struct bench b;
    fill(&b);
    size_t whole = b.disk.file[0].len;
    sim_disk_free(&b.disk);
    for (size_t cut = 0; cut < whole; cut++) {
        enum reclog_end end;
        uint32_t want = 0;
        fill(&b);
        b.disk.file[0].len = cut;
        while (want < RECORDS && b.offset[want] + RECLOG_HEAD_SIZE + strlen(BODY[want]) <= cut) {
            want++;
        }
        CHECK_OK(open_log(&b, &end));
        CHECK(end == RECLOG_TORN || (end == RECLOG_CLEAN && b.offset[want] == cut));
        CHECK_EQ(b.seen, want);
        CHECK_EQ(b.disk.file[0].len, b.offset[want]);
        sim_disk_free(&b.disk);
    }
}

TEST(formats_17_a_bad_byte_anywhere_drops_its_record_and_all_after_it)
{
    struct bench b;
    fill(&b);
    size_t whole = b.disk.file[0].len;
    sim_disk_free(&b.disk);
    for (size_t at = 0; at < whole; at++) {
        enum reclog_end end;
        uint32_t hit = 0;
        fill(&b);
        b.disk.file[0].data[at] ^= 0x40;
        while (hit + 1 < RECORDS && b.offset[hit + 1] <= at) {
            hit++;
        }
        CHECK_OK(open_log(&b, &end));
        CHECK(end != RECLOG_CLEAN);
        CHECK_EQ(b.seen, hit);
        CHECK_EQ(b.disk.file[0].len, b.offset[hit]);
        sim_disk_free(&b.disk);
    }
}

TEST(formats_17_damage_inside_is_told_from_a_torn_end)
{
    struct bench b;
    enum reclog_end end;
    fill(&b);
    b.disk.file[0].data[b.offset[1] + RECLOG_HEAD_SIZE] ^= 1;
    CHECK_OK(open_log(&b, &end));
    CHECK_EQ(end, RECLOG_DAMAGED);
    sim_disk_free(&b.disk);
    fill(&b);
    b.disk.file[0].data[b.offset[3] + RECLOG_HEAD_SIZE] ^= 1;
    CHECK_OK(open_log(&b, &end));
    CHECK_EQ(end, RECLOG_TORN);
    sim_disk_free(&b.disk);
}

TEST(a_record_that_its_reader_refuses_is_a_bad_record)
{
    struct bench b;
    enum reclog_end end;
    fill(&b);
    b.refuse = 3;
    CHECK_OK(open_log(&b, &end));
    CHECK_EQ(end, RECLOG_DAMAGED);
    CHECK_EQ(b.seen, 2);
    sim_disk_free(&b.disk);
}

TEST(what_is_not_flushed_is_read_from_memory_and_lost_by_a_crash)
{
    struct bench b;
    enum reclog_end end;
    uint64_t offset = 0, height = 0;
    struct bytes body;
    fill(&b);
    CHECK_OK(append(&b, 9, "pending", &offset));
    CHECK(reclog_dirty(&b.log));
    CHECK_OK(reclog_read(&b.log, offset, &b.arena, &height, &body));
    CHECK_EQ(height, 9);
    CHECK_BYTES(body, bytes_of_str("pending"));
    CHECK_OK(open_log(&b, &end));
    CHECK_EQ(b.seen, RECORDS);
    sim_disk_free(&b.disk);
}

/* The n-th writing call of a flush fails, for every part of it that may have landed. */
TEST(a_disk_that_is_full_loses_nothing_once_there_is_room_again)
{
    for (uint32_t part = 0; part <= 1000; part += 50) {
        struct bench b;
        enum reclog_end end;
        uint64_t offset = 0;
        fill(&b);
        CHECK_OK(append(&b, 5, "fifth", &offset));
        b.disk.full = true;
        b.disk.part = part;
        CHECK_ERR(reclog_flush(&b.log), ERR_DISK_FULL);
        CHECK_ERR(reclog_flush(&b.log), ERR_DISK_FULL);
        CHECK(reclog_dirty(&b.log));
        b.disk.full = false;
        CHECK_OK(append(&b, 6, "sixth", &offset));
        CHECK_OK(reclog_flush(&b.log));
        CHECK_OK(open_log(&b, &end));
        CHECK_EQ(end, RECLOG_CLEAN);
        CHECK_EQ(b.seen, RECORDS + 2);
        CHECK_STR(b.text[RECORDS], "fifth");
        CHECK_STR(b.text[RECORDS + 1], "sixth");
        sim_disk_free(&b.disk);
    }
}

TEST(after_a_failed_sync_the_tail_is_written_again)
{
    struct bench b;
    enum reclog_end end;
    uint64_t offset = 0;
    fill(&b);
    CHECK_OK(append(&b, 5, "fifth", &offset));
    b.disk.sync_fails = true;
    CHECK_ERR(reclog_flush(&b.log), ERR_FAILED);
    b.disk.sync_fails = false;
    CHECK_OK(reclog_flush(&b.log));
    CHECK_EQ(b.disk.file[0].synced, b.disk.file[0].len);
    CHECK_OK(open_log(&b, &end));
    CHECK_EQ(b.seen, RECORDS + 1);
    sim_disk_free(&b.disk);
}

/* The sync of an append that somebody else makes: between the two the log goes on. */
TEST(records_appended_while_a_sync_is_under_way_wait_for_the_next)
{
    struct bench b;
    enum reclog_end end;
    uint64_t offset = 0, height = 0;
    bool sync = false;
    struct bytes body;
    fill(&b);
    CHECK_OK(reclog_depart(&b.log, &sync));
    CHECK(!sync);
    CHECK_OK(append(&b, 5, "fifth", &offset));
    CHECK_OK(reclog_depart(&b.log, &sync));
    CHECK(sync);
    uint64_t before = b.log.durable, written = b.disk.file[0].len;
    CHECK_OK(append(&b, 6, "sixth", &offset));
    CHECK_EQ(b.disk.file[0].len, written);
    CHECK_OK(reclog_read(&b.log, offset, &b.arena, &height, &body));
    CHECK_BYTES(body, bytes_of_str("sixth"));
    CHECK_EQ(b.log.durable, before);
    b.disk.file[0].synced = written;
    reclog_land(&b.log, ERR_NONE);
    CHECK_EQ(b.log.durable, written);
    CHECK(reclog_dirty(&b.log));
    CHECK_OK(reclog_read(&b.log, offset, &b.arena, &height, &body));
    CHECK_BYTES(body, bytes_of_str("sixth"));
    CHECK_OK(reclog_flush(&b.log));
    CHECK_OK(open_log(&b, &end));
    CHECK_EQ(b.seen, RECORDS + 2);
    CHECK_STR(b.text[RECORDS + 1], "sixth");
    sim_disk_free(&b.disk);
}

TEST(a_sync_elsewhere_that_fails_leaves_all_records_to_be_written_again)
{
    struct bench b;
    enum reclog_end end;
    uint64_t offset = 0;
    bool sync = false;
    fill(&b);
    CHECK_OK(append(&b, 5, "fifth", &offset));
    CHECK_OK(reclog_depart(&b.log, &sync));
    CHECK_OK(append(&b, 6, "sixth", &offset));
    reclog_land(&b.log, ERR_FAILED);
    b.disk.file[0].data[b.disk.file[0].len - 1] ^= 1; /* of unknown content */
    CHECK_OK(reclog_flush(&b.log));
    CHECK_EQ(b.disk.file[0].synced, b.disk.file[0].len);
    CHECK_OK(open_log(&b, &end));
    CHECK_EQ(end, RECLOG_CLEAN);
    CHECK_EQ(b.seen, RECORDS + 2);
    CHECK_STR(b.text[RECORDS], "fifth");
    sim_disk_free(&b.disk);
}

TEST(a_log_begun_again_forgets_the_sync_that_is_under_way)
{
    struct bench b;
    enum reclog_end end;
    uint64_t offset = 0;
    bool sync = false;
    fill(&b);
    CHECK_OK(append(&b, 5, "fifth", &offset));
    CHECK_OK(reclog_depart(&b.log, &sync));
    reclog_restart(&b.log);
    CHECK_OK(append(&b, 7, "what stays", &offset));
    reclog_land(&b.log, ERR_NONE);
    CHECK_OK(reclog_depart(&b.log, &sync));
    CHECK(!sync); /* a whole new file is durable at once */
    CHECK_OK(open_log(&b, &end));
    CHECK_EQ(b.seen, 1);
    CHECK_STR(b.text[0], "what stays");
    sim_disk_free(&b.disk);
}

TEST(what_was_in_the_page_cache_at_start_is_synced_before_it_counts)
{
    struct bench b;
    enum reclog_end end;
    fill(&b);
    b.disk.file[0].synced = 0;
    CHECK_OK(open_log(&b, &end));
    CHECK_EQ(b.disk.file[0].synced, b.disk.file[0].len);
    sim_disk_free(&b.disk);
}

TEST(a_log_begun_again_is_replaced_as_a_whole)
{
    struct bench b;
    enum reclog_end end;
    uint64_t offset = 0, height = 0;
    struct bytes body;
    fill(&b);
    reclog_restart(&b.log);
    CHECK_OK(append(&b, 7, "what stays", &offset));
    CHECK_EQ(offset, 0);
    CHECK_OK(reclog_read(&b.log, offset, &b.arena, &height, &body));
    CHECK_BYTES(body, bytes_of_str("what stays"));
    CHECK_OK(reclog_flush(&b.log));
    CHECK_OK(append(&b, 8, "more", &offset));
    CHECK_OK(reclog_flush(&b.log));
    CHECK_OK(open_log(&b, &end));
    CHECK_EQ(b.seen, 2);
    CHECK_STR(b.text[0], "what stays");
    CHECK_STR(b.text[1], "more");
    sim_disk_free(&b.disk);
}

TEST(limits_of_a_record_and_of_the_batch_are_errors)
{
    struct bench b;
    uint64_t offset = 0;
    char text[RECORD_MAX + 2];
    start(&b);
    memset(text, 'x', sizeof text);
    text[RECORD_MAX + 1] = 0;
    CHECK_ERR(append(&b, 1, text, &offset), ERR_SIZE);
    text[RECORD_MAX] = 0;
    for (int i = 0; i < PENDING_MAX / (RECORD_MAX + RECLOG_HEAD_SIZE); i++) {
        CHECK_OK(append(&b, 1, text, &offset));
    }
    CHECK_ERR(append(&b, 1, text, &offset), ERR_NO_SPACE);
    CHECK_OK(reclog_flush(&b.log));
    CHECK_OK(append(&b, 1, text, &offset));
    sim_disk_free(&b.disk);
}
