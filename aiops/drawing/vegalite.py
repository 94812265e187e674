"""Charts as Vega-Lite, drawn by vl-convert: as plain dictionaries, for a chart is data.

Altair writes the same dictionaries, but it takes a second or more to import and 50 MB to keep.
Nothing is fetched to draw a chart: its data stand in it, and the fonts are the engine's own.

References:
    vega.github.io, "Vega-Lite documentation".
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

Channel = Mapping[str, Any]
"""How a position, colour or text is read from the data."""

_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v6.json"


def layer(
    values: Iterable[Mapping[str, Any]], mark: Mapping[str, Any], **encoding: Channel
) -> dict[str, Any]:
    """Return one layer of a chart.

    Args:
        values: its rows; their fields are what `encoding` names. Times are epoch milliseconds.
        mark: what is drawn of each row.
        encoding: by name of the channel: x, y, y2, text.
    """
    return {"data": {"values": list(values)}, "mark": mark, "encoding": encoding}


def chart(
    layers: Sequence[Mapping[str, Any]], width: int, height: int, **frame: Any
) -> dict[str, Any]:
    """Return a chart of layers that share their axes.

    Args:
        layers: from `layer`, the first at the bottom.
        width: of what the axes span, in points.
        height: of the same.
        frame: what is around it: title, padding, background.
    """
    config = {"view": {"stroke": None}}
    drawn = {"layer": list(layers), "width": width, "height": height, "config": config}
    return {"$schema": _SCHEMA, **drawn, **frame}


def svg(specification: Mapping[str, Any]) -> str:
    """Return a chart as SVG without script; the same chart gives the same text."""
    import vl_convert  # noqa: PLC0415 - it starts a JavaScript engine; only pictures need it

    return str(vl_convert.vegalite_to_svg(dict(specification), allowed_base_urls=[]))


def png(specification: Mapping[str, Any], sharpness: float) -> bytes:
    """Return a chart as PNG, with `sharpness` dots a point in each direction."""
    import vl_convert  # noqa: PLC0415 - it starts a JavaScript engine; only pictures need it

    found = dict(specification)
    return bytes(vl_convert.vegalite_to_png(found, scale=sharpness, allowed_base_urls=[]))
