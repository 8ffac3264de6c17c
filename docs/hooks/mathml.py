r"""A mkdocs hook: TeX between dollar signs, one or two, becomes MathML when the pages are built.

Browsers draw MathML themselves, so that the pages need no JavaScript and nothing from the network. It works on the
pages and on the docstrings that mkdocstrings shows.
"""

from typing import Literal
from xml.etree.ElementTree import Element

from latex2mathml.converter import convert_to_element
from markdown import Extension, Markdown
from markdown.inlinepatterns import InlineProcessor
from mkdocs.config.defaults import MkDocsConfig

INLINE = r"(?s)(?<![\\$])\$(?![\s$])(.+?)(?<![\s\\])\$"
DISPLAYED = r"(?s)(?<![\\$])\$\$(.+?)(?<!\\)\$\$"
BEFORE_ESCAPES = 185  # after code in backticks (190), before backslash escapes (180) and emphasis


class Math(InlineProcessor):
    """One formula: within a line, or on a line of its own."""

    def __init__(self, pattern: str, md: Markdown, display: Literal["inline", "block"]) -> None:
        super().__init__(pattern, md)
        self.display = display

    def handleMatch(self, m, data) -> tuple[Element, int, int]:  # noqa: N802 (Markdown's name)
        return convert_to_element(" ".join(m.group(1).split()), display=self.display), m.start(0), m.end(0)


class MathML(Extension):
    """The Markdown extension."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 (Markdown's name)
        md.inlinePatterns.register(Math(DISPLAYED, md, "block"), "displayed mathml", BEFORE_ESCAPES + 1)
        md.inlinePatterns.register(Math(INLINE, md, "inline"), "mathml", BEFORE_ESCAPES)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add the extension to those of `mkdocs.yml`."""
    config.markdown_extensions.append(MathML())  # type: ignore[arg-type]
    return config
