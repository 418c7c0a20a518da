#include <tests/testing/temp_dir.hpp>

#include <tenon/weights/safetensors.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

namespace tenon::testing {
namespace {

// A file as its three parts. length: the header's, unless the file lies about it.
struct Parts {
  std::string header;
  uint64_t data_bytes = 0;
  std::optional<uint64_t> length = std::nullopt;

  std::string text() const {
    uint64_t said = length.value_or(header.size());
    return std::string(reinterpret_cast<const char*>(&said), sizeof said) + header +
           std::string(data_bytes, '\1');
  }
};

// The reason of the refusal, with F for the file's path.
std::string refusal(const std::string& content) {
  TempDir dir;
  std::string path = dir.write("x.safetensors", content);
  return replaced(refusal_of(Safetensors::open(path)), path, "F");
}

struct Case {
  Parts parts;
  const char* expected;
};

void expect_refusals(const std::vector<Case>& cases) {
  for (const Case& c : cases) EXPECT_EQ(refusal(c.parts.text()), c.expected) << c.parts.header.substr(0, 300);
}

// One F32 tensor "a" with these values for its fields.
std::string tensor(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"a":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
}
std::string shaped(const std::string& shape, const std::string& offsets = "[0,4]") {
  return tensor("\"F32\"", shape, offsets);
}

TEST(Safetensors, RefusesFilesTooShortForAHeader) {
  EXPECT_EQ(refusal(""), "F: is 0 bytes long, too short for a safetensors file");
  EXPECT_EQ(refusal("1234567"), "F: is 7 bytes long, too short for a safetensors file");
  EXPECT_EQ(refusal(std::string(8, '\0')), "F: header does not begin with {");
}

TEST(Safetensors, RefusesAHeaderLengthThatCannotBe) {
  expect_refusals({
      {{"{}", 0, 3}, "F: header is said to be 3 bytes long, but the file has 10 and the limit is 100000000"},
      {{"{}", 0, UINT64_MAX},
       "F: header is said to be 18446744073709551615 bytes long, but the file has 10 and the limit is "
       "100000000"},
      {{"{}", 0, UINT64_MAX - 7},
       "F: header is said to be 18446744073709551608 bytes long, but the file has 10 and the limit is "
       "100000000"},
      {{"{}", 0, uint64_t{1} << 63},
       "F: header is said to be 9223372036854775808 bytes long, but the file has 10 and the limit is "
       "100000000"},
      {{"{}", 0, 1}, "F: header: is not valid JSON at byte 2, expected RFC 8259"},
      {{"{}", 0, 0}, "F: header does not begin with {"},
  });
}

TEST(Safetensors, RefusesAHeaderAboveTheLimitEvenIfTheFileIsAsLong) {
  TempDir dir;
  std::string path = dir.write("x", Parts{"{}", 0, 100'000'001}.text());
  std::filesystem::resize_file(path, 100'000'100);  // sparse
  EXPECT_EQ(
      replaced(refusal_of(Safetensors::open(path)), path, "F"),
      "F: header is said to be 100000001 bytes long, but the file has 100000100 and the limit is 100000000");
}

TEST(Safetensors, RefusesHeadersThatAreNoJsonObject) {
  expect_refusals({
      {{""}, "F: header does not begin with {"},
      {{"[]"}, "F: header does not begin with {"},
      {{" {}"}, "F: header does not begin with {"},
      {{"\xef\xbb\xbf{}"}, "F: header does not begin with {"},
      {{"{"}, "F: header: is not valid JSON at byte 2, expected RFC 8259"},
      {{"{}}"}, "F: header: is not valid JSON at byte 3, expected RFC 8259"},
      {{"{\"a\":}"}, "F: header: is not valid JSON at byte 6, expected RFC 8259"},
      {{"{\"\xff\":1}"}, "F: header: is not valid JSON at byte 3, expected RFC 8259"},
      {{"{\"a\":NaN}"}, "F: header: is not valid JSON at byte 6, expected RFC 8259"},
      {{"{\"a\":1e999}"}, "F: header: has a number that is out of range, expected a double"},
      {{std::string("{}\0", 3)}, "F: header: is not valid JSON at byte 3, expected RFC 8259"},
      {{"{\"a\":" + std::string(100'000, '[')}, "F: header: is nested more than 64 deep"},
  });
}

TEST(Safetensors, RefusesNamesGivenTwice) {
  std::string a = R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  expect_refusals({
      {{"{" + a + "," + a + "}", 1}, "F: header: gives the key \"a\" twice"},
      {{"{" + a + R"(,"\u0061":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})", 2},
       "F: header: gives the key \"a\" twice"},
      {{R"({"a":{"dtype":"U8","shape":[1],"shape":[2],"data_offsets":[0,1]}})", 1},
       "F: header: gives the key \"shape\" twice"},
      {{R"({"__metadata__":{},"__metadata__":{}})"}, "F: header: gives the key \"__metadata__\" twice"},
  });
}

TEST(Safetensors, RefusesEntriesThatAreNotExactlyTheFormat) {
  constexpr const char* kFields = "F: tensor a: must have exactly dtype, shape and data_offsets";
  expect_refusals({
      {{R"({"a":null})"}, kFields},
      {{R"({"a":[]})"}, kFields},
      {{R"({"a":{}})"}, kFields},
      {{R"({"a":{"dtype":"F32","shape":[1]}})"}, kFields},
      {{R"({"a":{"dtype":"F32","shape":[1],"offsets":[0,4]}})", 4}, kFields},
      {{R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":1}})", 4}, kFields},
  });
}

TEST(Safetensors, RefusesUnknownTypes) {
  auto expected = [](const std::string& found) {
    return "F: tensor a: dtype is " + found + ", expected F32, F16, BF16, F8_E4M3, I32, I64 or U8";
  };
  for (const char* dtype : {"\"F64\"", "\"f32\"", "\"F8_E5M2\"", "\"\"", "3", "null", "[\"F32\"]"})
    EXPECT_EQ(refusal(Parts{tensor(dtype, "[1]", "[0,4]"), 4}.text()), expected(dtype));
}

TEST(Safetensors, RefusesShapesThatAreNone) {
  constexpr const char* kList = "F: tensor a: shape must be a list of at most 8 numbers";
  constexpr const char* kWhole = "F: tensor a: shape's entries must be whole numbers from 0";
  expect_refusals({
      {{shaped("1"), 4}, kList},
      {{shaped("null"), 4}, kList},
      {{shaped("\"[1]\""), 4}, kList},
      {{shaped("[1,1,1,1,1,1,1,1,1]"), 4}, kList},
      {{shaped("[-1]"), 4}, kWhole},
      {{shaped("[1.0]"), 4}, kWhole},
      {{shaped("[\"1\"]"), 4}, kWhole},
      {{shaped("[[1]]"), 4}, kWhole},
      {{shaped("[18446744073709551616]"), 4}, kWhole},
      {{shaped("[18446744073709551615]"), 4}, "F: tensor a: shape has a dimension above 2^40"},
      {{shaped("[1099511627777]"), 4}, "F: tensor a: shape has a dimension above 2^40"},
      {{shaped("[1099511627776,1099511627776]"), 4},
       "F: tensor a: shape has more elements than 64 bits can count"},
      {{shaped("[4294967296,1073741824]"), 4}, "F: tensor a: shape has more elements than 64 bits can count"},
  });
}

TEST(Safetensors, RefusesOffsetsThatDoNotFitTheShape) {
  expect_refusals({
      {{shaped("[1]", "4"), 4}, "F: tensor a: data_offsets must be two numbers"},
      {{shaped("[1]", "[0,2,4]"), 4}, "F: tensor a: data_offsets must be two numbers"},
      {{shaped("[1]", "[]"), 4}, "F: tensor a: data_offsets must be two numbers"},
      {{shaped("[1]", "[-4,0]"), 4}, "F: tensor a: data_offsets must be whole numbers from 0"},
      {{shaped("[1]", "[0,4.0]"), 4}, "F: tensor a: data_offsets must be whole numbers from 0"},
      {{shaped("[1]", "[0,null]"), 4}, "F: tensor a: data_offsets must be whole numbers from 0"},
      {{shaped("[1]", "[0,18446744073709551616]"), 4},
       "F: tensor a: data_offsets must be whole numbers from 0"},
      {{shaped("[1]", "[4,0]"), 4},
       "F: tensor a: data_offsets [4, 0] span less than nothing, but dtype and shape need 4"},
      {{shaped("[1]", "[0,3]"), 3},
       "F: tensor a: data_offsets [0, 3] span 3 bytes, but dtype and shape need 4"},
      {{shaped("[1]", "[0,8]"), 8},
       "F: tensor a: data_offsets [0, 8] span 8 bytes, but dtype and shape need 4"},
      {{shaped("[0]", "[0,4]"), 4},
       "F: tensor a: data_offsets [0, 4] span 4 bytes, but dtype and shape need 0"},
      {{shaped("[1]", "[18446744073709551612,18446744073709551615]"), 4},
       "F: tensor a: data_offsets [18446744073709551612, 18446744073709551615] span 3 bytes, but dtype and "
       "shape need 4"},
  });
}

std::string two(const std::string& first, const std::string& second) {
  return R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)" + first +
         R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + second + "}}";
}

TEST(Safetensors, RefusesOverlapsHolesAndWhatIsLeftOver) {
  expect_refusals({
      {{two("[0,4]", "[2,6]"), 6}, "F: tensor b begins at byte 2, inside its neighbour; expected 4"},
      {{two("[0,4]", "[0,4]"), 4}, "F: tensor b begins at byte 0, inside its neighbour; expected 4"},
      {{two("[0,4]", "[5,9]"), 9}, "F: tensor b begins at byte 5, after a hole; expected 4"},
      {{two("[4,8]", "[8,12]"), 12}, "F: tensor a begins at byte 4, after a hole; expected 0"},
      {{two("[0,4]", "[4,8]"), 9}, "F: 1 bytes follow the last tensor, expected none"},
      {{two("[0,4]", "[4,8]"), 7},
       "F: tensors need 8 bytes, but the file holds 7 after its header; it is cut short"},
      {{two("[0,4]", "[4,8]"), 0},
       "F: tensors need 8 bytes, but the file holds 0 after its header; it is cut short"},
      {{"{}", 1}, "F: 1 bytes follow the last tensor, expected none"},
      {{two("[18446744073709551611,18446744073709551615]", "[0,4]"), 8},
       "F: tensor a begins at byte 18446744073709551611, after a hole; expected 4"},
  });
}

TEST(Safetensors, RefusesNamesThatNobodyShouldHave) {
  auto named = [](const std::string& name) {
    return Parts{"{\"" + name + R"(":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1}.text();
  };
  auto expected = [](const std::string& shown) {
    return "F: tensor name \"" + shown + "\" is not 1 to 512 bytes without control characters";
  };
  EXPECT_EQ(refusal(named("")), expected(""));
  EXPECT_EQ(refusal(named("a\\nb")), expected("a\\x0ab"));
  EXPECT_EQ(refusal(named("\\u001b[2J")), expected("\\x1b[2J"));
  EXPECT_EQ(refusal(named("a\\u0000b")), expected("a\\x00b"));
  EXPECT_EQ(refusal(named("\\u007f")), expected("\\x7f"));
  EXPECT_EQ(refusal(named(std::string(513, 'n'))), expected(std::string(60, 'n') + "..."));
  EXPECT_EQ(refusal(named(std::string(512, 'n'))), "");
  EXPECT_EQ(refusal(named("größe")), "");
}

TEST(Safetensors, RefusesMetadataThatDoesNotMapStrings) {
  for (const char* metadata :
       {"1", "[]", "\"a\"", "null", R"({"a":1})", R"({"a":"b","c":null})", R"({"a":{"b":"c"}})"})
    EXPECT_EQ(refusal(Parts{std::string(R"({"__metadata__":)") + metadata + "}"}.text()),
              "F: __metadata__ must map strings to strings");
  EXPECT_EQ(refusal(Parts{R"({"__metadata__":{"format":"pt"}})"}.text()), "");
}

TEST(Safetensors, NamesWhatIsNoFile) {
  TempDir dir;
  auto missing = Safetensors::open(dir / "missing");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, TENON_IO);
  EXPECT_EQ(missing.error().text, (dir / "missing").string() + ": No such file or directory");
  EXPECT_EQ(refusal_of(Safetensors::open(dir.path())), dir.path().string() + ": is not a regular file");
}

TEST(Safetensors, NamesAFileItMayNotRead) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  TempDir dir;
  std::string path = dir.write("secret", Parts{"{}"}.text());
  chmod(path.c_str(), 0);
  EXPECT_EQ(refusal_of(Safetensors::open(path)), path + ": Permission denied");
}

TEST(Safetensors, AcceptsEmptyAndRankZeroTensors) {
  TempDir dir;
  std::string header = R"({"empty":{"dtype":"F32","shape":[0,7],"data_offsets":[0,0]},)"
                       R"("scalar":{"dtype":"F32","shape":[],"data_offsets":[0,4]},)"
                       R"("last":{"dtype":"I64","shape":[1,0],"data_offsets":[4,4]}}   )";
  auto file = Safetensors::open(dir.write("x", Parts{header, 4}.text()));
  ASSERT_TRUE(file.ok()) << file.error().text;
  const auto& tensors = file.value()->tensors();
  ASSERT_EQ(tensors.size(), 3u);
  EXPECT_EQ(tensors.at("empty").bytes, 0u);
  EXPECT_EQ(tensors.at("scalar").bytes, 4u);
  EXPECT_TRUE(tensors.at("scalar").shape.empty());
  EXPECT_EQ(tensors.at("last").shape, (std::vector<int64_t>{1, 0}));
}

TEST(Safetensors, AcceptsAFileWithoutTensors) { EXPECT_EQ(refusal(Parts{"{}"}.text()), ""); }

TEST(Safetensors, ReadsWhatItWrites) {
  TempDir dir;
  std::vector<float> floats = {1.5f, -2.0f, 3.25f, 0.0f, 5.0f, 6.0f};
  std::vector<uint8_t> bytes = {1, 2, 3};
  std::vector<int64_t> longs = {INT64_MIN, INT64_MAX};
  Status written = write_safetensors(dir / "x", {{"b.floats", DType::kF32, {2, 3}, floats.data()},
                                                 {"a.bytes", DType::kU8, {3}, bytes.data()},
                                                 {"nothing", DType::kBF16, {0, 4}, nullptr},
                                                 {"longs", DType::kI64, {2}, longs.data()}});
  ASSERT_TRUE(written.ok()) << written.error().text;
  auto file = Safetensors::open(dir / "x");
  ASSERT_TRUE(file.ok()) << file.error().text;
  const auto& tensors = file.value()->tensors();
  ASSERT_EQ(tensors.size(), 4u);
  EXPECT_EQ(tensors.at("b.floats").dtype, DType::kF32);
  EXPECT_EQ(tensors.at("b.floats").shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(std::memcmp(tensors.at("b.floats").data, floats.data(), 24), 0);
  EXPECT_EQ(std::memcmp(tensors.at("a.bytes").data, bytes.data(), 3), 0);
  EXPECT_EQ(std::memcmp(tensors.at("longs").data, longs.data(), 16), 0);
  EXPECT_EQ(tensors.at("nothing").bytes, 0u);
  EXPECT_EQ(dir.names(), std::vector<std::string>{"x"});
}

TEST(Safetensors, OpensAsManyTensorsAsALargeModelHas) {
  std::string header = "{";
  for (int i = 0; i < 75'000; ++i)
    header += (i ? ",\"" : "\"") + std::string("model.layers.") + std::to_string(i) +
              R"(":{"dtype":"U8","shape":[],"data_offsets":[)" + std::to_string(i) + "," +
              std::to_string(i + 1) + "]}";
  TempDir dir;
  auto file = Safetensors::open(dir.write("x", Parts{header + "}", 75'000}.text()));
  ASSERT_TRUE(file.ok()) << file.error().text;
  EXPECT_EQ(file.value()->tensors().size(), 75'000u);
}

TEST(Safetensors, NoFlippedByteOfAHeaderCrashes) {
  std::string good = Parts{two("[0,4]", "[4,8]"), 8}.text();
  TempDir dir;
  int refused = 0, accepted = 0;
  for (size_t at = 0; at < good.size() - 8; ++at)
    for (unsigned char flip : {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff}) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ flip);
      auto file = Safetensors::open(dir.write("x", bad));
      ++(file.ok() ? accepted : refused);
      for (const auto& [name, stored] :
           file.ok() ? file.value()->tensors() : decltype(file.value()->tensors()){}) {
        EXPECT_EQ(stored.bytes, 4u) << name;
        EXPECT_LE(name.size(), 2u) << name;
      }
    }
  EXPECT_GT(refused, 900);  // what is left are other names
  EXPECT_GT(accepted, 0);
}

}  // namespace
}  // namespace tenon::testing
