#include "adapters/formats/xdm.h"

#include <gtest/gtest.h>
#include <zip.h>

#include <array>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <memory>
#include <regex>
#include <set>

#include "adapters/formats/zip_writer.h"
#include "gateway/core/checked.h"
#include "tests/support/golden_file.h"
#include "tests/support/sample_letter.h"
#include "tests/support/temp_folder.h"

namespace psl {
namespace {

struct ZipFile {
  std::string name;
  std::string content;
  std::time_t local_time = 0;
};

struct CloseZip {
  void operator()(zip_t* archive) const { zip_discard(archive); }
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

std::vector<ZipFile> unzip(const std::string& bytes) {
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, nullptr);
  const std::unique_ptr<zip_t, CloseZip> archive(zip_open_from_source(source, ZIP_CHECKCONS, nullptr));
  std::vector<ZipFile> files;
  if (!archive) return files;
  for (zip_int64_t i = 0; i < zip_get_num_entries(archive.get(), 0); ++i) {
    zip_stat_t stat;
    zip_stat_index(archive.get(), static_cast<zip_uint64_t>(i), 0, &stat);
    ZipFile file{stat.name, std::string(stat.size, '\0'), stat.mtime};
    const std::unique_ptr<zip_file_t, CloseZip> open(
        zip_fopen_index(archive.get(), static_cast<zip_uint64_t>(i), 0));
    EXPECT_EQ(zip_fread(open.get(), file.content.data(), stat.size), static_cast<zip_int64_t>(stat.size));
    files.push_back(std::move(file));
  }
  return files;
}

// The values of a slot, in order.
std::vector<std::string> slot(const std::string& xml, const std::string& name) {
  const std::string begin = "<rim:Slot name=\"" + name + "\"><rim:ValueList>";
  const size_t at = xml.find(begin);
  if (at == std::string::npos) return {};
  const std::string list =
      xml.substr(at + begin.size(), xml.find("</rim:ValueList>", at) - at - begin.size());
  std::vector<std::string> values;
  const std::regex value("<rim:Value>([^<]*)</rim:Value>");
  for (auto each = std::sregex_iterator(list.begin(), list.end(), value); each != std::sregex_iterator();
       ++each)
    values.push_back((*each)[1]);
  return values;
}

// The value of an external identifier, by its scheme.
std::string identifier(const std::string& xml, const std::string& scheme) {
  const size_t at = xml.find("identificationScheme=\"urn:uuid:" + scheme + "\" value=\"");
  if (at == std::string::npos) return "none";
  const size_t begin = xml.find("value=\"", at) + 7;
  return xml.substr(begin, xml.find('"', begin) - begin);
}

class Xdm : public testing::Test {
 protected:
  XdmInput input() {
    return {letter_.header,
            view(letter_.document.cda),
            letter_.request.event().source(),
            visibility_,
            letter_.delivery_id,
            letter_.dated_at,
            zone_,
            "1.0"};
  }
  std::string metadata() { return write_xdm_metadata(input()); }

  SampleLetter letter_;
  v1::Visibility visibility_;
  TimeZone zone_ = *TimeZone::load("Europe/Paris");
};

using Values = std::vector<std::string>;

TEST_F(Xdm, HoldsItsFourFilesInOrderAndTheDocumentByteForByte) {
  // The layout of IHE ITI TF-2 section 3.32, and the very bytes of the CDA.
  const auto archive = write_xdm(input());
  ASSERT_TRUE(archive.ok());
  const std::vector<ZipFile> files = unzip(*archive);
  ASSERT_EQ(files.size(), 4U);
  EXPECT_EQ(files[0].name, "INDEX.HTM");
  EXPECT_EQ(files[1].name, "README.TXT");
  EXPECT_EQ(files[2].name, "IHE_XDM/SUBSET01/METADATA.XML");
  EXPECT_EQ(files[3].name, "IHE_XDM/SUBSET01/DOC0001.XML");
  EXPECT_EQ(files[3].content, *letter_.document.cda);
  EXPECT_EQ(files[2].content, metadata());
}

TEST_F(Xdm, IsTheSameBytesWhoeverCompressedTheDocument) {
  // Several recipients get one document: what was compressed for the first goes into the archives of the
  // others, each with its own METADATA.XML.
  const std::string packed = *pack_zip(*letter_.document.cda);
  XdmInput shared = input();
  shared.packed = packed;
  EXPECT_EQ(*write_xdm(shared), *write_xdm(input()));
  shared.delivery_id.bytes[0] ^= 1;
  const std::vector<ZipFile> other = unzip(*write_xdm(shared));
  ASSERT_EQ(other.size(), 4U);
  EXPECT_EQ(other[3].content, *letter_.document.cda);
  EXPECT_NE(other[2].content, metadata());
  shared.packed = "no archive";
  EXPECT_EQ(write_xdm(shared).error().code, ErrorCode::internal);
}

TEST_F(Xdm, ReadsAsItDidWhenSomebodyReadIt) {
  // Golden files of all that we write in the archive.
  const std::vector<ZipFile> files = unzip(*write_xdm(input()));
  ASSERT_EQ(files.size(), 4U);
  expect_golden("mail/INDEX.HTM", files[0].content);
  expect_golden("mail/README.TXT", files[1].content);
  expect_golden("mail/METADATA.XML", files[2].content);
}

TEST_F(Xdm, IsTheSameBytesWhateverTheMachineSaysOfTime) {
  // The dates of the files are the tenant's local time, not the process's.
  const std::string first = *write_xdm(input());
  ::setenv("TZ", "Pacific/Auckland", 1);
  ::tzset();
  const std::string second = *write_xdm(input());
  ::unsetenv("TZ");
  ::tzset();
  EXPECT_EQ(first, second);
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  // 2026-11-22 10:00:01 in Paris; the format counts in two seconds.
  EXPECT_EQ(unzip(first)[0].local_time, 1795338000 + 3600);
  ::unsetenv("TZ");
  ::tzset();
}

TEST_F(Xdm, SaysOfTheDocumentWhatItsHeaderSays) {
  // Section 2.2 of the facts: every slot, with its format and in UTC.
  const std::string xml = metadata();
  EXPECT_EQ(slot(xml, "creationTime"), Values{"20261122080000"});
  EXPECT_EQ(slot(xml, "submissionTime"), Values{"20261122090001"});
  EXPECT_EQ(slot(xml, "serviceStartTime"), Values{"20261117090000"});
  EXPECT_EQ(slot(xml, "serviceStopTime"), Values{"20261122070000"});
  EXPECT_EQ(slot(xml, "size"), Values{std::to_string(letter_.document.cda->size())});
  EXPECT_EQ(slot(xml, "URI"), Values{"DOC0001.XML"});
  EXPECT_EQ(slot(xml, "languageCode"), Values{"fr-FR"});
  EXPECT_EQ(slot(xml, "legalAuthenticator"),
            Values{"810001234565^LEFÈVRE^Zoé^^^^^^&amp;1.2.250.1.71.4.2.1&amp;ISO^D^^^IDNPS"});
  EXPECT_EQ(slot(xml, "sourcePatientId"), Values{"IPP-000123^^^&amp;1.2.250.1.999.1.1&amp;ISO^PI"});
  EXPECT_EQ(
      slot(xml, "sourcePatientInfo"),
      (Values{"PID-5|DE LA TOUR^MARIE-ÈVE^^^^^L", "PID-5|D'ARGENT^ÈVE^^^^^D", "PID-7|19650309", "PID-8|F"}));
  EXPECT_EQ(slot(xml, "authorSpecialty"), Values{"G15_10/SM04^Médecin - Cardiologie^1.2.250.1.213.1.1.4.5"});
  EXPECT_NE(xml.find("3710780263/4711^O'BRIEN^Sean^^^^^^&amp;1.2.250.1.71.4.2.1&amp;ISO^D^^^EI"),
            std::string::npos);
  EXPECT_NE(xml.find("^^^^^&amp;1.2.250.1.71.4.2.2&amp;ISO^IDNST^^^1710780263"), std::string::npos);
}

TEST_F(Xdm, HashesTheDocument) {
  // SHA-1 in lower-case hexadecimal; the value for "abc" is of FIPS 180-4.
  letter_.document.cda = make_bytes("abc");
  EXPECT_EQ(slot(metadata(), "hash"), Values{"a9993e364706816aba3e25717850c26c9cd0d89d"});
}

TEST_F(Xdm, IdentifiesDocumentPatientAndSource) {
  // uniqueId is the document's own; the INS carries ^NH; both objects name the same patient.
  const std::string xml = metadata();
  EXPECT_EQ(identifier(xml, "2e82c1f6-a085-4c72-9da3-8640a32e42ab"), "2.25.98765432101234567890");
  const std::string ins = "265033947811573^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH";
  EXPECT_EQ(identifier(xml, "58a6f841-87b3-4a3e-92fd-a8ffeff98427"), ins);
  EXPECT_EQ(identifier(xml, "6b5aea1a-874d-4603-a4bc-96a0a7b38446"), ins);
  EXPECT_EQ(identifier(xml, "554ac39e-e3fe-47fe-b233-965d2a147832"), "1.2.250.1.71.4.2.2.1710780263");
  EXPECT_TRUE(identifier(xml, "96fdda7c-d067-4183-912e-bf5ee74998a8").starts_with("2.25."));
}

TEST_F(Xdm, KeepsSourceIdAnOidWhenTheStructureHasALetter) {
  // A Corsican FINESS cannot be an arc: an OID is derived, the same for the same structure.
  letter_.header.mutable_metadata()->mutable_custodian()->set_national_id("12A0000014");
  const std::string first = identifier(metadata(), "554ac39e-e3fe-47fe-b233-965d2a147832");
  EXPECT_TRUE(oid_ok(first)) << first;
  letter_.header.mutable_metadata()->mutable_custodian()->set_national_id("12B0000014");
  EXPECT_NE(identifier(metadata(), "554ac39e-e3fe-47fe-b233-965d2a147832"), first);
}

TEST_F(Xdm, NamesAPatientWithoutInsByTheSendersNumber) {
  // No INS: patientId is the local number; nothing in the metadata looks like an INS.
  letter_.header.mutable_patient()->clear_ins();
  const std::string xml = metadata();
  EXPECT_EQ(identifier(xml, "58a6f841-87b3-4a3e-92fd-a8ffeff98427"),
            "IPP-000123^^^&amp;1.2.250.1.999.1.1&amp;ISO^PI");
  EXPECT_EQ(xml.find("^NH"), std::string::npos);
}

TEST_F(Xdm, GivesTheInsAsSourceNumberWhenThereIsNoOther) {
  // The mapping of the volet: sourcePatientId is the local number, or else the INS.
  letter_.header.mutable_patient()->clear_local_id();
  EXPECT_EQ(slot(metadata(), "sourcePatientId"),
            Values{"265033947811573^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH"});
}

TEST_F(Xdm, MarksItsMetadataAsLimitedWhenNoNumberTellsThePatient) {
  // Neither INS nor local number: no identifier is invented, and both objects say so (IHE limited metadata).
  letter_.header.mutable_patient()->clear_ins();
  letter_.header.mutable_patient()->clear_local_id();
  const std::string xml = metadata();
  EXPECT_EQ(identifier(xml, "58a6f841-87b3-4a3e-92fd-a8ffeff98427"), "none");
  EXPECT_NE(xml.find("urn:uuid:ab9b591b-83ab-4d03-8f5d-f93b1fb92e85"), std::string::npos);
  EXPECT_NE(xml.find("urn:uuid:5003a9db-8d8d-49e6-bf0c-990e34ac7707"), std::string::npos);
}

TEST_F(Xdm, WritesTheMasksThatTheEventAsks) {
  // N always, then one code per flag under the ANS system.
  EXPECT_EQ(metadata().find("1.2.250.1.213.1.1.4.13"), std::string::npos);
  visibility_.set_hidden_from_professionals(true);
  visibility_.set_hidden_from_patient(true);
  visibility_.set_hidden_from_legal_representatives(true);
  const std::string xml = metadata();
  for (const char* code :
       {"\"N\"", "\"MASQUE_PS\"", "\"INVISIBLE_PATIENT\"", "\"INVISIBLE_REPRESENTANTS_LEGAUX\""})
    EXPECT_NE(xml.find(std::string("nodeRepresentation=") + code), std::string::npos) << code;
}

TEST_F(Xdm, WritesTheConfidentialityOfTheDocument) {
  // N, R and V of the header.
  letter_.header.mutable_metadata()->set_confidentiality(v1::CONFIDENTIALITY_RESTRICTED);
  EXPECT_NE(metadata().find("nodeRepresentation=\"R\""), std::string::npos);
  letter_.header.mutable_metadata()->set_confidentiality(v1::CONFIDENTIALITY_VERY_RESTRICTED);
  EXPECT_NE(metadata().find("nodeRepresentation=\"V\""), std::string::npos);
}

TEST_F(Xdm, SaysByTheKindOfStayWhatTheSetIsAbout) {
  // contentTypeCode of TRE_R209 from the class of the encounter.
  const auto type = [this](const char* encounter_class) {
    letter_.header.mutable_metadata()->mutable_encounter()->set_class_code(encounter_class);
    const std::string xml = metadata();
    const std::string scheme =
        "classificationScheme=\"urn:uuid:aa543740-bdda-424e-8c96-df4873be8500\" nodeRepresentation=\"";
    return xml.substr(xml.find(scheme) + scheme.size(), 2);
  };
  EXPECT_EQ(type("IMP"), "03");
  EXPECT_EQ(type("EMER"), "07");
  EXPECT_EQ(type("AMB"), "07");
  EXPECT_EQ(type("SEANCE"), "19");
  EXPECT_EQ(type("HH"), "97");
}

TEST_F(Xdm, TellsAReplacement) {
  // The extra slot is there for a document that replaces another, and only then.
  EXPECT_TRUE(slot(metadata(), "urn:action:extraMetadataSlot").empty());
  letter_.header.set_replaces("2.25.1");
  EXPECT_EQ(slot(metadata(), "urn:action:extraMetadataSlot"), Values{"C"});
}

TEST_F(Xdm, LinksTheSetToTheDocument) {
  // The association's two ends are the ids of the two objects, and every classification points at its own
  // object.
  const std::string xml = metadata();
  std::smatch link;
  ASSERT_TRUE(
      std::regex_search(xml, link, std::regex("sourceObject=\"([^\"]+)\" targetObject=\"([^\"]+)\"")));
  const std::string set = link[1];
  const std::string entry = link[2];
  EXPECT_NE(xml.find("<rim:RegistryPackage id=\"" + set + "\""), std::string::npos);
  EXPECT_NE(xml.find("<rim:ExtrinsicObject id=\"" + entry + "\""), std::string::npos);
  const size_t boundary = xml.find("<rim:ExtrinsicObject");
  EXPECT_EQ(xml.substr(0, boundary).find("classifiedObject=\"" + entry), std::string::npos);
  EXPECT_EQ(xml.find("classifiedObject=\"" + set, boundary), std::string::npos);
}

TEST_F(Xdm, GivesEveryObjectItsOwnIdAndEveryDeliveryItsOwnSet) {
  // No id occurs twice; another delivery of the same document has other ids, but the same uniqueId of the
  // document.
  const std::string xml = metadata();
  std::set<std::string> ids;
  const std::regex id(" id=\"(urn:uuid:[^\"]+)\"");
  int count = 0;
  for (auto each = std::sregex_iterator(xml.begin(), xml.end(), id); each != std::sregex_iterator();
       ++each, ++count)
    ids.insert((*each)[1]);
  EXPECT_EQ(std::ssize(ids), count);
  EXPECT_GT(count, 15);
  letter_.delivery_id = *Uuid::parse("0b6f1c9e-7a55-8c3d-9e21-4d5f6a7b8c9e");
  const std::string other = metadata();
  for (const std::string& each : ids) EXPECT_EQ(other.find(each), std::string::npos);
  EXPECT_EQ(identifier(other, "2e82c1f6-a085-4c72-9da3-8640a32e42ab"), "2.25.98765432101234567890");
}

TEST_F(Xdm, SurvivesNamesThatLookLikeMarkup) {
  // Separators of HL7, characters of XML and line ends in names change no structure.
  letter_.header.mutable_patient()->set_birth_family_name("A^B&C|D~E\\F<\"'>\r\nG");
  letter_.request.mutable_event()->mutable_source()->mutable_organization()->set_name(
      "<b>\r\nNom : faux & co</b>");
  EXPECT_EQ(slot(metadata(), "sourcePatientInfo").at(0),
            "PID-5|A\\S\\B\\T\\C\\F\\D\\R\\E\\E\\F&lt;\"'&gt;  G^MARIE-ÈVE^^^^^L");
  const std::vector<ZipFile> files = unzip(*write_xdm(input()));
  EXPECT_NE(files[0].content.find("&lt;b&gt;"), std::string::npos);
  EXPECT_EQ(files[1].content.find("\r\nNom : faux"), std::string::npos);
}

TEST_F(Xdm, IsNeverLargerThanItsBound) {
  // What cannot be compressed is the worst case.
  std::string noise;
  uint32_t state = 1;
  for (int i = 0; i < 300000; ++i) noise += static_cast<char>((state = state * 1664525 + 1013904223) >> 24U);
  for (const std::string& cda : {noise, std::string(), std::string(500000, ' ')}) {
    letter_.document.cda = make_bytes(cda);
    EXPECT_LE(write_xdm(input())->size(), xdm_size_bound(input()));
  }
  EXPECT_LT(xdm_size_bound(input()), 500000U + 40000U);
}

TEST_F(Xdm, ValidatesByTheSchemaOfEbRs) {
  // The official check of a METADATA.XML, also with the longest names that an event may hold.
  const char* schema = std::getenv("PASSERELLE_XDS_SCHEMA");
  if (schema == nullptr) GTEST_SKIP() << "PASSERELLE_XDS_SCHEMA names no lcm.xsd";
  const TempFolder folder;
  const auto valid = [&] {
    const std::string file = folder.file("METADATA.XML");
    std::ofstream(file, std::ios::binary) << metadata();
    const std::string command =
        "xmllint --noout --nonet --schema '" + std::string(schema) + "' '" + file + "'";
    return std::system(command.c_str()) == 0;
  };
  EXPECT_TRUE(valid());
  std::string wide;
  for (int i = 0; i < 200; ++i) wide += "É&";
  auto& metadata = *letter_.header.mutable_metadata();
  metadata.set_title(wide);
  metadata.mutable_type()->set_label(wide);
  metadata.mutable_authors(0)->set_family_name(wide);
  metadata.mutable_authors(0)->set_given_name(wide);
  metadata.mutable_authors(0)->set_specialty_label(wide);
  metadata.mutable_authors(0)->mutable_organization()->set_name(wide);
  letter_.header.mutable_patient()->set_birth_family_name(wide);
  letter_.header.mutable_patient()->clear_ins();
  letter_.header.mutable_patient()->clear_local_id();
  letter_.header.set_replaces("2.25.1");
  visibility_.set_hidden_from_patient(true);
  EXPECT_TRUE(valid());
}

TEST(ZipWriter, BringsDatesIntoTheRangeOfTheFormat) {
  // MS-DOS dates begin in 1980: an older one is written as a valid date, not as noise.
  const std::array<ZipEntry, 1> entries = {{{"A.TXT", "a"}}};
  for (const int32_t year : {1, 1980, 2107, 9999}) {
    const auto archive = write_zip(entries, {.year = year, .month = 12, .day = 31});
    ASSERT_TRUE(archive.ok());
    EXPECT_EQ(unzip(*archive).at(0).content, "a");
  }
}

}  // namespace
}  // namespace psl
