# cmake --install BUILD --prefix DIR --component checkers: the checkers as a library for other programs.
# There `find_package(mistrial)` gives `mistrial::checkers`; checkers/example is such a program.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set_target_properties(mistrial_checkers PROPERTIES EXPORT_NAME checkers)
set_target_properties(mistrial_core PROPERTIES EXPORT_NAME core)
set_target_properties(mistrial_options PROPERTIES EXPORT_NAME options)
install(TARGETS mistrial_checkers mistrial_core mistrial_options EXPORT mistrial
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT checkers)
install(EXPORT mistrial NAMESPACE mistrial:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/mistrial COMPONENT checkers)
foreach(folder core core/history checkers checkers/kernels checkers/linearizability)
  file(GLOB headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.hpp)
  install(FILES ${headers} DESTINATION include/mistrial/${folder} COMPONENT checkers)
endforeach()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/mistrialConfig.cmake.in ${PROJECT_BINARY_DIR}/mistrialConfig.cmake
                              INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/mistrial)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/mistrialConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/mistrialConfig.cmake ${PROJECT_BINARY_DIR}/mistrialConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/mistrial COMPONENT checkers)

if(MISTRIAL_TESTS)
  add_test(NAME Package.AnotherProgramFindsItAndJudgesAHistory
           COMMAND ${CMAKE_COMMAND} -D SOURCE=${PROJECT_SOURCE_DIR}/checkers/example -D BUILD=${PROJECT_BINARY_DIR}
                   -D COMPILER=${CMAKE_CXX_COMPILER} -D FLAGS=$<$<BOOL:${MISTRIAL_SANITIZE}>:-fsanitize=address,undefined>
                   -P ${PROJECT_SOURCE_DIR}/checkers/example/test.cmake)
  set_tests_properties(Package.AnotherProgramFindsItAndJudgesAHistory PROPERTIES TIMEOUT 300 LABELS package_tests)
endif()
