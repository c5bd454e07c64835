// The words of an MSSanté mail: subject, body and the name of the PDF. All pure.
#pragma once

#include <string>
#include <string_view>

#include "adapters/formats/calendar.h"
#include "gateway/core/adapter.h"

namespace psl {

// The document's type in at most 40 characters, cut at a word: "Lettre de liaison à la sortie".
std::string short_label(const stored::DocumentHeader& header);

// "XDM/1.0/DDM+<label> <NOM> <PRENOM> <JJ/MM/AAAA>". MSSanté référentiel socle, ECO.2.1.3.
std::string mail_subject(const stored::DocumentHeader& header);

// "20261120_Lettre-de-liaison-a-la-sortie_PAT-TROIS_DOMINIQUE_123.pdf", ASCII, at most 140 characters: day of
// the act (start of the stay), type, birth name, first given name, number of the stay or of the patient.
// ECO.2.1.5, ECO.2.1.6.
std::string pdf_name(const stored::DocumentHeader& header, const TimeZone& zone);

// What a reader sees first: what this is, from whom, how to open it; `proposal` (notice_text.h) comes after
// who sends what. No clinical text, no name of a patient, hence not the PDF's name either.
std::string mail_body(const Dispatch& dispatch, std::string_view proposal, bool with_pdf);

}  // namespace psl
