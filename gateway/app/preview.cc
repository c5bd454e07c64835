// passerelle preview: writes what each recipient would get, without server, network or ledger.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "adapters/formats/document_office.h"
#include "adapters/formats/view/html_view.h"
#include "adapters/readable/pdf_copy.h"
#include "gateway/app/adapter_table.h"
#include "gateway/app/care_print.h"
#include "gateway/app/client.h"
#include "gateway/app/commands.h"
#include "gateway/app/exit_codes.h"
#include "gateway/app/issue_summary.h"
#include "gateway/app/opener.h"
#include "gateway/app/preview_folder.h"
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
  // "html", "pdf"; empty: nothing is opened.
  std::string open;
  // Only when the gateway is asked.
  bool ask = false;
  ClientOptions client;
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

// The document as a page. One without a structured body has none: its PDF is the document.
std::string page_of(const Payload& payload) {
  for (const PayloadFile& file : payload.files) {
    if (file.name != "document.xml") continue;
    if (const Result<DocumentView> shown = view_of(view(file.content)); shown.ok()) return write_html(*shown);
  }
  return {};
}

// Of the first recipient who has it; the PDF where a document has no page.
void open_document(const std::vector<fs::path>& folders, const std::string& form) {
  std::error_code problem;
  for (const std::string_view name : {form == "pdf" ? preview_pdf : preview_page, preview_pdf}) {
    for (const fs::path& folder : folders) {
      const fs::path file = folder / name;
      if (!fs::exists(file, problem)) continue;
      if (const Status opened = open_file(file); !opened.ok())
        std::fprintf(stderr, "%s: open the file yourself, or set PASSERELLE_OPEN\n",
                     opened.error().text.c_str());
      std::printf("%s\n", file.c_str());
      return;
    }
  }
  std::fprintf(stderr, "there is no document to open\n");
}

// The parts of one recipient's preview, put together again.
EventPreview preview_of(std::vector<v1::PreviewEventPart> parts) {
  EventPreview preview;
  std::string content;
  for (v1::PreviewEventPart& part : parts) {
    preview.routing.insert(preview.routing.end(), part.routing().begin(), part.routing().end());
    if (part.recipient_index() < 0 || part.file_name().empty()) continue;
    std::vector<RecipientPreview>& all = preview.recipients;
    if (all.empty() || all.back().recipient_index != part.recipient_index() ||
        all.back().adapter != part.adapter())
      all.push_back({part.recipient_index(), part.adapter(), {}});
    content += part.content();
    if (part.last())
      all.back().payload.files.push_back(
          {part.file_name(), part.media_type(), make_bytes(std::exchange(content, {}))});
    all.back().payload.issues.insert(all.back().payload.issues.end(), part.issues().begin(),
                                     part.issues().end());
  }
  return preview;
}

Result<EventPreview> ask_gateway(const PreviewOptions& options) {
  auto request = read_event_file(options.file);
  if (!request.ok()) return std::move(request).error();
  auto client = GatewayClient::connect(options.client);
  if (!client.ok()) return std::move(client).error();
  v1::PreviewEventRequest question;
  question.set_idempotency_key(request->idempotency_key());
  question.mutable_event()->Swap(request->mutable_event());
  auto parts = (*client)->preview(question);
  if (!parts.ok()) return std::move(parts).error();
  return preview_of(std::move(*parts));
}

Result<EventPreview> make_previews(const PreviewOptions& options) {
  auto request = read_event_file(options.file);
  if (!request.ok()) return std::move(request).error();
  const auto config = load_config(options.config.empty() ? default_config() : options.config);
  if (!config.ok()) return config.error();
  const auto rules = load_policy(config->message().policy_file(), *config);
  if (!rules.ok()) return rules.error();
  const auto policy = CertificatePolicy::make(*rules);
  if (!policy.ok()) return policy.error();
  const auto readable = make_pdf_copy();
  if (!readable.ok()) return readable.error();
  const auto office = CdaDocumentOffice::create(config->message(), **readable);
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
  const auto made = options.ask ? ask_gateway(options) : make_previews(options);
  if (!made.ok()) {
    std::fprintf(stderr, "%s: %s\n", options.file.c_str(), made.error().describe().c_str());
    return exit_status_of_file(made.error());
  }
  const fs::path out = options.out;
  Status written = make_preview_folder(out);
  std::vector<fs::path> folders;
  std::vector<RecipientIssues> issues;
  for (const RecipientPreview& preview : made->recipients) {
    const std::string name = std::to_string(preview.recipient_index) + "-" + preview.adapter;
    if (written.ok()) written = write_preview(out / name, preview.payload, page_of(preview.payload));
    if (!written.ok()) {
      std::fprintf(stderr, "%s\n", written.error().describe().c_str());
      return exit_code::file;
    }
    folders.push_back(out / name);
    issues.push_back({name, {preview.payload.issues.begin(), preview.payload.issues.end()}});
    std::printf("%s: %zu files, %zu issues\n", folders.back().c_str(), preview.payload.files.size(),
                preview.payload.issues.size());
  }
  std::fputs(issue_summary(issues).c_str(), stdout);
  for (const v1::RoutingDecision& decision : made->routing)
    std::fputs(routing_text(decision).c_str(), stdout);
  if (!options.open.empty()) open_document(folders, options.open);
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
  add_client_options(*command, options->client);
  command->add_flag(
      "--ask", options->ask,
      "ask the running gateway, which knows the care circle and the orientation that the event is about");
  command->add_option("--as", options->principal,
                      "principal of the policy who would send it; default: the only one who may");
  command
      ->add_flag(
          "--open{html}", options->open,
          "open the first document: as a page, or with --open=pdf as its PDF. Program: PASSERELLE_OPEN, "
          "BROWSER, else xdg-open")
      ->check(CLI::IsMember({"html", "pdf"}));
  command->footer(
      "Needs no server and no network, but with --ask. The bytes are those that are delivered: the message, "
      "the archive, the "
      "document, and\n"
      "issues.json, what was lost or bent. document.html and document.pdf show the letter to a reader.\n"
      "Example:\n  passerelle preview samples/letters/pdf.yaml --out build/preview --open");
  command->callback([options, &status] { status = run_preview(*options); });
}

}  // namespace psl
