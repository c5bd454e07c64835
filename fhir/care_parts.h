// What the three kinds of care bundle share. Known to the .cc files of this folder only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/bundle_writer.h"
#include "fhir/care_bundle.h"
#include "fhir/care_people.h"
#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/delivery.pb.h"
#include "passerelle/v1/event.pb.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl::fhir {

namespace v1 = passerelle::v1;
namespace stored = passerelle::internal::v1;

// A bundle on its way: the event that it is about (of an update, its orientation), and what is known by now.
struct CarePage {
  const CareInput& input;
  const v1::CoordinationEvent& event;
  const v1::Patient& patient;
  Known patient_known;
  // Tags of all that we say the state of: whose state it is, and what tells it from an older one (empty: its
  // case did not count).
  std::string event_urn;
  std::string order;
  CarePeople people;
  BundleWriter bundle;
  // How the server knows what the bundle is about.
  std::string search = {};
  std::vector<v1::Issue> issues = {};
};

void write_orientation(CarePage& page);
void write_enrolment(CarePage& page);
void write_circle_change(CarePage& page);

// One of whom a circle consists, with the period of the membership.
struct CirclePart {
  const v1::CircleMember* member = nullptr;
  // Null when all that is known of the circle are the members of the event.
  const stored::CircleCase::Membership* membership = nullptr;
  std::string_view full_url;
  Instant from;
  std::optional<Instant> until;
};
// All of the circle, those who left it too.
std::vector<CirclePart> circle_parts(CarePage& page);
// The CareTeam of the patient's circle.
Known known_team(const CarePage& page);
void write_team(CarePage& page, const Known& team, const std::vector<CirclePart>& parts);
// The patient's last decision about sharing; nothing when there is none.
void write_consent(CarePage& page, const Known& team);

// The entry of something that we say the whole state of, with the labels and the tag of the event; ended by
// end_update().
JsonWriter& begin_own(CarePage& page, const Known& known, std::string_view profile = {});
void add_care_issue(CarePage& page, v1::Issue::Level level, std::string_view code, std::string_view path,
                    std::string_view text, std::string_view text_fr);
// Of a field of the submitted event itself, also when it is an update.
void add_event_issue(CarePage& page, v1::Issue::Level level, std::string_view code, std::string_view path,
                     std::string_view text, std::string_view text_fr);
// Tells what the event says and no resource does, beyond what each resource tells where it is written.
void tell_losses(CarePage& page);
// What was not lost, but said in words only.
void write_notes(JsonWriter& json, const std::vector<std::string>& notes);
// "<name>": {start, end}; an end before the start is left out.
void write_span(const CarePage& page, JsonWriter& json, std::string_view name, std::optional<Instant> start,
                std::optional<Instant> end);
// A time as the clocks of the tenant show it.
std::string local_text(const CarePage& page, Instant at);
// Who sends the event.
std::string_view sender_role(CarePage& page);
// The profile of CDS 2.0.1, which stands on fr-core 2.1.0; empty in another dialect.
std::string cds_profile(const CarePage& page, std::string_view name);

// When what the event tells happened.
Instant happened_at(const CarePage& page);

}  // namespace psl::fhir
