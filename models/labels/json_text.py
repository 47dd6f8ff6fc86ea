"""JSON text that a user wrote, read with a sentence for whatever is wrong with it."""

import json
from typing import Any

from ...errors import InputError


def parse_json(text: str, what: str, whole: str, most: int) -> Any:
    """What the text holds.

    what: it is, for messages: "label edits"; whole: that it should be: "a list of edits"; most: characters. InputError
    says what is wrong and where.
    """
    if len(text) > most:
        raise InputError(f"{what}: {len(text):,} characters are too many; at most {most:,}")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{what}: not JSON, line {error.lineno} column {error.colno}: {error.msg}"
        ) from error
    except (RecursionError, ValueError) as error:
        raise InputError(
            f"{what}: not {whole}, its JSON is nested too deeply or its numbers are too long"
        ) from error
