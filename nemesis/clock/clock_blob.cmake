# Builds clock_blob.c, the code that stands in a program's vDSO, into bytes that the library carries. It runs in other
# programs, so it takes none of the flags of this build (sanitizers, optimisation level): only these.
set(blob ${CMAKE_CURRENT_BINARY_DIR}/clock_blob)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64" AND CMAKE_SYSTEM_NAME STREQUAL "Linux")
  add_custom_command(
    OUTPUT ${blob}.bin
    COMMAND ${CMAKE_C_COMPILER} -std=gnu11 -O2 -Wall -Wextra -Werror -ffreestanding -fPIC -mno-sse -mno-mmx
            -mno-red-zone -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables -fno-tree-vectorize
            -I${PROJECT_SOURCE_DIR} -c ${here}/clock/clock_blob.c -o ${blob}.o
    COMMAND ${CMAKE_C_COMPILER} -nostdlib -static -fuse-ld=bfd -Wl,--build-id=none -Wl,-z,noexecstack
            -Wl,-e,mistrial_clock_gettime -Wl,-T,${here}/clock/clock_blob.ld ${blob}.o -o ${blob}.elf
    COMMAND ${CMAKE_OBJCOPY} -O binary -j .blob ${blob}.elf ${blob}.bin
    DEPENDS ${here}/clock/clock_blob.c ${here}/clock/clock_block.h ${here}/clock/clock_blob.ld
    VERBATIM)
else()
  file(WRITE ${blob}.bin "0") # no code for this machine: plan_redirect says so
endif()
add_custom_command(
  OUTPUT ${blob}_bytes.cpp
  COMMAND ${CMAKE_COMMAND} -D FROM=${blob}.bin -D TO=${blob}_bytes.cpp -D NAMESPACE=mistrial::nemesis -D NAME=clock_blob
          -D HEADER=nemesis/clock/vdso.hpp -P ${PROJECT_SOURCE_DIR}/cmake/EmbedBytes.cmake
  DEPENDS ${blob}.bin ${PROJECT_SOURCE_DIR}/cmake/EmbedBytes.cmake
  VERBATIM)
target_sources(mistrial_nemesis PRIVATE ${blob}_bytes.cpp)
