// How orientations, enrolments and care circles are told in French in a document or in a mail: people, what
// is asked for, times. gateway/core/french_words.h has the words of the enumerators. Pure.
#pragma once

#include <string>
#include <string_view>

#include "adapters/formats/calendar.h"
#include "passerelle/v1/document.pb.h"
#include "passerelle/v1/identity.pb.h"

namespace psl {

// What is asked for, of its label or of the official one of JDV_J01: "Cardiologie et maladies vasculaires";
// the code where nobody knows a label. `specialty` TRE_R38, `profession` TRE_G15.
std::string specialty_shown(const passerelle::v1::Coding& specialty);
std::string profession_shown(const passerelle::v1::Coding& profession);

// "Dr Zoé LEFÈVRE".
std::string person_shown(const passerelle::v1::Professional& person);
// "22/11/2026 à 10:00"; the day alone when the clock says midnight, since nobody means that minute.
std::string moment_in_french(const google::protobuf::Timestamp& at, const TimeZone& zone);
// "à partir du 23/11/2026 et avant le 28/11/2026"; empty when neither is said. Of an orientation or an
// update.
template <typename Wanted>
std::string wanted_shown(const Wanted& what, const TimeZone& zone) {
  std::string shown;
  if (what.has_wanted_from()) shown = "à partir du " + moment_in_french(what.wanted_from(), zone);
  if (what.has_wanted_before()) {
    if (!shown.empty()) shown += " et ";
    shown += "avant le " + moment_in_french(what.wanted_before(), zone);
  }
  return shown;
}

}  // namespace psl
