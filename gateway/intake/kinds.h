// The kinds of event, as the ledger, the policy and the lists name them, and the lanes that they take.
#pragma once

#include <string>
#include <string_view>

#include "gateway/core/store.h"
#include "passerelle/v1/document.pb.h"
#include "passerelle/v1/event.pb.h"

namespace psl {

namespace v1 = passerelle::v1;

inline constexpr std::string_view orientation_kind = "orientation";
inline constexpr std::string_view enrolment_kind = "enrolment";
inline constexpr std::string_view circle_kind = "circle";

// The name of the field of CoordinationEvent.kind; empty when there is none.
std::string_view kind_of(const v1::CoordinationEvent& event);
bool is_letter(const v1::CoordinationEvent& event);

// CoordinationEvent.lane. `orientation`: itself, or what an update is about.
Lane lane_of(const v1::CoordinationEvent& event, const v1::Orientation& orientation);

// How confidential the sender says that the content is, of any kind but a letter, whose document says it.
v1::Confidentiality confidentiality_of(const v1::CoordinationEvent& event);

// The mailbox of a person or a structure, as addresses are compared; empty when there is none, or no right
// one. Personal.
std::string mailbox_of(const v1::Recipient& recipient);

}  // namespace psl
