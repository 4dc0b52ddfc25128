# Writes the git revision of ROOT to the header FILE.
execute_process(COMMAND git -C ${ROOT} describe --always --abbrev=12 OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE
                ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(revision "not from a git checkout")
endif()
file(WRITE ${FILE} "#pragma once\nnamespace lab::cli {\ninline constexpr const char* kRevision = \"${revision}\";\n}\n")
