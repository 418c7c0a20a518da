// Any text as an answer: the first byte says how it is parsed, the second how it is cut. However it is cut, the
// same comes out; calls have JSON for arguments; and where nothing was taken for a call or a thought, nothing
// is lost.
#include <tenon/text/answer_parser.hpp>
#include <tenon/text/json_scanner.hpp>

#include <algorithm>
#include <cstdlib>

namespace {

using namespace tenon;

AnswerParserOptions options_of(uint8_t byte) {
  AnswerParserOptions options;
  options.format = static_cast<ToolFormat>(byte % 3);
  options.start = (byte & 4) != 0 ? AnswerPart::kReasoning : AnswerPart::kContent;
  options.delivery = (byte & 8) != 0 ? CallDelivery::kWhole : CallDelivery::kStreamed;
  if ((byte & 16) != 0) options.call_bytes_max = 64;
  return options;
}

ParsedAnswer parse(std::string_view text, const AnswerParserOptions& options, size_t piece) {
  AnswerParser parser(AnswerMarkers(), options);
  ParsedAnswer answer;
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size())))
    for (const AnswerDelta& delta : parser.push(-1, text.substr(0, piece))) answer.add(delta);
  for (const AnswerDelta& delta : parser.finish()) answer.add(delta);
  return answer;
}

void expect(bool is_so) {
  if (!is_so) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  AnswerParserOptions options = options_of(data[0]);
  std::string_view text(reinterpret_cast<const char*>(data + 2), size - 2);
  ParsedAnswer answer = parse(text, options, text.size() + 1);
  expect(parse(text, options, size_t{1} + data[1] % 16) == answer);
  for (const ToolCall& call : answer.calls) expect(!call.name.empty() && is_json(call.arguments));
  bool is_content = options.start == AnswerPart::kContent && answer.reasoning.empty() && answer.calls.empty();
  if (is_content && text.find("<think>") == std::string_view::npos) expect(answer.content == text);
  return 0;
}
