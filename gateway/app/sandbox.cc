// passerelle sandbox: a partner to try things on.
#include "gateway/sandbox/sandbox.h"

#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "gateway/app/commands.h"
#include "gateway/app/exit_codes.h"
#include "security/keys.h"

namespace psl {
namespace {

struct SandboxCommand {
  std::string pki;
  std::string listen = SandboxOptions{}.listen;
  std::string page = SandboxOptions{}.page_listen;
  std::string base = SandboxOptions{}.base;
  std::string webhook_key;
  std::vector<std::string> faults;
};

Result<SandboxOptions> sandbox_options(const SandboxCommand& command) {
  SandboxOptions options;
  options.listen = command.listen;
  options.page_listen = command.page;
  options.base = command.base;
  options.tls = {command.pki + "/repository.pem", command.pki + "/repository.key", command.pki + "/ca.pem"};
  for (const std::string& text : command.faults) {
    auto fault = parse_fault(text);
    if (!fault.ok()) return std::move(fault).error();
    options.faults.push_back(*fault);
  }
  if (command.webhook_key.empty()) return options;
  auto key = load_key_file(command.webhook_key);
  if (!key.ok()) return std::move(key).error();
  options.webhook_key.emplace(std::move(*key));
  return options;
}

int wait_for_stop(const sigset_t& signals) {
  int signal = 0;
  sigwait(&signals, &signal);
  return exit_code::ok;
}

int run_sandbox(const SandboxCommand& command) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  // Before the servers' threads begin, so that none of them receives one.
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  auto options = sandbox_options(command);
  auto sandbox = options.ok() ? Sandbox::start(std::move(*options), system_env())
                              : Result<std::unique_ptr<Sandbox>>(options.error());
  if (!sandbox.ok()) {
    std::fprintf(stderr, "%s\n", sandbox.error().describe().c_str());
    return sandbox.error().code == ErrorCode::field_invalid ? exit_code::usage : exit_code::file;
  }
  std::printf("FHIR repository: %s (client certificate of %s/ca.pem)\n", (*sandbox)->fhir_url().c_str(),
              command.pki.c_str());
  std::printf("webhooks:        https://localhost:%d/webhook/NAME (signature %s)\n", (*sandbox)->port(),
              command.webhook_key.empty() ? "not checked" : "checked");
  std::printf("page:            %s\n", (*sandbox)->page_url().c_str());
  std::printf("In memory, the last 1,000 documents; for synthetic data only.\n");
  std::fflush(stdout);
  return wait_for_stop(signals);
}

}  // namespace

void add_sandbox(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand(
      "sandbox", "Run a partner to try things on: a FHIR repository, a webhook receiver and a page.");
  auto options = std::make_shared<SandboxCommand>();
  command->add_option("--pki", options->pki, "folder with repository.pem, repository.key and ca.pem")
      ->required();
  command->add_option("--listen", options->listen, "host:port of the partner")->capture_default_str();
  command->add_option("--page", options->page, "host:port of the page, on loopback")->capture_default_str();
  command->add_option("--base", options->base, "path of the FHIR endpoint")->capture_default_str();
  command->add_option("--webhook-key", options->webhook_key,
                      "file of the key that signs calls; else unchecked");
  command->add_option(
      "--fault", options->faults,
      "misbehave: refuse[=STATUS], delay[=MS], drop-before, drop-after-store, lose, truncate, outcome200, "
      "html, redirect; then @COUNT for so many posts only");
  command->footer(
      "For demonstrations and integrators, with synthetic data only: nothing outlives it.\nExample:\n  "
      "passerelle "
      "sandbox --pki build/demo/pki --fault drop-after-store@1");
  command->callback([options, &status] { status = run_sandbox(*options); });
}

}  // namespace psl
