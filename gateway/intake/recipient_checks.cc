#include "gateway/intake/recipient_checks.h"

#include <algorithm>

#include "gateway/core/checked.h"
#include "gateway/intake/person_checks.h"
#include "gateway/intake/text_checks.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

constexpr int recipients_most = 50;
// Mon espace santé: one mailbox for each matricule INS.
constexpr std::string_view patients_domain = "patient.mssante.fr";

bool domain_allowed(std::string_view domain, const v1::Tenant& tenant) {
  for (const std::string& allowed : tenant.mail_domains()) {
    const bool whole_tree = allowed.front() == '.';
    if (whole_tree ? domain.size() > allowed.size() && domain.ends_with(allowed) : domain == allowed)
      return true;
  }
  return false;
}

// The address, or nothing when it is at fault.
std::string check_mailbox(const std::string& text, const v1::Tenant& tenant, const std::string& path,
                          FaultList& faults) {
  const auto mailbox = Mailbox::parse(text);
  if (!mailbox.ok()) {
    faults.add_under(path, mailbox.error());
    return {};
  }
  if (!domain_allowed(mailbox->domain(), tenant)) {
    faults.add(path + ".mailbox", "a domain that this tenant's mail_domains allow expected");
    return {};
  }
  return mailbox->reveal();
}

// A mailbox of Mon espace santé would get what is for professionals.
void refuse_patients_mailbox(const std::string& address, const std::string& path, FaultList& faults) {
  if (address.ends_with("@" + std::string(patients_domain)))
    faults.add(path + ".mailbox", "a professional's mailbox expected, not a patient's");
}

std::string check_tool(const std::string& name, const v1::Tenant& tenant, const std::string& path,
                       FaultList& faults) {
  if (std::find(tenant.tools().begin(), tenant.tools().end(), name) == tenant.tools().end())
    faults.add(path, "a tool of the tenant's configuration expected");
  return "tool " + name;
}

std::string check_server(const std::string& name, const v1::Tenant& tenant, const std::string& path,
                         FaultList& faults) {
  const auto& servers = tenant.fhir_servers();
  if (std::find(servers.begin(), servers.end(), name) == servers.end())
    faults.add(path, "a FHIR server of the tenant's configuration expected");
  return "fhir_server " + name;
}

// What a Recipient and a Candidate have in common.
std::string check_person_target(const v1::Recipient::Person& person, const v1::Tenant& tenant,
                                const std::string& path, FaultList& faults) {
  if (person.has_professional())
    check_professional(person.professional(), false, path + ".professional", faults);
  return check_mailbox(person.mailbox(), tenant, path, faults);
}

std::string check_structure_target(const v1::Recipient::Structure& structure, const v1::Tenant& tenant,
                                   const std::string& path, FaultList& faults) {
  if (structure.has_organization())
    check_organization(structure.organization(), path + ".organization", faults);
  return check_mailbox(structure.mailbox(), tenant, path, faults);
}

std::string check_recipient(const v1::Recipient& recipient, const v1::Tenant& tenant, const std::string& path,
                            FaultList& faults) {
  switch (recipient.target_case()) {
    case v1::Recipient::kPerson:
      return check_person_target(recipient.person(), tenant, path + ".person", faults);
    case v1::Recipient::kStructure:
      return check_structure_target(recipient.structure(), tenant, path + ".structure", faults);
    case v1::Recipient::kPatient:
      return "patient";
    case v1::Recipient::kSharedRecord:
      if (tenant.shared_record().empty())
        faults.add(path + ".shared_record", "the tenant has no repository of shared records");
      return "shared_record";
    case v1::Recipient::kTool:
      return check_tool(recipient.tool().name(), tenant, path + ".tool.name", faults);
    case v1::Recipient::kFhirServer:
      return check_server(recipient.fhir_server().name(), tenant, path + ".fhir_server.name", faults);
    case v1::Recipient::TARGET_NOT_SET:
      break;
  }
  faults.add(path, "a target is required: person, structure, patient, shared_record, tool or fhir_server");
  return {};
}

// What only some kinds may have as recipient.
void check_target_of_kind(const v1::CoordinationEvent& event, const v1::Recipient& recipient,
                          const std::string& address, const std::string& path, FaultList& faults) {
  if (event.kind_case() == v1::CoordinationEvent::kDischargeLetter) {
    if (recipient.has_fhir_server())
      faults.add(path + ".fhir_server", "a letter is a document: shared_record or tool expected");
    return;
  }
  if (recipient.has_person()) refuse_patients_mailbox(address, path + ".person", faults);
  if (recipient.has_structure()) refuse_patients_mailbox(address, path + ".structure", faults);
  if (recipient.has_shared_record() && event.has_care_circle_change())
    faults.add(path + ".shared_record", "a change of the circle is no document of the record");
}

// The number of recipients that each kind needs.
void check_count(const v1::CoordinationEvent& event, FaultList& faults) {
  const int count = event.recipients_size();
  if (event.has_orientation_update()) {
    if (count > 0) faults.add("event.recipients", "none expected: they follow from the orientation");
  } else if (event.has_discharge_letter() && count == 0 && !event.route_to_circle()) {
    faults.add("event.recipients", "at least one is required");
  }
  if (count > recipients_most) faults.add("event.recipients", "at most 50 expected");
}

}  // namespace

AddressSet check_recipients(const v1::CoordinationEvent& event, const v1::Tenant& tenant, FaultList& faults) {
  check_count(event, faults);
  AddressSet seen;
  if (event.recipients_size() > recipients_most) return seen;
  for (int i = 0; i < event.recipients_size(); ++i) {
    const std::string path = "event.recipients[" + std::to_string(i) + "]";
    const std::string address = check_recipient(event.recipients(i), tenant, path, faults);
    check_target_of_kind(event, event.recipients(i), address, path, faults);
    if (!address.empty() && !seen.insert(address).second)
      faults.add(path, "the same address as an earlier recipient");
  }
  return seen;
}

void check_candidate(const v1::Candidate& candidate, const v1::Tenant& tenant, const std::string& path,
                     AddressSet& taken, FaultList& faults) {
  std::string address;
  switch (candidate.target_case()) {
    case v1::Candidate::kPerson:
      address = check_person_target(candidate.person(), tenant, path + ".person", faults);
      refuse_patients_mailbox(address, path + ".person", faults);
      break;
    case v1::Candidate::kStructure:
      address = check_structure_target(candidate.structure(), tenant, path + ".structure", faults);
      refuse_patients_mailbox(address, path + ".structure", faults);
      break;
    case v1::Candidate::kTool:
      address = check_tool(candidate.tool().name(), tenant, path + ".tool.name", faults);
      break;
    case v1::Candidate::TARGET_NOT_SET:
      faults.add(path, "a target is required: person, structure or tool");
      break;
  }
  if (!address.empty() && !taken.insert(address).second)
    faults.add(path, "the same address as an earlier candidate, or as a recipient");
  if (!candidate.phone().empty() && !candidate.phone().starts_with("tel:"))
    faults.add(path + ".phone", "a URI of scheme tel expected");
  check_token(candidate.phone(), false, 200, path + ".phone", faults);
}

std::string check_member_target(const v1::CircleMember& member, const v1::Tenant& tenant, bool needs_id,
                                const std::string& path, FaultList& faults) {
  const bool is_person = member.has_person();
  if (!is_person && !member.has_structure()) {
    faults.add(path, "who it is is required: person or structure");
    return {};
  }
  const std::string here = path + (is_person ? ".person" : ".structure");
  const std::string& mailbox = is_person ? member.person().mailbox() : member.structure().mailbox();
  if (is_person && (needs_id || member.person().has_professional() || mailbox.empty()))
    check_carer(member.person().professional(), needs_id, here + ".professional", faults);
  if (!is_person && (needs_id || member.structure().has_organization() || mailbox.empty()))
    check_organization(member.structure().organization(), here + ".organization", faults);
  if (mailbox.empty()) return {};
  const std::string address = check_mailbox(mailbox, tenant, here, faults);
  refuse_patients_mailbox(address, here, faults);
  return address;
}

}  // namespace psl
