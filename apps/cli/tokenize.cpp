// tenon tokenize: the token ids of text, or the text of ids.
#include "command.hpp"
#include "streams.hpp"

#include <tenon/base/text.hpp>
#include <tenon/text/tokenizer.hpp>
#include <tenon/text/utf8.hpp>

#include <charconv>
#include <memory>
#include <optional>

namespace tenon::cli {
namespace {

using Ids = std::vector<int32_t>;

struct Options {
  std::string path;
  std::optional<std::string> text;
  bool jsonl = false, decode = false, pieces = false, plain = false;

  AddedTokens added() const { return plain ? AddedTokens::kIgnored : AddedTokens::kRecognised; }
};

Result<Tokenizer> load_tokenizer(const std::filesystem::path& path) {
  std::error_code ignored;
  return Tokenizer::load(std::filesystem::is_directory(path, ignored) ? path / "tokenizer.json" : path);
}

Status check_ids(const Ids& ids, const Tokenizer& tokenizer) {
  for (int32_t id : ids)
    if (tokenizer.bytes_of(id).empty())
      return invalid("ids: " + std::to_string(id) + " has no token, expected an id below " +
                     std::to_string(tokenizer.vocabulary_size()));
  return ok();
}

// "1 2 3", also with commas or line ends between them.
Result<Ids> parse_ids(std::string_view text) {
  constexpr std::string_view kBetween = " \t\r\n,";
  Ids ids;
  for (size_t at = text.find_first_not_of(kBetween); at != std::string_view::npos;
       at = text.find_first_not_of(kBetween, at)) {
    std::string_view word = text.substr(at, text.find_first_of(kBetween, at) - at);
    auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), ids.emplace_back());
    if (error != std::errc() || end != word.data() + word.size())
      return invalid("ids: has \"" + printable(word, 40) + "\", expected integers");
    at += word.size();
  }
  return ids;
}

Result<Json> read_field(const std::string& line, const char* field) {
  TENON_TRY(Json request, parse_json(line, "line"));
  if (request.is_object() && request.contains(field)) return request[field];
  return invalid(std::string("line: has no field \"") + field + "\", expected an object with one");
}

Result<Ids> read_ids(const std::string& line) {
  TENON_TRY(Json list, read_field(line, "ids"));
  bool fits = list.is_array() && std::all_of(list.begin(), list.end(), [](const Json& id) {
                return id.is_number_integer() && id >= 0 && id <= INT32_MAX;
              });
  if (!fits) return invalid("ids: is not a list of token ids, expected integers from 0 on");
  return list.get<Ids>();
}

Json pieces_of(const Ids& ids, const Tokenizer& tokenizer) {
  Json pieces = Json::array();
  for (int32_t id : ids) pieces.push_back(replace_invalid_utf8(tokenizer.bytes_of(id)));
  return pieces;
}

Result<Json> encode_line(const std::string& line, const Tokenizer& tokenizer, const Options& options) {
  TENON_TRY(Json text, read_field(line, "text"));
  if (!text.is_string()) return invalid("text: is not text, expected a JSON string");
  TENON_TRY(Ids ids, tokenizer.encode(text.get<std::string>(), options.added()));
  Json answer = {{"ids", ids}};
  if (options.pieces) answer["pieces"] = pieces_of(ids, tokenizer);
  return answer;
}

Result<Json> decode_line(const std::string& line, const Tokenizer& tokenizer) {
  TENON_TRY(Ids ids, read_ids(line));
  TENON_TRY(check_ids(ids, tokenizer));
  return Json{{"text", tokenizer.decode(ids)}};
}

std::string shown(const Ids& ids) {
  std::string text;
  for (int32_t id : ids) text += (text.empty() ? "" : " ") + std::to_string(id);
  return text + "\n";
}

// One token a line: its id and its bytes.
std::string shown_with_pieces(const Ids& ids, const Tokenizer& tokenizer) {
  std::string text;
  for (int32_t id : ids) text += std::to_string(id) + "\t" + printable(tokenizer.bytes_of(id)) + "\n";
  return text;
}

Result<std::string> answer_text(const std::string& text, const Tokenizer& tokenizer, const Options& options) {
  if (options.decode) {
    TENON_TRY(Ids ids, parse_ids(text));
    TENON_TRY(check_ids(ids, tokenizer));
    return tokenizer.decode(ids);
  }
  TENON_TRY(Ids ids, tokenizer.encode(text, options.added()));
  return options.pieces ? shown_with_pieces(ids, tokenizer) : shown(ids);
}

Result<int> tokenize(const Options& options) {
  TENON_TRY(Tokenizer tokenizer, load_tokenizer(options.path));
  if (options.jsonl)
    return answer_lines([&](const std::string& line) {
      return options.decode ? decode_line(line, tokenizer) : encode_line(line, tokenizer, options);
    });
  Result<std::string> text = options.text ? *options.text : read_input();
  if (!text.ok()) return text.error();
  TENON_TRY(std::string answer, answer_text(text.value(), tokenizer, options));
  TENON_TRY(write_output(answer));
  return 0;
}

}  // namespace

void add_tokenize(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("tokenize", "Show the token ids of text, or the text of ids");
  command->add_option("tokenizer", options->path, "A tokenizer.json, a GGUF file, or a model's directory")
      ->required();
  auto* text = command->add_option("text", options->text,
                                   "The text (with --decode: the ids); standard input if missing");
  auto* decode = command->add_flag("--decode", options->decode, "Take ids and show their text");
  command
      ->add_flag("--jsonl", options->jsonl,
                 "Read lines of {\"text\"} (with --decode: {\"ids\"}), write one for each")
      ->excludes(text);
  command->add_flag("--pieces", options->pieces, "Show each token with its text")->excludes(decode);
  command->add_flag("--plain", options->plain, "Take <|im_end|> and its like as plain text")->excludes(decode);
  command->callback([options, &chosen] { chosen = [options] { return tokenize(*options); }; });
}

}  // namespace tenon::cli
