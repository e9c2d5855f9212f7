#!/bin/bash
# Builds the modules in prebuilt/ again, bit for bit, and lists their digests.
#
#   build.sh           all
#   build.sh NAME...   only those; NAME is a folder here
#   build.sh --check   all into a temporary folder, and compares the digests
#
# The bytes depend on the compilers: Go 1.26.8, and of Debian 12 clang 14 and lld 14 (C), rustc 1.63 with
# libstd-rust-dev-wasm32 (Rust) and wabt 1.0.32 (WAT); AssemblyScript 0.28.20 comes from npm.
#
#   apt-get install --no-install-recommends clang lld wabt rustc libstd-rust-dev-wasm32 npm
set -euo pipefail
cd "$(dirname "$0")"

out=prebuilt
check=
all=(paper-go paper-c paper-rust mean-c maximum-wat trimmed-mean-c border-mask-as cell-weights-rust)
if [ "${1:-}" = --check ]; then
	check=yes
	shift
	out=$(mktemp -d)
	trap 'rm -rf "$out"' EXIT
fi
[ $# -gt 0 ] || set -- "${all[@]}"

need() { command -v "$1" >/dev/null || { echo "build.sh: $1 is missing: $2" >&2; exit 1; }; }

rust_flags=(--edition 2021 --target wasm32-unknown-unknown -C opt-level=3 -C panic=abort
	-C target-feature=+simd128,+bulk-memory -C strip=symbols)

for name in "$@"; do
	echo "$name"
	target=$PWD/$out/$name.wasm
	[ "${out#/}" = "$out" ] || target=$out/$name.wasm
	case $name in
	*-go)
		need go "see go.dev"
		GOOS=wasip1 GOARCH=wasm go build -trimpath -buildvcs=false -ldflags="-s -w -buildid=" -buildmode=c-shared -o "$target" "./$name"
		;;
	*-c)
		need clang "install clang and lld"
		clang --target=wasm32 -O3 -msimd128 -mbulk-memory -ffp-contract=off -nostdlib -Wall -Wextra -Wno-unused-function \
			-Wl,--no-entry -Wl,--strip-all -I ../guest/c -o "$target" "$name"/*.c
		;;
	*-rust)
		need /usr/bin/rustc "install rustc and libstd-rust-dev-wasm32"
		lib=$(mktemp -d)
		/usr/bin/rustc "${rust_flags[@]}" --crate-type rlib --crate-name drdc_rule -o "$lib/libdrdc_rule.rlib" ../guest/rust/src/lib.rs
		/usr/bin/rustc "${rust_flags[@]}" --crate-type cdylib -C lto -C link-arg=-zstack-size=65536 \
			--extern drdc_rule="$lib/libdrdc_rule.rlib" -o "$target" "$name"/*.rs
		rm -r "$lib"
		;;
	*-as)
		need npx "install npm"
		npx --yes --package assemblyscript@0.28.20 asc "$name"/*.ts -o "$target" -O3 --noAssert --runtime stub --use abort= \
			--exportStart _initialize --enable simd
		;;
	*-wat)
		need wat2wasm "install wabt"
		wat2wasm -o "$target" "$name"/*.wat
		;;
	*)
		echo "build.sh: $name: want one of ${all[*]}" >&2
		exit 1
		;;
	esac
	chmod 644 "$target"
done

if [ -n "$check" ]; then
	(cd "$out" && for name in "$@"; do grep " $name.wasm\$" "$OLDPWD/prebuilt/SHA256SUMS"; done | sha256sum --check)
else
	(cd prebuilt && sha256sum -- *.wasm >SHA256SUMS)
fi
