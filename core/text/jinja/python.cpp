#include <tenon/text/jinja/python.hpp>

#include <tenon/text/jinja/memory.hpp>

#include <dlfcn.h>

namespace tenon::jinja {
namespace {

namespace py = pybind11;

constexpr const char* kEnvironmentSource =
#include "environment.inc"
    ;

Error cannot_start(const PyStatus& status) {
  std::string reason = status.err_msg == nullptr ? "no reason given" : status.err_msg;
  return {TENON_UNSUPPORTED, "Python does not start (" + reason + "), install the Debian package python3"};
}

// This module is loaded for itself alone, but Python's extension modules look for libpython among all symbols.
void share_libpython() {
  Dl_info library{};
  if (dladdr(reinterpret_cast<void*>(&Py_InitializeFromConfig), &library) != 0)
    dlopen(library.dli_fname, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD);
}

PyStatus preinitialize() {
  PyPreConfig config;
  PyPreConfig_InitIsolatedConfig(&config);
  config.utf8_mode = 1;
  return Py_PreInitialize(&config);
}

// Isolated, and without `site`: no .pth file and no sitecustomize runs.
PyStatus initialize() {
  PyConfig config;
  PyConfig_InitIsolatedConfig(&config);
  config.install_signal_handlers = 0;
  config.site_import = 0;
  config.write_bytecode = 0;
  PyStatus status = PyConfig_SetBytesString(&config, &config.executable, TENON_PYTHON_EXECUTABLE);
  if (!PyStatus_Exception(status)) status = Py_InitializeFromConfig(&config);
  PyConfig_Clear(&config);
  return status;
}

py::module_ run_environment() {
  py::module_::import("sys").attr("path").attr("append")(TENON_PYTHON_PACKAGES);
  auto code = py::reinterpret_steal<py::object>(
      Py_CompileString(kEnvironmentSource, "tenon_environment.py", Py_file_input));
  if (!code) throw py::error_already_set();
  auto module = py::reinterpret_steal<py::module_>(PyImport_ExecCodeModule("tenon_environment", code.ptr()));
  if (!module) throw py::error_already_set();
  return module;
}

}  // namespace

Status start_python(py::module_& environment) {
  share_libpython();
  PyStatus status = preinitialize();
  if (PyStatus_Exception(status)) return cannot_start(status);
  install_memory_meter();
  status = initialize();
  if (PyStatus_Exception(status)) return cannot_start(status);
  try {
    environment = run_environment();
    return ok();
  } catch (py::error_already_set& error) {
    std::string reason = py::str(error.value());
    return Error{TENON_UNSUPPORTED,
                 "Jinja2 is missing (" + reason + "), install the Debian package python3-jinja2"};
  }
}

}  // namespace tenon::jinja
