#include "adapters/formats/cda/cda_header_writer.h"

#include "adapters/formats/cda/cda_writer.h"
#include "adapters/formats/xml_writer.h"
#include "tests/adapters/formats/cda/letter_tree.h"
#include "tests/adapters/formats/letter_fixtures.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;
using test::all_of;
using test::at;
using test::attribute_at;
using test::complete_letter;
using test::letter_of;
using test::newborn_letter;
using test::tree_of;
using test::words_of;
using test::written_letter;
using Texts = std::vector<std::string>;

std::vector<const XmlElement*> parts(const XmlTree& tree, std::string_view name) {
  std::vector<const XmlElement*> found;
  for (const XmlElement& child : tree.root().children()) {
    if (child.name == name) found.push_back(&child);
  }
  return found;
}

TEST(CdaHeaderWriter, WritesItsPartsInTheOrderOfTheSchema) {
  // CDA.xsd is a sequence.
  const XmlTree tree = tree_of(written_letter(complete_letter()));
  Texts names;
  for (const XmlElement& child : tree.root().children()) {
    if (names.empty() || names.back() != child.name) names.emplace_back(child.name);
  }
  EXPECT_EQ(names, (Texts{"realmCode",
                          "typeId",
                          "templateId",
                          "id",
                          "code",
                          "title",
                          "effectiveTime",
                          "confidentialityCode",
                          "languageCode",
                          "setId",
                          "versionNumber",
                          "recordTarget",
                          "author",
                          "dataEnterer",
                          "informant",
                          "custodian",
                          "informationRecipient",
                          "legalAuthenticator",
                          "authenticator",
                          "participant",
                          "documentationOf",
                          "componentOf",
                          "component"}));
}

TEST(CdaHeaderWriter, NamesThePatientsOwnCircle) {
  // informant/relatedEntity: role, relationship with the system of its code, one family name.
  const XmlTree tree = tree_of(written_letter(complete_letter()));
  const auto informants = parts(tree, "informant");
  ASSERT_EQ(informants.size(), 3U);
  EXPECT_EQ(attribute_at(*informants[0], "relatedEntity", "classCode"), "ECON");
  EXPECT_EQ(attribute_at(*informants[0], "relatedEntity/code", "codeSystem"), "2.16.840.1.113883.5.111");
  EXPECT_EQ(attribute_at(*informants[0], "relatedEntity/telecom", "value"), "tel:+33600000001");
  EXPECT_EQ(attribute_at(*informants[1], "relatedEntity", "classCode"), "NOK");
  EXPECT_EQ(all_of(*informants[1], "family").size(), 1U);
  EXPECT_EQ(words_of(*at(*informants[1], "relatedEntity/relatedPerson/name/family")), "DE LA ROCHE");
  EXPECT_EQ(attribute_at(*informants[2], "relatedEntity", "classCode"), "CAREGIVER");
  EXPECT_EQ(attribute_at(*informants[2], "relatedEntity/code", "codeSystem"), "1.2.250.1.213.1.1.4.327");
}

TEST(CdaHeaderWriter, WritesABirthNameWhereThereIsNoOther) {
  // Marked as such; a relationship that no value set knows is left out rather than made up.
  v1::SubmitEventRequest request = complete_letter();
  v1::RelatedPerson& person = *letter_of(request).mutable_metadata()->mutable_related_persons(0);
  person.mutable_name()->Clear();
  person.mutable_name()->set_birth_family_name("N'DIAYE");
  person.set_relationship_code("NOT_A_CODE");
  const XmlTree tree = tree_of(written_letter(request));
  const XmlElement& entity = *at(*parts(tree, "informant")[0], "relatedEntity");
  EXPECT_EQ(attribute_at(entity, "relatedPerson/name/family", "qualifier"), "BR");
  EXPECT_EQ(at(entity, "code"), nullptr);
}

TEST(CdaHeaderWriter, NamesProfessionalsByTheirPart) {
  // participant: type and function of each role; the time, which the official schematron requires.
  v1::SubmitEventRequest request = complete_letter();
  v1::DocumentMetadata& metadata = *letter_of(request).mutable_metadata();
  const v1::Professional someone = metadata.participants(0).professional();
  metadata.clear_participants();
  for (int role = 1; role < v1::CareParticipant::Role_ARRAYSIZE; ++role) {
    v1::CareParticipant& participant = *metadata.add_participants();
    participant.set_role(static_cast<v1::CareParticipant::Role>(role));
    *participant.mutable_professional() = someone;
  }
  const XmlTree tree = tree_of(written_letter(request));
  Texts roles;
  for (const XmlElement* each : parts(tree, "participant")) {
    roles.push_back(std::string(each->attribute("typeCode")) + " " +
                    attribute_at(*each, "functionCode", "code"));
    EXPECT_EQ(attribute_at(*each, "time", "nullFlavor"), "NAV");
    EXPECT_EQ(attribute_at(*each, "associatedEntity", "classCode"), "PROV");
  }
  EXPECT_EQ(roles, (Texts{"INF PCP", "REFB (none)", "INF 353", "INF 330", "CON (none)"}));
  const XmlElement& entity = *at(*parts(tree, "participant")[0], "associatedEntity");
  EXPECT_EQ(attribute_at(entity, "id", "extension"), "810004000302");
  EXPECT_EQ(attribute_at(entity, "code", "code"), "G15_10/SM26");
  EXPECT_EQ(words_of(*at(entity, "scopingOrganization/name")), "Maison de santé des Salines");
}

TEST(CdaHeaderWriter, NamesAddresseesTypistAndApprovers) {
  // None of them is needed; each has its own element.
  const XmlTree tree = tree_of(written_letter(complete_letter()));
  const auto addressees = parts(tree, "informationRecipient");
  ASSERT_EQ(addressees.size(), 2U);
  EXPECT_EQ(attribute_at(*addressees[0], "intendedRecipient/id", "extension"), "810004000302");
  EXPECT_EQ(words_of(*at(*addressees[0], "intendedRecipient/receivedOrganization/name")),
            "Maison de santé des Salines");
  EXPECT_EQ(at(*addressees[1], "intendedRecipient/receivedOrganization"), nullptr);
  EXPECT_EQ(attribute_at(*parts(tree, "dataEnterer")[0], "assignedEntity/id", "extension"),
            "3250000452/sec-12");
  const XmlElement& approver = *parts(tree, "authenticator")[0];
  EXPECT_EQ(attribute_at(approver, "signatureCode", "code"), "S");
  EXPECT_EQ(attribute_at(approver, "assignedEntity/id", "extension"), "810003000204");
}

TEST(CdaHeaderWriter, TellsWhoAnsweredForTheStay) {
  // responsibleParty before encounterParticipant, both before the place.
  v1::SubmitEventRequest request = complete_letter();
  v1::Encounter& stay = *letter_of(request).mutable_metadata()->mutable_encounter();
  const v1::Professional someone = stay.responsible();
  stay.clear_participants();
  for (int role = 1; role < v1::EncounterParticipant::Role_ARRAYSIZE; ++role) {
    v1::EncounterParticipant& participant = *stay.add_participants();
    participant.set_role(static_cast<v1::EncounterParticipant::Role>(role));
    *participant.mutable_professional() = someone;
  }
  const XmlTree tree = tree_of(written_letter(request));
  Texts names;
  for (const XmlElement& child : at(*parts(tree, "componentOf")[0], "encompassingEncounter")->children()) {
    names.push_back(std::string(child.name) + std::string(child.attribute("typeCode")));
  }
  EXPECT_EQ(names, (Texts{"id", "code", "effectiveTime", "responsibleParty", "encounterParticipantADM",
                          "encounterParticipantATND", "encounterParticipantCON", "encounterParticipantDIS",
                          "encounterParticipantREF", "location"}));
}

TEST(CdaHeaderWriter, TellsANewbornsMotherAndRank) {
  // The child's own number, no INS; the mother as guardian and as related person; its rank in the extension.
  const XmlTree tree = tree_of(written_letter(newborn_letter()));
  const XmlElement& role = *at(*parts(tree, "recordTarget")[0], "patientRole");
  EXPECT_EQ(attribute_at(role, "id", "extension"), "IPP-000901");
  const XmlElement& patient = *at(role, "patient");
  EXPECT_EQ(attribute_at(patient, "multipleBirthInd", "value"), "true");
  EXPECT_EQ(attribute_at(patient, "multipleBirthOrderNumber", "value"), "2");
  EXPECT_EQ(at(patient, "multipleBirthOrderNumber")->space, "urn:hl7-org:sdtc");
  EXPECT_EQ(attribute_at(patient, "guardian/id", "extension"), "IPP-000900");
  const auto families = all_of(*at(patient, "guardian"), "family");
  ASSERT_EQ(families.size(), 2U);
  EXPECT_EQ(families[0]->attribute("qualifier"), "BR");
  EXPECT_EQ(families[1]->attribute("qualifier"), "CL");
  EXPECT_EQ(attribute_at(*parts(tree, "informant")[0], "relatedEntity/code", "code"), "MTH");
}

TEST(CdaHeaderWriter, WritesTheSameHeaderAtBothLevels) {
  // But for the model's templateId and what the body needs declared.
  const v1::SubmitEventRequest request = newborn_letter();
  v1::DocumentMetadata metadata = request.event().discharge_letter().structured().metadata();
  complete_metadata(request.event(), test::letter_event_id(), metadata);
  const std::string level_one =
      write_level_one({request.event().subject(), metadata, "", test::small_pdf(), test::paris()});
  const std::string level_three = written_letter(request);
  const auto common = [](const std::string& cda) {
    const size_t start = cda.find("<id root=");
    return cda.substr(start, cda.find("<component>") - start);
  };
  EXPECT_EQ(common(level_one), common(level_three));
  EXPECT_NE(level_one.find("1.3.6.1.4.1.19376.1.2.20"), std::string::npos);
  EXPECT_EQ(level_one.find("xmlns:xsi"), std::string::npos);
}

}  // namespace
}  // namespace psl
