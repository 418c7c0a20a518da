// tenon run [MODEL] [-p PROMPT]: one answer, or a chat.
#include "batch.hpp"
#include "chat.hpp"
#include "command.hpp"
#include "conversation.hpp"

#include <apps/common/exit_code.hpp>
#include <apps/common/memory_report.hpp>

#include <tenon/base/file.hpp>

#include <unistd.h>

#include <cstdio>
#include <memory>

namespace tenon::cli {
namespace {

constexpr uint64_t kPromptBytesMax = 64 << 20;

struct Options {
  ModelOptions model;
  GenerationOptions generation;
  StructuredOptions structured;
  std::optional<std::string> prompt, batch;
  std::string system;
  bool is_raw = false, with_stats = false, is_json = false;
};

void print_stats(const Answer& answer) {
  double prefill = answer.prefill_seconds > 0 ? answer.prompt_tokens / answer.prefill_seconds : 0;
  double decode = answer.decode_seconds > 0 ? (answer.output_tokens - 1) / answer.decode_seconds : 0;
  std::fprintf(stderr, "%u prompt tokens, %.0f a second; %u output tokens, %.0f a second; ended by %s\n",
               answer.prompt_tokens, prefill, answer.output_tokens, decode, name_of(answer.ending));
}

double mib_of(uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

// What the engine did for all answers together.
void print_stats(const EngineStats& stats) {
  const tenon_cache_stats& cache = stats.cache;
  std::fprintf(
      stderr, "%llu steps; %llu of %llu prompt tokens found in the cache, which keeps %.1f of %.1f MiB\n",
      static_cast<unsigned long long>(stats.steps), static_cast<unsigned long long>(cache.reused_tokens),
      static_cast<unsigned long long>(cache.prompt_tokens), mib_of(cache.kept_for_later), mib_of(cache.pool));
  if (cache.pages_evicted + cache.states_evicted + stats.preemptions > 0)
    std::fprintf(stderr, "%llu pages and %llu states evicted, %llu times a request gave way to another\n",
                 static_cast<unsigned long long>(cache.pages_evicted),
                 static_cast<unsigned long long>(cache.states_evicted),
                 static_cast<unsigned long long>(stats.preemptions));
  if (stats.drafted > 0)
    std::fprintf(stderr, "%llu tokens guessed, %.1f %% of them right\n",
                 static_cast<unsigned long long>(stats.drafted),
                 100.0 * static_cast<double>(stats.accepted) / static_cast<double>(stats.drafted));
  if (stats.experts.bytes > 0) std::fprintf(stderr, "%s\n", expert_cache_line(stats.experts).c_str());
  if (auto memory = find_process_memory()) std::fprintf(stderr, "%s\n", memory_line(*memory).c_str());
}

int conclude(const Conversation& conversation, const Answer& answer, const Options& options) {
  if (options.with_stats) print_stats(answer), print_stats(conversation.stats());
  return answer.ending == Ending::kInterrupt ? kExitInterrupted : kExitOk;
}

Result<int> continue_text(Conversation& conversation, const Conversation::Prompt& prompt,
                          const Options& options) {
  TerminalView terminal(Thoughts::kShown);
  NoView none;
  AnswerView& view = options.is_json ? static_cast<AnswerView&>(none) : terminal;
  TENON_TRY(Answer answer, conversation.answer(prompt, view));
  std::printf("%s\n", options.is_json ? dump_line(json_of({answer})).c_str() : "");
  return conclude(conversation, answer, options);
}

Result<int> run_run(Options options) {
  TENON_TRY(options.generation.form, options.structured.read());
  if (options.batch) {
    TENON_TRY(auto conversation, Conversation::load(options.model));
    catch_interrupts();
    auto code = run_batch(*conversation, *options.batch, options.system, options.is_raw, options.generation);
    if (options.with_stats) print_stats(conversation->stats());
    return code;
  }
  bool is_chat = !options.prompt && isatty(STDIN_FILENO) && isatty(STDERR_FILENO) && !options.is_raw;
  std::string prompt = options.prompt.value_or("");
  if (!options.prompt && !is_chat) {
    TENON_TRY(prompt, read_file("/dev/stdin", kPromptBytesMax));
  }
  TENON_TRY(auto conversation, Conversation::load(options.model));
  catch_interrupts();
  Output output = options.is_json ? Output::kJson : Output::kText;
  if (options.is_raw) return continue_text(*conversation, {prompt, options.generation}, options);
  ChatSession session(*conversation, options.system, options.generation, output);
  if (is_chat) return chat(session);
  TENON_TRY(session.ask(prompt));
  return conclude(*conversation, session.last()->answer, options);
}

}  // namespace

void add_run(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("run", "Answer a prompt, or chat on a terminal");
  options->model.add_to(*command);
  command->add_option("-p,--prompt", options->prompt, "What to answer; default: a chat, or standard input")
      ->type_name("TEXT");
  command
      ->add_option("--batch", options->batch,
                   "Answer one prompt per line of this file, {\"prompt\": ...}, all at once")
      ->type_name("FILE.jsonl")
      ->excludes("--prompt");
  command->add_option("--system", options->system, "A system message before the prompt")->type_name("TEXT");
  command->add_flag("--raw", options->is_raw, "Continue the prompt as it is, without the chat template");
  command->add_flag("--stats", options->with_stats, "Print counts and speed on standard error");
  command->add_flag("--json", options->is_json, "Print a line of JSON per answer, with what it took");
  options->generation.add_to(*command);
  options->structured.add_to(*command);
  command->callback([options, &chosen] { chosen = [options] { return run_run(*options); }; });
}

}  // namespace tenon::cli
