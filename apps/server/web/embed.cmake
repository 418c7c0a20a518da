# The page's files as C++: cmake -DFOLDER=... -DFILES=a,b -DOUTPUT=web_files.cpp -P embed.cmake
string(REPLACE "," ";" FILES "${FILES}")
set(bytes "")
set(table "")
set(number 0)
foreach(file IN LISTS FILES)
  file(READ "${FOLDER}/${file}" hex HEX)
  file(SHA256 "${FOLDER}/${file}" hash)
  string(SUBSTRING "${hash}" 0 32 tag)
  string(LENGTH "${hex}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," list "${hex}")
  string(APPEND bytes "constexpr unsigned char kBytes${number}[] = {${list}};\n")
  string(APPEND table "    {\"${file}\", \"\\\"${tag}\\\"\", text_of(kBytes${number}, ${size})},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE "${OUTPUT}" "#include <apps/server/web_files.hpp>

namespace tenon {
namespace {

${bytes}
std::string_view text_of(const unsigned char* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

std::span<const WebFile> web_files() {
  static const WebFile files[] = {
${table}  };
  return files;
}

}  // namespace tenon
")
