#include <tenon/model/plugin_library.hpp>

#include <tenon/abi/tenon_cache_manager.h>
#include <tenon/abi/tenon_expert_layer.h>
#include <tenon/abi/tenon_position_encoding.h>
#include <tenon/abi/tenon_speculator.h>
#include <tenon/abi/tenon_token_mixer.h>
#include <tenon/base/isa.hpp>
#include <tenon/base/text.hpp>
#include <tenon/model/host.hpp>

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <sstream>

namespace tenon {
namespace {

constexpr const char* kSymbol = "tenon_plugin_entry";

// An interface, and how long its table was in version 1.0: every plugin of this major offers as much.
struct Interface {
  const char* id;
  size_t bytes;
};
#define TENON_SIZE_UP_TO(type, last) (offsetof(type, last) + sizeof(type::last))
constexpr Interface kInterfaces[] = {
    {TENON_TOKEN_MIXER, TENON_SIZE_UP_TO(tenon_token_mixer, forward)},
    {TENON_EXPERT_LAYER, TENON_SIZE_UP_TO(tenon_expert_layer, forward)},
    {TENON_CACHE_MANAGER, TENON_SIZE_UP_TO(tenon_cache_manager, check)},
    {TENON_SPECULATOR, TENON_SIZE_UP_TO(tenon_speculator, propose)},
    {TENON_POSITION_ENCODING, TENON_SIZE_UP_TO(tenon_position_encoding, fill)},
};
constexpr size_t kPluginBytes = TENON_SIZE_UP_TO(tenon_plugin, get_interface);
#undef TENON_SIZE_UP_TO

std::string last_dl_error() {
  const char* text = dlerror();
  return text ? printable(text, 400) : "no reason given";
}

// The dynamic linker tells libraries apart by the path they were loaded from, here that of a descriptor.
// Closed, and its number given out again, it would name another file by the same path. So the descriptors of
// loaded files stay open, one per file.
void* load_file(PluginFile file) {
  static std::mutex mutex;
  static std::map<PluginFile::Identity, PluginFile> loaded;
  std::lock_guard lock(mutex);
  auto [kept, is_new] = loaded.try_emplace(file.identity(), std::move(file));
  void* library = dlopen(kept->second.descriptor_path().c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!library && is_new) loaded.erase(kept);
  return library;
}

// Looks at the symbol as the file states it, so that no field is read that is not there.
Result<const tenon_plugin*> find_entry(void* library, const std::string& origin) {
  void* symbol = dlsym(library, kSymbol);
  if (!symbol) return invalid(origin + ": does not export " + kSymbol + ", as every plugin must");
  Dl_info info{};
  void* extra = nullptr;
  bool found = dladdr1(symbol, &info, &extra, RTLD_DL_SYMENT) != 0 && extra;
  auto* elf = static_cast<const ElfW(Sym)*>(extra);
  if (!found || ELF64_ST_TYPE(elf->st_info) != STT_OBJECT)
    return invalid(origin + ": " + kSymbol + " is no data, expected a tenon_plugin");
  if (elf->st_size < offsetof(tenon_plugin, id))
    return invalid(origin + ": " + kSymbol + " is " + std::to_string(elf->st_size) +
                   " bytes long, expected a tenon_plugin");
  auto* entry = static_cast<const tenon_plugin*>(symbol);
  if (entry->magic == TENON_ABI_MAGIC && entry->size > elf->st_size)
    return invalid(origin + ": size is " + std::to_string(entry->size) + ", but " + kSymbol + " is only " +
                   std::to_string(elf->st_size) + " bytes long");
  return entry;
}

std::string version_text(uint32_t major, uint32_t minor) {
  return std::to_string(major) + "." + std::to_string(minor);
}

Status check_version(const tenon_plugin& entry, const std::string& origin) {
  if (entry.magic != TENON_ABI_MAGIC)
    return invalid(origin + ": magic is " + std::to_string(entry.magic) + ", expected " +
                   std::to_string(TENON_ABI_MAGIC) + "; this is not a Tenon plugin");
  bool is_newer = entry.abi_minor > TENON_ABI_MINOR;
  if (entry.abi_major != TENON_ABI_MAJOR || is_newer)
    return invalid(origin + ": was built for plugin ABI " + version_text(entry.abi_major, entry.abi_minor) +
                   ", this Tenon offers " + version_text(TENON_ABI_MAJOR, TENON_ABI_MINOR) +
                   (entry.abi_major == TENON_ABI_MAJOR ? "; a newer Tenon is needed" : "; rebuild the plugin"));
  if (entry.size < kPluginBytes)
    return invalid(origin + ": size is " + std::to_string(entry.size) + ", expected at least " +
                   std::to_string(kPluginBytes));
  return ok();
}

Status check_services(const tenon_plugin& entry, const std::string& origin) {
  std::istringstream words{std::string(entry.services)};
  for (std::string service; words >> service;) {
    const std::vector<std::string>& offered = service_ids();
    if (std::find(offered.begin(), offered.end(), service) == offered.end())
      return invalid(origin + ": needs the service " + printable(service) + ", this Tenon offers " +
                     join_words(offered));
  }
  return ok();
}

// A table's first member is its size; from the ninth byte on it is function pointers.
bool has_holes(const void* table, size_t bytes) {
  for (size_t at = 2 * sizeof(uint32_t); at + sizeof(void*) <= bytes; at += sizeof(void*)) {
    void* function = nullptr;
    std::memcpy(&function, static_cast<const char*>(table) + at, sizeof function);
    if (!function) return true;
  }
  return false;
}

}  // namespace

const std::vector<std::string>& interface_ids() {
  static const std::vector<std::string> ids = [] {
    std::vector<std::string> all;
    for (const Interface& known : kInterfaces) all.push_back(known.id);
    return all;
  }();
  return ids;
}

Result<std::unique_ptr<PluginLibrary>> PluginLibrary::load(PluginFile file, const std::string& name) {
  std::string origin = file.path().string();
  TENON_TRY(file.check_whole());
  void* library = load_file(std::move(file));
  if (!library) return invalid(origin + ": cannot be loaded: " + last_dl_error());
  TENON_TRY(const tenon_plugin* entry, find_entry(library, origin));
  std::unique_ptr<PluginLibrary> plugin(new PluginLibrary(origin, entry));
  TENON_TRY(plugin->check(&name));
  return plugin;
}

Result<std::unique_ptr<PluginLibrary>> PluginLibrary::adopt(const tenon_plugin& entry,
                                                            const std::string& origin) {
  std::unique_ptr<PluginLibrary> plugin(new PluginLibrary(origin, &entry));
  TENON_TRY(plugin->check(nullptr));
  return plugin;
}

Status PluginLibrary::check(const std::string* name) {
  TENON_TRY(check_version(*entry_, origin_));
  if (!entry_->id || !entry_->version || !entry_->summary || !entry_->schema || !entry_->services ||
      !entry_->get_interface)
    return invalid(origin_ + ": id, version, summary, schema, services and get_interface must all be there");
  if (!is_plugin_name(entry_->id))
    return invalid(origin_ + ": id is \"" + printable(entry_->id, 80) + "\", expected " + kPluginNameRule);
  if (name && entry_->id != *name)
    return invalid(origin_ + ": id is \"" + printable(entry_->id, 80) + "\", expected " + *name +
                   " as in the file's name");
  TENON_TRY(check_services(*entry_, origin_));
  if (entry_->isa > static_cast<uint32_t>(widest_isa()))
    return invalid(origin_ + ": was compiled for instruction set " + std::to_string(entry_->isa) +
                   ", this processor goes only up to " + name_of(widest_isa()));
  auto schema = Schema::parse(entry_->schema);
  if (!schema.ok()) return prefixed(origin_, schema.error());
  schema_ = std::move(schema).value();
  if (interfaces().empty())
    return invalid(origin_ + ": offers no interface that this Tenon knows, expected one of " +
                   join_words(interface_ids()));
  for (const std::string& id : interfaces()) TENON_TRY(get_raw_table(id.c_str()));
  return ok();
}

std::vector<std::string> PluginLibrary::interfaces() const {
  std::vector<std::string> offered;
  for (const std::string& id : interface_ids())
    if (entry_->get_interface(id.c_str())) offered.push_back(id);
  return offered;
}

Result<const void*> PluginLibrary::get_raw_table(const char* interface_id) const {
  const void* table = entry_->get_interface(interface_id);
  if (!table)
    return invalid(id() + ": is no " + std::string(interface_id) + ", it offers " + join_words(interfaces()));
  auto* known = std::find_if(std::begin(kInterfaces), std::end(kInterfaces), [&](const Interface& entry) {
    return std::string_view(entry.id) == interface_id;
  });
  if (known == std::end(kInterfaces))
    return invalid(origin_ + ": " + interface_id + " is no interface of this Tenon");
  uint32_t size = 0;
  std::memcpy(&size, table, sizeof size);
  if (size < known->bytes)
    return invalid(origin_ + ": the table of " + interface_id + " is " + std::to_string(size) +
                   " bytes long, expected at least " + std::to_string(known->bytes));
  if (has_holes(table, known->bytes))
    return invalid(origin_ + ": the table of " + interface_id + " lacks a function");
  return table;
}

}  // namespace tenon
