"""Cohorts of recurrent neural networks: trained together, reverse-engineered, compared.

The names are in `__init__.pyi`; each is imported when it is first used, so that `import recurra` is quick.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
