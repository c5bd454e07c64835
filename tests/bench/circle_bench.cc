// What it costs to route one event to a patient's care circle, over a ledger that holds many circles: the
// person is compared, the circle read, opened and parsed, the table of the law asked for each member, the
// recipients added. In the same run, as the limit, the bare look-up of a row of that size by its key.
//
//   circle_bench [MEMBERS]      default 1,000,000, seven a circle; needs some 2 GB of disk in the temporary
//   folder
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <vector>

#include "gateway/intake/case_book.h"
#include "gateway/intake/circle_plan.h"
#include "gateway/intake/kinds.h"
#include "gateway/store/sqlite_store.h"
#include "security/policy.h"
#include "security/seal.h"

namespace psl {
namespace {

namespace fs = std::filesystem;

constexpr int members_each = 7;
constexpr int batch = 500;
constexpr int routed_events = 20'000;  // a round
constexpr int block = 1;               // events alive at once, as in an intake
constexpr int rounds = 6;

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

class NoOffice final : public DocumentOffice {
 public:
  Result<PreparedDocument> prepare(v1::SubmitEventRequest&, const Subject&,
                                   stored::DocumentHeader&) const override {
    return error_of(ErrorCode::internal);
  }
  Result<Bytes> pdf_inside(std::string_view) const override { return error_of(ErrorCode::internal); }
};

std::string name_of_patient(int number) {
  std::string name;
  for (int rest = number; name.size() < 6; rest /= 26) name += static_cast<char>('A' + rest % 26);
  return name;
}

v1::Patient patient(int number) {
  v1::Patient one;
  one.set_status(v1::IDENTITY_STATUS_PROVISIONAL);
  one.set_birth_family_name(name_of_patient(number));
  one.set_birth_given_names("CAMILLE");
  one.set_sex(v1::SEX_FEMALE);
  one.set_birth_date("1950-01-01");
  one.set_birth_place_code("39300");
  return one;
}

stored::CircleCase circle(int number) {
  stored::CircleCase made;
  for (int i = 0; i < members_each; ++i) {
    auto& membership = *made.add_memberships();
    auto& member = *membership.mutable_member();
    member.set_member_id("membre-" + std::to_string(i));
    auto& person = *member.mutable_person();
    person.set_mailbox("membre" + std::to_string(number * members_each + i) + "@cabinet.demo.mssante.fr");
    person.mutable_professional()->set_national_id(
        "8" + std::to_string(99'000'000'000 + number * members_each + i));
    person.mutable_professional()->set_family_name("NOM" + name_of_patient(number));
    person.mutable_professional()->set_given_name("Dominique");
    member.set_role(i == 0 ? v1::MEMBER_ROLE_PRIMARY_CARE_PHYSICIAN : v1::MEMBER_ROLE_NURSE);
    member.set_standing(i == 6 ? v1::STANDING_SOCIAL_PROFESSIONAL : v1::STANDING_HEALTH_PROFESSIONAL);
    member.set_basis(i == 5 ? v1::MEMBER_BASIS_CONSENT : v1::MEMBER_BASIS_CARE_TEAM);
    membership.mutable_from()->set_seconds(1'760'000'000);
    membership.set_by_event(std::string(16, 'e'));
  }
  auto& consent = *made.add_consents();
  consent.mutable_consent()->set_decision(v1::Consent::GIVEN);
  consent.mutable_consent()->mutable_decided_at()->set_seconds(1'760'000'000);
  return made;
}

struct BenchWorld {
  explicit BenchWorld(const fs::path& folder) {
    std::ofstream(folder / "tenant.key") << std::string(64, '7') << "\n";
    fs::permissions(folder / "tenant.key", fs::perms::owner_read | fs::perms::owner_write);
    v1::Tenant& tenant = *config.add_tenants();
    tenant.set_name("cpts");
    tenant.mutable_key()->set_id("one");
    tenant.mutable_key()->set_file(folder / "tenant.key");
    setup.config = tenant;
    tenants["cpts"] = setup;
    auto loaded = TenantSealer::load(config);
    PSL_CHECK(loaded.ok());
    sealer = std::move(*loaded);
    auto opened = SqliteStore::open({.path = folder / "ledger.db"});
    PSL_CHECK(opened.ok());
    store = std::move(*opened);
  }

  v1::Config config;
  TenantSetup setup;
  TenantTable tenants;
  CertificatePolicy policy;
  NoOffice office;
  std::unique_ptr<TenantSealer> sealer;
  std::unique_ptr<SqliteStore> store;
};

void fill(BenchWorld& world, int circles) {
  const CaseBook book(*world.store, *world.sealer);
  std::vector<Command> commands;
  for (int number = 0; number < circles; ++number) {
    const auto macs = person_macs(*world.sealer, "cpts", patient(number));
    PSL_CHECK(macs.ok());
    const Uuid id = case_id_of(circle_kind, "cpts", macs->key());
    auto change = book.change({circle_kind, "cpts", id, id}, std::nullopt, circle(number));
    PSL_CHECK(change.ok());
    StepCase step;
    step.step.cases.push_back(std::move(*change));
    commands.emplace_back(std::move(step));
    if (static_cast<int>(commands.size()) < batch && number + 1 < circles) continue;
    const auto effects = world.store->commit(commands);
    PSL_CHECK(effects.ok() && effects->front() == Effect::done);
    commands.clear();
    if (number % 10'000 < batch) std::fprintf(stderr, "\r%d circles", number + 1);
  }
  std::fprintf(stderr, "\n");
}

std::vector<int> any_circles(int circles) {
  static std::mt19937 chance(7);
  std::vector<int> numbers(block);
  for (int& number : numbers) number = static_cast<int>(chance() % static_cast<unsigned>(circles));
  return numbers;
}

// CPU seconds of a block of look-ups.
double look_up_block(BenchWorld& world, int circles) {
  std::vector<Uuid> ids;
  for (const int number : any_circles(circles)) {
    const auto macs = person_macs(*world.sealer, "cpts", patient(number));
    ids.push_back(case_id_of(circle_kind, "cpts", macs->key()));
  }
  const double begun = cpu_seconds();
  for (const Uuid& id : ids) PSL_CHECK(world.store->case_of(id)->has_value());
  return cpu_seconds() - begun;
}

// CPU seconds of a block of events routed: what it costs to read them and to throw them away is not routing.
double route_block(BenchWorld& world, int circles) {
  const IntakeSeams seams{world.tenants, Environment::test,  world.policy,     world.office,
                          system_env(),  world.sealer.get(), /*sink=*/nullptr, world.store.get()};
  std::vector<PreparedEvent> events;
  for (const int number : any_circles(circles)) {
    PreparedEvent& event = events.emplace_back();
    event.tenant = &world.tenants["cpts"];
    event.accepted_at = Instant{1'763'000'000'000'000};
    v1::CoordinationEvent& content = *event.request.mutable_event();
    *content.mutable_subject() = patient(number);
    content.mutable_occurred_at()->set_seconds(1'763'000'000);
    content.set_route_to_circle(true);
    content.mutable_discharge_letter();
    *event.header.mutable_patient() = content.subject();
  }
  const double begun = cpu_seconds();
  for (PreparedEvent& event : events) {
    CirclePlan plan(event, seams);
    PSL_CHECK(plan.open().ok() && plan.route().ok());
  }
  const double used = cpu_seconds() - begun;
  for (const PreparedEvent& event : events) PSL_CHECK(event.care.routing_size() == members_each);
  return used;
}

void measure(BenchWorld& world, int circles) {
  double least_bare = 0;
  double least_routed = 0;
  // The first round is not counted: the caches of the program and of the system are filled by it.
  for (int round = 0; round <= rounds; ++round) {
    double bare = 0;
    double routed = 0;
    for (int done = 0; done < routed_events; done += block) {
      bare += look_up_block(world, circles) / routed_events * 1e6;
      routed += route_block(world, circles) / routed_events * 1e6;
    }
    if (round == 0) continue;
    std::printf("one event routed: %.1f us CPU; the bare look-up of its circle: %.1f us (%.1f times)\n",
                routed, bare, routed / bare);
    least_bare = round == 1 ? bare : std::min(least_bare, bare);
    least_routed = round == 1 ? routed : std::min(least_routed, routed);
  }
  std::printf("the least of %d rounds: %.1f us, %.1f us (%.1f times)\n", rounds, least_routed, least_bare,
              least_routed / least_bare);
}

int run(int members) {
  const fs::path folder = fs::temp_directory_path() / ("passerelle-circle-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  {
    BenchWorld world(folder);
    const int circles = std::max(members / members_each, 1);
    const double begun = cpu_seconds();
    fill(world, circles);
    std::printf("%d circles of %d members written, %.0f us CPU each; ledger %.0f MB\n", circles, members_each,
                (cpu_seconds() - begun) / circles * 1e6,
                static_cast<double>(fs::file_size(folder / "ledger.db")) / 1e6);
    measure(world, circles);
  }
  fs::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace psl

int main(int count, char** words) { return psl::run(count > 1 ? std::atoi(words[1]) : 1'000'000); }
