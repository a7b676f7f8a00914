# Every target works as the only command typed on a fresh Debian 12 or Ubuntu with a Swift 6.3 toolchain.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
.PHONY: setup build demo test check structure suites bench bench-quick format lint clean fuzz fuzz-planted sanitize
.DEFAULT_GOAL := build

# A toolchain that is not on PATH is looked for where the installers put it.
export PATH := $(PATH):/opt/swift/usr/bin:$(HOME)/.local/share/swiftly/bin:$(HOME)/.swiftly/bin

PACKAGES := libpg-query-dev libssl-dev libpq-dev liburing-dev libidn-dev libjansson-dev libcurl4-openssl-dev pkg-config \
	postgresql postgresql-contrib python3-venv
TEST_PACKAGES := etcd-server
BENCH_PACKAGES := pgbouncer pgpool2 haproxy python3-matplotlib

VENV := .build/venv
DRIVERS := Tests/Drivers/requirements.txt
RELEASE := swift build -c release --static-swift-stdlib --explicit-target-dependency-import-check error
PORT ?= 6432
REPLICAS ?= 2

# Installs what is missing of the packages given as arguments. A new postgresql gets no main cluster (nothing here
# uses it), and one that is there is left as it is. Nor is a new etcd-server started, now or at the next boot: tests
# start members of their own.
define install_packages
missing=()
for package in $(1); do
	dpkg-query -W -f='$${Status}' "$$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$$package")
done
if [ $${#missing[@]} -gt 0 ]; then
	as_root=()
	if [ "$$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || { echo "missing packages: install them as root with 'apt-get install $${missing[*]}'" >&2; exit 1; }
		as_root=(sudo)
	fi
	echo "==> Installing $${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	"$${as_root[@]}" apt-get update -q
	if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
		echo 'create_main_cluster = false' | "$${as_root[@]}" install -D -m 644 /dev/stdin /etc/postgresql-common/createcluster.conf
	fi
	rests=no
	if [[ " $${missing[*]} " == *" etcd-server "* && ! -e /usr/sbin/policy-rc.d ]]; then
		rests=yes
		trap '"$${as_root[@]}" rm -f /usr/sbin/policy-rc.d' EXIT
		printf '#!/bin/sh\nexit 101\n' | "$${as_root[@]}" install -m 755 /dev/stdin /usr/sbin/policy-rc.d
	fi
	"$${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
		-o Dpkg::Options::=--force-confold "$${missing[@]}"
	if [ $$rests = yes ]; then
		"$${as_root[@]}" rm -f /usr/sbin/policy-rc.d
		trap - EXIT
		"$${as_root[@]}" update-rc.d etcd disable >/dev/null 2>&1 || true
	fi
fi
endef

setup:
	@command -v swift >/dev/null || { echo "no swift on PATH: install Swift 6.3 from https://www.swift.org/install/linux/" >&2; exit 1; }
	$(call install_packages,$(PACKAGES))

build: setup
	@echo "==> Building howdah in release mode"
	$(RELEASE) --product howdah

demo: build
	@exec "$$($(RELEASE) --show-bin-path)/howdah" demo --port $(PORT) --replicas $(REPLICAS)

# The drivers that the tests run through the proxy.
$(VENV)/installed: $(DRIVERS) | setup
	@echo "==> Installing $(DRIVERS) for the driver tests"
	mkdir -p .build
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $(DRIVERS)
	touch $@

# The integration tests start the release binary. 900 tests run side by side, many with servers of their own: where up to
# three of the latter fail, they are run once more without the others, and what passes then is told as unstable. Tests
# without servers have titles instead of names, and no second try.
test: build $(VENV)/installed
	@$(call install_packages,$(TEST_PACKAGES))
	@echo "==> Building and running the tests"
	swift test 2>&1 | tee .build/test.log && exit
	echo "==> What failed"
	awk '/^[^ ]+ Test .*recorded an issue/ { told = 25 } /^[^ ]+ (Test|Suite) / && !/recorded an issue/ { told = 0 } told-- > 0' \
		.build/test.log | cut -c -2000
	failed=$$(grep -E '^✘ Test .* failed after' .build/test.log | grep -vc '^✘ Test run ' || true)
	names=$$(sed -nE 's/^✘ Test ([A-Za-z0-9]+)\(.*failed after.*/\1/p' .build/test.log)
	[ "$$failed" -ge 1 ] && [ "$$failed" -le 3 ] && [ "$$(wc -w <<<"$$names")" -eq "$$failed" ] || exit 1
	echo "==> Once more, alone: $$(xargs <<<"$$names")"
	swift test --skip-build --filter "/($$(xargs <<<"$$names" | tr ' ' '|'))\("
	echo "==> UNSTABLE: failed beside all others and passed alone: $$(xargs <<<"$$names")"

# All that needs no PostgreSQL: the pure modules, the engine, its simulation and the documents. Under two minutes once built.
CHECKED := BytesTests|PostgresWireTests|AuthenticationTests|StatementRoutingTests|ProxyCoreTests|SimulationTests|FuzzTests|ConfigurationTests|DocsTests
check: setup
	@echo "==> Building and running the tests that need no server"
	swift test --filter '^($(CHECKED))\.'

# The drivers' own suites, directly and through Howdah: downloads their sources, and takes an hour and more.
suites: build
	Tests/Suites/run $(SUITES)

# Made-up bytes for all that takes bytes from outside, FUZZ_SECONDS (60) for each of FUZZ_TARGETS (all). About
# nine minutes, six of them for the targets.
fuzz: setup
	@FUZZ_SECONDS=$(or $(FUZZ_SECONDS),60) Tests/Fuzz/run $(FUZZ_TARGETS)

# Whether the tests find faults that were found once, and are put back one by one (PLANTED: those alone). About fifteen
# minutes on two idle cores.
fuzz-planted: setup
	@Tests/Fuzz/planted $(PLANTED)

# Tests that need no release binary under AddressSanitizer, then under ThreadSanitizer, and behind each the proxy itself
# under load, each in a build of its own: about half an hour on two idle cores. Not under ThreadSanitizer: io_uring, since
# what is written into the ring and the buffers is the kernel's, of which it knows nothing, and tests that only reckon.
SANITIZED := BytesTests PostgresWireTests AuthenticationTests StatementRoutingTests ProxyCoreTests SimulationTests FuzzTests \
	ConfigurationTests ClusterTests ProxyServerTests EventIOTests
ADDRESS := --scratch-path .build/address --sanitize address
THREAD := --scratch-path .build/thread --sanitize thread
sanitize: setup
	@echo "==> AddressSanitizer"
	export ASAN_OPTIONS=detect_leaks=0
	HOWDAH_TESTS='$(SANITIZED)' swift build --build-tests $(ADDRESS)
	HOWDAH_TESTS='$(SANITIZED)' HOWDAH_SIMULATION_SEEDS=100 HOWDAH_HOSTILE_CASES=600 HOWDAH_MIXED_SEEDS=400 \
		swift test --skip-build $(ADDRESS)
	swift build --product howdah $(ADDRESS)
	Tests/Sanitizers/load "$$(swift build $(ADDRESS) --show-bin-path)/howdah"
	echo "==> ThreadSanitizer"
	export TSAN_OPTIONS=suppressions=$(CURDIR)/Tests/Sanitizers/thread.supp HOWDAH_IO_METHOD=epoll
	HOWDAH_TESTS='$(SANITIZED)' swift build --build-tests $(THREAD)
	HOWDAH_TESTS='$(SANITIZED)' HOWDAH_SIMULATION_SEEDS=20 HOWDAH_HOSTILE_CASES=100 HOWDAH_MIXED_SEEDS=60 \
		swift test --skip-build $(THREAD) --skip 'KeyedHashTests|CoordinationSimulationTests'
	swift build --product howdah $(THREAD)
	Tests/Sanitizers/load "$$(swift build $(THREAD) --show-bin-path)/howdah"

bench bench-quick: build
	@$(call install_packages,$(BENCH_PACKAGES))
	bench/run $(if $(filter bench-quick,$@),--quick)

format:
	swift format --in-place --recursive Sources Tests Package.swift

# What swift-format does not look at: comments keep to 120 columns, too.
lint:
	swift format lint --strict --recursive Sources Tests Package.swift
	@long=$$(LC_ALL=C.UTF-8 grep -rnPH --include='*.swift' '^(?=.{121})\s*//' Sources Tests Package.swift || true)
	[ -z "$$long" ] || { echo "comments of more than 120 columns:"; echo "$$long"; exit 1; }

# Figures of structure, of this tree or of this and an earlier one (BEFORE_REVISION).
structure:
	@Tests/Structure/report $(if $(BEFORE_REVISION),--before $(BEFORE_REVISION))

clean:
	rm -rf .build
