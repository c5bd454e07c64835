#include "adapters/readable/ins_symbol.h"

#include <dmtx.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/adapters/readable/sample_view.h"

namespace psl {
namespace {

constexpr size_t pixels_a_module = 4;
constexpr size_t quiet_modules = 2;

// What a scanner reads of the symbol, drawn in black on white with its quiet zone.
std::string scanned(const InsSymbol& symbol) {
  const size_t side = (symbol.side + 2 * quiet_modules) * pixels_a_module;
  std::vector<unsigned char> pixels(side * side, 255);
  for (size_t y = 0; y < symbol.side * pixels_a_module; ++y) {
    for (size_t x = 0; x < symbol.side * pixels_a_module; ++x) {
      if (!symbol.at(y / pixels_a_module, x / pixels_a_module)) continue;
      pixels[(y + quiet_modules * pixels_a_module) * side + x + quiet_modules * pixels_a_module] = 0;
    }
  }
  const auto destroy_image = [](DmtxImage* image) { dmtxImageDestroy(&image); };
  const auto destroy_decode = [](DmtxDecode* decode) { dmtxDecodeDestroy(&decode); };
  const auto destroy_region = [](DmtxRegion* region) { dmtxRegionDestroy(&region); };
  const auto destroy_message = [](DmtxMessage* message) { dmtxMessageDestroy(&message); };
  const std::unique_ptr<DmtxImage, decltype(destroy_image)> image(
      dmtxImageCreate(pixels.data(), static_cast<int>(side), static_cast<int>(side), DmtxPack8bppK));
  const std::unique_ptr<DmtxDecode, decltype(destroy_decode)> decode(dmtxDecodeCreate(image.get(), 1));
  const std::unique_ptr<DmtxRegion, decltype(destroy_region)> region(
      dmtxRegionFindNext(decode.get(), nullptr));
  if (region == nullptr) return "no region";
  const std::unique_ptr<DmtxMessage, decltype(destroy_message)> message(
      dmtxDecodeMatrixRegion(decode.get(), region.get(), DmtxUndefined));
  if (message == nullptr) return "no message";
  return {reinterpret_cast<const char*>(message->output), static_cast<size_t>(message->outputIdx)};
}

TEST(InsSymbol, ReadsBackAsTheTextItWasMadeOf) {
  // A scanner reads the INS and its traits, group separators among them.
  const std::string text = sample_datamatrix();
  const auto symbol = make_ins_symbol(text);
  ASSERT_TRUE(symbol.has_value());
  EXPECT_EQ(symbol->dark.size(), symbol->side * symbol->side);
  EXPECT_EQ(scanned(*symbol), text);
}

TEST(InsSymbol, ReadsBackWhenTheNamesAreAsLongAsTheyMayBe) {
  // 100 characters of given names and of birth name still give a symbol that a scanner reads.
  const std::string text = sample_datamatrix() + std::string(75, 'M') + "\x1D" + std::string(100, 'X');
  const auto symbol = make_ins_symbol(text);
  ASSERT_TRUE(symbol.has_value());
  EXPECT_EQ(scanned(*symbol), text);
}

TEST(InsSymbol, IsTheFinderPatternOfADatamatrix) {
  // Left and lower edges are dark, so that top and bottom were not exchanged.
  const auto symbol = make_ins_symbol(sample_datamatrix());
  ASSERT_TRUE(symbol.has_value());
  for (size_t i = 0; i < symbol->side; ++i) {
    EXPECT_TRUE(symbol->at(i, 0));
    EXPECT_TRUE(symbol->at(symbol->side - 1, i));
  }
}

TEST(InsSymbol, IsNotMadeOfNothingOrOfTooMuch) {
  // Without an INS there is no symbol, and none that could not be read.
  EXPECT_FALSE(make_ins_symbol("").has_value());
  EXPECT_FALSE(make_ins_symbol(std::string(1500, '\xE9')).has_value());
  EXPECT_FALSE(make_ins_symbol(std::string(100'000, '1')).has_value());
}

}  // namespace
}  // namespace psl
