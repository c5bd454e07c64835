// Carries the precompiled headers: deploy/cmake/passerelle.cmake.
