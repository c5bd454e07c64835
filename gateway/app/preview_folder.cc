#include "gateway/app/preview_folder.h"

#include <sys/stat.h>

#include <cerrno>
#include <string>

#include "gateway/app/print.h"
#include "security/files.h"

namespace psl {
namespace {

namespace fs = std::filesystem;

Status replace_file(const fs::path& path, std::string_view content) {
  std::error_code problem;
  fs::remove(path, problem);
  return write_new_file(path, content, Readers::owner_only);
}

}  // namespace

Status make_preview_folder(const fs::path& folder) {
  std::error_code problem;
  if (folder.has_parent_path()) fs::create_directories(folder.parent_path(), problem);
  if (::mkdir(folder.c_str(), S_IRWXU) == 0) return {};
  if (errno == EEXIST && fs::is_directory(folder, problem)) return {};
  return error_of(ErrorCode::configuration, "cannot make the folder " + folder.string());
}

Status write_preview(const fs::path& folder, const Payload& payload, std::string_view page) {
  if (Status made = make_preview_folder(folder); !made.ok()) return made;
  std::error_code problem;
  fs::permissions(folder, fs::perms::owner_all, problem);
  if (problem) return error_of(ErrorCode::configuration, "cannot close the folder " + folder.string());
  for (const std::string_view name : {preview_page, preview_pdf}) fs::remove(folder / name, problem);
  for (const PayloadFile& file : payload.files) {
    if (Status written = replace_file(folder / file.name, view(file.content)); !written.ok()) return written;
  }
  if (!page.empty()) {
    if (Status written = replace_file(folder / preview_page, page); !written.ok()) return written;
  }
  std::string issues = "[";
  for (const v1::Issue& issue : payload.issues) issues += (issues.size() > 1 ? ",\n" : "\n") + to_json(issue);
  return replace_file(folder / "issues.json", issues + (issues.size() > 1 ? "\n]\n" : "]\n"));
}

}  // namespace psl
