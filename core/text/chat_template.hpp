// Turns a chat into the text that a model continues, by the Jinja template that comes with the model: Jinja2
// itself, in the environment that transformers' apply_chat_template gives it.
//
// A template is a program from a model file, so it runs in Jinja's sandbox and within limits: 1 s of processor
// time, 256 MiB of memory, 16 MiB of output, range() up to 100,000.
//
// Threads   const functions from any thread; one template runs at a time, the others wait.
// Cost      the first compile() in a process starts Python (about 0.1 s).
// Errors    one line: "<who>: line 3: 'x' is undefined". What raise_exception() says stands in place of the
// fact.
#pragma once
#include <tenon/base/json.hpp>
#include <tenon/text/jinja/engine.hpp>

#include <filesystem>
#include <memory>
#include <string>

namespace tenon {

class ChatTemplate {
 public:
  using Limits = jinja::Limits;

  // special_tokens: variables of every render, such as {"eos_token": "<|im_end|>"}.
  static Result<ChatTemplate> compile(std::string source, std::string who = "chat template",
                                      const Json& special_tokens = Json::object(), const Limits& limits = {});

  // path: a template, a GGUF file, or a model's directory. The directory's template is chat_template.jinja or,
  // where that is missing, chat_template in tokenizer_config.json; its special tokens come from
  // tokenizer_config.json.
  static Result<ChatTemplate> load(const std::filesystem::path& path, const Limits& limits = {});

  // The template's own text.
  const std::string& source() const { return *source_; }

  // request: an object.
  //   messages               list of objects, required
  //   tools, documents       list of objects, or null; null if missing
  //   add_generation_prompt  boolean; true if missing
  //   bos_token, ...         text of a special token, in place of the one given to compile()
  //   kwargs                 object: further variables. A name of this table is refused there, so that what
  //   comes from
  //                          a client's chat_template_kwargs cannot replace what the server decided.
  // Fields beyond these are ignored.
  Result<std::string> render(const Json& request) const;

  // The same for a request as JSON text, from which integers beyond 64 bits reach the template whole.
  Result<std::string> render_text(const std::string& request) const;

 private:
  class Handle;
  ChatTemplate(std::string who, std::string special_tokens, const Limits& limits);

  std::string who_;
  std::string special_tokens_;  // JSON
  Limits limits_;
  std::shared_ptr<const std::string> source_;
  std::shared_ptr<const Handle> handle_;
};

}  // namespace tenon
