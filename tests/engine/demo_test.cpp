// The demo model answers as the reference implementation does, token by token.
#include <tests/testing/model_bench.hpp>

#include <tenon/base/file.hpp>
#include <tenon/base/json.hpp>
#include <tenon/text/tokenizer.hpp>

#include <gtest/gtest.h>

#include <sstream>

namespace tenon::testing {
namespace {

const std::string kDemo = TENON_SOURCE "/models/demo";

// One line of golden_chat.jsonl.
struct Chat {
  std::string prompt;
  std::vector<int32_t> prompt_ids, greedy_ids;
  double smallest_gap;  // between the two most probable tokens, on the way
};

std::vector<Chat> golden_chats() {
  auto text = read_file(TENON_FIXTURES "/demo/golden_chat.jsonl", 1 << 20);
  EXPECT_TRUE(text.ok()) << text.error().text;
  std::vector<Chat> chats;
  std::istringstream lines(text.value());
  for (std::string line; std::getline(lines, line);) {
    Json json = parse_json(line, "golden_chat.jsonl").value();
    chats.push_back({json["prompt"], json["prompt_ids"], json["greedy_ids"], json["smallest_gap"]});
  }
  return chats;
}

TEST(Demo, AnswersAsTheReference) {
  TestModel demo = TestModel::at(kDemo);
  Tokenizer tokenizer = Tokenizer::load(kDemo + "/tokenizer.json").value();
  std::vector<Chat> chats = golden_chats();
  ASSERT_GE(chats.size(), 10u);
  std::vector<Request> requests;
  for (const Chat& chat : chats) {
    EXPECT_EQ(tokenizer.encode(chat.prompt).value(), chat.prompt_ids) << chat.prompt;
    Request request;
    request.prompt = chat.prompt_ids;
    request.max_tokens = static_cast<uint32_t>(chat.greedy_ids.size());
    request.sampling.temperature = 0;
    requests.push_back(request);
  }
  // All at once: that it does not matter is tested elsewhere.
  std::vector<Outcome> outcomes = run_all(demo.engine(), requests);
  for (size_t i = 0; i < chats.size(); ++i)
    EXPECT_EQ(outcomes[i].tokens, chats[i].greedy_ids)
        << chats[i].prompt << "\nanswered: " << tokenizer.decode(outcomes[i].tokens)
        << "\nexpected: " << tokenizer.decode(chats[i].greedy_ids) << "\nsmallest gap "
        << chats[i].smallest_gap;
}

}  // namespace
}  // namespace tenon::testing
