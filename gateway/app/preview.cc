// passerelle preview: writes what each recipient would get, without server, network or ledger.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "adapters/formats/document_office.h"
#include "gateway/app/adapter_table.h"
#include "gateway/app/commands.h"
#include "gateway/app/exit_codes.h"
#include "gateway/app/print.h"
#include "gateway/config/config_file.h"
#include "gateway/config/event_file.h"
#include "security/policy.h"

namespace psl {
namespace {

namespace fs = std::filesystem;

struct PreviewOptions {
  std::string file;
  std::string out;
  std::string config;
  std::string principal;
};

// The demonstration's configuration: in the checkout where we are, or in the one that this program was built
// in.
std::string default_config() {
  const fs::path name = "deploy/config/passerelle.yaml";
  std::error_code problem;
  if (fs::exists(name, problem)) return name;
  const fs::path program = fs::read_symlink("/proc/self/exe", problem);
  const fs::path beside = program.parent_path() / "../.." / name;
  return fs::exists(beside, problem) ? beside.lexically_normal() : name;
}

// The one principal that may preview for this tenant; with several, the caller must say which.
Result<std::string> default_principal(const v1::Policy& policy, const std::string& tenant) {
  std::vector<std::string> names;
  for (const v1::PrincipalRule& rule : policy.principals()) {
    const auto has = [](const auto& list, std::string_view wanted) {
      return std::find(list.begin(), list.end(), wanted) != list.end();
    };
    if (has(rule.tenants(), tenant) && has(rule.roles(), "preview")) names.push_back(rule.name());
  }
  if (names.size() == 1) return names[0];
  if (names.empty())
    return error_of(ErrorCode::not_allowed, "no principal of the policy may preview for this tenant");
  return error_of(ErrorCode::configuration,
                  "several principals may preview for this tenant: say which with --as");
}

Status write_file(const fs::path& path, std::string_view content) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  out.close();
  if (!out) return error_of(ErrorCode::configuration, "cannot write " + path.string());
  return {};
}

Status write_preview(const fs::path& folder, const RecipientPreview& preview) {
  std::error_code problem;
  fs::create_directories(folder, problem);
  for (const PayloadFile& file : preview.payload.files) {
    if (Status written = write_file(folder / file.name, view(file.content)); !written.ok()) return written;
  }
  std::string issues = "[";
  for (const v1::Issue& issue : preview.payload.issues)
    issues += (issues.size() > 1 ? ",\n" : "\n") + to_json(issue);
  return write_file(folder / "issues.json", issues + (issues.size() > 1 ? "\n]\n" : "]\n"));
}

Result<std::vector<RecipientPreview>> make_previews(const PreviewOptions& options) {
  auto request = read_event_file(options.file);
  if (!request.ok()) return std::move(request).error();
  const auto config = load_config(options.config.empty() ? default_config() : options.config);
  if (!config.ok()) return config.error();
  const auto rules = load_policy(config->message().policy_file(), *config);
  if (!rules.ok()) return rules.error();
  const auto policy = CertificatePolicy::make(*rules);
  if (!policy.ok()) return policy.error();
  const auto office = CdaDocumentOffice::create(config->message());
  if (!office.ok()) return office.error();
  const auto adapters = make_adapters(*config, system_env());
  if (!adapters.ok()) return adapters.error();
  auto principal = options.principal.empty() ? default_principal(*rules, request->event().tenant())
                                             : Result<std::string>(options.principal);
  if (!principal.ok()) return std::move(principal).error();
  const TenantTable tenants = make_tenants(*config, *adapters);
  const Intake intake(IntakeSeams{tenants, config->environment(), **policy, **office, system_env()});
  return intake.preview(Principal{*principal}, std::move(*request));
}

int run_preview(const PreviewOptions& options) {
  const auto previews = make_previews(options);
  if (!previews.ok()) {
    std::fprintf(stderr, "%s: %s\n", options.file.c_str(), previews.error().describe().c_str());
    return exit_status_of_file(previews.error());
  }
  for (const RecipientPreview& preview : *previews) {
    const fs::path folder =
        fs::path(options.out) / (std::to_string(preview.recipient_index) + "-" + preview.adapter);
    if (const Status written = write_preview(folder, preview); !written.ok()) {
      std::fprintf(stderr, "%s\n", written.error().describe().c_str());
      return exit_code::file;
    }
    std::printf("%s: %zu files, %zu issues\n", folder.c_str(), preview.payload.files.size(),
                preview.payload.issues.size());
  }
  return exit_code::ok;
}

}  // namespace

void add_preview(CLI::App& app, int& status) {
  CLI::App* command =
      app.add_subcommand("preview", "Write what each recipient of an event would get; nothing is sent.");
  auto options = std::make_shared<PreviewOptions>();
  command->add_option("EVENT", options->file, "event file, YAML or JSON")->required();
  command->add_option("--out", options->out, "folder; each recipient gets DIR/<index>-<adapter>/")
      ->required();
  command->add_option("--config", options->config,
                      "configuration file; default: the demonstration's, deploy/config/passerelle.yaml");
  command->add_option("--as", options->principal,
                      "principal of the policy who would send it; default: the only one who may");
  command->footer(
      "Needs no server and no network. The bytes are those that are delivered: the message, the archive, the "
      "document, and\n"
      "issues.json, what was lost or bent.\nExample:\n  passerelle preview samples/letters/pdf.yaml --out "
      "build/preview");
  command->callback([options, &status] { status = run_preview(*options); });
}

}  // namespace psl
