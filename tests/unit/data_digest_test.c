#include <stdlib.h>

#include "crypto/sealing.h"
#include "data/data.h"
#include "tests/test.h"

/* What `ipfs add --cid-version 1 --raw-leaves` says of these one-block files. */
TEST(a_cid_is_version_1_raw_sha2_256_in_base32)
{
    struct digests d;
    data_digest(suite_intl(), bytes_of("", 0), SEALING_CHUNK_MIN, &d);
    CHECK_STR(d.cid, "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku");
    CHECK_EQ(d.bytes, 0);
    data_digest(suite_intl(), bytes_of_str("hello world"), SEALING_CHUNK_MIN, &d);
    CHECK_STR(d.cid, "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e");
    CHECK_EQ(d.bytes, 11);
    struct hash want;
    CHECK_OK(
        hash_from_hex("b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9", &want));
    CHECK(hash_equal(&d.sha256, &want));
}

TEST(formats_18_the_plain_root_is_over_chunks_and_an_empty_file_is_one)
{
    static const size_t SIZES[] = { 0, 1, 99, 100, 101, 200, 950, 1000 };
    uint8_t file[1000];
    struct digests d;
    for (size_t i = 0; i < sizeof file; i++) {
        file[i] = (uint8_t)(i * 7);
    }
    for (size_t i = 0; i < COUNT(SIZES); i++) {
        struct hash leaf[10], want;
        uint64_t count = SIZES[i] == 0 ? 1 : (SIZES[i] + 99) / 100;
        for (uint64_t j = 0; j < count; j++) {
            size_t len = j + 1 < count ? 100 : SIZES[i] - 100 * (size_t)j;
            merkle_leaf(suite_intl(), "carnet/plain/v1", bytes_of(file + 100 * j, len), &leaf[j]);
        }
        merkle_root(suite_intl(), leaf, count, &want);
        data_digest(suite_intl(), bytes_of(file, SIZES[i]), 100, &d);
        CHECK(hash_equal(&d.plain_root, &want));
    }
}
