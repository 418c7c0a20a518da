// Whole files: read with a limit, written so that a reader never sees half of one.
#pragma once
#include <tenon/sdk/result.hpp>

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace tenon {

// Fails with TENON_IO if the file cannot be read, TENON_INVALID if it is larger than bytes_max.
Result<std::string> read_file(const std::filesystem::path& path, uint64_t bytes_max);

// Writes to a temporary name in the same directory, syncs, renames, syncs the directory.
Status write_file(const std::filesystem::path& path, std::string_view content);

// "models/x.toml: No such file or directory"
Error io_error(const std::filesystem::path& path, int error_number);

}  // namespace tenon
