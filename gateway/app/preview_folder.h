// Where a preview lands: health data, for nobody but who asked for it.
#pragma once

#include <filesystem>
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/core/adapter.h"

namespace psl {

inline constexpr std::string_view preview_page = "document.html";
inline constexpr std::string_view preview_pdf = "document.pdf";

// Mode 0700 when it is new; its parents are made too. `configuration` when it cannot be.
Status make_preview_folder(const std::filesystem::path& folder);

// The payload's files, issues.json, and the page unless it is empty, each with mode 0600, in a folder with
// mode 0700. What an earlier preview left there under these names goes.
Status write_preview(const std::filesystem::path& folder, const Payload& payload, std::string_view page);

}  // namespace psl
