"""The names of models: clients choose them, and SeaLink keeps them, so they may not be of any length."""

import json

import pytest

from sealink.errors import InvalidRequest
from sealink.gateway.endpoints import CHAT, EMBEDDING, MESSAGES, RESPONSES
from sealink.gateway.refusals import readable_head
from sealink.wire.dialect import ClientApi
from sealink.wire.raw_json.request_fields import MAX_MODEL_CHARS

PROMPT = {"messages": [{"role": "user", "content": "?"}], "input": "?", "max_tokens": 5}


def asking_for(model: str) -> bytes:
    return json.dumps({"model": model, **PROMPT}, ensure_ascii=False).encode()


@pytest.mark.parametrize("client", [CHAT, MESSAGES, RESPONSES, EMBEDDING], ids=lambda client: client.name)
def test_a_name_has_a_longest_length(client: ClientApi) -> None:
    longest = "é" * MAX_MODEL_CHARS
    assert client.parse_head(asking_for(longest), {}).model == longest
    with pytest.raises(InvalidRequest, match=f"`model` has more than {MAX_MODEL_CHARS} characters") as caught:
        client.parse_head(asking_for(longest + "é"), {})
    assert (caught.value.code, caught.value.param) == ("string_above_max_length", "model")


def test_the_row_of_a_refused_request_has_no_longer_one() -> None:
    assert readable_head(asking_for("m" * MAX_MODEL_CHARS)) is not None
    assert readable_head(asking_for("m" * (MAX_MODEL_CHARS + 1))) is None
