#include "gateway/app/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <fstream>

#include "gateway/app/commands.h"
#include "gateway/app/exit_codes.h"
#include "tests/adapters/formats/check/xdm_world.h"
#include "tests/support/temp_folder.h"

namespace psl {
namespace {

using test::XdmWorld;
using testing::HasSubstr;
using testing::Not;

class Check : public testing::Test {
 protected:
  std::string kept(const std::string& name, const std::string& content) const {
    std::ofstream(folder_.file(name), std::ios::binary) << content;
    return folder_.file(name);
  }

  // The command itself; what it prints, and its exit status in `status`.
  std::string run(const std::vector<std::string>& arguments) {
    CLI::App app;
    add_check(app, status);
    std::vector<std::string> words(arguments.rbegin(), arguments.rend());
    words.emplace_back("check");
    testing::internal::CaptureStdout();
    try {
      app.parse(std::move(words));
    } catch (const CLI::ParseError&) {
      status = exit_code::usage;
    }
    return testing::internal::GetCapturedStdout();
  }

  std::string mail(const std::string& zip) const {
    MailMessage message;
    message.from = {"", "cpts@demo.mssante.fr"};
    message.to = {{"", "claire.modele@medecin.demo.mssante.fr"}};
    message.subject = "XDM/1.0/DDM+Lettre de liaison DE LA TOUR MARIE-EVE 09/03/1965";
    message.date = "Sun, 22 Nov 2026 10:00:01 +0100";
    message.message_id = "1@demo.mssante.fr";
    message.headers = {{"X-MSS-INS", "O"}};
    message.text = "Bonjour.\n";
    message.attachments = {{"IHE_XDM.zip", "application/zip", zip}};
    message.boundary = "b";
    return *write_mail(message);
  }

  XdmWorld world_;
  TempFolder folder_;
  int status = -1;
};

TEST_F(Check, KnowsAFileByItsContent) {
  // Names say nothing: exports are often called letter.txt.
  EXPECT_EQ(kind_of_file(world_.cda), FileKind::cda);
  EXPECT_EQ(kind_of_file("\xEF\xBB\xBF \n<ClinicalDocument/>"), FileKind::cda);
  EXPECT_EQ(kind_of_file(world_.metadata), FileKind::metadata);
  EXPECT_EQ(kind_of_file(test::zipped(world_.files())), FileKind::archive);
  EXPECT_EQ(kind_of_file(mail("PK")), FileKind::mail);
  EXPECT_EQ(kind_of_file(test::small_pdf()), FileKind::pdf);
  for (const char* other : {"", "text",
                            "\x7F"
                            "ELF",
                            ": x", "a b: c"})
    EXPECT_EQ(kind_of_file(other), FileKind::unknown) << other;
}

TEST_F(Check, ChecksEachKindByItsOwnRules) {
  // One fault of each kind of file, and each by the rule of that kind.
  const auto codes = [this](const std::string& content) {
    std::set<std::string> found;
    for (const v1::Issue& each : check_file("f", content, "", world_.options()).issues)
      found.insert(each.code());
    return found;
  };
  std::vector<test::NamedFile> files = world_.files();
  files.erase(files.begin());
  EXPECT_TRUE(codes(test::zipped(files)).contains("XDM_INDEX_MISSING"));
  EXPECT_TRUE(codes(mail(test::zipped(world_.files()))).contains("MAIL_CODE_MISSING"));
  EXPECT_TRUE(codes("%PDF-1.4 cut").contains("PDF_REFUSED"));
  EXPECT_TRUE(codes("nothing").contains("FILE_UNKNOWN"));
  EXPECT_TRUE(codes("<SubmitObjectsRequest>").contains("XDM_METADATA_UNREADABLE"));
  EXPECT_FALSE(codes("<ClinicalDocument/>").empty());
  EXPECT_TRUE(codes(test::small_pdf()).empty());
}

TEST_F(Check, ComparesMetadataWithTheDocumentBesideIt) {
  // With the CDA in the same folder, whatever the case of its name; without it, alone.
  const std::string metadata = kept("METADATA.XML", test::replaced(world_.metadata, "11490-0", "34112-3"));
  const std::string alone = run({metadata});
  EXPECT_THAT(alone, HasSubstr("XDM_FILE_NOT_AT_HAND"));
  EXPECT_THAT(alone, Not(HasSubstr("XDM_CODE_DIFFERS")));
  EXPECT_EQ(status, exit_code::ok);
  kept("doc0001.xml", world_.cda);
  EXPECT_THAT(run({metadata}), HasSubstr("XDM_CODE_DIFFERS"));
  EXPECT_EQ(status, exit_code::refused);
  kept("doc0001.xml", "<ClinicalDocument/>");
  EXPECT_THAT(run({metadata}), HasSubstr("XDM_DOCUMENT_UNREADABLE"));
}

TEST_F(Check, SaysItInOneLineAndThenEachIssue) {
  // Name, kind and counts; then level, code, text and path.
  const std::string pdf = kept("a.bin", test::small_pdf());
  EXPECT_EQ(run({pdf}), pdf + " (pdf): no issues\n");
  EXPECT_EQ(status, exit_code::ok);
  const std::string text = kept("b.bin", "nothing");
  const std::string said = run({text});
  EXPECT_THAT(said, HasSubstr(text + " (unknown): 1 error\nerror  FILE_UNKNOWN: The file is none of"));
  EXPECT_EQ(status, exit_code::refused);
}

TEST_F(Check, GivesAScriptOneObjectAFile) {
  // Both languages, and the highest status of all files.
  const std::string good = kept("a.pdf", test::small_pdf());
  const std::string bad = kept("b.bin", "nothing");
  const std::string said = run({"--json", good, bad, good});
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 3);
  EXPECT_THAT(said, HasSubstr("\"kind\":\"pdf\",\"issues\":[]}\n"));
  EXPECT_THAT(said, HasSubstr("\"code\":\"FILE_UNKNOWN\""));
  EXPECT_THAT(said, HasSubstr("Ce fichier n'est ni un CDA"));
  EXPECT_EQ(status, exit_code::refused);
}

TEST_F(Check, SaysWhichFileCannotBeRead) {
  // A file that is not there and a folder are no documents; the others are checked all the same.
  const std::string good = kept("a.pdf", test::small_pdf());
  testing::internal::CaptureStderr();
  const std::string said = run({folder_.file("none"), folder_.path(), good});
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("none: cannot be read"));
  EXPECT_THAT(said, HasSubstr("(pdf): no issues"));
  EXPECT_EQ(status, exit_code::file);
  testing::internal::CaptureStderr();
  EXPECT_THAT(run({"--json", folder_.file("none")}), HasSubstr("\"error\":{\"reason\":\"INPUT_OUTPUT\""));
  testing::internal::GetCapturedStderr();
}

TEST_F(Check, TakesTestIdentitiesInATestEnvironmentOnly) {
  // The same document is refused where patients are real.
  const std::string cda = kept("letter.xml", world_.cda);
  run({cda});
  EXPECT_EQ(status, exit_code::ok);
  EXPECT_THAT(run({"--environment", "production", cda}), HasSubstr("error"));
  EXPECT_EQ(status, exit_code::refused);
  run({"--environment", "demo", cda});
  EXPECT_EQ(status, exit_code::usage);
  testing::internal::CaptureStderr();
  run({"--time-zone", "Europe/Nowhere", cda});
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(status, exit_code::usage);
}

}  // namespace
}  // namespace psl
