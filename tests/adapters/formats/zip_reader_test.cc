#include "adapters/formats/zip_reader.h"

#include <gtest/gtest.h>

#include "adapters/formats/zip_writer.h"

namespace psl {
namespace {

std::string zip_of(const std::vector<std::pair<std::string, std::string>>& files) {
  std::vector<ZipEntry> entries;
  for (const auto& [name, content] : files) entries.push_back({name, content});
  return *write_zip(entries, {.year = 2026, .month = 11, .day = 22});
}

std::string with_bytes(std::string text, const std::string& from, const std::string& to) {
  EXPECT_NE(text.find(from), std::string::npos);
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

TEST(ZipReader, GivesFilesInTheirOrderByteForByte) {
  // Names as they are written, folders left out, an empty file and a large one alike.
  const std::string large(700000, 'x');
  const ZipContents read = read_zip(zip_of({{"A.TXT", ""}, {"b/C.XML", large}}));
  EXPECT_EQ(read.fault, ZipFault::none);
  ASSERT_EQ(read.files.size(), 2u);
  EXPECT_EQ(read.files[0].name, "A.TXT");
  EXPECT_EQ(read.files[0].content, "");
  EXPECT_EQ(read.files[1].name, "b/C.XML");
  EXPECT_EQ(read.files[1].content, large);
}

TEST(ZipReader, RefusesWhatIsNoArchive) {
  // Other bytes, none, and the half of an archive.
  const std::string zip = zip_of({{"A.TXT", "text"}});
  for (const std::string& bytes : {std::string(), std::string("PK"), std::string("text"), zip.substr(0, 60)})
    EXPECT_EQ(read_zip(bytes).fault, ZipFault::not_an_archive);
}

TEST(ZipReader, RefusesPathsThatLeaveTheArchive) {
  // As they stand, whatever the system: climbing, absolute, with a drive, a backslash or a control character.
  for (const char* name : {"../x", "a/../../x", "a/..", "/x", "C:x", "a\\x", "a//x", "./x", "a\nb", "\x7F"}) {
    const ZipContents read = read_zip(zip_of({{"A.TXT", "text"}, {name, "x"}}));
    EXPECT_EQ(read.fault, ZipFault::unsafe_path) << name;
    EXPECT_TRUE(read.files.empty());
  }
  EXPECT_EQ(read_zip(zip_of({{"..x", "x"}, {"a..b/c", "x"}})).fault, ZipFault::none);
}

TEST(ZipReader, RefusesTwoFilesOfOneName) {
  // Who reads without case cannot tell which of the two is meant.
  EXPECT_EQ(read_zip(zip_of({{"a/A.TXT", "x"}, {"A/a.txt", "y"}})).fault, ZipFault::damaged);
}

TEST(ZipReader, KeepsWithinItsLimits) {
  // Archive, entries, names, one file, all files: one more is too large, the limit itself is not.
  const std::string zip = zip_of({{"A.TXT", std::string(1000, 'a')}, {"B.TXT", std::string(1000, 'b')}});
  const auto fault = [&zip](auto change) {
    ZipReadLimits limits;
    change(limits);
    return read_zip(zip, limits).fault;
  };
  EXPECT_EQ(fault([&](auto& l) { l.archive_bytes_max = zip.size() - 1; }), ZipFault::too_large);
  EXPECT_EQ(fault([](auto& l) { l.entries_max = 1; }), ZipFault::too_large);
  EXPECT_EQ(fault([](auto& l) { l.name_bytes_max = 4; }), ZipFault::too_large);
  EXPECT_EQ(fault([](auto& l) { l.file_bytes_max = 999; }), ZipFault::too_large);
  EXPECT_EQ(fault([](auto& l) { l.total_bytes_max = 1999; }), ZipFault::too_large);
  EXPECT_EQ(fault([&](auto& l) { l = {zip.size(), 2, 5, 1000, 2000}; }), ZipFault::none);
}

TEST(ZipReader, DoesNotBelieveTheSizesThatAnArchivePromises) {
  // 1000 bytes packed, 10 announced in both headers: a small promise does not let a large file in.
  const std::string zip = zip_of({{"A.TXT", std::string(1000, 'a')}});
  const std::string lie =
      with_bytes(zip, std::string("\xE8\x03\x00\x00", 4), std::string("\x0A\x00\x00\x00", 4));
  const ZipContents read = read_zip(lie);
  EXPECT_NE(read.fault, ZipFault::none);
  EXPECT_TRUE(read.files.empty());
}

TEST(ZipReader, ChecksTheSumOfEachFile) {
  // A byte changed on the way is damage, not content.
  std::string zip = zip_of({{"A.TXT", "0123456789abcdefghijklmnopqrstuvwxyz"}});
  const size_t body = zip.find("A.TXT") + 5;
  zip[body + 20] = static_cast<char>(zip[body + 20] ^ 0x40);
  EXPECT_EQ(read_zip(zip).fault, ZipFault::damaged);
}

}  // namespace
}  // namespace psl
