# Everything here runs from a clean clone on Debian with Go, make, a C compiler
# and apt. `make` alone lists the targets.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS   += --no-print-directory
.DEFAULT_GOAL := help

# Debian packages, installed by the targets that need them if they are missing.
APT_TEST    := ca-certificates libvulkan1 mesa-vulkan-drivers chromium
APT_CROSS   := gcc-mingw-w64-x86-64 gcc-aarch64-linux-gnu libc6-dev-arm64-cross
APT_WINDOWS := gcc-mingw-w64-x86-64 wine64 xvfb xauth libvulkan1 mesa-vulkan-drivers
APT_GOLDEN  := git python3-torch python3-numpy python3-pil
APT_PEERS   := python3-torch python3-numpy libvulkan1 mesa-vulkan-drivers chromium

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

# Without a C compiler Go would quietly build a program that knows no GPU.
export CGO_ENABLED := 1

# What `drdc version` says. A source tree without git history has neither.
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null)
COMMIT  := $(shell git rev-parse HEAD 2>/dev/null)
# The version comes from the lines above, so that a checkout owned by another
# user, which git refuses to read, still builds.
BUILD   := go build -tags page -buildvcs=false -trimpath -ldflags "-s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)"

TESTFLAGS ?=
FUZZTIME  ?= 10s
FUZZCOUNT ?= 1000000x
READBACKS ?= 1000000

# Programs that ./... leaves out.
UNLISTED := ./.ci/testsummary ./.ci/typecheck ./testdata/chromium ./testdata/peers/browser

# Folders whose packages also build for the browser.
BROWSER := $(patsubst %,./%/...,$(wildcard shaders kernels weights runtime wasm)) ./testdata/peers/browser/pass

.PHONY: help setup build program web web-shots types demo demo-model test conform race fuzz fuzz-pr bench bench-peers bench-gpu bench-web lint golden check tidy cross test-windows gc-storm prove prove-plugins supply clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what the tests need and is missing
	@.ci/packages $(APT_TEST)
	@go mod download

build: program ## build bin/drdc
	@$(BUILD) -o bin/drdc ./host/drdc

# What the binary embeds for the tag page: the program of the page, and the
# JavaScript that starts it, which belongs to this version of Go.
PROGRAM := host/internal/web/program
program: # part of whatever builds drdc
	@mkdir -p build $(PROGRAM)
	@GOOS=js GOARCH=wasm CGO_ENABLED=0 go build -buildvcs=false -trimpath -ldflags "-s -w" -o build/program.wasm ./wasm/browser
	@gzip -9 -n -c build/program.wasm >$(PROGRAM)/program.wasm.gz
	@cp "$$(go env GOROOT)/lib/wasm/wasm_exec.js" $(PROGRAM)/

# CI looks at no picture; people should.
web-shots: setup ## pictures of the page's states, in build/shots, and its bars of time
	@mkdir -p build/shots
	@go test ./host/internal/web -count=1 -timeout=30m -v -run '^Test(Browser|Small|NoWebGPU)$$' -args -all -judge -screenshots=$(CURDIR)/build/shots
	@ls build/shots

web: build ## write the page to build/web, for any static host
	@bin/drdc web -o build/web

types: ## check the types of the page's API with TypeScript
	@command -v npm >/dev/null || .ci/packages nodejs npm
	@mkdir -p build/types
	@cp wasm/browser/types/* wasm/browser/page/drdc.d.ts build/types
	@cd build/types; npm ci --ignore-scripts --no-audit --no-fund
	@cd build/types; node_modules/.bin/tsc --noEmit --strict --target es2022 --module esnext --moduleResolution bundler --lib es2022,dom,dom.iterable use.ts

# The pictures and the model are in the binary; the browser is not needed.
demo: ## run the detector on built-in images and show the results' path
	@.ci/packages libvulkan1 mesa-vulkan-drivers
	@$(MAKE) build
	@bin/drdc demo -o build/demo

# Small by default, for two cores; testdata/demo/make.sh lists the variables.
demo-model: ## train a demo model from nothing: draw parts, backbone, bank, base, refiner, eval
	@.ci/packages libvulkan1 mesa-vulkan-drivers
	@$(MAKE) build
	@testdata/demo/make.sh bin/drdc build/demo-model

# Results are cached by Go; TESTFLAGS=-count=1 runs everything again. The time
# limit is per package, for a CPU adapter on 2 cores.
test: setup ## run all tests and print a closing summary
	@go vet ./... $(UNLISTED)
	@go test -json -timeout=20m $(TESTFLAGS) ./... | go run ./.ci/testsummary

conform: setup ## compare every kernel with its reference, the largest cases too
	@go test ./runtime/conform -count=1 -timeout=2h -v -run '^TestConform$$' -args -large

race: setup ## run all tests under the race detector
	@go test -race -json -timeout=60m $(TESTFLAGS) ./... | go run ./.ci/testsummary

fuzz: ## run every fuzz target for FUZZTIME each (10s)
	@grep -rHo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | sort | while IFS=: read -r file func; do \
		echo "$$(dirname "$$file") $${func#func }"; \
		go test -run='^$$' -fuzz="^$${func#func }$$" -fuzztime=$(FUZZTIME) "$$(dirname "$$file")"; \
	done

# A count instead of a time makes the runs of two machines comparable.
fuzz-pr: ## run every fuzz target for FUZZCOUNT inputs each (1000000x)
	@$(MAKE) fuzz FUZZTIME=$(FUZZCOUNT)

bench: setup ## run the Go benchmarks
	@go test -run='^$$' -bench=. -benchmem ./...

# Each process evaluates REPEAT times more than once, in ROUNDS turns. The small network
# has 2.7 GMAC, the large one 58.
SIZE   ?= $(if $(QUICK),64,224)
ROUNDS ?= 2
REPEAT ?= 2
PYTHON ?= /usr/bin/python3

bench-peers: build/peers/node_modules ## time a U-Net beside ONNX Runtime and PyTorch; QUICK=1 a small one
	@$(MAKE) build
	@/usr/bin/python3 testdata/peers/bench.py --size $(SIZE) --rounds $(ROUNDS) --repeat $(REPEAT)

bench-gpu: build ## time the same U-Net beside PyTorch on an NVIDIA GPU; PYTHON names its interpreter
	@$(PYTHON) testdata/peers/bench.py --gpu --size $(SIZE) --rounds $(ROUNDS) --repeat $(REPEAT)

bench-web: WEB := build/peers/$(if $(QUICK),32,64)
bench-web: build/peers/node_modules ## time a small U-Net beside ONNX Runtime Web on one page; QUICK=1 at 32x32
	@$(MAKE) build
	@/usr/bin/python3 testdata/peers/unet.py $(notdir $(WEB)) $(WEB)
	@bin/drdc convert --quiet --refiner $(WEB)/unet.safetensors --config $(WEB)/config.json -o $(WEB)/unet.drdc
	@cp "$$(go env GOROOT)/lib/wasm/wasm_exec.js" build/peers
	@GOOS=js GOARCH=wasm CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o build/peers/pass.wasm ./testdata/peers/browser/pass
	@go run ./testdata/peers/browser -folder $(WEB) -rounds $(ROUNDS)

# Without scripts, one of which would fetch a CUDA library.
build/peers/node_modules: testdata/peers/package-lock.json
	@.ci/packages $(APT_PEERS)
	@command -v npm >/dev/null || .ci/packages nodejs npm
	@mkdir -p build/peers
	@cp testdata/peers/package.json testdata/peers/package-lock.json build/peers
	@cd build/peers; npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

lint: ## gofmt, go vet, staticcheck
	@files=$$(gofmt -l .); if [ -n "$$files" ]; then echo "gofmt these:"; echo "$$files"; exit 1; fi
	@go vet ./...
	@go run $(STATICCHECK) ./... $(UNLISTED)

# The generators need Debian's own interpreter: torch is installed for no other.
golden: ## make all goldens and attack files again; fails if one changes
	@.ci/packages $(APT_GOLDEN)
	@find testdata -name 'gen*.py' | sort | while read -r script; do \
		echo "$$script"; (cd "$$(dirname "$$script")" && /usr/bin/python3 "$${script##*/}"); \
	done
	@changed=$$(git status --porcelain -- testdata); \
	if [ -n "$$changed" ]; then echo "changed:"; echo "$$changed"; exit 1; fi

check: lint tidy test cross ## what a change must pass: lint, tidy, test, cross

tidy: # part of check
	@go mod tidy -diff

cross: program ## build for linux, windows and the browser; type-check macOS
	@.ci/packages $(APT_CROSS)
	@echo linux/amd64
	@GOOS=linux GOARCH=amd64 $(BUILD) -o build/cross/drdc-linux-amd64 ./host/drdc
	@echo linux/arm64
	@export GOOS=linux GOARCH=arm64 CC=aarch64-linux-gnu-gcc; \
		$(BUILD) -o build/cross/drdc-linux-arm64 ./host/drdc; go vet ./...
	@echo windows/amd64
	@export GOOS=windows GOARCH=amd64 CC=x86_64-w64-mingw32-gcc; \
		$(BUILD) -o build/cross/drdc-windows-amd64.exe ./host/drdc; go vet ./...
	@echo js/wasm
	@export GOOS=js GOARCH=wasm CGO_ENABLED=0; go build $(BROWSER); go vet $(BROWSER)
	@go run ./.ci/typecheck darwin arm64 ./...

# Wine 8 lacks bcryptprimitives.dll, so a stub lies beside the programs. Its DX12
# is an imitation that compiles no shader, so it is left out and Vulkan remains.
# Wine needs a display, even for a program that opens no window.
test-windows: export WINEPREFIX := $(CURDIR)/build/wine
test-windows: export WINEDEBUG := -all
test-windows: export WINEDLLOVERRIDES := d3d12=
test-windows: export PATH := $(PATH):/usr/lib/wine
test-windows: program ## run the Windows build's devices and kernels under Wine
	@.ci/packages $(APT_WINDOWS)
	@mkdir -p build/windows
	@x86_64-w64-mingw32-gcc -shared -O2 -Wall -o build/windows/bcryptprimitives.dll testdata/windows/bcryptprimitives.c -ladvapi32
	@export GOOS=windows GOARCH=amd64 CC=x86_64-w64-mingw32-gcc; \
		$(BUILD) -o build/windows/drdc.exe ./host/drdc; \
		go test -c -o build/windows/conform.test.exe ./runtime/conform
	@cd build/windows; xvfb-run -a bash -euc "trap 'wineserver -k -w' EXIT; wine64 wineboot -i; \
		wine64 drdc.exe devices; wine64 conform.test.exe -test.short -test.run '^TestConform$$'"

gc-storm: setup ## read a buffer back READBACKS times (1000000) under a GC storm
	@go test ./runtime/gpu -count=1 -timeout=3h -v -run '^TestReadbackStorm$$' -args -readbacks=$(READBACKS)

# Counts below those of a release: KILLS=200 ABORTS=200 MANY=10000 are the promised ones.
KILLS  ?= 20
ABORTS ?= 20
MANY   ?= 1000
prove: setup ## kill, abort, damage and overload, one table of figures; other counts by KILLS, ABORTS, MANY
	@{ set +e; \
	go test -json ./host/internal/job -count=1 -timeout=3h -run '^Test(Kill|Aborts|Many)$$' -args -kills=$(KILLS) -aborts=$(ABORTS) -many=$(MANY); \
	go test -json ./host/internal/learn -count=1 -timeout=1h -run '^TestKill$$'; \
	go test -json ./runtime/detect -count=1 -timeout=1h -run '^TestLeak$$' -args -leak-images=200; \
	go test -json ./runtime/gpu -count=1 -timeout=1h -run '^TestReadbackStorm$$'; \
	go test -json ./weights -count=1 -timeout=1h -run '^Test(KillDuringWrite|RealDamage)$$' -args -kills=$(KILLS) -damage=$(MANY); \
	} | go run ./.ci/testsummary -figures

# Needs a machine that does nothing else: bounds of wall-clock time are judged.
# MUTANTS=20000 FUZZ=5000000x are the counts of a release.
MUTANTS ?= 2000
FUZZ    ?= 500000x
prove-plugins: setup ## the promises about plugins; other counts by MUTANTS, FUZZ
	@{ set +e; \
	go test -json ./host/internal/plugin -count=1 -timeout=3h -args -nightly -mutants=$(MUTANTS); \
	go test -json ./wasm/admit ./wasm/sandbox -count=1; \
	} | go run ./.ci/testsummary -figures
	@go test ./wasm/admit -count=1 -timeout=3h -run='^$$' -fuzz='^FuzzAdmit$$' -fuzztime=$(FUZZ) -fuzzminimizetime=10x

# Everything that the binary is made of: downloads as go.sum has them, the same
# bytes from another folder with an empty cache, the licences that README.md
# lists, and a run that has no network.
supply: build ## check what drdc is built from
	@go mod verify
	@linked=$$(go list -deps -f '{{with .Module}}{{if .Version}}{{.Path}} {{.Version}}{{end}}{{end}}' ./host/drdc | sort -u); \
		while read -r path version; do grep -qF "| $$path | $$version |" README.md || { echo "README.md does not list the licence of $$path $$version"; exit 1; }; done <<<"$$linked"
	@rm -rf build/supply; mkdir -p build/supply
	@other=$$(mktemp -d); trap 'chmod -R u+w "$$other"; rm -rf "$$other"' EXIT; \
		git ls-files -z | xargs -0 cp --parents -t "$$other"; \
		(cd "$$other" && GOCACHE="$$other/cache" $(BUILD) -o drdc ./host/drdc); \
		cmp bin/drdc "$$other/drdc" && sha256sum bin/drdc
	@unshare --net --map-root-user bin/drdc demo --quiet -o build/supply/demo
	@echo "supply: passed"

clean: ## remove what was built
	@rm -rf bin build $(PROGRAM)
