"""The Dask clusters that an executor may work on: processes of this machine, a running scheduler, or jobs of SLURM.

A cluster is started once in a process, when the first piece is given to it, and ended with the process.
"""

import abc
import atexit
import os
import signal
import sys
import tempfile
import tomllib
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any, final

from recurra.checks import check_count
from recurra.runs.executors import MOST_PROCESSES
from recurra.storage.reading import naming, read_text
from recurra.threads import THREADS, cores

REMOTE = ("tcp://", "tls://", "ucx://", "ws://", "wss://")
KINDS = (
    "local:N for N processes of this machine, the address of a scheduler such as tcp://host:8786, or slurm:FILE.toml"
)
FORGIVEN = (
    10  # workers that may be lost while they do a piece: a walltime ends them, and the piece goes on from the disk
)
SETTINGS = {
    "distributed.scheduler.allowed-failures": FORGIVEN,
    "distributed.worker.daemon": True,
    # after 15 s Dask would give up a worker that is just being started again, and with the last one hang for ever
    "distributed.deploy.lost-worker-timeout": "1 day",
}
FREE_PORT = ":0"
WAIT_S = 60.0  # for a scheduler to answer
MOST_JOBS = 10_000
MOST_BYTES = 2**16  # of the file of a cluster
SLURM_KEYS = {
    "jobs": int,
    "cores": int,
    "processes": int,
    "memory": str,
    "walltime": str,
    "queue": str,
    "account": str,
    "interface": str,
    "log_directory": str,
    "local_directory": str,
    "job_script_prologue": list,
    "job_extra_directives": list,
    "worker_extra_args": list,
}
SUBMITS = "sbatch"
NEEDED = ("jobs", "cores", "memory", "walltime")


class Cluster(abc.ABC):
    """Where the workers of Dask are."""

    @property
    @abc.abstractmethod
    def workers(self) -> int:
        """How many pieces are done at once when all workers are there."""

    @abc.abstractmethod
    def start(self, stack: ExitStack) -> Any:
        """The client of the cluster, which is started; the stack ends it.

        Args:
            stack: receives everything that has to be closed.
        """


@final
@dataclass(frozen=True)
class LocalProcesses(Cluster):
    """Processes of this machine, each with its share of the cores."""

    number: int

    def __post_init__(self) -> None:
        check_count("the number of local workers", self.number, at_most=MOST_PROCESSES)

    @property
    def workers(self) -> int:
        return self.number

    def start(self, stack):
        share = str(max(1, cores() // self.number))
        try:
            cluster = distributed().LocalCluster(
                n_workers=self.number,
                threads_per_worker=1,
                dashboard_address=FREE_PORT,
                local_directory=stack.enter_context(tempfile.TemporaryDirectory(prefix="recurra-dask-")),
                env={THREADS: os.environ.get(THREADS, share)},
                silence_logs=50,
            )
        except RuntimeError as error:
            raise ChildProcessError(f"the workers did not start: {error}") from None
        return stack.enter_context(distributed().Client(stack.enter_context(cluster)))


@final
@dataclass(frozen=True)
class RunningScheduler(Cluster):
    """The workers of a scheduler that runs already."""

    address: str

    @property
    def workers(self) -> int:
        return max(1, sum(started(self).nthreads().values()))

    def start(self, stack):
        try:
            client = stack.enter_context(distributed().Client(self.address, timeout=WAIT_S))
            client.wait_for_workers(1, timeout=WAIT_S)
        except (OSError, TimeoutError) as error:
            raise ValueError(f"the scheduler {self.address} does not answer or has no worker: {error}") from None
        return client


@final
@dataclass(frozen=True)
class Slurm(Cluster):
    """Workers in jobs of SLURM, which are submitted from here.

    Args:
        file: a TOML file with `jobs`, `cores`, `memory` and `walltime` of a job, and further keys of dask-jobqueue.
    """

    file: Path

    def __post_init__(self) -> None:
        self.settings()

    def settings(self) -> dict[str, Any]:
        """What the file says.

        Raises:
            ValueError: a key is not known, missing, or has another type.
        """
        with naming(self.file):
            text = read_text(self.file, MOST_BYTES)
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{self.file} is no TOML: {error}") from None
        for key, value in table.items():
            if key not in SLURM_KEYS:
                raise ValueError(f"{self.file} has the unknown key {key}; expected: {', '.join(SLURM_KEYS)}")
            if type(value) is not SLURM_KEYS[key]:
                raise ValueError(f"{self.file}: {key} is {value!r}; expected {NAMES[SLURM_KEYS[key]]}")
        missing = [key for key in NEEDED if key not in table]
        if missing:
            raise ValueError(f"{self.file} has no {' and no '.join(missing)}")
        for key, most in (("jobs", MOST_JOBS), ("cores", MOST_PROCESSES), ("processes", MOST_PROCESSES)):
            check_count(f"{self.file}: {key}", table.get(key, 1), at_most=most)
        return table

    @property
    def workers(self) -> int:
        table = self.settings()
        return table["jobs"] * table.get("processes", 1)

    def cluster(self) -> Any:
        """The cluster of dask-jobqueue, without a job so far; `job_script()` is what it submits."""
        table = self.settings()
        processes = table.get("processes", 1)
        share = max(1, table["cores"] // processes)
        prologue = [*table.get("job_script_prologue", ()), f"export {THREADS}={share}"]
        given = {key: value for key, value in table.items() if key not in ("jobs", "job_script_prologue")}
        # one piece at a time in a process: the cores are the engine's
        made = {**given, "cores": processes, "job_cpu": table["cores"], "job_script_prologue": prologue}
        made["scheduler_options"] = {"dashboard_address": FREE_PORT}
        return job_queues().SLURMCluster(**made)

    def start(self, stack):
        if which(SUBMITS) is None:
            raise ValueError(f"jobs cannot be submitted here: there is no command {SUBMITS}")
        cluster = stack.enter_context(self.cluster())
        cluster.scale(jobs=self.settings()["jobs"])
        return stack.enter_context(distributed().Client(cluster))


NAMES = {int: "a whole number", str: "a text", list: "a list of texts"}


def cluster_of(address: str) -> Cluster:
    """The cluster that an address names.

    Args:
        address: local:N, the address of a scheduler, or slurm:FILE.toml.

    Raises:
        ValueError: it is none of these, or what it needs is not installed.
    """
    kind, _, rest = address.partition(":")
    if kind == "local" and rest.isdecimal():
        check_installed("distributed")
        return LocalProcesses(int(rest))
    if address.startswith(REMOTE):
        check_installed("distributed")
        return RunningScheduler(address)
    if kind == "slurm" and rest:
        check_installed("dask_jobqueue")
        return Slurm(Path(rest))
    raise ValueError(f"the scheduler is {address!r}; expected {KINDS}")


_running: dict[Cluster, tuple[Any, ExitStack]] = {}


def started(cluster: Cluster) -> Any:
    """The client of a cluster, which is started at the first call and ended with this process."""
    if cluster not in _running:
        import_module("dask").config.set(SETTINGS)
        with ExitStack() as stack:
            _running[cluster] = cluster.start(stack), stack.pop_all()
        atexit.register(end, cluster)
        link = _running[cluster][0].dashboard_link
        if link and not isinstance(cluster, LocalProcesses):
            sys.stderr.write(f"what the workers do: {link}\n")
    return _running[cluster][0]


def end(cluster: Cluster) -> None:
    """End a cluster, with what its workers do; one that we have not started goes on without us."""
    if cluster in _running:
        _running.pop(cluster)[1].close()


def distributed() -> Any:
    """The module of Dask, which is optional and takes a second to import."""
    return import_module("distributed")


def job_queues() -> Any:
    """The module dask-jobqueue, whose import takes Ctrl-C over: it is given back."""
    before = signal.getsignal(signal.SIGINT)
    module = import_module("dask_jobqueue")
    if signal.getsignal(signal.SIGINT) is not before:
        signal.signal(signal.SIGINT, before)
    return module


def check_installed(module: str) -> None:
    """Check that a module of the extra `cluster` is installed; the error says how to install it."""
    if find_spec(module) is None:
        raise ValueError("a scheduler needs Dask, which is not installed here: pip install 'recurra[cluster]'")
