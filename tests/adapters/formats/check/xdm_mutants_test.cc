// Claim of the whole file: one fault in METADATA.XML or in the archive is found, and by the rule that names
// it.
#include <functional>

#include "adapters/formats/check/rules.h"
#include "adapters/formats/check/xdm_check.h"
#include "tests/adapters/formats/check/xdm_world.h"

namespace psl {
namespace {

using test::cut_out;
using test::NamedFile;
using test::replaced;
using test::replaced_everywhere;
using test::XdmWorld;
using Codes = std::set<std::string>;

Codes archive_codes(const std::string& zip, const CdaReadOptions& options) {
  std::vector<v1::Issue> issues;
  check_xdm(zip, options, issues);
  return test::codes_of(issues, {"XDM_"});
}

std::string slot_text(const std::string& name) { return "<rim:Slot name=\"" + name + "\">"; }

// From the beginning of a classification of that scheme to its end.
std::string without_classification(const std::string& metadata, const std::string& scheme) {
  const size_t at = metadata.find("classificationScheme=\"urn:uuid:" + scheme);
  EXPECT_NE(at, std::string::npos) << scheme;
  const size_t begin = metadata.rfind("<rim:Classification ", at);
  constexpr std::string_view end = "</rim:Classification>";
  return metadata.substr(0, begin) + metadata.substr(metadata.find(end, at) + end.size());
}

// A change behind the first `anchor`.
std::string replaced_after(const std::string& text, const std::string& anchor, const std::string& from,
                           const std::string& to) {
  const size_t at = text.find(anchor);
  EXPECT_NE(at, std::string::npos) << "not in the fixture: " << anchor;
  return text.substr(0, at) + replaced(text.substr(at), from, to);
}

struct MetadataMutant {
  const char* code;
  const char* what;
  std::function<std::string(const std::string&)> change;
};

using Change = std::function<std::string(const std::string&)>;

Change text_change(std::string from, std::string to) {
  return [from, to](const std::string& metadata) { return replaced(metadata, from, to); };
}
Change everywhere(std::string from, std::string to) {
  return [from, to](const std::string& metadata) { return replaced_everywhere(metadata, from, to); };
}
Change slot_change(std::string name, std::string from, std::string to) {
  return [=](const std::string& metadata) { return replaced_after(metadata, slot_text(name), from, to); };
}
Change no_slot(std::string name) {
  return [name](const std::string& metadata) { return cut_out(metadata, slot_text(name), "</rim:Slot>"); };
}
Change no_classification(std::string scheme) {
  return [scheme](const std::string& metadata) { return without_classification(metadata, scheme); };
}
Change code_change(std::string scheme, std::string from, std::string to) {
  return [=](const std::string& metadata) {
    return replaced_after(metadata, "classificationScheme=\"urn:uuid:" + scheme, from, to);
  };
}
Change identifier_change(std::string scheme, std::string from, std::string to) {
  return [=](const std::string& metadata) {
    return replaced_after(metadata, "identificationScheme=\"urn:uuid:" + scheme, from, to);
  };
}
Change no_identifier(std::string scheme) {
  return [scheme](const std::string& metadata) {
    const size_t at = metadata.find("identificationScheme=\"urn:uuid:" + scheme);
    const size_t begin = metadata.rfind("<rim:ExternalIdentifier ", at);
    constexpr std::string_view end = "</rim:ExternalIdentifier>";
    return metadata.substr(0, begin) + metadata.substr(metadata.find(end, at) + end.size());
  };
}

// The part of METADATA.XML from `begin` to the next `end`, a second time, with a change to the copy.
Change twice(std::string begin, std::string end, std::string from = {}, std::string to = {}) {
  return [=](const std::string& metadata) {
    const size_t at = metadata.find(begin);
    const size_t after = metadata.find(end, at) + end.size();
    EXPECT_NE(at, std::string::npos) << "not in the fixture: " << begin;
    std::string copy = metadata.substr(at, after - at);
    if (!from.empty()) copy = replaced(copy, from, to);
    return metadata.substr(0, after) + copy + metadata.substr(after);
  };
}
// The same for the classification or identifier of a scheme, the copy with an id of its own.
Change part_twice(std::string kind, std::string scheme) {
  return [=](const std::string& metadata) {
    const size_t at = metadata.find("Scheme=\"urn:uuid:" + scheme);
    const size_t begin = metadata.rfind("<rim:" + kind + " ", at);
    EXPECT_NE(at, std::string::npos) << "not in the fixture: " << scheme;
    const std::string opening = metadata.substr(begin, at - begin);
    return twice(opening, "</rim:" + kind + ">", " id=\"urn:uuid:", " id=\"urn:uuid:f")(metadata);
  };
}

constexpr const char* author_scheme = "93606bcf";
constexpr const char* class_scheme = "41a5887f";
constexpr const char* type_scheme = "f0306f51";
constexpr const char* format_scheme = "a09d5840";
constexpr const char* confidentiality_scheme = "f4f85eac";
constexpr const char* facility_scheme = "f33fb8ac";
constexpr const char* practice_scheme = "cccf5598";
constexpr const char* content_scheme = "aa543740";
constexpr const char* entry_patient_scheme = "58a6f841";
constexpr const char* set_patient_scheme = "6b5aea1a";

std::vector<MetadataMutant> structure_mutants() {
  return {
      {"XDM_METADATA_UNREADABLE", "not closed", [](const auto& m) { return m.substr(0, m.size() - 10); }},
      {"XDM_METADATA_UNREADABLE", "a DOCTYPE", text_change("?>\n", "?>\n<!DOCTYPE a [<!ENTITY b \"c\">]>\n")},
      {"XDM_ROOT_WRONG", "another root", everywhere("SubmitObjectsRequest", "AdhocQueryRequest")},
      {"XDM_ROOT_WRONG", "another namespace", text_change("xsd:lcm:3.0", "xsd:lcm:2.0")},
      {"XDM_SET_COUNT", "no submission set",
       text_change("classificationNode=\"urn:uuid:a54d6aa5", "classificationNode=\"urn:uuid:d9d542f3")},
      {"XDM_ENTRY_MISSING", "no document",
       [](const auto& m) { return cut_out(m, "<rim:ExtrinsicObject", "</rim:ExtrinsicObject>"); }},
      {"XDM_ID_WRONG", "an object without id", text_change("<rim:Association id=", "<rim:Association home=")},
      {"XDM_ASSOCIATION_WRONG", "HasMember points nowhere",
       text_change("targetObject=\"urn:uuid:", "targetObject=\"urn:uuid:f")},
      {"XDM_ASSOCIATION_WRONG", "HasMember comes from nowhere",
       text_change("sourceObject=\"urn:uuid:", "sourceObject=\"urn:uuid:f")},
      {"XDM_ENTRY_NOT_IN_SET", "another association",
       text_change("AssociationType:HasMember", "AssociationType:RPLC")},
      {"XDM_REFERENCE_WRONG", "a classification of another object",
       [](const auto& m) {
         return replaced_after(m, "<rim:ExtrinsicObject", "classifiedObject=\"urn", "classifiedObject=\"x");
       }},
      {"XDM_REFERENCE_WRONG", "an identifier of another object",
       text_change("registryObject=\"urn", "registryObject=\"x")},
      {"XDM_STATUS_WRONG", "a deprecated entry",
       [](const auto& m) {
         return replaced_after(m, "<rim:ExtrinsicObject", "StatusType:Approved", "StatusType:Deprecated");
       }},
      {"XDM_URI_WRONG", "another file", slot_change("URI", "DOC0001.XML", "DOC0002.XML")},
      {"XDM_URI_WRONG", "no URI", no_slot("URI")},
      {"XDM_MEDIA_TYPE_WRONG", "another type",
       text_change("mimeType=\"text/xml\"", "mimeType=\"text/html\"")},
      {"XDM_HASH_MISSING", "no hash", no_slot("hash")},
      {"XDM_HASH_MISSING", "no size", no_slot("size")},
      {"XDM_HASH_WRONG", "another hash", slot_change("hash", "<rim:Value>", "<rim:Value>0")},
      {"XDM_SIZE_WRONG", "another size", slot_change("size", "<rim:Value>", "<rim:Value>1")},
  };
}

std::vector<MetadataMutant> identity_mutants() {
  const std::string ins = "265033947811573";
  return {
      {"XDM_UNIQUE_ID_WRONG", "another document",
       identifier_change("2e82c1f6", "2.25.98765432101234567890", "2.25.98765432101234567893")},
      {"XDM_UNIQUE_ID_WRONG", "no uniqueId", no_identifier("2e82c1f6")},
      {"XDM_SET_UNIQUE_ID_WRONG", "not an OID", identifier_change("96fdda7c", "value=\"2.25.", "value=\"x")},
      {"XDM_SET_UNIQUE_ID_WRONG", "no uniqueId of the set", no_identifier("96fdda7c")},
      {"XDM_SOURCE_ID_WRONG", "another custodian", identifier_change("554ac39e", "1710780263", "1250000452")},
      {"XDM_SOURCE_ID_WRONG", "not an OID", identifier_change("554ac39e", "1.2.250.1.71.4.2.2", "urn:oid")},
      {"XDM_PATIENT_DIFFERS", "another INS", identifier_change(entry_patient_scheme, ins, "180032B02040123")},
      {"XDM_PATIENT_DIFFERS", "another INS of the set",
       identifier_change(set_patient_scheme, ins, "180032B02040123")},
      {"XDM_PATIENT_DIFFERS", "the OID of another kind of INS",
       identifier_change(entry_patient_scheme, "1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.8")},
      {"XDM_PATIENT_DIFFERS", "another number", slot_change("sourcePatientId", "IPP-000123", "IPP-000124")},
      {"XDM_PATIENT_MISSING", "no patient", no_identifier(entry_patient_scheme)},
      {"XDM_PATIENT_FORM", "an INS without NH", identifier_change(entry_patient_scheme, "ISO^NH", "ISO^PI")},
      {"XDM_PATIENT_FORM", "an authority without ISO", slot_change("sourcePatientId", "&amp;ISO^PI", "^PI")},
      {"XDM_PATIENT_INFO_DIFFERS", "another name",
       slot_change("sourcePatientInfo", "DE LA TOUR^MARIE", "DE LA COUR^MARIE")},
      {"XDM_PATIENT_INFO_DIFFERS", "another given name",
       slot_change("sourcePatientInfo", "^MARIE-ÈVE^^^^^L", "^MARIA^^^^^L")},
      {"XDM_PATIENT_INFO_DIFFERS", "another used name", slot_change("sourcePatientInfo", "D'ARGENT", "DOR")},
      {"XDM_PATIENT_INFO_DIFFERS", "another birth date",
       slot_change("sourcePatientInfo", "19650309", "19650903")},
      {"XDM_PATIENT_INFO_DIFFERS", "the other sex", slot_change("sourcePatientInfo", "PID-8|F", "PID-8|M")},
      {"XDM_PATIENT_INFO_MISSING", "no birth date",
       slot_change("sourcePatientInfo", "<rim:Value>PID-7|19650309</rim:Value>", "")},
      {"XDM_PATIENT_INFO_MISSING", "no sourcePatientId", no_slot("sourcePatientId")},
      {"XDM_PATIENT_INFO_MISSING", "no used name",
       [](const auto& m) { return cut_out(m, "<rim:Value>PID-5|D'ARGENT", "</rim:Value>"); }},
      {"XDM_PATIENT_INFO_DIFFERS", "a second sex, first",
       slot_change("sourcePatientInfo", "<rim:Value>PID-8|F",
                   "<rim:Value>PID-8|M</rim:Value><rim:Value>PID-8|F")},
      {"XDM_PATIENT_INFO_FORM", "a second birth name in another spelling",
       slot_change("sourcePatientInfo", "<rim:ValueList>",
                   "<rim:ValueList><rim:Value>PID-5|De la Tour^MARIE-EVE^^^^^L</rim:Value>")},
      {"XDM_PATIENT_INFO_FORM", "a line without its field", slot_change("sourcePatientInfo", "PID-7|", "")},
  };
}

std::vector<MetadataMutant> description_mutants() {
  return {
      {"XDM_CODE_MISSING", "no class", no_classification(class_scheme)},
      {"XDM_CODE_MISSING", "no type", no_classification(type_scheme)},
      {"XDM_CODE_MISSING", "no format", no_classification(format_scheme)},
      {"XDM_CODE_MISSING", "no confidentiality", no_classification(confidentiality_scheme)},
      {"XDM_CODE_MISSING", "no facility", no_classification(facility_scheme)},
      {"XDM_CODE_MISSING", "no practice setting", no_classification(practice_scheme)},
      {"XDM_CODE_MISSING", "no content type", no_classification(content_scheme)},
      {"XDM_CODE_SYSTEM_MISSING", "the system of another format",
       code_change(format_scheme, "1.3.6.1.4.1.19376.1.2.3", "1.2.250.1.213.1.1.4.12")},
      {"XDM_CODE_SYSTEM_MISSING", "a type without system",
       code_change(type_scheme, "name=\"codingScheme\"", "name=\"scheme\"")},
      {"XDM_CODE_DIFFERS", "another type", code_change(type_scheme, "11490-0", "34112-3")},
      {"XDM_CODE_DIFFERS", "less confidential", code_change(confidentiality_scheme, "=\"N\"", "=\"V\"")},
      {"XDM_CODE_DIFFERS", "another facility", code_change(facility_scheme, "SA01", "SA07")},
      {"XDM_CODE_DIFFERS", "another setting",
       code_change(practice_scheme, "\"ETABLISSEMENT", "\"AMBULATOIRE")},
      {"XDM_CODE_UNEXPECTED", "another class", code_change(class_scheme, "=\"10\"", "=\"11\"")},
      {"XDM_CODE_UNEXPECTED", "another format", code_change(format_scheme, "sd:pdf:2008", "sd:text:2008")},
      {"XDM_CODE_UNEXPECTED", "another activity", code_change(content_scheme, "=\"03\"", "=\"19\"")},
      {"XDM_MASK_UNKNOWN", "an unknown level", code_change(confidentiality_scheme, "=\"N\"", "=\"MASQUE\"")},
      {"XDM_DATE_FORM", "no creation time", no_slot("creationTime")},
      {"XDM_DATE_FORM", "a bare date", slot_change("creationTime", "20261122080000", "20261122")},
      {"XDM_DATE_FORM", "no such day", slot_change("serviceStopTime", "20261122070000", "20261132070000")},
      {"XDM_DATE_FORM", "an offset", slot_change("submissionTime", "20261122090001", "20261122090001+0100")},
      {"XDM_CREATION_TIME_DIFFERS", "local time",
       slot_change("creationTime", "20261122080000", "20261122090000")},
      {"XDM_SERVICE_TIME_DIFFERS", "a day without carry",
       slot_change("serviceStartTime", "20261117090000", "20261118090000")},
      {"XDM_LANGUAGE_DIFFERS", "another language", slot_change("languageCode", "fr-FR", "fr")},
      {"XDM_TITLE_DIFFERS", "another title",
       [](const auto& m) {
         return replaced_after(m, "<rim:ExtrinsicObject", "Lettre de liaison du service",
                               "Lettre du service");
       }},
      {"XDM_AUTHOR_MISSING", "no author",
       [](const auto& m) {
         return without_classification(without_classification(m, author_scheme), author_scheme);
       }},
      {"XDM_AUTHOR_MISSING", "no institution",
       code_change(author_scheme, "authorInstitution", "institution")},
      {"XDM_AUTHOR_MISSING", "no submitter", code_change("a7058bb9", "authorPerson", "person")},
      {"XDM_AUTHOR_MISSING", "one author of two", no_classification(author_scheme)},
      {"XDM_AUTHOR_DIFFERS", "an author twice", part_twice("Classification", author_scheme)},
      {"XDM_INSTITUTION_DIFFERS", "another structure",
       code_change(author_scheme, "^^^1710780263", "^^^1250000452")},
      {"XDM_SPECIALTY_DIFFERS", "another specialty", text_change("SM26^", "SM54^")},
      {"XDM_SPECIALTY_DIFFERS", "a specialty without system",
       code_change(author_scheme, "^1.2.250.1.213.1.1.4.5", "")},
      {"XDM_LABEL_DIFFERS", "another display name",
       code_change(practice_scheme, "value=\"", "value=\"Autre ")},
      {"XDM_SUBMISSION_TIME_EARLY", "sent before it was made",
       slot_change("submissionTime", "20261122090001", "20261121075959")},
      {"XDM_AUTHOR_DIFFERS", "another author", code_change(author_scheme, "810001234565", "810001234573")},
      {"XDM_PERSON_FORM", "an author without authority",
       code_change(author_scheme, "&amp;1.2.250.1.71.4.2.1&amp;ISO", "")},
      {"XDM_PERSON_FORM", "an institution without authority",
       code_change(author_scheme, "&amp;1.2.250.1.71.4.2.2&amp;ISO", "")},
      {"XDM_AUTHENTICATOR_MISSING", "nobody answers for it", no_slot("legalAuthenticator")},
      {"XDM_AUTHENTICATOR_DIFFERS", "another answers for it",
       slot_change("legalAuthenticator", "810001234565", "810001234573")},
      {"XDM_REPLACEMENT_UNFOUNDED", "a replacement of nothing",
       slot_change("URI", "</rim:Slot>",
                   "</rim:Slot><rim:Slot name=\"urn:action:extraMetadataSlot\"><rim:ValueList><rim:Value>C"
                   "</rim:Value></rim:ValueList></rim:Slot>")},
  };
}

std::vector<MetadataMutant> form_mutants() {
  const std::string title = "<rim:Name><rim:LocalizedString charset=\"UTF-8\" value=\"Lettre";
  return {
      {"XDM_SLOT_TWICE", "a slot twice", twice(slot_text("creationTime"), "</rim:Slot>")},
      {"XDM_SLOT_TWICE", "two lists", twice("<rim:ValueList>", "</rim:ValueList>")},
      {"XDM_SLOT_TWICE", "two values",
       slot_change("URI", "</rim:Value>", "</rim:Value><rim:Value>B</rim:Value>")},
      {"XDM_SLOT_TWICE", "a value twice", twice("<rim:Value>PID-8|F", "</rim:Value>")},
      {"XDM_SLOT_EMPTY", "no value",
       slot_change("creationTime", "<rim:Value>20261122080000</rim:Value>", "")},
      {"XDM_SLOT_EMPTY", "no list",
       slot_change("creationTime", "<rim:ValueList><rim:Value>20261122080000</rim:Value></rim:ValueList>",
                   "")},
      {"XDM_SLOT_EMPTY", "an empty value", slot_change("creationTime", "20261122080000", " ")},
      {"XDM_SLOT_UNKNOWN", "a misspelt name",
       text_change("name=\"authorSpecialty\"", "name=\"authorSpeciality\"")},
      {"XDM_ATTRIBUTE_TWICE", "a class twice", part_twice("Classification", class_scheme)},
      {"XDM_ATTRIBUTE_TWICE", "a level twice", part_twice("Classification", confidentiality_scheme)},
      {"XDM_ATTRIBUTE_TWICE", "a patient twice", part_twice("ExternalIdentifier", entry_patient_scheme)},
      {"XDM_ATTRIBUTE_TWICE", "two titles", twice(title, "</rim:Name>")},
      {"XDM_ATTRIBUTE_TWICE", "a title twice in French", twice(title.substr(10), "/>")},
      {"XDM_ATTRIBUTE_TWICE", "a member twice",
       twice("<rim:Association", "</rim:Association>", " id=\"urn:uuid:", " id=\"urn:uuid:f")},
      {"XDM_ID_WRONG", "an object twice", twice("<rim:ExtrinsicObject", "</rim:ExtrinsicObject>")},
      {"XDM_ROOT_WRONG", "two lists of objects",
       twice("<rim:RegistryObjectList", "</rim:RegistryObjectList>")},
      {"XDM_CLASSIFICATION_WRONG", "an unknown scheme",
       text_change("urn:uuid:41a5887f", "urn:uuid:41a58870")},
      {"XDM_CLASSIFICATION_WRONG", "an author with a code",
       code_change(author_scheme, "nodeRepresentation=\"\"", "nodeRepresentation=\"A\"")},
      {"XDM_CLASSIFICATION_WRONG", "an identifier of the set in the document",
       identifier_change(entry_patient_scheme, entry_patient_scheme, set_patient_scheme)},
      {"XDM_NAME_WRONG", "a code without display name",
       [](const auto& m) {
         const size_t at = m.find("Scheme=\"urn:uuid:" + std::string(class_scheme));
         return m.substr(0, at) + cut_out(m.substr(at), "<rim:Name>", "</rim:Name>");
       }},
      {"XDM_NAME_WRONG", "an empty title", text_change("value=\"Lettre", "value=\"\" x=\"")},
      {"XDM_NAME_WRONG", "another charset", text_change("charset=\"UTF-8\"", "charset=\"ISO-8859-1\"")},
      {"XDM_NAME_WRONG", "the identifier of something else",
       text_change("XDSDocumentEntry.uniqueId", "XDSDocumentEntry.entryUUID")},
      {"XDM_OBJECT_TYPE_WRONG", "an on-demand document",
       text_change("urn:uuid:7edca82f", "urn:uuid:34268e47")},
      {"XDM_MEMBER_STATUS_WRONG", "a document of an earlier set",
       slot_change("SubmissionSetStatus", "Original", "Reference")},
      {"XDM_MEMBER_STATUS_WRONG", "no status", no_slot("SubmissionSetStatus")},
  };
}

void expect_found(const std::vector<MetadataMutant>& mutants) {
  const XdmWorld world;
  for (const MetadataMutant& mutant : mutants) {
    SCOPED_TRACE(mutant.what);
    XdmWorld spoilt = world;
    spoilt.metadata = mutant.change(world.metadata);
    ASSERT_NE(spoilt.metadata, world.metadata);
    const Codes codes = archive_codes(test::zipped(spoilt.files()), world.options());
    EXPECT_TRUE(codes.contains(mutant.code)) << testing::PrintToString(codes);
  }
}

TEST(XdmMutants, AreNoneInWhatWeWrite) {
  // The archive of our own writer has no issue of this family, and the checker finds all that is in it.
  const XdmWorld world;
  std::vector<v1::Issue> issues;
  const XdmFacts facts = check_xdm(test::zipped(world.files()), world.options(), issues);
  EXPECT_EQ(test::codes_of(issues, {"XDM_"}), Codes{});
  ASSERT_EQ(facts.headers.size(), 1u);
  EXPECT_EQ(facts.headers[0].metadata().document_id(), "2.25.98765432101234567890");
  EXPECT_FALSE(facts.masks.patient || facts.masks.professionals);
}

TEST(XdmMutants, OfTheStructureAreFound) {
  // What holds METADATA.XML together, and ties it to its file.
  expect_found(structure_mutants());
}

TEST(XdmMutants, OfTheFormAreFound) {
  // What a registry refuses or does not read, whatever the documents say.
  expect_found(form_mutants());
}

TEST(XdmMutants, OfAMetadataAloneAreFound) {
  // Without its document: that this is so, and two patients in set and entry.
  const XdmWorld world;
  const auto codes = [](const std::string& metadata) {
    const auto tree = parse_xdm_metadata(metadata);
    std::vector<v1::Issue> issues;
    if (tree.ok()) check_xdm_metadata(*tree, {{}, /*complete=*/false}, issues);
    return test::codes_of(issues, {"XDM_"});
  };
  EXPECT_EQ(codes(world.metadata), Codes{"XDM_FILE_NOT_AT_HAND"});
  const Change other = identifier_change(set_patient_scheme, "265033947811573", "180032B02040123");
  EXPECT_EQ(codes(other(world.metadata)), (Codes{"XDM_FILE_NOT_AT_HAND", "XDM_PATIENT_DIFFERS"}));
}

TEST(XdmMutants, OfTheIdentitiesAreFound) {
  // Document, set, source and patient.
  expect_found(identity_mutants());
}

TEST(XdmMutants, OfTheDescriptionAreFound) {
  // Codes, dates, people, title.
  expect_found(description_mutants());
}

TEST(XdmMutants, OfAReplacementAreFound) {
  // A document that replaces another says so in the mail's own form, and the check sees when it does not.
  XdmWorld world;
  world.letter.header.set_replaces("2.25.1");
  world.letter.header.mutable_metadata()->set_version(2);
  world.write_document();
  EXPECT_EQ(archive_codes(test::zipped(world.files()), world.options()), Codes{});
  world.metadata = cut_out(world.metadata, slot_text("urn:action:extraMetadataSlot"), "</rim:Slot>");
  EXPECT_EQ(archive_codes(test::zipped(world.files()), world.options()), Codes{"XDM_REPLACEMENT_NOT_SAID"});
}

TEST(XdmMutants, AreNoneWithoutAnIns) {
  // A patient known by the sender's number, and one known by nothing but traits.
  XdmWorld world;
  world.letter.header.mutable_patient()->clear_ins();
  world.letter.header.mutable_patient()->set_status(v1::IDENTITY_STATUS_VALIDATED);
  world.write_document();
  EXPECT_EQ(archive_codes(test::zipped(world.files()), world.options()), Codes{});
  world.metadata = replaced(world.metadata, "IPP-000123^^^&amp;1.2.250.1.999.1.1&amp;ISO^PI",
                            "265033947811573^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH");
  EXPECT_EQ(archive_codes(test::zipped(world.files()), world.options()), Codes{"XDM_PATIENT_DIFFERS"});
}

struct ArchiveMutant {
  const char* code;
  const char* what;
  std::function<void(std::vector<NamedFile>&)> change;
};

TEST(XdmMutants, OfTheArchiveAreFound) {
  // Its tree, its names, and files that are not what METADATA.XML says.
  const std::vector<ArchiveMutant> mutants = {
      {"XDM_INDEX_MISSING", "no page", [](auto& f) { f.erase(f.begin()); }},
      {"XDM_READ_ME_MISSING", "no README", [](auto& f) { f.erase(f.begin() + 1); }},
      {"XDM_INDEX_MISSING", "an empty page", [](auto& f) { f[0].content = " "; }},
      {"XDM_READ_ME_MISSING", "an empty README", [](auto& f) { f[1].content.clear(); }},
      {"XDM_FILE_NOT_LISTED", "a program",
       [](auto& f) {
         f.push_back({"SETUP.EXE", "x"});
       }},
      {"XDM_SET_MISSING", "no METADATA.XML", [](auto& f) { f.erase(f.begin() + 2); }},
      {"XDM_SET_MISSING", "no SUBSET folder",
       [](auto& f) {
         f[2].name = "METADATA.XML";
         f[3].name = "DOC0001.XML";
       }},
      {"XDM_URI_WRONG", "no document", [](auto& f) { f.pop_back(); }},
      {"XDM_NAME_NOT_8_3", "lower case", [](auto& f) { f[3].name = "IHE_XDM/SUBSET01/Doc0001.xml"; }},
      {"XDM_NAME_NOT_8_3", "a long name", [](auto& f) { f[1].name = "READ_ME_FIRST.TXT"; }},
      {"XDM_FILE_NOT_LISTED", "one more document",
       [](auto& f) {
         f.push_back({"IHE_XDM/SUBSET01/DOC0002.XML", f[3].content});
       }},
      {"XDM_DAMAGED", "two files of one name",
       [](auto& f) {
         f.push_back({"IHE_XDM/SUBSET01/doc0001.xml", f[3].content});
       }},
      {"XDM_UNSAFE_PATH", "up and out",
       [](auto& f) {
         f.push_back({"IHE_XDM/../../x", "x"});
       }},
      {"XDM_UNSAFE_PATH", "absolute",
       [](auto& f) {
         f.push_back({"/etc/x", "x"});
       }},
      {"XDM_HASH_WRONG", "an edited document", [](auto& f) { f[3].content += "\n"; }},
      {"XDM_SIZE_WRONG", "a longer document", [](auto& f) { f[3].content += "\n"; }},
      {"XDM_DOCUMENT_UNREADABLE", "no CDA", [](auto& f) { f[3].content = "<ClinicalDocument/>"; }},
  };
  const XdmWorld world;
  for (const ArchiveMutant& mutant : mutants) {
    SCOPED_TRACE(mutant.what);
    std::vector<NamedFile> files = world.files();
    mutant.change(files);
    const Codes codes = archive_codes(test::zipped(files), world.options());
    EXPECT_TRUE(codes.contains(mutant.code)) << testing::PrintToString(codes);
  }
  const std::string zip = test::zipped(world.files());
  EXPECT_EQ(archive_codes("no archive", world.options()), Codes{"XDM_NOT_AN_ARCHIVE"});
  EXPECT_EQ(archive_codes(zip.substr(0, zip.size() / 2), world.options()), Codes{"XDM_NOT_AN_ARCHIVE"});
}

TEST(XdmMutants, OfTwoSetsAreFound) {
  // Two sets about one patient pass; about two patients they do not.
  const XdmWorld world;
  XdmWorld other;
  other.letter.header.mutable_metadata()->set_document_id("2.25.5");
  const auto both = [&] {
    other.write_document();
    std::vector<NamedFile> files = world.files();
    files.push_back({"IHE_XDM/SUBSET02/METADATA.XML", other.metadata});
    files.push_back({"IHE_XDM/SUBSET02/DOC0001.XML", other.cda});
    return archive_codes(test::zipped(files), world.options());
  };
  EXPECT_EQ(both(), Codes{});
  other.letter.header.mutable_patient()->mutable_ins()->set_matricule("180032B02040123");
  EXPECT_EQ(both(), Codes{"XDM_SEVERAL_PATIENTS"});
}

TEST(XdmCheck, TellsNoValueAndNoFileName) {
  // Paths name positions and attributes: a file's name may be a patient's.
  XdmWorld world;
  std::vector<NamedFile> files = world.files();
  files.push_back({"IHE_XDM/SUBSET01/DE-LA-TOUR.XML", "x"});
  files[2].content = replaced(files[2].content, "DE LA TOUR", "DE LA COUR");
  std::vector<v1::Issue> issues;
  check_xdm(test::zipped(files), world.options(), issues);
  EXPECT_FALSE(issues.empty());
  for (const v1::Issue& each : issues) EXPECT_EQ(each.path().find("DE-LA"), std::string::npos) << each.path();
}

TEST(XdmCheck, TellsWhoMustNotSeeTheDocument) {
  // The masks of confidentialityCode, for who looks at the recipients.
  XdmWorld world;
  world.visibility.set_hidden_from_professionals(true);
  world.visibility.set_hidden_from_patient(true);
  world.visibility.set_hidden_from_legal_representatives(true);
  world.write_document();
  std::vector<v1::Issue> issues;
  const XdmFacts facts = check_xdm(test::zipped(world.files()), world.options(), issues);
  EXPECT_EQ(test::codes_of(issues, {"XDM_"}), Codes{});
  EXPECT_TRUE(facts.masks.professionals && facts.masks.patient);
}

TEST(XdmCheck, SaysOfOurOwnFaultsWhichTheyAre) {
  // Errors alone, by their codes.
  std::vector<v1::Issue> issues;
  EXPECT_TRUE(fault_of_ours("METADATA.XML", issues).ok());
  add_issue(issues, Rule::xdm_title_differs, "title");
  EXPECT_TRUE(fault_of_ours("METADATA.XML", issues).ok());
  add_issue(issues, Rule::xdm_uri_wrong, "URI");
  add_issue(issues, Rule::xdm_size_wrong, "size");
  const Status status = fault_of_ours("METADATA.XML", issues);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::internal);
  EXPECT_EQ(status.error().text, "METADATA.XML: XDM_URI_WRONG, XDM_SIZE_WRONG");
}

}  // namespace
}  // namespace psl
