#include "gateway/intake/person_identity.h"

#include "gateway/core/checked.h"
#include "gateway/core/document_facts.h"
#include "passerelle/v1/identity.pb.h"

namespace psl {
namespace {

// A name without any Latin letter counts as it is written: people who have such names are not all the same.
std::string letters_of(std::string_view name) {
  std::string out = strict_name(name);
  std::erase_if(out, [](char c) { return c < 'A' || c > 'Z'; });
  return out.empty() ? std::string(name) : out;
}

}  // namespace

Result<PersonMacs> person_macs(Sealer& sealer, std::string_view tenant, const v1::Patient& patient) {
  PersonMacs macs;
  // Its key and its system were checked when the event came in.
  if (patient.has_ins() && patient.status() == v1::IDENTITY_STATUS_QUALIFIED) {
    auto mac = sealer.mac(tenant, "patient", patient.ins().matricule());
    if (!mac.ok()) return std::move(mac).error();
    macs.ins = std::move(*mac);
  }
  const std::string name = letters_of(patient.birth_family_name());
  if (name.empty() || patient.birth_date().empty()) return macs;
  const std::string traits = name + "|" + letters_of(first_given_name(patient)) + "|" +
                             std::to_string(patient.sex()) + "|" + patient.birth_date() + "|" +
                             patient.birth_place_code();
  auto mac = sealer.mac(tenant, "patient-traits", traits);
  if (!mac.ok()) return std::move(mac).error();
  macs.traits = std::move(*mac);
  return macs;
}

}  // namespace psl
