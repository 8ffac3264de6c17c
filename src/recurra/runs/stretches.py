"""The stretches of a training, from its start or a resume to its end or the next: with what each was made.

`run.json` has them all. A training that goes on elsewhere gives the same bits only where nothing that they depend on
differs; a resume says what does.
"""

import shlex
from collections.abc import Mapping
from typing import Any

from recurra.storage.run_folder import RunFolder
from recurra.surroundings import stretch_of
from recurra.training import Training

DECIDING = ("jax", "jaxlib", "optax")  # of these, those whose version decides the bits of a training step
FUSED = ("avx512bf16", "avx512", "avx2")  # one rounding for a product and a sum: the same bits; baseline has two
HARMLESS = ("--xla_force_host_platform_device_count", "--xla_dump", "--xla_cpu_multi_thread_eigen")
PROMISE = "a training that was interrupted gives the same bits as one that was not"


def stretches_in(about: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The stretches that `run.json` tells; an older one tells of one, and not of all."""
    return about.get("stretches") or [{name: about.get(name, {}) for name in ("versions", "engine", "machine")}]


def begin_stretch(folder: RunFolder, training: Training, anyway: bool) -> None:
    """Record in `run.json` that training goes on here and now.

    Args:
        folder: the run.
        training: what goes on.
        anyway: whether it may where the promise of the same bits is given up; the stretch then says why.

    Raises:
        ValueError: something that the bits depend on differs from the stretch before.
    """
    about = folder.about()
    stretches = stretches_in(about)
    new = stretch_of(training.used_engine.about(), about.get("epoch", 0))
    different = differences(stretches[-1], new)
    if different and not anyway:
        raise ValueError(
            f"{folder} was trained with {'; '.join(different)}. Going on here breaks the promise that {PROMISE}. "
            f"Go on with what it was trained with; or give the promise up, and have run.json say so: "
            f"recurra run --resume-anyway {shlex.quote(str(folder))}"
        )
    folder.update_about(stretches=[*stretches, {**new, "gave_up": different} if different else new])


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What two stretches do not share of that which the bits of a training depend on, in words."""
    before, now = _deciding(old), _deciding(new)
    return [
        f"{name} {before[name] or 'none'}, here {now[name] or 'none'}"
        for name in now
        if name in before and before[name] != now[name]
    ]


def _deciding(stretch: dict[str, Any]) -> dict[str, str]:
    """What decides the bits, by its name; what an older run does not say is left out."""
    deciding = {name: stretch["versions"][name] for name in DECIDING if name in stretch.get("versions", {})}
    engine, place = stretch.get("engine", {}), stretch.get("machine", {})
    if "numerics" in stretch:
        deciding["the numerics of recurra"] = str(stretch["numerics"])
    if "name" in engine:
        deciding["the engine"] = engine["name"]
    if "instructions" in engine and engine.get("name") != "portable":
        fused = engine["instructions"] in FUSED
        deciding["instructions"] = f"with fused products ({', '.join(FUSED)})" if fused else engine["instructions"]
    for name, words in (("processor", "a processor"), ("vectors", "the vectors")):
        if name in place:
            deciding[words] = place[name]
    if "settings" in stretch:
        flags = stretch["settings"].get("XLA_FLAGS", "").split()
        deciding["XLA_FLAGS"] = " ".join(sorted(flag for flag in flags if not flag.startswith(HARMLESS)))
    return deciding
