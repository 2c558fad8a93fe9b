"""The processor that comes with a tiny model, asked as those of transformers 4.50 are: with the frames a second."""

from transformers import Qwen2_5_VLProcessor


class TinyProcessor(Qwen2_5_VLProcessor):
    def __call__(self, images=None, text=None, videos=None, fps=None, **others):
        if videos is None:
            return super().__call__(images=images, text=text, **others)
        known = {"cap_pixels_per_frame": False, "do_sample_frames": False}
        made = super().__call__(images=images, text=text, videos=videos, videos_kwargs=known, **others)
        made["second_per_grid_ts"] = [2 / rate for rate in fps]
        return made
