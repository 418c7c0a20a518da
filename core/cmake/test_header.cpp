// An empty test program, whose precompiled header all tests share (TenonTest.cmake).
