"""Signals in order → incidents, without queue or database: the pipeline's reference driver."""

from aiops.backtest.course import (
    FIRST_NUMBER,
    KPI_LOOKBACK,
    Replay,
    Result,
    has_open_work,
    known_changes,
    kpi_window_start,
)
from aiops.backtest.drive import Ahead, Backtest, Promise, run
from aiops.backtest.fits import FIRST_FIT_TICKS, next_fit_at
from aiops.backtest.watch import Found, Watch

__all__ = [
    "FIRST_FIT_TICKS",
    "FIRST_NUMBER",
    "KPI_LOOKBACK",
    "Ahead",
    "Backtest",
    "Found",
    "Promise",
    "Replay",
    "Result",
    "Watch",
    "has_open_work",
    "known_changes",
    "kpi_window_start",
    "next_fit_at",
    "run",
]
