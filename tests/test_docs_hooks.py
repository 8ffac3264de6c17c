"""The links to the notebook of a page, with a public address and without."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

FILE = Path(__file__).parents[1] / "docs" / "hooks" / "notebooks.py"
MARKDOWN = "# Title\n\nText.\n"


@pytest.fixture(scope="module")
def hook():
    spec: Any = importlib.util.spec_from_file_location("notebooks_hook", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
