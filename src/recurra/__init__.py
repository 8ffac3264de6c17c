"""Cohorts of recurrent neural networks: trained together, reverse-engineered, compared.

The names are in `__init__.pyi`; each is imported when it is first used, so that `import recurra` is quick.
"""

import lazy_loader

from recurra import saver, shown

_imported, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> object:
    """A public name, imported now; an AttributeError with the nearest one where there is none."""
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - importing recurra is quick

        return version("recurra")  # of pyproject.toml, as it was installed
    try:
        return _imported(name)
    except AttributeError:
        if name in __all__ or name.startswith("_"):
            raise
        from recurra.checks import nearest  # noqa: PLC0415 - importing recurra is quick

        raise AttributeError(f"recurra has no {name!r}; {nearest(name, __all__)}") from None


def _saver() -> saver.Saver:
    """The module that saves networks and cohorts, on a floor above theirs; imported when the first one is saved."""
    from recurra.runs import saving  # noqa: PLC0415 - importing recurra is quick

    return saving


saver.find_saver = _saver


def _summaries() -> shown.Summaries:
    """The module that words records, on a floor above theirs; imported when the first one is shown."""
    from recurra.summaries import show  # noqa: PLC0415 - importing recurra is quick

    return show


shown.find_summaries = _summaries
