"""`python -m tests.conformance`: see `replay.py`."""

from __future__ import annotations

import sys

from tests.conformance.replay import main

sys.exit(main())
