#include "adapters/mssante/mail_rules.h"

#include <algorithm>

#include "adapters/formats/check/mail_check.h"
#include "adapters/mssante/notice_text.h"
#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/config.pb.h"
#include "passerelle/v1/gateway.pb.h"

namespace psl {
namespace {

constexpr const char* professionals_flag = "event.visibility.hidden_from_professionals";
constexpr const char* patient_flag = "event.visibility.hidden_from_patient";
constexpr const char* representatives_flag = "event.visibility.hidden_from_legal_representatives";

class RuleFaults {
 public:
  // A field has one fault: the first.
  void add(const std::string& path, const std::string& text) {
    const auto same = [&path](const FieldFault& each) { return each.path == path; };
    if (std::none_of(faults_.begin(), faults_.end(), same)) faults_.push_back({path, text});
  }
  Status status() {
    if (faults_.empty()) return {};
    return Error{ErrorCode::field_invalid, "", std::move(faults_)};
  }

 private:
  std::vector<FieldFault> faults_;
};

// The three rows of the table: professionals and patient with no flag; professionals alone, hidden from the
// patient; the patient alone, not hidden from him.
void check_strict_flags(const v1::CoordinationEvent& event, RuleFaults& faults) {
  bool to_professionals = false;
  bool to_patient = false;
  for (const v1::Recipient& each : event.recipients()) {
    (each.has_patient() ? to_patient : to_professionals) = true;
  }
  const v1::Visibility& flags = event.visibility();
  if (!to_professionals) return;
  if (flags.hidden_from_professionals())
    faults.add(professionals_flag, "false expected when a professional is a recipient (strict_flags)");
  if (flags.hidden_from_legal_representatives())
    faults.add(representatives_flag, "false expected when a professional is a recipient (strict_flags)");
  if (!to_patient && !flags.hidden_from_patient())
    faults.add(patient_flag, "true expected when the patient is not a recipient (strict_flags)");
}

bool goes_to_a_patient(const v1::Recipient& recipient) {
  const std::string& given =
      recipient.has_person() ? recipient.person().mailbox() : recipient.structure().mailbox();
  const auto mailbox = Mailbox::parse(given);
  return mailbox.ok() && mailbox->domain() == patient_domain;
}

}  // namespace

std::string recipient_path(int recipient_index) {
  return "event.recipients[" + std::to_string(recipient_index) + "]";
}

Status check_recipient(const Dispatch& dispatch, Environment environment) {
  const v1::CoordinationEvent& event = dispatch.request.event();
  const v1::Recipient& recipient = event.recipients(dispatch.recipient_index);
  const v1::Visibility& flags = event.visibility();
  RuleFaults faults;
  const bool notice = is_notice(telling_of(dispatch));
  if (recipient.has_patient()) {
    if (!ins_is_qualified(dispatch.header.patient(), environment))
      faults.add(recipient_path(dispatch.recipient_index) + ".patient",
                 "needs a patient with a qualified INS and its five traits");
    if (flags.hidden_from_patient())
      faults.add(patient_flag, "false expected when the patient is a recipient");
  } else if (goes_to_a_patient(recipient)) {
    faults.add(recipient_path(dispatch.recipient_index),
               "a patient's mailbox: name the patient as recipient (patient)");
  } else if (!notice && flags.hidden_from_professionals()) {
    faults.add(professionals_flag, "false expected when a professional or a structure is a recipient");
  }
  // The flags are about the document, which a notice has not.
  if (!notice && dispatch.tenant.strict_flags()) check_strict_flags(event, faults);
  return faults.status();
}

}  // namespace psl
