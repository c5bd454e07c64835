#include "adapters/mssante/packed_documents.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "adapters/formats/zip_writer.h"

namespace psl {
namespace {

TEST(PackedDocuments, CompressesOneDocumentOnce) {
  // The second recipient gets the very bytes of the first.
  PackedDocuments packed;
  const Bytes first = *packed.of("<ClinicalDocument/>");
  EXPECT_EQ(*first, *pack_zip("<ClinicalDocument/>"));
  EXPECT_EQ(**packed.of("<ClinicalDocument/>"), *first);
  EXPECT_EQ(packed.of("<ClinicalDocument/>")->get(), first.get());
  EXPECT_NE(**packed.of("<ClinicalDocument />"), *first);
}

TEST(PackedDocuments, KeepsTheLastFour) {
  // No more of what people sent stays in memory than that.
  PackedDocuments packed;
  const std::weak_ptr<const std::string> first = *packed.of("0");
  for (const char* each : {"1", "2", "3"}) ASSERT_TRUE(packed.of(each).ok());
  EXPECT_FALSE(first.expired());
  ASSERT_TRUE(packed.of("4").ok());
  EXPECT_TRUE(first.expired());
}

TEST(PackedDocuments, KeepsNoLargeOne) {
  // What does not compress to 1 MiB is made each time.
  PackedDocuments packed;
  std::string noise;
  uint32_t state = 1;
  while (noise.size() < size_t{2} << 20) {
    state = state * 1664525U + 1013904223U;
    noise += static_cast<char>(state >> 24U);
  }
  const std::weak_ptr<const std::string> large = *packed.of(noise);
  EXPECT_TRUE(large.expired());
  EXPECT_EQ(**packed.of(noise), *pack_zip(noise));
}

TEST(PackedDocuments, ServesSeveralWorkers) {
  // Workers of one partner wrap for several recipients at once.
  PackedDocuments packed;
  std::vector<std::thread> workers;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&packed, i] {
      for (int turn = 0; turn < 50; ++turn) {
        const std::string document = std::to_string((i + turn) % 6);
        EXPECT_EQ(**packed.of(document), *pack_zip(document));
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
}

}  // namespace
}  // namespace psl
