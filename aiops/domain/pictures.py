"""Pictures of incidents, for the sinks that show them."""

from dataclasses import dataclass

PICTURES = " pictures"
"""Follows a sink's name where its pictures go: no sink can be named so. They are delivered beside
its messages, with a rate, a door and an order of their own, and hold none of them up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentPicture:
    """A picture of what an episode of an incident looks like.

    Args:
        number: 1, and one more for every picture of the episode that shows something else.
        subject: what it shows, by which a picture of something else is told from it.
        words: what is to be seen, in one line.
        png: the picture.
    """

    incident_id: str
    episode: int
    number: int
    subject: str
    words: str
    png: bytes

    @property
    def file_name(self) -> str:
        """Its name as a file: the same for the same picture, and for no other of the episode."""
        return f"{self.incident_id}-{self.episode}-{self.number}.png"
