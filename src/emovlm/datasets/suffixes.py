"""How files of clips are called: which files of a folder are videos or images. Their bytes tell what they hold."""

VIDEOS = (
    ".mp4", ".m4v", ".mov", ".qt", ".3gp", ".3g2", ".f4v", ".mkv", ".webm", ".avi", ".divx", ".ts", ".mts", ".m2ts",
    ".mpg", ".mpeg", ".vob", ".flv", ".wmv", ".asf", ".ogv", ".ogm", ".gif",
)  # fmt: skip
IMAGES = (".jpg", ".jpeg", ".png", ".bmp")
