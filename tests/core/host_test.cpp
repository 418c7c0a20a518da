// What a plugin object meets when it calls the core.
#include <tests/testing/temp_dir.hpp>
#include <tests/testing/test_services.hpp>

#include <tenon/sdk/host.hpp>
#include <tenon/sdk/speculator.hpp>

#include <thread>

namespace tenon::testing {
namespace {

TEST(PluginHost, SaysWhoItIsAndWhichAbiItSpeaks) {
  TestServices bench;
  auto host = bench.make_host("layer 3: delta");
  EXPECT_EQ(host->raw()->size, sizeof(tenon_host));
  EXPECT_EQ(host->raw()->abi_major, uint32_t{TENON_ABI_MAJOR});
  EXPECT_EQ(host->raw()->abi_minor, uint32_t{TENON_ABI_MINOR});
  EXPECT_EQ(host->raw()->isa, TENON_ISA_SCALAR);
}

TEST(PluginHost, PutsThePlaceBeforeAReason) {
  TestServices bench;
  auto host = bench.make_host("layer 3: delta");
  std::string reason = "state is too large";
  host->raw()->set_error(host->raw(), reason.c_str());
  reason = "overwritten after the call";
  Error error = host->take_error(TENON_UNSUPPORTED);
  EXPECT_EQ(error.code, TENON_UNSUPPORTED);
  EXPECT_EQ(error.text, "layer 3: delta: state is too large");
}

TEST(PluginHost, ForgetsAReasonOnceItIsTaken) {
  TestServices bench;
  auto host = bench.make_host("delta");
  host->raw()->set_error(host->raw(), "old");
  EXPECT_EQ(host->take_error(TENON_INVALID).text, "delta: old");
  EXPECT_EQ(host->take_error(TENON_INVALID).text, "delta: invalid input, no reason given");
}

TEST(PluginHost, NamesTheCodeOfAFailureWithoutAReason) {
  TestServices bench;
  auto host = bench.make_host("delta");
  const std::pair<tenon_status, const char*> words[] = {
      {TENON_INVALID, "invalid input"},       {TENON_UNSUPPORTED, "not supported"},
      {TENON_OUT_OF_MEMORY, "out of memory"}, {TENON_IO, "input or output failed"},
      {TENON_DEVICE, "the device failed"},    {TENON_INTERNAL, "internal error"}};
  for (auto [code, word] : words)
    EXPECT_EQ(host->take_error(code).text, std::string("delta: ") + word + ", no reason given");
  host->raw()->set_error(host->raw(), "");
  EXPECT_EQ(host->take_error(TENON_IO).text, "delta: input or output failed, no reason given");
  host->raw()->set_error(host->raw(), nullptr);
  EXPECT_EQ(host->take_error(TENON_IO).text, "delta: input or output failed, no reason given");
}

TEST(PluginHost, TreatsACodeThatDoesNotExistAsABug) {
  TestServices bench;
  auto host = bench.make_host("delta");
  Error error = host->take_error(static_cast<tenon_status>(7));
  EXPECT_EQ(error.code, TENON_INTERNAL);
  EXPECT_EQ(error.text, "delta: unknown status, no reason given");
}

TEST(PluginHost, KeepsAReasonFromAnyThread) {
  TestServices bench;
  auto host = bench.make_host("delta");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 200; ++n)
        host->raw()->set_error(host->raw(), "a reason that is longer than a short string");
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(host->take_error(TENON_INVALID).text, "delta: a reason that is longer than a short string");
}

TEST(PluginHost, OffersEveryServiceThatItLists) {
  TestServices bench;
  auto host = bench.make_host("delta");
  for (const std::string& id : service_ids()) {
    const void* service = host->raw()->get_service(host->raw(), id.c_str());
    EXPECT_EQ(service != nullptr, id != TENON_LAYERS) << id;  // layers are for speculators
    if (!service) continue;
    EXPECT_GE(*static_cast<const uint32_t*>(service), 8 + sizeof(void*)) << id;
  }
  for (const char* id : {"", "tenon.ops", "tenon.ops/2", "tenon.ops/1 ", "TENON.OPS/1"})
    EXPECT_EQ(host->raw()->get_service(host->raw(), id), nullptr) << id;
}

TEST(PluginHost, LeavesTheReasonOfAFailedOpWithTheObject) {
  TestServices bench;
  auto host = bench.make_host("layer 3: delta");
  Ops ops{Host(host->raw())};
  float x[4] = {}, y[6] = {};
  tenon_step step{};
  Status status = ops.silu_multiply(step, Matrix(x, 2, 2), Matrix(x, 2, 2), Matrix(y, 2, 3));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().text, "");  // the SDK knows that the core has said it
  EXPECT_EQ(host->take_error(status.error().code).text,
            "layer 3: delta: silu_multiply: gate [2, 2], up [2, 2] and y [2, 3] differ in shape");
}

TEST(PluginHost, TracesUnderTheObjectsPrefixOnlyWhileSomebodyListens) {
  TestServices bench;
  auto host = bench.make_host("delta");
  Trace trace{Host(host->raw())};
  float values[2] = {1, 2};
  std::vector<std::string> names;
  bench.trace.receive = [&](const std::string& name, const tenon_tensor& value) {
    names.push_back(name + " " + std::to_string(value.shape[1]));
  };
  trace.emit("q", Matrix(values, 1, 2));
  EXPECT_TRUE(names.empty());
  bench.trace.is_on = true;
  trace.emit("q", Matrix(values, 1, 2));
  EXPECT_EQ(names, std::vector<std::string>{"trace.q 2"});
}

TEST(PluginHost, LendsItsThreads) {
  TestServices bench;
  auto host = bench.make_host("delta");
  std::vector<int> hits(10);
  Threads(Host(host->raw())).parallel_for(10, 3, [&](uint32_t begin, uint32_t end, uint32_t) {
    for (uint32_t i = begin; i < end; ++i) ++hits[i];
  });
  EXPECT_EQ(hits, std::vector<int>(10, 1));
}

// Layers that fail, as the speculator's side sees it.
class FailingLayers : public LayerProvider {
 public:
  Result<tenon_layer*> create(const std::string& mixer, const std::string&, uint32_t) override {
    return invalid("role \"" + mixer + "\": is not in the description");
  }
  Result<tenon_needs> plan(tenon_layer&) override { throw std::bad_alloc(); }
  Status bind(tenon_layer&) override { throw std::runtime_error("lost"); }
  Status forward(tenon_layer&, const tenon_step&, const tenon_state&, Matrix, Matrix) override { return ok(); }
  Status embed(const int32_t*, Matrix) override { return ok(); }
  Status head(Matrix, Matrix) override { return ok(); }
  Result<const tenon_step*> next(const tenon_step&) override { return invalid("no more"); }
};

TEST(PluginHost, TurnsEveryFailureOfALayerIntoACodeAndAReason) {
  TestServices bench;
  FailingLayers provider;
  auto host = bench.make_host("guess", &provider);
  Layers layers{Host(host->raw())};
  auto* nowhere = reinterpret_cast<tenon_layer*>(&provider);
  EXPECT_EQ(layers.create("full", "sparse", 0).error().code, TENON_INVALID);
  EXPECT_EQ(host->take_error(TENON_INVALID).text, "guess: role \"full\": is not in the description");
  EXPECT_EQ(layers.plan(nowhere).error().code, TENON_OUT_OF_MEMORY);
  EXPECT_EQ(host->take_error(TENON_OUT_OF_MEMORY).text, "guess: out of memory");
  EXPECT_EQ(layers.bind(nowhere).error().code, TENON_INTERNAL);
  EXPECT_EQ(host->take_error(TENON_INTERNAL).text, "guess: exception: lost");
}

}  // namespace
}  // namespace tenon::testing
