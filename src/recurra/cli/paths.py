"""The meaning of paths on the command line: `~` is the home folder, and nothing else is special."""

from pathlib import Path

import typer


def user_path(text: str | Path) -> Path:
    """The path that a user means, even if no shell has expanded it, as in `--out=~/runs` of a job script.

    Afterwards paths are taken literally. A folder whose name begins with `~` is given as `./~`.
    """
    if isinstance(text, Path) or not text.startswith("~"):  # a default; Path("./~") is Path("~")
        return Path(text)
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise typer.BadParameter(f"{text}: no such user; a folder of this name is given as ./{text}") from None
