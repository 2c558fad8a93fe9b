"""Decode the sound of a clip, from the time of its first frame on."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain

import av
import av.filter
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer

from emovlm.frames.container import Undecodable, audio_stream, open_container, undecodable, video_stream
from emovlm.frames.store import RATE


def decode_audio(path: str) -> np.ndarray:
    """A clip's sound as int16 [n], mono, ``RATE`` samples a second; n is 0 if it has none.

    The audio track that players choose, its channels mixed down by FFmpeg's resampler, as HiCMAE's own preprocessing
    does (``preprocess/face_and_audio/extract_audio.py`` of sunlicai/HiCMAE: 16-bit, one channel, 16 kHz). Sample 0 is
    heard when the first frame is shown: what comes before is left out, and a later begin and gaps are filled with
    silence.

    May hang or crash on a damaged file: call it through :class:`emovlm.frames.worker.Worker`.

    Raises:
        Undecodable: the file is no video, or its sound is damaged.
    """
    with undecodable(lambda: "the sound is damaged"):
        with open_container(path) as container:
            if not audio_stream(container):
                return np.zeros(0, np.int16)
            begin = _first_frame_s(container)
        with open_container(path) as container:
            return _resampled(container, audio_stream(container), begin)


def _first_frame_s(container: InputContainer) -> Fraction | None:
    """When the first frame is shown, in s on the file's clock; None if there is no video."""
    try:
        stream = video_stream(container)
    except Undecodable:
        return None
    stored = container.format.name != "avi"  # AVI stores decoding times alone; FFmpeg guesses the others, too late
    begun, times = False, []
    for packet in container.demux(stream):
        time = packet.pts if stored and packet.pts is not None else packet.dts
        begun = begun or packet.is_keyframe
        if begun and time is not None and not packet.is_discard:
            times.append(time)
    return min(times) * stream.time_base if times else None


def _resampled(container: InputContainer, stream: AudioStream, begin: Fraction | None) -> np.ndarray:
    """The sound from ``begin`` on, in s on the file's clock; all of it if that is not known."""
    stream.thread_count = 1
    graph, offset, heard = None, 0, [np.zeros(0, np.int16)]
    for frame in chain(container.decode(stream), [None]):  # None: what the resampler still holds
        if graph is None:
            if frame is None:
                break
            graph = _resampler(stream, frame)
            if begin is not None and frame.pts is not None:
                offset = round((frame.pts * frame.time_base - begin) * RATE)
        graph.push(frame)
        heard += [part.to_ndarray()[0] for part in _pulled(graph)]
    return np.concatenate([np.zeros(max(offset, 0), np.int16), *heard])[max(-offset, 0) :]


def _resampler(stream: AudioStream, frame: av.AudioFrame) -> av.filter.Graph:
    """A graph that fills gaps between frames with silence (``async``)."""
    graph = av.filter.Graph()
    graph.link_nodes(
        graph.add_abuffer(template=stream, time_base=frame.time_base),
        graph.add("aresample", f"{RATE}:async=1"),
        graph.add("aformat", "sample_fmts=s16:channel_layouts=mono"),
        graph.add("abuffersink"),
    ).configure()
    return graph


def _pulled(graph: av.filter.Graph) -> Iterator[av.AudioFrame]:
    while True:
        try:
            yield graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
