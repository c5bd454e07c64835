// Parts of a CDA header, one function each. Internal to the reading and the checking of a CDA: cda_reader.h
// and check/cda_check.h are the doors.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/formats/cda/cda_reader.h"
#include "adapters/formats/check/rules.h"
#include "adapters/formats/xml_parser.h"

namespace psl {

// What the reading of one document shares: options, and where issues and faults go. A path is made only when
// there is something to tell.
class CdaNotes {
 public:
  CdaNotes(const CdaReadOptions& options, std::vector<passerelle::v1::Issue>& issues)
      : options_(options), issues_(issues) {}

  Environment environment() const { return options_.environment; }
  const TimeZone& zone() const { return options_.zone; }

  // At the element, or at `rest` below it: "family[@qualifier='BR']", "@root".
  void issue(Rule rule, const XmlElement& at, std::string_view rest = {});
  // The same, and the document cannot be taken.
  void fault(Rule rule, const XmlElement& at, std::string_view rest = {});
  // The document could not even be read: `where` and what is wrong, in words that follow its name.
  void unreadable(Rule rule, std::string_view where, std::string text);
  // document_invalid with the faults, at most 20; success when there is none.
  Status status() const;

 private:
  const CdaReadOptions& options_;
  std::vector<passerelle::v1::Issue>& issues_;
  std::vector<FieldFault> faults_;
  // How often each rule was told: a document of many faults costs no more than one of few.
  std::array<uint8_t, rule_count> told_{};
};

// XPath from the root, "ClinicalDocument/author[2]/assignedAuthor": a position where siblings share the name.
std::string cda_path(const XmlElement& element);

// True for an element of the namespace urn:hl7-org:v3.
bool is_cda(const XmlElement& element, std::string_view name);
// Child elements of that namespace.
const XmlElement* cda_child(const XmlElement& element, std::string_view name);
std::vector<const XmlElement*> cda_children(const XmlElement& element, std::string_view name);
// child of child...; null when one is missing.
const XmlElement* cda_at(const XmlElement& element, std::initializer_list<std::string_view> names);
// The attribute of that child; empty when either is missing.
std::string_view cda_value(const XmlElement& element, std::string_view child, std::string_view attribute);
// True when a templateId of it has that root.
bool has_template(const XmlElement& element, std::string_view oid);

// One line of at most 500 bytes: runs of white space become one space. TEXT_CUT, at `at`, when it was longer.
std::string cda_text(std::string_view text, const XmlElement& at, CdaNotes& notes);

// "root", or "root^extension"; empty when there is no root. Never more than 200 bytes.
std::string cda_identifier(const XmlElement& id);

// Reads all of the document, and checks all of it (check/cda_document_check.h, check/cda_body_check.h). What
// it finds is in `notes`; after a fault, `document` is not whole.
void read_cda_document(std::string_view bytes, CdaNotes& notes, CdaDocument& document);

// recordTarget/patientRole.
void read_cda_patient(const XmlElement& role, passerelle::v1::Patient& patient, CdaNotes& notes);
// assignedAuthor or assignedEntity. `is_author`: the specialty is expected.
void read_cda_professional(const XmlElement& entity, bool is_author,
                           passerelle::v1::Professional& professional, CdaNotes& notes);
// representedOrganization, representedCustodianOrganization.
void read_cda_organization(const XmlElement& element, passerelle::v1::Organization& organization,
                           CdaNotes& notes);
// A code as the document gives it; its label is the code when there is none.
void read_cda_coding(const XmlElement* code, passerelle::v1::Coding& coding, CdaNotes& notes);
// A national identifier of a person or a structure, wherever it stands.
void check_cda_id(const XmlElement& id, CdaNotes& notes);
// A point in time, or the end of a period, wherever it stands.
void check_cda_time(const XmlElement& time, CdaNotes& notes);

// @value as an instant; nothing when there is none or it is no timestamp.
std::optional<Hl7Time> read_cda_time(const XmlElement* time);

}  // namespace psl
