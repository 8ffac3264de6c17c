"""The examples in the docstrings of public functions run, and print what they say."""

import doctest
import inspect

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

import recurra as rc

mpl.use("Agg")


def functions():
    """The public functions and methods whose docstring has an example, by name."""
    found = {}
    for name in rc.__all__:
        public = getattr(rc, name)
        members = {f"{name}.{key}": member for key, member in vars(public).items()} if inspect.isclass(public) else {}
        for path, member in {name: public, **members}.items():
            if ">>>" in (getattr(member, "__doc__", None) or "") and inspect.isroutine(inspect.unwrap(member)):
                found[path] = member
    return found


FUNCTIONS = functions()


def test_examples_are_found():
    assert {"plot", "show_task"} <= set(FUNCTIONS)


@pytest.mark.thorough
@pytest.mark.parametrize("name", FUNCTIONS)
def test_example(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = inspect.getdoc(FUNCTIONS[name]) or ""
    example = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).run(example)
    plt.close("all")
    assert result.attempted
    assert not result.failed
