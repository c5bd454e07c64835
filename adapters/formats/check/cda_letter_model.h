// What the model of the discharge letter, LDL-SES 2022.01, wants of its sections and entries; internal to the
// checking of a body. Source: ANS, TestContenuCDA-3-0, model and sample LDL-SES 2022.01.
#pragma once

#include <array>

#include "adapters/formats/cda/cda_header.h"

namespace psl {

inline constexpr std::string_view letter_model_oid = "1.2.250.1.213.1.1.1.29";
inline constexpr size_t letter_sections = 9;

// Fed with the sections of one document, in order.
class CdaLetterModel {
 public:
  explicit CdaLetterModel(CdaNotes& notes) : notes_(notes) {}

  void section(const XmlElement& section);
  // After the last one.
  void end(const XmlElement& body);

 private:
  void check_observations(const XmlElement& section, size_t kind);

  CdaNotes& notes_;
  std::array<int, letter_sections> seen_{};
};

// In any document: the code of a section of a known templateId.
void check_section_code(const XmlElement& section, CdaNotes& notes);

// In any document: a substanceAdministration of FR-Traitement, 1.2.250.1.213.1.1.3.42.
void check_letter_treatment(const XmlElement& treatment, CdaNotes& notes);

}  // namespace psl
