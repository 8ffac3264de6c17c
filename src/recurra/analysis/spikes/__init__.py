"""Networks of rate units as networks of spiking units: for which scaling factors they work, and what their units do."""

from recurra.analysis.spikes.search import SpikingSearch, spiking_search
from recurra.analysis.spikes.trains import SpikeTrains, spike_trains
from recurra.analysis.spikes.units import SpikingUnits, spiking_units

__all__ = ["SpikeTrains", "SpikingSearch", "SpikingUnits", "spike_trains", "spiking_search", "spiking_units"]
