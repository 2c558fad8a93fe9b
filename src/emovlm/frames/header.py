"""What a file's header and packets tell before its video is decoded: can decord be trusted with it?

decord is fast, but shows what is stored and not what a player shows: it ignores edit lists, the display matrix, the
shape of pixels and the choice of a track, and knows neither newer codecs nor files without a duration.
"""

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from emovlm.frames.container import DAMAGED, MP4, Undecodable
from emovlm.frames.turn import UPRIGHT, turn_of

PARAMETERS = {"h264": (4, 0x1F, 0, {7}), "hevc": (21, 0x7E, 1, {32, 33})}
"""Of the codecs that decord is trusted with: the byte of the header that holds the length of a unit's size, and the
type of a unit: bits, shift and the values of parameter sets, which may change the picture's shape."""
FORMATS = ("yuv420p", "yuvj420p")
MOST_TICKS = 2**31  # decord has smaller numbers for times than files may need


def plain_ticks(container: InputContainer, stream: VideoStream) -> np.ndarray | None:
    """When each frame is shown, int64 [n] in ticks of the stream, if decord shows the frames as a player does.

    None if it may not. Reads the packets of an MP4 file and decodes one frame.

    Raises:
        Undecodable: the file ends before its header says.
    """
    if not _looks_plain(container, stream):
        return None
    ticks, last, plain = [], -1, True
    for packet in container.demux(stream):
        if packet.dts is None and packet.pts is None:  # the end
            continue
        if not ticks:
            plain = packet.is_keyframe and _upright(stream, packet)
        elif packet.is_keyframe:
            plain = plain and not _has_parameters(stream, packet)
        plain = plain and packet.pts is not None and not packet.is_discard and packet.pos > last
        if not plain:
            return None
        ticks.append(packet.pts)
        last = packet.pos
    if len(ticks) != len(stream.index_entries):
        raise Undecodable(DAMAGED)
    if not ticks or ticks[0] != min(ticks) or len({*ticks}) < len(ticks) or max(map(abs, ticks)) >= MOST_TICKS:
        return None
    return np.sort(np.array(ticks, np.int64))


def _looks_plain(container: InputContainer, stream: VideoStream) -> bool:
    codec = stream.codec_context
    return (
        container.format.name == MP4
        and len(container.streams.video) == 1
        and codec.name in PARAMETERS
        and codec.pix_fmt in FORMATS
        and len(codec.extradata or b"") > PARAMETERS[codec.name][0]
        and codec.extradata[0] == 1  # as MP4 has it; else units have no sizes
        and (stream.sample_aspect_ratio or 1) == 1
    )


def _upright(stream: VideoStream, first: av.Packet) -> bool:
    """Whether the first frame is whole, and shown as it is stored."""
    try:
        frames = [*stream.decode(first), *stream.decode(None)]
    except av.FFmpegError:
        return True  # let decord say what is wrong
    return not frames or turn_of(frames[0]) == UPRIGHT


def _has_parameters(stream: VideoStream, packet: av.Packet) -> bool:
    """Whether a packet brings parameter sets of its own."""
    if packet.has_sidedata("new_extradata"):
        return True
    at, bits, shift, kinds = PARAMETERS[stream.codec_context.name]
    size = (stream.codec_context.extradata[at] & 3) + 1
    data = memoryview(packet)
    start = 0
    while start + size < len(data):
        if (data[start + size] & bits) >> shift in kinds:
            return True
        start += size + int.from_bytes(data[start : start + size], "big")
    return False
