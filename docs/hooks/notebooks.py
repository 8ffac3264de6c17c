"""A mkdocs hook: a page with a notebook links to it, and to hosted notebooks where the project has a public address.

The address has one place, `extra.github` of `mkdocs.yml`: OWNER/NAME of the public repository, whose branch `main` has
these pages. While it is empty there are no links to other servers.
"""

import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ADDRESS = re.compile(r"[\w.-]+/[\w.-]+")
HOSTS = {
    "Open in Colab": "https://colab.research.google.com/github/{address}/blob/main/docs/{notebook}",
    "Open in Binder": "https://mybinder.org/v2/gh/{address}/main?urlpath=lab/tree/docs/{notebook}",
}


def links(notebook: str, address: str) -> str:
    """One line of HTML: the notebook as a file, and a badge for each place that runs it.

    Args:
        notebook: name of the file, beside the page.
        address: OWNER/NAME of the public repository, or nothing.

    Raises:
        ValueError: the address has another form.
    """
    if address and not ADDRESS.fullmatch(address):
        raise ValueError(f"extra.github of mkdocs.yml is {address!r}; expected OWNER/NAME, or nothing")
    badges = [f'<a href="{escape(quote(notebook))}" download>Download this notebook</a>']
    for name, place in HOSTS.items() if address else ():
        badges.append(f'<a href="{escape(place.format(address=address, notebook=quote(notebook)))}">{name}</a>')
    return f'<p class="notebook">{" ".join(badges)}</p>'


def on_page_markdown(markdown: str, page: "Page", config: "MkDocsConfig", files: "Files") -> str:
    """Put the links behind the title of a page that has a notebook."""
    notebook = Path(page.file.src_uri).with_suffix(".ipynb")
    if files.get_file_from_path(str(notebook)) is None:
        return markdown
    title, _, rest = markdown.partition("\n")
    return f"{title}\n\n{links(notebook.name, config.extra.get('github') or '')}\n{rest}"
