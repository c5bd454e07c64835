#include "gateway/config/config_checks.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "gateway/config/value_checks.h"
#include "gateway/core/checked.h"
#include "passerelle/v1/config.pb.h"

namespace psl::config {
namespace {

namespace v1 = passerelle::v1;

bool is_lower_ldh(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; }

// "host:port" or "[IPv6]:port".
bool listen_ok(std::string_view listen) {
  const size_t colon = listen.rfind(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view host = listen.substr(0, colon);
  const std::string_view digits = listen.substr(colon + 1);
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return false;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    return host.find_first_not_of("0123456789abcdefABCDEF:.", 1) == host.size() - 1;
  }
  return host_name_ok(host);
}

void complete_door(v1::GrpcDoor& door, Checker& checker) {
  if (!checker.is_given("grpc.listen")) door.set_listen("127.0.0.1:8443");
  checker.expect(listen_ok(door.listen()), "grpc.listen",
                 "\"host:port\", the host in lower case, the port 0 to 65535");
  check_identity(checker, "grpc.tls", door.tls());
  if (!checker.is_given("grpc.watch_heartbeat")) door.mutable_watch_heartbeat()->set_seconds(15);
  const int64_t heartbeat_us = microseconds_of(door.watch_heartbeat());
  checker.expect(heartbeat_us >= 100'000 && heartbeat_us <= 5 * minute_s * 1'000'000, "grpc.watch_heartbeat",
                 "a duration of 100 ms (0.1s) to 5min");
}

// A name or an address that only this machine reaches.
bool is_loopback(std::string_view listen) {
  const std::string_view host = listen.substr(0, listen.rfind(':'));
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

void check_http(const v1::HttpPort& http, Checker& checker) {
  checker.expect(listen_ok(http.listen()), "http.listen",
                 "\"host:port\", the host in lower case, the port 0 to 65535");
  if (http.has_tls()) {
    check_identity(checker, "http.tls", http.tls());
  } else if (listen_ok(http.listen()) && !is_loopback(http.listen())) {
    checker.fault("http.tls", "required: only a loopback address may be served without TLS");
  }
}

void check_answers(const v1::AnswerDoor& door, Checker& checker) {
  checker.expect(listen_ok(door.listen()), "answers.listen",
                 "\"host:port\", the host in lower case, the port 0 to 65535");
  checker.file("answers.certificate_file", door.certificate_file());
  checker.file("answers.key_file", door.key_file());
  checker.expect(https_url_ok(door.public_url(), false), "answers.public_url",
                 "\"https://host[:port][/path]\", the host in lower case, no query, no final slash");
}

void check_key(Checker& checker, const std::string& path, const v1::TenantKey& key) {
  checker.name(path + ".id", key.id());
  checker.file(path + ".file", key.file());
  std::set<std::string> ids{key.id()};
  checker.expect(key.previous_size() <= 20, path + ".previous", "at most 20 keys");
  for (int i = 0; i < key.previous_size(); ++i) {
    const std::string previous_path = path + ".previous[" + std::to_string(i) + "]";
    const v1::TenantKey& previous = key.previous(i);
    if (checker.name(previous_path + ".id", previous.id())) {
      checker.expect(ids.insert(previous.id()).second, previous_path + ".id",
                     "an id that no other key of the tenant has");
    }
    checker.file(previous_path + ".file", previous.file());
    checker.expect(previous.previous_size() == 0, previous_path + ".previous",
                   "nothing: list all keys beside the first");
  }
}

// A domain, or a dot and a domain of two labels or more: ".fr" would let mail out to half the country.
bool mail_domain_ok(std::string_view domain) {
  if (!domain.starts_with('.')) return host_name_ok(domain);
  domain.remove_prefix(1);
  return host_name_ok(domain) && domain.find('.') != std::string_view::npos;
}

void check_mail_domains(Checker& checker, const std::string& path, const v1::Tenant& tenant) {
  checker.expect(tenant.mail_domains_size() >= 1 && tenant.mail_domains_size() <= 100, path,
                 "1 to 100 domains");
  std::set<std::string> seen;
  for (int i = 0; i < tenant.mail_domains_size(); ++i) {
    const std::string item = path + "[" + std::to_string(i) + "]";
    if (!checker.expect(
            mail_domain_ok(tenant.mail_domains(i)), item,
            "a domain in lower case, as \"chu.example.fr\", or \".mssante.fr\" for all below it")) {
      continue;
    }
    checker.expect(seen.insert(tenant.mail_domains(i)).second, item,
                   "a domain that the list does not hold yet");
  }
}

template <typename List>
bool has_name(const List& partners, std::string_view name) {
  return !name.empty() && std::any_of(partners.begin(), partners.end(),
                                      [&](const auto& partner) { return partner.name() == name; });
}

// Each a partner of `partners`, once; `list`: the name of both in the file.
template <typename List>
void check_names_of(const google::protobuf::RepeatedPtrField<std::string>& names, int most,
                    const List& partners, const std::string& path, const std::string& list,
                    Checker& checker) {
  checker.expect(names.size() <= most, path, "at most " + std::to_string(most) + " names");
  std::set<std::string> seen;
  for (int i = 0; i < names.size(); ++i) {
    const std::string item = path + "[" + std::to_string(i) + "]";
    if (checker.expect(has_name(partners, names[i]), item,
                       "the name of a partner of the list `" + list + "`"))
      checker.expect(seen.insert(names[i]).second, item, "a name that the list does not hold yet");
  }
}

void check_partners_of(const v1::Tenant& tenant, const std::string& path, const v1::Config& config,
                       Checker& checker) {
  checker.expect(has_name(config.mssante(), tenant.mssante()), path + ".mssante",
                 "the name of a partner of the list `mssante`");
  checker.expect(tenant.shared_record().empty() || has_name(config.repositories(), tenant.shared_record()),
                 path + ".shared_record", "the name of a partner of the list `repositories`");
  check_names_of(tenant.tools(), 100, config.webhooks(), path + ".tools", "webhooks", checker);
  check_names_of(tenant.fhir_servers(), 20, config.fhir(), path + ".fhir_servers", "fhir", checker);
}

void complete_tenant(v1::Tenant& tenant, const std::string& path, const v1::Config& config,
                     Checker& checker) {
  check_organization(checker, path + ".organization", tenant.organization());
  if (!checker.is_given(path + ".time_zone")) tenant.set_time_zone("Europe/Paris");
  checker.expect(time_zone_known(tenant.time_zone()), path + ".time_zone",
                 "a zone of the system's tz database (package tzdata), as Europe/Paris or Indian/Reunion");
  check_key(checker, path + ".key", tenant.key());
  constexpr const char* span = "a duration above 0 and of at most 720h";
  duration(checker, path + ".alert_after", *tenant.mutable_alert_after(), {4 * hour_s, 0, 30 * day_s}, span);
  duration(checker, path + ".give_up_after", *tenant.mutable_give_up_after(), {72 * hour_s, 0, 30 * day_s},
           span);
  checker.agree(microseconds_of(tenant.alert_after()) < microseconds_of(tenant.give_up_after()),
                path + ".alert_after", "less than `give_up_after`: a human is told before the machine stops");
  check_partners_of(tenant, path, config, checker);
  check_mail_domains(checker, path + ".mail_domains", tenant);
  check_care(tenant, path, checker);
}

void complete_tenants(v1::Config& config, Checker& checker) {
  checker.expect(config.tenants_size() >= 1 && config.tenants_size() <= 100, "tenants", "1 to 100 tenants");
  std::set<std::string> names;
  for (int i = 0; i < config.tenants_size(); ++i) {
    const std::string path = "tenants[" + std::to_string(i) + "]";
    v1::Tenant& tenant = *config.mutable_tenants(i);
    if (checker.name(path + ".name", tenant.name())) {
      checker.expect(names.insert(tenant.name()).second, path + ".name", "a name that no other tenant has");
    }
    complete_tenant(tenant, path, config, checker);
  }
}

void complete_limits(v1::Limits& limits, Checker& checker) {
  using L = v1::Limits;
  number<uint32_t>(checker, "limits.intake_queue_max", limits, &L::intake_queue_max, &L::set_intake_queue_max,
                   {64, 1, 10'000});
  number<uint32_t>(checker, "limits.commit_queue_max", limits, &L::commit_queue_max, &L::set_commit_queue_max,
                   {4096, 1, 1'000'000});
  number<uint32_t>(checker, "limits.commit_batch_max", limits, &L::commit_batch_max, &L::set_commit_batch_max,
                   {256, 1, 10'000});
  // Below the biggest message, one event could never be stored.
  number<uint64_t>(checker, "limits.commit_queue_bytes_max", limits, &L::commit_queue_bytes_max,
                   &L::set_commit_queue_bytes_max, {256 * mebibyte, 64 * mebibyte, 65'536 * mebibyte});
  number<uint64_t>(checker, "limits.disk_free_bytes_min", limits, &L::disk_free_bytes_min,
                   &L::set_disk_free_bytes_min, {64 * mebibyte, 1 * mebibyte, 1'048'576 * mebibyte});
  number<uint32_t>(checker, "limits.attempts_max", limits, &L::attempts_max, &L::set_attempts_max,
                   {100, 1, 10'000});
  checker.agree(limits.commit_batch_max() <= limits.commit_queue_max(), "limits.commit_batch_max",
                "at most `commit_queue_max`");
}

void complete_retry(v1::Retry& retry, Checker& checker) {
  duration(checker, "retry.first", *retry.mutable_first(), {5, 0, hour_s},
           "a duration above 0 and of at most 1h");
  duration(checker, "retry.most", *retry.mutable_most(), {15 * minute_s, 0, day_s},
           "a duration above 0 and of at most 24h");
  checker.agree(microseconds_of(retry.first()) <= microseconds_of(retry.most()), "retry.first",
                "at most `most`");
  number<uint32_t>(checker, "retry.breaker_failures", retry, &v1::Retry::breaker_failures,
                   &v1::Retry::set_breaker_failures, {5, 1, 1000});
  duration(checker, "retry.breaker_pause", *retry.mutable_breaker_pause(), {30, 0, hour_s},
           "a duration above 0 and of at most 1h");
}

void complete_product(v1::Product& product, Checker& checker) {
  if (!checker.is_given("product.nil")) product.set_nil("PASSERELLE");
  const std::string& nil = product.nil();
  const bool printable = std::all_of(nil.begin(), nil.end(), [](char c) { return c > ' ' && c < 0x7F; });
  checker.expect(!nil.empty() && nil.size() <= 64 && printable, "product.nil",
                 "1 to 64 printable ASCII characters without space");
}

}  // namespace

bool Checker::expect(bool ok, std::string_view path, std::string_view expected) {
  if (!ok) fault(path, (is_given(path) ? "expected " : "required: ") + std::string(expected));
  return ok;
}

bool Checker::name(std::string_view path, std::string_view value) {
  const bool ok =
      !value.empty() && value.size() <= 40 && std::all_of(value.begin(), value.end(), is_lower_ldh);
  return expect(ok, path, "a name of 1 to 40 characters among a-z, 0-9 and -");
}

bool Checker::text(std::string_view path, std::string_view value, size_t max) {
  const auto length = std::count_if(value.begin(), value.end(),
                                    [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  const bool controls = std::any_of(value.begin(), value.end(),
                                    [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  return expect(!value.empty() && static_cast<size_t>(length) <= max && !controls, path,
                "a text of 1 to " + std::to_string(max) + " characters, on one line");
}

bool Checker::file(std::string_view path, std::string_view value) {
  const bool ok = !value.empty() && value.size() < 4096 && value.find('\0') == std::string_view::npos;
  return expect(ok, path, "the path of a file");
}

bool host_name_ok(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  while (true) {
    const size_t dot = std::min(host.find('.'), host.size());
    const std::string_view label = host.substr(0, dot);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (!std::all_of(label.begin(), label.end(), is_lower_ldh)) return false;
    if (dot == host.size()) return true;
    host.remove_prefix(dot + 1);
  }
}

void check_organization(Checker& checker, const std::string& path, const v1::Organization& organization) {
  const Status id = check_organization_id(organization.national_id());
  checker.expect(id.ok(), path + ".national_id",
                 "a national identifier with its type digit: 1 + FINESS, 2 + SIREN, 3 + SIRET");
  checker.text(path + ".name", organization.name(), 150);
}

bool time_zone_known(std::string_view name) {
  const auto safe = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '+' || c == '-' || c == '/';
  };
  if (name.empty() || name.size() > 64 || name.front() == '/' || !std::all_of(name.begin(), name.end(), safe))
    return false;
  struct stat about {};
  return ::stat(("/usr/share/zoneinfo/" + std::string(name)).c_str(), &about) == 0 && S_ISREG(about.st_mode);
}

void complete_config(v1::Config& config, Checker& checker) {
  checker.expect(config.environment() != v1::Config::ENVIRONMENT_UNSPECIFIED, "environment",
                 "PRODUCTION or TEST: whether patients are real is never guessed");
  complete_door(*config.mutable_grpc(), checker);
  checker.file("ledger.path", config.mutable_ledger()->path());
  duration(checker, "ledger.changes_kept", *config.mutable_ledger()->mutable_changes_kept(),
           {90 * day_s, minute_s, 730 * day_s}, "a duration of 1min to 17520h");
  if (config.has_http()) check_http(config.http(), checker);
  if (config.has_answers()) check_answers(config.answers(), checker);
  checker.file("policy_file", config.policy_file());
  complete_tenants(config, checker);
  complete_partners(config, checker);
  complete_limits(*config.mutable_limits(), checker);
  complete_retry(*config.mutable_retry(), checker);
  complete_product(*config.mutable_product(), checker);
}

}  // namespace psl::config
