"""Run the command line: `python -m actgen` is `actgen`."""

import sys

from actgen.codegen.cli import main

sys.exit(main())
