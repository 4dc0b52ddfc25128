#pragma once
// OpenGL 3.3 core as exported by libOpenGL: its entry points serve whichever context is current, GLX or EGL.
#define GL_GLEXT_PROTOTYPES
#include <GL/glcorearb.h>
