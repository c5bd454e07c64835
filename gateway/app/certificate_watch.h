// Says in the log when a certificate of ours nears its end, long before a partner refuses it.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/base/env.h"
#include "passerelle/v1/config.pb.h"

namespace psl {

// Stepped by one thread.
class CertificateWatch {
 public:
  // `tell` is called at each look with when each one that can be used expires.
  explicit CertificateWatch(std::function<void(const std::string& whose, Instant expires_at)> tell)
      : tell_(std::move(tell)) {}
  // `whose`: "grpc", "http", or a partner's name.
  void add(std::string whose, passerelle::v1::TlsIdentity files) {
    watched_.push_back({std::move(whose), std::move(files)});
  }
  // Reads the files again: warn from 30 days before the end, error when expired or unreadable. Returns when
  // to be called again.
  Instant tick(Instant now) const;

 private:
  struct Watched {
    std::string whose;
    passerelle::v1::TlsIdentity files;
  };
  std::function<void(const std::string&, Instant)> tell_;
  std::vector<Watched> watched_;
};

}  // namespace psl
