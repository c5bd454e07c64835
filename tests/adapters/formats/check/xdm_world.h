// A letter in its archive and its mail, all of them right, for the tests to spoil at one place.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>
#include <vector>

#include "adapters/formats/cda/cda_writer.h"
#include "adapters/formats/check/mail_check.h"
#include "adapters/formats/mime.h"
#include "adapters/formats/xdm.h"
#include "adapters/formats/zip_writer.h"
#include "passerelle/v1/event.pb.h"
#include "tests/adapters/formats/cda_fixtures.h"
#include "tests/support/sample_letter.h"

namespace psl::test {

struct NamedFile {
  std::string name;
  std::string content;
};

inline std::string zipped(const std::vector<NamedFile>& files) {
  std::vector<ZipEntry> entries;
  for (const NamedFile& each : files) entries.push_back({each.name, each.content});
  const auto archive = write_zip(entries, {.year = 2026, .month = 11, .day = 22});
  EXPECT_TRUE(archive.ok());
  return archive.ok() ? *archive : std::string();
}

class XdmWorld {
 public:
  XdmWorld() {
    v1::Professional& author = *letter.header.mutable_metadata()->mutable_authors(1);
    author.set_specialty_code("G15_10/SM26");
    author.set_specialty_label("Médecin - Médecine générale");
    write_document();
  }

  // The document, its header as a receiver reads it, and METADATA.XML, after a change of `letter.header`.
  void write_document() {
    cda = write_level_one(
        {letter.header.patient(), letter.header.metadata(), letter.header.replaces(), small_pdf(), zone});
    const auto read = read_cda(cda, options());
    EXPECT_TRUE(read.ok()) << (read.ok() ? "" : read.error().describe());
    if (!read.ok()) return;
    header = read->header;
    metadata = write_xdm_metadata({header, cda, letter.request.event().source(), visibility,
                                   letter.delivery_id, letter.dated_at, zone, "1.0"});
  }

  CdaReadOptions options() const { return {Environment::test, zone, "document"}; }

  std::vector<NamedFile> files() const {
    return {{"INDEX.HTM", "<html/>"},
            {"README.TXT", "Emetteur"},
            {"IHE_XDM/SUBSET01/METADATA.XML", metadata},
            {"IHE_XDM/SUBSET01/DOC0001.XML", cda}};
  }

  SampleLetter letter;
  v1::Visibility visibility;
  TimeZone zone = paris();
  std::string cda;
  stored::DocumentHeader header;
  std::string metadata;
};

// The codes of one family, "XDM_" or "MAIL_": those of the document itself have their own tests.
inline std::set<std::string> codes_of(const std::vector<v1::Issue>& issues,
                                      const std::vector<std::string>& families) {
  std::set<std::string> codes;
  for (const v1::Issue& each : issues) {
    for (const std::string& family : families) {
      if (each.code().starts_with(family)) codes.insert(each.code());
    }
  }
  return codes;
}

inline std::string replaced_everywhere(std::string text, std::string_view from, std::string_view to) {
  EXPECT_NE(text.find(from), std::string::npos) << "not in the fixture: " << from;
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

// Without what begins with `from`, up to and with the next `to`.
inline std::string cut_out(std::string text, std::string_view from, std::string_view to) {
  const size_t begin = text.find(from);
  const size_t end = text.find(to, begin);
  EXPECT_TRUE(begin != std::string::npos && end != std::string::npos) << "not in the fixture: " << from;
  if (end != std::string::npos) text.erase(begin, end + to.size() - begin);
  return text;
}

}  // namespace psl::test
