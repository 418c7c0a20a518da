#include <tenon/text/hermes_call.hpp>
#include <tenon/text/tool_calls.hpp>
#include <tenon/text/xml_call.hpp>

namespace tenon {

ToolFormat tool_format_of(std::string_view template_source) {
  auto has = [&](std::string_view text) { return template_source.find(text) != std::string_view::npos; };
  if (!has("<tool_call>")) return ToolFormat::kNone;
  if (has("<function=") && has("<parameter=")) return ToolFormat::kXml;
  return has("arguments") ? ToolFormat::kHermes : ToolFormat::kNone;
}

Result<ToolFormat> parse_tool_format(std::string_view name) {
  if (name == "none") return ToolFormat::kNone;
  if (name == "hermes" || name == "qwen25" || name == "qwen3_json") return ToolFormat::kHermes;
  if (name == "qwen3_coder" || name == "qwen3_xml") return ToolFormat::kXml;
  return invalid("tool format: is " + std::string(name) + ", expected hermes, qwen3_coder or none");
}

std::unique_ptr<ToolCallReader> ToolCallReader::make(ToolFormat format, const ToolSchemas& schemas) {
  if (format == ToolFormat::kXml) return std::make_unique<XmlCall>(schemas);
  return std::make_unique<HermesCall>();
}

}  // namespace tenon
