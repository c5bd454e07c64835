// What `passerelle check` finds in a file. Nothing here needs a server, a network or a ledger.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "adapters/formats/cda/cda_reader.h"
#include "passerelle/v1/delivery.pb.h"

namespace psl {

enum class FileKind { cda, metadata, archive, mail, pdf, unknown };

struct FileCheck {
  std::string file;
  FileKind kind = FileKind::unknown;
  std::vector<passerelle::v1::Issue> issues;
};

// By its first bytes, whatever its name.
FileKind kind_of_file(std::string_view content);

// All that is checked of a file of its kind. A METADATA.XML is compared with the documents that it names and
// that stand in `folder`; empty: with none.
FileCheck check_file(const std::string& file, std::string_view content, const std::string& folder,
                     const CdaReadOptions& options);

// "letter.xml (CDA): 1 error, 2 warnings", then each code with its text and its paths.
std::string to_text(const FileCheck& check);
// {"file":…,"kind":"cda","issues":[…]}, kinds as in FileKind.
std::string to_json(const FileCheck& check);

}  // namespace psl
