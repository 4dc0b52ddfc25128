# Where `cmake --install` puts things, and the Debian package that `cpack -G DEB` makes of it.
include(GNUInstallDirs)

install(TARGETS statelab RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
install(DIRECTORY assets/ DESTINATION ${CMAKE_INSTALL_DATADIR}/statelab/assets COMPONENT program)
install(DIRECTORY sessions/ DESTINATION ${CMAKE_INSTALL_DATADIR}/statelab/sessions COMPONENT program)
install(FILES tools/package/statelab.desktop DESTINATION ${CMAKE_INSTALL_DATADIR}/applications COMPONENT program)
install(FILES tools/package/statelab.svg DESTINATION ${CMAKE_INSTALL_DATADIR}/icons/hicolor/scalable/apps COMPONENT program)
install(FILES tools/package/statelab.metainfo.xml DESTINATION ${CMAKE_INSTALL_DATADIR}/metainfo COMPONENT program)
install(FILES tools/package/statelab.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program)
install(FILES LICENSE RENAME copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/statelab COMPONENT program)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME statelab)
set(CPACK_PACKAGE_VENDOR "State Lab contributors")
set(CPACK_PACKAGE_CONTACT "State Lab contributors <statelab@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_DESCRIPTION
    "State Lab opens a Mamba or Mamba-2 checkpoint, steps it token by token, shows every
inner state, lets it be edited while it runs, and exports the pictures as figures.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
# The package is the program; `cmake --install` also installs the library (library.cmake).
set(CPACK_INSTALL_CMAKE_PROJECTS "${CMAKE_BINARY_DIR};${PROJECT_NAME};program;/")
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
# Libraries are found by what the program links; fonts and the drivers that draw are found only when it runs.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS
    "fonts-inter, fonts-jetbrains-mono, fonts-dejavu-core, fonts-fork-awesome, libgl1-mesa-dri")
include(CPack)
