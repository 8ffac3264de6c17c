r"""A mkdocs hook: TeX between dollar signs becomes MathML when the pages are built.

Browsers draw MathML themselves, so that the pages need no JavaScript and nothing from the network. It works on the
pages and on the docstrings that mkdocstrings shows.
"""

from xml.etree.ElementTree import Element

from latex2mathml.converter import convert_to_element
from markdown import Extension, Markdown
from markdown.inlinepatterns import InlineProcessor
from mkdocs.config.defaults import MkDocsConfig

INLINE = r"(?s)(?<![\\$])\$(?![\s$])(.+?)(?<![\s\\])\$"
BEFORE_ESCAPES = 185  # after code in backticks (190), before backslash escapes (180) and emphasis


class InlineMath(InlineProcessor):
    """One formula within a paragraph."""

    def handleMatch(self, m, data) -> tuple[Element, int, int]:  # noqa: N802 (Markdown's name)
        return convert_to_element(" ".join(m.group(1).split())), m.start(0), m.end(0)


class MathML(Extension):
    """The Markdown extension."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 (Markdown's name)
        md.inlinePatterns.register(InlineMath(INLINE, md), "mathml", BEFORE_ESCAPES)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add the extension to those of `mkdocs.yml`."""
    config.markdown_extensions.append(MathML())  # type: ignore[arg-type]
    return config
