"""Import torch for this study: one thread by default, deterministic, and torchvision importable.

Every module of ``models`` imports ``torch`` from here, so that these settings come first.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
# Looking for a card must not start CUDA: a process forked later could not use it (``core.fork_server``).
os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")

import torch


def _declare_torchvision_operators() -> "torch.library.Library | None":
    """Make ``import torchvision`` work beside a CPU build of torch.

    The wheel's compiled operators are built for CUDA and do not load there; ``torchvision`` then fails
    on registering them. None is used here, so declaring their schemas is enough. The library object
    must stay alive.
    """
    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        library = torch.library.Library("torchvision", "FRAGMENT")
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        return library
    return None


_TORCHVISION = _declare_torchvision_operators()

# Results must not depend on how many cores a job was given: sums are split by thread.
torch.set_num_threads(1)
if torch.cuda.is_available():  # on one CPU thread all operations used here are deterministic anyway
    torch.use_deterministic_algorithms(True)


def device() -> torch.device:
    """The accelerator if there is one, otherwise the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


__all__ = ["device", "torch"]
