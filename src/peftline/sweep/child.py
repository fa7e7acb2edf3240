"""A run of a sweep: as `kedro run`, and what came of it is left in its folder.

So a run that outlives its sweep, which was killed, need not be made again.
"""

import json
import sys
from pathlib import Path
from time import monotonic

from peftline import store

ENDED = "ended.json"


def run(config: Path) -> None:
    """Run what a file for `--config` says, and leave exit code and seconds beside it.

    A run that was interrupted has not come to its end, and leaves nothing.
    """
    from kedro.framework.cli.cli import main

    begin = monotonic()
    sys.argv = ["kedro", "run", f"--config={config}"]
    code = 1
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        raise
    except KeyboardInterrupt:
        code = 130
        raise
    finally:
        if code < 128:
            told = {"code": code, "seconds": monotonic() - begin}
            store.write_text(config.with_name(ENDED), json.dumps(told))


if __name__ == "__main__":
    run(Path(sys.argv[1]))
