// Asks a model several questions at once: ask DESCRIPTION.toml QUESTION...
#include <tenon/engine.hpp>

#include <cstdio>

namespace {

// The value, or the end of the program with the one line that says why there is none.
template <class T>
T get(tenon::Result<T> result) {
  if (result.ok()) return std::move(result).value();
  std::fprintf(stderr, "ask: %s\n", result.error().text.c_str());
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: ask DESCRIPTION.toml QUESTION...\n");
    return 64;
  }
  tenon::ModelDescription description = get(tenon::load_description(argv[1]));
  tenon::Tokenizer tokenizer = get(tenon::Tokenizer::load(description.text.tokenizer));
  tenon::ChatTemplate chat = get(tenon::ChatTemplate::load(description.text.chat_template));
  std::vector<int32_t> eos = description.generation.eos;

  tenon::PluginRegistry registry(tenon::PluginRegistry::default_options());
  auto assembly = get(tenon::Assembly::make(std::move(description), registry, {}));
  auto engine = get(tenon::AsyncEngine::make(*assembly));

  // All questions are on their way before the first answer is read, so the model computes them together.
  std::vector<tenon::TokenStream> streams;
  for (int i = 2; i < argc; ++i) {
    tenon::Json messages = {{{"role", "user"}, {"content", argv[i]}}};
    tenon::Request request;
    request.prompt = get(tokenizer.encode(get(chat.render({{"messages", messages}}))));
    request.sampling.temperature = 0;
    request.max_tokens = 200;
    request.eos = eos;
    streams.push_back(get(engine->submit(std::move(request))));
  }
  for (int i = 2; i < argc; ++i) {
    std::printf("> %s\n", argv[i]);
    tenon::StreamDecoder decoder(tokenizer, tenon::SpecialTokens::kSkip);
    while (auto event = streams[static_cast<size_t>(i - 2)].next()) {
      if (event->token >= 0) std::printf("%s", decoder.push(event->token).c_str());
      if (!event->error.empty()) std::fprintf(stderr, "ask: %s\n", event->error.c_str());
      std::fflush(stdout);
    }
    std::printf("%s\n", decoder.flush().c_str());
  }
  std::printf("%llu tokens\n", static_cast<unsigned long long>(engine->stats().output_tokens));
}
