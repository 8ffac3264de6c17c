"""The native engine for 64-bit ARM: compiled by a cross compiler, run under emulation, and compared with this machine.

Debian has both: `apt-get install g++-aarch64-linux-gnu qemu-user`. Without them the test is skipped.
"""

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import test_native as rate_units
import test_native_gated as gated
from recurra.engine import NATIVE, PORTABLE
from recurra.engine.native import library
from recurra.engine.native.cells import ACTIVATIONS, CELLS, cell_of, operands_of

ROOT = Path(__file__).parents[1]
COMPILER, EMULATOR = "aarch64-linux-gnu-g++", "qemu-aarch64"
LIBRARIES = "/usr/aarch64-linux-gnu"  # where Debian has the C++ library of ARM
RATE, GATED = rate_units.Case, gated.Case
CASES = [
    *(
        RATE(activation=activation, leak=0.2, dtype=dtype)
        for activation in rate_units.PHI
        for dtype in rate_units.TOLERANCE
    ),
    *(GATED(cell, trials=33) for cell in gated.CELLS),
    RATE("current", leak="units", mask="weighted", units=50, trials=65, noise=0.1, rate_penalty=0.5, own_trials=True),
    RATE("current", mask="whole", units=50, inputs=0, dtype="float64", noise=0.1),
    GATED("lstm", "hard_sigmoid_6", units=5, inputs=0, noise=0.1, dtype="float64", own_trials=True),
]


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    """The library, built as an installation builds it for this processor; its objects and arm.cc make a program."""
    cmake = shutil.which("cmake", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    missing = [name for name in (COMPILER, EMULATOR) if not shutil.which(name)] + ([] if cmake else ["cmake"])
    if missing:
        pytest.skip(f"there is no {' and no '.join(missing)}")
    build = tmp_path_factory.mktemp("arm")
    options = {
        "CMAKE_BUILD_TYPE": "Release",
        "CMAKE_CXX_COMPILER": COMPILER,
        "CMAKE_SYSTEM_NAME": "Linux",
        "CMAKE_SYSTEM_PROCESSOR": "aarch64",
        "Python_EXECUTABLE": sys.executable,
    }
    run(cmake, "-S", ROOT, "-B", build, *(f"-D{name}={value}" for name, value in options.items()))
    run(cmake, "--build", build)
    program, native = build / "arm", Path(library.__file__).parent
    source, objects = Path(__file__).with_name("arm.cc"), sorted(build.rglob("*.cc.o"))
    run(COMPILER, "-std=c++17", "-O1", "-Wall", "-Wextra", "-pthread", f"-I{native}", source, *objects, "-o", program)
    return program


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, check=False, **options)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()[-4000:]
    return done


def job_of(made):
    """What arm.cc reads: its header, then the arrays of the kernel's job."""
    dynamics, operands = made.dynamics, operands_of(made.dynamics, made.weights)
    inputs, targets, mask = made.trials
    networks, gates, units, _ = operands.recurrent.shape
    (trials, steps), own_trials = inputs.shape[-3:-1], inputs.ndim == 4
    function = dynamics.activation if isinstance(made.weights, rate_units.RateWeights) else dynamics.gate
    keys = made.options["noise_keys"]
    whole = (targets.dtype.itemsize, networks, trials, steps, units, inputs.shape[-1], targets.shape[-1], gates)
    kinds = (CELLS.index(cell_of(dynamics)), ACTIVATIONS.index(function), own_trials)
    noise = 0.0 if keys is None else dynamics.noise
    weights = mask.astype(targets.dtype)
    sums = weights.astype(float).sum(axis=(-3, -2, -1)).astype(targets.dtype)
    arrays = [
        *operands,
        np.zeros((networks, 2), np.uint32) if keys is None else keys,
        inputs,
        targets,
        weights,
        targets.dtype.type(1) / sums,
    ]
    header = struct.pack("<11q2d", *whole, *kinds, noise, made.options["rate_penalty"])
    return header + b"".join(np.asarray(array).tobytes() for array in arrays), operands


def answers_of(made, driver):
    """The losses and the gradient of the operands but the unit values, as the program for ARM writes them."""
    job, operands = job_of(made)
    done = run(EMULATOR, "-L", LIBRARIES, driver, input=job, env={**os.environ, "RECURRA_THREADS": "2"})
    assert done.stderr == b"baseline"
    shapes = [(len(operands.recurrent),), *(array.shape for array in operands[:-1])]
    ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes])
    numbers = np.split(np.frombuffer(done.stdout, operands.recurrent.dtype), ends)
    assert numbers.pop().size == 0
    return [array.reshape(shape) for array, shape in zip(numbers, shapes, strict=True)]


def answers_here(made, engine):
    loss, gradient = made.loss_and_gradient(engine)
    gates = operands_of(made.dynamics, gradient)
    return [np.asarray(array) for array in (loss, *gates[:-1])]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "case"), [(gated if isinstance(case, GATED) else rate_units, case) for case in CASES], ids=str
)
def test_arm_computes_what_the_portable_engine_does(module, case, driver, seed):
    made = module.problem(case, np.random.default_rng(seed))
    found = answers_of(made, driver)
    rate_units.assert_close(found, answers_here(made, PORTABLE), case.dtype)
    native, _ = library.load()
    if case.dtype == "float32" and native is not None and library.instructions(native) != "baseline":
        for arm, here in zip(found, answers_here(made, NATIVE), strict=True):  # both have fused multiply-add
            np.testing.assert_array_equal(arm, here)
