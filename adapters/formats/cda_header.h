// Parts of a CDA header, one function each. Internal to the reading of a CDA: cda_reader.h is the door.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/formats/cda_issues.h"
#include "adapters/formats/cda_reader.h"
#include "adapters/formats/xml_parser.h"

namespace psl {

// What the reading of one document shares: options, and where issues and faults go.
class CdaNotes {
 public:
  CdaNotes(const CdaReadOptions& options, std::vector<passerelle::v1::Issue>& issues)
      : options_(options), issues_(issues) {}

  Environment environment() const { return options_.environment; }
  const TimeZone& zone() const { return options_.zone; }

  void issue(CdaIssue issue, const std::string& path) { add_issue(issues_, issue, path); }
  // `expected` follows the XPath: "ClinicalDocument/id: a root is required". At most 20 are kept.
  void fault(const std::string& path, std::string_view expected);
  // document_invalid with the faults; success when there is none.
  Status status() const;

 private:
  const CdaReadOptions& options_;
  std::vector<passerelle::v1::Issue>& issues_;
  std::vector<FieldFault> faults_;
};

// Child elements of the namespace urn:hl7-org:v3.
const XmlElement* cda_child(const XmlElement& element, std::string_view name);
std::vector<const XmlElement*> cda_children(const XmlElement& element, std::string_view name);
// child of child...; null when one is missing.
const XmlElement* cda_at(const XmlElement& element, std::initializer_list<std::string_view> names);
// The attribute of that child; empty when either is missing.
std::string_view cda_value(const XmlElement& element, std::string_view child, std::string_view attribute);

// One line of at most 500 bytes: runs of white space become one space. TEXT_CUT when it was longer.
std::string cda_text(std::string_view text, const std::string& path, CdaNotes& notes);

// "root", or "root^extension"; empty when there is no root. Never more than 200 bytes.
std::string cda_identifier(const XmlElement& id);

// recordTarget/patientRole, at `path`.
void read_cda_patient(const XmlElement& role, const std::string& path, passerelle::v1::Patient& patient,
                      CdaNotes& notes);
// assignedAuthor or assignedEntity. `is_author`: the specialty is expected.
void read_cda_professional(const XmlElement& entity, const std::string& path, bool is_author,
                           passerelle::v1::Professional& professional, CdaNotes& notes);
// representedOrganization, representedCustodianOrganization.
void read_cda_organization(const XmlElement& element, const std::string& path,
                           passerelle::v1::Organization& organization, CdaNotes& notes);
// A code as the document gives it; its label is the code when there is none.
void read_cda_coding(const XmlElement* code, const std::string& path, passerelle::v1::Coding& coding,
                     CdaNotes& notes);
// @value as an instant; nothing, with an issue, when it is no timestamp.
std::optional<Hl7Time> read_cda_time(const XmlElement* time, const std::string& path, CdaNotes& notes);

}  // namespace psl
