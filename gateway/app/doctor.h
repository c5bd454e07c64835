// What `passerelle doctor` finds, and who looks for it. Nothing here changes a file, sends a letter, or shows
// a secret or a person's data.
#pragma once

#include <string>
#include <vector>

#include "gateway/base/env.h"
#include "gateway/base/result.h"

namespace psl {

class LoadedConfig;

enum class Health { ok, warn, fail };

struct Diagnosis {
  Health health = Health::ok;
  // "certificate of grpc".
  std::string check;
  std::string text;
  // What to do about it; empty when nothing.
  std::string todo;
};

// In the order in which they are shown.
class Diagnoses {
 public:
  void ok(std::string check, std::string text);
  void warn(std::string check, std::string text, std::string todo);
  void fail(std::string check, std::string text, std::string todo);
  void fail(std::string check, const Error& error, std::string todo);
  const std::vector<Diagnosis>& all() const { return all_; }

 private:
  std::vector<Diagnosis> all_;
};

// "FAIL  certificate of grpc: … -> …", and the same as a JSON object.
std::string to_line(const Diagnosis& diagnosis);
std::string to_json(const Diagnosis& diagnosis);

// doctor_files.cc: the policy, keys and certificates that the configuration names.
void examine_policy(const LoadedConfig& config, Diagnoses& diagnoses);
void examine_keys(const LoadedConfig& config, Diagnoses& diagnoses);
void examine_certificates(const LoadedConfig& config, Instant now, Diagnoses& diagnoses);

// doctor_ledger.cc: the file, the keys that it needs, its pages and its audit chain (unless `quick`: they are
// read whole), and the disk below it.
void examine_ledger(const LoadedConfig& config, Instant now, bool quick, Diagnoses& diagnoses);
void examine_disk(const LoadedConfig& config, Diagnoses& diagnoses);

// doctor_system.cc: the clock, the time zones, and whether the doors' ports answer or are free.
void examine_clock(Diagnoses& diagnoses);
void examine_time_zones(const LoadedConfig& config, Diagnoses& diagnoses);
void examine_ports(const LoadedConfig& config, Diagnoses& diagnoses);
// True when a gateway holds this ledger, as far as this machine (or container) can see. Disturbs nobody.
bool ledger_is_in_use(const std::string& ledger);

// doctor_partners.cc: each partner reached over TLS, all at once, for at most `patience`.
void examine_partners(const LoadedConfig& config, Env& env, Span patience, Diagnoses& diagnoses);

}  // namespace psl
