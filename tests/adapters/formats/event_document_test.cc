// The documents that are made of orientations, updates, enrolments and changes of a circle.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "adapters/formats/cda/cda_reader.h"
#include "adapters/formats/cda/event_sections.h"
#include "adapters/formats/check/rules.h"
#include "adapters/formats/document_office.h"
#include "passerelle/v1/delivery.pb.h"
#include "tests/support/golden_file.h"
#include "tests/support/plain_copy.h"
#include "tests/support/stored_care.h"

namespace psl {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using testing::UnorderedElementsAre;

// Keeps the page that is laid out.
class KeptPage final : public ReadableCopy {
 public:
  Result<std::string> lay_out(std::string_view cda) const override {
    page = cda;
    return test::PlainCopy().lay_out(cda);
  }
  mutable std::string page;
};

class EventDocument : public testing::Test {
 protected:
  Result<PreparedDocument> prepare(SampleCare& sample, bool needed = true) {
    v1::Config config;
    config.set_environment(v1::Config::TEST);
    *config.add_tenants() = sample.tenant;
    const auto office = CdaDocumentOffice::create(config, copy_);
    EXPECT_TRUE(office.ok());
    header_.Clear();
    return (*office)->prepare(sample.request, {sample.tenant, sample.event_id, sample.care, needed}, header_);
  }
  PreparedDocument made(SampleCare sample) {
    auto document = prepare(sample);
    EXPECT_TRUE(document.ok()) << (document.ok() ? "" : document.error().describe());
    return document.ok() ? std::move(*document) : PreparedDocument{};
  }
  std::vector<std::string> faults(SampleCare sample) {
    const auto document = prepare(sample);
    std::vector<std::string> paths;
    if (document.ok()) return paths;
    for (const FieldFault& fault : document.error().faults) paths.push_back(fault.path);
    return paths;
  }
  std::string type_of(SampleCare sample) {
    made(std::move(sample));
    return header_.metadata().type().code();
  }
  static std::vector<std::string> issues(const PreparedDocument& document) {
    std::vector<std::string> shown;
    for (const v1::Issue& each : document.issues) shown.push_back(each.code() + " " + each.path());
    return shown;
  }

  KeptPage copy_;
  stored::DocumentHeader header_;
};

TEST_F(EventDocument, ReadsAsItDidWhenSomebodyReadIt) {
  // Golden documents, and the pages inside them before they are laid out.
  const std::pair<const char*, SampleCare> samples[] = {
      {"orientation", stored_orientation()},
      {"update_accepted", stored_update(v1::OrientationUpdate::ACCEPTED)},
      {"update_booked", stored_update(v1::OrientationUpdate::BOOKED)},
      {"update_rescheduled", stored_update(v1::OrientationUpdate::RESCHEDULED)},
      {"update_cancelled", stored_update(v1::OrientationUpdate::CANCELLED)},
      {"enrolment", stored_enrolment()},
      {"circle_change", stored_circle_change()}};
  for (const auto& [name, sample] : samples) {
    const PreparedDocument document = made(sample);
    expect_golden("care/" + std::string(name) + ".xml", view(document.document.cda));
    expect_golden("care/" + std::string(name) + "_page.xml", copy_.page);
  }
}

TEST_F(EventDocument, IsALevel1DocumentAroundTheReadablePage) {
  // The PDF is kept once, inside; the header has every field.
  const PreparedDocument document = made(stored_orientation());
  EXPECT_TRUE(document.pdf_is_inside);
  EXPECT_THAT(view(document.document.cda), HasSubstr("<nonXMLBody>"));
  EXPECT_EQ(header_.level(), 1);
  EXPECT_EQ(header_.format().code(), "urn:ihe:iti:xds-sd:pdf:2008");
  EXPECT_EQ(header_.document_class().code(), "10");
  const v1::DocumentMetadata& metadata = header_.metadata();
  EXPECT_THAT(metadata.document_id(), HasSubstr("2.25."));
  EXPECT_EQ(metadata.title(), "Demande d'avis spécialisé : Cardiologie et maladies vasculaires");
  EXPECT_EQ(metadata.authors(0).family_name(), "LEFÈVRE");
  EXPECT_EQ(metadata.authors(0).organization().name(), "Cabinet du Dr Lefèvre");
  EXPECT_EQ(metadata.custodian().name(), "Cabinet du Dr Lefèvre");
  EXPECT_EQ(metadata.created_at().seconds(), 1795338001);
  EXPECT_EQ(metadata.encounter().class_code(), "AMB");
  EXPECT_EQ(metadata.encounter().start().seconds(), 1795338001);
  EXPECT_EQ(metadata.encounter().facility_type().code(), "SA07");
  EXPECT_EQ(metadata.encounter().practice_setting().code(), "AMBULATOIRE");
}

TEST_F(EventDocument, HasTheTypeOfWhatItSays) {
  // JDV_J07; a direct admission is a lettre de liaison à l'entrée when it says what that one must.
  EXPECT_EQ(type_of(stored_orientation()), "96349-6");
  SampleCare admission = stored_orientation();
  admission.event().mutable_orientation()->set_kind(v1::Orientation::DIRECT_ADMISSION);
  EXPECT_EQ(type_of(admission), "18761-7");
  EXPECT_EQ(header_.document_class().code(), "11");
  admission.event().mutable_orientation()->clear_allergies();
  EXPECT_EQ(type_of(admission), "96349-6");
  using Update = v1::OrientationUpdate;
  for (const auto step : {Update::BOOKED, Update::NO_SHOW, Update::APPOINTMENT_CANCELLED})
    EXPECT_EQ(type_of(stored_update(step)), "56446-8");
  for (const auto step : {Update::ACCEPTED, Update::RESCHEDULED, Update::CANCELLED})
    EXPECT_EQ(type_of(stored_update(step)), "96349-6");
  // The other steps have the type of their request: the one that follows from it, or the one it was given.
  SampleCare update = stored_update(Update::ACCEPTED);
  v1::Orientation& asked = *update.care.mutable_orientation()->mutable_event()->mutable_orientation();
  asked.set_kind(v1::Orientation::DIRECT_ADMISSION);
  EXPECT_EQ(type_of(update), "18761-7");
  asked.mutable_metadata()->mutable_type()->set_code("11488-4");
  EXPECT_EQ(type_of(update), "11488-4");
  EXPECT_EQ(type_of(stored_enrolment()), "18776-5");
  EXPECT_EQ(header_.document_class().code(), "44");
  EXPECT_EQ(type_of(stored_circle_change()), "FICHE-CONTACTS");
  EXPECT_EQ(header_.document_class().code(), "95");
}

TEST_F(EventDocument, TakesTheMetadataThatTheSenderGives) {
  // Defaults fill what is left out, and nothing else.
  SampleCare sample = stored_enrolment();
  v1::DocumentMetadata& given = *sample.event().mutable_pathway_enrolment()->mutable_metadata();
  given.set_title("Plan de Mme D'ARGENT");
  given.set_confidentiality(v1::CONFIDENTIALITY_RESTRICTED);
  given.mutable_encounter()->mutable_facility_type()->set_code("SA52");
  made(sample);
  EXPECT_EQ(header_.metadata().title(), "Plan de Mme D'ARGENT");
  EXPECT_EQ(header_.metadata().confidentiality(), v1::CONFIDENTIALITY_RESTRICTED);
  EXPECT_EQ(header_.metadata().encounter().facility_type().label(), "Maison de santé ou Pôle de santé");
  EXPECT_EQ(header_.metadata().encounter().class_code(), "AMB");
}

TEST_F(EventDocument, KeepsTheConfidentialityOfWhatWasAsked) {
  // An update says it again: in its document, in what is read from it, and without a document.
  for (const auto& [level, code] : {std::pair(v1::CONFIDENTIALITY_RESTRICTED, "code=\"R\""),
                                    std::pair(v1::CONFIDENTIALITY_VERY_RESTRICTED, "code=\"V\"")}) {
    SampleCare sample = stored_update(v1::OrientationUpdate::ACCEPTED);
    sample.care.mutable_orientation()
        ->mutable_event()
        ->mutable_orientation()
        ->mutable_metadata()
        ->set_confidentiality(level);
    const PreparedDocument document = made(sample);
    EXPECT_EQ(header_.metadata().confidentiality(), level);
    EXPECT_THAT(std::string(view(document.document.cda)),
                HasSubstr("<confidentialityCode " + std::string(code)));
    ASSERT_TRUE(prepare(sample, false).ok());
    EXPECT_EQ(header_.metadata().confidentiality(), level);
  }
  made(stored_update(v1::OrientationUpdate::ACCEPTED));
  EXPECT_EQ(header_.metadata().confidentiality(), v1::CONFIDENTIALITY_NORMAL);
}

TEST_F(EventDocument, NamesTheKindOfPlaceAsFarAsItIsKnown) {
  // The tenant's own structure is a CPTS; a FINESS alone says nothing, and an issue tells it.
  SampleCare sample = stored_circle_change();
  sample.event().mutable_source()->mutable_organization()->set_national_id("1710000000");
  made(sample);
  EXPECT_EQ(header_.metadata().encounter().facility_type().code(), "SA63");
  sample.event().mutable_source()->mutable_organization()->set_national_id("1710780263");
  const PreparedDocument document = made(sample);
  EXPECT_EQ(header_.metadata().encounter().facility_type().code(), "SA43");
  EXPECT_THAT(issues(document), UnorderedElementsAre("FACILITY_TYPE_ASSUMED event.source.organization",
                                                     "NOT_IN_DOCUMENT event.care_circle_change.objection"));
}

TEST_F(EventDocument, TellsWhatItLeavesOut) {
  // Codes, and what readers do not need.
  EXPECT_THAT(issues(made(stored_orientation())),
              UnorderedElementsAre("CODES_LEFT_OUT event.orientation.reason_codes",
                                   "NOT_IN_DOCUMENT event.orientation.facts.social_cover"));
  EXPECT_THAT(issues(made(stored_enrolment())),
              ElementsAre("CODES_LEFT_OUT event.pathway_enrolment.condition.codes"));
}

TEST_F(EventDocument, TellsWhyADirectAdmissionIsNoAdmissionLetter) {
  // Each text that is missing; nothing when the sender says which document it is.
  SampleCare sample = stored_orientation();
  v1::Orientation& orientation = *sample.event().mutable_orientation();
  orientation.set_kind(v1::Orientation::DIRECT_ADMISSION);
  EXPECT_THAT(issues(made(sample)), Not(Contains(StartsWith("NO_ADMISSION_LETTER"))));
  orientation.clear_allergies();
  EXPECT_THAT(issues(made(sample)), Contains("NO_ADMISSION_LETTER event.orientation.allergies"));
  orientation.clear_treatments();
  EXPECT_THAT(issues(made(sample)), Contains("NO_ADMISSION_LETTER event.orientation.treatments"));
  orientation.mutable_metadata()->mutable_type()->set_code("96349-6");
  EXPECT_THAT(issues(made(sample)), Not(Contains(StartsWith("NO_ADMISSION_LETTER"))));
}

TEST_F(EventDocument, CountsOnlyThoseWhoWereAsked) {
  // Whom the core let go when somebody else had seen the patient was never asked; who cannot be reached was.
  SampleCare sample = stored_update(v1::OrientationUpdate::SEEN);
  stored::Proposal& second = *sample.care.mutable_orientation()->mutable_proposals(1);
  second.set_state(v1::PROPOSAL_STATE_WITHDRAWN);
  made(sample);
  EXPECT_THAT(copy_.page, HasSubstr("1 sur 2"));
  second.set_state(v1::PROPOSAL_STATE_UNREACHABLE);
  made(sample);
  EXPECT_THAT(copy_.page, HasSubstr("2 sur 2"));
}

TEST_F(EventDocument, HidesFromItsReadersWhoElseIsAskedAndHowToAnswer) {
  // Neither candidates nor links nor the social cover are in the page.
  made(stored_orientation());
  for (const char* hidden : {"ESSAI", "PSL-", "https:", "solidaire", "R06.0"})
    EXPECT_THAT(copy_.page, Not(HasSubstr(hidden))) << hidden;
  for (const char* shown : {"Urgent", "03\u00A085\u00A000\u00A000\u00A001", "Pénicilline", "Bisoprolol"})
    EXPECT_THAT(copy_.page, HasSubstr(shown)) << shown;
}

TEST_F(EventDocument, IsWrittenByWhoeverCanAnswerForIt) {
  // A tool's update has no professional: whoever accepted writes it, else who asked.
  SampleCare sample = stored_update(v1::OrientationUpdate::ACCEPTED);
  sample.event().mutable_source()->clear_professional();
  made(sample);
  EXPECT_EQ(header_.metadata().authors(0).family_name(), "ESSAI");
  EXPECT_EQ(header_.metadata().authors(0).organization().name(), "Maison de santé des Étangs");
  sample.care.mutable_orientation()->mutable_proposals(0)->set_state(v1::PROPOSAL_STATE_DECLINED);
  made(sample);
  EXPECT_EQ(header_.metadata().authors(0).family_name(), "LEFÈVRE");
}

TEST_F(EventDocument, TakesThePatientOfAnUpdateFromItsOrientation) {
  // A step may be told without repeating who it is about.
  SampleCare sample = stored_update(v1::OrientationUpdate::ACCEPTED);
  sample.event().clear_subject();
  ASSERT_TRUE(prepare(sample).ok());
  EXPECT_EQ(header_.patient().birth_family_name(), "DE LA TOUR");
  EXPECT_EQ(sample.event().subject().birth_family_name(), "DE LA TOUR");
}

TEST_F(EventDocument, RefusesWhatNoDocumentCanBeMadeOf) {
  // Each field with its path in the event.
  using Change = std::function<void(SampleCare&)>;
  const std::pair<const char*, Change> cases[] = {
      {"event.subject", [](SampleCare& s) { s.event().clear_subject(); }},
      {"event.source.professional", [](SampleCare& s) { s.event().mutable_source()->clear_professional(); }},
      {"event.source.professional.specialty_code",
       [](SampleCare& s) { s.event().mutable_source()->mutable_professional()->clear_specialty_code(); }},
      {"event.source.professional.national_id",
       [](SampleCare& s) {
         s.event().mutable_source()->mutable_professional()->set_national_id("10001234565");
       }},
      {"event.source.organization.name",
       [](SampleCare& s) { s.event().mutable_source()->mutable_organization()->clear_name(); }},
      {"event.orientation.reason",
       [](SampleCare& s) { s.event().mutable_orientation()->set_reason("a\x01"); }},
      {"event.orientation.metadata.type",
       [](SampleCare& s) {
         s.event().mutable_orientation()->mutable_metadata()->mutable_type()->set_code("0000-0");
       }},
      {"event.orientation.metadata.version",
       [](SampleCare& s) { s.event().mutable_orientation()->mutable_metadata()->set_version(2); }},
      {"event.orientation.metadata.encounter.facility_type",
       [](SampleCare& s) {
         s.event().mutable_orientation()->mutable_metadata()->mutable_encounter()->mutable_facility_type();
       }},
  };
  for (const auto& [path, change] : cases) {
    SampleCare sample = stored_orientation();
    sample.care.clear_orientation();
    change(sample);
    EXPECT_THAT(faults(sample), ElementsAre(path)) << path;
  }
}

TEST_F(EventDocument, TellsAPageThatCannotBeLaidOut) {
  // A fault of the event, and no crash.
  class NoCopy final : public ReadableCopy {
    Result<std::string> lay_out(std::string_view) const override {
      return error_of(ErrorCode::document_invalid, "too long");
    }
  };
  SampleCare sample = stored_orientation();
  v1::Config config;
  config.set_environment(v1::Config::TEST);
  *config.add_tenants() = sample.tenant;
  const NoCopy copy;
  const auto office = CdaDocumentOffice::create(config, copy);
  const auto document =
      (*office)->prepare(sample.request, {sample.tenant, sample.event_id, sample.care, true}, header_);
  ASSERT_FALSE(document.ok());
  EXPECT_EQ(document.error().code, ErrorCode::document_invalid);
  EXPECT_EQ(document.error().faults.at(0).path, "event");
}

TEST_F(EventDocument, IsNotMadeWhenNobodyNeedsIt) {
  // The patient and what tells of the document remain, without an id; an INS that is not qualified never
  // travels.
  SampleCare sample = stored_orientation();
  sample.event().mutable_subject()->set_status(v1::IDENTITY_STATUS_VALIDATED);
  sample.event().mutable_source()->clear_professional();
  const auto document = prepare(sample, false);
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(document->document.cda, nullptr);
  EXPECT_EQ(document->document.pdf, nullptr);
  EXPECT_FALSE(header_.patient().has_ins());
  EXPECT_EQ(header_.patient().birth_family_name(), "DE LA TOUR");
  EXPECT_EQ(header_.metadata().document_id(), "");
  EXPECT_EQ(header_.metadata().confidentiality(), v1::CONFIDENTIALITY_NORMAL);
  EXPECT_THAT(issues(*document), ElementsAre("INS_LEFT_OUT event.subject.ins"));
}

// Fields by chance: what is left is valid, and each of a few texts, lists and enumerations differs.
SampleCare random_sample(std::mt19937& chance) {
  const auto upto = [&chance](int most) {
    return static_cast<int>(chance() % static_cast<unsigned>(most + 1));
  };
  const auto text = [&] {
    static constexpr const char* words[] = {"douleur",  "<b>",   "à 37,5 °C", "é\nè",
                                            "« avis »", "&amp;", "漢字",      "\n\n"};
    std::string made = "x";
    for (int i = upto(40); i > 0; --i) made += std::string(" ") + words[upto(7)];
    return made;
  };
  SampleCare samples[] = {stored_orientation(),
                          stored_update(static_cast<v1::OrientationUpdate::Step>(1 + upto(9))),
                          stored_enrolment(), stored_circle_change()};
  SampleCare sample = samples[upto(3)];
  v1::CoordinationEvent& event = sample.event();
  event.mutable_occurred_at()->set_seconds(1700000000 + upto(200000000));
  if (event.has_orientation()) {
    v1::Orientation& orientation = *event.mutable_orientation();
    orientation.set_kind(static_cast<v1::Orientation::Kind>(1 + upto(5)));
    orientation.set_urgency(static_cast<v1::Orientation::Urgency>(upto(3)));
    orientation.set_reason(text());
    if (upto(1) == 0) orientation.clear_treatments();
    if (upto(1) == 0) orientation.clear_wanted_from();
    if (upto(1) == 0) orientation.mutable_specialty()->set_code("ZZ99");
  } else if (event.has_pathway_enrolment()) {
    v1::PathwayEnrolment& enrolment = *event.mutable_pathway_enrolment();
    enrolment.set_status(static_cast<v1::PathwayEnrolment::Status>(1 + upto(4)));
    for (int i = upto(18); i > 0; --i) enrolment.add_goals(text());
    for (int i = upto(18); i > 0; --i) enrolment.add_activities()->set_text(text());
  } else if (event.has_orientation_update()) {
    event.mutable_orientation_update()->set_reason_text(text());
  }
  if (upto(2) == 0) event.mutable_subject()->set_status(v1::IDENTITY_STATUS_PROVISIONAL);
  return sample;
}

TEST_F(EventDocument, IsValidForAnyValidEvent) {
  // Property: whatever the event holds, its document breaks no rule of ours.
  std::mt19937 chance(20261122);
  for (int i = 0; i < 100; ++i) {
    const PreparedDocument document = made(random_sample(chance));
    const auto read = read_cda(view(document.document.cda), {});
    ASSERT_TRUE(read.ok()) << i;
    EXPECT_FALSE(has_error(read->issues)) << i;
  }
}

}  // namespace
}  // namespace psl
