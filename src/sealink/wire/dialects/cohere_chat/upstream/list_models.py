"""The list of Cohere's models. https://docs.cohere.com/reference/list-models"""

from typing import Final

from sealink.wire.model_list import ModelList, names_in


def names(body: bytes) -> list[str]:
    return names_in(body, "models", "name")


MODEL_LIST: Final = ModelList("/v1/models?page_size=1000", names)
