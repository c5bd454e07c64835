// Says in the log when a certificate of ours nears its end, long before a partner refuses it.
#pragma once

#include <string>
#include <vector>

#include "gateway/base/env.h"
#include "gateway/base/log.h"
#include "passerelle/v1/config.pb.h"

namespace psl {

// Stepped by one thread.
class CertificateWatch {
 public:
  // `name` says whose certificate it is: "grpc", or a partner's name.
  void add(SafeText name, passerelle::v1::TlsIdentity files) {
    watched_.push_back({std::move(name), std::move(files)});
  }
  // Reads the files again: warn from 30 days before the end, error when expired or unreadable. Returns when
  // to be called again.
  Instant tick(Instant now) const;

 private:
  struct Watched {
    SafeText name;
    passerelle::v1::TlsIdentity files;
  };
  std::vector<Watched> watched_;
};

}  // namespace psl
