"""Keras, imported without what TensorFlow writes to the terminal when it starts.

Who asks for a receptive field did not ask which instructions the processor has. Nothing changes
where TensorFlow runs already. Its messages come from native code, past ``sys.stderr``, and in part
before its own setting counts; so the stream itself is set aside, and the rest of it is passed on.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_SETTING = "TF_CPP_MIN_LOG_LEVEL"
_STARTS = re.compile(
    rb"(WARNING: All log messages before absl::|[IWE]\d{4} \d\d:\d\d:|\d{4}-\d\d-\d\d \d\d:\d\d:"
    rb"|To enable the following instructions:)[^\n]*(\n|\Z)"
)


@contextmanager
def _quiet() -> Iterator[None]:
    """No messages of TensorFlow meanwhile, and none for information later."""
    try:
        stream = os.dup(2)
    except OSError:  # there is none
        yield
        return
    given = os.environ.get(_SETTING)
    os.environ.setdefault(_SETTING, "1")
    try:
        with tempfile.TemporaryFile() as aside:
            _flush()
            os.dup2(aside.fileno(), 2)
            try:
                yield
            finally:
                _flush()
                os.dup2(stream, 2)
                aside.seek(0)
                os.write(2, _STARTS.sub(b"", aside.read()))
    finally:
        os.close(stream)
        if given is None:
            del os.environ[_SETTING]


def _flush() -> None:
    if sys.stderr is not None:  # there is none under pythonw
        sys.stderr.flush()


if "keras" in sys.modules or "tensorflow" in sys.modules:
    import keras
else:
    with _quiet():
        import keras

__all__ = ["keras"]
