#include "base/arena.h"
#include "tests/test.h"

TEST(what_is_allocated_is_zeroed_and_aligned_whatever_the_block)
{
    uint8_t memory[128];
    for (size_t shift = 0; shift < 16; shift++) {
        memset(memory, 0xff, sizeof memory);
        struct arena a = arena_over(memory + shift, sizeof memory - shift);
        for (size_t size = 1; size < 20; size += 9) {
            uint8_t *p = arena_alloc(&a, size);
            CHECK(p != NULL && (uintptr_t)p % 16 == 0);
            for (size_t i = 0; i < size; i++) {
                CHECK_EQ(p[i], 0);
            }
        }
    }
}

TEST(a_full_arena_refuses_and_stays_as_it_was)
{
    _Alignas(16) uint8_t memory[32];
    struct arena a = arena_over(memory, sizeof memory);
    CHECK(arena_alloc(&a, 33) == NULL);
    CHECK(arena_alloc(&a, SIZE_MAX) == NULL);
    CHECK(arena_alloc_array(&a, SIZE_MAX / 2, 4) == NULL);
    CHECK_EQ(a.used, 0);
    CHECK(arena_alloc(&a, 32) != NULL);
    CHECK(arena_alloc(&a, 0) != NULL);
    CHECK(arena_alloc(&a, 1) == NULL);
    CHECK_EQ(a.used_max, 32);
}

TEST(a_release_takes_back_what_came_after_the_mark)
{
    _Alignas(16) uint8_t memory[64];
    struct arena a = arena_over(memory, sizeof memory);
    uint8_t *first = arena_alloc(&a, 16);
    size_t mark = arena_mark(&a);
    uint8_t *second = arena_alloc(&a, 16);
    second[0] = 1;
    arena_release(&a, mark);
    CHECK(arena_alloc(&a, 16) == second);
    CHECK_EQ(second[0], 0);
    arena_reset(&a);
    CHECK(arena_alloc(&a, 1) == first);
    CHECK_EQ(a.used_max, 32);
}

TEST(a_copy_outlives_its_source_and_fails_whole)
{
    _Alignas(16) uint8_t memory[16];
    char source[] = "carnet";
    struct bytes copy = bytes_of_str("untouched");
    struct arena a = arena_over(memory, sizeof memory);
    CHECK_OK(arena_copy(&a, bytes_of_str(source), &copy));
    source[0] = 'x';
    CHECK_BYTES(copy, bytes_of_str("carnet"));
    CHECK_ERR(arena_copy(&a, bytes_of_str("more than is left"), &copy), ERR_NO_SPACE);
    CHECK_BYTES(copy, bytes_of_str("carnet"));
    CHECK_OK(arena_copy(&a, bytes_of(NULL, 0), &copy));
    CHECK_EQ(copy.len, 0);
}

TEST(a_child_arena_is_carved_out_of_its_parent)
{
    _Alignas(16) uint8_t memory[64];
    struct arena a = arena_over(memory, sizeof memory), child;
    CHECK_OK(arena_split(&a, 32, &child));
    CHECK(arena_alloc(&child, 32) == memory);
    CHECK(arena_alloc(&child, 1) == NULL);
    CHECK(arena_alloc(&a, 32) == memory + 32);
    CHECK_ERR(arena_split(&a, 1, &child), ERR_NO_SPACE);
    CHECK_EQ(child.size, 32);
}

TEST(fresh_memory_is_not_touched_before_it_is_used_and_zeroed_when_it_comes_again)
{
    static uint8_t memory[256];
    memset(memory, 0, sizeof memory);
    struct arena a = arena_over_fresh(memory, sizeof memory), child, again;
    memory[64] = 7; /* what arena_alloc leaves alone shows whether it was cleared */
    uint8_t *first = arena_alloc(&a, 128);
    CHECK(first == memory && first[64] == 7);
    memset(first, 0xff, 128);
    arena_reset(&a);
    uint8_t *second = arena_alloc(&a, 144);
    CHECK(second == memory);
    for (size_t i = 0; i < 144; i++) {
        CHECK_EQ(second[i], 0);
    }
    CHECK_OK(arena_split(&a, 64, &child));
    CHECK(child.fresh);
    memset(child.base, 0xff, 64);
    arena_reset(&a);
    CHECK_OK(arena_split(&a, 208, &again)); /* in part it was a child's */
    CHECK(!again.fresh);
    uint8_t *zeroed = arena_alloc(&again, 208);
    CHECK(zeroed != NULL && zeroed[144] == 0 && zeroed[207] == 0);
}
