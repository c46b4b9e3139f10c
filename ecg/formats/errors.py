"""The one error of all readers."""


class EcgFormatError(ValueError):
    """A file that is not read: unknown, damaged, too large, or without an ECG.

    The message is one line for people; it names what is wrong, never the patient.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split())[:300])
