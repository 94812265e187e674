"""Who may send to a source: whoever presents its token, or on a closed network anybody."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeVar

from fastapi import HTTPException, Request

from aiops.settings import SenderSettings
from aiops.web.access import guard, presented
from aiops.web.senders import sender
from aiops.web.services import WebServices
from aiops.web.signatures import SIGNATURES, signer

S = TypeVar("S", bound=SenderSettings)

TOKEN_HEADERS: Final[Mapping[str, str]] = MappingProxyType({"gitlab": "x-gitlab-token"})
"""The header a kind of source presents its token in, where it has one of its own; all may present
it as bearer."""


class Door:
    """Lets in those who know a source's token."""

    def __init__(self, services: WebServices) -> None:
        self._services = services
        self._check = guard(services.ingest_token, services.base_url, for_people=False)

    def source(self, sources: Sequence[S], kind: str, name: str, request: Request) -> S:
        """Return the source of a request by its token; where none is asked for, the only one.

        Args:
            sources: those that are declared.
            kind: of the source.
            name: of the source; empty for any of the kind.
            request: with its credentials.

        Raises:
            HTTPException: 401 or 403 where it may not send, 404 where there is no such source.
        """
        found = of_kind(sources, kind, name)
        header = TOKEN_HEADERS.get(kind, "")
        given = (request.headers.get(header) if header else None) or presented(request)
        known = sender(found, given)
        if known is not None:
            return known
        free = [one for one in found if one.token_env is None]
        if not free:
            self._services.note_refusal(kind, "the token is wrong or missing")
            raise HTTPException(
                401,
                f"this needs the token of the source: send `{header or 'Authorization: Bearer'} …`",
                {"WWW-Authenticate": 'Bearer realm="aiops"'},
            )
        self.own(kind, request)
        if len(free) > 1:
            named = " or ".join(f"/ingest/{kind}/{one.name}" for one in free)
            raise HTTPException(400, f"there are several sources of this kind: send to {named}")
        return free[0]

    def own(self, kind: str, request: Request) -> None:
        """Let in who knows the token of this installation; without one, whoever is on loopback.

        Raises:
            HTTPException: 401 or 403 where it may not send; that is counted.
        """
        try:
            self._check(request)
        except HTTPException as error:
            self._services.note_refusal(kind, str(error.detail))
            raise

    def signer(
        self, sources: Sequence[S], kind: str, name: str, request: Request, body: bytes
    ) -> S:
        """Return the source whose secret a body was signed with.

        Args:
            sources: those that are declared.
            kind: of the source: one that signs.
            name: of the source; empty for any of the kind.
            request: with its headers.
            body: as it came.

        Raises:
            HTTPException: 401 where none of them signed it, 404 where there is no such source.
        """
        found = of_kind(sources, kind, name)
        known = signer(found, request, body, self._services.real_clock.now())
        if known is not None:
            return known
        self._services.note_refusal(kind, "the signature is wrong or missing")
        header = SIGNATURES[kind].header
        raise HTTPException(
            401, f"the signature ({header}) is wrong or missing: see `aiops help source {kind}`"
        )


def of_kind(sources: Sequence[S], kind: str, name: str) -> list[S]:
    """Return the sources of a kind, or the one of it that is called so.

    Raises:
        HTTPException: 404 where there is none.
    """
    found = [one for one in sources if one.kind == kind and name in ("", one.name)]
    if not found:
        wanted = f" called {name[:60]}" if name else ""
        raise HTTPException(
            404, f"aiops.yaml has no source of kind {kind}{wanted}: `aiops help source {kind}`"
        )
    return found
