"""Work that is ended from outside ends cleanly."""

import signal
import threading


class terminate_as_exit:  # noqa: N801
    """Within the block, SIGTERM and a terminal that closes end the work as Ctrl-C does.

    Cleanly, with status 143 or 129; what is ignored from outside (`nohup`) stays ignored.
    """

    def __enter__(self) -> None:
        self._previous = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._previous[number] = signal.signal(number, self._exit)

    def __exit__(self, *_: object) -> None:
        for number, previous in self._previous.items():
            signal.signal(number, previous)

    @staticmethod
    def _exit(number: int, _: object) -> None:
        raise SystemExit(128 + number)
