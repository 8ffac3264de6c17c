"""The weights themselves: their distribution, spectra, damage."""
