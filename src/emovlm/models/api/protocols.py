"""The protocols of API models: the client of each family."""

from emovlm.models.api.clients import Client, GeminiClient, OpenAIClient
from emovlm.models.api.vllm_client import VllmClient

CLIENTS: dict[str, type[Client]] = {"gemini": GeminiClient, "openai": OpenAIClient, "vllm": VllmClient}
"""By the system's family."""
