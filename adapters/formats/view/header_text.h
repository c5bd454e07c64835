// Parts of a CDA header as a reader wants them, in French. Internal to the view of a document.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "adapters/formats/view/narrative.h"
#include "adapters/formats/xml_parser.h"

namespace psl {

// Dates and times as the document writes them, in its own offset, since that is what the author's clock
// showed. An HL7 TS; empty when it is none.
// "24/02/2025"; "02/2025" or "2025" when that is all.
std::string day_shown(std::string_view hl7_time);
// "24/02/2025 à 17:30"; the day alone when there is no time.
std::string moment_shown(std::string_view hl7_time);
// "24 février 2025 à 17:30".
std::string long_moment_shown(std::string_view hl7_time);
// "du 20/02/2025 à 09:00 au 24/02/2025 à 17:30"; empty when it has no dates.
std::string period_shown(const XmlElement* effective_time);

// "Dr Zoé LEFÈVRE": the title, else the civility, the used names. Empty when `name` is null or says nothing.
std::string name_shown(const XmlElement* name, ViewNotes& notes);
// Lines of an envelope; none when it is not known.
std::vector<std::string> address_shown(const XmlElement& owner, ViewNotes& notes);
// "Tél. 03 81 00 00 00", "Télécopie …", an address of electronic mail.
std::vector<std::string> telecoms_shown(const XmlElement& owner);

// The first that is not empty of a person's name, a device's, a structure's; then the specialty and the
// structure: "Dr Zoé LEFÈVRE, Médecin - Cardiologie, Hôpital du Val". Of assignedAuthor, assignedEntity,
// associatedEntity, intendedRecipient, relatedEntity, guardian.
std::string participant_shown(const XmlElement& entity, ViewNotes& notes);

// JDV_J245 and JDV_J246 as they are written before a name; others as they are.
std::string civility_shown(std::string code);

// Adds `part` after ", ".
void join_part(std::string& text, std::string_view part);

}  // namespace psl
