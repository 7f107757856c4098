"""The list of Gemini's models. https://ai.google.dev/api/models#method:-models.list"""

from sealink.wire.model_list import ModelList, names_in


def model_list_at(models_path: str) -> ModelList:
    """The list at the path of the models."""
    return ModelList(f"{models_path}?pageSize=1000", names)


def names(body: bytes) -> list[str]:
    """`models/gemini-…`: either is a name in requests."""
    listed = names_in(body, "models", "name")
    return [*listed, *(name.rpartition("/")[2] for name in listed)]
