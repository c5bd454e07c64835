// What is wrong in a CDA that passes through all the same: said, never blocking. One place for the codes and
// the texts.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace passerelle::v1 {
class Issue;
}

namespace psl {

enum class CdaIssue {
  stylesheet_named,
  template_missing,
  document_id_not_oid,
  document_id_extension,
  set_id_missing,
  set_id_not_plain_oid,
  version_wrong,
  version_without_replaced,
  type_missing,
  type_unknown,
  title_missing,
  title_too_long,
  effective_time_missing,
  time_without_offset,
  time_imprecise,
  time_unreadable,
  confidentiality_unusual,
  language_not_french,
  author_missing,
  authors_cut,
  specialty_unknown,
  professional_id_missing,
  professional_id_wrong,
  organization_id_wrong,
  legal_authenticator_missing,
  custodian_missing,
  service_event_missing,
  performer_count,
  practice_setting_unknown,
  encounter_missing,
  facility_type_unknown,
  encounter_class_unknown,
  ins_key_wrong_on_test,
  ins_not_first,
  ins_obsolete,
  name_unqualified,
  first_name_not_in_list,
  sex_unknown,
  birth_date_missing,
  birth_date_imprecise,
  model_unknown,
  body_unknown,
  pdf_unreadable,
  text_cut,
  replaced_not_in_document,
  readable_copy_missing,
  telecom_left_out,
};

struct IssueKind {
  CdaIssue issue;
  bool warning = true;  // else information
  std::string_view code;
  std::string_view text;
  std::string_view text_fr;
};

// All of them, for the reference page and its test.
std::span<const IssueKind> cda_issue_kinds();

// Adds one, unless the same is already there for that path; at most 100 in all.
void add_issue(std::vector<passerelle::v1::Issue>& issues, CdaIssue issue, std::string_view path);

}  // namespace psl
