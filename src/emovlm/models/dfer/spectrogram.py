"""The sound of a clip as HiCMAE hears it: a log-mel spectrogram as Kaldi computes it.

The options are those of ``kinetics_av.py`` of github.com/sunlicai/HiCMAE, which follow AudioMAE (Huang et al., NeurIPS
2022): ``torchaudio.compliance.kaldi.fbank`` with a Hann window, 25 ms every 10 ms, no dither. ``transformers`` computes
the same filter bank without torchaudio.
"""

import warnings
from functools import cache

import numpy as np
from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

from emovlm.core.errors import StudyError
from emovlm.models.base import Audio

RATE_HZ = 16_000
WINDOW, STEP, FFT = 400, 160, 512  # samples
ROUNDING = 1e-3  # samples: times are stored to the microsecond, frames officially counted
LEAST = 1024  # samples: the official code takes shorter sounds for damaged
MEAN, SPREAD = -4.2677393, 4.5689974  # of AudioSet's spectrograms
FLOOR = float(np.finfo(np.float32).eps)  # of an energy, before the logarithm


def log_mel(samples: np.ndarray, times: int, bands: int) -> np.ndarray:
    """Normalised log-mel spectrogram float32 [times, bands] of a sound at 16 kHz.

    A longer sound is cut after ``times`` steps of 10 ms, a shorter one is filled up with zeros before the
    normalisation. The official code also multiplies each sound with a random gain of mean 1, in tests too; here
    the gain is 1.

    Args:
        samples: float [n] from -1 to 1, at least one window (400).
        times: steps of 10 ms; the official model takes 256.
        bands: of the mel scale; the official model takes 128.
    """
    samples = (samples - samples.mean(dtype=np.float64))[: WINDOW + (times - 1) * STEP]
    energies = spectrogram(
        samples, window_function(WINDOW, "hann", periodic=False), WINDOW, STEP, fft_length=FFT, power=2.0, center=False,
        preemphasis=0.97, mel_filters=_filters(bands), log_mel="log", mel_floor=FLOOR, remove_dc_offset=True,
    ).T  # fmt: skip
    filled = np.zeros((times, bands))
    filled[: len(energies)] = energies
    return ((filled - MEAN) / (2 * SPREAD)).astype(np.float32)


@cache
def _filters(bands: int) -> np.ndarray:
    with warnings.catch_warnings():
        # With 128 bands the lowest are narrower than the distance of two frequencies, and one is empty: so it is there.
        warnings.filterwarnings("ignore", "At least one mel filter has all zero values")
        return mel_filter_bank(
            FFT // 2 + 1, bands, 20, RATE_HZ / 2, RATE_HZ, norm=None, mel_scale="kaldi", triangularize_in_mel_space=True
        )


def heard_with(sound: Audio | None, shown_s: np.ndarray, step_s: float) -> np.ndarray:
    """The samples that belong to the frames of one view: from the first of them until one step after the last.

    As in the official code (``load_audio`` of ``kinetics_av.py``), the frames from the first to the last of the clip
    are spread over the whole sound: of N frames, frame k is heard at k / (N - 1) of the sound's samples. Here the times
    of the frames say which they are, so that frames in another order hear the same. Where the time of the clip's last
    frame is not known, the sound is cut at the times themselves. As officially, the whole sound is heard where this
    piece is no longer than 1,024 samples, such as for a single frame. A clip without sound, which the official lists
    leave out, or with that few samples, is heard as silence.

    Args:
        sound: of the clip, from its beginning; ``None`` if it has none.
        shown_s: times of the view's frames, in any order.
        step_s: time from one frame to the next.

    Raises:
        StudyError: the sound does not have 16,000 samples a second.
    """
    if sound is not None and sound.rate_hz != RATE_HZ:
        raise StudyError(f"a sound with {sound.rate_hz} samples a second; decode the clip's sound at {RATE_HZ}")
    if sound is None or len(sound.samples) <= LEAST:
        return np.zeros(WINDOW, np.float32)
    start, end = shown_s.min(), shown_s.max() + step_s
    if sound.last_frame_s:
        shares = (start / sound.last_frame_s, min(end / sound.last_frame_s, 1.0))
        start, end = (int(share * len(sound.samples) + ROUNDING) for share in shares)
    else:
        start, end = round(start * RATE_HZ), round(end * RATE_HZ)
    piece = sound.samples[start:end]
    return piece if len(piece) > LEAST else sound.samples
