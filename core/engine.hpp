// Tenon inside a program: a model is described, assembled, and asked from any thread.
//
//     auto description = tenon::load_description("demo.toml");
//     tenon::PluginRegistry registry(tenon::PluginRegistry::default_options());
//     auto assembly = tenon::Assembly::make(std::move(description).value(), registry, {});
//     auto engine = tenon::AsyncEngine::make(*assembly.value());
//     auto stream = engine.value()->submit({.prompt = token_ids, .max_tokens = 100});
//     while (auto event = stream.value().next()) ...
//
// Everything that can fail returns a Result. examples/ask is a whole program, built outside this tree. The
// plugin ABI is kept from version to version; this interface is C++ and may change with each.
#pragma once
#include <tenon/engine/async_engine.hpp>
#include <tenon/model/assembly.hpp>
#include <tenon/text/chat_template.hpp>
#include <tenon/text/stream_decoder.hpp>
#include <tenon/text/tokenizer.hpp>
