"""The cost model: operations and bytes as counted by hand, and what was measured by others on a known card."""

import pytest

from emovlm.models.flops import (
    Gpu,
    Size,
    answer_s,
    decode_bytes,
    lora_s,
    prefill_flops,
    prompt_tokens,
    start_s,
    training_s,
    vision_flops,
)  # fmt: skip

# 10 layers of width 100 with keys of width 50, 1,000 parameters; a tower of 200 parameters that sees 4 patches a frame.
TINY = Size(vision_parameters=200, patches=4, parameters=1000, layers=10, width=100, kv_width=50, tokens=2)
SLOW = Gpu("slow", flops=1e4, bandwidth=1e3, loading=100, start_s=5)
LLAMA2_7B = Size(0, 0, parameters=6.61e9, layers=32, width=4096, kv_width=4096)


def test_a_prompt_costs_two_operations_a_parameter_and_token_and_causal_attention():
    # 2 x 1,000 x 7, and in each layer 7 x 7 / 2 pairs of tokens, 100 multiply-adds for the scores and for the sum
    assert prefill_flops(TINY, 7) == 14_000 + 10 * (7 * 7 / 2) * 2 * (2 * 100)


def test_frames_cost_the_tower_their_patches_and_the_language_model_their_tokens():
    assert vision_flops(TINY, 3) == 2 * 200 * 4 * 3
    assert prompt_tokens(TINY, 3, 5) == 11


def test_frames_beyond_what_a_system_takes_cost_nothing():
    short = Size(200, 4, parameters=1000, tokens=2, most_frames=2)
    assert vision_flops(short, 50) == vision_flops(short, 2)
    assert prompt_tokens(short, 50, 0) == 4


def test_each_new_token_reads_the_weights_and_the_keys_and_values_so_far():
    weights = 3 * 2 * 1000
    cached = (7 + 8 + 9) * 2 * 2 * 10 * 50  # tokens x key and value x 2 bytes x layers x width
    assert decode_bytes(TINY, 7, 3) == weights + cached


def test_an_answer_takes_the_time_of_its_operations_and_then_of_its_bytes():
    flops = vision_flops(TINY, 1) + prefill_flops(TINY, 7)
    assert answer_s(TINY, SLOW, frames=1, text_tokens=5, new_tokens=3) == pytest.approx(
        flops / 1e4 + decode_bytes(TINY, 7, 3) / 1e3
    )


def test_an_adapter_costs_two_passes_of_the_language_model_and_a_whole_network_three():
    expected = (vision_flops(TINY, 1) + 2 * prefill_flops(TINY, 7)) / 1e4
    assert lora_s(TINY, SLOW, frames=1, text_tokens=5) == pytest.approx(expected)
    network = Size(vision_parameters=200, patches=4, views=4)
    assert training_s(network, SLOW, frames=2) == pytest.approx(3 * 2 * 200 * 4 * 2 / 1e4)


def test_a_job_starts_python_and_reads_two_bytes_a_weight():
    assert start_s(TINY, SLOW) == 5 + 2 * 1200 / 100


def test_a_published_prompt_and_a_published_reply_stay_below_what_the_card_can_do():
    # llama2-7b on an A100 80 GB (312 TFLOP/s, 2.04 TB/s) with lmdeploy 0.1: 2,048 tokens read in 0.139 s, 100 written a
    # second after one (InternLM/lmdeploy, docs/en/benchmark/a100_fp16.md).
    assert 0.6 < prefill_flops(LLAMA2_7B, 2048) / 0.139 / 312e12 < 0.7
    assert 0.6 < decode_bytes(LLAMA2_7B, 1, 128) / (128 / 100.02) / 2.04e12 < 0.7
