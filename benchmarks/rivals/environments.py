"""An environment of its own for every rival that recurra does not depend on, made when it is missing.

pip takes torch from wherever it is set up to look. Where that is PyPI alone, on Linux, it is the CUDA build: a few
gigabytes, and the same speed on the processor.
"""

import json
import subprocess
import sys
from pathlib import Path

# What pip installs, call by call: torch before what depends on it, so that its own pin is what decides.
ENVIRONMENTS: dict[str, list[list[str]]] = {
    "torch": [["torch==2.13.0", "numpy"]],
    "keras_tensorflow": [["tensorflow-cpu==2.21.0", "keras==3.15.1"]],
    "keras_jax": [["keras==3.15.1", "jax==0.10.2"]],
    "neuralrnn": [["torch==2.13.0"], ["torch==2.13.0", "neuralrnn==0.4.0"]],
    "brian2": [["brian2==2.9.0", "numpy==2.2.6"]],  # it needs a NumPy before 2.4
    "reservoirpy": [["reservoirpy==0.4.2", "jax==0.10.2"]],
}
NOTABLE = [
    "recurra",
    "numpy",
    "jax",
    "jaxlib",
    "optax",
    "torch",
    "tensorflow-cpu",
    "keras",
    "neuralrnn",
    "reservoirpy",
    "brian2",
]
MADE = "made.json"  # written last: what the environment was made of

VERSIONS = """
import importlib.metadata, json, platform, sys
found = {"python": platform.python_version()}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


class NotMeasured(Exception):  # noqa: N818 - it is no error of the benchmark: the table says why a number is missing
    """Why a contender has no time."""


def python_of(name: str, folder: Path) -> Path:
    """The Python that a contender runs in; its environment in `folder` is made if it is missing or made otherwise."""
    if name not in ENVIRONMENTS:
        return Path(sys.executable)
    environment = folder / name
    python, made, wanted = environment / "bin" / "python", environment / MADE, json.dumps(ENVIRONMENTS[name])
    if not (made.is_file() and made.read_text() == wanted):
        print(f"making {environment}", file=sys.stderr)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n")
        _run([sys.executable, "-m", "venv", "--clear", str(environment)])
        for packages in ENVIRONMENTS[name]:
            _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages])
        made.write_text(wanted)
    return python


def versions(python: Path) -> dict[str, str]:
    """Of Python and of the packages that matter here, as far as they are installed."""
    return json.loads(_run([str(python), "-c", VERSIONS, *NOTABLE]))


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        lines = (done.stderr + done.stdout).strip().splitlines() or [f"exit status {done.returncode}"]
        errors = [line for line in lines if line.startswith("ERROR")] or lines
        raise NotMeasured(f"no environment: {errors[0][:160]}")
    return done.stdout
