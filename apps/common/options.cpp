#include <apps/common/options.hpp>

#include <apps/common/model_source.hpp>
#include <apps/common/speculative_option.hpp>

#include <tenon/base/text.hpp>

namespace tenon {
namespace {

Result<uint64_t> bytes_of_option(const char* name, const std::string& text) {
  auto bytes = parse_bytes(text);
  if (bytes && *bytes > 0) return *bytes;
  return invalid(std::string(name) + ": is " + printable(text) + ", expected bytes such as 512M or 4G");
}

}  // namespace

void PluginOptions::add_to(CLI::App& command) {
  command.add_option("--plugin-dir", directories, "A further directory to look for plugins in (absolute)")
      ->type_name("DIR");
  command
      .add_option("--allow-plugin", allowed,
                  "A plugin outside the installation that may run: NAME or NAME=SHA256")
      ->type_name("NAME");
}

Result<RegistryOptions> PluginOptions::registry_options() const {
  RegistryOptions options = PluginRegistry::default_options();
  for (const std::string& directory : directories) {
    if (!std::filesystem::path(directory).is_absolute())
      return invalid("--plugin-dir: is " + printable(directory) + ", must be an absolute path");
    options.directories.push_back({directory, PluginDirectory::Trust::kByName});
  }
  for (const std::string& text : allowed) {
    TENON_TRY(AllowedPlugin entry, PluginRegistry::parse_allowed(text));
    options.allowed.push_back(std::move(entry));
  }
  return options;
}

void ModelOptions::add_to(CLI::App& command) {
  command.add_option(
      "MODEL", model,
      "A directory in the Hugging Face layout, a GGUF file, or a description (.toml); default: the "
      "demo");
  plugins.add_to(command);
  command.add_option("-t,--threads", threads, "CPU threads; default: all processors")
      ->check(CLI::Range(1, 1024));
  command.add_option("--max-sequences", sequences, "Sequences in one step")->check(CLI::Range(1, 65536));
  command.add_option("--step-tokens", step_tokens, "Tokens in one step")->check(CLI::Range(1, 1 << 20));
  command.add_option("--context", context, "Tokens of one sequence; default: what the model allows")
      ->check(CLI::Range(1, 1 << 24));
  command
      .add_option("--memory", memory, "Memory for the cache, such as 512M or 4G; default: half of what is free")
      ->type_name("BYTES");
  command.add_flag("--packed-cache", packed_cache,
                   "Keep packed weights in a file beside the model, for quicker loading and sharing");
  command
      .add_option(
          "--expert-cache", expert_cache,
          "Memory for experts, such as 8G, if not all are to be loaded: the others are read when needed")
      ->type_name("BYTES");
  command
      .add_option("--speculative", speculative,
                  "How to guess tokens ahead: off, or {\"method\": \"mtp\", \"num_speculative_tokens\": 2}")
      ->type_name("JSON");
  command
      .add_option("--prefix-cache", prefix_cache, "Whether a prompt may begin with what earlier ones computed")
      ->check(CLI::IsMember({"on", "off"}));
}

Result<ModelDescription> ModelOptions::describe() const {
  TENON_TRY(ModelDescription description, describe_model(model));
  EngineSection& engine = description.engine;
  if (threads) engine.threads = threads;
  if (sequences) engine.sequences_max = sequences;
  if (step_tokens) engine.tokens_per_step = step_tokens;
  if (context) engine.context = context;
  if (!memory.empty()) {
    TENON_TRY(engine.memory, bytes_of_option("--memory", memory));
  }
  if (!expert_cache.empty()) {
    TENON_TRY(description.weights.expert_cache_bytes, bytes_of_option("--expert-cache", expert_cache));
  }
  if (packed_cache && !description.weights.pack)
    return invalid(
        "--packed-cache: is given, but weights.pack is false, must be true for there to be something to keep");
  description.weights.packed_cache |= packed_cache;
  if (!prefix_cache.empty())
    description.cache.config.entries["prefix_cache"] = {prefix_cache == "on", Place{"--prefix-cache"}};
  if (!speculative.empty()) TENON_TRY(apply_speculative(speculative, description));
  return description;
}

}  // namespace tenon
