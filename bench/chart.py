"""The CPU time of a chunk in each lane as a picture."""

from statistics import median
from xml.sax.saxutils import escape

from report import NGINX, Results, title

ROW, LEFT, WIDTH = 26, 220, 420
COLOURS = {NGINX: "#8a94a6", "SeaLink": "#1f7ae0", "SeaLink before": "#9cc4f5"}
OTHER = "#e0801f"


def chart(results: Results) -> str:
    """Bars, in the order of the table. It reads well on white and on black."""
    bars = [
        (title(name, lane), name, median(run.cpu_us for run in runs)) for (name, lane), runs in results.streams.items()
    ]
    longest = max((value for *_, value in bars), default=1.0)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 80} {ROW * (len(bars) + 2)}"'
        ' font-family="sans-serif" font-size="13" fill="#737d8c" role="img">',
        '<title>CPU time per chunk</title><text x="8" y="20" font-weight="bold">CPU per chunk, µs</text>',
    ]
    for number, (label, name, value) in enumerate(bars, 1):
        y, width = ROW * number + 8, value / longest * WIDTH
        lines.append(
            f'<text x="8" y="{y + 14}">{escape(label)}</text>'
            f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="18" rx="3" fill="{COLOURS.get(name, OTHER)}"/>'
            f'<text x="{LEFT + width + 6:.1f}" y="{y + 14}">{value:.1f}</text>'
        )
    return "\n".join([*lines, "</svg>"]) + "\n"
