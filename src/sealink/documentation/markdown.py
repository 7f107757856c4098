"""A page's Markdown as HTML: GitHub's dialect with tables, code in colours, headings that can be linked to."""

import re
from collections.abc import Collection
from functools import cache
from itertools import pairwise
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

_PAGE: Final = re.compile(r"(?:\./)?([\w./-]+)\.md(#.*)?")


def html_of(text: str, page: str, known: Collection[str]) -> str:
    """The HTML of a page's Markdown. `page`: its name, which links to others start from. `known`: the names of all
    pages; a link to another file is no link here."""
    html: str = parser().render(text, {"page": page, "known": known})
    return html


def headings(text: str) -> list[tuple[str, str]]:
    """The headings of a page but for its title: the anchor and the words of each."""
    tokens = parser().parse(text)
    inlines = [after for token, after in pairwise(tokens) if token.type == "heading_open"]
    return [(anchor(each.content), each.content.replace("`", "")) for each in inlines[1:]]


def anchor(heading: str) -> str:
    """As GitHub makes it, so that a link to a heading works in both places."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def style() -> str:
    """The style sheet of the colours in code, for light and for dark."""
    dark = HtmlFormatter(style="github-dark").get_style_defs(".code")
    light = HtmlFormatter(style="default").get_style_defs(".code")
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


@cache
def parser() -> MarkdownIt:
    """The parser, which threads share."""
    markdown = MarkdownIt("commonmark", {"html": False, "highlight": _coloured}).enable(["table", "strikethrough"])
    markdown.add_render_rule("heading_open", _heading)
    markdown.add_render_rule("link_open", _link)
    markdown.add_render_rule("table_open", lambda *_: '<div class="table" tabindex="0"><table>\n')
    markdown.add_render_rule("table_close", lambda *_: "</table></div>\n")
    markdown.render("words")  # it lists its rules at the first use, where another thread could find half of them
    return markdown


def _coloured(code: str, language: str, _: str) -> str:
    try:
        lexer = get_lexer_by_name(language or "text", stripnl=False)
    except ClassNotFound:
        lexer = get_lexer_by_name("text", stripnl=False)
    inner = highlight(code, lexer, HtmlFormatter(nowrap=True))
    return f'<pre class="code" tabindex="0"><code>{inner}</code></pre>'


def _heading(renderer: RendererHTML, tokens: list[Token], at: int, options: Any, env: Any) -> str:
    tokens[at].attrSet("id", anchor(tokens[at + 1].content))
    return renderer.renderToken(tokens, at, options, env)


def _link(renderer: RendererHTML, tokens: list[Token], at: int, options: Any, env: Any) -> str:
    """Links between the files become links between the pages."""
    target = str(tokens[at].attrGet("href") or "")
    if (other := _PAGE.fullmatch(target)) is not None:
        name = _joined(env["page"], other[1])
        tokens[at].attrSet("href", f"/docs/{name}{other[2] or ''}")
        if name not in env["known"]:
            end = next(token for token in tokens[at:] if token.type == "link_close")
            tokens[at].tag, tokens[at].attrs, end.tag = "span", {}, "span"
    return renderer.renderToken(tokens, at, options, env)


def _joined(page: str, other: str) -> str:
    """The name of the page that a relative link means."""
    folders = page.split("/")[:-1]
    for step in other.split("/"):
        if step == "..":
            del folders[-1:]
        else:
            folders.append(step)
    return "/".join(folders)
