#include "adapters/formats/cda/letter_narrative.h"

#include <gtest/gtest.h>

#include "adapters/formats/xml_writer.h"
#include "passerelle/v1/letter.pb.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

v1::Quantity quantity(std::string value, std::string unit) {
  v1::Quantity made;
  made.set_value(std::move(value));
  made.set_unit(std::move(unit));
  return made;
}

TEST(LetterNarrative, WritesDatesAsTheFrenchDo) {
  // As precise as they were given.
  EXPECT_EQ(french_day("2026-11-08"), "08/11/2026");
  EXPECT_EQ(french_day("2026-11"), "11/2026");
  EXPECT_EQ(french_day("2026"), "2026");
  EXPECT_EQ(french_day(""), "");
}

TEST(LetterNarrative, SaysADoseInWords) {
  // A decimal comma, the plural of a word, no unit where there is none.
  const auto dose = [](const v1::Quantity& each) {
    v1::Treatment treatment;
    *treatment.mutable_dose() = each;
    return dosage_of(treatment);
  };
  EXPECT_EQ(dose(quantity("1", "{comprimé}")), "1 comprimé");
  EXPECT_EQ(dose(quantity("2", "{comprimé}")), "2 comprimés");
  EXPECT_EQ(dose(quantity("12", "{comprimé}")), "12 comprimés");
  EXPECT_EQ(dose(quantity("0.5", "{comprimé}")), "0,5 comprimé");
  EXPECT_EQ(dose(quantity("1,5", "{bouffées}")), "1,5 bouffées");
  EXPECT_EQ(dose(quantity("40", "mg")), "40 mg");
  EXPECT_EQ(dose(quantity("3", "1")), "3");
  EXPECT_EQ(dose(quantity("75", "ug")), "75 µg");
  EXPECT_EQ(dose(quantity("4000", "[iU]")), "4000 UI");
}

TEST(LetterNarrative, SaysAFrequencyInWords) {
  // Units of UCUM that a period may have.
  const auto frequency = [](std::string value, std::string unit) {
    v1::Treatment treatment;
    *treatment.mutable_every() = quantity(std::move(value), std::move(unit));
    return dosage_of(treatment);
  };
  EXPECT_EQ(frequency("12", "h"), "toutes les 12 heures");
  EXPECT_EQ(frequency("1", "d"), "tous les jours");
  EXPECT_EQ(frequency("2", "wk"), "toutes les 2 semaines");
  EXPECT_EQ(frequency("1", "mo"), "tous les mois");
}

TEST(LetterNarrative, KeepsThePrescribersWordsBeforeTheFields) {
  // Both are shown: nothing that is coded stays hidden.
  v1::Treatment treatment;
  treatment.set_dosage("1 matin et soir");
  EXPECT_EQ(dosage_of(treatment), "1 matin et soir");
  *treatment.mutable_dose() = quantity("1", "g");
  *treatment.mutable_every() = quantity("12", "h");
  *treatment.mutable_daily_maximum() = quantity("3", "g");
  EXPECT_EQ(dosage_of(treatment), "1 matin et soir\n(1 g toutes les 12 heures, au plus 3 g par jour)");
  treatment.clear_dosage();
  EXPECT_EQ(dosage_of(treatment), "1 g toutes les 12 heures, au plus 3 g par jour");
  EXPECT_EQ(dosage_of(v1::Treatment()), "");
}

TEST(LetterNarrative, LeavesEmptyColumnsOut) {
  // Except the first, which has the names. A column may give its cells IDs.
  static constexpr NarrativeColumn<v1::ExamResult> columns[] = {
      {"Examen", [](const v1::ExamResult& each) { return each.label(); }},
      {"Date", [](const v1::ExamResult& each) { return each.date(); }},
      {"Résultat", [](const v1::ExamResult& each) { return each.value(); }, "val"},
  };
  v1::ExamResult empty;
  v1::ExamResult full;
  full.set_value("1\n2");
  XmlWriter xml;
  xml.open("text");
  LetterNarrative(xml).table<v1::ExamResult>("Titre", "r", {&empty, &full}, columns);
  LetterNarrative(xml).table<v1::ExamResult>("Sans ligne", "s", {}, columns);
  const std::string written = xml.finish();
  EXPECT_NE(written.find(
                "<text><table border=\"1\"><caption>Titre</caption><thead><tr><th>Examen</th>"
                "<th>Résultat</th></tr></thead><tbody><tr ID=\"r-1\"><td></td><td></td></tr><tr ID=\"r-2\">"
                "<td></td><td><content ID=\"r-2-val\">1<br/>2</content></td></tr></tbody></table>"
                "</text>"),
            std::string::npos)
      << written;
}

}  // namespace
}  // namespace psl
