;; A module that is admitted and then misbehaves. What it does is chosen by the mean filter of the image (offset 24 of the record),
;; in drdc_begin unless noted. 1 behaves: a heatmap and a score of 1.
(module
  (import "drdc" "fail" (func $fail (param i32 i32)))
  (import "drdc" "number" (func $number (param i32 i32 f64)))
  (import "drdc" "log" (func $log (param i32 i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (type $nothing (func))
  (table 1 funcref)
  (memory (export "memory") 64)
  (data (i32.const 16) "no\1b[31m luck")
  (data (i32.const 32) "pages")
  (data (i32.const 48) "Bad name")
  (data (i32.const 64) "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
  (data (i32.const 128) "args")
  (data (i32.const 136) "environ")
  (data (i32.const 144) "clock")
  (data (i32.const 152) "random")
  (data (i32.const 160) "file")
  (data (i32.const 168) "poll")
  (data (i32.const 176) "fault")
  (global $top (mut i32) (i32.const 4096))
  (global $mode (mut i32) (i32.const 0))
  (global $pixels (mut i32) (i32.const 0))
  (global $images (mut i32) (i32.const 0)) ;; drdc_reset forgets this one

  (func (export "drdc_abi") (result i32) (i32.const 1))
  (func (export "drdc_reset") (global.set $top (i32.const 4096)))
  (func (export "drdc_alloc") (param $n i32) (result i32)
    (global.get $top)
    (global.set $top (i32.and (i32.add (i32.add (global.get $top) (local.get $n)) (i32.const 15)) (i32.const -16))))

  (func $spin (loop $l (br $l)))
  (func $spin_memory (loop $l
    (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1))) (br $l)))
  (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func $spin_calls (local i32) (loop $l (local.set 0 (call $leaf (local.get 0))) (br $l)))
  (func $recurse (param i32) (result i32) (i32.add (call $recurse (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))

  (func $grow
    (loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (memory.fill (i32.const 65536) (i32.const 1) (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 65536)))
    (call $number (i32.const 32) (i32.const 5) (f64.convert_i32_u (memory.size))))

  (func $many_numbers (local $i i32)
    (loop $l
      (i32.store8 (i32.const 64) (i32.add (i32.const 97) (i32.rem_u (local.get $i) (i32.const 26))))
      (i32.store8 (i32.const 65) (i32.add (i32.const 97) (i32.div_u (local.get $i) (i32.const 26))))
      (call $number (i32.const 64) (i32.const 2) (f64.const 1))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $l (i32.lt_u (local.get $i) (i32.const 65)))))

  (func $flood (local $i i32)
    (loop $l
      (call $log (i32.const 0) (i32.const 65536))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $l (i32.lt_u (local.get $i) (i32.const 200)))))

  ;; What the functions of WASI let through, as numbers.
  (func $probe
    (drop (call $args (i32.const 1024) (i32.const 1028)))
    (call $number (i32.const 128) (i32.const 4) (f64.convert_i32_u (i32.load (i32.const 1024))))
    (drop (call $environ (i32.const 1024) (i32.const 1028)))
    (call $number (i32.const 136) (i32.const 7) (f64.convert_i32_u (i32.load (i32.const 1024))))
    (drop (call $clock (i32.const 0) (i64.const 1) (i32.const 1024)))
    (call $number (i32.const 144) (i32.const 5) (f64.convert_i64_u (i64.load (i32.const 1024))))
    (drop (call $random (i32.const 1024) (i32.const 4)))
    (call $number (i32.const 152) (i32.const 6) (f64.convert_i32_u (i32.load (i32.const 1024))))
    ;; One buffer: address 16, 4 bytes; to a file that is not open, then to stdout from beyond the memory.
    (i32.store (i32.const 1024) (i32.const 16))
    (i32.store (i32.const 1028) (i32.const 4))
    (call $number (i32.const 160) (i32.const 4) (f64.convert_i32_u (call $write (i32.const 3) (i32.const 1024) (i32.const 1) (i32.const 1032))))
    (i32.store (i32.const 1024) (i32.const -16))
    (call $number (i32.const 176) (i32.const 5) (f64.convert_i32_u (call $write (i32.const 1) (i32.const 1024) (i32.const 1) (i32.const 1032))))
    ;; A sleep of an hour: subscription of 48 bytes, clock 1, relative.
    (memory.fill (i32.const 2048) (i32.const 0) (i32.const 128))
    (i32.store (i32.const 2064) (i32.const 1))
    (i64.store (i32.const 2072) (i64.const 3600000000000))
    (call $number (i32.const 168) (i32.const 4) (f64.convert_i32_u (call $poll (i32.const 2048) (i32.const 2112) (i32.const 1) (i32.const 2160)))))

  (func (export "drdc_begin") (param $record i32)
    (global.set $mode (i32.load offset=24 (local.get $record)))
    (global.set $pixels (i32.mul (i32.load offset=4 (local.get $record)) (i32.load offset=8 (local.get $record))))
    (block $29 (block $28 (block $27 (block $26 (block $25 (block $24 (block $23 (block $22 (block $21 (block $20
    (block $10 (block $9 (block $8 (block $7 (block $6 (block $5 (block $4 (block $3 (block $2 (block $1
      (br_table $1 $1 $2 $3 $4 $5 $6 $7 $8 $9 $10 $1 $1 $1 $1 $1 $1 $1 $1 $1 $20 $21 $22 $23 $24 $25 $26 $27 $28 $29 $1 (global.get $mode)))
     (return)) ;; 1
     (call $spin) (return)) ;; 2
     (call $spin_memory) (return)) ;; 3
     (call $spin_calls) (return)) ;; 4
     (call $grow) (return)) ;; 5
     (drop (call $recurse (i32.const 0))) (return)) ;; 6
     (unreachable)) ;; 7
     (drop (i32.div_s (i32.const 1) (i32.const 0))) (return)) ;; 8
     (drop (i32.load (i32.const -4))) (return)) ;; 9
     (call $exit (i32.const 3)) (return)) ;; 10
     (call $fail (i32.const 16) (i32.const 12)) (return)) ;; 20
     (call $fail (i32.const -16) (i32.const 32)) (return)) ;; 21
     (call $number (i32.const 48) (i32.const 8) (f64.const 1)) (return)) ;; 22
     (call $number (i32.const 32) (i32.const 5) (f64.const nan)) (return)) ;; 23
     (call $number (i32.const 32) (i32.const 5) (f64.const 1)) (call $number (i32.const 32) (i32.const 5) (f64.const 2)) (return)) ;; 24
     (call $many_numbers) (return)) ;; 25
     (call $flood) (return)) ;; 26
     (call $probe) (return)) ;; 27
     (call_indirect (type $nothing) (i32.const 0)) (return)) ;; 28
     (call $fail (i32.const 0) (i32.const -1)) (return)) ;; 29

  ;; 11 spins, 12 loads beyond the memory.
  (func (export "drdc_map") (param $record i32)
    (if (i32.eq (global.get $mode) (i32.const 11)) (then (call $spin)))
    (if (i32.eq (global.get $mode) (i32.const 12)) (then (drop (i32.load (i32.const -4))))))

  ;; 13 spins, 14 writes nothing, 15 leaves the last pixel out, 16 writes a NaN, 17 an infinity, 18 scores NaN, 19 writes beyond the memory,
  ;; 31 scores the number of images so far.
  (func (export "drdc_finish") (param $heatmap i32) (result f32) (local $i i32)
    (if (i32.eq (global.get $mode) (i32.const 13)) (then (call $spin)))
    (if (i32.eq (global.get $mode) (i32.const 14)) (then (return (f32.const 1))))
    (if (i32.eq (global.get $mode) (i32.const 15)) (then (global.set $pixels (i32.sub (global.get $pixels) (i32.const 1)))))
    (if (i32.eq (global.get $mode) (i32.const 19)) (then (global.set $pixels (i32.const 0x10000000))))
    (loop $l
      (f32.store (i32.add (local.get $heatmap) (i32.shl (local.get $i) (i32.const 2))) (f32.const 1))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $l (i32.lt_u (local.get $i) (global.get $pixels))))
    (if (i32.eq (global.get $mode) (i32.const 16)) (then (f32.store (local.get $heatmap) (f32.const nan))))
    (if (i32.eq (global.get $mode) (i32.const 17)) (then (f32.store (local.get $heatmap) (f32.const -inf))))
    (if (i32.eq (global.get $mode) (i32.const 18)) (then (return (f32.const nan))))
    (global.set $images (i32.add (global.get $images) (i32.const 1)))
    (if (i32.eq (global.get $mode) (i32.const 31)) (then (return (f32.convert_i32_u (global.get $images)))))
    (f32.const 1)))
