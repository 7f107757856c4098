"""Rules of the list of models, which has two shapes on one path."""

from typing import Final

from sealink.doctor.conformance.exchanges import LISTED, LISTED_FOR_MESSAGES
from sealink.doctor.conformance.rule import Rule, Transcript


def _openai(transcript: Transcript) -> str | None:
    listed = transcript.parsed(LISTED) or {}
    models = listed.get("data")
    if listed.get("object") != "list" or not isinstance(models, list) or not models:
        return "it is no list of models"
    wrong = [model for model in models if model.get("object") != "model" or not isinstance(model.get("id"), str)]
    return f"a model is {wrong[0]!r}" if wrong else ""


def _anthropic(transcript: Transcript) -> str | None:
    listed = transcript.parsed(LISTED_FOR_MESSAGES) or {}
    missing = [name for name in ("data", "has_more", "first_id", "last_id") if name not in listed]
    if missing:
        return f"{missing[0]} is missing"
    wrong = [model for model in listed["data"] if model.get("type") != "model" or "display_name" not in model]
    return f"a model is {wrong[0]!r}" if wrong else ""


OPENAI_RULES: Final = (Rule("list", "the models are listed in OpenAI's shape", _openai),)
ANTHROPIC_RULES: Final = (
    Rule("list-for-messages", "with anthropic-version they are listed in Anthropic's shape", _anthropic),
)
