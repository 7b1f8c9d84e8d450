/* The law of a space: what is in force, its bytes from state, and its words from this folder. */
#include "cli/law_space_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/embedded_internal.h"
#include "cli/law_internal.h"
#include "crypto/suite.h"

enum err law_space(struct session *s, struct law_space *out)
{
    struct contract_key key = contract_key_pack_active();
    struct law_space l = { 0 };
    struct pack_active_record r;
    struct bytes value;
    TRY(session_height(s, &l.height));
    enum err e = session_state(s, key.contract, contract_key_bytes(&key), &value);
    if (e == ERR_NOT_FOUND) {
        return cli_fail(s->cli, e, "law", "this space began without rule packs");
    }
    TRY(e);
    TRY(pack_active_record_decode(value, &s->arena, &r));
    /* What the next block will be judged by. */
    l.set = *contract_pack_at(&r, l.height + 1);
    bool turned = hash_equal(&l.set, &r.next) && r.next_height <= l.height + 1;
    l.since = turned ? r.next_height : r.height;
    if (!turned && !hash_is_zero(&r.next)) {
        l.next = r.next;
        l.next_height = r.next_height;
    }
    *out = l;
    return ERR_NONE;
}

static enum err piece_of(struct session *s, const struct hash *set, uint32_t index,
                         struct pack_piece_record *out)
{
    struct contract_key key = contract_key_pack_piece(set, index);
    struct bytes value;
    TRY(session_state(s, key.contract, contract_key_bytes(&key), &value));
    return pack_piece_record_decode(value, &s->arena, out);
}

bool law_piece_there(struct session *s, const struct hash *set, uint32_t index, uint32_t count,
                     struct bytes piece)
{
    struct pack_piece_record r;
    return piece_of(s, set, index, &r) == ERR_NONE && r.count == count &&
           bytes_equal(r.piece, piece);
}

/* The set of genesis lies in the genesis file; any other is read from state, piece by piece. */
static enum err set_bytes(struct session *s, const struct hash *set, struct bytes *out)
{
    struct hash own;
    struct pack_piece_record r = { .count = 1 };
    contract_pack_hash(s->suite, s->genesis.pack_set, &own);
    if (hash_equal(&own, set)) {
        *out = s->genesis.pack_set;
        return ERR_NONE;
    }
    uint8_t *room = arena_alloc(&s->arena, CONTRACT_PIECES_MAX * CONTRACT_PIECE_SIZE_MAX);
    if (room == NULL) {
        return ERR_NO_SPACE;
    }
    struct buf b = buf_over(room, CONTRACT_PIECES_MAX * CONTRACT_PIECE_SIZE_MAX);
    for (uint32_t i = 0; i < r.count; i++) {
        TRY(piece_of(s, set, i, &r));
        buf_put(&b, r.piece);
    }
    TRY(buf_done(&b));
    contract_pack_hash(s->suite, buf_bytes(&b), &own);
    *out = buf_bytes(&b);
    return hash_equal(&own, set) ? ERR_NONE : ERR_INTEGRITY;
}

/* prose.json holds the words of genesis, prose-HASH.json those of a set that came later. */
static void words_path(struct session *s, const struct hash *prose, bool first, char *path,
                       size_t cap)
{
    char hex[HEX_SIZE(HASH_SIZE) + 1];
    hex_encode(bytes_of_hash(prose), hex);
    if (first) {
        cli_path(s->cli, path, cap, "prose.json");
    } else {
        cli_path(s->cli, path, cap, "prose-%s.json", hex);
    }
}

static enum err book_from(struct session *s, struct bytes set, const char *path,
                          struct policy_book **out)
{
    char why[POLICY_WHY_SIZE] = "";
    uint8_t *prose;
    size_t len;
    TRY(cli_read_file(s->cli, path, &prose, &len));
    enum err e = policy_book_open(set, bytes_of(prose, len), s->suite, out, why);
    free(prose);
    return e == ERR_NONE ? e : cli_fail(s->cli, e, path, "%s", why[0] ? why : err_text(e));
}

/* A release whose own packs are this very set has its words. */
static enum err book_of_release(struct session *s, struct bytes set, struct policy_book **out)
{
    char why[POLICY_WHY_SIZE] = "";
    struct policy_source source[POLICY_SOURCE_MAX];
    struct policy_compiled law;
    for (size_t i = 0; i < EMBEDDED_RULES_COUNT; i++) {
        source[i].name = EMBEDDED_RULES[i].name;
        source[i].text = bytes_of(EMBEDDED_RULES[i].ptr, EMBEDDED_RULES[i].len);
    }
    TRY(policy_compile(source, EMBEDDED_RULES_COUNT, s->suite, &law, why));
    enum err e = bytes_equal(bytes_of(law.set, law.set_len), set)
                     ? policy_book_open(set, bytes_of(law.prose, law.prose_len), s->suite, out, why)
                     : ERR_NOT_FOUND;
    policy_compiled_free(&law);
    return e;
}

enum err action_book(struct session *s, struct policy_book **out)
{
    struct law_space law;
    struct bytes set;
    const struct policy_set *open;
    char path[4096], hex[HEX_SIZE(HASH_SIZE) + 1];
    TRY(law_space(s, &law));
    hex_encode(bytes_of_hash(&law.set), hex);
    enum err e = set_bytes(s, &law.set, &set);
    if (e != ERR_NONE) {
        return cli_fail(s->cli, e, "law", "the set %s in force: %s", hex, err_text(e));
    }
    bool first = set.ptr == s->genesis.pack_set.ptr;
    size_t mark = arena_mark(&s->arena);
    TRY(policy_set_open(set, s->suite, &s->arena, &open));
    words_path(s, policy_set_prose_hash(open), first, path, sizeof path);
    arena_release(&s->arena, mark);
    if (first || access(path, R_OK) == 0) {
        return book_from(s, set, path, out);
    }
    if (book_of_release(s, set, out) == ERR_NONE) {
        return ERR_NONE;
    }
    cli_hint(s->cli, "carnet rules words DIR, with the folder of rule packs it was made from");
    return cli_fail(s->cli, ERR_NOT_FOUND, path, "is not there: the words of the law in force, %s",
                    hex);
}

enum err law_words_keep(struct session *s, const struct policy_compiled *law)
{
    struct hash prose;
    char path[4096];
    struct bytes words = bytes_of(law->prose, law->prose_len);
    hash_tagged(s->suite, "carnet/prose/v1", words, &prose);
    words_path(s, &prose, bytes_equal(bytes_of(law->set, law->set_len), s->genesis.pack_set), path,
               sizeof path);
    return cli_write_file(s->cli, path, words, 0644);
}
