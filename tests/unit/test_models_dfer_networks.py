"""MAE-DFER and HiCMAE compute what the official code computes, and their weights bear its names."""

import math

import numpy as np
import pytest
from tests.tiny_models.dfer import TINY

from emovlm.core.hashing import sha256_json
from emovlm.models.dfer.mae_dfer import MaeDfer, MaeDferShape, RegionBlock
from emovlm.models.dfer.official_weights import build_network
from emovlm.models.dfer.transformer import drop_path, sinusoids
from emovlm.models.torch_setup import torch

# Of the official classes at the official dimensions: number of weights and parameters, hash of all names and shapes.
OFFICIAL = {
    "mae-dfer": (519, 84_880_395, "effa93ef7e3afaca1e21413ad34b03c5845711cf9522b0425e4e36ca11195663"),
    "hicmae": (370, 80_802_847, "731781d168d63d6e565f7ff3a696db9b003b3df84c13fc828f93ce3afdc0fa1b"),
}
SOME_NAMES = {
    "mae-dfer": {
        "lg_region_tokens": [8, 512],
        "patch_embed.proj.weight": [512, 3, 2, 16, 16],
        "blocks.15.first_attn.q_bias": [512],
        "blocks.15.third_attn.kv.weight": [1024, 512],
        "blocks.15.third_attn_norm1.weight": [512],
        "blocks.15.mlp.fc1.weight": [2048, 512],
        "fc_norm.weight": [512],
        "head.weight": [11, 512],
    },
    "hicmae": {
        "video_layer_weights": [10],
        "encoder.blocks.9.attn.qkv.weight": [1536, 512],
        "encoder.norm.weight": [512],
        "encoder_audio.patch_embed.proj.weight": [512, 1, 16, 16],
        "encoder_fusion.blocks_audio.1.cross_attn.kv.weight": [1024, 512],
        "encoder_fusion.norm_audio.bias": [512],
        "fc_norm.weight": [2048],
        "head.weight": [11, 2048],
    },
}
# Logits of the official classes with the dimensions of TINY, five classes, and weights and inputs from wave().
ANSWERS = {
    "mae-dfer": [
        [0.04558495, -1.52592397, -0.88906127, 0.83135462, 0.94023067],
        [0.04682880, -1.52584672, -0.89027387, 0.83078516, 0.94121200],
    ],
    "hicmae": [
        [-0.67173505, -1.05722857, -0.77009153, -0.02401835, 0.69028568],
        [-1.22564662, -1.50988567, -0.83532315, 0.33941472, 1.25262046],
    ],
}


def wave(shape, scale, start):
    values = (torch.arange(math.prod(shape), dtype=torch.float64) * 0.7 + start).sin()
    return values.reshape(shape).mul(scale).float()


def waving(model):
    """The model with weights that need no random state."""
    with torch.no_grad():
        for i, (name, weight) in enumerate(sorted(model.named_parameters())):
            weight.copy_(wave(weight.shape, 0.3, i) + float("norm" in name and name.endswith("weight")))
    return model.eval()


@pytest.mark.parametrize("network", OFFICIAL)
def test_names_and_shapes_are_those_of_the_official_network(network):
    with torch.device("meta"):
        model = build_network(network, classes=11)
    shapes = {name: list(value.shape) for name, value in model.state_dict().items()}
    assert SOME_NAMES[network].items() <= shapes.items()
    parameters = sum(math.prod(shape) for shape in shapes.values())
    assert (len(shapes), parameters, sha256_json(sorted(map(list, shapes.items())))) == OFFICIAL[network]


@pytest.mark.parametrize("network", OFFICIAL)
def test_the_answer_is_that_of_the_official_code(network):
    model = waving(build_network(network, 5, TINY[network]))
    inputs = [wave((2, 3, 4, 16, 16), 1, 3), wave((2, 1, 32, 16), 1, 5)]
    with torch.no_grad():
        logits = model(*inputs[: 1 + model.hears])
    assert logits.numpy() == pytest.approx(np.array(ANSWERS[network]), abs=1e-5)


def slow_attention(module, queries, others):
    """One query, one head and one other token at a time; token lists [tokens][dim] in and out."""
    weights = {name: value.detach().double().numpy() for name, value in module.state_dict().items()}
    dim = weights["q_bias"].size
    size = dim // module.heads
    answers = []
    for token in queries:
        query = weights["q.weight"] @ token + weights["q_bias"]
        answer = np.zeros(dim)
        for head in range(module.heads):
            rows = slice(head * size, (head + 1) * size)
            likes = []
            for other in others:
                key = (weights["kv.weight"][:dim] @ other)[rows]  # keys have no bias
                likes.append(math.exp(query[rows] @ key / math.sqrt(size)))
            for like, other in zip(likes, others, strict=True):
                value = weights["kv.weight"][dim:] @ other + weights["v_bias"]
                answer[rows] += like / sum(likes) * value[rows]
        answers.append(weights["proj.weight"] @ answer + weights["proj.bias"])
    return answers


def slow_norm(module, tokens):
    scale, shift = (value.detach().double().numpy() for value in (module.weight, module.bias))
    return [(t - t.mean()) / math.sqrt(t.var() + 1e-6) * scale + shift for t in tokens]


def slow_mlp(module, token):
    first, second = (
        [v.detach().double().numpy() for v in (part.weight, part.bias)] for part in (module.fc1, module.fc2)
    )
    inner = first[0] @ token + first[1]
    inner = np.array([x * 0.5 * (1 + math.erf(x / math.sqrt(2))) for x in inner])
    return second[0] @ inner + second[1]


def test_a_block_attends_within_regions_then_among_region_tokens_then_from_these_to_all():
    block = waving(RegionBlock(dim=8, heads=2, drop=0.0))
    given = torch.randn(2, 3, 5, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        fast = block(given).numpy()
    for clip in range(2):
        regions = [[token.double().numpy() for token in region] for region in given[clip]]
        for i, tokens in enumerate(regions):
            normed = slow_norm(block.first_attn_norm0, tokens)
            told = slow_attention(block.first_attn, normed, normed)
            regions[i] = [t + change for t, change in zip(tokens, told, strict=True)]
        heads = [tokens[0] for tokens in regions]
        normed = slow_norm(block.second_attn_norm0, heads)
        told = slow_attention(block.second_attn, normed, normed)
        heads = [t + change for t, change in zip(heads, told, strict=True)]
        for i, tokens in enumerate(regions):
            context = slow_norm(block.third_attn_norm1, heads)
            told = slow_attention(block.third_attn, slow_norm(block.third_attn_norm0, tokens[1:]), context)
            regions[i] = [heads[i], *(t + change for t, change in zip(tokens[1:], told, strict=True))]
        slow = [
            [t + slow_mlp(block.mlp, n) for t, n in zip(tokens, slow_norm(block.norm2, tokens), strict=True)]
            for tokens in regions
        ]
        assert fast[clip] == pytest.approx(np.array(slow), abs=1e-5)


def test_regions_and_their_tokens_are_in_the_order_time_row_column():
    model = MaeDfer(MaeDferShape(image=64, frames=8, dim=4, depth=1, heads=1, region=(2, 1, 2)))
    place = np.stack(np.meshgrid(range(4), range(4), range(4), indexing="ij"), axis=-1).reshape(1, 64, 3)
    regions = model._partition(torch.from_numpy(place))[0]
    expected = [
        [(2 * nt + t, nh, 2 * nw + w) for t in range(2) for w in range(2)]
        for nt in range(2)
        for nh in range(4)
        for nw in range(2)
    ]
    assert regions.numpy().tolist() == [[list(token) for token in region] for region in expected]


def test_positions_are_sines_and_cosines_of_falling_frequency():
    found = sinusoids(7, 6)[0]
    for position in range(7):
        for place in range(6):
            angle = position / 10000 ** (2 * (place // 2) / 6)
            expected = math.cos(angle) if place % 2 else math.sin(angle)
            assert float(found[position, place]) == pytest.approx(expected, abs=1e-6)


def test_stochastic_depth_drops_whole_rows_in_training_only():
    torch.manual_seed(0)
    change = torch.ones(1000, 2, 3)
    assert torch.equal(drop_path(change, 0.5, training=False), change)
    dropped = drop_path(change, 0.5, training=True)
    rows = {tuple(row.flatten().tolist()) for row in dropped}
    assert rows == {(0.0,) * 6, (2.0,) * 6}
    assert 400 < int((dropped[:, 0, 0] == 0).sum()) < 600


@pytest.mark.parametrize(
    ("network", "layers"),
    [
        ("mae-dfer", {"patch_embed.proj.weight": 0, "blocks.1.norm2.bias": 2, "lg_region_tokens": 3, "head.bias": 3}),
        (
            "hicmae",
            {
                "encoder.patch_embed.proj.bias": 0, "encoder.blocks.1.norm1.bias": 2,
                "encoder_audio.blocks.2.norm1.bias": 3,
                "encoder_fusion.blocks.0.norm1.bias": 4, "encoder_fusion.blocks_audio.1.norm1.bias": 5,
                "encoder.norm.bias": 6, "video_layer_weights": 6, "head.bias": 6,
            },
        ),
    ],
)  # fmt: skip
def test_layers_are_numbered_as_the_official_optimizer_numbers_them(network, layers):
    model = build_network(network, 5, TINY[network])
    assert {name: model.layer_of(name) for name in layers} == layers
