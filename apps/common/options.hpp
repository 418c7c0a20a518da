// The options that every command with a model takes.
#pragma once
#include <tenon/model/assembly.hpp>

#include <CLI/CLI.hpp>

namespace tenon {

struct PluginOptions {
  std::vector<std::string> directories, allowed;

  void add_to(CLI::App& command);
  // The installation's directory, then the given ones.
  Result<RegistryOptions> registry_options() const;
};

struct ModelOptions {
  std::string model;
  PluginOptions plugins;
  uint32_t threads = 0, sequences = 0, step_tokens = 0, context = 0;
  std::string memory, expert_cache;
  bool packed_cache = false;
  std::string speculative;   // "off", or JSON as --speculative describes it
  std::string prefix_cache;  // "on" or "off"

  void add_to(CLI::App& command);
  // The description, with what the command line says put over it.
  Result<ModelDescription> describe() const;
};

}  // namespace tenon
