"""The list of the models that an Ollama has pulled. https://docs.ollama.com/api/tags"""

from typing import Final

from sealink.wire.model_list import ModelList, names_in

_LATEST: Final = ":latest"


def names(body: bytes) -> list[str]:
    """`llama3:latest` may be asked for as `llama3`."""
    listed = names_in(body, "models", "name")
    return [*listed, *(name.removesuffix(_LATEST) for name in listed if name.endswith(_LATEST))]


MODEL_LIST: Final = ModelList("/api/tags", names)
