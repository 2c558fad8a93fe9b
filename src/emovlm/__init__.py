"""A reproducible study of how vision-language models recognise emotions."""

__version__ = "0.1.0"
