# The library without the window: `find_package(StateLab)` gives StateLab::model, StateLab::tracer and StateLab::state (docs/library.md).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/StateLab)
set_target_properties(lab_model PROPERTIES EXPORT_NAME model)
set_target_properties(lab_tracer PROPERTIES EXPORT_NAME tracer)
set_target_properties(lab_state_api PROPERTIES EXPORT_NAME state)

install(TARGETS lab_options lab_base lab_state lab_state_file lab_state_api lab_files lab_layouts lab_text lab_math lab_families lab_model
                lab_trace lab_analysis lab_detect lab_tracer
        EXPORT StateLabTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/statelab COMPONENT library)
install(EXPORT StateLabTargets NAMESPACE StateLab:: DESTINATION ${package_folder} COMPONENT library)

# What the kernels and the families are made of is nobody else's business.
install(DIRECTORY model tracer DESTINATION include/statelab COMPONENT library FILES_MATCHING PATTERN "*.h"
        PATTERN "model/families" EXCLUDE PATTERN "model/layouts" EXCLUDE PATTERN "model/math/cpu" EXCLUDE PATTERN "model/math/cuda" EXCLUDE)
install(DIRECTORY assets/ DESTINATION ${CMAKE_INSTALL_DATADIR}/statelab/assets COMPONENT library)

get_target_property(math_libraries lab_math LINK_LIBRARIES)
set(needs_cuda OFF)
if(math_libraries MATCHES "CUDA::")
  set(needs_cuda ON)
endif()
set(assets_folder ${CMAKE_INSTALL_DATADIR}/statelab/assets)
configure_package_config_file(tools/package/StateLabConfig.cmake.in ${CMAKE_BINARY_DIR}/StateLabConfig.cmake
                              INSTALL_DESTINATION ${package_folder} PATH_VARS assets_folder)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/StateLabConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/StateLabConfig.cmake ${CMAKE_BINARY_DIR}/StateLabConfigVersion.cmake DESTINATION ${package_folder}
        COMPONENT library)
