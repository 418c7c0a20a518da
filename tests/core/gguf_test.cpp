#include <tests/testing/gguf_file.hpp>
#include <tests/testing/temp_dir.hpp>

#include <tenon/weights/checkpoint.hpp>
#include <tenon/weights/gguf.hpp>

#include <sys/resource.h>

#include <chrono>
#include <cstring>

namespace tenon::testing {
namespace {

constexpr uint32_t kF32 = 0, kQ4_0 = 2, kQ8_0 = 8;

// The reason of the refusal, with F for the file's path.
std::string refusal(const std::string& content) {
  TempDir dir;
  std::string path = dir.write("x.gguf", content);
  return replaced(refusal_of(Gguf::open(path)), path, "F");
}

struct Case {
  std::string content;
  std::string expected;
};

void expect_refusals(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    std::string text = refusal(c.content);
    EXPECT_EQ(text, c.expected);
    EXPECT_EQ(text.find('\n'), std::string::npos);
  }
}

std::string said(uint64_t tensors, uint64_t pairs) {
  GgufFile file;
  file.tensors_said = tensors, file.pairs_said = pairs;
  return file.bytes();
}

// One pair, its value given as it stands in the file.
std::string paired(uint32_t type, const std::string& value, const std::string& key = "k") {
  return GgufFile().pair(key, type, value).header();
}
std::string listed(uint32_t type, uint64_t count, const std::string& elements = "") {
  return paired(9, bytes_of_number(type) + bytes_of_number(count) + elements);
}

// One tensor "a", with 64 bytes of data.
std::string described(const std::vector<uint64_t>& dimensions, uint32_t type = kF32, uint64_t offset = 0) {
  return GgufFile().describe("a", dimensions, type, offset).data(std::string(64, '\1')).bytes();
}

TEST(Gguf, RefusesHeadersThatAreNotTheFormat) {
  GgufFile other, old, reversed;
  other.magic = "GGML", old.version = 2, reversed.version = 3u << 24;
  expect_refusals({
      {"", "F: begins with \"\", expected GGUF"},
      {"GG", "F: begins with \"\", expected GGUF"},
      {other.bytes(), "F: begins with \"GGML\", expected GGUF"},
      {"GGUF", "F: header: is cut short, expected more bytes"},
      {GgufFile().header().substr(0, 23), "F: header: is cut short, expected more bytes"},
      {old.bytes(), "F: version is 2, expected 3"},
      {reversed.bytes(), "F: version is 3 with the bytes in reverse, expected a little-endian file"},
  });
}

TEST(Gguf, RefusesCountsThatCannotBe) {
  expect_refusals({
      {said(UINT64_MAX, 0),
       "F: header says 18446744073709551615 tensors, but 8 bytes follow and the limit is 65536"},
      {said(uint64_t{1} << 63, 0),
       "F: header says 9223372036854775808 tensors, but 8 bytes follow and the limit is 65536"},
      {said(1, 0), "F: header says 1 tensors, but 8 bytes follow and the limit is 65536"},
      {said(0, UINT64_MAX),
       "F: header says 18446744073709551615 metadata entries, but 8 bytes follow and the limit is 65536"},
      {said(0, 1), "F: header says 1 metadata entries, but 8 bytes follow and the limit is 65536"},
      {said(0, 65537) + std::string(1 << 20, '\0'),
       "F: header says 65537 metadata entries, but 1048584 bytes follow and the limit is 65536"},
  });
}

TEST(Gguf, RefusesKeysThatCannotBe) {
  GgufFile twice;
  twice.u32("k", 1).text("k", "x");
  std::string endless = GgufFile().u32("k", 1).header(), long_key(513, 'k');
  std::memset(endless.data() + 24, 0xff, 8);
  expect_refusals({
      {twice.bytes(), "F: k: is given twice, expected each key once"},
      {endless, "F: metadata entry 0: key: is said to have 18446744073709551615 bytes, expected at most 512"},
      {paired(4, "1234", long_key),
       "F: metadata entry 0: key: is said to have 513 bytes, expected at most 512"},
      {paired(4, "1234", ""), "F: metadata entry 0: key is \"\", expected ASCII letters without spaces"},
      {paired(4, "1234", "a b"), "F: metadata entry 0: key is \"a b\", expected ASCII letters without spaces"},
      {paired(4, "1234", "a\nb"),
       "F: metadata entry 0: key is \"a\\x0ab\", expected ASCII letters without spaces"},
  });
}

TEST(Gguf, RefusesValuesThatCannotBe) {
  expect_refusals({
      {paired(13, "12345678"), "F: k: type is 13, expected 0 to 12"},
      {paired(UINT32_MAX, "12345678"), "F: k: type is 4294967295, expected 0 to 12"},
      {paired(4, "123"), "F: k: needs 4 bytes, but the file has 3 left; it is cut short"},
      {paired(7, "\2"), "F: k: holds a bool that is neither 0 nor 1"},
      {paired(8, bytes_of_number(uint64_t{9}) + "12345678"),
       "F: k: needs 9 bytes, but the file has 8 left; it is cut short"},
      {paired(8, bytes_of_number(UINT64_MAX)),
       "F: k: is said to have 18446744073709551615 bytes, expected at most 16777216"},
      {paired(8, bytes_of_number(uint64_t{16'777'217}) + std::string(16'777'217, 'x')),
       "F: k: is said to have 16777217 bytes, expected at most 16777216"},
      {paired(8, "1234567"), "F: k: needs 8 bytes, but the file has 7 left; it is cut short"},
  });
}

TEST(Gguf, RefusesArraysThatCannotBe) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += bytes_of_number(uint32_t{9}) + bytes_of_number(uint64_t{1});
  expect_refusals({
      {listed(4, UINT64_MAX), "F: k: is said to have 18446744073709551615 elements, expected at most 16777216"},
      {listed(4, 16'777'217), "F: k: is said to have 16777217 elements, expected at most 16777216"},
      {listed(12, 16'777'216), "F: k: needs 134217728 bytes, but the file has 0 left; it is cut short"},
      {listed(4, 2, "1234567"), "F: k: needs 8 bytes, but the file has 7 left; it is cut short"},
      {listed(8, 2, gguf_text("x")), "F: k: needs 8 bytes, but the file has 0 left; it is cut short"},
      {listed(13, 1, "12345678"), "F: k: elements: type is 13, expected 0 to 12"},
      {listed(7, 2, "\1\3"), "F: k: holds a bool that is neither 0 nor 1"},
      {paired(9, deep), "F: k: is an array of arrays, expected plain elements"},
      {paired(9, "1234567"), "F: k: elements: type is 875770417, expected 0 to 12"},
      {paired(9, bytes_of_number(uint32_t{4})),
       "F: k: count: needs 8 bytes, but the file has 0 left; it is cut short"},
  });
}

TEST(Gguf, RefusesTensorsThatCannotBe) {
  constexpr const char* kTypes =
      ", expected that of F32, F16, BF16, I32, I64, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K to Q6_K, IQ4_NL, IQ4_XS "
      "or MXFP4";
  uint64_t half = uint64_t{1} << 40;
  expect_refusals({
      {described({}), "F: tensor a: has 0 dimensions, expected 1 to 4"},
      {described({1, 1, 1, 1, 1}), "F: tensor a: has 5 dimensions, expected 1 to 4"},
      {described({0}), "F: tensor a: dimension 0 is 0, expected 1 to 2^40"},
      {described({1, UINT64_MAX}), "F: tensor a: dimension 1 is 18446744073709551615, expected 1 to 2^40"},
      {described({half, half}), "F: tensor a: has more elements than 64 bits can count"},
      {described({half, 1 << 22}), "F: tensor a: has more elements than 64 bits can count"},
      {described({half, (1 << 22) - 1}),
       "F: tensor a: needs 18446739675663040512 bytes from 0, but the file has 64 after its header; it is cut "
       "short"},
      {described({16}, 4), std::string("F: tensor a: type is 4") + kTypes},
      {described({16}, 16), std::string("F: tensor a: type is 16") + kTypes},
      {described({16}, UINT32_MAX), std::string("F: tensor a: type is 4294967295") + kTypes},
      {described({16}, kQ4_0), "F: tensor a: has rows of 16 elements, expected a multiple of 32 for q4_0"},
      {described({16, 2}, kQ8_0), "F: tensor a: has rows of 16 elements, expected a multiple of 32 for q8_0"},
      {described({128}, 12), "F: tensor a: has rows of 128 elements, expected a multiple of 256 for q4_k"},
  });
}

TEST(Gguf, RefusesNamesThatCannotBe) {
  std::string data(64, '\1');
  std::string endless = described({1});
  std::memset(endless.data() + 24, 0xff, 8);
  expect_refusals({
      {GgufFile().tensor("a", {8}, kF32, data.substr(32)).tensor("a", {8}, kF32, data.substr(32)).bytes(),
       "F: tensor a: is there twice, expected each name once"},
      {GgufFile().tensor("", {16}, kF32, data).bytes(),
       "F: tensor name \"\" is not 1 to 512 bytes without control characters"},
      {GgufFile().tensor("a\nb", {16}, kF32, data).bytes(),
       "F: tensor name \"a\\x0ab\" is not 1 to 512 bytes without control characters"},
      {endless, "F: tensor 0: name: is cut short, expected more bytes"},
  });
}

TEST(Gguf, RefusesPlacesThatCannotBe) {
  auto two = [](uint64_t first, uint64_t second) {
    return GgufFile().describe("a", {4}, kF32, first).describe("b", {4}, kF32, second);
  };
  std::string data(64, '\1');
  expect_refusals({
      {described({17}),
       "F: tensor a: needs 68 bytes from 0, but the file has 64 after its header; it is cut short"},
      {described({16}, kF32, 32),
       "F: tensor a: begins at byte 32 of the data, expected 0, where its neighbour's 32-byte units end"},
      {described({16}, kF32, UINT64_MAX),
       "F: tensor a: begins at byte 18446744073709551615 of the data, expected 0, where its neighbour's "
       "32-byte "
       "units end"},
      {two(0, 16).data(data).bytes(),
       "F: tensor b: begins at byte 16 of the data, expected 32, where its neighbour's 32-byte units end"},
      {two(0, 0).data(data).bytes(),
       "F: tensor b: begins at byte 0 of the data, expected 32, where its neighbour's 32-byte units end"},
      {two(0, 64).data(data).bytes(),
       "F: tensor b: begins at byte 64 of the data, expected 32, where its neighbour's 32-byte units end"},
      {two(0, 32).data(data.substr(0, 40)).bytes(),
       "F: tensor b: needs 16 bytes from 32, but the file has 40 after its header; it is cut short"},
      {two(0, 32).header(),
       "F: tensor a: needs 16 bytes from 0, but the file has 0 after its header; it is cut short"},
  });
}

TEST(Gguf, RefusesAlignmentsThatCannotBe) {
  auto aligned = [](uint32_t alignment) { return GgufFile().u32("general.alignment", alignment).bytes(); };
  expect_refusals({
      {aligned(0), "F: general.alignment is 0, expected a whole number from 8 to 1048576"},
      {aligned(4), "F: general.alignment is 4, expected a whole number from 8 to 1048576"},
      {aligned(33), "F: general.alignment is 33, expected a power of two"},
      {aligned(1u << 30), "F: general.alignment is 1073741824, expected a whole number from 8 to 1048576"},
      {GgufFile().text("general.alignment", "32").bytes(),
       "F: general.alignment is a text, expected a whole number from 8 to 1048576"},
  });
}

// Whatever is cut off, there is an answer; and whatever byte is changed, there is no crash.
TEST(Gguf, SurvivesEveryCutAndEveryChangedByte) {
  GgufFile file;
  file.u32("a.number", 7).texts("a.list", {"x", "yy"}).text("a.text", "z");
  file.tensor("one", {32, 2}, kQ8_0, std::string(68, '\1')).tensor("two", {4}, kF32, std::string(16, '\2'));
  std::string bytes = file.bytes();
  EXPECT_EQ(refusal(bytes), "");
  TempDir dir;
  for (size_t length = 0; length < bytes.size(); ++length)
    EXPECT_FALSE(Gguf::open(dir.write("cut.gguf", bytes.substr(0, length))).ok()) << length;
  size_t header_bytes = file.header().size();
  for (size_t i = 0; i < header_bytes; ++i)
    for (int change : {0x01, 0x80, 0xff}) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ change);
      (void)Gguf::open(dir.write("changed.gguf", changed)).ok();
    }
}

TEST(Gguf, AnswersALargeLieQuicklyAndInLittleMemory) {
  TempDir dir;
  std::string path = dir.write("x.gguf", said(65'536, 65'536));
  std::filesystem::resize_file(path, uint64_t{1} << 30);  // sparse: zeros to be taken for entries
  rusage before{}, after{};
  getrusage(RUSAGE_SELF, &before);
  auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(replaced(refusal_of(Gguf::open(path)), path, "F"),
            "F: metadata entry 0: key is \"\", expected ASCII letters without spaces");
  getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 64 << 10);
}

TEST(Gguf, GivesMetadataByType) {
  GgufFile file;
  file.u32("n.u32", 7).f32("n.f32", 1e-6f).text("t", "héllo").texts("ts", {"a", "", "c"});
  file.pair("n.u8", GgufType::kU8, "\xff").pair("n.i8", GgufType::kI8, "\xff").pair("b", GgufType::kBool, "\1");
  file.pair("n.u64", GgufType::kU64, bytes_of_number(UINT64_MAX));
  file.pair("n.f64", GgufType::kF64, bytes_of_number(0.1));
  file.array("ns", GgufType::kI32, 2, bytes_of_number(int32_t{-5}) + bytes_of_number(int32_t{6}));
  TempDir dir;
  std::string path = dir.write("x.gguf", file.bytes());
  auto opened = Gguf::open(path);
  ASSERT_TRUE(opened.ok()) << refusal_of(opened);
  const GgufMetadata& metadata = opened.value()->metadata();
  EXPECT_EQ(metadata.get_int("n.u32", 0, 10).value(), 7);
  EXPECT_EQ(metadata.get_int("n.u8", 0, 1000).value(), 255);
  EXPECT_EQ(metadata.get_int("n.i8", -5, 5).value(), -1);
  EXPECT_EQ(metadata.get_int("missing", 0, 10, 3).value(), 3);
  EXPECT_EQ(metadata.get_number("n.f32", 0, 1).value(), 1e-6);
  EXPECT_EQ(metadata.get_number("n.f64", 0, 1).value(), 0.1);
  EXPECT_EQ(metadata.get_number("n.u32", 0, 10).value(), 7.0);
  EXPECT_EQ(metadata.get_bool("b").value(), true);
  EXPECT_EQ(metadata.get_text("t").value(), "héllo");
  EXPECT_EQ(metadata.get_texts("ts").value(), (std::vector<std::string_view>{"a", "", "c"}));
  EXPECT_EQ(metadata.get_ints("ns", -5, 6).value(), (std::vector<int64_t>{-5, 6}));

  auto refused = [&](const auto& result) { return replaced(refusal_of(result), path, "F"); };
  EXPECT_EQ(refused(metadata.get_int("n.u32", 8, 10)), "F: n.u32 is 7, expected a whole number from 8 to 10");
  EXPECT_EQ(refused(metadata.get_int("n.u64", 0, 9)), "F: n.u64 is u64, expected a whole number from 0 to 9");
  EXPECT_EQ(refused(metadata.get_int("ns", 0, 9)), "F: ns is an array, expected a whole number from 0 to 9");
  EXPECT_EQ(refused(metadata.get_int("n", 0, 9)), "F: n is not given, expected a whole number from 0 to 9");
  EXPECT_EQ(refused(metadata.get_number("t", 0, 1)), "F: t is a text, expected a number from 0.0 to 1.0");
  EXPECT_EQ(refused(metadata.get_bool("n.u8")), "F: n.u8 is u8, expected a bool");
  EXPECT_EQ(refused(metadata.get_text("ts")), "F: ts is an array, expected a text");
  EXPECT_EQ(refused(metadata.get_texts("ns")), "F: ns is an array, expected an array of texts");
  EXPECT_EQ(refused(metadata.get_ints("ns", 0, 9)),
            "F: ns holds entry 0, which is another, expected whole numbers from 0 to 9");
}

TEST(Gguf, GivesTensorsOutermostDimensionFirst) {
  GgufFile file;
  file.alignment = 64;
  file.u32("general.alignment", 64).tensor("w", {32, 3, 2}, kQ4_0, std::string(108, '\5'));
  file.tensor("v", {2}, kF32, std::string(8, '\6'));
  TempDir dir;
  auto checkpoint = Checkpoint::open(dir.write("x.gguf", file.bytes()));
  ASSERT_TRUE(checkpoint.ok()) << refusal_of(checkpoint);
  const StoredTensor *w = checkpoint.value().find("w"), *v = checkpoint.value().find("v");
  ASSERT_TRUE(w && v);
  EXPECT_EQ(w->dtype, DType::kQ4_0);
  EXPECT_EQ(w->shape, (std::vector<int64_t>{2, 3, 32}));
  EXPECT_EQ(w->bytes, 108u);
  EXPECT_EQ(std::to_integer<int>(w->data[107]), 5);
  EXPECT_EQ(std::to_integer<int>(v->data[0]), 6);
  EXPECT_EQ(v->data - w->data, 128);
}

// One part of a model in two.
GgufFile part(uint16_t number, const std::string& tensor) {
  GgufFile file;
  file.pair("split.no", GgufType::kU16, bytes_of_number(number));
  file.pair("split.count", GgufType::kU16, bytes_of_number(uint16_t{2}));
  file.tensor(tensor, {4}, kF32, std::string(16, '\1'));
  return file;
}

TEST(Gguf, OpensAllPartsOfADividedModelByTheFirst) {
  TempDir dir;
  dir.write("m-00001-of-00002.gguf", part(0, "a").bytes());
  auto open = [&](const std::string& name) { return Checkpoint::open(dir / name); };
  auto refused = [&](const auto& result) { return replaced(refusal_of(result), dir.path().string(), "D"); };
  EXPECT_EQ(refused(open("m-00001-of-00002.gguf")), "D/m-00002-of-00002.gguf: No such file or directory");
  dir.write("m-00002-of-00002.gguf", part(0, "b").bytes());
  EXPECT_EQ(refused(open("m-00001-of-00002.gguf")), "D/m-00002-of-00002.gguf: split.no is 0, expected 1");
  dir.write("m-00002-of-00002.gguf", part(1, "b").bytes());
  auto checkpoint = open("m-00001-of-00002.gguf");
  ASSERT_TRUE(checkpoint.ok()) << refusal_of(checkpoint);
  EXPECT_EQ(checkpoint.value().names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(refused(open("m-00002-of-00002.gguf")),
            "D/m-00002-of-00002.gguf: is part 2 of 2, expected the first, NAME-00001-of-00002.gguf");
  dir.write("m-00002-of-00002.gguf", part(1, "a").bytes());
  EXPECT_EQ(refused(open("m-00001-of-00002.gguf")),
            "D/m-00002-of-00002.gguf: tensor a is also in another file of the checkpoint");
}

}  // namespace
}  // namespace tenon::testing
