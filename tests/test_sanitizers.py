"""The native engine with addresses and undefined behaviour checked at run time, on every instruction set there is."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from recurra.engine.native import library
from test_native import supported

ROOT = Path(__file__).parents[1]
CODE = """
import sys
from pathlib import Path
import numpy as np
from recurra.engine.native import library
library.PATH = Path(sys.argv[1])
import test_native as native
import test_native_gated as gated
import test_time_constants as timed
found, why = library.load()
assert found is not None, why
cases = [*native.BITS, native.Case("rate", leak=0.2, units=200, inputs=200, trials=33, noise=0.1, networks=1)]
cases[-1] = native.replace(cases[-1], steps=native.steps_for_three_segments(cases[-1]))
cases = [(native, case) for case in cases]
cases += [(timed, case) for case in timed.CASES]
cases += [(gated, case) for case in gated.BITS]
for cell in gated.CELLS:
    cases += [(gated, gated.Case(cell, units=5, inputs=inputs, trials=3, noise=0.1)) for inputs in (0, 4)]
    cases += [(gated, gated.long_case(cell))]
for module, case in cases:
    made = module.problem(case, np.random.default_rng(3))
    native.digest(native.answers(made))
    if library.has_bfloat16(found) and case.dtype == "float32":
        native.digest(made.loss_and_gradient(native.NATIVE_BFLOAT16))
print(len(cases), library.instructions(found))
"""


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory):
    """The library with the sanitizers, and the run-time libraries that Python must load before it."""
    cmake = shutil.which("cmake", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    compiler = os.environ.get("CXX") or shutil.which("g++")
    if not cmake or not compiler:
        pytest.skip("there is no cmake or no g++")
    build = tmp_path_factory.mktemp("sanitized")
    options = ["-DRECURRA_SANITIZE=ON", f"-DPython_EXECUTABLE={sys.executable}", f"-DCMAKE_CXX_COMPILER={compiler}"]
    subprocess.run([cmake, "-S", ROOT, "-B", build, *options], check=True, capture_output=True)
    subprocess.run([cmake, "--build", build], check=True, capture_output=True)
    found = [
        subprocess.run(
            [compiler, f"-print-file-name={name}"], capture_output=True, text=True, check=True
        ).stdout.strip()
        for name in ("libasan.so", "libubsan.so", "libstdc++.so")
    ]
    return next(build.glob("librecurra_engine.*")), " ".join(found)


@pytest.mark.slow
@pytest.mark.timeout(3600)  # the sanitizers make everything many times slower
@pytest.mark.parametrize("instructions", library.INSTRUCTIONS)
def test_sanitizers_find_nothing(instructions, sanitized):
    if not supported(instructions):
        pytest.skip(f"this processor has no {instructions}")
    path, preloaded = sanitized
    environment = {
        "LD_PRELOAD": preloaded,
        "ASAN_OPTIONS": "detect_leaks=0:halt_on_error=1",
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
        "RECURRA_INSTRUCTIONS": instructions,
        "JAX_ENABLE_X64": "1",
        "JAX_NUMPY_DTYPE_PROMOTION": "strict",
        "PYTHONPATH": str(Path(__file__).parent),
    }
    done = subprocess.run(
        [sys.executable, "-c", CODE, path],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert "runtime error" not in done.stderr
    assert done.stdout.split()[-1] == instructions
