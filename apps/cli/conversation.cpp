#include "conversation.hpp"

#include "answer_reader.hpp"

#include <tenon/base/file.hpp>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <random>
#include <unordered_map>

namespace tenon::cli {
namespace {

volatile std::sig_atomic_t g_interrupted = 0;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

uint64_t random_seed() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

}  // namespace

const char* name_of(Ending ending) {
  switch (ending) {
    case Ending::kEos: return "eos";
    case Ending::kLength: return "length";
    case Ending::kStop: return "stop";
    case Ending::kInterrupt: return "interrupt";
  }
  return "unknown";
}

bool take_interrupt() {
  bool was_set = g_interrupted;
  g_interrupted = 0;
  return was_set;
}

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = [](int) { g_interrupted = 1; };
  sigaction(SIGINT, &action, nullptr);  // without SA_RESTART: a line being read is given up too
}

void GenerationOptions::add_to(CLI::App& command) {
  command.add_option("--temperature", temperature, "Randomness; 0 takes the most probable token")
      ->check(CLI::Range(0.0, 100.0));
  command.add_option("--top-k", top_k, "Draw from the K most probable tokens; 0: all")
      ->check(CLI::Range(0, 1 << 24));
  command.add_option("--top-p", top_p, "Draw from the fewest tokens with this probability together")
      ->check(CLI::Range(0.0, 1.0));
  command.add_option("--min-p", min_p, "Draw from tokens with this share of the greatest probability")
      ->check(CLI::Range(0.0, 1.0));
  command.add_option("--repetition-penalty", repetition_penalty, "Above 1: seen tokens become less likely")
      ->check(CLI::Range(0.01, 100.0));
  command.add_option("--presence-penalty", presence_penalty, "Above 0: generated tokens become less likely")
      ->check(CLI::Range(-10.0, 10.0));
  command.add_option("--frequency-penalty", frequency_penalty, "The same, times how often")
      ->check(CLI::Range(-10.0, 10.0));
  command.add_option("--seed", seed, "The same seed gives the same answer; default: a new one each time");
  command.add_option("-n,--max-tokens", max_tokens, "Tokens of the answer at most")
      ->check(CLI::Range(1, 1 << 24));
  command.add_flag("--ignore-eos", ignore_eos, "Go on after the token that ends an answer");
  command.add_option("--stop", stops, "End the answer before this text; may be given several times")
      ->type_name("TEXT");
  command.add_option("--thinking", thinking, "Whether the model thinks first: on or off")
      ->check(CLI::IsMember({"on", "off"}));
  command
      .add_option("--chat-template-kwargs", template_kwargs,
                  "Further variables of the chat template, a JSON object")
      ->type_name("JSON");
}

Result<std::unique_ptr<Conversation>> Conversation::load(const ModelOptions& options) {
  TENON_TRY(ModelDescription description, options.describe());
  std::unique_ptr<Conversation> loaded(new Conversation);
  TENON_TRY(loaded->model_, LoadedModel::load(std::move(description), options.plugins));
  TENON_TRY(loaded->load_text());
  TENON_TRY(loaded->engine_, AsyncEngine::make(loaded->model_->assembly()));
  return loaded;
}

Status Conversation::load_text() {
  TENON_TRY(tokenizer_, load_tokenizer(description(), "a model needs one to answer text"));
  forms_ = std::make_unique<AnswerForms>(*tokenizer_);
  return ok();
}

Result<std::string> Conversation::render(const Json& messages, const GenerationOptions& options) const {
  const TextSection& text = description().text;
  if (text.chat_template.empty())
    return invalid(description().file + ": text.chat_template is not given; use --raw to continue plain text");
  Json kwargs = Json::object();
  if (!options.template_kwargs.empty()) {
    TENON_TRY(kwargs, parse_json(options.template_kwargs, "--chat-template-kwargs"));
    if (!kwargs.is_object()) return invalid("--chat-template-kwargs: is not a JSON object");
  }
  if (!options.thinking.empty()) kwargs["enable_thinking"] = options.thinking == "on";
  TENON_TRY(ChatTemplate chat_template, ChatTemplate::load(text.chat_template));
  Json request = {{"messages", messages}, {"add_generation_prompt", true}, {"kwargs", kwargs}};
  if (!text.bos_token.empty()) request["bos_token"] = text.bos_token;
  if (!text.eos_token.empty()) request["eos_token"] = text.eos_token;
  return chat_template.render(request);
}

Result<Request> Conversation::request_of(std::vector<int32_t> prompt, const GenerationOptions& options) const {
  const GenerationSection& defaults = description().generation;
  Request request;
  request.prompt = std::move(prompt);
  SamplingParameters& sampling = request.sampling;
  sampling.temperature = options.temperature.value_or(defaults.temperature);
  sampling.top_k = options.top_k.value_or(defaults.top_k);
  sampling.top_p = options.top_p.value_or(defaults.top_p);
  sampling.min_p = options.min_p.value_or(defaults.min_p);
  sampling.repetition_penalty = options.repetition_penalty.value_or(defaults.repetition_penalty);
  sampling.presence_penalty = options.presence_penalty.value_or(defaults.presence_penalty);
  sampling.frequency_penalty = options.frequency_penalty.value_or(defaults.frequency_penalty);
  sampling.seed = options.seed ? *options.seed : random_seed();
  request.max_tokens = options.max_tokens;
  if (!options.ignore_eos) request.eos = defaults.eos;
  if (options.form) {
    TENON_TRY(request.constraint, forms_->make(*options.form, request.prompt));
  }
  return request;
}

Json opening_messages(const std::string& system) {
  Json messages = Json::array();
  if (!system.empty()) messages.push_back({{"role", "system"}, {"content", system}});
  return messages;
}

Result<std::string> Conversation::render_question(const std::string& system, const std::string& question,
                                                  const GenerationOptions& options) const {
  Json messages = opening_messages(system);
  messages.push_back({{"role", "user"}, {"content", question}});
  return render(messages, options);
}

// One answer in the making.
class Conversation::Listener {
 public:
  Listener(const Tokenizer& tokenizer, std::optional<AnswerPart> start, const GenerationOptions& options,
           AnswerView& view)
      : reader_(tokenizer, start, options.stops, view), start_(std::chrono::steady_clock::now()) {}

  // Returns false when no more tokens are wanted.
  bool take(const TokenEvent& event) {
    if (event.token >= 0) take(event.token);
    if (event.is_last) last_ = event, seconds_ = seconds_since(start_);
    return is_wanted_;
  }

  Result<Answer> finish(uint32_t prompt_tokens, bool is_interrupted) {
    reader_.finish();
    if (reader_.has_failed()) return io_error("standard output", errno);
    if (!last_.error.empty()) return Error{TENON_INTERNAL, last_.error};
    answer_.prompt_tokens = prompt_tokens;
    answer_.decode_seconds = seconds_ - answer_.prefill_seconds;
    answer_.text = reader_.content();
    answer_.thought = reader_.thought();
    answer_.thought_tokens = reader_.tokens_of_thought();
    answer_.ending = is_interrupted                          ? Ending::kInterrupt
                     : reader_.has_matched()                 ? Ending::kStop
                     : last_.reason == FinishReason::kLength ? Ending::kLength
                                                             : Ending::kEos;
    return std::move(answer_);
  }

 private:
  void take(int32_t token) {
    if (answer_.output_tokens++ == 0) answer_.prefill_seconds = seconds_since(start_);
    if (!is_wanted_) return;
    answer_.ids.push_back(token);
    is_wanted_ = reader_.take(token);
  }

  AnswerReader reader_;
  std::chrono::steady_clock::time_point start_;
  double seconds_ = 0;
  Answer answer_{};
  TokenEvent last_;
  bool is_wanted_ = true;
};

// Prompts that are answered together, over one stream.
class Conversation::Round {
 public:
  Round(const Conversation& conversation, std::vector<Prompt> prompts, AnswerView& view)
      : conversation_(conversation), prompts_(std::move(prompts)), view_(view) {}

  std::vector<Result<Answer>> run() {
    while (members_.size() < prompts_.size() || !stream_.is_done()) {
      while (has_room_ && members_.size() < prompts_.size()) has_room_ = submit(prompts_[members_.size()]);
      if (auto event = stream_.next_within(kPatience)) {
        Member& member = members_[number_of_.at(event->request)];
        has_room_ |= event->is_last;
        if (!member.listener->take(*event)) conversation_.engine_->cancel(event->request);
      }
      if (take_interrupt()) interrupt();
    }
    std::vector<Result<Answer>> answers;
    for (Member& member : members_)
      answers.push_back(member.problem.ok() ? member.listener->finish(member.prompt_tokens, is_interrupted_)
                                            : Result<Answer>(member.problem.error()));
    return answers;
  }

 private:
  static constexpr std::chrono::milliseconds kPatience{50};  // until a look at whether Ctrl-C was pressed
  struct Member {
    std::unique_ptr<Listener> listener;
    uint32_t prompt_tokens = 0;
    Status problem = ok();
  };

  // Returns false if it has to wait for others to end.
  bool submit(const Prompt& prompt) {
    const Tokenizer& tokenizer = *conversation_.tokenizer_;
    auto tokens = tokenizer.encode(prompt.text);
    std::optional<AnswerPart> start;
    if (tokens.ok() && prompt.form == Form::kChat)
      start = part_after(tokens.value(), tokenizer, AnswerMarkers(tokenizer));
    Member member{std::make_unique<Listener>(tokenizer, start, prompt.options, view_)};
    if (is_interrupted_ || !tokens.ok()) {
      if (!tokens.ok()) member.problem = tokens.error();
      return members_.push_back(std::move(member)), true;
    }
    member.prompt_tokens = static_cast<uint32_t>(tokens.value().size());
    bool is_alone = stream_.is_done();
    auto request = conversation_.request_of(std::move(tokens).value(), prompt.options);
    if (!request.ok()) {
      member.problem = request.error();
      return members_.push_back(std::move(member)), true;
    }
    auto ids = conversation_.engine_->submit({std::move(request).value()}, stream_);
    if (!ids.ok() && ids.error().code == TENON_OUT_OF_MEMORY && !is_alone) return false;
    if (ids.ok()) number_of_[ids.value().front()] = members_.size();
    if (!ids.ok()) member.problem = ids.error();
    return members_.push_back(std::move(member)), true;
  }

  void interrupt() {
    is_interrupted_ = has_room_ = true;
    for (const auto& [request, number] : number_of_) conversation_.engine_->cancel(request);
  }

  const Conversation& conversation_;
  const std::vector<Prompt> prompts_;
  AnswerView& view_;
  TokenStream stream_;
  std::vector<Member> members_;                     // of the prompts so far
  std::unordered_map<uint64_t, size_t> number_of_;  // by request
  bool has_room_ = true, is_interrupted_ = false;
};

Result<Answer> Conversation::answer(const Prompt& prompt, AnswerView& view) {
  std::vector<Result<Answer>> answers = Round(*this, {prompt}, view).run();
  return std::move(answers.front());
}

std::vector<Result<Answer>> Conversation::answer_all(const std::vector<Prompt>& prompts) {
  NoView view;
  return Round(*this, prompts, view).run();
}

}  // namespace tenon::cli
