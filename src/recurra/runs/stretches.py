"""The stretches of a training, each from a start or resume to the next interruption, with their engine and machine.

`run.json` lists them all. A training that is resumed elsewhere gives the same bits only if nothing differs on which
the bits depend; a resume reports the differences.
"""

from collections.abc import Mapping
from typing import Any

from recurra.engine.engines import NATIVE_BFLOAT16
from recurra.runs.own import command_for
from recurra.storage.run_folder import RunFolder
from recurra.surroundings import stretch_of
from recurra.training import Training

DECIDING = ("jax", "jaxlib", "optax")  # packages whose versions decide the bits of a training step
FUSED = (
    "amx",
    "avx512bf16",
    "avx512",
    "avx2",
)  # one rounding for product and sum, hence the same bits; baseline has two
HARMLESS = ("--xla_force_host_platform_device_count", "--xla_dump", "--xla_cpu_multi_thread_eigen")
PROMISE = "a training that was interrupted gives the same bits as one that was not"


def stretches_in(about: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The stretches in `run.json`; an older run has only one."""
    return about.get("stretches") or [{name: about.get(name, {}) for name in ("versions", "engine", "machine")}]


def begin_stretch(folder: RunFolder, training: Training, anyway: bool) -> None:
    """Record in `run.json` that training resumes now.

    Args:
        folder: the run.
        training: the training.
        anyway: whether it may resume without the promise of the same bits; the stretch then records why.

    Raises:
        ValueError: something on which the bits depend differs from the previous stretch.
    """
    about = folder.about()
    stretches = stretches_in(about)
    new = stretch_of(training.used_engine.about(), about.get("epoch", 0))
    different = differences(stretches[-1], new)
    if different and not anyway:
        raise ValueError(
            f"{folder} was trained with {'; '.join(different)}. Going on here breaks the promise that {PROMISE}. "
            f"Go on with what it was trained with; or give the promise up, and have run.json say so: "
            f"{command_for('run --resume-anyway', folder)}"
        )
    folder.update_about(stretches=[*stretches, {**new, "gave_up": different} if different else new])


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """The differences between two stretches that affect the bits of a training, in words."""
    before, now = _deciding(old), _deciding(new)
    return [
        f"{name} {before[name] or 'none'}, here {now[name] or 'none'}"
        for name in now
        if name in before and before[name] != now[name]
    ]


def _deciding(stretch: dict[str, Any]) -> dict[str, str]:
    """The settings that decide the bits, by name; those missing in an older run are left out."""
    deciding = {name: stretch["versions"][name] for name in DECIDING if name in stretch.get("versions", {})}
    engine, place = stretch.get("engine", {}), stretch.get("machine", {})
    if "numerics" in stretch:
        deciding["the numerics of recurra"] = str(stretch["numerics"])
    if "name" in engine:
        deciding["the engine"] = engine["name"]
    if "instructions" in engine and engine.get("name") != "portable":
        fused = engine["instructions"] in FUSED and engine["name"] != NATIVE_BFLOAT16.name  # which adds in other orders
        deciding["instructions"] = f"with fused products ({', '.join(FUSED)})" if fused else engine["instructions"]
    if "device" in engine:
        deciding["the device"] = engine["device"]
    for name, words in (("processor", "a processor"), ("vectors", "the vectors")):
        if name in place:
            deciding[words] = place[name]
    if "settings" in stretch:
        flags = stretch["settings"].get("XLA_FLAGS", "").split()
        deciding["XLA_FLAGS"] = " ".join(sorted(flag for flag in flags if not flag.startswith(HARMLESS)))
    return deciding
