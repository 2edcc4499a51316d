"""Security headers of every response."""

from typing import Final

from flask import Flask, Response, request

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # the referrer proves on HTTPS that a form came from here, so it is kept within the site
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_HSTS: Final = "max-age=31536000"


def register_headers(app: Flask) -> None:
    """Add the headers; a view that set one itself keeps it."""

    @app.after_request
    def _add(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        if request.is_secure:
            response.headers.setdefault("Strict-Transport-Security", _HSTS)
        # answers differ by person: a cache may keep them, never share them
        response.headers.setdefault("Cache-Control", "private, no-cache")
        if response.mimetype == "text/html":
            response.vary.update(("Cookie", "Accept-Language"))
        return response
