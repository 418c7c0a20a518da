// One object of a plugin, held by the interface's own C table, so that every plugin takes the same path,
// however it came into the process.
#pragma once
#include <tenon/model/config_object.hpp>
#include <tenon/model/host.hpp>
#include <tenon/model/plugin_library.hpp>

namespace tenon {

// A plugin as a description uses it: which one, configured how.
struct PluginUse {
  std::string plugin;
  ConfigTable config;
  Place place;
};

// Table is one of the ABI's interface structs. Owns the object; destroys it.
template <class Table>
class PluginObject {
 public:
  // Checks the configuration against the plugin's schema, then creates the object.
  static Result<PluginObject> create(const PluginLibrary& library, const char* interface_id,
                                     const PluginUse& use, std::unique_ptr<PluginHost> host) {
    auto table = library.get_table<Table>(interface_id);
    if (!table.ok()) return Error{table.error().code, table.error().text + " (" + use.place.text() + ")"};
    TENON_TRY(ConfigTable checked, library.schema().check(use.config, host->place()));
    ConfigObject config(checked);
    PluginObject object(std::move(host), table.value());
    tenon_status code = object.table_->create(object.host_->raw(), config.raw(), &object.self_);
    if (!config.complaint().empty()) object.host_->set_error(config.complaint());
    bool has_object = code == TENON_OK;
    if (has_object && !object.self_) object.host_->set_error("create succeeded without making an object");
    if (has_object && (!object.self_ || !config.complaint().empty())) code = TENON_INTERNAL;
    if (code != TENON_OK) {
      if (!has_object) object.self_ = nullptr;  // whatever the plugin left there
      return object.host_->take_error(code);
    }
    return object;
  }

  PluginObject(PluginObject&& other) noexcept
      : host_(std::move(other.host_)), table_(other.table_), self_(std::exchange(other.self_, nullptr)) {}
  PluginObject& operator=(PluginObject&& other) noexcept {
    std::swap(host_, other.host_), std::swap(table_, other.table_), std::swap(self_, other.self_);
    return *this;
  }
  ~PluginObject() {
    if (self_) table_->destroy(self_);
  }

  // Calls a function of the table on the object: object.call(&tenon_token_mixer::bind, weights).
  template <class Function, class... Args>
  Status call(Function Table::*function, Args... args) const {
    tenon_status code = (table_->*function)(self_, args...);
    if (code == TENON_OK) return ok();
    return host_->take_error(code);
  }

  // The same, where failing is an answer like another: the reason is dropped, and nothing is allocated for it.
  template <class Function, class... Args>
  bool accepts(Function Table::*function, Args... args) const {
    bool is_accepted = (table_->*function)(self_, args...) == TENON_OK;
    if (!is_accepted) host_->drop_error();
    return is_accepted;
  }

  const Table& table() const { return *table_; }
  void* self() const { return self_; }
  const std::string& place() const { return host_->place(); }

 private:
  PluginObject(std::unique_ptr<PluginHost> host, const Table* table) : host_(std::move(host)), table_(table) {}

  std::unique_ptr<PluginHost> host_;
  const Table* table_;
  void* self_ = nullptr;
};

}  // namespace tenon
