"""The grammar of each client dialect's streams, by the client's name."""

from wire import anthropic_grammar, openai_chat_grammar, openai_responses_grammar


def complaints(client: str, body: bytes, *, include_usage: bool = True) -> list[str]:
    """What a client could object to in a whole stream that ended well or in an error; nothing if it is clean."""
    if client == "chat":
        return openai_chat_grammar.complaints(body, include_usage=include_usage)
    if client == "messages":
        return anthropic_grammar.complaints(body, may_fail=True)
    return openai_responses_grammar.complaints(body)
