"""The list of Anthropic's models. https://platform.claude.com/docs/en/api/models/list"""

import re
from typing import Final

from sealink.wire.dialects.anthropic_messages.upstream.write_request import VERSION
from sealink.wire.model_list import ModelList, names_in

_DATE = re.compile(r"-\d{8}$")


def names(body: bytes) -> list[str]:
    """A model is listed with its date, and has an alias without it: `claude-sonnet-4-5` is one."""
    listed = names_in(body, "data", "id")
    return [*listed, *(_DATE.sub("", name) for name in listed)]


MODEL_LIST: Final = ModelList("/v1/models?limit=1000", names, (VERSION,))
