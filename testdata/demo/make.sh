#!/usr/bin/env bash
# Makes the demo's model and images again, bit for bit on the same device:
#   testdata/demo/make.sh bin/drdc
# Backbone and refiner are untrained (random weights of seed 1); the bank remembers
# 40 drawn parts of each class. The images come from another seed.
set -euo pipefail
drdc=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$drdc" synth -o "$work/learn" --classes 3 --train 40 --test 2 --size 64 --seed 1
"$drdc" convert --random backbone,refiner --seed 1 --config "$here/demo.json" --dtype int8 -o "$work/untrained.drdc"
"$drdc" train bank --data "$work/learn" -m "$work/untrained.drdc" --grid 32 --neighborhood 1 --per-class 1000 --dtype int8 -o "$here/model.drdc"

"$drdc" synth -o "$work/show" --classes 3 --train 2 --test 6 --size 64 --seed 2
rm -rf "$here/images"
mkdir "$here/images"
for class in "$work"/show/*/; do
  name=$(basename "$class")
  mkdir "$here/images/$name"
  cp -r "$class/test" "$class/ground_truth" "$here/images/$name/"
done
