# cmake -D FROM=FILE -D TO=FILE.cpp -D NAMESPACE=a::b -D NAME=function -D HEADER=path -P EmbedBytes.cmake
# A source file that defines `std::span<const std::byte> NAME()`, the bytes of FROM.
file(READ ${FROM} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1, " bytes "${hex}")
file(WRITE ${TO} "#include \"${HEADER}\"

namespace ${NAMESPACE} {
namespace {
alignas(16) constexpr unsigned char bytes[] = {${bytes}};
}

std::span<const std::byte> ${NAME}() { return std::as_bytes(std::span(bytes)); }

}  // namespace ${NAMESPACE}
")
