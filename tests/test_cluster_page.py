"""What the page "On a cluster" shows: its job scripts run, its file describes the jobs that it says, its Zarr opens."""

import os
import re
import signal
import stat
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import fsspec
import numpy as np
import pytest
import xarray as xr

import recurra as rc
from recurra.runs.clusters import cluster_of, job_queues
from recurra.runs.scheduler import Dask

PAGE = (Path(__file__).parents[1] / "docs" / "cluster.md").read_text()
SMALL = "--set training.steps=20 --set training.trials.steps_an_epoch=10 --set training.batch=4 --units 6"
# as SLURM: runs a script for every number of --array, and a --wrap as it is
SBATCH = """#!/bin/bash
export SLURM_CPUS_PER_TASK=1
for word in "$@"; do
    case $word in
    *.sh)
        array=$(sed -n 's/^#SBATCH --array=//p' $word)
        for number in $(seq ${array/-/ }); do SLURM_ARRAY_TASK_ID=$number bash $word >> out.txt 2>&1; done ;;
    esac
    last=$word
done
case $* in *--wrap*) bash -c "$last" >> out.txt 2>&1 ;; esac
echo 17
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def queue(tmp_path, monkeypatch):
    """A folder in which `sbatch` and `recurra` are found."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("sbatch", SBATCH), ("recurra", f'#!/bin/bash\nexec {sys.executable} -m recurra "$@"\n')):
        (programs / name).write_text(text)
        (programs / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_the_job_array_trains_and_joins(queue):
    train, (submit,) = blocks("sh")[1], [block for block in blocks("sh") if "afterok" in block]
    assert "--networks 40" in train
    smaller = train.replace("--networks 40", f"--networks 4 {SMALL}").replace("1-20", "1-2").replace("/20", "/2")
    (queue / "train.sh").write_text(smaller)
    done = subprocess.run(["bash", "-e", "-c", submit], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = (queue / "out.txt").read_text()
    assert (queue / "runs" / "big" / "report.html").is_file(), told
    assert not (queue / "runs" / "big" / "parts").exists()
    xor = rc.preset("xor")
    assert len(rc.load("runs/big")) == 4
    assert rc.load("runs/big").task == xor.task


def test_the_file_describes_the_jobs(tmp_path):
    (text,) = blocks("toml")
    (tmp_path / "slurm.toml").write_text(text)
    cluster = cluster_of(f"slurm:{tmp_path / 'slurm.toml'}")
    assert cluster.workers == 40
    with cluster.cluster() as made:  # type: ignore[attr-defined]
        script = made.job_script()
    for line in ("#SBATCH --cpus-per-task=16", "#SBATCH --mem=30G", "#SBATCH -p short", "export RECURRA_THREADS=4"):
        assert f"\n{line}\n" in script, script
    for words in ("--nworkers 4", "--nthreads 1", "--lifetime 55m --lifetime-stagger 4m"):
        assert words in script, script


@pytest.mark.slow
def test_workers_in_jobs_of_the_local_stand_in(tmp_path, monkeypatch):
    """dask-jobqueue's local cluster runs the scripts that SLURM would."""
    module, stand_in = job_queues(), import_module("dask_jobqueue.local")

    def local(**given):
        taken = {key: one for key, one in given.items() if key not in ("job_cpu", "walltime")}
        # it runs the words of a script as one command, without a shell
        taken["job_script_prologue"] = [line.replace("export ", "env ") for line in given["job_script_prologue"]]
        return stand_in.LocalCluster(**taken)

    monkeypatch.setattr(module, "SLURMCluster", local)
    monkeypatch.setattr("recurra.runs.clusters.which", lambda _: "/bin/true")
    file = tmp_path / "slurm.toml"
    file.write_text('jobs = 2\ncores = 1\nmemory = "1GB"\nwalltime = "00:10:00"\n')
    rule = rc.Ridge(steps=2, batch=8, validation_trials=4)
    parts = rc.Not(), rc.GRU(units=3), rule
    there = rc.train_run(*parts, networks=4, seed=1, path=tmp_path / "run", executor=Dask(f"slurm:{file}"))
    assert there == rc.train(*parts, networks=4, seed=1)


def test_ctrl_c_stays_ours():
    """dask-jobqueue sets a handler of its own when it is imported, which would end a command without a word."""
    before = signal.getsignal(signal.SIGINT)
    for name in [name for name in sys.modules if name.split(".")[0] == "dask_jobqueue"]:
        del sys.modules[name]
    job_queues()
    assert signal.getsignal(signal.SIGINT) is before


def test_without_a_queue_it_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "slurm.toml").write_text('jobs = 2\ncores = 1\nmemory = "1GB"\nwalltime = "00:10:00"\n')
    with pytest.raises(ValueError, match="jobs cannot be submitted here: there is no command sbatch"):
        list(Dask(f"slurm:{tmp_path / 'slurm.toml'}").map(len, ["a"]))


def test_zarr_opens_from_an_object_store(small_run):
    store = fsspec.filesystem("memory")
    store.put(str(small_run.path / "run.zarr"), "/bucket/run.zarr", recursive=True)
    weights = xr.open_zarr("memory://bucket/run.zarr", group="weights", consolidated=False)
    shown = weights.recurrent.sel(network=1).isel(checkpoint=-1)
    np.testing.assert_array_equal(shown, rc.load(small_run.path)[1].weights.recurrent)  # type: ignore[union-attr]
