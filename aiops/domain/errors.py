"""The errors of the product.

AiopsError                   everything we raise on purpose
├── ConfigurationError       a setting is wrong: names its path in the file
├── InputError               a body, file or row is wrong: names the place
├── StaleStateError          somebody else moved the state first: read again
├── StateFormatError         a stored blob is of an unknown form: refit or rebuild
└── AdapterError             something outside did not do what we asked
    ├── SourceError          a source of signals did not answer
    ├── StoreError           the database did not answer
    │   └── BusyError        it has too much to do: come again later
    └── DeliveryError        a sink did not take a notification
"""


class AiopsError(Exception):
    """Base of every error the product raises on purpose."""


class ConfigurationError(AiopsError):
    """A setting is wrong; the message names its path in the file and what was expected."""


class InputError(AiopsError):
    """A body, file or row is wrong; the message names the place and what was expected."""


class StaleStateError(AiopsError):
    """Somebody else moved this state first; nothing was written, read again and repeat."""


class StateFormatError(AiopsError):
    """A stored blob is of an unknown form or of another series set; rebuild it."""


class AdapterError(AiopsError):
    """Something outside did not do what we asked."""


class SourceError(AdapterError):
    """A source of signals did not answer, or answered with an error."""


class StoreError(AdapterError):
    """The database did not answer; nothing was written."""


class BusyError(StoreError):
    """Too much waits already; nothing was written, send it again later."""


class DeliveryError(AdapterError):
    """A sink did not take a notification.

    Args:
        message: what happened, without secrets.
        retryable: whether trying again later can help.
        retry_after_seconds: how long the sink asked us to wait, if it did.
        ambiguous: whether the sink may have taken it all the same (connection cut, no answer).
    """

    def __init__(
        self,
        message: str,
        *,
        retryable: bool,
        retry_after_seconds: float | None = None,
        ambiguous: bool = False,
    ) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.retry_after_seconds = retry_after_seconds
        self.ambiguous = ambiguous
