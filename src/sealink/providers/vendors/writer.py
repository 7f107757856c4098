"""Writer. Of the two names it knows `max_tokens` only: ChatChatParams in github.com/writer/writer-sdk-python."""

from sealink.providers.profile import Profile
from sealink.providers.transforms import old_name_of_max_tokens
from sealink.providers.vendor import Vendor
from sealink.wire.raw_json.fields import Fields


def chat(path: str, fields: Fields) -> str:
    """Chat is at `/chat` (https://dev.writer.com/api-reference/completion-api/chat-completion)."""
    return "/chat"


VENDOR = Vendor(
    name="writer",
    docs="https://dev.writer.com/home/chat-completion",
    profiles=(Profile("openai", "https://api.writer.com/v1", transforms=(old_name_of_max_tokens,), path=chat),),
    key_variable="WRITER_API_KEY",
    serves=("palmyra-*",),
    models=("palmyra-x5",),
)
