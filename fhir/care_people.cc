#include "fhir/care_people.h"

#include "fhir/care_codes.h"
#include "fhir/codes.h"
#include "fhir/people.h"
#include "gateway/core/checked.h"
#include "gateway/core/document_facts.h"
#include "passerelle/v1/circle.pb.h"
#include "passerelle/v1/identity.pb.h"
#include "passerelle/v1/recipient.pb.h"

namespace psl::fhir {
namespace {

namespace v1 = passerelle::v1;

// Of TRE/v2-0203.
constexpr std::string_view idnps = "IDNPS";
constexpr std::string_view idnst = "IDNST";

std::string_view text_or_none(const std::string* text) {
  return text != nullptr ? std::string_view(*text) : std::string_view();
}

// An identifier that we made, because nobody gave one.
Known known_by_us(std::string_view type, std::initializer_list<std::string_view> parts) {
  Known known = known_by_uuid(type, uuid_of(parts));
  known.use = "secondary";
  return known;
}

// Among resources of one type: where identifiers are of one type, they are of one system.
template <typename T>
T* find_known(std::deque<T>& all, std::string_view identifier_type, std::string_view value) {
  for (T& each : all) {
    if (each.known.value == value && each.known.identifier_type == identifier_type) return &each;
  }
  return nullptr;
}

constexpr std::string_view email_type_extension =
    "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-contact-point-email-type";

void write_mailbox(JsonWriter& json, const std::string* mailbox) {
  if (mailbox == nullptr || mailbox->empty()) return;
  json.object().array("extension").object();
  json.text("url", email_type_extension).object("valueCoding");
  json.text("system", mailbox_kind_system).text("code", "MSSANTE").end().end().end();
  json.text("system", "email").text("value", *mailbox).end();
}

struct Scheme {
  std::string_view prefix;
  std::string_view system;
};
constexpr Scheme telecom_schemes[] = {
    {"tel:", "phone"}, {"fax:", "fax"}, {"mailto:", "email"}, {"http:", "url"}, {"https:", "url"}};

void write_telecom(JsonWriter& json, const v1::Telecom& telecom) {
  static constexpr std::string_view uses[] = {"", "home", "work", "mobile"};
  const std::string_view uri = telecom.uri();
  for (const auto& [prefix, system] : telecom_schemes) {
    if (!uri.starts_with(prefix)) continue;
    const std::string_view value = system == "url" ? uri : uri.substr(prefix.size());
    if (value.find_first_not_of(' ') == std::string_view::npos) return;
    json.object().text("system", system).text("value", value);
    const auto use = static_cast<size_t>(telecom.use());
    json.text("use", use < std::size(uses) ? uses[use] : std::string_view()).end();
  }
}

template <typename Telecoms>
void write_telecoms(JsonWriter& json, const std::string* mailbox, const Telecoms& telecoms) {
  json.array("telecom");
  write_mailbox(json, mailbox);
  for (const v1::Telecom& each : telecoms) write_telecom(json, each);
  json.end();
}

void write_address(JsonWriter& json, const v1::Address& address, const std::string& country = {}) {
  json.array("address").object().array("line");
  for (const std::string& line : address.lines()) json.element(line);
  json.end().text("city", address.city()).text("postalCode", address.postal_code());
  json.text("country", country).end().end();
}

// Annuaire 1.1.0 stands on fr-core 2.1.0; the edition on 2.2.0 is not published yet, so its base is claimed
// there.
struct ProfileRow {
  std::string_view annuaire;
  std::string_view fr_core;

  std::string_view in(Dialect dialect) const {
    return dialect == Dialect::fr_core_2_1_0 ? annuaire : fr_core;
  }
};
constexpr ProfileRow role_profile = {
    "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-practitionerrole",
    "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-practitioner-role"};
constexpr ProfileRow person_profile = {
    "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-practitioner",
    "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-practitioner"};
constexpr ProfileRow structure_profile = {
    "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-organization",
    "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-organization"};

}  // namespace

bool known_by_ins(const v1::Patient& patient) {
  // Which OIDs this gateway takes is decided before: here an INS is one.
  return ins_is_qualified(patient, Environment::production) || ins_is_qualified(patient, Environment::test);
}

Known known_patient(const v1::Patient& patient, std::string_view tenant, std::string_view circle) {
  if (known_by_ins(patient))
    return known_by("Patient", {}, oid_urn(patient.ins().oid()), patient.ins().matricule());
  if (!circle.empty()) return known_by_us("Patient", {"patient", circle});
  return known_by_us("Patient",
                     {"patient", tenant, patient.birth_family_name(), first_given_name(patient),
                      v1::Sex_Name(patient.sex()), patient.birth_date(), patient.birth_place_code()});
}

void write_patient_entry(BundleWriter& bundle, const Known& known, const v1::Patient& patient,
                         Dialect dialect) {
  JsonWriter& json = bundle.begin(known);
  write_patient_elements(json, patient, dialect, known_by_ins(patient) ? nullptr : &known);
  write_telecoms(json, nullptr, patient.telecoms());
  // Of professionals and structures it is left out: as-address-extended wants a code, and the event has what
  // the sender wrote.
  write_address(json, patient.address(), patient.address().country());
  if (patient.birth_rank() > 0)
    json.number("multipleBirthInteger", static_cast<uint64_t>(patient.birth_rank()));
  bundle.end_create(known);
}

Known CarePeople::known_person(const Actor& actor) const {
  const v1::Professional& person = *actor.person;
  const std::string& id = person.national_id();
  if (!id.empty()) return known_by("Practitioner", idnps, oid_urn(professional_oid), id);
  const std::string_view mailbox = text_or_none(actor.mailbox);
  if (circle_.empty())
    return known_by_us("Practitioner",
                       {"practitioner", tenant_, person.family_name(), person.given_name(), mailbox});
  std::string_view structure;
  if (actor.organization != nullptr) {
    const v1::Organization& organization = *actor.organization;
    structure = organization.national_id().empty() ? organization.name() : organization.national_id();
  }
  const bool by_member = mailbox.empty() && !actor.member_id.empty();
  return known_by_us("Practitioner", {"practitioner", tenant_, person.family_name(), person.given_name(),
                                      mailbox, structure, by_member ? circle_ : std::string_view(),
                                      by_member ? actor.member_id : std::string_view()});
}

const CarePeople::Person& CarePeople::person_of(const Actor& actor) {
  const std::string& id = actor.person->national_id();
  if (const Person* there = find_known(people_, idnps, id)) return *there;
  Known known = known_person(actor);
  if (const Person* there = id.empty() ? find_known(people_, {}, known.value) : nullptr) return *there;
  return people_.emplace_back(Person{std::move(known), actor.person});
}

const CarePeople::Structure& CarePeople::structure_of(const v1::Organization& organization,
                                                      const std::string* mailbox) {
  const std::string& id = organization.national_id();
  Structure* there = find_known(structures_, idnst, id);
  if (there == nullptr) {
    Known known = id.empty() ? known_by_us("Organization", {"organization", tenant_, organization.name(),
                                                            text_or_none(mailbox)})
                             : known_by("Organization", idnst, oid_urn(organization_oid), id);
    if (id.empty()) there = find_known(structures_, {}, known.value);
    if (there == nullptr)
      there = &structures_.emplace_back(Structure{std::move(known), &organization, mailbox});
  }
  if (there->mailbox == nullptr) there->mailbox = mailbox;
  return *there;
}

std::string_view CarePeople::add(const v1::Organization& organization, const std::string* mailbox) {
  return structure_of(organization, mailbox).known.full_url;
}

std::string_view CarePeople::add_role(const v1::Professional* person, const v1::Organization* organization,
                                      const std::string* mailbox) {
  return add_actor({person, organization, mailbox, {}});
}

std::string_view CarePeople::add_actor(const Actor& actor) {
  const auto& [person, organization, mailbox, member_id] = actor;
  const bool named = person != nullptr && (!person->national_id().empty() || !person->family_name().empty());
  Role role{{}, named ? person : nullptr, {}, {}, mailbox};
  std::string_view of_person;
  std::string_view of_organization;
  if (named) {
    const Known& known = person_of(actor).known;
    role.person_url = known.full_url;
    of_person = known.value;
  }
  if (organization != nullptr) {
    const Known& known = structure_of(*organization, nullptr).known;
    role.organization_url = known.full_url;
    of_organization = known.value;
  }
  role.known = known_by_us(
      "PractitionerRole",
      {"role", tenant_, of_person, of_organization,
       named ? std::string_view(person->specialty_code()) : std::string_view(), text_or_none(mailbox)});
  if (const Role* there = find_known(roles_, {}, role.known.value)) return there->known.full_url;
  return roles_.emplace_back(std::move(role)).known.full_url;
}

std::string_view CarePeople::add(const v1::Recipient_Person& person) {
  const v1::Professional& professional = person.professional();
  return add_role(&professional, professional.has_organization() ? &professional.organization() : nullptr,
                  &person.mailbox());
}

std::string_view CarePeople::add(const v1::Recipient_Structure& structure) {
  return add(structure.organization(), &structure.mailbox());
}

std::string_view CarePeople::add(const v1::CircleMember& member) {
  if (member.has_structure()) return add(member.structure());
  const v1::Recipient_Person& one = member.person();
  const v1::Professional& person = one.professional();
  return add_actor({&person, person.has_organization() ? &person.organization() : nullptr, &one.mailbox(),
                    member.member_id()});
}

std::string_view CarePeople::add(const v1::Recipient_Tool& tool) {
  Known known = known_by_us("Device", {"device", tenant_, tool.name()});
  if (const Software* there = find_known(tools_, {}, known.value)) return there->known.full_url;
  return tools_.emplace_back(Software{std::move(known), &tool.name()}).known.full_url;
}

void CarePeople::write_role(BundleWriter& bundle, const Role& role) const {
  JsonWriter& json = bundle.begin(role.known);
  write_profile(json, role_profile.in(dialect_));
  write_identifier(json, role.known);
  if (!role.person_url.empty()) write_reference(json, "practitioner", role.person_url);
  if (!role.organization_url.empty()) write_reference(json, "organization", role.organization_url);
  // `specialty` takes medical specialties only; this code also tells the profession.
  if (role.professional != nullptr && !role.professional->specialty_code().empty()) {
    const std::string& code = role.professional->specialty_code();
    json.array("code");
    write_concept(json, {}, author_specialty_system(code), code, role.professional->specialty_label());
    json.end();
  }
  json.array("telecom");
  write_mailbox(json, role.mailbox);
  json.end();
  bundle.end_create(role.known);
}

void CarePeople::write_person(BundleWriter& bundle, const Person& person) const {
  static constexpr size_t rpps_digits = 11;
  const v1::Professional& professional = *person.professional;
  const std::string_view national_id = professional.national_id();
  JsonWriter& json = bundle.begin(person.known);
  write_profile(json, person_profile.in(dialect_));
  json.array("identifier").object();
  write_identifier_elements(json, person.known);
  json.end();
  if (national_id.starts_with('8') && national_id.size() == 1 + rpps_digits) {
    json.object().text("use", "official");
    write_concept(json, "type", french_identifier_types, "RPPS", {});
    json.text("system", rpps_system).text("value", national_id.substr(1)).end();
  }
  json.end();
  json.array("name").object().text("family", professional.family_name());
  json.array("given").element(professional.given_name()).end();
  json.array("prefix").element(professional.prefix()).end();
  json.array("suffix").element(professional.suffix()).end().end().end();
  write_telecoms(json, nullptr, professional.telecoms());
  write_address(json, professional.address());
  bundle.end_create(person.known);
}

void CarePeople::write_structure(BundleWriter& bundle, const Structure& structure) const {
  JsonWriter& json = bundle.begin(structure.known);
  write_profile(json, structure_profile.in(dialect_));
  write_identifier(json, structure.known);
  json.text("name", structure.organization->name());
  write_telecoms(json, structure.mailbox, structure.organization->telecoms());
  write_address(json, structure.organization->address());
  bundle.end_create(structure.known);
}

void CarePeople::write(BundleWriter& bundle) const {
  for (const Role& each : roles_) write_role(bundle, each);
  for (const Person& each : people_) write_person(bundle, each);
  for (const Structure& each : structures_) write_structure(bundle, each);
  for (const Software& each : tools_) {
    JsonWriter& json = bundle.begin(each.known);
    write_identifier(json, each.known);
    json.array("deviceName").object().text("name", *each.name).text("type", "user-friendly-name").end().end();
    bundle.end_create(each.known);
  }
}

}  // namespace psl::fhir
