#!/usr/bin/python3
"""Writes the goldens of runtime/eval with numpy only, by the definitions that scikit-learn documents. Seed 20240705.

    cd testdata/golden/eval && /usr/bin/python3 gen_eval.py

eval.json  a list of cases: w, h, div, images of {anomalous, score, map, truth}, expect. Scores and map values are integers over div (a
           power of two, so float32 holds them exactly); truth is null or the h*w labels.
Each figure is computed the slow way: AUROC over all pairs, the other areas over every distinct threshold in turn.
"""
import json

import numpy as np

rng = np.random.default_rng(20240705)


def curve(values, labels):
    """Distinct thresholds descending: (threshold, tp, fp) for value >= threshold."""
    out = []
    for t in np.unique(values)[::-1]:
        p = values >= t
        out.append((t, int((p & labels).sum()), int((p & ~labels).sum())))
    return out


def auroc(values, labels):
    pos, neg = values[labels], values[~labels]
    order = np.sort(neg)
    below = np.searchsorted(order, pos, "left").sum()
    tied = np.searchsorted(order, pos, "right").sum() - below
    return float((below + tied / 2) / (len(pos) * len(neg)))


def ap_step(values, labels):
    last, total, n = 0.0, 0.0, labels.sum()
    for _, tp, fp in curve(values, labels):
        total += (tp / n - last) * tp / (tp + fp)
        last = tp / n
    return total


def ap_trapezoid(values, labels):
    n = labels.sum()
    r, p = [0.0], [1.0]
    for _, tp, fp in curve(values, labels):
        r.append(tp / n)
        p.append(tp / (tp + fp))
    return float(np.trapz(p, r))


def f1max(values, labels):
    n = labels.sum()
    return max(2 * tp / (tp + fp + n) for _, tp, fp in curve(values, labels))


def f1_grid(values, labels):
    lo, hi = values.min(), values.max()
    best = 0.0
    for i in range(21):
        p = values > lo + (hi - lo) * i / 20
        best = max(best, 2 * (p & labels).sum() / (p.sum() + labels.sum()))
    return float(best)


def components(mask):
    """8-connected regions as index arrays, by repeated dilation."""
    left, out = mask.copy(), []
    while left.any():
        region = np.zeros_like(mask)
        region.flat[np.flatnonzero(left)[0]] = True
        while True:
            pad = np.pad(region, 1)
            grown = np.zeros_like(region)
            for dy in range(3):
                for dx in range(3):
                    grown |= pad[dy:dy + mask.shape[0], dx:dx + mask.shape[1]]
            grown &= mask
            if (grown == region).all():
                break
            region = grown
        out.append(region)
        left &= ~region
    return out


def overlap(maps, regions, test):
    return float(np.mean([test(maps[i])[r].mean() for i, r in regions]))


def pro_exact(maps, masks, limit):
    regions = [(i, r) for i, m in enumerate(masks) for r in components(m)]
    negatives = sum((~m).sum() for m in masks)
    x, y = [0.0], [0.0]
    for t in np.unique(np.concatenate([m.ravel() for m in maps]))[::-1]:
        x.append(sum(((a >= t) & ~m).sum() for a, m in zip(maps, masks)) / negatives)
        y.append(overlap(maps, regions, lambda a: a >= t))
    area = 0.0
    for i in range(1, len(x)):
        if x[i - 1] >= limit:
            break
        xe, ye = x[i], y[i]
        if xe > limit:
            ye = y[i - 1] + (ye - y[i - 1]) * (limit - x[i - 1]) / (xe - x[i - 1])
            xe = limit
        area += (xe - x[i - 1]) * (ye + y[i - 1]) / 2
    return area / limit


def pro_grid(maps, masks, limit):
    regions = [(i, r) for i, m in enumerate(masks) for r in components(m)]
    negatives = sum((~m).sum() for m in masks)
    every = np.concatenate([m.ravel() for m in maps])
    x, y = [], []
    for i in range(200):
        t = every.min() + (every.max() - every.min()) * i / 200
        x.append(sum(((a > t) & ~m).sum() for a, m in zip(maps, masks)) / negatives)
        y.append(overlap(maps, regions, lambda a: a > t))
    x, y = np.array(x), np.array(y)
    keep = x < limit
    x, y = x[keep], y[keep]
    return float(-np.trapz(y, x / x.max()))


def case(name, w, h, div, good, bad, quiet, own_scores=False):
    """quiet: levels of noise; bad images carry one to three boxes of raised values, unknown truth for every fifth. The score is
    the largest value of the map, or with own_scores up to 3 levels off it and the boxes raised by a quarter as much."""
    images, maps, masks = [], [], []
    scores, labels, largest, top = [], [], [], []
    for i in range(good + bad):
        anomalous = i >= good
        mask = np.zeros((h, w), bool)
        a = rng.integers(0, quiet, (h, w))
        if anomalous:
            for _ in range(rng.integers(1, 4)):
                y, x = rng.integers(0, h - 2), rng.integers(0, w - 2)
                mask[y:y + rng.integers(1, 5), x:x + rng.integers(1, 5)] = True
            a = a + mask * rng.integers(0, quiet // 4 if own_scores else quiet, (h, w))
        unknown = anomalous and i % 5 == 0
        score = int(a.max()) + (int(rng.integers(-3, 4)) if own_scores else 0)
        images.append({"anomalous": bool(anomalous), "score": score, "map": a.ravel().tolist(),
                       "truth": None if unknown or not anomalous else mask.ravel().astype(int).tolist()})
        scores.append(score)
        largest.append(a.max() / div)
        # The mean of the largest 1 % of the map, as float32: the metrics take float32 scores.
        top.append(np.float32(np.sort(a.ravel())[-max(1, a.size // 100):].mean() / div))
        labels.append(anomalous)
        if not unknown:
            maps.append(a / div)
            masks.append(mask)
    s, l = np.array(scores) / div, np.array(labels, bool)
    v, m = np.concatenate([a.ravel() for a in maps]), np.concatenate([a.ravel() for a in masks])
    return {"name": name, "w": w, "h": h, "div": div, "images": images, "expect": {
        "image_auroc": auroc(s, l), "image_auroc_max": auroc(np.array(largest), l), "image_auroc_top1": auroc(np.array(top), l), "image_ap": ap_step(s, l), "image_ap_trapezoid": ap_trapezoid(s, l), "image_f1max": f1max(s, l),
        "pixel_auroc": auroc(v, m), "pixel_ap": ap_step(v, m), "pixel_ap_trapezoid": ap_trapezoid(v, m), "pixel_f1max": f1max(v, m),
        "pixel_f1max_grid21": f1_grid(v, m), "aupro": pro_exact(maps, masks, 0.3), "aupro_grid200": pro_grid(maps, masks, 0.3),
        "aupro_all": pro_exact(maps, masks, 1.0), "regions": sum(len(components(a)) for a in masks)}}


cases = [
    case("many ties", 16, 12, 8, 7, 9, 6),
    case("few ties", 15, 11, 1024, 5, 8, 900),
    case("one good image", 9, 13, 64, 1, 6, 40),
    case("scores of their own", 30, 24, 64, 9, 11, 120, own_scores=True),
]
with open("eval.json", "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
