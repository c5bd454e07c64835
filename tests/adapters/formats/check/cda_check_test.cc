#include "adapters/formats/check/cda_check.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "adapters/formats/check/rules.h"
#include "tests/adapters/formats/letter_fixtures.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;
using test::replaced;

std::vector<v1::Issue> check(std::string_view cda) {
  return check_cda(cda, {Environment::test, test::paris()});
}

const std::string& complete() {
  static const std::string whole = test::written_letter(test::complete_letter());
  return whole;
}

// The path of the first issue with that code; empty when there is none.
std::string path_of(const std::vector<v1::Issue>& issues, std::string_view code) {
  for (const v1::Issue& issue : issues) {
    if (issue.code() == code) return issue.path();
  }
  return {};
}

TEST(CdaCheck, SaysWhereItIs) {
  // XPath from the root, with positions where siblings share a name; the line of bytes that are no XML.
  const std::string body = "ClinicalDocument/component/structuredBody/";
  EXPECT_EQ(path_of(check(replaced(complete(), "#synthese", "#x")), "REFERENCE_DANGLING"),
            body + "component[3]/section/entry[3]/observation/text/reference/@value");
  EXPECT_EQ(path_of(check(replaced(complete(), "\"GEN-065\"", "\"GEN-066\"")), "OBSERVATION_MISSING"),
            body + "component[1]/section/entry/observation[code/@code='GEN-065']");
  EXPECT_EQ(path_of(check(replaced(complete(), "810006000508", "10006000508")), "PROFESSIONAL_ID_WRONG"),
            "ClinicalDocument/informationRecipient[2]/intendedRecipient/id");
  EXPECT_EQ(path_of(check("<a>\n<b></a>"), "XML_NOT_WELL_FORMED"), "line 2");
  EXPECT_EQ(path_of(check("<a/>"), "ROOT_WRONG"), "/*");
}

TEST(CdaCheck, TellsTheWorstFirst) {
  // A document with an error, a warning and information.
  std::string cda = replaced(complete(), "<ClinicalDocument", "<?xml-stylesheet href='x'?><ClinicalDocument");
  cda = replaced(cda, "#synthese", "synthese");
  cda = replaced(cda, "<languageCode code=\"fr-FR\"/>", "<languageCode code=\"en-US\"/>");
  const std::vector<v1::Issue> issues = check(cda);
  ASSERT_EQ(issues.size(), 3u);
  EXPECT_EQ(issues[0].level(), v1::Issue::LEVEL_ERROR);
  EXPECT_EQ(issues[1].level(), v1::Issue::LEVEL_WARNING);
  EXPECT_EQ(issues[2].level(), v1::Issue::LEVEL_INFORMATION);
}

TEST(CdaCheck, TellsTheSameAsTheReader) {
  // One pass serves both doors; what the reader refuses is an error here.
  const std::string weak = replaced(complete(), "#synthese", "synthese");
  const CdaReadOptions options{Environment::test, test::paris()};
  const auto read = read_cda(weak, options);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->issues.size(), check(weak).size());
  const std::string refused = replaced(complete(), "<county>39300</county>", "");
  EXPECT_FALSE(read_cda(refused, options).ok());
  EXPECT_TRUE(has_error(check(refused)));
}

TEST(CdaCheck, NeverRepeatsAValue) {
  // Whatever a document holds in the wrong place stays there.
  std::string cda = complete();
  for (const char* word : {"158033930012771", "39300", "810001234565", "11490-0", "20261118120640+0100",
                           "SA01", "183452005", "#synthese", "ECON", "tel:+33600000000", "fr-FR"}) {
    cda = replaced(cda, word, "SECRET");
  }
  const std::vector<v1::Issue> issues = check(cda);
  EXPECT_GE(issues.size(), 10u);
  for (const v1::Issue& issue : issues) {
    EXPECT_EQ(issue.DebugString().find("SECRET"), std::string::npos) << issue.code();
  }
}

TEST(CdaCheck, OfADocumentFullOfFaultsStaysShortAndQuick) {
  // 20,000 references that lead nowhere: ten of them are told, and its errors are not lost.
  std::string many;
  for (int i = 0; i < 20000; ++i) many += "<reference value=\"x\"/>";
  const std::string cda = replaced(complete(), "<reference value=\"#synthese\"/>", many);
  const std::vector<v1::Issue> issues = check(cda);
  size_t dangling = 0;
  for (const v1::Issue& issue : issues) dangling += issue.code() == "REFERENCE_DANGLING" ? 1 : 0;
  EXPECT_EQ(dangling, issues_of_a_rule_max);
}

TEST(CdaCheck, FollowsSectionsInSections) {
  // A section that only holds others may have no text of its own; theirs are checked.
  const std::string inner =
      "<component><section><title>Détail</title><text>Texte</text></section></component>";
  const std::string text = "<paragraph>Dyspnée";
  const std::string outer = "<component><section><title>Autre</title>" + inner + "</section></component>";
  const std::string nested = replaced(complete(), "<structuredBody>", "<structuredBody>" + outer);
  EXPECT_FALSE(has_error(check(nested)));
  EXPECT_EQ(path_of(check(replaced(nested, "<text>Texte</text>", "<text/>")), "SECTION_TEXT_MISSING"),
            "ClinicalDocument/component/structuredBody/component[1]/section/component/section/text");
}

TEST(CdaCheck, HoldsOtherModelsToTheRulesOfEveryDocument) {
  // Without the template of the discharge letter no section is missing, and the code of a known one still
  // counts.
  const std::string other = replaced(complete(), "1.2.250.1.213.1.1.1.29\" extension=\"2022.01",
                                     "1.2.250.1.213.1.1.1.21\" extension=\"2022.01");
  std::string bare = replaced(other, "\"MED-145\"", "\"MED-999\"");
  EXPECT_FALSE(has_error(check(bare)));
  EXPECT_TRUE(has_error(check(replaced(other, "code=\"10183-2\"", "code=\"10160-0\""))));
}

// What the official samples have of our errors, and why each stays an error.
const std::map<std::string, std::string> official_defects = {
    {"REFERENCE_DANGLING", "their entries refer to \"#\", or to texts that were renamed or left out"},
    {"ENTRY_ID_REPEATED", "entries were copied with their identifier"},
    {"ORGANIZATION_ID_WRONG",
     "structures are numbered 2 (SIREN, 9 digits) or 1 (FINESS, 9 digits) and 10 to 12 digits"},
    {"PROFESSIONAL_ID_WRONG", "people are numbered 1 (ADELI cabinet) and 14 digits"},
    {"TIME_WITHOUT_OFFSET",
     "the stay of the level 1 sample, and entries of two others, have a time without offset"},
    {"SECTION_TEXT_MISSING", "a section of the cancer file has entries and an empty text"},
    {"CODE_MISSING", "a value of the cancer files is of type CD and has neither code, nullFlavor nor words"},
    {"ID_WRONG", "ids are empty, a row of x, or a UUID with a Z in it"},
    {"TIME_EMPTY", "a treatment has an effectiveTime that says nothing"},
};

const std::map<std::string, std::set<std::string>> official_errors = {
    {"CANCER-FRCP_2022.01_Transversale.xml",
     {"PROFESSIONAL_ID_WRONG", "ORGANIZATION_ID_WRONG", "SECTION_TEXT_MISSING", "REFERENCE_DANGLING",
      "ENTRY_ID_REPEATED", "CODE_MISSING"}},
    {"CANCER-PPS_2022.01_feuille-de-style-externe.xml",
     {"ORGANIZATION_ID_WRONG", "REFERENCE_DANGLING", "ENTRY_ID_REPEATED", "CODE_MISSING", "ID_WRONG"}},
    {"DLU-EHPAD-FLUDT_2022.01.xml",
     {"REFERENCE_DANGLING", "ENTRY_ID_REPEATED", "TIME_WITHOUT_OFFSET", "TIME_EMPTY"}},
    {"DOC_NON_STRUCTURE_CDA-R2-N1.xml", {"TIME_WITHOUT_OFFSET"}},
    {"LDL-EES_2022.01.xml", {"ORGANIZATION_ID_WRONG", "REFERENCE_DANGLING"}},
    {"LDL-SES_2022.01.xml", {"ORGANIZATION_ID_WRONG", "REFERENCE_DANGLING", "ENTRY_ID_REPEATED", "ID_WRONG"}},
    {"SDM-MR_2024.01_nouveau-ne.xml",
     {"REFERENCE_DANGLING", "ENTRY_ID_REPEATED", "TIME_WITHOUT_OFFSET", "ID_WRONG"}},
    {"VSM_1.4_2022.01.xml", {"REFERENCE_DANGLING", "ENTRY_ID_REPEATED"}},
};

TEST(CdaCheck, FindsOnlyKnownDefectsInTheOfficialSamples) {
  // The samples of the ANS (TestContenuCDA-3-0, ExemplesCDA) are not ours to ship: their folder comes from
  // outside.
  const char* folder = std::getenv("PASSERELLE_CDA_EXAMPLES");
  if (folder == nullptr) GTEST_SKIP() << "PASSERELLE_CDA_EXAMPLES names no folder";
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".xml") continue;
    ++files;
    std::ifstream file(entry.path());
    std::stringstream bytes;
    bytes << file.rdbuf();
    std::set<std::string> errors;
    for (const v1::Issue& issue : check(bytes.str())) {
      if (issue.level() == v1::Issue::LEVEL_ERROR) errors.insert(issue.code());
    }
    const auto known = official_errors.find(entry.path().filename().string());
    EXPECT_EQ(errors, known == official_errors.end() ? std::set<std::string>{} : known->second)
        << entry.path().filename();
    for (const std::string& code : errors) EXPECT_TRUE(official_defects.contains(code)) << code;
  }
  EXPECT_GT(files, 0u);
}

}  // namespace
}  // namespace psl
