"""What is compared after a command was cut off: nothing is lost, the bits are the same, and it said one line."""

import json
from pathlib import Path

VOLATILE = ("seconds", "training_seconds", "started", "stretches", "machine", "engine", "analysis")
TIMED = (".html", ".png", ".svg")  # files in which a date or a duration may stand: they must be whole
STOPPING = "recurra: stopping; "  # said at once, before the line that says how to go on
JOURNAL = "optuna.journal"  # in which times stand
ENDS = {".html": b"</html>", ".png": b"IEND\xaeB`\x82", ".svg": b"</svg>"}


def left_in(folder: Path, names: tuple[str, ...] | list[str]) -> dict[str, bytes]:
    """The content of every file below these names, without what differs from one run to the next."""
    files = [
        path
        for name in names
        for path in ([folder / name] if (folder / name).is_file() else sorted((folder / name).rglob("*")))
        if path.is_file()
    ]
    return {str(path.relative_to(folder)): _lasting(path) for path in files}


def broken(cut_off: dict[str, bytes], whole: dict[str, bytes]) -> str:
    """What differs between the files that were gone on with and those that were made at once; empty if nothing."""
    missing, more = sorted(whole.keys() - cut_off.keys()), sorted(cut_off.keys() - whole.keys())
    if missing or more:
        return f"missing {missing[:3]}, too many {more[:3]}"
    other = [name for name, content in whole.items() if cut_off[name] != content]
    return f"other content: {other[:3]}" if other else ""


def rude(status: int, told: str, expected: tuple[int, ...]) -> str:
    """What is wrong with how a command ended; empty if it said one line and has an expected exit status."""
    if "Traceback" in told:
        return f"traceback: {told[-300:]}"
    if status not in expected:
        return f"status {status}: {told[-300:]}"
    said = [line for line in told.splitlines() if line.startswith("recurra: ") and not line.startswith(STOPPING)]
    return "" if status == 0 or len(said) == 1 else f"{len(said)} lines: {told[-300:]}"


def _lasting(path: Path) -> bytes:
    if path.name == JOURNAL:
        return b"there"
    content = path.read_bytes()
    if path.suffix in TIMED:
        return b"whole" if content.rstrip().endswith(ENDS[path.suffix]) else b"cut off"
    if path.name == "run.json":
        about = {key: value for key, value in json.loads(content).items() if key not in VOLATILE}
        return json.dumps(about, sort_keys=True).encode()
    if "rows" in (path.parent.name, path.parent.parent.name):  # which name the folder, and its seconds
        return json.dumps(json.loads(content)["rows"], sort_keys=True).encode()
    return content
