// The partners of every kind: what each needs, and that no two share a name.
#include <algorithm>
#include <set>

#include "gateway/config/value_checks.h"
#include "gateway/core/checked.h"

namespace psl::config {
namespace {

namespace v1 = passerelle::v1;

constexpr const char* base_url_expected =
    "\"https://host[:port][/path]\", the host in lower case, no query, no final slash";

// What all partners have: connections, and time for one delivery.
template <typename Partner>
void complete_contact(Partner& partner, const std::string& path, int64_t delivery_s, Checker& checker) {
  number<uint32_t>(checker, path + ".concurrency", partner, &Partner::concurrency, &Partner::set_concurrency,
                   {2, 1, 16});
  duration(checker, path + ".connect_timeout", *partner.mutable_connect_timeout(), {10, 0, 2 * minute_s},
           "a duration above 0 and of at most 120s");
  duration(checker, path + ".delivery_timeout", *partner.mutable_delivery_timeout(), {delivery_s, 0, hour_s},
           "a duration above 0 and of at most 1h");
  checker.agree(microseconds_of(partner.connect_timeout()) <= microseconds_of(partner.delivery_timeout()),
                path + ".connect_timeout", "at most `delivery_timeout`, which it is part of");
  check_identity(checker, path + ".tls", partner.tls());
}

// What goes into a command of IMAP between quotes.
bool imap_text_ok(std::string_view text) {
  return !text.empty() && text.size() <= 254 && std::all_of(text.begin(), text.end(), [](char c) {
    return c >= ' ' && c < 0x7F && c != '"' && c != '\\';
  });
}

void complete_imap(v1::MssantePartner& partner, const std::string& path, Checker& checker) {
  v1::Imap& imap = *partner.mutable_imap();
  if (imap.host().empty()) imap.set_host(partner.host());
  if (imap.user().empty()) imap.set_user(partner.sender_mailbox());
  if (!checker.is_given(path + ".folder")) imap.set_folder("INBOX");
  checker.expect(host_name_ok(imap.host()), path + ".host", "a host name in lower case");
  number<uint32_t>(checker, path + ".port", imap, &v1::Imap::port, &v1::Imap::set_port, {143, 1, 65535});
  constexpr const char* text = "1 to 254 printable ASCII characters, neither quote nor backslash";
  checker.expect(imap_text_ok(imap.user()), path + ".user", text);
  checker.expect(imap_text_ok(imap.folder()), path + ".folder", text);
  if (!imap.password_file().empty()) checker.file(path + ".password_file", imap.password_file());
  duration(checker, path + ".poll_every", *imap.mutable_poll_every(), {30, 1, hour_s},
           "a duration of 1s to 1h");
}

void complete_partner(v1::MssantePartner& partner, const std::string& path, Checker& checker) {
  checker.expect(host_name_ok(partner.host()), path + ".host", "a host name in lower case");
  number<uint32_t>(checker, path + ".port", partner, &v1::MssantePartner::port, &v1::MssantePartner::set_port,
                   {587, 1, 65535});
  checker.expect(Mailbox::parse(partner.sender_mailbox()).ok(), path + ".sender_mailbox", "a mail address");
  checker.text(path + ".sender_name", partner.sender_name(), 150);
  if (checker.is_given(path + ".reply_to")) {
    checker.expect(Mailbox::parse(partner.reply_to()).ok(), path + ".reply_to", "a mail address");
  } else {
    partner.set_reply_to(partner.sender_mailbox());
  }
  number<uint64_t>(checker, path + ".message_bytes_max", partner, &v1::MssantePartner::message_bytes_max,
                   &v1::MssantePartner::set_message_bytes_max, {25'000'000, 100'000, 100'000'000});
  if (partner.has_imap()) complete_imap(partner, path + ".imap", checker);
  complete_contact(partner, path, 120, checker);
}

void complete_partner(v1::RepositoryPartner& partner, const std::string& path, Checker& checker) {
  checker.expect(https_url_ok(partner.base_url(), false), path + ".base_url", base_url_expected);
  if (partner.form() == v1::RepositoryPartner::FORM_UNSPECIFIED)
    partner.set_form(v1::RepositoryPartner::ITI65);
  if (partner.label_system() == v1::RepositoryPartner::LABEL_SYSTEM_UNSPECIFIED)
    partner.set_label_system(v1::RepositoryPartner::V3_CONFIDENTIALITY);
  number<uint64_t>(checker, path + ".bundle_bytes_max", partner, &v1::RepositoryPartner::bundle_bytes_max,
                   &v1::RepositoryPartner::set_bundle_bytes_max, {50'000'000, 100'000, 100'000'000});
  complete_contact(partner, path, 120, checker);
}

void complete_partner(v1::WebhookPartner& partner, const std::string& path, Checker& checker) {
  checker.expect(https_url_ok(partner.url(), true), path + ".url",
                 "\"https://host[:port]/path\", the host in lower case, no query, no final slash");
  checker.file(path + ".signing_key_file", partner.signing_key_file());
  number<uint64_t>(checker, path + ".body_bytes_max", partner, &v1::WebhookPartner::body_bytes_max,
                   &v1::WebhookPartner::set_body_bytes_max, {50'000'000, 100'000, 100'000'000});
  complete_contact(partner, path, 60, checker);
}

void complete_partner(v1::FhirPartner& partner, const std::string& path, Checker& checker) {
  checker.expect(https_url_ok(partner.base_url(), false), path + ".base_url", base_url_expected);
  if (partner.dialect() == v1::FhirPartner::DIALECT_UNSPECIFIED)
    partner.set_dialect(v1::FhirPartner::FR_CORE_2_1_0);
  number<uint32_t>(checker, path + ".rate_per_second", partner, &v1::FhirPartner::rate_per_second,
                   &v1::FhirPartner::set_rate_per_second, {0, 0, 1000});
  number<uint64_t>(checker, path + ".bundle_bytes_max", partner, &v1::FhirPartner::bundle_bytes_max,
                   &v1::FhirPartner::set_bundle_bytes_max, {5'000'000, 100'000, 100'000'000});
  complete_contact(partner, path, 60, checker);
}

template <typename List>
void complete_list(List& partners, const std::string& list, int most, std::set<std::string>& names,
                   Checker& checker) {
  checker.expect(partners.size() <= most, list, "at most " + std::to_string(most) + " partners");
  for (int i = 0; i < partners.size(); ++i) {
    const std::string path = list + "[" + std::to_string(i) + "]";
    if (checker.name(path + ".name", partners[i].name())) {
      checker.expect(names.insert(partners[i].name()).second, path + ".name",
                     "a name that no other partner has");
    }
    complete_partner(partners[i], path, checker);
  }
}

}  // namespace

bool https_url_ok(std::string_view url, bool needs_path) {
  constexpr std::string_view scheme = "https://";
  if (!url.starts_with(scheme) || url.size() > 500 || url.ends_with('/')) return false;
  url.remove_prefix(scheme.size());
  const size_t slash = std::min(url.find('/'), url.size());
  const std::string_view path = url.substr(slash);
  const std::string_view authority = url.substr(0, slash);
  const size_t colon = std::min(authority.find(':'), authority.size());
  const std::string_view port = authority.substr(std::min(colon + 1, authority.size()));
  const bool port_ok =
      colon == authority.size() ||
      (!port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string_view::npos);
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
  return host_name_ok(authority.substr(0, colon)) && port_ok && (!needs_path || path.size() > 1) &&
         path.find_first_not_of(plain) == std::string_view::npos;
}

void complete_partners(v1::Config& config, Checker& checker) {
  // Deliveries, logs and metrics know a partner by its name alone, whatever its kind.
  std::set<std::string> names;
  complete_list(*config.mutable_mssante(), "mssante", 20, names, checker);
  complete_list(*config.mutable_repositories(), "repositories", 20, names, checker);
  complete_list(*config.mutable_webhooks(), "webhooks", 100, names, checker);
  complete_list(*config.mutable_fhir(), "fhir", 20, names, checker);
}

}  // namespace psl::config
