;; The largest refined map at each pixel, weighed against the base map: heatmap = R * max + B * base + S, score = its largest pixel.
;; Written by hand, with no tool but wat2wasm. Four pixels at a time; a tail of up to three one by one.
(module
  (import "drdc" "fail" (func $fail (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "out of memory")
  (global $top (mut i32) (i32.const 64)) ;; the first free byte
  (global $image (mut i32) (i32.const 0))   ;; a copy of the first 40 bytes of the image record
  (global $pixels (mut i32) (i32.const 0))  ;; how many
  (global $most (mut i32) (i32.const 0))    ;; the largest refined map so far
  (global $base (mut i32) (i32.const 0))    ;; the base map, or zeros
  (global $refined (mut i32) (i32.const 0)) ;; how many refined maps came

  (func (export "drdc_abi") (result i32) (i32.const 1))

  ;; Gives zeroed memory: a fresh page holds zeros and nothing is given back. There is no drdc_reset, so a host makes
  ;; a new instance for every image.
  (func $alloc (export "drdc_alloc") (param $bytes i32) (result i32)
    (local $at i32) (local $missing i64)
    (local.set $at (global.get $top))
    (local.set $missing
      (i64.sub
        (i64.add (i64.extend_i32_u (local.get $at)) (i64.extend_i32_u (local.get $bytes)))
        (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16))))
    (if (i64.gt_s (local.get $missing) (i64.const 0)) (then
      (if (i32.eq (i32.const -1)
            (memory.grow (i32.wrap_i64 (i64.shr_u (i64.add (local.get $missing) (i64.const 65535)) (i64.const 16)))))
        (then (return (i32.const 0))))))
    (global.set $top (i32.and (i32.add (i32.add (local.get $at) (local.get $bytes)) (i32.const 15)) (i32.const -16)))
    (local.get $at))

  ;; Zeroed room for a map.
  (func $new (result i32)
    (local $at i32)
    (local.set $at (call $alloc (i32.shl (global.get $pixels) (i32.const 2))))
    (if (i32.eqz (local.get $at)) (then (call $fail (i32.const 16) (i32.const 13))))
    (local.get $at))

  (func (export "drdc_begin") (param $record i32)
    (global.set $image (call $alloc (i32.const 48)))
    (memory.copy (global.get $image) (local.get $record) (i32.const 40))
    (global.set $pixels (i32.mul (i32.load offset=4 (local.get $record)) (i32.load offset=8 (local.get $record))))
    (global.set $most (call $new))
    (global.set $base (call $new)))

  (func (export "drdc_map") (param $record i32)
    (local $src i32) (local $dst i32) (local $end i32)
    (local.set $src (i32.load offset=24 (local.get $record)))
    ;; The base map and the first refined map are copied.
    (if (i32.eqz (i32.load offset=8 (local.get $record))) (then
      (memory.copy (global.get $base) (local.get $src) (i32.shl (global.get $pixels) (i32.const 2)))
      (return)))
    (global.set $refined (i32.add (global.get $refined) (i32.const 1)))
    (if (i32.eq (global.get $refined) (i32.const 1)) (then
      (memory.copy (global.get $most) (local.get $src) (i32.shl (global.get $pixels) (i32.const 2)))
      (return)))
    (local.set $dst (global.get $most))
    (local.set $end (i32.add (local.get $dst) (i32.shl (i32.and (global.get $pixels) (i32.const -4)) (i32.const 2))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $dst) (local.get $end)))
      (v128.store (local.get $dst) (f32x4.max (v128.load (local.get $dst)) (v128.load (local.get $src))))
      (local.set $dst (i32.add (local.get $dst) (i32.const 16)))
      (local.set $src (i32.add (local.get $src) (i32.const 16)))
      (br $next)))
    (local.set $end (i32.add (global.get $most) (i32.shl (global.get $pixels) (i32.const 2))))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $dst) (local.get $end)))
      (f32.store (local.get $dst) (f32.max (f32.load (local.get $dst)) (f32.load (local.get $src))))
      (local.set $dst (i32.add (local.get $dst) (i32.const 4)))
      (local.set $src (i32.add (local.get $src) (i32.const 4)))
      (br $next))))

  (func (export "drdc_finish") (param $heatmap i32) (result f32)
    (local $i i32) (local $end i32) (local $v f32) (local $score f32)
    (local.set $score (f32.const -inf))
    (local.set $end (i32.shl (global.get $pixels) (i32.const 2)))
    (loop $next
      (local.set $v
        (f32.add
          (f32.add
            (f32.mul (f32.load offset=28 (global.get $image)) (f32.load (i32.add (global.get $most) (local.get $i))))
            (f32.mul (f32.load offset=32 (global.get $image)) (f32.load (i32.add (global.get $base) (local.get $i)))))
          (f32.load offset=36 (global.get $image))))
      (f32.store (i32.add (local.get $heatmap) (local.get $i)) (local.get $v))
      (local.set $score (f32.max (local.get $score) (local.get $v)))
      (local.set $i (i32.add (local.get $i) (i32.const 4)))
      (br_if $next (i32.lt_u (local.get $i) (local.get $end))))
    (local.get $score)))
