// passerelle doctor: looks at everything that a gateway needs, and says what to do.
#include "gateway/app/doctor.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "gateway/app/commands.h"
#include "gateway/app/exit_codes.h"
#include "gateway/config/config_file.h"
#include "passerelle/v1/config.pb.h"

namespace psl {

namespace v1 = passerelle::v1;

namespace {

struct DoctorOptions {
  std::string config;
  bool quick = false;
  int patience_s = 10;
  bool json = false;
};

// Only what can be known without a configuration when that is wrong.
Diagnoses examine(const DoctorOptions& options) {
  Diagnoses diagnoses;
  Env& env = system_env();
  const auto config = load_config(options.config);
  if (!config.ok()) {
    diagnoses.fail("configuration", config.error(), "docs/reference/configuration.md says every key");
    examine_clock(diagnoses);
    return diagnoses;
  }
  const v1::Config& message = config->message();
  const int partners = message.mssante_size() + message.repositories_size() + message.webhooks_size() + message.fhir_size();
  diagnoses.ok("configuration", options.config + ": tenants " + std::to_string(message.tenants_size()) +
                                    ", partners " + std::to_string(partners));
  examine_policy(*config, diagnoses);
  examine_keys(*config, diagnoses);
  examine_certificates(*config, env.now(), diagnoses);
  examine_ledger(*config, env.now(), options.quick, diagnoses);
  examine_disk(*config, diagnoses);
  examine_clock(diagnoses);
  examine_time_zones(*config, diagnoses);
  examine_ports(*config, diagnoses);
  examine_partners(*config, env, seconds(options.patience_s), diagnoses);
  return diagnoses;
}

int run_doctor(const DoctorOptions& options) {
  const Diagnoses diagnoses = examine(options);
  bool failed = false;
  for (const Diagnosis& diagnosis : diagnoses.all()) {
    std::printf("%s\n", (options.json ? to_json(diagnosis) : to_line(diagnosis)).c_str());
    failed = failed || diagnosis.health == Health::fail;
  }
  return failed ? exit_code::refused : exit_code::ok;
}

}  // namespace

void add_doctor(CLI::App& app, int& status) {
  CLI::App* command =
      app.add_subcommand("doctor", "Look at everything that a gateway needs, and say what to do.");
  auto options = std::make_shared<DoctorOptions>();
  command->add_option("--config", options->config, "configuration file of the gateway")->required();
  command->add_flag("--quick", options->quick,
                    "do not read the whole ledger, which takes some seconds a gigabyte");
  command->add_option("--patience", options->patience_s, "seconds for the partners to answer, all together")
      ->check(CLI::Range(1, 600))
      ->capture_default_str();
  command->add_flag("--json", options->json,
                    "one JSON object a check: health (ok, warn, fail), check, text, todo");
  command->footer(
      "Run it as the account of the gateway, which may be running. It changes nothing and sends nothing. "
      "Exit status 1 "
      "when\nsomething is FAIL.\nExample:\n  passerelle doctor --config deploy/config/passerelle.yaml");
  command->callback([options, &status] { status = run_doctor(*options); });
}

}  // namespace psl
