# The front-door commands. Everything else is CMake: cmake --list-presets
#
#   make demo   build, and let the demo model answer
#   make test   build, and run every test
#
#   make fuzz   build the fuzzers of tests/fuzz with clang, and run each for FUZZ_SECONDS
#
# All first install the Debian packages that are missing. PRESET=dev (or asan, tsan, cuda) chooses another build.
PRESET ?= release
BUILD = build/$(PRESET)
TENON = $(BUILD)/bin/tenon

FUZZ_SECONDS ?= 60
FUZZERS = safetensors gguf tokenizer description answer http grammar

.PHONY: demo test fuzz build configure packages clean

demo: build
	@echo '$$ tenon run -p "What is the capital of France?"'
	@$(TENON) run -p "What is the capital of France?" --temperature 0
	@echo '$$ tenon run -p "What is 12 + 30?" --thinking on'
	@$(TENON) run -p "What is 12 + 30?" --thinking on --temperature 0
	@echo 'Chat with it:  $(TENON) run'

test: build
	ctest --test-dir $(BUILD) --output-on-failure -j 2

# What is found stands in build/fuzz; it belongs into tests/fuzz/corpus once it is fixed.
fuzz: packages
	@tools/install_packages.sh tools/packages-fuzz.txt
	@test -f build/fuzz/build.ninja || cmake --preset fuzz
	cmake --build --preset fuzz
	@set -e; for name in $(FUZZERS); do \
	  mkdir -p build/fuzz/found/$$name; \
	  build/fuzz/bin/fuzz_$$name -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
	    -artifact_prefix=build/fuzz/$$name- build/fuzz/found/$$name tests/fuzz/corpus/$$name; \
	done

build: configure
	cmake --build --preset $(PRESET)

configure: packages
	@test -f $(BUILD)/build.ninja || cmake --preset $(PRESET)

packages:
	@tools/install_packages.sh

clean:
	rm -rf build
