#include <tenon/model/plugin_probe.hpp>

#include <tenon/base/file.hpp>
#include <tenon/base/text.hpp>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

namespace tenon {
namespace {

constexpr rlim_t kProcessorSeconds = 2;
constexpr rlim_t kMemoryBytes = rlim_t{2} << 30;
constexpr rlim_t kOpenFiles = 64;
constexpr int kTotalMilliseconds = 5000;
constexpr size_t kOutputBytesMax = 65536;
constexpr int kExitBadData = 65;  // EX_DATAERR of sysexits.h
// The validator's last word. Exit code 0 alone would also come from a plugin that calls exit(0).
constexpr const char* kPassed = "probe passed\n";

// In the child, between fork and exec: only calls that are safe there.
[[noreturn]] void become_validator(const char* validator, const char* file, const char* name, int output) {
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  int input = open("/dev/null", O_RDONLY);
  if (input >= 0) dup2(input, STDIN_FILENO);
  struct rlimit limit;
  limit.rlim_cur = limit.rlim_max = kProcessorSeconds;
  setrlimit(RLIMIT_CPU, &limit);
#if !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)  // their shadow memory is larger than any limit
  limit.rlim_cur = limit.rlim_max = kMemoryBytes;
  setrlimit(RLIMIT_AS, &limit);
#endif
  limit.rlim_cur = limit.rlim_max = kOpenFiles;
  setrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max = 0;
  setrlimit(RLIMIT_CORE, &limit);
  execl(validator, validator, "--probe", file, name, static_cast<char*>(nullptr));
  _exit(127);
}

using Deadline = std::chrono::steady_clock::time_point;

// Reads until the other end closes; returns false if that takes too long.
bool read_until_closed(int fd, std::string& output, Deadline deadline) {
  for (;;) {
    auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    struct pollfd ready {
      fd, POLLIN, 0
    };
    if (left.count() <= 0 || poll(&ready, 1, static_cast<int>(left.count())) == 0) return false;
    char chunk[4096];
    ssize_t got = read(fd, chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;
    if (output.size() < kOutputBytesMax) output.append(chunk, static_cast<size_t>(got));
  }
}

// Waits for the child's end, which may come well after it has closed its output, or never: then it is ended.
// Returns false if that took too long.
bool wait_or_kill(pid_t child, int& wait_status, Deadline deadline) {
  bool in_time = true;
  for (;;) {
    pid_t ended = waitpid(child, &wait_status, in_time ? WNOHANG : 0);
    if (ended == child || (ended < 0 && errno != EINTR)) return in_time;
    if (in_time && std::chrono::steady_clock::now() >= deadline) {
      kill(child, SIGKILL);
      in_time = false;
    }
    if (in_time) usleep(1000);
  }
}

// The validator's verdict is the last line; a plugin may have written above it.
std::string last_line(std::string output) {
  while (output.ends_with('\n')) output.pop_back();
  return output.substr(output.rfind('\n') + 1);  // npos + 1 is 0
}

// What the child came to, as a refusal; nothing if it was content.
Status judge(int wait_status, bool in_time, const std::string& output, const std::string& who) {
  if (!in_time) return invalid(who + ": hung while it was probed, expected an answer within 5 s");
  if (WIFSIGNALED(wait_status))
    return invalid(who + ": crashed while it was probed (" + strsignal(WTERMSIG(wait_status)) + ")" +
                   (output.empty() ? "" : ": " + printable(output)));
  bool has_passed = output.find(kPassed) != std::string::npos;
  if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0 && has_passed) return ok();
  std::string verdict = last_line(output);
  if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == kExitBadData && !verdict.empty())
    return invalid(printable(verdict, 400));
  return invalid(who + ": ended the process that probed it with exit code " +
                 std::to_string(WEXITSTATUS(wait_status)));
}

}  // namespace

Status probe_plugin(const PluginFile& file, const std::string& name, const std::filesystem::path& validator) {
  std::string who = file.path().string();
  if (validator.empty() || access(validator.c_str(), X_OK) != 0)
    return Error{TENON_UNSUPPORTED,
                 who + ": cannot be probed, expected the program tenon-validate beside tenon"};
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return io_error("pipe", errno);
  std::string path = file.descriptor_path();
  pid_t child = fork();
  if (child == 0) become_validator(validator.c_str(), path.c_str(), name.c_str(), ends[1]);
  close(ends[1]);
  if (child < 0) {
    close(ends[0]);
    return io_error("fork", errno);
  }
  Deadline deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kTotalMilliseconds);
  std::string output;
  bool is_closed = read_until_closed(ends[0], output, deadline);
  close(ends[0]);
  int wait_status = 0;
  bool in_time = wait_or_kill(child, wait_status, is_closed ? deadline : Deadline::min());
  return judge(wait_status, in_time, output, who);
}

}  // namespace tenon
