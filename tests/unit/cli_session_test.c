#include "cli/session_internal.h"
#include "tests/test.h"

static void hear(struct session_standing *now, const char *text)
{
    json_t *j = NULL;
    CHECK_OK(json_read(bytes_of_str(text), 1 << 16, &j, NULL));
    session_hear_status(j, now);
    json_free(j);
}

TEST(what_is_missing_is_counted_against_the_newest_committee_that_a_node_knows)
{
    struct session_standing now = { .seats = 4 }; /* of genesis, when nobody says anything */
    hear(&now, "{\"role\":\"validator\",\"voting\":true,\"height\":7,\"seats\":4}");
    CHECK_EQ(now.seats, 4);
    hear(&now, "{\"role\":\"validator\",\"voting\":true,\"height\":90,\"seats\":5}");
    CHECK_EQ(now.seats, 5);
    hear(&now, "{\"role\":\"validator\",\"voting\":false,\"height\":12,\"seats\":4}");
    CHECK_EQ(now.seats, 5); /* one that is behind knows less */
    hear(&now, "{\"role\":\"observer\",\"voting\":false,\"height\":90,\"seats\":5}");
    CHECK_EQ(now.answer, 4);
    CHECK_EQ(now.vote, 2);
}

TEST(a_status_without_seats_or_with_too_many_leaves_the_count_as_it_was)
{
    struct session_standing now = { .seats = 4 };
    hear(&now, "{\"role\":\"validator\",\"voting\":true,\"height\":7}");
    hear(&now, "{\"role\":\"validator\",\"voting\":true,\"height\":8,\"seats\":32}");
    hear(&now, "{\"role\":\"validator\",\"voting\":true,\"height\":8,\"seats\":-1}");
    CHECK_EQ(now.seats, 4);
    CHECK_EQ(now.vote, 3);
}

TEST(how_long_to_wait_is_said_in_seconds_then_in_minutes_and_never_too_short)
{
    static const struct {
        int64_t ms;
        const char *said;
    } ROWS[] = { { 0, "" },
                 { -5, "" },
                 { 1, "; there is room in 1 s" },
                 { 1000, "; there is room in 1 s" },
                 { 1001, "; there is room in 2 s" },
                 { 119999, "; there is room in 120 s" },
                 { 120000, "; there is room in 2 minutes" },
                 { 120001, "; there is room in 3 minutes" },
                 { 86400000, "; there is room in 1440 minutes" } };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        char text[SESSION_WAIT_TEXT];
        session_say_wait(ROWS[i].ms, text);
        CHECK_STR(text, ROWS[i].said);
    }
}
