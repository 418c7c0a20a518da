#include <tests/testing/temp_dir.hpp>

#include <tenon/weights/gguf.hpp>
#include <tenon/weights/safetensors.hpp>
#include <tenon/weights/tensor_writer.hpp>

namespace tenon::testing {
namespace {

std::vector<std::byte> bytes(size_t count, int value) {
  return std::vector<std::byte>(count, std::byte(value));
}

TEST(TensorWriter, WritesGgufThatItsReaderReads) {
  TempDir dir;
  GgufPairs pairs;
  pairs.add("a.number", uint32_t{7});
  pairs.add("a.real", 0.5f);
  pairs.add("a.truth", true);
  pairs.add("a.text", "x");
  pairs.add("a.texts", std::vector<std::string>{"x", "yy"});
  pairs.add("a.numbers", std::vector<int32_t>{-1, 2});
  auto writer = TensorWriter::gguf(
      dir / "x.gguf", pairs, {{"q", DType::kQ8_0, {3, 32}}, {"f", DType::kF32, {5}}, {"b", DType::kBF16, {2}}});
  ASSERT_TRUE(writer.ok()) << refusal_of(writer);
  EXPECT_TRUE(writer.value().write(bytes(100, 1)).ok());  // in pieces, as they come
  EXPECT_TRUE(writer.value().write(bytes(2, 2)).ok());
  EXPECT_TRUE(writer.value().write(bytes(20, 3)).ok());
  EXPECT_TRUE(writer.value().write(bytes(4, 4)).ok());
  EXPECT_EQ(dir.names().size(), 1u);
  EXPECT_FALSE(std::filesystem::exists(dir / "x.gguf"));
  EXPECT_TRUE(writer.value().finish().ok());
  EXPECT_EQ(dir.names(), std::vector<std::string>{"x.gguf"});

  auto file = Gguf::open(dir / "x.gguf");
  ASSERT_TRUE(file.ok()) << refusal_of(file);
  const GgufMetadata& metadata = file.value()->metadata();
  EXPECT_EQ(metadata.get_int("a.number", 0, 9).value(), 7);
  EXPECT_EQ(metadata.get_number("a.real", 0, 1).value(), 0.5);
  EXPECT_EQ(metadata.get_bool("a.truth").value(), true);
  EXPECT_EQ(metadata.get_text("a.text").value(), "x");
  EXPECT_EQ(metadata.get_texts("a.texts").value(), (std::vector<std::string_view>{"x", "yy"}));
  EXPECT_EQ(metadata.get_ints("a.numbers", -1, 2).value(), (std::vector<int64_t>{-1, 2}));
  const StoredTensor& q = file.value()->tensors().at("q");
  EXPECT_EQ(q.shape, (std::vector<int64_t>{3, 32}));
  EXPECT_EQ(std::to_integer<int>(q.data[99]), 1);
  EXPECT_EQ(std::to_integer<int>(q.data[101]), 2);
  EXPECT_EQ(std::to_integer<int>(file.value()->tensors().at("f").data[0]), 3);
  EXPECT_EQ(std::to_integer<int>(file.value()->tensors().at("b").data[3]), 4);
}

TEST(TensorWriter, WritesSafetensorsThatTheirReaderReads) {
  TempDir dir;
  auto writer = TensorWriter::safetensors(
      dir / "x", {{"a", DType::kF32, {2, 1}}, {"none", DType::kF32, {0}}, {"b", DType::kU8, {3}}});
  ASSERT_TRUE(writer.ok()) << refusal_of(writer);
  EXPECT_TRUE(writer.value().write(bytes(8, 1)).ok());
  EXPECT_TRUE(writer.value().write(bytes(3, 2)).ok());
  EXPECT_TRUE(writer.value().finish().ok());
  auto file = Safetensors::open(dir / "x");
  ASSERT_TRUE(file.ok()) << refusal_of(file);
  EXPECT_EQ(file.value()->tensors().at("none").bytes, 0u);
  EXPECT_EQ(std::to_integer<int>(file.value()->tensors().at("b").data[2]), 2);
}

TEST(TensorWriter, LeavesNothingWhereItIsGivenUp) {
  TempDir dir;
  {
    auto writer = TensorWriter::gguf(dir / "x.gguf", {}, {{"f", DType::kF32, {5}}});
    ASSERT_TRUE(writer.ok()) << refusal_of(writer);
    EXPECT_TRUE(writer.value().write(bytes(8, 1)).ok());
  }
  EXPECT_TRUE(dir.names().empty());
  EXPECT_EQ(TensorWriter::gguf(dir / "no" / "x.gguf", {}, {}).error().code, TENON_IO);
}

}  // namespace
}  // namespace tenon::testing
