#!/bin/bash
# Makes hostile.wasm of hostile.wat, with Debian's wabt 1.0.32. The tests build hostile-go themselves and write the modules that
# admission refuses byte by byte, in host/internal/plugin/bombs_test.go.
set -euo pipefail
cd "$(dirname "$0")"
wat2wasm -o hostile.wasm hostile.wat
