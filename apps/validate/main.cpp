// tenon-validate FILE.so...   checks plugins, each check in a process of its own, so that a crash is a result.
// tenon-validate --probe FILE NAME   loads an open file once; what the loader runs before it trusts a new
// plugin.
#include "checks.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace tenon {
namespace {

namespace fs = std::filesystem;

constexpr int kExitFailed = 1, kExitUsage = 64, kExitBadData = 65;
// A child's verdict. Not 0 or 1, which a plugin that calls exit() would say too.
constexpr int kChildPassed = 100, kChildFailed = 101;
constexpr unsigned kSecondsPerCheck = 10;

Result<std::unique_ptr<PluginLibrary>> load(const fs::path& path) {
  auto name = find_plugin_name(path.filename().string());
  if (!name) return invalid(path.string() + ": is not called tenon_NAME.so, as a plugin must be");
  std::error_code error;
  fs::path directory = fs::absolute(path, error).parent_path();
  TENON_TRY(PluginFile file, PluginFile::open(directory, *name));
  return PluginLibrary::load(std::move(file), *name);
}

// What became of a function in a child process, where it may crash, hang or exit: its wait status.
template <class Body>
int run_in_child(Body&& body) {
  std::fflush(nullptr);
  pid_t child = fork();
  if (child == 0) {
    alarm(kSecondsPerCheck);
    bool passed = body();
    std::fflush(nullptr);
    _exit(passed ? kChildPassed : kChildFailed);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

bool has_exited(int status, int code) { return WIFEXITED(status) && WEXITSTATUS(status) == code; }

std::string verdict_of(int status) {
  if (has_exited(status, kChildPassed)) return "ok";
  if (has_exited(status, kChildFailed)) return "FAILED";
  return WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "exit code " + std::to_string(WEXITSTATUS(status));
}

bool run_here(const fs::path& path, const Check& check) {
  auto library = load(path);
  Status status = library.ok() ? check.run(*library.value()) : Status(library.error());
  if (!status.ok()) std::fprintf(stderr, "%s: %s: %s\n", path.c_str(), check.name, status.error().text.c_str());
  return status.ok();
}

bool run_check(const fs::path& path, const Check& check) {
  int status = run_in_child([&] { return run_here(path, check); });
  std::printf("%-12s %-24s %s\n", verdict_of(status).c_str(), check.name, check.sentence);
  return has_exited(status, kChildPassed);
}

// Loads the plugin and says what it is, or why it cannot be loaded.
bool introduce(const fs::path& path) {
  auto library = load(path);
  if (!library.ok()) {
    std::fprintf(stderr, "tenon-validate: %s\n", library.error().text.c_str());
    return false;
  }
  const tenon_plugin& entry = library.value()->entry();
  std::printf("%s %s: %s\n", entry.id, entry.version, entry.summary);
  return true;
}

int validate(const fs::path& path) {
  int status = run_in_child([&] { return introduce(path); });
  if (!has_exited(status, kChildPassed)) {
    if (!has_exited(status, kChildFailed))
      std::fprintf(stderr, "tenon-validate: %s: ended while it was loaded (%s)\n", path.c_str(),
                   verdict_of(status).c_str());
    return kExitBadData;
  }
  int failed = 0;
  for (const Check& check : all_checks()) failed += !run_check(path, check);
  return failed ? kExitFailed : 0;
}

Status probe_open_file(const char* path, const char* name) {
  TENON_TRY(PluginFile file, PluginFile::adopt(path));
  TENON_TRY(auto library, PluginLibrary::load(std::move(file), name));
  for (const Check& check : all_checks()) {
    Status status = check.run(*library);
    if (!status.ok()) return prefixed(library->origin() + ": " + check.name, status.error());
  }
  return ok();
}

// The file is open in the parent; `name` is what the plugin must call itself.
int probe(const char* path, const char* name) {
  Status status = probe_open_file(path, name);
  std::printf("%s\n", status.ok() ? "probe passed" : status.error().text.c_str());
  return status.ok() ? 0 : kExitBadData;
}

}  // namespace
}  // namespace tenon

int main(int argc, char** argv) {
  if (argc == 4 && std::strcmp(argv[1], "--probe") == 0) return tenon::probe(argv[2], argv[3]);
  if (argc < 2 || argv[1][0] == '-') {
    std::fprintf(stderr, "usage: tenon-validate tenon_NAME.so...\n");
    return tenon::kExitUsage;
  }
  int worst = 0;
  for (int i = 1; i < argc; ++i) worst = std::max(worst, tenon::validate(argv[i]));
  return worst;
}
