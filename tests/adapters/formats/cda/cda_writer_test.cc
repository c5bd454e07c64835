#include "adapters/formats/cda/cda_writer.h"

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "adapters/formats/cda/cda_reader.h"
#include "adapters/formats/document_check.h"
#include "adapters/formats/document_office.h"
#include "tests/support/plain_copy.h"
#include "passerelle/v1/config.pb.h"
#include "tests/adapters/formats/cda_fixtures.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;
using test::paris;
using test::pdf_letter;

struct Written {
  std::string cda;
  stored::DocumentHeader header;
};

Written write(v1::SubmitEventRequest request) {
  const test::PlainCopy copy;
  v1::Config config;
  config.add_tenants()->set_name("demo");
  const auto office = CdaDocumentOffice::create(config, copy);
  EXPECT_TRUE(office.ok());
  Written written;
  const Uuid event_id = *Uuid::parse("5f0c8a4e-7b1d-8e2a-9c3f-0123456789ab");
  auto prepared = (*office)->prepare(request, {config.tenants(0), event_id, {}}, written.header);
  EXPECT_TRUE(prepared.ok()) << (prepared.ok() ? "" : prepared.error().describe());
  if (prepared.ok()) written.cda = *prepared->document.cda;
  return written;
}

// The letters of the golden folder: who they are about and how they are said.
struct Case {
  const char* name;
  void (*change)(v1::CoordinationEvent& event);
};

v1::DocumentMetadata& metadata_of(v1::CoordinationEvent& event) {
  return *event.mutable_discharge_letter()->mutable_pdf()->mutable_metadata();
}

const Case cases[] = {
    {"complete", [](v1::CoordinationEvent&) {}},
    {"minimal",
     [](v1::CoordinationEvent& event) {
       v1::Patient& patient = *event.mutable_subject();
       for (auto* text : {patient.mutable_used_family_name(), patient.mutable_used_given_name(),
                          patient.mutable_first_birth_given_name(), patient.mutable_birth_place_name()}) {
         text->clear();
       }
       patient.clear_local_id();
       patient.clear_address();
       patient.clear_telecoms();
       event.mutable_source()->mutable_organization()->clear_address();
       event.mutable_source()->mutable_organization()->clear_telecoms();
       v1::DocumentMetadata& metadata = metadata_of(event);
       metadata.clear_title();
       metadata.mutable_authors(0)->clear_telecoms();
       metadata.mutable_authors(0)->clear_prefix();
       metadata.mutable_authors(0)->clear_suffix();
       metadata.mutable_authors(0)->clear_given_name();
       metadata.mutable_encounter()->clear_end();
       metadata.mutable_encounter()->clear_local_id();
     }},
    {"corsican_apostrophes",
     [](v1::CoordinationEvent& event) {
       v1::Patient& patient = *event.mutable_subject();
       patient.mutable_ins()->set_matricule("290092A00432115");
       patient.set_birth_family_name("D'ORNANO-COLONNA");
       patient.set_birth_given_names("MARIA-STELLA ÂNGÈLE L'AÎNÉE");
       patient.set_first_birth_given_name("MARIA-STELLA");
       patient.set_birth_date("1990-09-30");
       patient.set_birth_place_code("2A004");
       patient.set_birth_place_name("AJACCIO");
     }},
    {"without_ins",
     [](v1::CoordinationEvent& event) {
       v1::Patient& patient = *event.mutable_subject();
       patient.clear_ins();
       patient.set_status(v1::IDENTITY_STATUS_PROVISIONAL);
       patient.clear_birth_given_names();
       patient.clear_birth_place_code();
       patient.clear_birth_place_name();
       patient.set_sex(v1::SEX_UNDETERMINED);
     }},
    {"replacement",
     [](v1::CoordinationEvent& event) {
       event.mutable_discharge_letter()->set_replaces("2.25.1001");
       v1::DocumentMetadata& metadata = metadata_of(event);
       metadata.set_document_id("2.25.1002");
       metadata.set_set_id("2.25.1000");
       metadata.set_version(2);
       metadata.set_confidentiality(v1::CONFIDENTIALITY_VERY_RESTRICTED);
       // The winter side of the change of the clock.
       metadata.mutable_created_at()->set_seconds(1793000000);
     }},
    {"many_people",
     [](v1::CoordinationEvent& event) {
       v1::DocumentMetadata& metadata = metadata_of(event);
       metadata.mutable_type()->set_code("34112-3");
       metadata.set_title("Compte rendu d'hospitalisation & synthèse <cardio> \"2026\"");
       metadata.set_confidentiality(v1::CONFIDENTIALITY_RESTRICTED);
       v1::Professional& nurse = *metadata.add_authors();
       nurse.set_national_id("3250000452/inf-7");
       nurse.set_family_name("N'GUYEN");
       nurse.set_given_name("Loïc");
       nurse.set_specialty_code("G15_60");
       nurse.set_specialty_label("Infirmier");
       nurse.mutable_organization()->set_national_id("325000045200013");
       nurse.mutable_organization()->set_name("Équipe mobile de l'hôpital");
       nurse.mutable_address()->add_lines("Même ligne");
       nurse.mutable_address()->add_lines("Même ligne");
       nurse.mutable_address()->set_country("FRANCE");
       for (int i = 0; i < 2; ++i) nurse.add_telecoms()->set_uri("mailto:nurse@exemple.mssante.fr");
       nurse.add_telecoms()->set_uri("https://exemple.fr");
       v1::Professional& signer = *metadata.mutable_legal_authenticator();
       signer.set_national_id("810004567896");
       signer.set_family_name("DU PLESSIS DE GRENÉDAN");
       signer.set_given_name("Jean-Noël");
       signer.set_suffix("PR");
       metadata.mutable_signed_at()->set_seconds(1795003600);
       metadata.mutable_custodian()->set_national_id("2250000452");
       metadata.mutable_custodian()->set_name("Groupement hospitalier d'Œuvre-les-Bains");
       metadata.mutable_custodian()->add_telecoms()->set_uri("tel:+33381000000");
       metadata.mutable_custodian()->add_telecoms()->set_uri("fax:+33381000009");
       metadata.mutable_encounter()->set_class_code("SEANCE");
       *metadata.mutable_encounter()->mutable_end() = metadata.encounter().start();
       metadata.mutable_encounter()->mutable_facility_type()->set_code("SA05");
       metadata.mutable_encounter()->mutable_practice_setting()->set_code("AMBULATOIRE");
     }},
};

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

TEST(CdaWriter, WritesTheGoldenLetters) {
  // Byte for byte; PASSERELLE_UPDATE_GOLDEN=1 writes them anew, to be read and checked by the official
  // schematrons.
  const bool update = std::getenv("PASSERELLE_UPDATE_GOLDEN") != nullptr;
  for (const Case& each : cases) {
    v1::SubmitEventRequest request = pdf_letter();
    each.change(*request.mutable_event());
    const std::string cda = write(request).cda;
    const std::string path = std::string(PSL_SOURCE_DIR) + "/tests/golden/cda/" + each.name + ".xml";
    if (update) std::ofstream(path, std::ios::binary) << cda;
    EXPECT_EQ(cda, read_file(path)) << each.name;
  }
}

TEST(CdaWriter, WritesTheSameBytesEachTime) {
  // A retry sends the same document under the same identity.
  EXPECT_EQ(write(pdf_letter()).cda, write(pdf_letter()).cda);
}

TEST(CdaWriter, WritesWhatTheReaderReadsBackAsTheSameHeader) {
  // Property over all golden letters: no issue, the same header, the same PDF.
  for (const Case& each : cases) {
    v1::SubmitEventRequest request = pdf_letter();
    each.change(*request.mutable_event());
    Written written = write(request);
    const auto read = read_cda(written.cda, {Environment::test, paris()});
    ASSERT_TRUE(read.ok()) << each.name << ": " << read.error().describe();
    EXPECT_TRUE(read->issues.empty()) << each.name << ": " << read->issues[0].DebugString();
    EXPECT_EQ(view(read->pdf), test::small_pdf());

    // What a CDA cannot say: an end equal to the beginning, a telecom twice, a web address, a second
    // telecom of the custodian.
    v1::DocumentMetadata& metadata = *written.header.mutable_metadata();
    v1::Encounter& encounter = *metadata.mutable_encounter();
    if (encounter.end().seconds() == encounter.start().seconds()) encounter.clear_end();
    if (std::string_view(each.name) == "many_people") {
      metadata.mutable_authors(1)->mutable_telecoms()->RemoveLast();
      metadata.mutable_authors(1)->mutable_telecoms()->RemoveLast();
      metadata.mutable_custodian()->mutable_telecoms()->RemoveLast();
    }
    std::string difference;
    google::protobuf::util::MessageDifferencer differencer;
    differencer.ReportDifferencesToString(&difference);
    EXPECT_TRUE(differencer.Compare(written.header, read->header)) << each.name << ":\n" << difference;
  }
}

TEST(CdaWriter, WritesDatesInTheTenantsZone) {
  // The document of 18 November is in winter time.
  EXPECT_NE(write(pdf_letter()).cda.find("<effectiveTime value=\"20261118120640+0100\"/>"),
            std::string::npos);
}

TEST(DocumentCheck, KnowsWhichAddressesAHeaderCanHold) {
  // Schemes of section 3.5.5.12, lower case, nothing that a URI must escape.
  for (const std::string_view uri :
       {"tel:+33384000000", "fax:0384000000", "mailto:a@b.fr", "http://a.fr/b?c=%20"}) {
    EXPECT_TRUE(telecom_in_cda(uri)) << uri;
  }
  for (const std::string_view uri :
       {"", "tel:", "0384000000", "TEL:1", "https://a.fr", "tel:03 84", "mailto:é@b.fr", "http://a.fr/<b>"}) {
    EXPECT_FALSE(telecom_in_cda(uri)) << uri;
  }
}

}  // namespace
}  // namespace psl
