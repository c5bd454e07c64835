#include "fhir/pdsm.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "fhir/json_value.h"
#include "gateway/base/bytes.h"
#include "gateway/base/hash.h"
#include "tests/support/golden_file.h"
#include "tests/support/indented_json.h"
#include "tests/support/sample_letter.h"

namespace psl::fhir {
namespace {

class Pdsm : public testing::Test {
 protected:
  PdsmInput input() const {
    const v1::CoordinationEvent& event = letter_.request.event();
    return {letter_.header,      view(letter_.document.cda), event.source(), event.visibility(),
            letter_.delivery_id, letter_.dated_at,           label_system_};
  }
  Tree bundle() const { return read(write_provide_bundle(input())); }
  // The resource that the n-th entry of the transaction posts.
  static Value resource(const Tree& bundle, size_t entry) {
    return bundle.root()["entry"][entry]["resource"];
  }
  Tree simplified() const { return read(write_simplified_publish(input())); }

  static Tree read(std::string json) {
    auto tree = Tree::read(std::move(json));
    EXPECT_TRUE(tree.ok()) << (tree.ok() ? "" : tree.error().text);
    return std::move(*tree);
  }
  static std::vector<std::string> labels(Value document) {
    std::vector<std::string> codes;
    for (const Value each : document["securityLabel"]) codes.emplace_back(each.text("coding.0.code"));
    return codes;
  }
  static Value contained(Value resource, std::string_view reference) {
    for (const Value each : resource["contained"]) {
      if ("#" + std::string(each.text("id")) == reference) return each;
    }
    return {};
  }

  SampleLetter letter_;
  LabelSystem label_system_ = LabelSystem::v3_confidentiality;
};

constexpr size_t set_entry = 0;
constexpr size_t document_entry = 1;

TEST_F(Pdsm, WritesTheProvideBundle) {
  // Golden: the whole transaction of a letter.
  expect_golden("pdsm/provide_bundle.json", indented(write_provide_bundle(input())));
}

TEST_F(Pdsm, WritesTheSimplifiedPublish) {
  // Golden: the same letter as one DocumentReference.
  expect_golden("pdsm/simplified_publish.json", indented(write_simplified_publish(input())));
}

TEST_F(Pdsm, WritesAReplacementHiddenFromAll) {
  // Golden: relatesTo and PATCH, all masks, labels in TRE_A07, somebody else who submits.
  letter_.header.set_replaces("2.25.98765432101234567880");
  letter_.header.mutable_metadata()->set_confidentiality(v1::CONFIDENTIALITY_VERY_RESTRICTED);
  v1::CoordinationEvent& event = *letter_.request.mutable_event();
  event.mutable_visibility()->set_hidden_from_professionals(true);
  event.mutable_visibility()->set_hidden_from_patient(true);
  event.mutable_visibility()->set_hidden_from_legal_representatives(true);
  v1::Professional& sender = *event.mutable_source()->mutable_professional();
  sender.set_national_id("3710780263/12");
  sender.set_family_name("PETIT");
  sender.set_given_name("Anne \"Nina\"");
  sender.set_specialty_code("SECRETARIAT_MEDICAL");
  sender.set_specialty_label("Secrétariat médical");
  label_system_ = LabelSystem::tre_a07;
  expect_golden("pdsm/provide_bundle_replacement.json", indented(write_provide_bundle(input())));
  expect_golden("pdsm/simplified_publish_replacement.json", indented(write_simplified_publish(input())));
}

TEST_F(Pdsm, CarriesTheDocumentUnchanged) {
  // Binary.data and Attachment.data are the CDA's bytes; size and hash are theirs.
  const Tree transaction = bundle();
  const Tree single = simplified();
  const std::string cda = *letter_.document.cda;
  for (const std::string_view data :
       {resource(transaction, 2).text("data"), single.root().text("content.0.attachment.data")}) {
    std::string bytes;
    ASSERT_TRUE(base64_decode(data, bytes));
    EXPECT_EQ(bytes, cda);
  }
  for (const Value attachment : {resource(transaction, document_entry).at("content.0.attachment"),
                                 single.root().at("content.0.attachment")}) {
    EXPECT_EQ(attachment.text("size"), std::to_string(cda.size()));
    EXPECT_EQ(attachment.text("hash"), base64_encode(sha1(cda)));
    EXPECT_EQ(attachment.text("contentType"), "text/xml");
  }
}

TEST_F(Pdsm, IsKnownByTheDocumentsOwnIdentifier) {
  // masterIdentifier is the CDA's id, in both forms, and what ifNoneExist asks for.
  const Tree transaction = bundle();
  EXPECT_EQ(document_urn(letter_.header), "urn:oid:2.25.98765432101234567890");
  EXPECT_EQ(resource(transaction, document_entry).text("masterIdentifier.value"),
            document_urn(letter_.header));
  EXPECT_EQ(simplified().root().text("masterIdentifier.value"), document_urn(letter_.header));
  EXPECT_EQ(transaction.root().text("entry.1.request.ifNoneExist"),
            "identifier=urn%3Aietf%3Arfc%3A3986%7Curn%3Aoid%3A2.25.98765432101234567890");
}

TEST_F(Pdsm, LinksSetDocumentAndBinaryInside) {
  // The set names the entry of the document, which names the entry of the bytes.
  const Tree transaction = bundle();
  EXPECT_EQ(resource(transaction, set_entry).text("entry.0.item.reference"),
            transaction.root().text("entry.1.fullUrl"));
  EXPECT_EQ(resource(transaction, document_entry).text("content.0.attachment.url"),
            transaction.root().text("entry.2.fullUrl"));
}

TEST_F(Pdsm, DerivesItsIdentifiersFromTheDelivery) {
  // The same delivery gives the same bytes; another delivery of the same document another submission of it.
  const std::string first = write_provide_bundle(input());
  EXPECT_EQ(write_provide_bundle(input()), first);
  const Tree one = read(first);
  letter_.delivery_id = *Uuid::parse("0b6f1c9e-7a55-8c3d-9e21-4d5f6a7b8c9e");
  const Tree other = bundle();
  for (const char* path :
       {"entry.0.fullUrl", "entry.1.fullUrl", "entry.2.fullUrl", "entry.0.resource.identifier.0.value"}) {
    EXPECT_NE(one.root().text(path), other.root().text(path)) << path;
  }
  EXPECT_EQ(one.root().text("entry.1.resource.masterIdentifier.value"),
            other.root().text("entry.1.resource.masterIdentifier.value"));
}

TEST_F(Pdsm, ContainsWhatItRefersToAndNothingElse) {
  // FHIR dom-3: each contained resource is referred to, and each local reference leads to one.
  const Tree transaction = bundle();
  const Tree single = simplified();
  for (const Value one :
       {resource(transaction, set_entry), resource(transaction, document_entry), single.root()}) {
    std::set<std::string> there;
    std::set<std::string> used;
    for (const Value each : one["contained"]) there.insert("#" + std::string(each.text("id")));
    const auto collect = [&](const auto& self, Value value) -> void {
      if (value.name() == "reference" && value.text().starts_with("#")) used.emplace(value.text());
      for (const Value each : value) self(self, each);
    };
    collect(collect, one);
    EXPECT_EQ(there, used);
  }
}

TEST_F(Pdsm, ContainsEachPersonAndStructureOnce) {
  // The first author is also the authenticator, and works for the custodian: one resource each.
  const Tree transaction = bundle();
  const Value document = resource(transaction, document_entry);
  EXPECT_EQ(contained(document, document.text("author.0.reference")).text("practitioner.reference"),
            document.text("authenticator.reference"));
  EXPECT_EQ(contained(document, document.text("author.0.reference")).text("organization.reference"),
            document.text("custodian.reference"));
  EXPECT_EQ(document["contained"].size(), 6U);  // two roles, two people, one structure, the patient
}

TEST_F(Pdsm, NamesThePatientByInsInEachPlace) {
  // Type and use of the identifier follow the OID of the INS, as fr-core 2.1.0 slices it.
  const std::vector<std::array<std::string, 3>> kinds = {
      {"1.2.250.1.213.1.4.8", "INS-NIR", "official"},
      {"1.2.250.1.213.1.4.9", "INS-NIA", "temp"},
      {"1.2.250.1.213.1.4.10", "INS-NIR-TEST", "official"},
      {"1.2.250.1.213.1.4.11", "INS-NIR-DEMO", "official"}};
  for (const auto& [oid, type, use] : kinds) {
    letter_.header.mutable_patient()->mutable_ins()->set_oid(oid);
    const Tree transaction = bundle();
    const Value document = resource(transaction, document_entry);
    const Value source = contained(document, document.text("context.sourcePatientInfo.reference"));
    for (const Value identifier : {resource(transaction, set_entry).at("subject.identifier"),
                                   document.at("subject.identifier"), source.at("identifier.0")}) {
      EXPECT_EQ(identifier.text("system"), "urn:oid:" + oid);
      EXPECT_EQ(identifier.text("type.coding.0.code"), type);
      EXPECT_EQ(identifier.text("use"), use);
      EXPECT_EQ(identifier.text("value"), "265033947811573");
    }
  }
}

TEST_F(Pdsm, LabelsConfidentialityAndMasks) {
  // One label for N, R or V in the system of the destination, and one for each mask, always in TRE_A07.
  EXPECT_EQ(labels(resource(bundle(), document_entry)), std::vector<std::string>{"N"});
  letter_.header.mutable_metadata()->set_confidentiality(v1::CONFIDENTIALITY_RESTRICTED);
  v1::Visibility& flags = *letter_.request.mutable_event()->mutable_visibility();
  flags.set_hidden_from_patient(true);
  EXPECT_EQ(labels(simplified().root()), (std::vector<std::string>{"R", "INVISIBLE_PATIENT"}));
  flags.set_hidden_from_professionals(true);
  flags.set_hidden_from_legal_representatives(true);
  const Tree transaction = bundle();
  const Value document = resource(transaction, document_entry);
  EXPECT_EQ(labels(document), (std::vector<std::string>{"R", "MASQUE_PS", "INVISIBLE_PATIENT",
                                                        "INVISIBLE_REPRESENTANTS_LEGAUX"}));
  EXPECT_EQ(document.text("securityLabel.0.coding.0.system"),
            "http://terminology.hl7.org/CodeSystem/v3-Confidentiality");
  EXPECT_NE(document.text("securityLabel.1.coding.0.system").find("TRE_A07"), std::string_view::npos);
  label_system_ = LabelSystem::tre_a07;
  const Tree other = bundle();
  EXPECT_NE(resource(other, document_entry).text("securityLabel.0.coding.0.system").find("TRE_A07"),
            std::string_view::npos);
}

TEST_F(Pdsm, ReplacesByRelationAndPatch) {
  // A replacement names the old document and supersedes it in the same transaction; without one there is
  // neither.
  EXPECT_EQ(provide_bundle_entries(input()), 3);
  EXPECT_EQ(replaced_urn(input()), "");
  EXPECT_FALSE(resource(bundle(), document_entry)["relatesTo"].exists());
  letter_.header.set_replaces("2.25.7");
  EXPECT_EQ(provide_bundle_entries(input()), 4);
  const Tree transaction = bundle();
  EXPECT_EQ(transaction.root()["entry"].size(), 4U);
  const Value relation = resource(transaction, document_entry).at("relatesTo.0");
  EXPECT_EQ(relation.text("code"), "replaces");
  EXPECT_EQ(relation.text("target.identifier.value"), "urn:oid:2.25.7");
  EXPECT_EQ(relation.text("target.reference"), transaction.root().text("entry.2.request.url"));
  EXPECT_EQ(transaction.root().text("entry.2.request.method"), "PATCH");
  EXPECT_EQ(transaction.root().text("entry.2.resource.parameter.0.part.2.valueCode"), "superseded");
}

TEST_F(Pdsm, ReplacesWhatIsThereRatherThanWhatTheHeaderSays) {
  // The version that the header names was withdrawn before it left: what the repository holds is replaced, or
  // nothing.
  letter_.header.set_replaces("2.25.7");
  PdsmInput withdrawn = input();
  withdrawn.replaces = "2.25.6";
  EXPECT_EQ(replaced_urn(withdrawn), "urn:oid:2.25.6");
  const auto older = Tree::read(write_provide_bundle(withdrawn));
  ASSERT_TRUE(older.ok());
  EXPECT_EQ(resource(*older, document_entry).text("relatesTo.0.target.identifier.value"), "urn:oid:2.25.6");
  withdrawn.replaces = "";
  EXPECT_EQ(provide_bundle_entries(withdrawn), 3);
  const auto first = Tree::read(write_provide_bundle(withdrawn));
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->root()["entry"].size(), 3U);
  EXPECT_FALSE(resource(*first, document_entry)["relatesTo"].exists());
}

TEST_F(Pdsm, WritesNoSearchOutsideOfATransaction) {
  // Simplified Publish names the old document by its identifier only (FHIR R4, http.html#trules).
  letter_.header.set_replaces("2.25.7");
  const Tree single = simplified();
  EXPECT_EQ(single.root().text("relatesTo.0.target.identifier.value"), "urn:oid:2.25.7");
  EXPECT_FALSE(single.root().at("relatesTo.0.target.reference").exists());
}

TEST_F(Pdsm, WritesInstantsInUtc) {
  // Seconds and "Z", whatever the sender's zone and fractions were.
  letter_.header.mutable_metadata()->mutable_created_at()->set_nanos(999'999'999);
  letter_.header.mutable_metadata()->mutable_encounter()->mutable_start()->set_seconds(-62135596800);
  letter_.header.mutable_metadata()->mutable_encounter()->mutable_end()->set_seconds(253402300799);
  const Tree transaction = bundle();
  const Value document = resource(transaction, document_entry);
  EXPECT_EQ(document.text("date"), "2026-11-22T09:00:01Z");
  EXPECT_EQ(document.text("content.0.attachment.creation"), "2026-11-22T08:00:00Z");
  EXPECT_EQ(document.text("context.period.start"), "0001-01-01T00:00:00Z");
  EXPECT_EQ(document.text("context.period.end"), "9999-12-31T23:59:59Z");
}

TEST_F(Pdsm, FillsWhatTheProfileRequiresAndTheHeaderLacks) {
  // Without title, custodian, authors or systems of the encounter's codes there is still one of each.
  v1::DocumentMetadata& metadata = *letter_.header.mutable_metadata();
  metadata.clear_title();
  metadata.clear_custodian();
  metadata.clear_authors();
  metadata.clear_legal_authenticator();
  metadata.mutable_encounter()->mutable_facility_type()->clear_system();
  metadata.mutable_encounter()->mutable_practice_setting()->clear_system();
  const Tree transaction = bundle();
  const Value document = resource(transaction, document_entry);
  EXPECT_EQ(document.text("content.0.attachment.title"), metadata.type().label());
  EXPECT_EQ(contained(document, document.text("custodian.reference")).text("identifier.0.value"),
            "1710780263");
  EXPECT_EQ(contained(document, document.text("author.0.reference")).text("resourceType"),
            "PractitionerRole");
  EXPECT_FALSE(document["authenticator"].exists());
  EXPECT_NE(document.text("context.facilityType.coding.0.system").find("TRE_R02"), std::string_view::npos);
  EXPECT_NE(document.text("context.practiceSetting.coding.0.system").find("TRE_A01"), std::string_view::npos);
}

// Any text that a sender's CDA may hold.
std::string any_text(std::mt19937& random) {
  static const char* const pieces[] = {"a", "É", "\"",   "\\",   "\n", "\x01",
                                       "😀", " ", "</x>", "\xC3", "'",  "{"};
  std::string text = "x";
  for (size_t i = random() % 12; i > 0; --i) text += pieces[random() % std::size(pieces)];
  return text;
}

TEST_F(Pdsm, GivesOneReadableResourceForAnyHeader) {
  // Whatever texts, people and options: JSON that reads back, the same twice, within the bound, its parts
  // linked.
  std::mt19937 random(11);
  for (int round = 0; round < 100; ++round) {
    SampleLetter fresh;
    letter_.header = fresh.header;
    v1::DocumentMetadata& metadata = *letter_.header.mutable_metadata();
    metadata.set_title(any_text(random));
    metadata.mutable_type()->set_label(any_text(random));
    metadata.mutable_custodian()->set_name(any_text(random));
    metadata.clear_authors();
    for (size_t i = random() % 12; i > 0; --i) {
      v1::Professional& author = *metadata.add_authors();
      author.set_family_name(any_text(random));
      if (random() % 2 == 0) author.set_national_id(any_text(random));
      if (random() % 2 == 0) author.set_specialty_code("G15_10");
      if (random() % 2 == 0) author.mutable_organization()->set_name(any_text(random));
    }
    letter_.header.mutable_patient()->set_birth_place_name(any_text(random));
    if (random() % 2 == 0) letter_.header.mutable_patient()->clear_local_id();
    letter_.header.set_replaces(random() % 2 == 0 ? "2.25.7" : "");
    letter_.document.cda = make_bytes(std::string(random() % 5000, 'c') + "d");
    for (const std::string& json : {write_provide_bundle(input()), write_simplified_publish(input())}) {
      EXPECT_TRUE(Tree::read(json).ok());
      EXPECT_LE(json.size(), pdsm_size_bound(input()));
      for (const char* empty : {"\"\"", "{}", "[]"})
        EXPECT_EQ(json.find(std::string(":") + empty), std::string::npos);
    }
    EXPECT_EQ(write_provide_bundle(input()), write_provide_bundle(input()));
    const Tree transaction = bundle();
    EXPECT_EQ(transaction.root()["entry"].size(), static_cast<size_t>(provide_bundle_entries(input())));
    EXPECT_FALSE(resource(transaction, document_entry).text("custodian.reference").empty());
    EXPECT_FALSE(resource(transaction, set_entry).text("source.reference").empty());
  }
}

}  // namespace
}  // namespace psl::fhir
