"""`python -m sachet`."""

import sys

from sachet.cli import main

sys.exit(main())
