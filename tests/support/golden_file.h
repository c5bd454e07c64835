// Golden files: what a translation gave when somebody read it and found it right.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace psl {

// Compares with tests/golden/<name>; PASSERELLE_UPDATE_GOLDEN=1 writes it instead.
inline void expect_golden(const std::string& name, std::string_view made) {
  const std::filesystem::path path = std::filesystem::path(PSL_SOURCE_DIR) / "tests/golden" / name;
  const char* update = std::getenv("PASSERELLE_UPDATE_GOLDEN");
  if (update != nullptr && std::string_view(update) == "1") {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary).write(made.data(), static_cast<std::streamsize>(made.size()));
    return;
  }
  std::ifstream in(path, std::ios::binary);
  ASSERT_TRUE(in.good()) << name << " is missing: PASSERELLE_UPDATE_GOLDEN=1 writes it";
  const std::string kept{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(kept, made) << name
                        << " differs: PASSERELLE_UPDATE_GOLDEN=1 writes it anew, then read the difference";
}

}  // namespace psl
