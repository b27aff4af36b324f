"""What goes wrong between a client and a server. The words of each error are for the user, without any secret."""

from __future__ import annotations


def one_line(words: str) -> str:
    """Words of somebody else on one line, without what a terminal would obey."""
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())


class PublishError(Exception):
    """Something about a server, a package or a call that stops the work; its words say what to do."""


class UnavailableError(PublishError):
    """No answer, or one that says to try again: whether the request was carried out is not known."""

    def __init__(self, words: str, retry_after: float | None = None) -> None:
        super().__init__(words)
        self.retry_after = retry_after  # seconds that the server asked for


class RefusedError(PublishError):
    """The server answered, and did not do what it was asked; nothing was changed."""

    def __init__(self, words: str, status: int) -> None:
        super().__init__(words)
        self.status = status
