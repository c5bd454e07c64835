// What preview writes, tells and opens.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "gateway/app/issue_summary.h"
#include "gateway/app/opener.h"
#include "gateway/app/preview_folder.h"
#include "tests/support/temp_folder.h"

namespace psl {
namespace {

namespace fs = std::filesystem;
namespace v1 = passerelle::v1;
using testing::IsEmpty;

v1::Issue issue(v1::Issue::Level level, const std::string& code, const std::string& path) {
  v1::Issue made;
  made.set_level(level);
  made.set_code(code);
  made.set_text("about " + code);
  made.set_path(path);
  return made;
}

std::string content_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

unsigned mode_of(const fs::path& path) {
  struct stat facts {};
  EXPECT_EQ(::stat(path.c_str(), &facts), 0) << path;
  return facts.st_mode & 0777U;
}

TEST(PreviewFolder, IsForItsOwnerOnly) {
  // Claim: folders 0700, files 0600, whatever was there before.
  TempFolder temp;
  const fs::path folder = fs::path(temp.path()) / "a" / "0-mail";
  fs::create_directories(folder);
  fs::permissions(folder, fs::perms::all);
  Payload payload;
  payload.files = {{"document.xml", "text/xml", make_bytes("<a/>")}};
  payload.issues = {issue(v1::Issue::LEVEL_WARNING, "A", "x"), issue(v1::Issue::LEVEL_WARNING, "B", "y")};
  ASSERT_TRUE(make_preview_folder(fs::path(temp.path()) / "b" / "c").ok());
  EXPECT_EQ(mode_of(fs::path(temp.path()) / "b" / "c"), 0700U);
  ASSERT_TRUE(write_preview(folder, payload, "<html>").ok());
  EXPECT_EQ(mode_of(folder), 0700U);
  for (const char* name : {"document.xml", "document.html", "issues.json"})
    EXPECT_EQ(mode_of(folder / name), 0600U);
  EXPECT_EQ(content_of(folder / "document.xml"), "<a/>");
  EXPECT_EQ(content_of(folder / "document.html"), "<html>");
  EXPECT_THAT(content_of(folder / "issues.json"),
              testing::MatchesRegex("\\[\n\\{.*\"A\".*\\},\n\\{.*\\}\n\\]\n"));
}

TEST(PreviewFolder, ReplacesAnEarlierPreview) {
  // Claim: a second preview leaves nothing of the first that would be taken for its own.
  TempFolder temp;
  const fs::path folder = fs::path(temp.path()) / "0-mail";
  Payload payload;
  payload.files = {{"document.xml", "text/xml", make_bytes("one")},
                   {"document.pdf", "application/pdf", make_bytes("pdf")}};
  ASSERT_TRUE(write_preview(folder, payload, "page").ok());
  payload.files = {{"document.xml", "text/xml", make_bytes("two")}};
  ASSERT_TRUE(write_preview(folder, payload, "").ok());
  EXPECT_EQ(content_of(folder / "document.xml"), "two");
  EXPECT_FALSE(fs::exists(folder / "document.html"));
  EXPECT_FALSE(fs::exists(folder / "document.pdf"));
  EXPECT_EQ(content_of(folder / "issues.json"), "[]\n");
}

TEST(PreviewFolder, SaysWhenItCannotBeMade) {
  // Claim: a file where the folder should be is an error that names it.
  TempFolder temp;
  std::ofstream(temp.file("taken")) << "x";
  const Status made = make_preview_folder(temp.file("taken"));
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ErrorCode::configuration);
  EXPECT_FALSE(write_preview(temp.file("taken"), {}, "").ok());
  Payload payload;
  payload.files = {{"no/such/folder", "text/xml", make_bytes("x")}};
  EXPECT_FALSE(write_preview(temp.file("0-mail"), payload, "").ok());
}

TEST(IssueSummary, ShowsEachIssueOnceGravestFirst) {
  // Claim: grouped by code, counted by place; a recipient is named where not all have it.
  const v1::Issue warning = issue(v1::Issue::LEVEL_WARNING, "OLD", "ClinicalDocument/title");
  const v1::Issue second = issue(v1::Issue::LEVEL_WARNING, "OLD", "ClinicalDocument/code");
  EXPECT_EQ(
      issue_summary({{"0-mail", {issue(v1::Issue::LEVEL_INFORMATION, "NOTE", "event.a"), warning, second}},
                     {"1-fhir", {warning, second, issue(v1::Issue::LEVEL_ERROR, "BAD", "event.b")}}}),
      "1 error, 2 warnings, 1 information\n"
      "error  BAD: about BAD\n"
      "    event.b (1-fhir)\n"
      "warning  OLD: about OLD\n"
      "    ClinicalDocument/code\n"
      "    ClinicalDocument/title\n"
      "information  NOTE: about NOTE\n"
      "    event.a (0-mail)\n");
  EXPECT_EQ(issue_summary({{"0-mail", {}}}), "no issues\n");
}

// Programs that open, with the variables as they were afterwards.
class Opener : public testing::Test {
 protected:
  Opener() {
    keep("PASSERELLE_OPEN");
    keep("BROWSER");
    keep("PATH");
    EXPECT_EQ(::mkfifo(temp.file("told").c_str(), 0600), 0);
    std::ofstream(temp.file("record")) << "#!/bin/sh\nprintf '%s\\n' \"$@\" >" << temp.file("told") << "\n";
    fs::permissions(temp.file("record"), fs::perms::owner_all);
  }
  ~Opener() override {
    for (const auto& [name, value] : kept_) {
      if (value == nullptr) {
        ::unsetenv(name);
      } else {
        ::setenv(name, value->c_str(), 1);
      }
    }
  }

  // What the program was given, one argument a line: waits until it has written.
  std::string told() { return content_of(temp.file("told")); }

  TempFolder temp;

 private:
  void keep(const char* name) {
    const char* value = std::getenv(name);
    kept_.emplace_back(name, value == nullptr ? nullptr : std::make_unique<std::string>(value));
    if (std::string_view(name) != "PATH") ::unsetenv(name);
  }

  std::vector<std::pair<const char*, std::unique_ptr<std::string>>> kept_;
};

TEST_F(Opener, GivesThePathAsOneArgument) {
  // Claim: no shell: what would be a command there is a file name here.
  ::setenv("PASSERELLE_OPEN", (temp.file("record") + " --new  window").c_str(), 1);
  ::setenv("BROWSER", "/no/such/program", 1);
  ASSERT_TRUE(open_file("/tmp/a b;$(c)`d`.html").ok());
  EXPECT_EQ(told(), "--new\nwindow\n/tmp/a b;$(c)`d`.html\n");
}

TEST_F(Opener, TakesTheFirstBrowser) {
  // Claim: BROWSER as others read it: several by colons, %s where the file stands; a relative path is made
  // whole.
  ::setenv("BROWSER", (temp.file("record") + " %s --kiosk:/no/such/program").c_str(), 1);
  ASSERT_TRUE(open_file("page.html").ok());
  EXPECT_EQ(told(), (fs::current_path() / "page.html").string() + "\n--kiosk\n");
}

TEST_F(Opener, FallsBackToTheDesktop) {
  // Claim: without a variable it is xdg-open, wherever PATH has it.
  fs::rename(temp.file("record"), temp.file("xdg-open"));
  ::setenv("PATH", (temp.path() + ":" + std::getenv("PATH")).c_str(), 1);
  ASSERT_TRUE(open_file("/tmp/page.html").ok());
  EXPECT_EQ(told(), "/tmp/page.html\n");
}

TEST_F(Opener, SaysThatThereIsNone) {
  // Claim: a program that is not there is an error that names it.
  ::setenv("PASSERELLE_OPEN", "/no/such/program", 1);
  const Status opened = open_file("/tmp/page.html");
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::not_found);
  EXPECT_EQ(opened.error().text, "/no/such/program cannot be started");
}

}  // namespace
}  // namespace psl
