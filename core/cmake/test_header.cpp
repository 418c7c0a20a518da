// Only for the precompiled header that all tests share (TenonTest.cmake).
