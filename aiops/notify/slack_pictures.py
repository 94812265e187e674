"""Slack: a picture in the thread of an incident, uploaded as a file.

Three calls: an address for the file, the file, and sharing it. Nobody sees anything before the
last; what was begun and not shared Slack forgets. A repeat looks into the thread first.

References:
    docs.slack.dev, "files.getUploadURLExternal" and "files.completeUploadExternal" (files:write).
"""

from collections.abc import Mapping
from typing import Any

from aiops.domain.errors import DeliveryError
from aiops.domain.notifications import Notification
from aiops.domain.pictures import PICTURES, IncidentPicture
from aiops.notify.mrkdwn import escaped
from aiops.notify.phrases import clean
from aiops.notify.slack_api import CANNOT_LOOK, SlackCalls, SlackRefusalError
from aiops.notify.slack_thread import SlackThread
from aiops.ports import Receipt

_WORDS_CHARACTERS = 500
"""Slack takes 1,000 as the description of a picture."""


class SlackPictures(SlackThread):
    """Shows pictures below the messages of a Slack sink."""

    kind = PICTURES

    def picture_payload(
        self, picture: IncidentPicture, reference: Mapping[str, str]
    ) -> Mapping[str, Any]:
        """Return the file, its description, and the thread it goes to."""
        words = clean(picture.words, _WORDS_CHARACTERS)
        return {
            "channel": reference.get("channel", ""),
            "thread_ts": reference.get("ts", ""),
            "filename": picture.file_name,
            "title": clean(f"{picture.incident_id}: {words}", _WORDS_CHARACTERS),
            "alt_txt": words,
            "comment": escaped(words, _WORDS_CHARACTERS),
            "png": picture.png,
        }

    def send(
        self, notification: Notification, payload: Mapping[str, Any], *, repeated: bool
    ) -> Receipt:
        """Upload the file and share it in the thread.

        Raises:
            DeliveryError: see `Sender.send`; ambiguous only where sharing it was.
        """
        if not payload["thread_ts"]:
            raise DeliveryError(f"{self.name}: there is no message to follow", retryable=False)
        calls = self._calls
        if repeated and (found := _shared(calls, payload)):
            return Receipt(reference={"file": found})
        answer = calls.form(
            "files.getUploadURLExternal",
            {
                "filename": payload["filename"],
                "length": len(payload["png"]),
                "alt_txt": payload["alt_txt"],
            },
        )
        file_id = str(answer.get("file_id", ""))
        calls.upload(str(answer.get("upload_url", "")), payload["png"])
        calls.post(
            "files.completeUploadExternal",
            {
                "files": [{"id": file_id, "title": payload["title"]}],
                "channel_id": payload["channel"],
                "thread_ts": payload["thread_ts"],
                "initial_comment": payload["comment"],
            },
        )
        return Receipt(reference={"file": file_id})


def _shared(calls: SlackCalls, payload: Mapping[str, Any]) -> str:
    """Return the id of the file where the thread has it already, else "".

    Where the app may not read the channel nobody can look: a picture twice does less harm than
    none.
    """
    where = {"channel": payload["channel"], "ts": payload["thread_ts"]}
    try:
        for message in calls.pages("conversations.replies", where):
            for one in message.get("files") or ():
                if isinstance(one, Mapping) and one.get("name") == payload["filename"]:
                    return str(one.get("id", ""))
    except SlackRefusalError as error:
        if error.error not in CANNOT_LOOK:
            raise
    return ""
