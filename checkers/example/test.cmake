# cmake -D SOURCE=DIR -D BUILD=DIR -D COMPILER=PATH [-D FLAGS=...] -P test.cmake: installs the checkers from BUILD into a prefix of
# its own, builds this example against them as a stranger would, and expects it to find the violation.
set(prefix ${BUILD}/package/prefix)
set(work ${BUILD}/package/example)
file(REMOVE_RECURSE ${prefix} ${work})

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE out)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGN}: ${status}\n${out}")
  endif()
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix} --component checkers)
run(${CMAKE_COMMAND} -S ${SOURCE} -B ${work} -G Ninja -D CMAKE_PREFIX_PATH=${prefix} -D CMAKE_CXX_COMPILER=${COMPILER}
    -D CMAKE_CXX_FLAGS=${FLAGS})
run(${CMAKE_COMMAND} --build ${work})
execute_process(COMMAND ${work}/judge-elsewhere RESULT_VARIABLE status OUTPUT_VARIABLE out)
if(NOT status EQUAL 1 OR NOT out MATCHES "pdp-3" OR NOT out MATCHES "r1")
  message(FATAL_ERROR "judge-elsewhere ended with ${status} and said:\n${out}")
endif()
