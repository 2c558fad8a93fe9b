"""Chat templates with the token layout of the families' own, in our words and for what the study asks only.

A turn of the user with frames and texts, and the beginning of the assistant's. The layouts are those of the
checkpoints' templates: Qwen2.5-VL, Qwen2.5-Omni and Qwen3-VL (QwenLM), InternVL3 (OpenGVLab), Video-LLaVA
(PKU-YuanGroup), LLaVA-NeXT-Video and LLaVA-OneVision (llava-hf), SmolVLM2 (HuggingFaceTB).
"""


def _in_order(image: str, video: str) -> str:
    """Parts in the order given."""
    return (
        "{% for part in message['content'] %}"
        "{% if part['type'] == 'image' %}" + image + "{% elif part['type'] == 'video' %}" + video + "{% else %}"
        "{{ part['text'] }}{% endif %}{% endfor %}"
    )


def _frames_first(image: str, video: str, text: str) -> str:
    """Images, then videos, then texts, whatever the order given."""
    kinds = {"image": image, "video": video, "text": text}
    return "".join(
        "{% for part in message['content'] %}{% if part['type'] == '" + kind + "' %}" + shown + "{% endif %}"
        "{% endfor %}"
        for kind, shown in kinds.items()
    )


def _turns(before: str, parts: str, after: str, reply: str) -> str:
    return (
        "{% for message in messages %}" + before + parts + after + "{% endfor %}"
        "{% if add_generation_prompt %}" + reply + "{% endif %}"
    )


def _chatml(system: str, image: str, video: str) -> str:
    start = "{{ '<|im_start|>' + message['role'] + '\\n' }}"
    if system:
        first = "{% if loop.first and message['role'] != 'system' %}{{ '<|im_start|>system\\n" + system
        start = first + "<|im_end|>\\n' }}{% endif %}" + start
    return _turns(start, _in_order(image, video), "{{ '<|im_end|>\\n' }}", "{{ '<|im_start|>assistant\\n' }}")


HELPFUL = "You are a helpful assistant."
QWEN2_5_VL = _chatml(
    HELPFUL, "<|vision_start|><|image_pad|><|vision_end|>", "<|vision_start|><|video_pad|><|vision_end|>"
)
QWEN3_VL = _chatml("", "<|vision_start|><|image_pad|><|vision_end|>", "<|vision_start|><|video_pad|><|vision_end|>")
QWEN2_5_OMNI = _chatml(HELPFUL, "<|vision_bos|><|IMAGE|><|vision_eos|>", "<|vision_bos|><|VIDEO|><|vision_eos|>")
INTERNVL = _chatml("", "{{ '<IMG_CONTEXT>\\n' }}", "{{ '<video>\\n' }}")
VICUNA = _turns(
    "{{ message['role'].upper() + ': ' }}",
    _frames_first("{{ '<image>\\n' }}", "{{ '<video>\\n' }}", "{{ part['text'] + ' ' }}"),
    "",
    "ASSISTANT:",
)
LLAVA_ONEVISION = _turns(
    "{{ '<|im_start|>' + message['role'] + ' ' }}",
    _frames_first("<image>", "<video>", "{{ '\\n' + part['text'] }}"),
    "<|im_end|>",
    "{{ '<|im_start|>assistant\\n' }}",
)
SMOLVLM = "<|im_start|>" + _turns(
    "{{ message['role'] | capitalize + (':' if message['content'][0]['type'] == 'image' else ': ') }}",
    _in_order("<image>", "<video>"),
    "{{ '<end_of_utterance>\\n' }}",
    "Assistant:",
)


def _thinking(before: str, answered: str, reply: str, system: str = "") -> str:
    """ChatML with images and videos, whose assistant thinks: what is written before an answer given, and before one."""
    asked = "{{ '<|im_start|>' + message['role'] + '\\n' }}" + _in_order(
        "{{ '<IMG_CONTEXT>\\n' }}", "{{ '<video>\\n' }}"
    )
    return (
        system + "{% for message in messages %}{% if message['role'] == 'assistant' %}{{ '<|im_start|>assistant\\n' }}"
        + before + "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
        "{{ message['content'][0]['text'] }}{% endif %}{% else %}" + asked + answered + "{% endif %}"
        "{{ '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}" + reply
        + "{% endif %}"
    )  # fmt: skip


EMPTY = "{{ '<think>\\n\\n</think>\\n\\n' }}"
_OFF = "{% if enable_thinking is defined and enable_thinking is false %}"
THINKING = {
    "opened": _thinking(EMPTY, "", "{{ '<think>\\n' }}"),
    "opened, without answers": _thinking("{{ raise_exception('no answers') }}", "", "{{ '<think>\\n' }}"),
    "opened, answers without": _thinking("", "", "{{ '<think>' }}"),
    "switch": _thinking("", "", _OFF + EMPTY + "{% endif %}"),
    "no switch": _thinking(EMPTY, "", ""),
    "switch in the question": _thinking(
        "", _OFF + "/nothink{% endif %}", _OFF + "{{ '<think></think>\\n' }}{% endif %}"
    ),
    "switch in the question alone": _thinking("", _OFF + "/nothink{% endif %}", ""),
    "switch of another name": _thinking(
        "", "", "{% if thinking is not defined or thinking %}<think>{% else %}</think>{% endif %}"
    ),
    "asked for": _thinking(
        "", "", "", "{{ '<|im_start|>system\\nThink in <think> and </think> first.<|im_end|>\\n' }}"
    ),
}
"""Templates of models that think, of the kinds that are published: opened (Qwen3-VL-Thinking; GLM-4.1V, whose answers
have no thoughts before them), with the switch of Qwen3 (InternVL3.5, MiniCPM-V 4.5), with that and a word in the
question (GLM-4.5V), with a switch of another name (DeepSeek V3.1), asked for in a system prompt (InternVL3.5's R1)."""
