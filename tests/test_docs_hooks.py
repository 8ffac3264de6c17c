"""The links to the notebook of a page, with a public address and without; and formulas."""

import importlib.util
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

HOOKS = Path(__file__).parents[1] / "docs" / "hooks"
MARKDOWN = "# Title\n\nText.\n"


def loaded(name):
    spec: Any = importlib.util.spec_from_file_location(f"{name}_hook", HOOKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def hook():
    return loaded("notebooks")


def shown(hook, name, address):
    page = SimpleNamespace(file=SimpleNamespace(src_uri=name))
    files = SimpleNamespace(get_file_from_path={"primer.ipynb": "file"}.get)
    return hook.on_page_markdown(MARKDOWN, page, SimpleNamespace(extra={"github": address}), files)


@pytest.mark.parametrize("address", ["", None])
def test_without_an_address_the_notebook_is_a_file_and_nothing_leads_elsewhere(hook, address):
    text = shown(hook, "primer.md", address)
    assert text == (
        '# Title\n\n<p class="notebook"><a href="primer.ipynb" download>Download this notebook</a></p>\n\nText.\n'
    )


def test_with_an_address_each_host_has_a_badge_and_no_picture_is_loaded(hook):
    text = shown(hook, "primer.md", "someone/somewhere")
    assert 'href="https://colab.research.google.com/github/someone/somewhere/blob/main/docs/primer.ipynb"' in text
    assert 'href="https://mybinder.org/v2/gh/someone/somewhere/main?urlpath=lab/tree/docs/primer.ipynb"' in text
    assert "download" in text
    assert "<img" not in text


def test_a_page_without_a_notebook_stays_as_it_is(hook):
    assert shown(hook, "glossary.md", "someone/somewhere") == MARKDOWN


@pytest.mark.parametrize("address", ["somewhere", "https://example.org/a/b", 'a/b" onclick="'])
def test_another_form_of_address_is_refused(hook, address):
    with pytest.raises(ValueError, match=r"extra.github of mkdocs.yml is .* expected OWNER/NAME"):
        shown(hook, "primer.md", address)


def test_formulas_between_one_and_two_dollar_signs():
    """Also with what Markdown takes for emphasis, over lines, and beside code and prices."""
    for package in ("markdown", "latex2mathml", "mkdocs"):  # installed for the docs
        pytest.importorskip(package)
    import markdown

    text = "rate $r_u$ and\n\n$$a_{ui} = *b*_c\n+ d_e$$\n\n`$x$ $$y$$`, 5 $ and 6 $, $$z$$ in a line"
    html = markdown.markdown(text, extensions=[loaded("mathml").MathML()])
    assert html.count("<math") == 3
    assert html.count('display="block"') == 2
    assert "<em>" not in html
    assert "<code>$x$ $$y$$</code>, 5 $ and 6 $," in html


def test_no_page_has_a_formula_that_the_hook_does_not_see():
    """Each formula of a page has two ends in one paragraph."""
    for page in sorted(HOOKS.parent.glob("*.md")):
        text = re.sub(r"^```.*?^```$|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for paragraph in re.split(r"\n\s*\n", text):
            assert paragraph.count("$$") % 2 == 0, f"{page.name}: {paragraph[:80]}"
