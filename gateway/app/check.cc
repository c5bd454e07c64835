// passerelle check: holds documents, archives and mails to the rules, whoever wrote them.
#include "gateway/app/check.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include "adapters/formats/check/cda_check.h"
#include "adapters/formats/check/mail_check.h"
#include "adapters/formats/check/rules.h"
#include "adapters/formats/pdf_check.h"
#include "gateway/app/commands.h"
#include "gateway/app/exit_codes.h"
#include "gateway/app/issue_summary.h"
#include "gateway/app/print.h"

namespace psl {
namespace {

namespace fs = std::filesystem;
namespace v1 = passerelle::v1;

constexpr size_t checked_bytes_max = size_t{64} << 20U;
constexpr size_t siblings_max = 32;

struct CheckOptions {
  std::vector<std::string> files;
  std::string environment = "test";
  std::string time_zone = "Europe/Paris";
  bool json = false;
};

Result<std::string> read_stream(std::istream& in, const std::string& name) {
  const auto refused = [&name](const char* why) {
    return error_of(ErrorCode::input_output, name + ": " + why);
  };
  std::string content;
  std::string piece(size_t{1} << 20U, '\0');
  while (in && content.size() <= checked_bytes_max) {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    content.append(piece, 0, static_cast<size_t>(in.gcount()));
  }
  if (in.bad()) return refused("cannot be read");
  if (content.size() > checked_bytes_max) return refused("is above 64 MiB");
  return content;
}

Result<std::string> read_file_or_stdin(const std::string& name) {
  if (name == "-") return read_stream(std::cin, "standard input");
  std::ifstream in(name, std::ios::binary);
  // A folder opens and then gives nothing.
  std::error_code ignored;
  if (!in || fs::is_directory(name, ignored))
    return error_of(ErrorCode::input_output, name + ": cannot be read");
  return read_stream(in, name);
}

bool begins_with_header(std::string_view content) {
  const size_t colon = content.find(':');
  return colon != std::string_view::npos && colon > 0 && colon < 80 &&
         std::all_of(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(colon),
                     [](char c) { return c > ' ' && c < 0x7F; });
}

// The file of that name in a folder, whatever the case: METADATA.XML writes names in upper case.
std::string sibling_of(const fs::path& folder, std::string_view name) {
  if (name.empty() || name.find('/') != std::string_view::npos) return {};
  std::error_code problem;
  for (fs::directory_iterator at(folder, problem), end; !problem && at != end; at.increment(problem)) {
    std::error_code ignored;
    if (same_ignoring_case(at->path().filename().string(), name) && at->is_regular_file(ignored))
      return at->path();
  }
  return {};
}

void check_metadata_file(std::string_view content, const std::string& folder, const CdaReadOptions& options,
                         std::vector<v1::Issue>& issues) {
  const auto metadata = parse_xdm_metadata(content);
  if (!metadata.ok()) return add_issue(issues, Rule::xdm_metadata_unreadable, "METADATA.XML");
  // They stay where they are: the documents point into them.
  std::deque<std::string> contents;
  std::deque<CdaDocument> read;
  std::vector<XdmDocument> documents;
  for (const std::string_view uri : xdm_uris(*metadata)) {
    const std::string path = folder.empty() ? std::string() : sibling_of(folder, uri);
    if (path.empty() || documents.size() == siblings_max) continue;
    auto bytes = read_file_or_stdin(path);
    if (!bytes.ok()) continue;
    documents.push_back({uri, contents.emplace_back(std::move(*bytes)), nullptr});
    if (kind_of_file(contents.back()) != FileKind::cda) continue;
    auto document = read_cda(contents.back(), options);
    if (!document.ok()) {
      add_issue(issues, Rule::xdm_document_unreadable, "document[" + std::to_string(documents.size()) + "]");
    } else {
      documents.back().header = &read.emplace_back(std::move(*document)).header;
    }
  }
  check_xdm_metadata(*metadata, {documents, /*complete=*/false, /*verify_hash=*/true}, issues);
}

void check_pdf_file(std::string_view content, std::vector<v1::Issue>& issues) {
  const Status status = check_pdf(content);
  if (status.ok()) return;
  add_issue(issues, Rule::pdf_refused, "/");
  issues.back().set_text(issues.back().text() + " " + status.error().text);
}

std::string_view name_of_kind(FileKind kind) {
  switch (kind) {
    case FileKind::cda:
      return "cda";
    case FileKind::metadata:
      return "metadata";
    case FileKind::archive:
      return "archive";
    case FileKind::mail:
      return "mail";
    case FileKind::pdf:
      return "pdf";
    case FileKind::unknown:
      break;
  }
  return "unknown";
}

int check_one(const std::string& file, const CdaReadOptions& options, bool json) {
  const auto content = read_file_or_stdin(file);
  if (!content.ok()) {
    std::fprintf(stderr, "%s\n", content.error().describe().c_str());
    if (json) std::printf("%s\n", named("file", file, to_json(content.error())).c_str());
    return exit_code::file;
  }
  std::string folder;
  if (file != "-") folder = fs::path(file).has_parent_path() ? fs::path(file).parent_path().string() : ".";
  const FileCheck check = check_file(file, *content, folder, options);
  std::fputs(json ? (to_json(check) + "\n").c_str() : to_text(check).c_str(), stdout);
  return has_error(check.issues) ? exit_code::refused : exit_code::ok;
}

int run_check(const CheckOptions& options) {
  const auto zone = TimeZone::load(options.time_zone);
  if (!zone.ok()) {
    std::fprintf(stderr, "--time-zone: %s\n", zone.error().text.c_str());
    return exit_code::usage;
  }
  const Environment environment =
      options.environment == "production" ? Environment::production : Environment::test;
  int status = exit_code::ok;
  for (const std::string& file : options.files)
    status = std::max(status, check_one(file, {environment, *zone, "document"}, options.json));
  return status;
}

}  // namespace

FileKind kind_of_file(std::string_view content) {
  if (content.starts_with("%PDF-")) return FileKind::pdf;
  if (content.starts_with("PK\x03\x04") || content.starts_with("PK\x05\x06")) return FileKind::archive;
  std::string_view head = content.substr(0, 4096);
  if (head.starts_with("\xEF\xBB\xBF")) head.remove_prefix(3);
  const size_t begin = head.find_first_not_of(" \t\r\n");
  if (begin != std::string_view::npos && head[begin] == '<')
    return head.find("SubmitObjectsRequest") == std::string_view::npos ? FileKind::cda : FileKind::metadata;
  return begins_with_header(head) ? FileKind::mail : FileKind::unknown;
}

FileCheck check_file(const std::string& file, std::string_view content, const std::string& folder,
                     const CdaReadOptions& options) {
  FileCheck check{file, kind_of_file(content), {}};
  switch (check.kind) {
    case FileKind::cda:
      check.issues = check_cda(content, options);
      break;
    case FileKind::metadata:
      check_metadata_file(content, folder, options, check.issues);
      break;
    case FileKind::archive:
      check_xdm(content, options, check.issues);
      break;
    case FileKind::mail:
      check_mail(content, options, check.issues);
      break;
    case FileKind::pdf:
      check_pdf_file(content, check.issues);
      break;
    case FileKind::unknown:
      add_issue(check.issues, Rule::file_unknown, "/");
      break;
  }
  return check;
}

std::string to_text(const FileCheck& check) {
  return check.file + " (" + std::string(name_of_kind(check.kind)) +
         "): " + issue_summary({{std::string(), check.issues}});
}

std::string to_json(const FileCheck& check) {
  std::string issues;
  for (const v1::Issue& each : check.issues) issues += (issues.empty() ? "" : ",") + to_json(each);
  return named("file", check.file,
               "{\"kind\":" + quoted(name_of_kind(check.kind)) + ",\"issues\":[" + issues + "]}");
}

void add_check(CLI::App& app, int& status) {
  CLI::App* command =
      app.add_subcommand("check", "Check documents, archives and mails against the rules; nothing is sent.");
  auto options = std::make_shared<CheckOptions>();
  command
      ->add_option("FILE", options->files,
                   "CDA, METADATA.XML, IHE_XDM.zip, mail or PDF, known by its content; -: standard input")
      ->required();
  command
      ->add_option("--environment", options->environment,
                   "which INS are right: those of real patients, or those for tests")
      ->check(CLI::IsMember({"production", "test"}))
      ->capture_default_str();
  command->add_option("--time-zone", options->time_zone, "in which times without offset are read")
      ->capture_default_str();
  command->add_flag("--json", options->json, "one JSON object a file: file, kind, issues");
  command->footer(
      "A METADATA.XML is compared with the documents that stand beside it. Exit status 1 when an issue is an "
      "error.\nExample:\n  passerelle check build/preview/0-mail-demo/message.eml");
  command->callback([options, &status] { status = run_check(*options); });
}

}  // namespace psl
