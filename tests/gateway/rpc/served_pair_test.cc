#include "gateway/rpc/served_pair.h"

#include <gtest/gtest.h>

#include "tests/gateway/rpc/door_world.h"

namespace psl::test {
namespace {

class ServedPairTest : public DoorTest {
 protected:
  ServedPairTest() { install(pki, pki); }
  ~ServedPairTest() override { close(); }

  // As an operator's tool does: each file is replaced by renaming.
  void install(const fs::path& certificate_from, const fs::path& key_from) const {
    put(certificate_from / "gateway.pem", folder / "door.pem");
    put(key_from / "gateway.key", folder / "door.key");
  }
  static void put(const fs::path& from, const fs::path& to) {
    const fs::path next = to.string() + ".new";
    fs::remove(next);
    fs::copy_file(from, next);
    fs::permissions(next, fs::perms::owner_read | fs::perms::owner_write);
    fs::rename(next, to);
  }

  void open_with_files() {
    auto watched = options();
    watched.certificate_file = folder / "door.pem";
    watched.key_file = folder / "door.key";
    watched.certificate_look = milliseconds(50);
    open(watched);
  }

  // Of the certificate that the server shows to a new connection; empty when there was none.
  std::string shown(v1::Gateway::Stub& to) {
    grpc::ClientContext context;
    limit(context);
    v1::SubmitEventResponse response;
    if (!to.SubmitEvent(&context, sample_request(), &response).ok()) return {};
    const auto pem = context.auth_context()->FindPropertyValues("x509_pem_cert");
    return pem.empty() ? "" : read_certificates(std::string(pem[0].data(), pem[0].size()))->front().sha256;
  }
  std::unique_ptr<v1::Gateway::Stub> new_stub() const {
    return v1::Gateway::NewStub(
        channel_of(slurp(pki / "ca.pem") + slurp(other_pki / "ca.pem"), pki / "hopital"));
  }
  static std::string sha256_of(const fs::path& folder) {
    return read_certificates(slurp(folder / "gateway.pem"))->front().sha256;
  }

  const fs::path folder = [] {
    const fs::path made = TestPki::get().folder / "served";
    fs::create_directories(made);
    return made;
  }();
};

TEST_F(ServedPairTest, ServesARenewedPairToNewConnections) {
  // Claim: without a restart the next connections get the new certificate; one that is open goes on.
  open_with_files();
  const auto old = new_stub();
  EXPECT_EQ(shown(*old), sha256_of(pki));
  install(other_pki, other_pki);
  std::string now_shown;
  for (const Instant begun = system_env().monotonic();
       now_shown != sha256_of(other_pki) && system_env().monotonic() < begun + seconds(15);)
    now_shown = shown(*new_stub());
  EXPECT_EQ(now_shown, sha256_of(other_pki));
  EXPECT_EQ(shown(*old), sha256_of(pki));
}

TEST_F(ServedPairTest, KeepsThePairThatFits) {
  // Claim: a key that does not fit, a file that is no certificate, one that is gone, a key that others can
  // read, and a pair that has expired change nothing; the next good pair is taken.
  ServedPair pair(folder / "door.pem", folder / "door.key", system_env());
  ASSERT_TRUE(pair.load().ok());
  const std::string first = slurp(pair.path());
  EXPECT_NE(first.find(slurp(pki / "gateway.key")), std::string::npos);
  install(other_pki, pki);
  pair.look();
  EXPECT_EQ(slurp(pair.path()), first);
  std::ofstream(folder / "door.pem") << "not a certificate";
  pair.look();
  fs::remove(folder / "door.pem");
  pair.look();
  install(other_pki, other_pki);
  fs::permissions(folder / "door.key", fs::perms::group_read, fs::perm_options::add);
  pair.look();
  put(pki / "expired.pem", folder / "door.pem");
  put(pki / "expired.key", folder / "door.key");
  pair.look();
  EXPECT_EQ(slurp(pair.path()), first);
  install(other_pki, other_pki);
  pair.look();
  EXPECT_NE(slurp(pair.path()), first);
  EXPECT_NE(slurp(pair.path()).find(slurp(other_pki / "gateway.key")), std::string::npos);
}

TEST_F(ServedPairTest, ServesOnWhileTheFilesAreBroken) {
  // Claim: a certificate whose key is another's does not shut new clients out.
  open_with_files();
  EXPECT_EQ(shown(*new_stub()), sha256_of(pki));
  install(other_pki, pki);
  // Longer than gRPC takes to look at what it is given, which is one second.
  for (const Instant begun = system_env().monotonic(); system_env().monotonic() < begun + milliseconds(1500);)
    ASSERT_EQ(shown(*new_stub()), sha256_of(pki));
}

TEST_F(ServedPairTest, SaysAtTheStartWhatIsWrong) {
  // Claim: a door does not open on a pair that does not fit, and names the files.
  install(other_pki, pki);
  auto wrong = options();
  wrong.certificate_file = folder / "door.pem";
  wrong.key_file = folder / "door.key";
  const auto opened = open_grpc_door(wrong, intake, desk);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::configuration);
  EXPECT_NE(opened.error().text.find("door.key"), std::string::npos);
}

}  // namespace
}  // namespace psl::test
