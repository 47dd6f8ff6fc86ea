import time

import pytest

from maliang_video.weights.patience import OutOfPatienceError, within


def test_results_and_errors_come_through():
    assert within(5, lambda: 3) == 3
    assert within(5, lambda: None) is None
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 / 0)


def test_a_call_that_hangs_is_given_up():
    start = time.monotonic()
    with pytest.raises(OutOfPatienceError):
        within(0.1, lambda: time.sleep(2))
    assert time.monotonic() - start < 1
