#include "adapters/formats/check/xdm_check.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <string>

#include "adapters/formats/check/cda_check.h"
#include "adapters/formats/check/rules.h"
#include "adapters/formats/check/xdm_values.h"
#include "adapters/formats/zip_reader.h"

namespace psl {
namespace {

namespace v1 = passerelle::v1;

// A letter has one document, a set some; reading more would be work for whoever sends a hostile archive.
constexpr size_t documents_read_max = 32;

std::string upper_ascii(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

bool is_8_3_step(std::string_view step) {
  const auto plain = [](std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; });
  };
  const size_t dot = step.find('.');
  const std::string_view stem = step.substr(0, dot);
  const std::string_view end = dot == std::string_view::npos ? std::string_view() : step.substr(dot + 1);
  return !stem.empty() && stem.size() <= 8 && plain(stem) && end.size() <= 3 && plain(end);
}

bool is_8_3(std::string_view path) {
  for (;;) {
    const size_t slash = path.find('/');
    if (!is_8_3_step(path.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

std::optional<Rule> rule_of(ZipFault fault) {
  switch (fault) {
    case ZipFault::none:
      return std::nullopt;
    case ZipFault::not_an_archive:
      return Rule::xdm_not_an_archive;
    case ZipFault::damaged:
      return Rule::xdm_damaged;
    case ZipFault::too_large:
      return Rule::xdm_too_large;
    case ZipFault::unsafe_path:
      break;
  }
  return Rule::xdm_unsafe_path;
}

bool looks_like_xml(std::string_view content) {
  if (content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);
  return trimmed(content.substr(0, 64)).starts_with('<');
}

// One folder of the archive with its METADATA.XML.
struct XdmFolder {
  const ZipMember* metadata = nullptr;
  std::vector<const ZipMember*> others;
};

class ArchiveCheck {
 public:
  ArchiveCheck(const std::vector<ZipMember>& files, const CdaReadOptions& options,
               std::vector<v1::Issue>& issues)
      : files_(files), options_(options), issues_(issues) {}

  XdmFacts run() {
    bool index = false;
    bool read_me = false;
    for (size_t i = 0; i < files_.size(); ++i) {
      const std::string name = upper_ascii(files_[i].name);
      const bool empty = trimmed(files_[i].content).empty();
      index = index || (name == "INDEX.HTM" && !empty);
      read_me = read_me || (name == "README.TXT" && !empty);
      if (!is_8_3(files_[i].name))
        add_issue(issues_, Rule::xdm_name_not_8_3, "file[" + std::to_string(i + 1) + "]");
      if (!place(files_[i], name) && name != "INDEX.HTM" && name != "README.TXT")
        add_issue(issues_, Rule::xdm_file_not_listed, "file[" + std::to_string(i + 1) + "]");
    }
    if (!index) add_issue(issues_, Rule::xdm_index_missing, "INDEX.HTM");
    if (!read_me) add_issue(issues_, Rule::xdm_read_me_missing, "README.TXT");
    size_t position = 0;
    for (const auto& [name, folder] : folders_) {
      if (folder.metadata == nullptr) continue;
      check_folder(folder, "set[" + std::to_string(++position) + "]/");
    }
    if (position == 0) add_issue(issues_, Rule::xdm_set_missing, "IHE_XDM");
    return std::move(facts_);
  }

 private:
  // "IHE_XDM/SUBSET01/DOC0001.XML" belongs to SUBSET01; what stands deeper belongs to nothing.
  bool place(const ZipMember& file, const std::string& name) {
    constexpr std::string_view top = "IHE_XDM/";
    const size_t slash = name.rfind('/');
    if (!name.starts_with(top) || slash < top.size() || name.find('/', top.size()) != slash) return false;
    XdmFolder& folder = folders_[name.substr(0, slash)];
    if (name.substr(slash + 1) == "METADATA.XML") {
      folder.metadata = &file;
    } else {
      folder.others.push_back(&file);
    }
    return true;
  }

  void check_folder(const XdmFolder& folder, const std::string& prefix) {
    std::vector<v1::Issue> found;
    auto metadata = parse_xdm_metadata(folder.metadata->content);
    if (!metadata.ok()) return add_issue(issues_, Rule::xdm_metadata_unreadable, prefix + "METADATA.XML");
    std::set<std::string> listed;
    for (const std::string_view uri : xdm_uris(*metadata)) listed.insert(upper_ascii(uri));

    const size_t headers_before = facts_.headers.size();
    std::deque<CdaDocument> read;
    std::vector<XdmDocument> documents;
    for (const ZipMember* file : folder.others) {
      const std::string_view name = std::string_view(file->name).substr(file->name.rfind('/') + 1);
      documents.push_back({name, file->content, nullptr});
      const std::string path = prefix + "document[" + std::to_string(documents.size()) + "]";
      if (!listed.contains(upper_ascii(name))) {
        add_issue(issues_, Rule::xdm_file_not_listed, path);
      } else if (looks_like_xml(file->content) && read.size() < documents_read_max) {
        documents.back().header = read_document(file->content, path, read);
      }
    }
    const XdmMasks masks = check_xdm_metadata(*metadata, {documents, true, true}, found);
    add_all(prefix + "METADATA.XML/", found);
    facts_.masks.professionals |= masks.professionals;
    facts_.masks.patient |= masks.patient;
    for (CdaDocument& each : read) {
      if (each.pdf != nullptr) facts_.pdfs.push_back(std::move(each.pdf));
      facts_.headers.push_back(std::move(each.header));
    }
    for (size_t i = headers_before; i < facts_.headers.size(); ++i) {
      if (!same_patient(facts_.headers[i].patient(), facts_.headers.front().patient()))
        add_issue(issues_, Rule::xdm_several_patients, prefix + "METADATA.XML/ExtrinsicObject");
    }
  }

  const passerelle::internal::v1::DocumentHeader* read_document(std::string_view content,
                                                                const std::string& path,
                                                                std::deque<CdaDocument>& read) {
    Result<CdaDocument> document = read_cda(content, options_);
    if (!document.ok()) {
      add_issue(issues_, Rule::xdm_document_unreadable, path);
      std::vector<v1::Issue> why = check_cda(content, options_);
      add_all(path + "/", why);
      return nullptr;
    }
    read.push_back(std::move(*document));
    add_all(path + "/", read.back().issues);
    return &read.back().header;
  }

  void add_all(const std::string& prefix, std::vector<v1::Issue>& found) {
    for (v1::Issue& each : found) {
      each.set_path(prefix + each.path());
      issues_.push_back(std::move(each));
    }
  }

  const std::vector<ZipMember>& files_;
  const CdaReadOptions& options_;
  std::vector<v1::Issue>& issues_;
  std::map<std::string, XdmFolder> folders_;
  XdmFacts facts_;
};

}  // namespace

XdmFacts check_xdm(std::string_view zip, const CdaReadOptions& options, std::vector<v1::Issue>& issues) {
  const ZipContents contents = read_zip(zip);
  if (const auto rule = rule_of(contents.fault)) {
    add_issue(issues, *rule, "archive");
    return {};
  }
  return ArchiveCheck(contents.files, options, issues).run();
}

Status fault_of_ours(std::string_view what, const std::vector<v1::Issue>& issues) {
  std::string codes;
  for (const v1::Issue& each : issues) {
    if (each.level() == v1::Issue::LEVEL_ERROR) codes += (codes.empty() ? " " : ", ") + each.code();
  }
  if (codes.empty()) return {};
  return error_of(ErrorCode::internal, std::string(what) + ":" + codes);
}

}  // namespace psl
