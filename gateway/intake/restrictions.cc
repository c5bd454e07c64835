#include "gateway/intake/restrictions.h"

#include <algorithm>

#include "passerelle/internal/v1/stored.pb.h"
#include "passerelle/v1/delivery.pb.h"

namespace psl {
namespace {

void tell_inherited(const std::string& path, std::vector<v1::Issue>& issues) {
  v1::Issue& issue = issues.emplace_back();
  issue.set_level(v1::Issue::LEVEL_INFORMATION);
  issue.set_code("RESTRICTION_INHERITED");
  issue.set_path(path);
  issue.set_text("The event does not say it: the restriction of the document replaced holds.");
  issue.set_text_fr("La restriction du document remplacé est reprise.");
}

void tell_lifted(const std::string& path, std::vector<v1::Issue>& issues) {
  v1::Issue& issue = issues.emplace_back();
  issue.set_level(v1::Issue::LEVEL_WARNING);
  issue.set_code("RESTRICTION_LIFTED");
  issue.set_path(path);
  issue.set_text("The document replaced was restricted, this one is less: it is sent as the event says.");
  issue.set_text_fr("Le document remplacé était soumis à une restriction que celui-ci lève : à vérifier.");
}

int strictness(v1::Confidentiality confidentiality) {
  return std::max<int>(confidentiality, v1::CONFIDENTIALITY_NORMAL);
}

}  // namespace

Result<std::optional<Restrictions>> restrictions_of(std::string_view tenant, std::string_view document_id,
                                                    Ledger& ledger, Sealer& sealer) {
  const auto id = ledger.event_with_document(tenant, document_id);
  if (!id.ok()) return id.error();
  if (!id->has_value()) return std::optional<Restrictions>();
  const auto row = ledger.event(**id);
  if (!row.ok()) return row.error();
  const auto plain = sealer.open(row->tenant, row->key, row->id, content_column, row->content);
  if (!plain.ok()) return plain.error();
  stored::StoredEvent content;
  if (!content.ParseFromString(*plain)) return error_of(ErrorCode::corrupt);
  return std::optional(
      Restrictions{content.request().event().visibility(), content.header().metadata().confidentiality()});
}

void inherit_visibility(const Restrictions& replaced, v1::CoordinationEvent& event,
                        std::vector<v1::Issue>& issues) {
  const std::string path = "event.visibility";
  const v1::Visibility& before = replaced.visibility;
  if (!event.has_visibility()) {
    if (before.ByteSizeLong() == 0) return;
    *event.mutable_visibility() = before;
    return tell_inherited(path, issues);
  }
  const v1::Visibility& now = event.visibility();
  const auto compare = [&](bool was, bool is, const char* flag) {
    if (was && !is) tell_lifted(path + "." + flag, issues);
  };
  compare(before.hidden_from_professionals(), now.hidden_from_professionals(), "hidden_from_professionals");
  compare(before.hidden_from_patient(), now.hidden_from_patient(), "hidden_from_patient");
  compare(before.hidden_from_legal_representatives(), now.hidden_from_legal_representatives(),
          "hidden_from_legal_representatives");
}

void inherit_confidentiality(const Restrictions& replaced, v1::DocumentMetadata& metadata,
                             const std::string& path, std::vector<v1::Issue>& issues) {
  if (metadata.confidentiality() != v1::CONFIDENTIALITY_UNSPECIFIED)
    return tell_lower_confidentiality(replaced, metadata.confidentiality(), path, issues);
  if (strictness(replaced.confidentiality) <= strictness(metadata.confidentiality())) return;
  metadata.set_confidentiality(replaced.confidentiality);
  tell_inherited(path, issues);
}

void tell_lower_confidentiality(const Restrictions& replaced, v1::Confidentiality confidentiality,
                                const std::string& path, std::vector<v1::Issue>& issues) {
  if (strictness(confidentiality) < strictness(replaced.confidentiality)) tell_lifted(path, issues);
}

}  // namespace psl
