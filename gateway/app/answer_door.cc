#include "gateway/app/answer_door.h"

#include <cstdio>
#include <map>
#include <string>
#include <utility>

#include "adapters/formats/calendar.h"
#include "adapters/formats/document_office.h"

namespace psl {
namespace {

using ZoneTable = std::map<std::string, TimeZone, std::less<>>;

// "22/11/2026 à 09:00".
std::string french_time(const TimeZone& zone, Instant at) {
  const CivilTime civil = civil_time(at, zone.offset_at(at));
  char text[40];
  std::snprintf(text, sizeof text, "%02d/%02d/%04d à %02d:%02d", civil.day, civil.month, civil.year,
                civil.hour, civil.minute);
  return text;
}

Result<ZoneTable> zones_by_tenant(const v1::Config& config) {
  ZoneTable zones;
  for (const v1::Tenant& tenant : config.tenants()) {
    auto zone = TimeZone::load(time_zone_of(tenant));
    if (!zone.ok()) return std::move(zone).error();
    zones.emplace(tenant.name(), *std::move(zone));
  }
  return zones;
}

}  // namespace

Result<std::unique_ptr<AnswerPage>> open_answer_door(const v1::Config& config, const AnswerDesk& desk,
                                                     Env& env) {
  if (!config.has_answers()) return std::unique_ptr<AnswerPage>();
  auto zones = zones_by_tenant(config);
  if (!zones.ok()) return std::move(zones).error();
  AnswerCalls calls;
  calls.look = [&desk](std::string_view token) { return desk.look(token); };
  calls.answer = [&desk](std::string_view token, v1::OrientationUpdate::Step step,
                         v1::OrientationUpdate::Reason reason,
                         AnswerDesk::Done done) { desk.answer(token, step, reason, std::move(done)); };
  calls.time = [zones = std::move(*zones)](const AnswerView& view, Instant at) {
    const auto zone = zones.find(view.tenant);
    return french_time(zone == zones.end() ? TimeZone::utc() : zone->second, at);
  };
  const v1::AnswerDoor& door = config.answers();
  return AnswerPage::open({door.listen(), door.certificate_file(), door.key_file()}, std::move(calls), env);
}

}  // namespace psl
