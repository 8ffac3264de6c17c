"""The numbers follow from the seed, whatever the surroundings say."""

import os
import subprocess
import sys

import jax
import numpy as np
import pytest

import recurra as rc
from recurra.numerics import pinned
from recurra.streams import Stream, random_key

TASK = rc.FlipFlop(bits=1, length_ms=70.0)
MODEL = rc.RateRNN(units=6, tau_ms=2.0, recurrent_noise=0.1, recurrent_bias=True)
SETTINGS = [
    ("jax_enable_x64", False),
    ("jax_threefry_partitionable", False),
    ("jax_default_prng_impl", "rbg"),
    ("jax_default_matmul_precision", "bfloat16"),
    ("jax_numpy_dtype_promotion", "standard"),
    ("jax_numpy_rank_promotion", "raise"),
    ("jax_disable_jit", True),
    ("jax_debug_nans", True),
    ("jax_debug_key_reuse", True),
    ("jax_random_seed_offset", 7),
    ("jax_transfer_guard", "disallow"),
]
# Every variable at once but those that only stop or slow down: the same must hold where they stood before the import.
ENVIRONMENT = {
    "JAX_ENABLE_X64": "1",
    "JAX_THREEFRY_PARTITIONABLE": "0",
    "JAX_DEFAULT_PRNG_IMPL": "rbg",
    "JAX_DEFAULT_MATMUL_PRECISION": "bfloat16",
    "JAX_NUMPY_DTYPE_PROMOTION": "strict",
    "JAX_NUMPY_RANK_PROMOTION": "raise",
    "JAX_DEBUG_NANS": "1",
    "JAX_RANDOM_SEED_OFFSET": "7",
    "RECURRA_THREADS": "1",
}


def numbers(engine: str) -> str:
    """All that a small training gives, as text: start, weights, curves, test trials, answers."""
    rule = rc.BPTT(steps=4, batch=3, trials=rc.FixedTrials(6), validation_trials=3, rate_penalty=0.1)
    cohort = rc.train(TASK, MODEL, rule, networks=2, seed=2**40 + 3, engine=engine)
    trials = TASK.sample(random_key(5, Stream.test), 2)
    rates, outputs = cohort[0].run(trials.inputs)
    found = (cohort.initial, cohort.weights, cohort.history, trials, rates, outputs)
    return "".join(np.asarray(leaf).tobytes().hex() for leaf in jax.tree.leaves(found)) + str(cohort.success_rate(5))


@pytest.fixture(scope="module")
def expected():
    return {engine: numbers(engine) for engine in ("auto", "portable")}


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("name", "setting"),
    [pytest.param(*one, marks=pytest.mark.slow if at > 0 else ()) for at, one in enumerate(SETTINGS)],
)
def test_a_setting_of_jax_changes_no_bit_and_stays(name, setting, expected):
    before = jax.config._read(name)
    jax.config.update(name, setting)
    try:
        for engine, bits in expected.items():
            assert numbers(engine) == bits
        assert jax.config._read(name) == setting
    finally:
        jax.config.update(name, before)


@pytest.mark.slow
def test_variables_before_the_import_change_no_bit(expected):
    code = "import test_numerics; print(test_numerics.numbers('auto'))"
    environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == expected["auto"]


def test_a_thread_of_its_own_is_pinned_too():
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        key = pool.submit(random_key, 3, Stream.trials).result()
    np.testing.assert_array_equal(jax.random.key_data(key), jax.random.key_data(random_key(3, Stream.trials)))


def test_what_is_pinned_is_given_back_after_an_error():
    @pinned()
    def fails():
        raise ArithmeticError(jax.config.read("jax_enable_x64"))

    with pytest.raises(ArithmeticError, match="False"):
        fails()
    assert jax.config.read("jax_enable_x64")


# ---- seeds


def test_a_seed_below_2_to_the_32_has_the_key_that_jax_makes_of_it():
    with jax.default_prng_impl("threefry2x32"):
        plain = jax.random.fold_in(jax.random.fold_in(jax.random.key(12), np.uint32(Stream.trials)), np.uint32(4))
    assert (jax.random.key_data(plain) == jax.random.key_data(random_key(12, Stream.trials, 4))).all()


def test_all_bits_of_a_seed_count():
    seeds = [1, 1 + 2**32, 1 + 2**33, 1 + 2**62, 2**63 - 1]
    keys = {jax.random.key_data(random_key(seed, Stream.weights)).tobytes() for seed in seeds}
    assert len(keys) == len(seeds)


@pytest.mark.parametrize(
    ("seed", "error", "message"),
    [
        (2**63, ValueError, "seed is 9223372036854775808; expected at most 9,223,372,036,854,775,807"),
        (-1, ValueError, "seed is -1; expected at least 0"),
        (1.5, TypeError, "seed is 1.5; expected a whole number"),
        (True, TypeError, "seed is True; expected a whole number"),
    ],
)
def test_bad_seeds(seed, error, message):
    with pytest.raises(error, match=message):
        random_key(seed, Stream.weights)
    with pytest.raises(error, match=message):
        rc.train(TASK, MODEL, rc.BPTT(steps=1), networks=1, seed=seed)


@pytest.mark.parametrize("number", [2**32, -1])
def test_numbers_of_networks_are_not_cut(number):
    with pytest.raises(ValueError, match=f"a network's number is {number}; expected at"):
        rc.train(TASK, MODEL, rc.BPTT(steps=1), networks=[number], seed=0)


@pytest.mark.parametrize("key", [0.0, 3.0, True, None, "key"])
def test_bad_keys(key):
    expected = r"key is .*; expected a seed, such as 0, or one key, jax.random.key\(seed, impl='threefry2x32'\)"
    with pytest.raises(TypeError, match=expected):
        TASK.sample(key, 2)
    with pytest.raises(TypeError, match=expected):
        rc.Normal()(key, (2, 2))


@pytest.mark.parametrize("number", [0, 3, np.int64(7), 2**63 - 1])
def test_a_whole_number_is_a_seed(number):
    with jax.enable_x64(True):
        key = jax.random.key(int(number), impl="threefry2x32")
    draws = {
        "sample": lambda key: TASK.sample(key, 3),
        "pieces": lambda key: next(TASK.sample_pieces(key, 3)),
        "trial": TASK.trial,
        "weights": lambda key: MODEL.start(key, TASK.inputs, TASK.outputs),
        "initial": lambda key: MODEL.initial_weights(key, TASK.inputs, TASK.outputs),
        "matrix": lambda key: rc.Orthogonal()(key, (3, 3)),
    }
    for name, draw in draws.items():
        for one, other in zip(jax.tree.leaves(draw(number)), jax.tree.leaves(draw(key)), strict=True):
            np.testing.assert_array_equal(one, other, err_msg=name)
    with pytest.raises(ValueError, match="seed is -1; expected at least 0"):
        TASK.sample(-1, 2)


def test_keys_of_another_generator_are_refused():
    with pytest.raises(ValueError, match="key is a key of the generator rbg"):
        TASK.sample(jax.random.key(1, impl="rbg"), 2)
    with pytest.raises(ValueError, match=r"key is \(2,\) keys; expected a seed, such as 0, or one key"):
        TASK.sample(jax.random.split(jax.random.key(1, impl="threefry2x32")), 2)


# ---- where JAX finds nothing to compute on


@pytest.mark.parametrize(
    "platform", ["cuda", *(pytest.param(one, marks=pytest.mark.slow) for one in ("tpu", "nothing"))]
)
@pytest.mark.slow
def test_no_such_device_is_one_line(platform):
    words = {"cuda": ["train", "xor", "--out", "/nowhere/x"], "tpu": ["tasks", "flipflop"]}.get(platform, [])
    command = [sys.executable, "-m", "recurra", *words]
    code = "import recurra as rc; rc.FlipFlop().inputs"
    environment = {**os.environ, "JAX_PLATFORMS": platform, "PYTHONPATH": os.pathsep.join(sys.path)}
    if platform == "nothing":
        command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode != 0
    assert f"JAX cannot compute on '{platform}', which JAX_PLATFORMS asks for" in done.stderr.splitlines()[-1]
    assert platform == "nothing" or len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_probes_of_every_task_and_of_strangers_are_pinned():
    from recurra.tasks import TASKS

    class Stranger(rc.OwnTask):
        def trial(self, key):
            return rc.Trial.of(jax.random.normal(key, (30, 1)), np.ones((30, 1)))

        def probe(self):
            assert not jax.config.read("jax_enable_x64")
            return super().probe()

    before = jax.config._read("jax_numpy_rank_promotion")
    jax.config.update("jax_numpy_rank_promotion", "raise")
    try:
        for kind in TASKS.values():
            assert len(kind().probe()) > 0
        assert len(Stranger().probe()) == 1
    finally:
        jax.config.update("jax_numpy_rank_promotion", before)
