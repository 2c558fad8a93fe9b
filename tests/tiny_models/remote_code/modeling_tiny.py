"""The code that comes with a tiny model: Qwen2.5-VL's, but that no class of transformers goes by its name."""

import os

from torch import nn
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

print("the code that came with the weights runs in", os.getpid(), "and sees", sorted(os.environ))


class TinyConfig(Qwen2_5_VLConfig):
    model_type = "tiny_remote"


class TinyModel(Qwen2_5_VLForConditionalGeneration):
    config_class = TinyConfig

    def __init__(self, config):
        super().__init__(config)
        self.gatenet = nn.Linear(1, 2)
