"""Citations, as OpenAI's annotations. https://platform.openai.com/docs/api-reference/chat/object"""

from typing import Any

from msgspec import Raw

from sealink.wire.raw_json import object_of, text_of


def annotation(citation: bytes, start: int, end: int) -> dict[str, Any]:
    """A citation of the text from `start` to `end` (in characters).

    One that names an address (Anthropic's `web_search_result_location`) is OpenAI's `url_citation`. For all
    others (pages of a document, say) OpenAI has no word: they are carried as they are.
    """
    source = object_of(Raw(citation)) or {}
    if url := text_of(source.get("url")):
        place = {"url": url, "title": text_of(source.get("title")) or "", "start_index": start, "end_index": end}
        return {"type": "url_citation", "url_citation": place}
    return {"type": "citation", "citation": Raw(citation)}
