"""Templates → HTML: everything escaped, nothing executed, nothing loaded from elsewhere."""

import hashlib
from functools import lru_cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from aiops.domain.time import clock_time, duration_words
from aiops.incident import levels, sums
from aiops.incident.clues import count_words, log_words, trace_words
from aiops.incident.detection import detection_words
from aiops.incident.repeats import repeat_words
from aiops.incident.wording import affected_words, cause_words, impact_words
from aiops.notify.phrases import state_words
from aiops.slo import wording
from aiops.web import charts, flows, views

STYLE_PATH = "/static/style.css"

SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'self';"
        " frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
}


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page; it is never kept by a cache."""
    values.setdefault("refresh_seconds", None)
    text = _environment().get_template(template).render(values)
    # a lone surrogate in what we were sent must not take the page away
    content = text.encode("utf-8", "replace")
    return HTMLResponse(content, status, headers={"cache-control": "no-store"})


@lru_cache(maxsize=1)
def stylesheet() -> tuple[bytes, str]:
    """Return the one stylesheet and a version of it for its address."""
    content = (files("aiops.web") / "static" / "style.css").read_bytes()
    return content, hashlib.sha256(content).hexdigest()[:12]


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("aiops.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        affected=affected_words,
        budget=wording.budget_words,
        cause=cause_words,
        clock=clock_time,
        count=count_words,
        detection=detection_words,
        duration=duration_words,
        impact=impact_words,
        log=log_words,
        moment=views.moment_words,
        part=wording.part_words,
        place=views.place_words,
        repeats=repeat_words,
        share=wording.share_or_unknown,
        slo=wording.slo_words,
        standing=wording.standing_words,
        state=state_words,
        trace=trace_words,
        urlencode=_quoted,
    )
    environment.globals.update(
        amounts=sums.amounts,
        chart_size=(charts.WIDTH, charts.HEIGHT),
        is_open=views.is_open,
        money_answer=flows.answer,
        shown_flow=flows.shown,
        measured=views.measured_words,
        money_in_all=sums.money_in_all,
        money_per_minute=sums.money_per_minute,
        told_budgets=levels.told_budgets,
        told_measures=levels.told_measures,
        is_missed=wording.is_missed,
        style=f"{STYLE_PATH}?v={stylesheet()[1]}",
    )
    return environment


def _quoted(text: str) -> str:
    """Return a text as part of a path; Jinja's own filter fails on a lone surrogate."""
    return quote(text, safe="", errors="replace")
