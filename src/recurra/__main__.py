"""`python -m recurra` is the command line."""

import sys

from recurra.cli.app import main

sys.exit(main())
