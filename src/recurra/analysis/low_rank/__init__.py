"""Networks of low rank: their loadings, latent dynamics, effective connectivity and populations."""
