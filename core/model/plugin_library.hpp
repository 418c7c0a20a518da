// A loaded plugin: its file, and the one table it exports, checked before anyone sees it. A library stays
// loaded until the process ends: code of a plugin may be on a stack, in a thread-local destructor or in a
// device's queue.
#pragma once
#include <tenon/abi/tenon_plugin.h>
#include <tenon/model/plugin_file.hpp>
#include <tenon/model/schema.hpp>

#include <memory>

namespace tenon {

class PluginLibrary {
 public:
  // Loads and checks magic, ABI version, sizes, id (equal to `name`), schema, needed services, instruction set
  // and the tables of its interfaces. Every refusal names the file, the field, what it is and what was
  // expected.
  static Result<std::unique_ptr<PluginLibrary>> load(PluginFile file, const std::string& name);

  // A plugin that is part of the program, by the same checks.
  static Result<std::unique_ptr<PluginLibrary>> adopt(const tenon_plugin& entry, const std::string& origin);

  const tenon_plugin& entry() const { return *entry_; }
  std::string id() const { return entry_->id; }
  const Schema& schema() const { return schema_; }
  const std::string& origin() const { return origin_; }  // the file
  std::vector<std::string> interfaces() const;           // ids of those it offers

  // The table of an interface; fails if the plugin does not offer it. Functions that version 1.0 of the
  // interface has are there; later ones are to be asked for with TENON_HAS.
  template <class Table>
  Result<const Table*> get_table(const char* interface_id) const {
    TENON_TRY(const void* table, get_raw_table(interface_id));
    return static_cast<const Table*>(table);
  }

 private:
  PluginLibrary(std::string origin, const tenon_plugin* entry) : origin_(std::move(origin)), entry_(entry) {}
  Status check(const std::string* name);  // name: that the id must equal, if any
  Result<const void*> get_raw_table(const char* interface_id) const;

  std::string origin_;
  const tenon_plugin* entry_;
  Schema schema_;
};

// The interfaces a plugin may offer, as `tenon plugins` lists them.
const std::vector<std::string>& interface_ids();

}  // namespace tenon
