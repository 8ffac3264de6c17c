"""The command that converts a network to spikes; heavy imports wait inside."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recurra.cli.networks import Activation, Form, Map, Number, Source, TaskName, Tau, network_from_options
from recurra.cli.options import AsJson, TaskSettings
from recurra.cli.own import Use, use_own
from recurra.cli.paths import user_path
from recurra.terminal import print_error

if TYPE_CHECKING:
    from recurra.analysis.spikes.search import SpikingSearch
    from recurra.runs.imports import InspectedNetwork

MOST_TRIALS = 20  # on which units are compared: all their traces are held in memory


def spikes(
    source: Source,
    task: TaskName = None,
    network: Number = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every network of a run folder: a row for each, and how many convert.")
    ] = False,
    settings: TaskSettings = None,
    activation: Activation = None,
    form: Form = None,
    tau_ms: Tau = None,
    names: Map = None,
    use: Use = None,
    factors: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="The scaling factors λ to try; 10,15,...,75 if not given.")
    ] = None,
    trials: Annotated[int, typer.Option(help="Number of trials, the same for all factors.")] = 100,
    amplitude: Annotated[
        str, typer.Option(help="Amplitude of the synapses, which says what λ means: 1/(rise*decay) or 1/rise.")
    ] = "1/(rise*decay)",
    seed: Annotated[
        int | None, typer.Option(help="Seed of trials, first voltages and noise; a run's own, or 0 for a file.")
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option(parser=user_path, metavar="FILE", help="Also draw the curve to this PNG, SVG or PDF file."),
    ] = None,
    brian2: Annotated[
        Path | None,
        typer.Option(
            parser=user_path,
            metavar="DIR",
            help="Also make this folder: a script for Brian2 that runs the best factor on a trial of each condition.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Convert one network to spikes with every scaling factor, and say which factors work and what the units do."""
    if every:
        _refuse_with_all(task, network, settings, activation, form, tau_ms, names, figure, brian2)
        use_own(use)
        _print_all(source, factors, trials, amplitude, seed, as_json)
        return
    from recurra.cli.console_tables import print_table, results_console
    from recurra.words.spikes import search_rows, search_table, search_words

    _check_new(figure, brian2)
    use_own(use)
    inspected = network_from_options(source, task, network, settings, activation, form, tau_ms, names)
    search, sentence = _searched(inspected, factors, trials, amplitude, seed)
    _write(inspected, search, amplitude, figure, brian2)
    if as_json:
        typer.echo(json.dumps({"network": inspected.table(), **search_table(search)}, indent=2))
        return
    print_table(results_console(), inspected.name(source), search_rows(search))
    typer.echo(search_words(search))
    typer.echo(sentence)


def _check_new(figure: Path | None, folder: Path | None) -> None:
    """Refuse what cannot be written before anything is computed."""
    from recurra.report.figures import check_new_picture
    from recurra.storage.files import check_new_folder

    if figure:
        check_new_picture(figure)
    if folder:
        check_new_folder(folder)


def _searched(
    inspected: "InspectedNetwork", factors: str | None, trials: int, amplitude: str, seed: int | None
) -> tuple["SpikingSearch", str]:
    """The search of one network, and a sentence on its units at the best factor."""
    from recurra.analysis import spiking_search, spiking_units
    from recurra.models import LIF
    from recurra.words.spikes import best_or_most, units_words

    seed = inspected.seed if seed is None else seed
    units, asked = LIF(amplitude=amplitude), (inspected.network, inspected.task)  # type: ignore[arg-type]
    search = spiking_search(*asked, scaling_factors=_numbers(factors), trials=trials, seed=seed, units=units)
    few = min(trials, MOST_TRIALS)
    table = spiking_units(*asked, scaling_factor=best_or_most(search), trials=few, seed=seed, units=units)
    return search, units_words(table)


def _write(
    inspected: "InspectedNetwork", search: "SpikingSearch", amplitude: str, figure: Path | None, folder: Path | None
) -> None:
    """Make the folder for Brian2 and draw the curve: all that is asked for, or nothing if one cannot be written."""
    from recurra.storage.files import remove

    if folder:
        _write_brian2(inspected, search, amplitude, folder)
    try:
        if figure:
            _draw(search, figure)
    except BaseException:
        if folder:
            remove(folder)
        raise


def _draw(search: "SpikingSearch", figure: Path) -> None:
    from recurra.plotting.papers.style import new_figure
    from recurra.plotting.plot import plot
    from recurra.report.figures import write_figure

    drawing = new_figure(90, 65)
    plot(search, ax=drawing.subplots())
    write_figure(drawing, figure)


def _write_brian2(inspected: "InspectedNetwork", search: "SpikingSearch", amplitude: str, folder: Path) -> None:
    from recurra.models import LIF, to_spikes
    from recurra.words.spikes import best_or_most

    task, units = inspected.task, LIF(amplitude=amplitude)  # type: ignore[arg-type]
    to_spikes(inspected.network, best_or_most(search), units).to_brian2(folder, task.probe().inputs)


def _refuse_with_all(*given: object) -> None:
    """Refuse options that only one network can have."""
    names = ("--task", "--network", "--set", "--activation", "--form", "--tau", "--map", "--figure", "--brian2")
    for name, value in zip(names, given, strict=True):
        if value is not None:
            raise ValueError(f"{name} is for one network; leave it or --all out")


def _print_all(source: Path, factors: str | None, trials: int, amplitude: str, seed: int | None, as_json: bool) -> None:
    """A row for every network of a run folder."""
    from recurra.analysis import spiking_search
    from recurra.analysis.failures import Failure
    from recurra.cli.console_tables import print_table, results_console
    from recurra.models import LIF
    from recurra.models.cohort import Cohort
    from recurra.runs.saving import load
    from recurra.words.spikes import network_rows, search_table, share_words

    cohort = load(source)
    if not isinstance(cohort, Cohort):
        raise ValueError(f"--all: {source} is no run folder; leave --all out for the network of a file")
    searches = spiking_search(
        cohort,
        scaling_factors=_numbers(factors),
        trials=trials,
        seed=seed,
        units=LIF(amplitude=amplitude),  # type: ignore[arg-type]
    )
    if as_json:
        rows = [{"network": number, **search_table(one)} for number, one in zip(cohort.numbers, searches, strict=True)]
        typer.echo(json.dumps({"networks": rows}, indent=2))
        return
    print_table(results_console(), str(source), network_rows(cohort.numbers, searches))
    typer.echo(share_words(searches))
    for number, one in zip(cohort.numbers, searches, strict=True):
        if isinstance(one, Failure):
            print_error(f"network {number}: {one.reason}")


def _numbers(given: str | None) -> list[float] | None:
    """The numbers of a list with commas, if it is given."""
    if given is None:
        return None
    try:
        return [float(one) for one in given.split(",")]
    except ValueError:
        raise ValueError(f"--factors is {given!r}; expected numbers and commas, such as 20,25,30") from None
