#include <tests/testing/temp_dir.hpp>

#include <tenon/weights/checkpoint.hpp>
#include <tenon/weights/safetensors.hpp>

namespace tenon::testing {
namespace {

constexpr const char* kIndex = "model.safetensors.index.json";

// Writes a shard with one byte-sized tensor for each name.
void write_shard(const TempDir& dir, const std::string& file, const std::vector<std::string>& names) {
  static const uint8_t kByte = 7;
  std::vector<TensorToWrite> tensors;
  for (const std::string& name : names) tensors.push_back({name, DType::kU8, {1}, &kByte});
  Status written = write_safetensors(dir / file, tensors);
  EXPECT_TRUE(written.ok()) << refusal_of(written);
}

// The reason of the refusal, with D for the directory.
std::string refusal(const TempDir& dir) {
  return replaced(refusal_of(Checkpoint::open(dir.path())), dir.path().string(), "D");
}

std::string refusal_of_index(const std::string& index) {
  TempDir dir;
  write_shard(dir, "a.safetensors", {"x", "y"});
  dir.write(kIndex, index);
  return refusal(dir);
}

TEST(Checkpoint, OpensASingleFileOrItsDirectory) {
  TempDir dir;
  write_shard(dir, "model.safetensors", {"x", "y"});
  for (const auto& path : {dir.path(), dir / "model.safetensors"}) {
    auto checkpoint = Checkpoint::open(path);
    ASSERT_TRUE(checkpoint.ok()) << checkpoint.error().text;
    EXPECT_EQ(checkpoint.value().names(), (std::vector<std::string>{"x", "y"}));
    EXPECT_EQ(checkpoint.value().bytes(), 2u);
    EXPECT_EQ(checkpoint.value().path(), path);
    EXPECT_NE(checkpoint.value().find("x"), nullptr);
    EXPECT_EQ(checkpoint.value().find("z"), nullptr);
  }
}

TEST(Checkpoint, OpensTheShardsOfAnIndexAndTellsHowFarItIs) {
  TempDir dir;
  write_shard(dir, "1.safetensors", {"x"});
  write_shard(dir, "2.safetensors", {"y", "z"});
  write_shard(dir, "not-listed.safetensors", {"other"});
  dir.write(kIndex, R"({"metadata": {"total_size": 3}, "weight_map":
                        {"z": "2.safetensors", "x": "1.safetensors", "y": "2.safetensors"}})");
  std::vector<std::pair<uint64_t, uint64_t>> told;
  auto checkpoint = Checkpoint::open(dir.path(), [&](uint64_t done, uint64_t total) {
    told.push_back({done, total});
  });
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.error().text;
  EXPECT_EQ(checkpoint.value().names(), (std::vector<std::string>{"x", "y", "z"}));
  EXPECT_EQ(told, (std::vector<std::pair<uint64_t, uint64_t>>{{1, 2}, {2, 2}}));
  Checkpoint moved = std::move(checkpoint).value();
  EXPECT_EQ(std::to_integer<int>(*moved.find("z")->data), 7);
}

TEST(Checkpoint, NamesWhatIsMissing) {
  TempDir dir;
  EXPECT_EQ(refusal(dir), "D: has no weights, expected model.safetensors or model.safetensors.index.json");
  auto missing = Checkpoint::open(dir / "nothing");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, TENON_IO);
  EXPECT_EQ(missing.error().text, (dir / "nothing").string() + ": No such file or directory");
}

TEST(Checkpoint, RefusesAnIndexThatIsNone) {
  EXPECT_EQ(refusal_of_index(""),
            "D/model.safetensors.index.json: is not valid JSON at byte 1, expected RFC 8259");
  constexpr const char* kNoMap =
      "D/model.safetensors.index.json: has no weight_map, expected an object of tensor names and file names";
  for (const char* index :
       {"[]", "1", "{}", R"({"weight_map": null})", R"({"weight_map": []})", R"({"weight_map": "x"})"})
    EXPECT_EQ(refusal_of_index(index), kNoMap) << index;
  EXPECT_EQ(refusal_of_index(R"({"weight_map": {"x": 1}})"),
            "D/model.safetensors.index.json: weight_map: x must name a file");
  EXPECT_EQ(refusal_of_index(R"({"weight_map": {"x\n": null}})"),
            "D/model.safetensors.index.json: weight_map: x\\x0a must name a file");
  EXPECT_EQ(refusal_of_index(R"({"weight_map": {"x": "a.safetensors", "x": "a.safetensors"}})"),
            "D/model.safetensors.index.json: gives the key \"x\" twice");
}

TEST(Checkpoint, RefusesShardNamesThatAreNotPlain) {
  auto refused = [](const std::string& json, const std::string& shown) {
    EXPECT_EQ(refusal_of_index("{\"weight_map\": {\"x\": \"" + json + "\"}}"),
              "D/model.safetensors.index.json: weight_map: x is in \"" + shown +
                  "\", expected a plain file name beside the index");
  };
  refused("", "");
  refused(".", ".");
  refused("..", "..");
  refused("../a.safetensors", "../a.safetensors");
  refused("/etc/passwd", "/etc/passwd");
  refused("sub/a.safetensors", "sub/a.safetensors");
  refused(".hidden", ".hidden");
  refused("a\\u0000.safetensors", "a\\x00.safetensors");
  refused("a\\u001b[2J", "a\\x1b[2J");
  refused(std::string(256, 'a'), std::string(200, 'a') + "...");
}

TEST(Checkpoint, NamesAShardThatIsMissing) {
  EXPECT_EQ(
      refusal_of_index(R"({"weight_map": {"x": "a.safetensors", "z": "b.safetensors", "y": "a.safetensors"}})"),
      "D/b.safetensors: No such file or directory");
}

TEST(Checkpoint, NamesTensorsThatIndexAndShardsDisagreeOn) {
  EXPECT_EQ(refusal_of_index(R"({"weight_map": {"x": "a.safetensors"}})"),
            "D/model.safetensors.index.json: does not list y in a.safetensors, but the file has it");
  EXPECT_EQ(
      refusal_of_index(R"({"weight_map": {"x": "a.safetensors", "y": "a.safetensors", "z": "a.safetensors"}})"),
      "D/model.safetensors.index.json: lists z in a.safetensors, but it is not there");
  EXPECT_EQ(refusal_of_index(
                R"({"weight_map": {"x": "a.safetensors", "y": "a.safetensors", "z\r": "a.safetensors"}})"),
            "D/model.safetensors.index.json: lists z\\x0d in a.safetensors, but it is not there");
  TempDir dir;
  write_shard(dir, "a.safetensors", {"x", "y"});
  write_shard(dir, "b.safetensors", {"z"});
  dir.write(kIndex, R"({"weight_map": {"x": "a.safetensors", "y": "b.safetensors", "z": "b.safetensors"}})");
  EXPECT_EQ(refusal(dir),
            "D/model.safetensors.index.json: does not list y in a.safetensors, but the file has it");
}

TEST(Checkpoint, RefusesATensorThatIsInTwoShards) {
  TempDir dir;
  write_shard(dir, "a.safetensors", {"x", "y"});
  write_shard(dir, "b.safetensors", {"y", "z"});
  dir.write(kIndex, R"({"weight_map": {"x": "a.safetensors", "y": "a.safetensors", "z": "b.safetensors"}})");
  EXPECT_EQ(refusal(dir), "D/b.safetensors: tensor y is also in another file of the checkpoint");
}

TEST(Checkpoint, NamesTheShardThatIsMalformed) {
  TempDir dir;
  write_shard(dir, "a.safetensors", {"x"});
  dir.write("b.safetensors", "too short");
  dir.write(kIndex, R"({"weight_map": {"x": "a.safetensors", "y": "b.safetensors"}})");
  EXPECT_TRUE(refusal(dir).starts_with("D/b.safetensors: header is said to be ")) << refusal(dir);
}

TEST(Checkpoint, RefusesAnIndexOfTooManyShards) {
  std::string map;
  for (int i = 0; i < 10'001; ++i)
    map += (i ? ",\"" : "\"") + std::to_string(i) + "\":\"" + std::to_string(i) + ".s\"";
  EXPECT_EQ(refusal_of_index("{\"weight_map\": {" + map + "}}"),
            "D/model.safetensors.index.json: names more than 10000 files");
}

TEST(Checkpoint, OpensAnIndexOfAsManyTensorsAsALargeModelHas) {
  TempDir dir;
  std::vector<std::string> names;
  std::string map;
  for (int i = 0; i < 75'000; ++i) {
    names.push_back("model.layers." + std::to_string(i) + ".weight");
    map += (i ? ",\"" : "\"") + names.back() + "\":\"a.safetensors\"";
  }
  write_shard(dir, "a.safetensors", names);
  dir.write(kIndex, "{\"weight_map\": {" + map + "}}");
  auto checkpoint = Checkpoint::open(dir.path());
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.error().text;
  EXPECT_EQ(checkpoint.value().names().size(), 75'000u);
}

}  // namespace
}  // namespace tenon::testing
