#include "security/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_folder.h"

namespace psl {
namespace {

std::string put(const TempFolder& folder, const std::string& content, unsigned mode = 0600) {
  const std::string path = folder.file("key");
  std::filesystem::remove(path);
  std::ofstream(path) << content;
  std::filesystem::permissions(path, std::filesystem::perms(mode));
  return path;
}

void expect_refused(const std::string& path, const std::string& why) {
  const auto key = load_key_file(path);
  ASSERT_FALSE(key.ok()) << why;
  EXPECT_EQ(key.error().code, ErrorCode::configuration);
  EXPECT_THAT(key.error().text, testing::HasSubstr(path));
  EXPECT_THAT(key.error().text, testing::HasSubstr(why));
  EXPECT_THAT(key.error().text, testing::Not(testing::HasSubstr("0123456789")));
}

const std::string digits = "0123456789abcdefABCDEF0123456789abcdef0123456789abcdef0123456789";

TEST(Keys, ReadsWhatItMade) {
  // Claim: a new key file has mode 600, 64 digits and a line end, and two are never alike.
  const TempFolder folder;
  ASSERT_TRUE(new_key_file(folder.file("one")).ok());
  ASSERT_TRUE(new_key_file(folder.file("two")).ok());
  struct stat facts {};
  ASSERT_EQ(::stat(folder.file("one").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777u, 0600u);
  EXPECT_EQ(facts.st_size, 65);
  EXPECT_NE(load_key_file(folder.file("one"))->reveal(), load_key_file(folder.file("two"))->reveal());
  const auto again = new_key_file(folder.file("one"));
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, ErrorCode::configuration);
}

TEST(Keys, RefusesAKeyThatOthersCanReach) {
  // Claim: any right of group or others is refused; 400 is as good as 600.
  const TempFolder folder;
  for (unsigned mode : {0640u, 0604u, 0644u, 0660u, 0610u}) {
    expect_refused(put(folder, digits + "\n", mode), "its mode must be 600 or 400");
  }
  EXPECT_TRUE(load_key_file(put(folder, digits + "\n", 0400)).ok());
}

TEST(Keys, RefusesAnythingButSixtyFourDigitsAndALineEnd) {
  // Claim: no line end, a short, a long or another text is refused, and never repeated in the error.
  const TempFolder folder;
  for (const std::string& content :
       {std::string(), digits, digits + "\r\n", digits + "0\n", digits.substr(1) + "\n", digits + "\n\n",
        "g" + digits.substr(1) + "\n"}) {
    const std::string path = put(folder, content);
    const auto key = load_key_file(path);
    ASSERT_FALSE(key.ok());
    EXPECT_EQ(key.error().code, ErrorCode::configuration);
    EXPECT_THAT(key.error().text, testing::HasSubstr(path));
    EXPECT_THAT(key.error().text, testing::Not(testing::HasSubstr("456789ab")));
  }
  expect_refused(put(folder, "short\n"), "exactly 64 hexadecimal digits");
}

TEST(Keys, SaysWhatIsInTheWay) {
  // Claim: an absent file, a folder and a pipe are errors at once, not a wait.
  const TempFolder folder;
  expect_refused(folder.file("absent"), "No such file");
  expect_refused(folder.path(), "is not a regular file");
  ASSERT_EQ(::mkfifo(folder.file("pipe").c_str(), 0600), 0);
  expect_refused(folder.file("pipe"), "is not a regular file");
  EXPECT_EQ(new_key_file(folder.file("no/such/folder")).error().code, ErrorCode::input_output);
}

}  // namespace
}  // namespace psl
