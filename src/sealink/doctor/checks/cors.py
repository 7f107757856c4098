"""May pages in a browser ask this endpoint?"""

from sealink.doctor.check import Check
from sealink.doctor.intermediaries import Way
from sealink.doctor.reception import Reception
from sealink.doctor.session import Session
from sealink.doctor.verdict import Verdict
from sealink.net.message import UpstreamRequest

_PREFLIGHT = [
    ("origin", "https://page.example"),
    ("access-control-request-method", "POST"),
    ("access-control-request-headers", "authorization,content-type"),
]


async def probe(session: Session) -> Reception:
    url = f"{session.url}/chat/completions"
    return await session.exchange(UpstreamRequest(method="OPTIONS", url=url, headers=_PREFLIGHT, body=b""))


def verdict(found: Reception, way: Way) -> Verdict:
    origin = found.headers.get("access-control-allow-origin")
    allowed = found.headers.get("access-control-allow-headers", "").lower()
    figures: dict[str, float | str | None] = {"status": found.status, "allow_origin": origin}
    if found.status < 300 and origin in ("*", "https://page.example") and "authorization" in allowed:
        return Verdict("fact", "Pages of any origin may ask from a browser (CORS).", figures=figures)
    return Verdict(
        "fact", f"Pages of other origins may not ask from a browser (CORS; preflight: {found.status}).", figures=figures
    )


CHECK = Check("cors", "whether browsers may ask", probe, verdict)
