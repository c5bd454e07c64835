#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "gateway/config/event_file.h"
#include "gateway/core/checked.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl {
namespace {

std::vector<std::string> sample_files() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(PSL_SOURCE_DIR "/samples/letters")) {
    const std::string ending = entry.path().extension().string();
    if (ending == ".yaml" || ending == ".json") files.push_back(entry.path().string());
  }
  return files;
}

TEST(Samples, AreReadAndAlwaysGiveTheSameBytes) {
  // Claim: each sample reads without a fault, twice the same, under a key of its own and for the
  // demonstration's tenant.
  const std::vector<std::string> files = sample_files();
  ASSERT_GE(files.size(), 11U);
  std::set<std::string> keys;
  for (const std::string& file : files) {
    const auto first = read_event_file(file);
    const auto second = read_event_file(file);
    ASSERT_TRUE(first) << first.error().describe();
    ASSERT_TRUE(second);
    EXPECT_EQ(first->SerializeAsString(), second->SerializeAsString()) << file;
    EXPECT_TRUE(keys.insert(first->idempotency_key()).second) << file;
    EXPECT_EQ(first->event().tenant(), "cpts-demo") << file;
    EXPECT_TRUE(first->event().has_discharge_letter()) << file;
    EXPECT_LT(first->ByteSizeLong(), size_t{32} << 20) << file;
  }
}

TEST(Samples, NameOnlyTestIdentitiesWithARightKey) {
  // Claim: each INS has its key, the test OID, and each identifier and mailbox its shape.
  for (const std::string& file : sample_files()) {
    const auto sample = read_event_file(file);
    ASSERT_TRUE(sample);
    const auto& event = sample->event();
    if (event.subject().has_ins()) {
      const auto& ins = event.subject().ins();
      EXPECT_EQ(ins.oid(), ins_nir_test_oid) << file;
      EXPECT_TRUE(Ins::parse(ins.matricule(), ins.oid(), Environment::test).ok()) << file;
    }
    EXPECT_TRUE(check_organization_id(event.source().organization().national_id()).ok()) << file;
    for (const auto& author : event.discharge_letter().pdf().metadata().authors()) {
      EXPECT_TRUE(check_professional_id(author.national_id()).ok()) << file;
    }
    for (const auto& recipient : event.recipients()) {
      const std::string& mailbox =
          recipient.has_person() ? recipient.person().mailbox() : recipient.structure().mailbox();
      if (!recipient.has_person() && !recipient.has_structure()) continue;
      EXPECT_TRUE(Mailbox::parse(mailbox).ok()) << file;
      EXPECT_TRUE(mailbox.ends_with(".demo.mssante.fr")) << file;
    }
  }
}

TEST(Samples, GoToTheSharedRecordUnlessTheyMayNot) {
  // Claim: each sample names the repository too, except those of a patient without qualified INS, or for the
  // patient alone.
  for (const std::string& file : sample_files()) {
    const auto sample = read_event_file(file);
    ASSERT_TRUE(sample);
    const auto& recipients = sample->event().recipients();
    const bool recorded = std::any_of(recipients.begin(), recipients.end(),
                                      [](const auto& one) { return one.has_shared_record(); });
    const bool may_not = file.ends_with("/no-ins.yaml") || file.ends_with("/patient-only.yaml");
    EXPECT_NE(recorded, may_not) << file;
  }
}

TEST(Samples, ShowWhatTheirNamesSay) {
  // Claim: the big one is above 8 MiB, the replacement names the document that it replaces, the CDA comes
  // without subject.
  const std::string folder = PSL_SOURCE_DIR "/samples/letters/";
  EXPECT_GE(read_event_file(folder + "pdf-8-mib.yaml")->event().discharge_letter().pdf().pdf().size(),
            size_t{8} << 20);
  const auto original = read_event_file(folder + "pdf.yaml")->event().discharge_letter();
  const auto replacement = read_event_file(folder + "replacement.yaml")->event().discharge_letter();
  EXPECT_EQ(replacement.replaces(), original.pdf().metadata().document_id());
  EXPECT_EQ(replacement.pdf().metadata().set_id(), original.pdf().metadata().set_id());
  EXPECT_EQ(replacement.pdf().metadata().version(), 2);
  const auto passed_through = read_event_file(folder + "cda-passthrough.yaml")->event();
  EXPECT_FALSE(passed_through.has_subject());
  EXPECT_TRUE(passed_through.discharge_letter().sender_cda().starts_with("<?xml"));
  EXPECT_EQ(read_event_file(folder + "several-recipients.yaml")->event().recipients_size(), 3);
  EXPECT_TRUE(read_event_file(folder + "patient-only.yaml")->event().recipients(0).has_patient());
  EXPECT_FALSE(read_event_file(folder + "no-ins.yaml")->event().subject().has_ins());
}

}  // namespace
}  // namespace psl
