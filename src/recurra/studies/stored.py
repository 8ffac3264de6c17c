"""A finished study, read back from its folder."""

from pathlib import Path

from recurra.storage.run_folder import RunFolder
from recurra.studies.all_studies import STUDIES
from recurra.studies.conduct import read_tables
from recurra.studies.study import Rows, Study


def read_study(path: Path | str) -> tuple[Study, dict[str, Rows]]:
    """A finished study and its tables, from which it computes its verdicts and draws its figures.

    Args:
        path: the folder that `recurra study NAME --out PATH` wrote.

    Returns:
        The study, for `study.verdicts(tables)` and `study.figures(tables)`, and its tables by name.

    Raises:
        ValueError: the folder holds no finished study, or its tables are older than the rules of the verdicts.

    Examples:
        >>> from recurra.studies.stored import read_study
        >>> study, tables = read_study("reproductions/success-rates")
        >>> [one.verdict for one in study.verdicts(tables)]
        ['agrees', 'agrees', 'undecided']
    """
    folder = RunFolder.open(Path(path))
    about = folder.about()
    if about.get("study") not in STUDIES or about.get("status") != "finished":
        raise ValueError(f"{folder} holds no finished study; `recurra study` writes one")
    study = STUDIES[about["study"]]()
    if about.get("rules") != study.rules:
        raise ValueError(f"the tables in {folder} are older than the rules of this study; run it again")
    return study, read_tables(folder)
