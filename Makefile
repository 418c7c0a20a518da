# The two front-door commands. Everything else is CMake: cmake --list-presets
#
#   make demo   build, and let the demo model answer
#   make test   build, and run every test
#
# Both first install the Debian packages that are missing. PRESET=dev (or asan, tsan, cuda) chooses another build.
PRESET ?= release
BUILD = build/$(PRESET)
TENON = $(BUILD)/bin/tenon

.PHONY: demo test build configure packages clean

demo: build
	@echo '$$ tenon run -p "What is the capital of France?"'
	@$(TENON) run -p "What is the capital of France?" --temperature 0
	@echo '$$ tenon run -p "What is 12 + 30?" --thinking on'
	@$(TENON) run -p "What is 12 + 30?" --thinking on --temperature 0
	@echo 'Chat with it:  $(TENON) run'

test: build
	ctest --test-dir $(BUILD) --output-on-failure -j 2

build: configure
	cmake --build --preset $(PRESET)

configure: packages
	@test -f $(BUILD)/build.ninja || cmake --preset $(PRESET)

packages:
	@tools/install_packages.sh

clean:
	rm -rf build
