"""The studies, by name."""

from recurra.studies.dale_network import DaleNetwork
from recurra.studies.damage import Damage
from recurra.studies.memory import MemoryDelay, MemorySize
from recurra.studies.minimum_size import MinimumSize
from recurra.studies.published_networks import PublishedNetworks
from recurra.studies.realizations import Realizations
from recurra.studies.robustness import Robustness
from recurra.studies.spectra import Spectra
from recurra.studies.study import Study
from recurra.studies.success_rates import SuccessRates
from recurra.studies.time_invariance import TimeInvariance

STUDIES: dict[str, type[Study]] = {
    study.name: study
    for study in (
        SuccessRates,
        MemoryDelay,
        MemorySize,
        Damage,
        TimeInvariance,
        Spectra,
        PublishedNetworks,
        Realizations,
        MinimumSize,
        Robustness,
        DaleNetwork,
    )
}
