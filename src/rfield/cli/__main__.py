"""``python -m rfield.cli``."""

import sys

from . import main

sys.exit(main())
