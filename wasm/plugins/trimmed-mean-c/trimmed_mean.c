// Leaves the smallest and the largest refined map out of the mean at each pixel: the bytes of the built-in rule "trimmed-mean".
// One map that an artefact spoils, at one timestep or scale, then does not count.
#include "drdc.h"

static drdc_image image;
static uint32_t count; // of the refined maps
static float *sum, *least, *most, *base;

void drdc_rule_begin(const drdc_image *m) {
	uint32_t n = m->width * m->height;
	image = *m;
	count = 0;
	sum = drdc_new(n), least = drdc_new(n), most = drdc_new(n);
	base = 0;
}

void drdc_rule_map(const drdc_map *map) {
	uint32_t n = image.width * image.height;
	if (map->kind == DRDC_BASE) {
		base = drdc_new(n);
		__builtin_memcpy(base, map->pixels, 4 * n);
		return;
	}
	const float *v = map->pixels;
	drdc_add(sum, v, n);
	if (!count++) {
		__builtin_memcpy(least, v, 4 * n);
		__builtin_memcpy(most, v, 4 * n);
		return;
	}
#pragma clang loop vectorize_width(4) interleave_count(8)
	for (uint32_t i = 0; i < n; i++) least[i] = v[i] < least[i] ? v[i] : least[i];
#pragma clang loop vectorize_width(4) interleave_count(8)
	for (uint32_t i = 0; i < n; i++) most[i] = v[i] > most[i] ? v[i] : most[i];
}

float drdc_rule_finish(float *heatmap) {
	uint32_t n = image.width * image.height;
	if (count >= 3) {
		for (uint32_t i = 0; i < n; i++) sum[i] = (sum[i] - least[i] - most[i]) / (float)(count - 2);
	} else if (count) {
		drdc_divide(sum, n, (float)count);
	}
	drdc_box(sum, image.width, image.height, image.mean_filter);
	drdc_weigh(heatmap, sum, base, &image);
	return drdc_score(heatmap, image.width, image.height);
}
