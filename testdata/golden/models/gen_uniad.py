"""Goldens of UniAD: neck, transformer and heatmap, in float64: python3 gen_uniad.py"""
import torch
import torch.nn as nn
import torch.nn.functional as F

from common import output, stored, unit, write


class Layer(nn.Module):
    """One layer of the encoder, or of the decoder when it has queries."""

    def __init__(self, d, heads, ff, queries):
        super().__init__()
        if queries:
            self.learned_embed = nn.Embedding(queries, d)
        self.self_attn = nn.MultiheadAttention(d, heads)
        if queries:
            self.multihead_attn = nn.MultiheadAttention(d, heads)
        self.linear1, self.linear2 = nn.Linear(d, ff), nn.Linear(ff, d)
        self.norm1, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        if queries:
            self.norm3 = nn.LayerNorm(d)

    def ff(self, x):
        return self.linear2(F.relu(self.linear1(x)))

    def encode(self, x, pos, mask):
        x = self.norm1(x + self.self_attn(x + pos, x + pos, x, attn_mask=mask)[0])
        return self.norm2(x + self.ff(x))

    def decode(self, out, memory, pos, mask):
        x = self.learned_embed.weight.unsqueeze(1).expand_as(memory)
        x = self.norm1(x + self.self_attn(x + pos, memory + pos, memory, attn_mask=mask)[0])
        x = self.norm2(x + self.multihead_attn(x + pos, out + pos, out, attn_mask=mask)[0])
        return self.norm3(x + self.ff(x))


class UniAD(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c, d, (h, w) = c, c["hidden_dim"], c["feature_size"]
        self.pos_embed, self.transformer = nn.Module(), nn.Module()
        self.pos_embed.row_embed, self.pos_embed.col_embed = nn.Embedding(h, d // 2), nn.Embedding(w, d // 2)
        encoder, decoder = nn.Module(), nn.Module()
        make = lambda n, queries: nn.ModuleList(Layer(d, c["nhead"], c["dim_feedforward"], queries) for _ in range(n))
        encoder.layers, decoder.layers = make(c["encoder_layers"], 0), make(c["decoder_layers"], h * w)
        decoder.norm = nn.LayerNorm(d)
        self.transformer.encoder, self.transformer.decoder = encoder, decoder
        self.input_proj, self.output_proj = nn.Linear(c["in_channels"], d), nn.Linear(d, c["in_channels"])
        self.double().eval()
        with torch.no_grad():
            for name, p in self.named_parameters():
                p.copy_(stored(name, *p.shape))

    def mask(self):
        h, w = self.c["feature_size"]
        nh, nw = self.c["neighbor_size"]
        if nh == 0:
            return None
        m = torch.zeros(h, w, h, w, dtype=torch.float64)
        for i in range(h):
            for j in range(w):
                m[i, j, max(i - nh // 2, 0) : i + nh // 2 + 1, max(j - nw // 2, 0) : j + nw // 2 + 1] = float("-inf")
        return m.reshape(h * w, h * w)

    def forward(self, features):
        n, ch, h, w = features.shape
        row, col = self.pos_embed.row_embed.weight, self.pos_embed.col_embed.weight
        pos = torch.cat([col.unsqueeze(0).expand(h, -1, -1), row.unsqueeze(1).expand(-1, w, -1)], 2).reshape(h * w, 1, -1)
        mask = self.mask()
        memory = self.input_proj(features.flatten(2).permute(2, 0, 1))
        for layer in self.transformer.encoder.layers:
            memory = layer.encode(memory, pos, mask)
        out = memory
        for layer in self.transformer.decoder.layers:
            out = layer.decode(out, memory, pos, mask)
        out = self.output_proj(self.transformer.decoder.norm(out))
        return out.permute(1, 2, 0).reshape(n, ch, h, w)


def case(name, images, taps, image, **config):
    """taps are (channels, rows, columns) of the backbone's outputs."""
    c = dict(hidden_dim=256, nhead=8, encoder_layers=4, decoder_layers=4, dim_feedforward=1024,
             neighbor_size=[7, 7], feature_size=[14, 14], in_channels=sum(t[0] for t in taps))
    c.update(config)
    net = UniAD(c)
    maps = [unit("tap%d" % i, images, *t) for i, t in enumerate(taps)]
    features = torch.cat([F.interpolate(m, c["feature_size"], mode="bilinear", align_corners=True) for m in maps], 1)
    with torch.no_grad():
        rebuilt = net(features)
    heat = F.interpolate((rebuilt - features).pow(2).sum(1, keepdim=True).sqrt(), image, mode="bilinear", align_corners=True)
    # The output must depend on the place and on the features.
    assert rebuilt.std((2, 3)).mean() > 0.05 * rebuilt.std(), name
    return {
        "name": name, "config": c,
        "inputs": {"tap%d" % i: [images] + list(t) for i, t in enumerate(taps)},
        "tensors": [{"name": n, "shape": list(p.shape)} for n, p in net.state_dict().items()],
        "outputs": {"features": output(features), "rebuilt": output(rebuilt), "heatmap": output(heat)},
    }


B4 = [(24, 112, 112), (32, 56, 56), (56, 28, 28), (160, 14, 14)]
write("uniad", [
    case("efficientnet_b4 at 224", 1, B4, (224, 224)),
    case("two images of 64x64, mobilenet_v2", 2, [(32, 8, 8), (64, 4, 4), (96, 4, 4)], (64, 64),
         hidden_dim=64, nhead=4, encoder_layers=2, decoder_layers=3, dim_feedforward=96, neighbor_size=[3, 3], feature_size=[8, 8]),
    case("three images of 5x3 tokens, no mask", 3, [(7, 5, 3)], (11, 17),
         hidden_dim=24, nhead=3, encoder_layers=1, decoder_layers=1, dim_feedforward=10, neighbor_size=[0, 0], feature_size=[5, 3]),
    case("rows only", 1, [(9, 9, 2), (4, 4, 3)], (18, 8),
         hidden_dim=16, nhead=2, encoder_layers=1, decoder_layers=2, dim_feedforward=33, neighbor_size=[5, 3], feature_size=[6, 3]),
])
