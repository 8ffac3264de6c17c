"""What a path on the command line means, settled here once: `~` is the home folder, and nothing else is special."""

from pathlib import Path

import typer


def user_path(text: str | Path) -> Path:
    """The path that a user means, also where no shell has read it, as in a job script's `--out=~/runs`.

    From here on a path is what it says. A folder whose name begins with `~` is given as `./~`.
    """
    if isinstance(text, Path) or not text.startswith("~"):  # a default; Path("./~") is Path("~")
        return Path(text)
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise typer.BadParameter(f"{text}: no such user; a folder of this name is given as ./{text}") from None
