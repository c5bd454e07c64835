// Who an orientation, an enrolment or a circle is about, as entries of their own: made where the server does
// not know them, left as they are where it does.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "fhir/bundle_writer.h"
#include "fhir/dialect.h"

namespace passerelle::v1 {
class CircleMember;
class Organization;
class Patient;
class Professional;
class Recipient_Person;
class Recipient_Structure;
class Recipient_Tool;
}  // namespace passerelle::v1

namespace psl::fhir {

// True when the Patient is known by its INS.
bool known_by_ins(const passerelle::v1::Patient& patient);

// What the gateway keeps apart, it keeps apart here, and what is one for it is one here: the qualified INS;
// else whose circle it is (stored.Care.circle_id, raw). Without that, tenant and traits as they are written:
// an event that was accepted before circles had an identity in it stays what it was. Never joined by
// resemblance.
Known known_patient(const passerelle::v1::Patient& patient, std::string_view tenant, std::string_view circle);

// The people of one bundle, each once: adding gives the fullUrl to refer by, which lives as long as this,
// write() then writes them all. What is added outlives this.
//
// Who has no national identifier is known by one of ours, from tenant, name, structure and mailbox; without a
// mailbox also from the member of a circle that it is. A name alone joins nobody.
class CarePeople {
 public:
  // `circle`: stored.Care.circle_id, raw; empty: known by tenant, name and mailbox, as before there was one.
  CarePeople(std::string_view tenant, std::string_view circle, Dialect dialect)
      : tenant_(tenant), circle_(circle), dialect_(dialect) {}

  // Organization.
  std::string_view add(const passerelle::v1::Organization& organization,
                       const std::string* mailbox = nullptr);
  // PractitionerRole: a person acting for a structure; either may be null, not both unless there is a
  // mailbox.
  std::string_view add_role(const passerelle::v1::Professional* person,
                            const passerelle::v1::Organization* organization,
                            const std::string* mailbox = nullptr);
  // PractitionerRole of a person with a mailbox.
  std::string_view add(const passerelle::v1::Recipient_Person& person);
  // Organization with a mailbox.
  std::string_view add(const passerelle::v1::Recipient_Structure& structure);
  // PractitionerRole or Organization.
  std::string_view add(const passerelle::v1::CircleMember& member);
  // Device: the software through which somebody is asked.
  std::string_view add(const passerelle::v1::Recipient_Tool& tool);

  void write(BundleWriter& bundle) const;

 private:
  struct Structure {
    Known known;
    const passerelle::v1::Organization* organization;
    const std::string* mailbox;
  };
  struct Person {
    Known known;
    const passerelle::v1::Professional* professional;
  };
  struct Role {
    Known known;
    const passerelle::v1::Professional* professional;
    std::string_view person_url;
    std::string_view organization_url;
    const std::string* mailbox;
  };
  struct Software {
    Known known;
    const std::string* name;
  };
  // Somebody acting somewhere, with what of it is there.
  struct Actor {
    const passerelle::v1::Professional* person = nullptr;
    const passerelle::v1::Organization* organization = nullptr;
    const std::string* mailbox = nullptr;
    std::string_view member_id = {};
  };
  std::string_view add_actor(const Actor& actor);
  Known known_person(const Actor& actor) const;
  const Person& person_of(const Actor& actor);
  const Structure& structure_of(const passerelle::v1::Organization& organization, const std::string* mailbox);
  void write_role(BundleWriter& bundle, const Role& role) const;
  void write_person(BundleWriter& bundle, const Person& person) const;
  void write_structure(BundleWriter& bundle, const Structure& structure) const;

  std::string_view tenant_;
  std::string_view circle_;
  Dialect dialect_;
  // Deques: what is added stays where it is.
  std::deque<Role> roles_;
  std::deque<Person> people_;
  std::deque<Structure> structures_;
  std::deque<Software> tools_;
};

// The entry of the Patient.
void write_patient_entry(BundleWriter& bundle, const Known& known, const passerelle::v1::Patient& patient,
                         Dialect dialect);

}  // namespace psl::fhir
