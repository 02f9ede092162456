"""``python -m alpt_ref`` is the command ``alpt-ref``."""

import sys

from alpt_ref.cli import main

sys.exit(main())
