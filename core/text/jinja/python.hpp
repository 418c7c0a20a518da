// Starts the embedded CPython: the system's own, cut off from environment variables, user directories and
// signals.
#pragma once
#include <tenon/text/jinja/engine.hpp>

#include <pybind11/pybind11.h>

namespace tenon::jinja {

// Runs environment.py into `environment`. Fails with what to install. The calling thread becomes Python's main
// thread and keeps the interpreter's lock. REQUIRES: called once in a process.
Status start_python(pybind11::module_& environment);

}  // namespace tenon::jinja
