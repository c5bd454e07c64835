// Private to this folder: values with a default and bounds, as the checks of every part of the configuration
// use them.
#pragma once

#include <cstdint>
#include <string>

#include "gateway/config/config_checks.h"
#include "passerelle/v1/config.pb.h"

namespace psl::config {

inline constexpr int64_t minute_s = 60;
inline constexpr int64_t hour_s = 3600;
inline constexpr int64_t day_s = 24 * hour_s;
inline constexpr uint64_t mebibyte = uint64_t{1} << 20;

// proto3 does not tell "0" from "not given": the places do, so that a written 0 is checked and never taken
// for the default.
template <typename T>
struct Range {
  T otherwise;
  T min;
  T max;
};

template <typename T, typename Message>
void number(Checker& checker, const std::string& path, Message& message, T (Message::*get)() const,
            void (Message::*set)(T), Range<T> range) {
  if (!checker.is_given(path)) (message.*set)(range.otherwise);
  const T value = (message.*get)();
  checker.expect(value >= range.min && value <= range.max, path,
                 "a number of " + std::to_string(range.min) + " to " + std::to_string(range.max));
}

inline int64_t microseconds_of(const google::protobuf::Duration& duration) {
  return duration.seconds() * 1'000'000 + duration.nanos() / 1000;
}

// `duration` is the mutable field; bounds in seconds, both allowed; zero never is.
inline void duration(Checker& checker, const std::string& path, google::protobuf::Duration& value,
                     Range<int64_t> range_s, const char* expected) {
  if (!checker.is_given(path)) value.set_seconds(range_s.otherwise);
  const int64_t us = microseconds_of(value);
  checker.expect(us > 0 && us >= range_s.min * 1'000'000 && us <= range_s.max * 1'000'000, path, expected);
}

inline void check_identity(Checker& checker, const std::string& path,
                           const passerelle::v1::TlsIdentity& tls) {
  checker.file(path + ".certificate_file", tls.certificate_file());
  checker.file(path + ".key_file", tls.key_file());
  checker.file(path + ".ca_file", tls.ca_file());
}

void check_organization(Checker& checker, const std::string& path,
                        const passerelle::v1::Organization& organization);

// What the tenant's orientations and enrolments go by: protocols, candidate lists, priority rules, communes.
void check_care(const passerelle::v1::Tenant& tenant, const std::string& path, Checker& checker);

// Fills the defaults of the partners in, then checks them.
void complete_partners(passerelle::v1::Config& config, Checker& checker);

}  // namespace psl::config
