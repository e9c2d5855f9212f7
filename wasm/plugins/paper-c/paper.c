// The paper's fusion (Eq. 15 to 17) as a plugin: the bytes of the built-in rule "paper".
#include "drdc.h"

static drdc_image image;
static uint32_t count;        // of the refined maps
static float *refined, *base; // their sum; the base map or 0

void drdc_rule_begin(const drdc_image *m) {
	image = *m;
	count = 0;
	refined = drdc_new(m->width * m->height);
	base = 0;
}

void drdc_rule_map(const drdc_map *map) {
	uint32_t n = image.width * image.height;
	if (map->kind == DRDC_BASE) {
		base = drdc_new(n);
		__builtin_memcpy(base, map->pixels, 4 * n);
		return;
	}
	drdc_add(refined, map->pixels, n);
	count++;
}

float drdc_rule_finish(float *heatmap) {
	if (count) {
		drdc_divide(refined, image.width * image.height, (float)count);
		drdc_box(refined, image.width, image.height, image.mean_filter);
	}
	drdc_weigh(heatmap, refined, base, &image);
	return drdc_score(heatmap, image.width, image.height);
}
