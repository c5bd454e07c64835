// Private to this folder: the rules of the configuration.
#pragma once

#include <string>
#include <string_view>

#include "gateway/config/faults.h"

namespace passerelle::v1 {
class Config;
class Policy;
}  // namespace passerelle::v1

namespace psl::config {

// Kinds of event and roles that a policy may name.
inline constexpr std::string_view known_kinds[] = {"discharge_letter", "orientation", "orientation_update",
                                                   "pathway_enrolment", "care_circle_change"};
inline constexpr std::string_view known_roles[] = {"submit", "read", "preview", "repair", "operate"};

// Where faults go, with the place of the field, or of what holds it when the field is missing.
class Checker {
 public:
  Checker(const Places& places, Faults& faults) : places_(places), faults_(faults) {}

  void fault(std::string_view path, std::string text) {
    faults_.add(place_of(places_, path), path, std::move(text));
  }
  // False, with a fault, unless `ok`.
  bool expect(bool ok, std::string_view path, std::string_view expected);
  // For a rule between two fields, where neither alone is wrong.
  void agree(bool ok, std::string_view path, std::string_view rule) {
    if (!ok) fault(path, "must be " + std::string(rule));
  }
  bool is_given(std::string_view path) const { return given(places_, path); }

  // [a-z0-9-], 1 to 40 characters.
  bool name(std::string_view path, std::string_view value);
  // Not empty, at most `max` characters (not bytes), no control character.
  bool text(std::string_view path, std::string_view value, size_t max);
  bool file(std::string_view path, std::string_view value);

 private:
  const Places& places_;
  Faults& faults_;
};

// Lower-case labels of letters, digits and inner hyphens, separated by dots; at most 253 characters (RFC 1123
// section 2.1).
bool host_name_ok(std::string_view host);
// "https://host[:port]" and a path of plain characters, without query, fragment or user, at most 500
// characters, no final slash; `needs_path`: the path is required.
bool https_url_ok(std::string_view url, bool needs_path);
// A zone of /usr/share/zoneinfo, by a name that stays inside it.
bool time_zone_known(std::string_view name);

// Fills every default in, then checks every value.
void complete_config(passerelle::v1::Config& config, Checker& checker);
void check_policy(const passerelle::v1::Policy& policy, const passerelle::v1::Config& config,
                  Checker& checker);

}  // namespace psl::config
