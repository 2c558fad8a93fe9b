"""Decode the sound of a clip."""

from itertools import chain

import av
import numpy as np

from emovlm.frames.decoding import Undecodable, open_container
from emovlm.frames.store import RATE


def decode_audio(path: str) -> np.ndarray:
    """A clip's sound as int16 [n], mono, ``RATE`` samples a second; n is 0 if it has none.

    The first audio stream, its channels mixed down by FFmpeg's resampler, as HiCMAE's own preprocessing does
    (``preprocess/face_and_audio/extract_audio.py`` of sunlicai/HiCMAE: 16-bit, one channel, 16 kHz).

    May hang or crash on a damaged file: call it through :class:`emovlm.frames.worker.Worker`.

    Raises:
        Undecodable: the file is no video, or its sound is damaged.
    """
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    heard = [np.zeros(0, np.int16)]
    try:
        with open_container(path) as container:
            if not container.streams.audio:
                return heard[0]
            stream = container.streams.audio[0]
            stream.thread_count = 1
            for frame in chain(container.decode(stream), [None]):  # None: what the resampler still holds
                heard += [part.to_ndarray()[0] for part in resampler.resample(frame)]
    except (av.FFmpegError, ValueError):
        raise Undecodable("the sound is damaged") from None
    return np.concatenate(heard)
