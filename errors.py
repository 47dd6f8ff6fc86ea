"""The one exception that a user may cause: its message says what was wrong, where, and what to do."""


class InputError(ValueError):
    """Something the user gave can't be used. The doors show the message alone, without a traceback."""


class MissingExtraError(InputError):
    """An optional dependency is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an optional dependency: pip install 'maliang-video[{extra}]'")
        self.feature = feature
        self.extra = extra
