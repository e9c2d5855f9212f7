// The C side of a fusion rule in WebAssembly, contract version 1 (wasm/abi/ABI.md). A rule is one file that includes this header
// and defines drdc_rule_begin, drdc_rule_map and drdc_rule_finish:
//
//   clang --target=wasm32 -O3 -msimd128 -mbulk-memory -ffp-contract=off -nostdlib -Wl,--no-entry -Wl,--strip-all -I wasm/guest/c -o rule.wasm rule.c
//
// There is no C library. drdc_new gives zeroed memory that lasts until the end of the image.
#ifndef DRDC_H
#define DRDC_H

#include <stdint.h>

#define DRDC_EXPORT(name) __attribute__((export_name(name)))
#define DRDC_IMPORT(name) __attribute__((import_module("drdc"), import_name(name)))

enum { DRDC_BASE = 0, DRDC_REFINED = 1 };

// What a rule knows of an image before its first map.
typedef struct {
	uint32_t size;                        // of this record, bytes
	uint32_t width, height;               // of every map and of the heatmap, pixels
	uint32_t maps;                        // how many will come
	uint32_t source_width, source_height; // of the photo before resizing; 0 when unknown
	uint32_t mean_filter;                 // the configured box, pixels, odd
	float refined, base, shift;           // heatmap = refined * R + base * B + shift, as configured
	const char *class_name;               // not ended by a zero
	uint32_t class_length;
	const char *params;                   // lines of key=value
	uint32_t params_length;
} drdc_image;

// One map. The pixels, height * width, are valid only during the call that gets them.
typedef struct {
	uint32_t size; // of this record, bytes
	uint32_t index, kind;
	uint32_t timestep, cell, scale; // 0 in the base map
	const float *pixels;
	uint32_t reserved;
} drdc_map;

// The three functions of a rule. The image's texts stay valid until drdc_rule_finish, the record only during drdc_rule_begin.
// drdc_rule_finish writes all of the heatmap and returns the score; both must be finite.
void drdc_rule_begin(const drdc_image *image);
DRDC_EXPORT("drdc_map") void drdc_rule_map(const drdc_map *map);
DRDC_EXPORT("drdc_finish") float drdc_rule_finish(float *heatmap);

// What the host does for a rule. drdc_fail does not return.
DRDC_IMPORT("fail") _Noreturn void drdc_fail(const char *text, uint32_t length);
DRDC_IMPORT("number") void drdc_number(const char *name, uint32_t length, double value);
DRDC_IMPORT("log") void drdc_log(const char *text, uint32_t length);

#define DRDC_FAIL(literal) drdc_fail(literal, sizeof(literal) - 1)

DRDC_EXPORT("drdc_abi") uint32_t drdc_abi(void) { return 1; }

// Memory is taken from the end of the program's own and all given back at once: a host resets after each image.
extern unsigned char __heap_base;
static uintptr_t drdc_top;

DRDC_EXPORT("drdc_alloc") void *drdc_alloc(uint32_t bytes) {
	uintptr_t at = drdc_top ? drdc_top : ((uintptr_t)&__heap_base + 15) & ~(uintptr_t)15;
	uint64_t end = ((uint64_t)at + bytes + 15) & ~(uint64_t)15;
	uint64_t have = (uint64_t)__builtin_wasm_memory_size(0) << 16;
	if (end > have && __builtin_wasm_memory_grow(0, (end - have + 65535) >> 16) == (uintptr_t)-1) return 0;
	drdc_top = (uintptr_t)end;
	return (void *)at;
}

DRDC_EXPORT("drdc_reset") void drdc_reset(void) { drdc_top = 0; }

// The host's record and its texts are overwritten by the first map, so the texts are copied.
DRDC_EXPORT("drdc_begin") void drdc_begin(const drdc_image *record) {
	drdc_image image = *record;
	char *texts = drdc_alloc(image.class_length + image.params_length);
	if (!texts) DRDC_FAIL("out of memory");
	__builtin_memcpy(texts, image.class_name, image.class_length);
	__builtin_memcpy(texts + image.class_length, image.params, image.params_length);
	image.class_name = texts;
	image.params = texts + image.class_length;
	drdc_rule_begin(&image);
}

// Zeroed room for n values; ends the image if there is none.
static float *drdc_new(uint32_t n) {
	float *p = drdc_alloc(4 * n);
	if (!p) DRDC_FAIL("out of memory");
	__builtin_memset(p, 0, 4 * n);
	return p;
}

// The value of a parameter and its length, or 0. The last one of that key counts.
static inline const char *drdc_param(const drdc_image *image, const char *key, uint32_t *length) {
	const char *p = image->params, *end = p + image->params_length, *found = 0;
	while (p < end) {
		const char *k = key;
		while (*k && *p == *k) p++, k++;
		int match = !*k && *p == '=';
		const char *value = p + 1;
		while (*p != '\n') p++;
		if (match) found = value, *length = p - value;
		p++;
	}
	return found;
}

// Four pixels at any address.
typedef float drdc_four __attribute__((vector_size(16), aligned(4)));

// Adds src to dst. A round takes many pixels, for the host looks at the clock in every round of every loop.
static __attribute__((noinline)) void drdc_add(float *dst, const float *src, uint32_t n) {
	for (; n >= 512; n -= 512, dst += 512, src += 512) {
#pragma unroll
		for (int i = 0; i < 512; i += 4) *(drdc_four *)(dst + i) += *(const drdc_four *)(src + i);
	}
	for (; n >= 64; n -= 64, dst += 64, src += 64) {
#pragma unroll
		for (int i = 0; i < 64; i += 4) *(drdc_four *)(dst + i) += *(const drdc_four *)(src + i);
	}
	for (; n >= 4; n -= 4, dst += 4, src += 4) *(drdc_four *)dst += *(const drdc_four *)src;
	for (; n; n--) *dst++ += *src++;
}

// Divides by one number.
static __attribute__((noinline)) void drdc_divide(float *v, uint32_t n, float by) {
	for (; n >= 64; n -= 64, v += 64) {
#pragma unroll
		for (int i = 0; i < 64; i += 4) *(drdc_four *)(v + i) /= (drdc_four){by, by, by, by};
	}
	for (; n; n--) *v++ /= by;
}

// The largest of n values.
static inline float drdc_most(const float *v, uint32_t n) {
	float best = v[0];
	drdc_four four = {best, best, best, best};
	for (; n >= 64; n -= 64, v += 64) {
#pragma unroll
		for (int i = 0; i < 64; i += 4) four = __builtin_wasm_pmax_f32x4(four, *(const drdc_four *)(v + i));
	}
	for (int i = 0; i < 4; i++)
		if (four[i] > best) best = four[i];
	for (; n; n--, v++)
		if (*v > best) best = *v;
	return best;
}

// The mean over the size x size pixels around each pixel that lie inside the image (Eq. 16): along the rows, then along the
// columns, each a sum from the low end divided by the number of its values. v [height, width] holds the result.
static inline void drdc_box(float *v, int width, int height, int size) {
	int r = size / 2, n = width * height;
	float *across = drdc_new(n);
	for (int y = 0; y < height; y++) {
		const float *row = v + y * width;
		float *sum = across + y * width;
		for (int i = -r; i <= r; i++) {
			int from = i < 0 ? -i : 0, to = i > 0 ? width - i : width;
			if (from < to) drdc_add(sum + from, row + from + i, to - from);
		}
		for (int x = 0; x < width; x++) {
			int first = x > r ? x - r : 0, end = x + r + 1 < width ? x + r + 1 : width;
			sum[x] /= (float)(end - first);
		}
	}
	__builtin_memset(v, 0, 4 * n);
	for (int y = 0; y < height; y++) {
		int first = y > r ? y - r : 0, end = y + r + 1 < height ? y + r + 1 : height;
		for (int i = first; i < end; i++) drdc_add(v + y * width, across + i * width, width);
		drdc_divide(v + y * width, width, (float)(end - first));
	}
}

// The largest mean over squares of 16 x 16 pixels inside the heatmap; smaller where the image is (method 4.5).
static inline float drdc_score(const float *heatmap, int width, int height) {
	int a = width < 16 ? width : 16, d = height < 16 ? height : 16, wide = width - a + 1;
	float *rows = drdc_new(wide * height), *sum = drdc_new(wide), best = 0;
	for (int y = 0; y < height; y++) {
		for (int i = 0; i < a; i++) drdc_add(rows + y * wide, heatmap + y * width + i, wide);
		drdc_divide(rows + y * wide, wide, (float)a);
	}
	for (int y = 0; y + d <= height; y++) {
		__builtin_memset(sum, 0, 4 * wide);
		for (int i = 0; i < d; i++) drdc_add(sum, rows + (y + i) * wide, wide);
		drdc_divide(sum, wide, (float)d);
		for (int x = 0; x < wide; x++)
			if (x + y == 0 || sum[x] > best) best = sum[x];
	}
	return best;
}

// Writes R * refined + B * base + S; base is 0 where there is none.
static inline void drdc_weigh(float *heatmap, const float *refined, const float *base, const drdc_image *m) {
	for (uint32_t i = 0; i < m->width * m->height; i++) {
		float sum = m->refined * refined[i];
		if (base) sum += m->base * base[i];
		heatmap[i] = sum + m->shift;
	}
}

#endif
