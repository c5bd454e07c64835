// What arrived, kept in memory until it is pushed out by what comes later.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/bytes.h"
#include "gateway/base/env.h"

namespace psl {

// Form of what came in a transaction of resources.
inline constexpr std::string_view resource_form = "transaction";

// One document, one call of a webhook, or one resource that has a state.
struct Arrival {
  // Also the id of its DocumentReference and Binary. Never used again.
  int64_t number = 0;
  Instant at;
  // "ITI-65", "ITI-105", "webhook", resource_form.
  std::string form;
  // masterIdentifier ("urn:oid:..."), webhook-id, or the identifier of a resource: "system|value".
  std::string document_id;
  std::string type;
  std::string title;
  // "current", "superseded"; of a webhook what its signature is worth; of a resource what it says itself.
  std::string status;
  // JSON of the resource as it is given back, or the body of the webhook.
  Bytes resource;
  // The document itself; may be null for a webhook, and is for a resource.
  std::string media_type;
  Bytes content;
};

// The SubmissionSet of a transaction.
struct SubmissionSet {
  int64_t number = 0;
  // uniqueId ("urn:oid:..."); may be empty.
  std::string identifier;
  Bytes resource;
};

struct ArrivalLimits {
  size_t count = 1000;
  size_t bytes = size_t{256} << 20;
};

// The oldest leave when a limit is passed. Thread safe.
class Arrivals {
 public:
  explicit Arrivals(ArrivalLimits limits = {}) : limits_(limits) {}

  int64_t next_number();
  void add(Arrival arrival);
  // Newest first.
  std::vector<Arrival> list() const;
  std::optional<Arrival> find(int64_t number) const;
  // By masterIdentifier, of documents; by webhook-id, of webhooks.
  std::optional<Arrival> find_document(std::string_view document_id) const;
  std::optional<Arrival> find_webhook(std::string_view webhook_id) const;
  // The one of that type that was written by that identifier.
  std::optional<Arrival> find_resource(std::string_view type, std::string_view identifier) const;
  // The same document or resource with another status and JSON. Nothing when it has left.
  void replace(int64_t number, std::string status, std::string resource);
  void add_set(SubmissionSet set);
  std::optional<SubmissionSet> find_set(int64_t number) const;
  std::optional<SubmissionSet> find_set(std::string_view identifier) const;
  void clear();
  // How many had to leave so far.
  int64_t pushed_out() const;

 private:
  template <typename Matches>
  std::optional<Arrival> first(Matches matches) const;

  const ArrivalLimits limits_;
  mutable std::mutex mutex_;
  std::deque<Arrival> arrivals_;  // oldest first
  std::deque<SubmissionSet> sets_;
  size_t bytes_ = 0;
  int64_t last_number_ = 0;
  int64_t pushed_out_ = 0;
};

}  // namespace psl
