#include "fhir/people.h"

#include "fhir/codes.h"
#include "gateway/core/checked.h"
#include "gateway/core/document_facts.h"
#include "passerelle/v1/identity.pb.h"

namespace psl::fhir {
namespace {

namespace v1 = passerelle::v1;

constexpr std::string_view french_extension = "https://hl7.fr/ig/fhir/core/StructureDefinition/";

struct InsKind {
  std::string_view oid;
  std::string_view type;
};
// fr-core, slices of Patient.identifier.
constexpr InsKind ins_kinds[] = {
    {ins_nir_oid, "INS-NIR"},
    {ins_nia_oid, "INS-NIA"},
    {ins_nir_test_oid, "INS-NIR-TEST"},
    {ins_nir_demo_oid, "INS-NIR-DEMO"},
};

// fr-core 2.1.0 wants "temp" for a NIA, 2.2.0 "official": no form passes both.
std::string_view use_of(const InsKind& kind, Dialect dialect) {
  return kind.oid == ins_nia_oid && dialect == Dialect::fr_core_2_1_0 ? "temp" : "official";
}

const InsKind& kind_of(const v1::Ins& ins) {
  for (const InsKind& kind : ins_kinds) {
    if (kind.oid == ins.oid()) return kind;
  }
  return ins_kinds[0];
}

std::string local_reference(std::string_view kind, size_t place) {
  return "#" + std::string(kind) + "-" + std::to_string(place + 1);
}

void begin_contained(JsonWriter& json, std::string_view type, const std::string& reference) {
  json.object().text("resourceType", type).text("id", std::string_view(reference).substr(1));
}

void write_type(JsonWriter& json, std::string_view system, std::string_view code,
                std::string_view display = {}) {
  json.object("type").array("coding").object();
  json.text("system", system).text("code", code).text("display", display);
  json.end().end().end();
}

// IDNPS or IDNST. The profiles have no other type for these systems: an identifier inside a structure
// ("3<FINESS>/...") carries it too.
void write_national_id(JsonWriter& json, std::string_view type, std::string_view oid,
                       std::string_view value) {
  if (value.empty()) return;
  json.array("identifier").object().text("use", "official");
  write_type(json, french_identifier_types, type);
  json.text("system", oid_urn(oid)).text("value", value).end().end();
}

void write_ins_fields(JsonWriter& json, const v1::Ins& ins, Dialect dialect) {
  const InsKind& kind = kind_of(ins);
  json.text("use", use_of(kind, dialect));
  write_type(json, french_identifier_types, kind.type);
  json.text("system", oid_urn(ins.oid())).text("value", ins.matricule());
}

std::string_view gender_of(v1::Sex sex) {
  if (sex == v1::SEX_FEMALE) return "female";
  if (sex == v1::SEX_MALE) return "male";
  return "unknown";
}

void write_birth_place(JsonWriter& json, const v1::Patient& patient) {
  json.object()
      .text("url", "http://hl7.org/fhir/StructureDefinition/patient-birthPlace")
      .object("valueAddress");
  json.array("extension").object().text("url", std::string(french_extension) + "fr-core-address-insee-code");
  json.object("valueCoding").text("system", commune_system).text("code", patient.birth_place_code());
  json.end().end().end().text("city", patient.birth_place_name()).end().end();
}

// The status of the identity, and its birth place, which comes with an INS. An identity without INS may lack
// it.
void write_identity_extensions(JsonWriter& json, const v1::Patient& patient, bool qualified) {
  const bool checked = qualified || patient.status() == v1::IDENTITY_STATUS_VALIDATED;
  json.array("extension").object().array("extension").object();
  json.text("url", "identityStatus").object("valueCoding");
  json.text("system", "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0445");
  json.text("code", checked ? "VALI" : "PROV");
  json.end().end().end().text("url", std::string(french_extension) + "fr-core-identity-reliability").end();
  if (qualified || !patient.birth_place_code().empty()) write_birth_place(json, patient);
  json.end();
}

void write_names(JsonWriter& json, const v1::Patient& patient) {
  const std::string given = first_given_name(patient);
  json.array("name").object();
  if (!patient.birth_given_names().empty()) {
    json.array("extension").object();
    json.text("url", std::string(french_extension) + "fr-core-patient-birth-list-given-name");
    json.text("valueString", patient.birth_given_names()).end().end();
  }
  json.text("use", "official").text("family", patient.birth_family_name());
  json.array("given").element(given).end().end();
  if (!patient.used_family_name().empty() || !patient.used_given_name().empty()) {
    const bool own_family = !patient.used_family_name().empty();
    json.object().text("use", "usual");
    json.text("family", own_family ? patient.used_family_name() : patient.birth_family_name());
    json.array("given").element(patient.used_given_name().empty() ? given : patient.used_given_name());
    json.end().end();
  }
  json.end();
}

bool same(const v1::Organization& a, const v1::Organization& b) {
  return a.national_id() == b.national_id() && a.name() == b.name();
}
bool same(const v1::Professional& a, const v1::Professional& b) {
  return a.national_id() == b.national_id() && a.family_name() == b.family_name() &&
         a.given_name() == b.given_name();
}

// The place of what equals `one`, which is added when there is none.
template <typename T>
size_t place_of(std::vector<const T*>& all, const T& one) {
  for (size_t i = 0; i < all.size(); ++i) {
    if (same(*all[i], one)) return i;
  }
  all.push_back(&one);
  return all.size() - 1;
}

}  // namespace

void write_ins(JsonWriter& json, const v1::Patient& patient) {
  json.object("identifier");
  write_ins_fields(json, patient.ins(), Dialect::fr_core_2_1_0);
  json.end();
}

void write_patient_elements(JsonWriter& json, const v1::Patient& patient, Dialect dialect,
                            const Known* without_ins) {
  const bool qualified = without_ins == nullptr;
  json.object("meta").array("profile");
  json.element(std::string(french_extension) + (qualified ? "fr-core-patient-ins" : "fr-core-patient"));
  json.end().end();
  write_identity_extensions(json, patient, qualified);
  json.array("identifier").object();
  if (qualified) {
    write_ins_fields(json, patient.ins(), dialect);
  } else {
    write_identifier_elements(json, *without_ins);
  }
  json.end();
  if (!patient.local_id().value().empty()) {
    json.object().text("use", "usual");
    // The pattern of this slice holds the display too.
    write_type(json, hl7_identifier_types, "PI", "Patient internal identifier");
    json.text("system", oid_urn(patient.local_id().oid())).text("value", patient.local_id().value()).end();
  }
  json.end();
  write_names(json, patient);
  json.text("gender", gender_of(patient.sex()));
  json.text("birthDate", patient.birth_date());
}

std::string Contained::add(const v1::Patient& patient) {
  patients_.push_back(&patient);
  return local_reference("patient", patients_.size() - 1);
}

std::string Contained::add(const v1::Organization& organization) {
  return local_reference("organization", place_of(organizations_, organization));
}

std::string Contained::add(const v1::Professional& person) {
  return local_reference("practitioner", place_of(people_, person));
}

std::string Contained::add_role(const v1::Professional* person, const v1::Organization& organization) {
  roles_.push_back({person, person != nullptr ? add(*person) : std::string(), add(organization)});
  return local_reference("role", roles_.size() - 1);
}

void Contained::write_roles(JsonWriter& json) const {
  for (size_t i = 0; i < roles_.size(); ++i) {
    const Role& role = roles_[i];
    begin_contained(json, "PractitionerRole", local_reference("role", i));
    json.object("practitioner").text("reference", role.person_reference).end();
    json.object("organization").text("reference", role.organization_reference).end();
    // `specialty` takes medical specialties only; this code also tells the profession.
    if (role.person != nullptr && !role.person->specialty_code().empty()) {
      const std::string& code = role.person->specialty_code();
      json.array("code").object().array("coding").object();
      json.text("system", author_specialty_system(code)).text("code", code).end().end();
      json.text("text", role.person->specialty_label()).end().end();
    }
    json.end();
  }
}

void Contained::write(JsonWriter& json) const {
  json.array("contained");
  write_roles(json);
  for (size_t i = 0; i < people_.size(); ++i) {
    begin_contained(json, "Practitioner", local_reference("practitioner", i));
    write_national_id(json, "IDNPS", professional_oid, people_[i]->national_id());
    json.array("name").object().text("family", people_[i]->family_name());
    json.array("given").element(people_[i]->given_name()).end().end().end().end();
  }
  for (size_t i = 0; i < organizations_.size(); ++i) {
    begin_contained(json, "Organization", local_reference("organization", i));
    write_national_id(json, "IDNST", organization_oid, organizations_[i]->national_id());
    json.text("name", organizations_[i]->name()).end();
  }
  for (size_t i = 0; i < patients_.size(); ++i) {
    begin_contained(json, "Patient", local_reference("patient", i));
    write_patient_elements(json, *patients_[i], Dialect::fr_core_2_1_0, nullptr);
    json.end();
  }
  json.end();
}

}  // namespace psl::fhir
