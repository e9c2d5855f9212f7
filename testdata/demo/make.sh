#!/usr/bin/env bash
# Makes a demo model from nothing: draws parts, trains a backbone, a bank, a base and a
# refiner on the good ones, and measures them on the test half.
#   testdata/demo/make.sh DRDC DIR
# The variables below are small enough for a few minutes on two cores; README.md beside
# this file has those of the model in the binary. What is done is not done again when the
# command is repeated; training goes on from its checkpoint.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
drdc=$(realpath "$1") out=$2
mkdir -p "$out"

: "${CLASSES:=3}" "${TRAIN:=12}" "${TEST:=9}" "${PIXELS:=64}" "${SEED:=1}"
: "${BACKBONE_FLAGS:=--taps 0,2,5 --batch 8 --steps 40}"
: "${BANK_FLAGS:=--grid 16 --per-class 200}"
: "${BASE_FLAGS:=--feature-size 16 --hidden 64 --heads 4 --layers 1 --epochs 10}"
: "${REFINER_FLAGS:=--cells 4,8 --t-max 300 --batch 4 --lr 1e-3 --ema 0.95 --steps 40}"
: "${EVAL_FLAGS:=}"

run() { echo "drdc $*"; "$drdc" "$@"; }

# learn PART IN OUT FLAGS trains a part unless that is done, from its checkpoint if one is
# there.
learn() {
  local part=$1 in=$2 file=$3 flags=("${@:4}")
  [ ! -f "$file.done" ] || return 0
  [ -z "$in" ] || flags+=(-m "$in")
  [ ! -f "${file%.drdc}.checkpoint.drdc" ] || flags+=(--resume)
  run train "$part" --data "$out/data" --seed "$SEED" "${flags[@]}" -o "$file"
  touch "$file.done"
}

# shellcheck disable=SC2086 # flags are several words
{
  [ -f "$out/data/synth.json" ] ||
    run synth -o "$out/data" --classes "$CLASSES" --train "$TRAIN" --test "$TEST" --size 128 --seed "$SEED" --force
  learn backbone "" "$out/backbone.drdc" --size "$PIXELS" $BACKBONE_FLAGS
  learn bank "$out/backbone.drdc" "$out/bank.drdc" $BANK_FLAGS
  learn base "$out/backbone.drdc" "$out/base.drdc" $BASE_FLAGS
  learn refiner "$out/base.drdc" "$out/model.drdc" --config "$here/demo.json" $REFINER_FLAGS
  run eval -m "$out/bank.drdc" --data "$out/data" --rule base -o "$out/eval-bank" $EVAL_FLAGS
  run eval -m "$out/model.drdc" --data "$out/data" --rule base --rule refined --rule paper -o "$out/eval" $EVAL_FLAGS
}
