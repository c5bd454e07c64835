// Everything of the gateway that is made before a thread runs.
#pragma once

#include <memory>

#include "adapters/formats/document_office.h"
#include "gateway/app/adapter_table.h"
#include "gateway/app/client_trust.h"
#include "gateway/config/config_file.h"
#include "gateway/intake/committer.h"
#include "gateway/outbox/limits.h"
#include "gateway/store/sqlite_store.h"
#include "security/policy.h"
#include "security/seal.h"

namespace psl {

// Declared in the order in which each needs those before it.
struct Parts {
  LoadedConfig config;
  std::unique_ptr<CertificatePolicy> policy;
  std::unique_ptr<TenantSealer> sealer;
  std::unique_ptr<ClientTrust> trust;
  std::unique_ptr<ReadableCopy> readable;
  std::unique_ptr<CdaDocumentOffice> office;
  AdapterList adapters;
  std::unique_ptr<SqliteStore> store;
};

// Errors are the operator's: configuration, input_output. Every file that serving needs is opened here.
Result<Parts> make_parts(const LoadedConfig& config, Env& env);

// What the parts of the flow take of the configuration.
OutboxLimits outbox_limits(const v1::Config& config);
CommitLimits commit_limits(const v1::Config& config);
SqliteOptions store_options(const v1::Config& config);
Span span_of(const google::protobuf::Duration& span);

}  // namespace psl
