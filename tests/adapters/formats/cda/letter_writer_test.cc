#include "adapters/formats/cda/letter_writer.h"

#include "tests/adapters/formats/cda/letter_tree.h"
#include "tests/adapters/formats/letter_fixtures.h"
#include "tests/support/golden_file.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;
using test::all_of;
using test::at;
using test::attribute_at;
using test::cells_of;
using test::complete_letter;
using test::letter_of;
using test::minimal_letter;
using test::newborn_letter;
using test::section_of;
using test::tree_of;
using test::words_of;
using test::written_letter;
using Cells = std::vector<std::string>;
using Request = v1::SubmitEventRequest;

// The observation of that code in the letter; the test fails without it.
const XmlElement& observation_of(const XmlTree& tree, std::string_view code) {
  for (const XmlElement* each : all_of(tree.root(), "observation")) {
    if (attribute_at(*each, "code", "code") == code) return *each;
  }
  ADD_FAILURE() << "no observation " << code;
  return tree.root();
}

std::vector<const XmlElement*> treatments_of(const XmlTree& tree, std::string_view section) {
  const XmlElement* found = section_of(tree, section);
  return found == nullptr ? std::vector<const XmlElement*>() : all_of(*found, "substanceAdministration");
}

v1::Treatment& only_treatment(Request& request) {
  v1::DischargeTreatments& treatments = *letter_of(request).mutable_treatments_at_discharge();
  treatments.Clear();
  v1::Treatment& treatment = *treatments.add_treatments();
  treatment.mutable_medicine()->set_text("PARACÉTAMOL 1 g");
  return treatment;
}

TEST(LetterWriter, WritesItsSectionsInTheOrderOfTheModel) {
  // LDL-SES 2022.01: nine sections, four of which are always there.
  const auto codes = [](const std::string& cda) {
    Cells found;
    const XmlTree tree = tree_of(cda);
    for (const XmlElement* section : all_of(tree.root(), "section")) {
      found.push_back(attribute_at(*section, "code", "code"));
      EXPECT_FALSE(words_of(*at(*section, "text")).empty()) << found.back();
      EXPECT_FALSE(words_of(*at(*section, "title")).empty()) << found.back();
      EXPECT_FALSE(attribute_at(*section, "id", "root").empty()) << found.back();
    }
    return found;
  };
  EXPECT_EQ(codes(written_letter(complete_letter())),
            (Cells{"33557-0", "42349-1", "42545-4", "18610-6", "10183-2", "30954-2", "18776-5", "46264-8",
                   "48765-2"}));
  EXPECT_EQ(codes(written_letter(minimal_letter())), (Cells{"33557-0", "42349-1", "42545-4", "10183-2"}));
}

TEST(LetterWriter, DeclaresTheModelAndItsVersion) {
  // Third templateId of the document.
  const XmlTree tree = tree_of(written_letter(minimal_letter()));
  Cells templates;
  for (const XmlElement& child : tree.root().children()) {
    if (child.name == "templateId") {
      templates.push_back(std::string(child.attribute("root")) + "|" +
                          std::string(child.attribute("extension")));
    }
  }
  EXPECT_EQ(templates, (Cells{"2.16.840.1.113883.2.8.2.1|", "1.2.250.1.213.1.1.1.1|",
                              "1.2.250.1.213.1.1.1.29|2022.01"}));
}

TEST(LetterWriter, GivesEveryReferenceItsWordsAndEveryEntryItsIdentifier) {
  // In each fixture, and with 200 treatments.
  Request many = complete_letter();
  v1::DischargeTreatments& treatments = *letter_of(many).mutable_treatments_at_discharge();
  const v1::Treatment one = treatments.treatments(0);
  while (treatments.treatments_size() < 200) *treatments.add_treatments() = one;
  for (const Request& request : {complete_letter(), minimal_letter(), newborn_letter(), many}) {
    const XmlTree tree = tree_of(written_letter(request));
    EXPECT_GT(all_of(tree.root(), "reference").size(), 5U);
    test::expect_sound_references(tree);
  }
}

TEST(LetterWriter, DerivesIdentifiersFromTheEvent) {
  // The same bytes each time; for another event, other identifiers.
  const Request request = minimal_letter();
  const std::string cda = written_letter(request);
  EXPECT_EQ(cda, written_letter(request));
  const v1::StructuredLetter& letter = request.event().discharge_letter().structured();
  v1::DocumentMetadata metadata = letter.metadata();
  complete_metadata(request.event(), test::letter_event_id(), metadata);
  const std::string other =
      write_letter({request.event().subject(), metadata, letter, "",
                    *Uuid::parse("6f0c8a4e-7b1d-8e2a-9c3f-0123456789ab"), test::paris()});
  const auto first_id = [](const std::string& written) {
    const XmlTree tree = tree_of(written);
    return attribute_at(*section_of(tree, "33557-0"), "id", "root");
  };
  EXPECT_NE(first_id(cda), first_id(other));
  EXPECT_EQ(first_id(cda).size(), 36U);
}

TEST(LetterWriter, SaysHowFarTheLetterIs) {
  // GEN-065, dated the day of the signature; a letter that says nothing is approved.
  Request request = minimal_letter();
  XmlTree tree = tree_of(written_letter(request));
  EXPECT_EQ(attribute_at(observation_of(tree, "GEN-065"), "value", "code"), "9571008");
  EXPECT_EQ(attribute_at(observation_of(tree, "GEN-065"), "effectiveTime", "value"), "20261118");
  EXPECT_EQ(words_of(*at(*section_of(tree, "33557-0"), "text")), "Validé le 18/11/2026");
  letter_of(request).set_status(v1::COMPLETION_STATUS_IN_PROGRESS);
  tree = tree_of(written_letter(request));
  EXPECT_EQ(attribute_at(observation_of(tree, "GEN-065"), "value", "code"), "385651009");
}

TEST(LetterWriter, AnswersTheSixQuestionsOfTheStay) {
  // Each with its code, its template, its day, its value and its words.
  const XmlTree tree = tree_of(written_letter(complete_letter()));
  struct Expected {
    const char* code;
    const char* template_root;
    const char* day;
    const char* value;
  };
  for (const Expected& each :
       {Expected{"ORG-070", ".6", "20261111", "183452005"}, Expected{"ORG-074", ".7", "20261118", "109"},
        Expected{"MED-142", ".9", "20261118", ""}, Expected{"MED-309", ".8", "20261118", "true"},
        Expected{"MED-145", ".10", "20261118", "true"}, Expected{"MED-147", ".2", "20261118", "true"}}) {
    const XmlElement& observation = observation_of(tree, each.code);
    const auto templates = all_of(observation, "templateId");
    ASSERT_EQ(templates.size(), 3U) << each.code;
    EXPECT_EQ(templates[2]->attribute("root"), "1.2.250.1.213.1.1.3.48" + std::string(each.template_root));
    EXPECT_EQ(attribute_at(observation, "effectiveTime", "value"), each.day) << each.code;
    const XmlElement& value = *at(observation, "value");
    EXPECT_EQ(std::string(value.attribute("code")) + std::string(value.attribute("value")), each.value);
  }
  const Request request = complete_letter();
  EXPECT_EQ(words_of(*at(observation_of(tree, "MED-142"), "value")),
            request.event().discharge_letter().structured().stay().synthesis());
  const auto rows = all_of(*at(*section_of(tree, "42545-4"), "text"), "tr");
  ASSERT_EQ(rows.size(), 9U);
  EXPECT_EQ(cells_of(*rows[0]), (Cells{"Entrée", "11/11/2026, en urgence"}));
  EXPECT_EQ(cells_of(*rows[1]), (Cells{"Sortie", "18/11/2026, soins de suite et de réadaptation"}));
  EXPECT_EQ(cells_of(*rows[3]), (Cells{"Recherche de micro-organismes multirésistants ou émergents", "Oui"}));
}

TEST(LetterWriter, LeavesOutWhatTheStayDoesNotSay) {
  // No row and no entry for an empty text; a stay without end has no day of discharge.
  Request request = minimal_letter();
  letter_of(request).mutable_metadata()->mutable_encounter()->clear_end();
  const XmlTree tree = tree_of(written_letter(request));
  for (const XmlElement* each : all_of(tree.root(), "observation")) {
    const std::string code = attribute_at(*each, "code", "code");
    EXPECT_TRUE(code != "MED-143" && code != "MED-144" && code != "MED-146" && code != "MED-148") << code;
  }
  EXPECT_EQ(all_of(*at(*section_of(tree, "42545-4"), "text"), "tr").size(), 5U);
  EXPECT_EQ(attribute_at(observation_of(tree, "MED-145"), "value", "value"), "false");
  EXPECT_EQ(attribute_at(observation_of(tree, "ORG-074"), "effectiveTime", "nullFlavor"), "UNK");
}

TEST(LetterWriter, SaysNoTreatmentInItsEntryToo) {
  // The model wants an entry even without any medicine: its code says why there is none.
  Request request = minimal_letter();
  struct Expected {
    v1::DischargeTreatments::None none;
    const char* code;
    const char* words;
  };
  for (const Expected& each : {Expected{v1::DischargeTreatments::NONE_NO_TREATMENT, "no-known-medications",
                                        "Aucun traitement à la sortie"},
                               Expected{v1::DischargeTreatments::NONE_NOT_KNOWN, "no-medication-info",
                                        "Traitements à la sortie non connus"}}) {
    letter_of(request).mutable_treatments_at_discharge()->set_none(each.none);
    const XmlTree tree = tree_of(written_letter(request));
    const auto entries = treatments_of(tree, "10183-2");
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(attribute_at(*entries[0], "code", "code"), each.code);
    EXPECT_EQ(attribute_at(*entries[0], "text/reference", "value"), "#trt-sortie-aucun");
    EXPECT_EQ(at(*entries[0], "effectiveTime"), nullptr);
    const XmlElement& material = *at(*entries[0], "consumable/manufacturedProduct/manufacturedMaterial");
    EXPECT_EQ(attribute_at(material, "code", "nullFlavor"), "NA");
    EXPECT_EQ(attribute_at(material, "name", "nullFlavor"), "NA");
    EXPECT_EQ(words_of(*at(*section_of(tree, "10183-2"), "text")), each.words);
  }
}

TEST(LetterWriter, CodesAMedicineInCisOnlyAndTranslatesTheRest) {
  // manufacturedMaterial/code may only be CIS; CIP and ATC are its translations; the name is always there.
  const XmlTree tree = tree_of(written_letter(complete_letter()));
  const auto entries = treatments_of(tree, "10183-2");
  ASSERT_EQ(entries.size(), 3U);
  const XmlElement& coded = *at(*entries[0], "consumable/manufacturedProduct/manufacturedMaterial");
  EXPECT_EQ(attribute_at(coded, "code", "codeSystem"), "1.2.250.1.213.2.3.1");
  const auto translations = all_of(coded, "translation");
  ASSERT_EQ(translations.size(), 2U);
  EXPECT_EQ(translations[0]->attribute("codeSystemName"), "CIP");
  EXPECT_EQ(translations[1]->attribute("code"), "B01AF02");
  EXPECT_EQ(words_of(*at(coded, "name")), "ÉLIQUIS 5 mg, comprimé pelliculé");
  const XmlElement& free = *at(*entries[1], "consumable/manufacturedProduct/manufacturedMaterial");
  EXPECT_EQ(attribute_at(free, "code", "nullFlavor"), "UNC");
  EXPECT_EQ(attribute_at(free, "code/originalText/reference", "value"), "#trt-2-nom");
  EXPECT_EQ(words_of(*at(free, "name")), "BISOPROLOL 2,5 mg, comprimé");

  // Known by its ATC code alone.
  const XmlElement& given =
      *at(*treatments_of(tree, "18610-6")[0], "consumable/manufacturedProduct/manufacturedMaterial");
  EXPECT_EQ(attribute_at(given, "code", "nullFlavor"), "UNC");
  EXPECT_EQ(attribute_at(given, "code/translation", "code"), "C03CA01");
}

TEST(LetterWriter, WritesPeriodFrequencyRouteAndDoses) {
  // Decimal comma as a point, partial dates as they are, an end that is not known as such.
  Request request = minimal_letter();
  v1::Treatment& treatment = only_treatment(request);
  treatment.set_start_date("2026-11");
  treatment.mutable_dose()->set_value("0,5");
  treatment.mutable_dose()->set_unit("{comprimé}");
  treatment.mutable_every()->set_value("12");
  treatment.mutable_every()->set_unit("h");
  treatment.mutable_daily_maximum()->set_value("4");
  treatment.mutable_daily_maximum()->set_unit("1");
  treatment.set_route_code("20053000");
  const XmlTree tree = tree_of(written_letter(request));
  const XmlElement& entry = *treatments_of(tree, "10183-2")[0];
  const auto times = all_of(entry, "effectiveTime");
  ASSERT_EQ(times.size(), 2U);
  EXPECT_EQ(attribute_at(*times[0], "low", "value"), "202611");
  EXPECT_EQ(attribute_at(*times[0], "high", "nullFlavor"), "UNK");
  EXPECT_EQ(times[1]->attribute("operator"), "A");
  EXPECT_EQ(attribute_at(*times[1], "period", "unit"), "h");
  EXPECT_EQ(attribute_at(entry, "routeCode", "displayName"), "Voie orale");
  EXPECT_EQ(attribute_at(entry, "doseQuantity/low", "value"), "0.5");
  EXPECT_EQ(attribute_at(entry, "doseQuantity/high", "unit"), "{comprimé}");
  EXPECT_EQ(attribute_at(entry, "maxDoseQuantity/numerator", "value"), "4");
  EXPECT_EQ(attribute_at(entry, "maxDoseQuantity/numerator", "unit"), "");
  EXPECT_EQ(attribute_at(entry, "maxDoseQuantity/denominator", "unit"), "d");
}

TEST(LetterWriter, PutsThePrescribersWordsIntoTheEntryToo) {
  // As instructions (1.2.250.1.213.1.1.3.33) that refer to the cell of the dosage.
  Request request = minimal_letter();
  only_treatment(request).set_dosage("1 comprimé si douleur");
  const XmlTree tree = tree_of(written_letter(request));
  const XmlElement& relation = *at(*treatments_of(tree, "10183-2")[0], "entryRelationship");
  EXPECT_EQ(relation.attribute("typeCode"), "SUBJ");
  EXPECT_EQ(attribute_at(relation, "act/code", "code"), "PINSTRUCT");
  EXPECT_EQ(attribute_at(relation, "act/text/reference", "value"), "#trt-1-poso");
  test::expect_sound_references(tree);
}

TEST(LetterWriter, WritesAMedicineOfWhichOnlyTheNameIsKnown) {
  // No date, no dose: none is made up, and the table has one column.
  Request request = minimal_letter();
  only_treatment(request);
  const XmlTree tree = tree_of(written_letter(request));
  const XmlElement& entry = *treatments_of(tree, "10183-2")[0];
  for (const std::string_view name : {"effectiveTime", "routeCode", "doseQuantity", "maxDoseQuantity"}) {
    EXPECT_EQ(at(entry, name), nullptr) << name;
  }
  const auto rows = all_of(*section_of(tree, "10183-2"), "tr");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(cells_of(*rows[0]), Cells{"Médicament"});
  EXPECT_EQ(cells_of(*rows[1]), Cells{"PARACÉTAMOL 1 g"});
}

TEST(LetterWriter, ShowsTreatmentsAsATableWithoutCodes) {
  // What a doctor copies into a prescription.
  const XmlTree tree = tree_of(written_letter(complete_letter()));
  const auto rows = all_of(*section_of(tree, "10183-2"), "tr");
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(cells_of(*rows[0]),
            (Cells{"Médicament", "Posologie", "Voie", "Du", "Au", "Changement", "Commentaire"}));
  EXPECT_EQ(cells_of(*rows[1]),
            (Cells{"ÉLIQUIS 5 mg, comprimé pelliculé",
                   "1 comprimé matin et soir\n(1 comprimé toutes les 12 heures, au plus 10 mg par jour)",
                   "Voie orale", "12/11/2026", "12/02/2027", "Débuté",
                   "Fibrillation atriale. Ne pas interrompre sans avis."}));
  for (const XmlElement* text : all_of(tree.root(), "text")) {
    const std::string words = words_of(*text);
    for (const std::string_view code :
         {"65222412", "20053000", "B01AF02", "DZQM006", "J010103", "416098002"}) {
      EXPECT_EQ(words.find(code), std::string::npos) << code;
    }
  }
}

TEST(LetterWriter, KeepsAStoppedMedicineOutOfTheDischargeEntries) {
  // Told among those of the stay, so that no software takes it up again; and said in words beside the others.
  const XmlTree tree = tree_of(written_letter(complete_letter()));
  const auto names = [&](std::string_view section) {
    Cells found;
    for (const XmlElement* entry : treatments_of(tree, section)) {
      found.push_back(words_of(*at(*entry, "consumable/manufacturedProduct/manufacturedMaterial/name")));
    }
    return found;
  };
  EXPECT_EQ(names("18610-6"), (Cells{"FUROSÉMIDE 20 mg/2 mL, solution injectable", "IBUPROFÈNE 400 mg"}));
  EXPECT_EQ(names("10183-2").size(), 3U);
  EXPECT_EQ(words_of(*all_of(*section_of(tree, "10183-2"), "paragraph").back()),
            "Traitements arrêtés, à ne plus prendre : IBUPROFÈNE 400 mg");
}

TEST(LetterWriter, SaysNoTreatmentWhenAllWereStopped) {
  // Nothing is left to take.
  Request request = minimal_letter();
  only_treatment(request).set_change(v1::Treatment::CHANGE_STOPPED);
  const XmlTree tree = tree_of(written_letter(request));
  ASSERT_EQ(treatments_of(tree, "10183-2").size(), 1U);
  EXPECT_EQ(attribute_at(*treatments_of(tree, "10183-2")[0], "code", "code"), "no-known-medications");
  EXPECT_EQ(treatments_of(tree, "18610-6").size(), 1U);
}

TEST(LetterWriter, WritesResultsAsWordsOnly) {
  // Paragraphs and a table; a result without value is expected; no entry (the model has none).
  const XmlTree tree = tree_of(written_letter(complete_letter()));
  const XmlElement& section = *section_of(tree, "30954-2");
  EXPECT_EQ(at(section, "entry"), nullptr);
  const auto rows = all_of(section, "tr");
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(cells_of(*rows[1]), (Cells{"NT-proBNP", "2 140 ng/L", "< 300", "17/11/2026"}));
  EXPECT_EQ(cells_of(*rows[3]), (Cells{"Holter ECG", "Attendu", "", ""}));
}

TEST(LetterWriter, WritesActsRequestsAndAppointments) {
  // Each as its kind of entry: procedure INT, observation INT, encounter ARQ.
  const XmlTree tree = tree_of(written_letter(complete_letter()));
  const XmlElement& section = *section_of(tree, "18776-5");
  const auto acts = all_of(section, "procedure");
  ASSERT_EQ(acts.size(), 2U);
  EXPECT_EQ(attribute_at(*acts[0], "code", "code"), "DZQM006");
  EXPECT_EQ(attribute_at(*acts[0], "effectiveTime", "value"), "20270112");
  EXPECT_EQ(attribute_at(*acts[0], "priorityCode", "code"), "R");
  EXPECT_EQ(attribute_at(*acts[1], "code", "nullFlavor"), "UNC");
  EXPECT_EQ(attribute_at(*acts[1], "effectiveTime", "nullFlavor"), "UNK");
  const auto requests = all_of(section, "observation");
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(attribute_at(*requests[0], "code", "code"), "ORG-064");
  EXPECT_EQ(words_of(*at(*requests[1], "value")), "Suivi infirmier à domicile du poids et de la tension");
  const auto visits = all_of(section, "encounter");
  ASSERT_EQ(visits.size(), 2U);
  EXPECT_EQ(visits[0]->attribute("moodCode"), "ARQ");
  EXPECT_EQ(at(*visits[0], "priorityCode"), nullptr);
  EXPECT_EQ(attribute_at(*visits[1], "code", "code"), "AMB");
  EXPECT_EQ(attribute_at(*visits[1], "priorityCode", "code"), "UR");
}

TEST(LetterWriter, AsksForACallWhereAnAppointmentHasNoDate) {
  // Without a date the model wants a priorityCode: "recontacter pour fixer RDV".
  Request request = minimal_letter();
  letter_of(request).mutable_care_plan()->add_appointments()->set_text("Cardiologue");
  const XmlTree tree = tree_of(written_letter(request));
  const XmlElement& visit = *all_of(*section_of(tree, "18776-5"), "encounter")[0];
  EXPECT_EQ(attribute_at(visit, "priorityCode", "code"), "CS");
  EXPECT_EQ(at(visit, "effectiveTime"), nullptr);
  EXPECT_EQ(cells_of(*all_of(*section_of(tree, "18776-5"), "tr")[1]), (Cells{"Cardiologue", "À prendre"}));
}

TEST(LetterWriter, ShowsTheIdentifierOfADevice) {
  // The UDI in the table and in the entry; categories as codes of the first system and its translations.
  const XmlTree tree = tree_of(written_letter(complete_letter()));
  const XmlElement& section = *section_of(tree, "46264-8");
  const auto supplies = all_of(section, "supply");
  ASSERT_EQ(supplies.size(), 2U);
  const XmlElement& role = *at(*supplies[0], "participant/participantRole");
  EXPECT_EQ(attribute_at(role, "id", "extension"), "(01)03760000000016(21)SN-4711");
  EXPECT_EQ(attribute_at(role, "playingDevice/code", "codeSystemName"), "EMDN");
  EXPECT_EQ(attribute_at(role, "playingDevice/code/translation", "code"), "C50FA04");
  EXPECT_EQ(at(*supplies[1], "participant/participantRole/id"), nullptr);
  EXPECT_EQ(attribute_at(*supplies[1], "effectiveTime/high", "value"), "202705");
  EXPECT_EQ(cells_of(*all_of(section, "tr")[1]),
            (Cells{"Stimulateur cardiaque double chambre", "(01)03760000000016(21)SN-4711", "02/04/2019", "",
                   "Contrôlé le 13/11/2026."}));
}

TEST(LetterWriter, ListsAllergiesInOneEntry) {
  // Kind, agent, reaction and severity of each.
  const XmlTree tree = tree_of(written_letter(complete_letter()));
  const XmlElement& section = *section_of(tree, "48765-2");
  ASSERT_EQ(all_of(section, "entry").size(), 1U);
  const XmlElement& list = *at(section, "entry/act");
  EXPECT_EQ(attribute_at(list, "statusCode", "code"), "active");
  const auto relations = all_of(list, "entryRelationship");
  ASSERT_EQ(relations.size(), 4U);
  const XmlElement& allergy = *at(*relations[0], "observation");
  EXPECT_EQ(attribute_at(allergy, "code", "code"), "416098002");
  EXPECT_EQ(attribute_at(allergy, "effectiveTime/low", "value"), "2004");
  EXPECT_EQ(attribute_at(allergy, "participant/participantRole/playingEntity/code", "code"), "J01CA04");
  EXPECT_EQ(relations[1]->attribute("typeCode"), "MFST");
  EXPECT_EQ(attribute_at(*relations[2], "observation/value", "code"), "24484000");
  EXPECT_EQ(cells_of(*all_of(section, "tr")[1]),
            (Cells{"Amoxicilline", "Allergie médicamenteuse", "Urticaire généralisée", "Grave", "2004"}));
}

TEST(LetterWriter, SaysThatNoAllergyIsKnown) {
  // In words and in code (JDV_AbsentOrUnknownAllergy).
  const XmlTree tree = tree_of(written_letter(newborn_letter()));
  const XmlElement& section = *section_of(tree, "48765-2");
  EXPECT_EQ(words_of(*at(section, "text")), "Aucune allergie ni intolérance connue");
  EXPECT_EQ(attribute_at(section, "entry/act/entryRelationship/observation/value", "code"),
            "no-known-allergies");
}

TEST(LetterWriter, WritesTextsLiterally) {
  // What looks like markup is shown as it was written; no text of a sender becomes an element.
  Request request = minimal_letter();
  const std::string hostile = "<b>gras</b> & <script>x</script> ]]> \"q\" 'a'";
  letter_of(request).set_reason(hostile);
  letter_of(request).mutable_stay()->set_synthesis(hostile);
  only_treatment(request).mutable_medicine()->set_text(hostile);
  const XmlTree tree = tree_of(written_letter(request));
  EXPECT_TRUE(all_of(tree.root(), "b").empty());
  EXPECT_TRUE(all_of(tree.root(), "script").empty());
  EXPECT_EQ(words_of(*at(*section_of(tree, "42349-1"), "text")), hostile);
  EXPECT_EQ(words_of(*at(observation_of(tree, "MED-142"), "value")), hostile);
  EXPECT_EQ(cells_of(*all_of(*section_of(tree, "10183-2"), "tr")[1]), Cells{hostile});
}

TEST(LetterWriter, KeepsParagraphsAndLines) {
  // A blank line ends a paragraph, another line end is <br/>; a synthesis stays in one piece for its entry.
  Request request = minimal_letter();
  letter_of(request).set_reason("un\r\ndeux\n\n \n\ntrois\n");
  letter_of(request).mutable_stay()->set_synthesis("un\n\ndeux");
  const XmlTree tree = tree_of(written_letter(request));
  Cells paragraphs;
  for (const XmlElement* each : all_of(*section_of(tree, "42349-1"), "paragraph")) {
    paragraphs.push_back(words_of(*each));
  }
  EXPECT_EQ(paragraphs, (Cells{"un\ndeux", "trois"}));
  EXPECT_EQ(words_of(*all_of(*section_of(tree, "42545-4"), "paragraph")[0]), "un\n\ndeux");
}

TEST(LetterWriter, WritesWhatWasReadAndFoundRight) {
  // Byte for byte: all that a letter can say, the least that it must, and a newborn.
  expect_golden("cda/letter_complete.xml", written_letter(complete_letter()));
  expect_golden("cda/letter_minimal.xml", written_letter(minimal_letter()));
  expect_golden("cda/letter_newborn.xml", written_letter(test::newborn_letter()));
}

}  // namespace
}  // namespace psl
