// The plain mean of the refined maps, without smoothing; the score is its largest pixel. The smallest rule there is.
#include "drdc.h"

static drdc_image image;
static uint32_t count;
static float *sum;

void drdc_rule_begin(const drdc_image *m) {
	image = *m;
	count = 0;
	sum = drdc_new(m->width * m->height);
}

void drdc_rule_map(const drdc_map *map) {
	if (map->kind != DRDC_REFINED) return;
	drdc_add(sum, map->pixels, image.width * image.height);
	count++;
}

float drdc_rule_finish(float *heatmap) {
	uint32_t n = image.width * image.height;
	if (count) drdc_divide(sum, n, (float)count);
	__builtin_memcpy(heatmap, sum, 4 * n);
	return drdc_most(heatmap, n);
}
