// passerelle audit verify: reads the whole audit chain of a ledger.
#include "gateway/store/audit.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "gateway/app/commands.h"
#include "gateway/app/exit_codes.h"
#include "gateway/app/print.h"
#include "gateway/config/config_file.h"
#include "passerelle/v1/config.pb.h"

namespace psl {
namespace {

struct AuditOptions {
  std::string config;
  std::string ledger;
  std::string anchor;
};

Result<std::string> ledger_of(const AuditOptions& options) {
  if (!options.ledger.empty()) return options.ledger;
  const auto config = load_config(options.config);
  if (!config.ok()) return config.error();
  return config->message().ledger().path();
}

int run_verify(const AuditOptions& options) {
  const auto path = ledger_of(options);
  if (!path.ok()) {
    std::fprintf(stderr, "%s\n", path.error().describe().c_str());
    return exit_code::file;
  }
  const auto summary = verify_audit(*path, options.anchor);
  if (!summary.ok()) {
    std::fprintf(stderr, "%s\n", summary.error().describe().c_str());
    return summary.error().code == ErrorCode::corrupt ? exit_code::refused : exit_code::file;
  }
  std::printf("%lld records verified, last hash %s\n", static_cast<long long>(summary->records),
              summary->last_hash.c_str());
  return exit_code::ok;
}

}  // namespace

void add_audit(CLI::App& app, int& status) {
  CLI::App* audit = app.add_subcommand("audit", "The chain of what was done.");
  audit->require_subcommand(1);
  CLI::App* verify =
      audit->add_subcommand("verify", "Verify that no record was edited, removed or reordered.");
  auto options = std::make_shared<AuditOptions>();
  CLI::Option* config =
      verify->add_option("--config", options->config, "configuration that names the ledger");
  verify->add_option("--ledger", options->ledger, "the ledger's file itself")->excludes(config);
  verify->add_option("--anchor", options->anchor,
                     "a last hash noted earlier: reveals a chain that was cut or made anew");
  verify->footer(
      "A gateway may be running. Note the last hash elsewhere.\nExample:\n  passerelle audit verify --config "
      "deploy/config/passerelle.yaml");
  verify->callback([options, &status] {
    if (options->config.empty() && options->ledger.empty()) throw CLI::RequiredError("--config or --ledger");
    status = run_verify(*options);
  });
}

}  // namespace psl
