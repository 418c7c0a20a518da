// From what a user calls a model to its description.
#pragma once
#include <tenon/model/description.hpp>

namespace tenon {

// source: a directory in the Hugging Face layout, a GGUF file (.gguf), a description (.toml), or empty for the
// demo model. The first two are imported first, so that they and the imported description are one and the same.
Result<ModelDescription> describe_model(const std::string& source);

// The demo model beside this program, in a build tree or an installation.
Result<std::filesystem::path> find_demo_model();

}  // namespace tenon
