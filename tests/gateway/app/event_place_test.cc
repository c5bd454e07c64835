#include "gateway/app/event_place.h"

#include <gtest/gtest.h>

#include <fstream>

#include "passerelle/v1/gateway.pb.h"
#include "tests/support/temp_folder.h"

namespace psl {
namespace {

TEST(EventPlaces, OfOneLineThatIsTooLongDoNotStopTheOthers) {
  // Claim: a line above 32 MiB is refused when it is read, with its number; those around it are read.
  const TempFolder folder;
  const std::string path = folder.file("events.jsonl");
  std::ofstream(path) << "{\"idempotency_key\": \"a\"}\n"
                      << std::string((size_t{32} << 20) + 1, 'x') << "\n\n{\"idempotency_key\": \"b\"}\n";
  const auto places = places_of_lines(path, 10);
  ASSERT_TRUE(places.ok());
  ASSERT_EQ(places->size(), 3U);
  EXPECT_EQ(read_event_at((*places)[0])->idempotency_key(), "a");
  const Error error = read_event_at((*places)[1]).error();
  EXPECT_EQ(error.code, ErrorCode::message_too_large);
  EXPECT_EQ(error.text, path + ":2: at most 32 MiB a line expected");
  EXPECT_EQ(read_event_at((*places)[2])->idempotency_key(), "b");
}

}  // namespace
}  // namespace psl
