"""MAE-DFER and HiCMAE of toy size, for the tests of their networks and of what is done with them."""

TINY = {
    "mae-dfer": {
        "image": 16, "frames": 4, "patch": 4, "dim": 16, "depth": 2, "heads": 2, "region": (1, 2, 4), "drop_path": 0.0,
    },
    "hicmae": {
        "image": 16, "frames": 4, "patch": 8, "sound": (32, 16), "dim": 16, "depth": 2, "depth_audio": 3,
        "depth_fusion": 2, "heads": 2, "drop_path": 0.0,
    },
}  # fmt: skip
