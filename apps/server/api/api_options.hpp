// The options of tenon-server that concern the API.
#pragma once
#include <apps/server/api/service.hpp>

#include <CLI/CLI.hpp>

namespace tenon::api {

struct ApiOptions {
  std::string served_name;      // --served-model-name
  bool is_strict = false;       // --strict-fields
  bool allows_special = false;  // --allow-special-in-input
  std::string reasoning_field = "both", tool_parser = "auto";

  void add_to(CLI::App& command);
  Result<ServiceOptions> service_options() const;
};

}  // namespace tenon::api
