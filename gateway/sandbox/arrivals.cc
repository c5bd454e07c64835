#include "gateway/sandbox/arrivals.h"

#include <algorithm>

namespace psl {
namespace {

constexpr std::string_view webhook_form = "webhook";

size_t bytes_of(const Arrival& arrival) {
  return view(arrival.resource).size() + view(arrival.content).size();
}

}  // namespace

int64_t Arrivals::next_number() {
  const std::lock_guard lock(mutex_);
  return ++last_number_;
}

void Arrivals::add(Arrival arrival) {
  const std::lock_guard lock(mutex_);
  bytes_ += bytes_of(arrival);
  arrivals_.push_back(std::move(arrival));
  while (arrivals_.size() > limits_.count || (bytes_ > limits_.bytes && arrivals_.size() > 1)) {
    bytes_ -= bytes_of(arrivals_.front());
    arrivals_.pop_front();
    ++pushed_out_;
  }
}

std::vector<Arrival> Arrivals::list() const {
  const std::lock_guard lock(mutex_);
  return {arrivals_.rbegin(), arrivals_.rend()};
}

template <typename Matches>
std::optional<Arrival> Arrivals::first(Matches matches) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find_if(arrivals_, matches);
  if (found == arrivals_.end()) return std::nullopt;
  return *found;
}

std::optional<Arrival> Arrivals::find(int64_t number) const {
  return first([number](const Arrival& each) { return each.number == number; });
}

std::optional<Arrival> Arrivals::find_document(std::string_view document_id) const {
  return first([&](const Arrival& each) {
    return each.form != webhook_form && each.form != resource_form && each.document_id == document_id;
  });
}

std::optional<Arrival> Arrivals::find_resource(std::string_view type, std::string_view identifier) const {
  return first([&](const Arrival& each) {
    return each.form == resource_form && each.type == type && each.document_id == identifier;
  });
}

std::optional<Arrival> Arrivals::find_webhook(std::string_view webhook_id) const {
  return first(
      [&](const Arrival& each) { return each.form == webhook_form && each.document_id == webhook_id; });
}

void Arrivals::replace(int64_t number, std::string status, std::string resource) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(arrivals_, number, &Arrival::number);
  if (found == arrivals_.end()) return;
  bytes_ -= bytes_of(*found);
  found->status = std::move(status);
  found->resource = make_bytes(std::move(resource));
  bytes_ += bytes_of(*found);
}

void Arrivals::add_set(SubmissionSet set) {
  const std::lock_guard lock(mutex_);
  sets_.push_back(std::move(set));
  if (sets_.size() > limits_.count) sets_.pop_front();
}

std::optional<SubmissionSet> Arrivals::find_set(int64_t number) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(sets_, number, &SubmissionSet::number);
  return found == sets_.end() ? std::nullopt : std::optional(*found);
}

std::optional<SubmissionSet> Arrivals::find_set(std::string_view identifier) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(sets_, identifier, &SubmissionSet::identifier);
  return found == sets_.end() ? std::nullopt : std::optional(*found);
}

void Arrivals::clear() {
  const std::lock_guard lock(mutex_);
  arrivals_.clear();
  sets_.clear();
  bytes_ = 0;
}

int64_t Arrivals::pushed_out() const {
  const std::lock_guard lock(mutex_);
  return pushed_out_;
}

}  // namespace psl
