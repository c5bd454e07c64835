// Reads the sources and holds them to the rules that a compiler does not know: which folder may include
// which, how long a function or a file may be, and words that are banned where they would break a promise.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path root = PSL_SOURCE_DIR;

// What each folder may include, besides itself and what those may. ARCHITECTURE.md draws the same table.
const std::map<std::string, std::set<std::string>> allowed_includes = {
    {"gateway/base", {}},
    {"gateway/core", {"gateway/base"}},
    {"gateway/care", {"gateway/base", "gateway/core"}},
    {"gateway/intake", {"gateway/base", "gateway/core", "gateway/care"}},
    {"gateway/outbox", {"gateway/base", "gateway/core"}},
    {"gateway/follow", {"gateway/base", "gateway/core"}},
    {"gateway/store", {"gateway/base", "gateway/core"}},
    {"gateway/config", {"gateway/base", "gateway/core"}},
    {"security", {"gateway/base", "gateway/core"}},
    {"adapters/formats", {"gateway/base", "gateway/core"}},
    {"adapters/readable", {"gateway/base", "gateway/core", "adapters/formats"}},
    {"gateway/net", {"gateway/base", "gateway/core", "security"}},
    {"adapters/mssante", {"gateway/base", "gateway/core", "adapters/formats", "gateway/net", "security"}},
    {"gateway/rpc", {"gateway/base", "gateway/core", "gateway/care", "gateway/intake", "security"}},
    {"fhir", {"gateway/base", "gateway/core", "gateway/care"}},
    {"adapters/dmp", {"gateway/base", "gateway/core", "fhir", "gateway/net", "security"}},
    {"adapters/fhir",
     {"gateway/base", "gateway/core", "adapters/formats", "fhir", "gateway/net", "security"}},
    {"adapters/webhook", {"gateway/base", "gateway/core", "fhir", "gateway/net", "security"}},
    {"gateway/http", {"gateway/base", "gateway/core", "gateway/care", "gateway/intake", "gateway/net", "security"}},
    {"gateway/sandbox",
     {"gateway/base", "gateway/core", "fhir", "adapters/formats", "gateway/net", "security"}},
    {"gateway/app",
     {"gateway/base", "gateway/core", "gateway/care", "gateway/intake", "gateway/outbox", "gateway/follow", "gateway/store",
      "gateway/config", "security", "adapters/formats", "fhir", "gateway/net", "adapters/mssante",
      "adapters/dmp", "adapters/fhir", "adapters/webhook", "adapters/readable", "gateway/rpc", "gateway/http", "gateway/sandbox"}},
};

// Headers of libraries that stay in some folders (values) or out of every header (below).
const std::map<std::string, std::set<std::string>> library_homes = {
    {"grpc", {"gateway/rpc", "gateway/app"}},
    {"sqlite3.h", {"gateway/store"}},
    {"curl/", {"gateway/net"}},
    {"libxml/", {"adapters/formats"}},
    {"gmime/", {"adapters/formats"}},
    {"zip.h", {"adapters/formats"}},
    {"yaml-cpp/", {"gateway/config"}},
    {"rapidjson/", {"gateway/config", "fhir"}},
    {"boost/", {"gateway/net"}},
    {"prometheus/", {"gateway/http"}},
    {"openssl/", {"security", "gateway/base", "gateway/net", "adapters/formats"}},
    {"CLI/", {"gateway/app"}},
    {"pango/", {"adapters/readable"}},
    {"cairo", {"adapters/readable"}},
    {"qpdf/", {"adapters/readable"}},
    {"dmtx.h", {"adapters/readable"}},
};
const std::vector<std::string> never_in_headers = {"sqlite3.h", "curl/",     "libxml/",    "gmime/",
                                                   "zip.h",     "yaml-cpp/", "rapidjson/", "openssl/",
                                                   "absl/",     "CLI/",      "boost/",     "prometheus/",
                                                   "pango/",    "cairo",     "qpdf/",      "dmtx.h"};

struct Banned {
  std::string word;  // in every line that the pattern can match: std::regex is slow
  std::string pattern;
  std::string why;
  std::set<std::string> except;  // files
};
const std::vector<Banned> banned = {
    {"system_clock",
     R"(\bsystem_clock::now\b)",
     "time comes through Env",
     {"gateway/base/env.cc", "gateway/rpc/grpc_door.cc", "gateway/app/client.cc"}},
    {"steady_clock", R"(\bsteady_clock::now\b)", "time comes through Env", {"gateway/base/env.cc"}},
    {"sleep", R"(\bsleep_for\b|\busleep\(|\bsleep\()", "nothing sleeps: wait for a condition", {}},
    {"rand", R"(\bs?rand\()", "chance comes through Env", {}},
    {"random_device", R"(\brandom_device\b)", "chance comes through Env", {"gateway/base/env.cc"}},
    {"release_", R"(\brelease_[a-z_]+\()", "protobuf's release_ leaks", {}},
    {"set_allocated_", R"(\bset_allocated_)", "protobuf's set_allocated_ hides ownership", {}},
    {"new ", R"((=|return) new\b)", "own through unique_ptr or a value", {}},
    {"delete ", R"(\bdelete [a-z_]+;)", "own through unique_ptr or a value", {}},
    {"std::c", R"(\bstd::cout\b|\bstd::cerr\b)", "log() or the commands' own printing", {}},
    {"O", R"(\bTODO\b)", "finish it, or file an issue", {}},
    {"catch",
     R"(catch \(\.\.\.\))",
     "exceptions end in rpc/ and in the worker loop only",
     {"gateway/outbox/delivering.cc"}},
};

constexpr size_t function_lines_max = 70;
constexpr size_t file_lines_max = 800;
constexpr size_t line_characters_max = 140;

std::vector<std::string> lines_of(const fs::path& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<fs::path> sources_under(std::initializer_list<const char*> folders) {
  std::vector<fs::path> files;
  for (const char* folder : folders) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const fs::path& path = entry.path();
      if (path.extension() == ".h" || path.extension() == ".cc" || path.extension() == ".def")
        files.push_back(path);
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<fs::path> product_sources() { return sources_under({"gateway", "adapters", "fhir", "security"}); }

std::string relative_to_root(const fs::path& path) { return fs::relative(path, root).generic_string(); }
// The folder of a library; the formats are one library in several folders.
std::string library_folder(const std::string& file) {
  const std::string folder = fs::path(file).parent_path().generic_string();
  return folder.starts_with("adapters/formats/") ? "adapters/formats" : folder;
}
std::string folder_of(const fs::path& path) { return library_folder(relative_to_root(path)); }

// A line without its comment and without what stands between quotes.
std::string code_of(const std::string& line) {
  std::string out;
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\' && quoted) {
      ++i;
    } else if (line[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && line.compare(i, 2, "//") == 0) {
      break;
    } else if (!quoted) {
      out += line[i];
    }
  }
  return out;
}

TEST(Tidy, EveryFolderIsInTheTable) {
  // Claim: a new folder says where it stands before it has code.
  for (const fs::path& path : product_sources()) {
    EXPECT_TRUE(allowed_includes.contains(folder_of(path))) << relative_to_root(path);
  }
}

TEST(Tidy, IncludesGoDownwards) {
  // Claim: no folder includes one that the table does not give it.
  const std::regex include(R"re(^#include "([^"]+)")re");
  for (const fs::path& path : product_sources()) {
    const std::string folder = folder_of(path);
    const auto row = allowed_includes.find(folder);
    if (row == allowed_includes.end()) continue;
    for (const std::string& line : lines_of(path)) {
      std::smatch match;
      if (!std::regex_search(line, match, include)) continue;
      const std::string target = library_folder(match[1].str());
      const bool generated = match[1].str().find(".pb.h") != std::string::npos;
      if (generated || target == folder) continue;
      EXPECT_TRUE(row->second.contains(target)) << relative_to_root(path) << " includes " << match[1];
    }
  }
}

TEST(Tidy, LibrariesStayAtHome) {
  // Claim: each foreign library is included by its own folders only, and its headers by no header of ours.
  const std::regex include(R"re(^#include <([^>]+)>)re");
  for (const fs::path& path : product_sources()) {
    for (const std::string& line : lines_of(path)) {
      std::smatch match;
      if (!std::regex_search(line, match, include)) continue;
      const std::string header = match[1];
      for (const auto& [library, homes] : library_homes) {
        if (header.rfind(library, 0) == 0) {
          EXPECT_TRUE(homes.contains(folder_of(path))) << relative_to_root(path) << " includes " << header;
        }
      }
      if (path.extension() != ".h") continue;
      for (const std::string& library : never_in_headers) {
        EXPECT_NE(header.rfind(library, 0), 0U) << relative_to_root(path) << " includes " << header;
      }
    }
  }
}

TEST(Tidy, BannedWordsAreAbsent) {
  // Claim: what would break determinism, ownership or finish does not appear in the product.
  for (const Banned& rule : banned) {
    const std::regex pattern(rule.pattern, std::regex::optimize);
    for (const fs::path& path : product_sources()) {
      if (rule.except.contains(relative_to_root(path))) continue;
      size_t number = 0;
      for (const std::string& line : lines_of(path)) {
        ++number;
        if (line.find(rule.word) == std::string::npos ||
            line.find("NOLINT: the constructor is private") != std::string::npos)
          continue;
        EXPECT_FALSE(std::regex_search(code_of(line), pattern))
            << relative_to_root(path) << ":" << number << ": " << rule.why;
      }
    }
  }
}

// The lines of each function body, by the project's layout: a body opens at a line that ends with "{" without
// indentation (or two spaces inside a class) and closes at the "}" of the same indentation.
std::vector<std::pair<size_t, size_t>> function_bodies(const std::vector<std::string>& lines) {
  std::vector<std::pair<size_t, size_t>> bodies;
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string code = code_of(lines[i]);
    if (code.empty() || !code.ends_with("{")) continue;
    const size_t indent = code.find_first_not_of(' ');
    static const std::regex signature_end(R"(\)[a-z ]*(->.*)?\{$)");
    static const std::regex not_a_function(R"(\b(class|struct|if|for|while|switch)\b)");
    if (indent > 2 || !std::regex_search(code, signature_end) || std::regex_search(code, not_a_function))
      continue;
    const std::string closing = std::string(indent, ' ') + "}";
    size_t end = i + 1;
    while (end < lines.size() && lines[end].rfind(closing, 0) != 0) ++end;
    bodies.emplace_back(i, end);
  }
  return bodies;
}

TEST(Tidy, FunctionsFitAScreen) {
  // Claim: no function is longer than 70 lines.
  for (const fs::path& path : product_sources()) {
    const auto lines = lines_of(path);
    for (const auto& [start, end] : function_bodies(lines)) {
      EXPECT_LE(end - start, function_lines_max) << relative_to_root(path) << ":" << start + 1;
    }
  }
}

TEST(Tidy, FilesAreShort) {
  // Claim: no file is longer than 800 lines, no line than 140 characters.
  for (const fs::path& path : sources_under({"gateway", "adapters", "security", "tests"})) {
    const auto lines = lines_of(path);
    EXPECT_LE(lines.size(), file_lines_max) << relative_to_root(path);
    for (size_t i = 0; i < lines.size(); ++i) {
      if (lines[i].find("R\"") != std::string::npos) continue;
      EXPECT_LE(lines[i].size(), line_characters_max) << relative_to_root(path) << ":" << i + 1;
    }
  }
}

TEST(Tidy, EveryHeaderIsGuardedAndDescribed) {
  // Claim: a header begins by saying what it is, and is included once.
  for (const fs::path& path : product_sources()) {
    if (path.extension() != ".h") continue;
    const auto lines = lines_of(path);
    ASSERT_FALSE(lines.empty()) << relative_to_root(path);
    EXPECT_EQ(lines[0].rfind("// ", 0), 0U) << relative_to_root(path);
    EXPECT_NE(std::find(lines.begin(), lines.end(), "#pragma once"), lines.end()) << relative_to_root(path);
  }
}

std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// The first quoted text of each line of a .def file that calls `macro`; `index` chooses among the quoted
// texts.
std::vector<std::string> defined_names(const fs::path& path, const std::string& macro, size_t index) {
  std::vector<std::string> names;
  const std::regex quoted(R"re("([^"]*)")re");
  for (const std::string& line : lines_of(path)) {
    if (line.rfind(macro + "(", 0) != 0) continue;
    std::sregex_iterator at(line.begin(), line.end(), quoted);
    std::advance(at, static_cast<std::ptrdiff_t>(index));
    names.push_back((*at)[1]);
  }
  return names;
}

TEST(Tidy, EveryTypeOfAHeaderHasItsNameToItself) {
  // Claim: no two headers define a type of one name in one namespace. Linked into one program, such two share
  // a vtable, and one of them calls the other's functions.
  const std::regex type(R"(^(?:class|struct|enum class) (?:\[\[\w+\]\] )?(\w+)(?: final)?(?: :.*)?\s*\{.*)");
  const std::regex home(R"(^namespace ([\w:]+) \{)");
  std::map<std::string, std::string> homes;
  for (const fs::path& path : product_sources()) {
    if (path.extension() != ".h") continue;
    std::string space;
    for (const std::string& line : lines_of(path)) {
      std::smatch match;
      if (std::regex_match(line, match, home)) space = match[1];
      if (!std::regex_match(line, match, type)) continue;
      const auto [found, fresh] = homes.emplace(space + "::" + match[1].str(), relative_to_root(path));
      EXPECT_TRUE(fresh) << found->first << " is in " << found->second << " and in "
                         << relative_to_root(path);
    }
  }
}

TEST(Tidy, EveryErrorAndReasonIsDocumented) {
  // Claim: what a sender or an operator can be told is in the reference.
  const std::string errors = text_of(root / "docs/reference/errors.md");
  for (const std::string& reason : defined_names(root / "gateway/base/errors.def", "PSL_ERROR", 0)) {
    EXPECT_NE(errors.find("`" + reason + "`"), std::string::npos) << reason;
  }
  const std::string outcomes = text_of(root / "docs/reference/outcomes.md");
  for (const std::string& reason : defined_names(root / "gateway/core/reasons.def", "PSL_REASON", 0)) {
    EXPECT_NE(outcomes.find("`" + reason + "`"), std::string::npos) << reason;
  }
}

TEST(Tidy, EveryReasonThatIsGivenIsDefined) {
  // Claim: what decides outcomes gives no reason that coordinators have no sentence for, and the reference
  // explains none that does not exist.
  const auto defined = defined_names(root / "gateway/core/reasons.def", "PSL_REASON", 0);
  const std::set<std::string> reasons(defined.begin(), defined.end());
  // Verbs of SMTP and HTTP, a product's name, the code of an issue.
  const std::set<std::string> others = {
      "EHLO",    "HELO",  "STARTTLS", "DATA",       "NOOP",
      "QUIT",    "HEAD",  "POST",     "DELETE",     "PATCH",
      "OPTIONS", "TRACE", "CONNECT",  "PASSERELLE", "READABLE_COPY_LEFT_OUT",
      // Of IMAP (RFC 3501, RFC 9051), and rules of the circle's table.
      "UNFLAGGED", "MAILBOX_CHANGED", "SOCIAL_TEAM_NOTICE", "SOCIAL_CONSENT_NOTICE"};
  const std::regex upper_case(R"re("([A-Z][A-Z_]{3,})")re");
  for (const fs::path& path : sources_under({"gateway/net", "gateway/outbox", "adapters"})) {
    if (folder_of(path) == "adapters/formats") continue;
    for (const std::string& line : lines_of(path)) {
      for (std::sregex_iterator at(line.begin(), line.end(), upper_case), end; at != end; ++at) {
        const std::string word = (*at)[1];
        EXPECT_TRUE(reasons.contains(word) || others.contains(word))
            << relative_to_root(path) << ": " << word;
      }
    }
  }
  const std::regex explained(R"(^\| `([A-Z_]+)`.*)");
  for (const std::string& line : lines_of(root / "docs/reference/outcomes.md")) {
    std::smatch match;
    if (!std::regex_match(line, match, explained)) continue;
    EXPECT_TRUE(reasons.contains(match[1])) << match[1];
  }
}

}  // namespace
