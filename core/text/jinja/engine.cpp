#include <tenon/text/jinja/engine.hpp>

#include <tenon/text/jinja/interpreter.hpp>

#include <unordered_map>

namespace tenon::jinja {
namespace {

namespace py = pybind11;

// Compiled templates by handle. Used by the interpreter's thread only; never destroyed, as Python never ends.
std::unordered_map<int64_t, py::object>& templates() {
  static auto* templates = new std::unordered_map<int64_t, py::object>;
  return *templates;
}

const Result<Interpreter*>& interpreter() {
  static const Result<Interpreter*> started = Interpreter::start();
  return started;
}

Result<int64_t> compile(const std::string& source, const Limits& limits) {
  static std::atomic<int64_t> handles{0};
  int64_t handle = ++handles;
  auto work = [source, handle](py::module_& environment) {
    templates()[handle] = environment.attr("compile_template")(source);
    return std::string();
  };
  auto compiled = interpreter().value()->run(work, limits);
  if (!compiled.ok()) return compiled.error();
  return handle;
}

Result<std::string> render(int64_t handle, const std::string& request, const std::string& special_tokens,
                           const Limits& limits) {
  auto work = [=](py::module_& environment) {
    py::object compiled = templates().at(handle);
    return std::string(
        py::bytes(environment.attr("render_template")(compiled, request, special_tokens, limits.output_bytes)));
  };
  return interpreter().value()->run(work, limits);
}

void release(int64_t handle) noexcept {
  interpreter().value()->run_later([handle](py::module_&) {
    templates().erase(handle);
    return std::string();
  });
}

constexpr Engine kEngine{&compile, &render, &release};

}  // namespace
}  // namespace tenon::jinja

const tenon::Result<const tenon::jinja::Engine*>& tenon_jinja_engine() {
  using Started = tenon::Result<const tenon::jinja::Engine*>;
  static const Started engine = tenon::jinja::interpreter().ok() ? Started(&tenon::jinja::kEngine)
                                                                 : Started(tenon::jinja::interpreter().error());
  return engine;
}
